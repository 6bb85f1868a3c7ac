"""Pressing Sync and watching it: the piece that moves, its end, and what the pages show afterwards."""

import re

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from integrations.models import SyncRun
from integrations.sync.heartbeat import beat
from tests import bridge, factories

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def connection(box, people):
    beat("worker")
    today = timezone.localdate()
    entity = factories.EntityFactory(name="Linde Studio BV", years=())
    factories.FiscalYearFactory(entity=entity, year=today.year)
    found = bridge.connect(box, entity, user=people["boss"], start=today.replace(day=1))
    company = factories.CompanyFactory(name="Garage Peeters BV")
    for amount in ("100", "200"):
        factories.booked_invoice(entity=entity, party=company, day=today, lines=[factories.line(amount)])
    factories.booked_invoice(entity=entity, party=company, day=today, lines=[factories.line(code="9")])
    return found


def test_a_sync_is_started_and_followed(connection, clerk: Page):
    clerk.get_by_role("link", name="Connections").click()
    clerk.get_by_role("link", name="Linde Studio BV").click()
    clerk.get_by_role("button", name="Sync").click()
    expect(clerk.get_by_text("Sync of Linde Studio BV with Exact Online started.")).to_be_visible()
    progress = clerk.get_by_role("status").filter(has_text="Linde Studio BV to Exact Online")
    expect(progress).to_contain_text("Starts soon")
    expect(clerk.get_by_role("button", name="Syncing")).to_be_disabled()

    # The worker's turn; the page is not touched meanwhile.
    run = SyncRun.objects.get()
    SyncRun.objects.filter(pk=run.pk).update(
        state="running", step="sales", counters={"sales": {"to_send": 2, "posted": 1, "blocked": 1}}
    )
    expect(progress).to_contain_text("Step 4 of 7: sales documents", timeout=5_000)
    expect(progress).to_contain_text("1 of 2 sent")
    expect(progress.get_by_role("progressbar")).to_have_attribute("value", "1")
    SyncRun.objects.filter(pk=run.pk).update(state="queued", step="catalogue", counters={})
    bridge.work_off(run)

    expect(clerk.get_by_text("Sync finished.")).to_be_visible(timeout=6_000)
    expect(clerk.get_by_text("2 documents sent")).to_be_visible()
    expect(clerk.get_by_role("button", name="Sync", exact=True)).to_be_enabled()
    clerk.get_by_role("link", name="Show the new figures").click()
    clerk.get_by_role("link", name=re.compile("^Issues 1$")).last.click()
    expect(clerk.get_by_role("heading", name=re.compile("VAT rate 9% is not linked"))).to_be_visible()
    clerk.get_by_role("navigation", name="Menu").get_by_role("link", name="Invoices", exact=True).click()
    expect(clerk.locator(".field-posting", has_text="Posted")).to_have_count(2)
    expect(clerk.locator(".field-posting", has_text="Blocked")).to_have_count(1)


def test_the_button_turns_back_on_a_page_that_does_not_follow_the_run(connection, clerk: Page):
    clerk.get_by_role("navigation", name="Menu").get_by_role("link", name="Companies").click()
    clerk.get_by_role("button", name="Sync", exact=True).click()
    expect(clerk.get_by_role("button", name="Syncing")).to_be_disabled()
    expect(clerk.locator("#sync-progress")).to_have_count(0)

    bridge.work_off(SyncRun.objects.get())

    # Nobody touches the page; what it then offers works from where it stands.
    expect(clerk.get_by_role("button", name="Sync", exact=True)).to_be_enabled(timeout=8_000)
    clerk.get_by_role("button", name="Sync", exact=True).click()
    expect(clerk.get_by_role("button", name="Syncing")).to_be_disabled()
    expect(clerk).to_have_url(re.compile("/crm/company/$"))
    assert SyncRun.objects.count() == 2
