"""Who asks to hear about payments reads in the bell what came in and what is still open; nobody else is told."""

import pytest
from playwright.sync_api import expect

from tests import factories

from .steps import label, panel, sync

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_one_invoice_is_paid_and_one_partly(site, connection, company, visit):
    full = factories.booked_invoice(entity=connection.entity, party=company, lines=[factories.line("100")])
    part = factories.booked_invoice(entity=connection.entity, party=company, lines=[factories.line("200")])
    boss = visit("boss", f"/integrations/connection/{connection.pk}/change/")
    sync(boss)
    # The admin started the sync and hears of its result; payments are told to who asked for them.
    clerk = visit("staff", f"/integrations/connection/{connection.pk}/synchronisation/")
    clerk.get_by_label("Tell me about new payments on invoices").check()
    clerk.locator("form", has_text="What I hear about").get_by_role("button", name="Save").click()
    expect(clerk.get_by_text("Your choices are saved.")).to_be_visible()
    expect(clerk.get_by_label("Tell me about new payments on invoices")).to_be_checked()

    site.box.pay(full.number)
    site.box.pay(part.number, "42.00")
    sync(boss)

    clerk.reload()
    clerk.get_by_label("Notifications, 1 unread").click()
    bell = clerk.locator(".bb-bell")
    expect(bell.get_by_text("1 invoice paid, 1 partly paid")).to_be_visible()
    expect(bell.get_by_text("163.00 EUR received, 200.00 EUR of these still open.")).to_be_visible()
    bell.get_by_role("link", name="Show the 2 documents").click()
    rows = clerk.locator("#result_list tbody tr")
    expect(rows).to_have_count(2)
    expect(label(rows.filter(has_text=full.number), "Paid")).to_be_visible()
    expect(label(rows.filter(has_text=part.number), "Partly paid")).to_be_visible()
    clerk.get_by_role("link", name=part.number).click()
    payment = panel(clerk, "Payment")
    expect(label(payment, "Partly paid")).to_be_visible()
    expect(payment.get_by_text("42.00", exact=True)).to_be_visible()
    expect(payment.get_by_text("200.00 EUR", exact=True)).to_be_visible()

    boss.goto(f"{site.url}/integrations/notification/")
    told = boss.locator("#content")
    expect(told.get_by_text("Sync of Linde Studio BV finished")).to_have_count(2)
    expect(told.get_by_text("received")).to_have_count(0)
    accountant = visit("accountant", "/integrations/notification/")
    expect(accountant.locator("#content").get_by_text("No notifications.")).to_be_visible()
