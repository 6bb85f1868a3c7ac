"""While a sync runs nobody can start another one, everybody sees how far it is, and its starter alone hears of the end."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from integrations.models import SyncRun
from tests import factories

from .steps import wait_for_the_queue

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

INVOICES = 40


@pytest.fixture
def slow_tool(site, connection, company):
    """So many invoices that each take so long that the run lasts until the test lets it go on."""
    plans = [factories.Plan(party=company, lines=[factories.line()]) for _ in range(INVOICES)]
    factories.booked_documents(connection.entity, plans)
    site.box.fault("delay", method="POST", path="salesentry/SalesEntries", seconds=2, times=INVOICES)


def progress_of(page: Page) -> Locator:
    return page.get_by_role("status").filter(has_text="Linde Studio BV to Exact Online")


def sent(page: Page) -> int:
    words = progress_of(page).inner_text()
    found = re.search(r"(\d+) of 40 sent", words)
    return int(found[1]) if found else -1


def test_another_person_sees_it_everywhere_and_the_starter_alone_hears_of_it(site, connection, slow_tool, visit):
    clerk = visit("staff", "/invoicing/invoice/")
    boss = visit("boss")
    clerk.get_by_role("button", name="Sync", exact=True).click()
    expect(clerk.get_by_text("Sync of Linde Studio BV with Exact Online started.")).to_be_visible()
    expect(clerk.get_by_role("button", name="Syncing")).to_be_disabled()

    for path in (
        "/invoicing/invoice/",
        "/invoicing/creditnote/",
        "/expenses/",
        f"/integrations/connection/{connection.pk}/change/",
        f"/invoicing/companyentity/{connection.entity_id}/change/",
    ):
        boss.goto(site.url + path)
        expect(boss.get_by_role("button", name="Syncing"), path).to_be_disabled()
        expect(boss.get_by_role("button", name="Sync", exact=True), path).to_have_count(0)
        expect(progress_of(boss), path).to_contain_text(re.compile(r"Step \d of 7: "))
        expect(progress_of(boss), path).to_contain_text("by staff")
    assert SyncRun.objects.count() == 1

    for page in (boss, clerk):
        expect(progress_of(page)).to_contain_text(re.compile(r"Step 4 of 7: sales documents\s*\d+ of 40 sent"))
        page.evaluate("window.neverReloaded = true")
    before = sent(boss), sent(clerk)
    expect(progress_of(boss)).not_to_contain_text(f"{before[0]} of 40 sent")
    expect(progress_of(clerk)).not_to_contain_text(f"{before[1]} of 40 sent")
    assert sent(boss) > before[0]
    assert sent(clerk) > before[1]

    site.box.call("faults", method="DELETE")
    for page in (boss, clerk):
        expect(page.get_by_text("Sync finished.")).to_be_visible(timeout=60_000)
        expect(page.get_by_text("40 documents sent")).to_be_visible()
        expect(page.get_by_role("button", name="Sync", exact=True)).to_be_enabled()
        assert page.evaluate("window.neverReloaded")

    wait_for_the_queue()
    clerk.reload()
    clerk.get_by_label("Notifications, 1 unread").click()
    expect(clerk.get_by_text("Sync of Linde Studio BV finished", exact=False)).to_be_visible()
    expect(clerk.locator(".bb-bell").get_by_text(re.compile("40 documents sent"))).to_be_visible()
    boss.reload()
    boss.get_by_label("Notifications", exact=True).click()
    expect(boss.get_by_text("No notifications.")).to_be_visible()
