"""Every page: readable for all, light and dark, on a desk and on a phone, and never wider than the phone."""

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from integrations.models import RunState, SyncRun

from .places import OUTSIDE, PLACES, make_world

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

DESK, PHONE = {"width": 1280, "height": 1010}, {"width": 390, "height": 844}
PARTS = 3
RULES = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}
COLOURS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
# What ends beyond the right edge of the window and can be reached by no scroll bar of its own. The page itself cuts
# off what is too wide, so its own width says nothing.
STICKS_OUT = """() => {
  const held = element => {
    for (let box = element.parentElement; box && box.id !== "main"; box = box.parentElement) {
      const style = getComputedStyle(box);
      if (style.overflowX !== "visible" && box.getBoundingClientRect().right <= innerWidth + 1) return true;
      if (style.position === "fixed") return true;
    }
    return false;
  };
  const wide = [...document.querySelectorAll("#main *")].filter(element => {
    const place = element.getBoundingClientRect();
    return place.width > 1 && place.right > innerWidth + 1 && element.checkVisibility() && !held(element);
  });
  return wide.filter(element => !wide.includes(element.parentElement))
    .map(element => `${element.outerHTML.slice(0, 120)} to ${Math.round(element.getBoundingClientRect().right)}`);
}"""


def faults_of(page: Page, rules: dict[str, Any]) -> list[str]:
    """Serious and critical faults: the rule, where it is broken, and why."""
    return page.evaluate(
        """async rules => {
          const found = await axe.run(document, {runOnly: rules, resultTypes: ["violations"]});
          const grave = found.violations.filter(fault => ["serious", "critical"].includes(fault.impact));
          return grave.flatMap(fault => fault.nodes.map(node => `${fault.id} at ${node.target}: ${node.failureSummary}`));
        }""",
        rules,
    )


def paint(page: Page, scheme: str) -> None:
    """Put on the colours of a scheme, as the page itself does when it is loaded."""
    page.emulate_media(color_scheme=scheme)
    page.evaluate("dark => document.documentElement.classList.toggle('dark', dark)", scheme == "dark")


def look_at(page: Page, url: str, wrong: list[str]) -> None:
    """Open a page and note what is wrong with it in each size and colour."""
    page.set_viewport_size(DESK)
    page.goto(url)
    expect(page.get_by_role("heading", level=1)).to_have_count(1)
    page.evaluate(Axe().axe_script)
    look_around(page, url, wrong)


def look_around(page: Page, url: str, wrong: list[str]) -> None:
    """Note what is wrong with a page as it stands there, in each size and colour."""
    for size, shape in (("desk", DESK), ("phone", PHONE)):
        page.set_viewport_size(shape)
        wrong += [f"{url} {size} sticks out: {what}" for what in page.evaluate(STICKS_OUT)]
        paint(page, "light")
        wrong += [f"{url} {size} light: {fault}" for fault in faults_of(page, RULES)]
        paint(page, "dark")
        # Nothing but colours differs.
        wrong += [f"{url} {size} dark: {fault}" for fault in faults_of(page, COLOURS)]


@pytest.mark.parametrize("part", range(PARTS))
def test_it_is_accessible_and_fits(part, site, people, visit):
    world = make_world(site, people)
    page = visit("root")
    wrong: list[str] = []
    for name in list(PLACES)[part::PARTS]:
        look_at(page, site.url + world.url(PLACES[name]), wrong)
    assert not wrong, "\n".join(wrong)


def test_it_is_accessible_for_strangers(site, new_context):
    wrong: list[str] = []
    for path in OUTSIDE.values():
        look_at(new_context().new_page(), site.url + path, wrong)
    assert not wrong, "\n".join(wrong)


def test_what_opens_and_what_moves_is_accessible(site, people, visit):
    world = make_world(site, people)
    run = SyncRun.objects.get(pk=world.run)
    page = visit("root", "/invoicing/invoice/")
    page.evaluate(Axe().axe_script)
    wrong: list[str] = []
    page.locator(".bb-bell > summary").click()
    expect(page.get_by_role("heading", name="Notifications")).to_be_visible()
    look_around(page, "bell", wrong)
    page.keyboard.press("Escape")
    page.set_viewport_size(DESK)
    page.locator(".bb-user > summary").click()
    expect(page.get_by_role("button", name="Log out")).to_be_visible()
    look_around(page, "menu of the person", wrong)
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Filters").click()
    expect(page.get_by_role("button", name="Apply Filters")).to_be_visible()
    look_around(page, "filters", wrong)

    SyncRun.objects.filter(pk=run.pk).update(
        state=RunState.RUNNING,
        step="sales",
        finished_at=None,
        counters={"sales": {"to_send": 9, "posted": 4, "blocked": 1}},
    )
    look_at(page, f"{site.url}/invoicing/invoice/", wrong)
    expect(page.get_by_role("status")).to_contain_text("4 of 9 sent")
    SyncRun.objects.filter(pk=run.pk).update(state=run.state, finished_at=run.finished_at)
    assert not wrong, "\n".join(wrong)
