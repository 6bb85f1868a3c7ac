"""Everything is reached with the Tab key, shows where the focus is, and is pressed with Enter."""

import re

import pytest
from playwright.sync_api import Page, expect

from integrations.models import SyncRun
from invoicing.models import VatRate
from tests import factories

from .places import PLACES, make_world
from .test_every_page import PHONE

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# Lists, forms with every kind of field, our own pages, and the one with Django's choice in two columns.
WALKED = ["start", "invoices", "draft", "company", "connection", "VAT codes", "blocked invoice", "wishes", "user"]
MOST = 250
# What has the focus, and whether a ring of at least two pixels is drawn around it, or around the look-up box it is in.
FOCUSED = """() => {
  const element = document.activeElement;
  if (!element || element === document.body) return null;
  const place = element.getBoundingClientRect();
  const ringed = box => {
    const style = getComputedStyle(box);
    const clear = /(\\/ 0\\)|, 0\\)|transparent)$/.test(style.outlineColor);
    return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2 && !clear;
  };
  element.dataset.walked = (element.dataset.walked || 0) * 1 + 1;
  return {
    name: element.outerHTML.slice(0, 140),
    ring: ringed(element) || ringed(element.closest(".select2-container") || element),
    seen: place.width > 1 && place.height > 1 && place.right > 0,
    again: element.dataset.walked > 1,
  };
}"""


def walk(page: Page) -> list[dict]:
    """Press Tab until the focus has been everywhere; returns what had it."""
    found = []
    for _ in range(MOST):
        page.keyboard.press("Tab")
        focused = page.evaluate(FOCUSED)
        if focused is None or focused["again"]:
            return found
        found.append(focused)
    raise AssertionError(f"the focus is not through after {MOST} steps")


def tab_to(page: Page, name: str) -> None:
    """Press Tab until the button of that name has the focus."""
    target = page.get_by_role("button", name=name, exact=True)
    expect(target).to_be_enabled()
    for _ in range(MOST):
        page.keyboard.press("Tab")
        if target.evaluate("element => element === document.activeElement"):
            return
    raise AssertionError(f"Tab does not reach {name}")


def test_the_focus_is_always_seen(site, people, visit):
    world = make_world(site, people)
    page = visit("root")
    wrong = []
    for name in WALKED:
        page.goto(site.url + world.url(PLACES[name]))
        expect(page.get_by_role("heading", level=1)).to_have_count(1)
        passed = walk(page)
        assert len(passed) > 20, name
        wrong += [f"{name}: {one}" for one in passed if not one["ring"] or not one["seen"]]
    assert not wrong, "\n".join(wrong)


def test_a_sync_and_a_draft_without_a_mouse(site, connection, company, visit):
    VatRate.objects.filter(code="21").update(is_default=True)
    clerk = visit("staff", f"/invoicing/invoice/add/?party={company.pk}")
    tab_to(clerk, "Sync")
    clerk.keyboard.press("Enter")
    expect(clerk.get_by_text(re.compile("^Sync of .* started"))).to_be_visible()
    assert SyncRun.objects.get().started_by.get_username() == "staff"
    clerk.locator("#id_lines-0-description").focus()
    clerk.keyboard.type("Work")
    clerk.keyboard.press("Tab")
    clerk.keyboard.press("Tab")
    clerk.keyboard.type("100")
    tab_to(clerk, "Save")
    clerk.keyboard.press("Enter")
    expect(clerk.get_by_text(re.compile("was added successfully"))).to_be_visible()


def test_menus_open_and_close_by_keys(site, people, visit):
    page = visit("root", "/integrations/notification/")
    page.locator(".bb-bell > summary").press("Enter")
    expect(page.locator(".bb-bell-panel")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".bb-bell-panel")).to_be_hidden()
    page.locator(".bb-user > summary").press("Enter")
    page.get_by_role("button", name="Dark").press("Enter")
    expect(page.locator("html")).to_contain_class("dark")
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Log out")).to_be_hidden()
    page.get_by_role("button", name="System", exact=True).press("Enter")
    expect(page.get_by_role("link", name="Schedules")).to_be_visible()

    page.set_viewport_size(PHONE)
    menu = page.get_by_role("navigation", name="Menu")
    expect(menu).to_be_hidden()
    page.get_by_role("button", name="Menu", exact=True).press("Enter")
    expect(menu).to_be_visible()
    page.get_by_role("button", name="Close the menu").press("Enter")
    expect(menu).to_be_hidden()


def test_filters_are_opened_set_and_left_by_keys(site, entity, company, visit):
    factories.booked_invoice(entity=entity, party=company)
    clerk = visit("staff", "/invoicing/invoice/")
    tab_to(clerk, "Filters")
    panel = clerk.locator("#changelist-filter")
    clerk.keyboard.press("Enter")
    expect(panel.locator(":focus")).to_have_count(1)
    clerk.keyboard.press("Escape")
    expect(panel).to_be_hidden()
    expect(clerk.get_by_role("button", name="Filters")).to_be_focused()
    clerk.keyboard.press("Enter")
    tab_to(clerk, "Apply Filters")
    clerk.keyboard.press("Enter")
    expect(clerk.locator("#result_list tbody tr")).to_have_count(1)
