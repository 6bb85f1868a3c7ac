"""An account admin clears an import: a segment by its tag, exported, moved to the recycle bin, and brought back."""

import csv
import os
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from crm.models import BinnedParty, Company, Segment, Tag
from integrations.models import Administration, PartyLink
from tests import factories

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

PHONE, DESK = {"width": 390, "height": 844}, {"width": 1280, "height": 1010}


@pytest.fixture
def imported(db) -> list[Company]:
    """Sixty imported companies with their numbers; one of them has an invoice. And two that were always here."""
    books = Administration.objects.create(tool="exact", site="be", external_id="A1", name="Linde books", country="BE")
    tag = Tag.objects.create(name="Exact Online Import")
    parties = [factories.CompanyFactory(name=f"Imported {n:02}", tags=[tag]) for n in range(60)]
    for party in parties:
        PartyLink.objects.create(
            administration=books,
            party=party,
            external_id=f"g{party.pk}",
            code=str(70000 + party.pk),
            matched_by="import",
        )
    factories.booked_invoice(party=parties[7])
    for name in ("Always here", "Here as well"):
        factories.CompanyFactory(name=name)
    return parties


@pytest.fixture
def shot(tmp_path):
    """Keep a picture at both widths, where BOEKBRUG_PICTURES names a folder, else in the test's own."""
    folder = Path(os.environ.get("BOEKBRUG_PICTURES", tmp_path))

    def keep(page: Page, name: str) -> None:
        for size, shape in (("phone", PHONE), ("desk", DESK)):
            page.set_viewport_size(shape)
            page.screenshot(path=folder / f"{name}-{size}.png", full_page=True)

    return keep


def run_on_all(page: Page, action: str) -> None:
    page.locator("#action-toggle").check()
    page.get_by_role("link", name=re.compile("^Select all")).click()
    page.locator("select[name=action]").select_option(label=action)


def test_a_segment_is_exported_cleared_and_restored(imported, enter, complaints, shot):
    boss = enter("boss")
    menu = boss.get_by_role("navigation", name="Menu")
    menu.get_by_role("link", name="Segments").click()
    expect(boss.get_by_text("No segments yet")).to_be_visible()
    boss.get_by_role("link", name="New segment").first.click()
    boss.get_by_label("Name *").fill("From Exact")
    boss.get_by_label("What the new rule looks at").select_option(label="Tags")
    boss.get_by_role("button", name="Add rule").click()
    boss.get_by_label("Tags").fill("Exact Online Import")
    boss.get_by_label("Holds").select_option(label="Companies")
    # Counted while it is filled in, before anything is saved.
    expect(boss.locator("#segment-count")).to_contain_text("60")
    assert not Segment.objects.exists()
    boss.get_by_label("What the new rule looks at").select_option(label="Created")
    boss.get_by_role("button", name="Add rule").click()
    # Another way of comparing asks for another kind of value, at once.
    boss.locator("#rule-1-operator").select_option(label="after")
    expect(boss.locator("#rule-1-value")).to_have_attribute("type", "date")
    boss.locator("#rule-1-value").fill("2020-01-01")
    shot(boss, "segment")
    boss.get_by_role("button", name="Save").last.click()
    expect(boss.get_by_text("The segment From Exact is saved.")).to_be_visible()
    boss.get_by_role("link", name="Show the list").click()
    expect(boss.get_by_text("Segment From Exact")).to_be_visible()
    shot(boss, "segment-list")

    run_on_all(boss, "Export as CSV")
    with boss.expect_download() as download:
        boss.get_by_role("button", name="Run").click()
    rows = list(csv.DictReader(Path(download.value.path()).read_text(encoding="utf-8-sig").splitlines()))
    assert len(rows) == 60
    assert {row["External ID in Linde books"] for row in rows} == {str(70000 + party.pk) for party in imported}

    boss.goto(boss.url)
    run_on_all(boss, "Move to the recycle bin")
    boss.get_by_role("button", name="Run").click()
    expect(boss.get_by_role("heading", name="59 go to the recycle bin")).to_be_visible()
    expect(boss.get_by_text("Imported 07 is kept: sales documents point to it.")).to_be_visible()
    shot(boss, "bin-preview")
    boss.get_by_role("button", name="Move 59 to the recycle bin").click()
    expect(boss.get_by_text("59 are in the recycle bin.")).to_be_visible()
    assert set(Company.objects.values_list("name", flat=True)) == {"Always here", "Here as well", "Imported 07"}
    assert PartyLink.objects.count() == 1

    boss.get_by_role("navigation", name="Menu").get_by_role("link", name="Recycle bin").click()
    shot(boss, "recycle-bin")
    run_on_all(boss, "Restore")
    boss.get_by_role("button", name="Run").click()
    expect(boss.get_by_text("59 are back in the lists.")).to_be_visible()
    expect(boss.get_by_text("The recycle bin is empty")).to_be_visible()
    assert (Company.objects.count(), PartyLink.objects.count()) == (62, 60)
    assert not BinnedParty.objects.exists()


def test_tagging_and_deleting_for_good_in_the_browser(imported, enter, complaints, shot):
    boss = enter("boss")
    boss.get_by_role("navigation", name="Menu").get_by_role("link", name="Companies").click()
    boss.locator("input.action-select").nth(0).check()
    boss.locator("input.action-select").nth(1).check()
    boss.locator("select[name=action]").select_option(label="Add or remove a tag")
    boss.get_by_role("button", name="Run").click()
    boss.get_by_label("Tag", exact=True).fill("Old friends")
    shot(boss, "tag")
    boss.get_by_role("button", name="Save").click()
    expect(boss.get_by_text("Tag added to 2 of 2.")).to_be_visible()
    assert set(Company.objects.filter(tags__name="Old friends").values_list("name", flat=True)) == {
        "Always here", "Here as well",
    }  # fmt: skip

    Company.objects.get(name="Always here").tags.clear()
    boss.get_by_role("link", name="Always here").click()
    boss.get_by_role("link", name="Move to the recycle bin").click()
    boss.get_by_role("button", name="Move to the recycle bin").click()
    boss.get_by_role("navigation", name="Menu").get_by_role("link", name="Recycle bin").click()
    boss.locator("input.action-select").check()
    boss.locator("select[name=action]").select_option(label="Delete for good")
    boss.get_by_role("button", name="Run").click()
    expect(boss.get_by_role("heading", name="Delete 1 for good?")).to_be_visible()
    shot(boss, "purge")
    boss.get_by_role("button", name="Delete 1 for good").click()
    expect(boss.get_by_text("1 is deleted for good.")).to_be_visible()
    assert not Company.objects.filter(name="Always here").exists()
    assert not BinnedParty.objects.exists()


def test_without_script_a_segment_is_made(imported, enter, browser, live_server):
    context = browser.new_context(java_script_enabled=False)
    context.add_cookies(enter("staff").context.cookies())
    page = context.new_page()
    page.goto(f"{live_server.url}/crm/segment/add/")
    page.get_by_label("Name *").fill("By hand")
    page.get_by_label("What the new rule looks at").select_option(label="Tags")
    page.get_by_role("button", name="Add rule").click()
    page.get_by_label("Tags").fill("Exact Online")
    page.get_by_label("Tags").press("Enter")
    expect(page.get_by_text("The segment By hand is saved.")).to_be_visible()
    expect(page.locator("#segment-count")).to_contain_text("60")
    context.close()
