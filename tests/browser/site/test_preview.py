"""Preview says what the next sync would do with each document, and sends nothing."""

import pytest
from playwright.sync_api import expect

from integrations.models import Posting, SyncRun
from tests import factories

from .steps import panel, wait_for_the_queue

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_it_shows_what_would_go_and_sends_nothing_until_asked(site, connection, company, visit):
    good = [
        factories.booked_invoice(entity=connection.entity, party=company, lines=[factories.line(amount)])
        for amount in ("100", "250")
    ]
    held = factories.booked_invoice(entity=connection.entity, party=company, lines=[factories.line(code="9")])
    before = factories.booked_invoice(entity=connection.entity, party=company, day=factories.DAY.replace(month=1))
    since = site.box.last_request()
    clerk = visit("staff", f"/integrations/connection/{connection.pk}/change/")
    clerk.get_by_role("link", name="Preview").click()
    expect(clerk.get_by_text("Nothing has been sent.")).to_be_visible()
    sending = panel(clerk, "Documents to send")
    for document in good:
        expect(sending.get_by_role("row", name=document.number)).to_contain_text("Garage Peeters BV")
    expect(sending.get_by_role("row")).to_have_count(3)
    expect(sending.get_by_text("302.50 EUR")).to_be_visible()
    blocked = panel(clerk, "Blocked")
    expect(blocked.get_by_role("heading", name="VAT rate 9% is not linked")).to_be_visible()
    expect(blocked.get_by_role("link", name=held.number)).to_be_visible()
    expect(clerk.get_by_text(before.number)).to_have_count(0)
    assert site.box.requests(since) == []
    assert (SyncRun.objects.count(), Posting.objects.count()) == (0, 0)

    clerk.get_by_role("button", name="Sync 2 documents").click()
    expect(clerk.get_by_text("Sync of Linde Studio BV with Exact Online started.")).to_be_visible()
    wait_for_the_queue()
    sent = [call for call in site.box.requests(since) if call["method"] == "POST" and "SalesEntries" in call["path"]]
    assert len(sent) == 2
    assert {document.number for document in good} <= site.box.entries().keys()
    assert {held.number, before.number}.isdisjoint(site.box.entries())
