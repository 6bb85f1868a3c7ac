"""A browser without script: what people must be able to do is done by links and forms alone."""

import re

import pytest
from playwright.sync_api import Page, expect

from integrations.models import Connection, Issue
from invoicing.models import Invoice
from tests import bridge, factories

from .steps import label, panel, sync, wait_for_the_queue
from .test_every_page import DESK, PHONE

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def plain(visit):
    """Opens windows whose browser runs no script."""

    def window(name: str, path: str = "/", **options) -> Page:
        return visit(name, path, java_script_enabled=False, **options)

    return window


def test_lists_are_searched_filtered_and_left_by_their_chips(entity, company, plain):
    for amount in ("100", "200"):
        factories.booked_invoice(entity=entity, party=company, lines=[factories.line(amount)])
    factories.draft_invoice(entity=entity, party=company)
    factories.booked_invoice(entity=factories.EntityFactory(name="Linde Services BV"))
    clerk = plain("staff", "/invoicing/invoice/")
    rows = clerk.locator("#result_list tbody tr")
    expect(rows).to_have_count(4)
    clerk.get_by_role("navigation", name="Views of this list").get_by_role("link", name="Drafts").click()
    expect(rows).to_have_count(1)
    expect(label(rows, "Draft")).to_be_visible()
    clerk.get_by_role("link", name="Invoices", exact=True).first.click()
    clerk.get_by_placeholder("Number or customer name").fill("2026/0")
    clerk.keyboard.press("Enter")
    expect(rows).to_have_count(3)
    clerk.get_by_role("link", name="Linde Services BV").click()
    expect(rows).to_have_count(1)
    clerk.get_by_role("link", name="Invoices", exact=True).first.click()
    clerk.locator("select[name=posting]").select_option("not_posted")
    clerk.get_by_role("button", name="Apply Filters").click()
    expect(clerk).to_have_url(re.compile("posting=not_posted"))
    expect(rows).to_have_count(0)


def test_an_action_is_run_on_selected_rows(entity, company, plain):
    for _ in range(2):
        factories.draft_invoice(entity=entity, party=company)
    clerk = plain("staff", "/invoicing/invoice/")
    for box in clerk.locator("input.action-select").all():
        box.check()
    clerk.get_by_label("Select action to run").select_option(label="Book the selected drafts")
    clerk.get_by_role("button", name="Run").click()
    clerk.get_by_role("button", name="Book 2 drafts").click()
    expect(clerk.get_by_text("2 documents booked")).to_be_visible()


def test_a_draft_is_saved_and_booked(entity, company, plain):
    factories.PaymentTermFactory(is_default=True)
    type(factories.vat_rate().rate).objects.update(is_default=True)
    clerk = plain("staff", f"/crm/company/{company.pk}/change/")
    clerk.get_by_role("link", name="New invoice").click()
    clerk.locator("#id_date").fill(factories.DAY.isoformat())
    clerk.locator("#id_lines-0-description").fill("Design of taproom")
    clerk.locator("#id_lines-0-unit_price").fill("100")
    clerk.get_by_text("More", exact=True).click()
    clerk.locator("#id_customer_reference").fill("PO 12")
    clerk.get_by_role("button", name="Save and continue editing").click()
    expect(clerk.locator("#bb-totals .bb-total")).to_contain_text("121.00")
    clerk.locator("#id_lines-0-quantity").fill("2")
    clerk.get_by_role("button", name="Save", exact=True).click()
    clerk.get_by_role("link", name="Draft").first.click()
    clerk.get_by_role("button", name="Book invoice").click()
    clerk.get_by_role("button", name="Book as 2026/0101").click()
    expect(clerk.get_by_role("heading", name="Invoice 2026/0101")).to_be_visible()
    booked = Invoice.objects.get()
    assert (str(booked.total), booked.customer_reference, booked.party_id) == ("242.00", "PO 12", company.pk)


def test_a_sync_a_cause_and_the_bell(site, entity, company, people, plain):
    rate = factories.vat_rate("6").rate
    connection = bridge.connect(site.box, entity, user=people["boss"], rates={"21": "4"})
    account = factories.LedgerAccountFactory(entity=entity, code="700020")
    document = factories.booked_invoice(entity=entity, party=company, lines=[factories.line(code="6", account=account)])
    # The run lasts until it has been seen.
    site.box.fault("delay", seconds=1.5, times=20)
    boss = plain("boss", f"/integrations/connection/{connection.pk}/change/")
    boss.get_by_role("button", name="Sync", exact=True).click()
    expect(boss.get_by_text(re.compile("^Sync of .* started"))).to_be_visible()
    # Nothing moves without script; the state of page load stands there.
    expect(boss.get_by_role("button", name="Syncing")).to_be_disabled()
    expect(boss.get_by_role("status")).to_contain_text("Linde Studio BV to Exact Online")
    site.box.call("faults", method="DELETE")
    wait_for_the_queue()
    boss.reload()
    boss.get_by_label("Notifications, 1 unread").click()
    bell = boss.locator(".bb-bell")
    expect(bell.get_by_text("Sync of Linde Studio BV finished with 1 issue")).to_be_visible()
    bell.get_by_role("link", name="See the issues").click()
    boss.get_by_role("link", name="Link VAT rate 6%").click()
    boss.locator(f"#rate-{rate.pk}").get_by_role("combobox").first.select_option(value="1")
    boss.get_by_role("button", name="Save").click()
    expect(boss.get_by_text("1 link changed.")).to_be_visible()
    sync(boss)
    assert document.number in site.box.entries()
    assert not Issue.objects.open().exists()
    boss.get_by_label("Notifications, 2 unread").click()
    bell.get_by_role("button", name="Mark all as read").click()
    expect(boss.get_by_label("Notifications", exact=True)).to_be_visible()


def test_what_more_holds_is_reached(site, connection, company, plain):
    document = factories.booked_invoice(entity=connection.entity, party=company, lines=[factories.line(code="9")])
    clerk = plain("staff", f"/integrations/connection/{connection.pk}/change/")
    sync(clerk)
    clerk.goto(f"{site.url}/invoicing/invoice/{document.pk}/change/")
    books = panel(clerk, "In the books")
    expect(label(books, "Blocked")).to_be_visible()
    books.get_by_text("Exclude from sync").click()
    books.get_by_label("Why is it not sent?").fill("Paid in cash at the fair")
    books.get_by_role("button", name="Exclude").click()
    expect(label(books, "Excluded")).to_be_visible()
    panel(clerk, "Payment").get_by_text("Mark as paid by hand").click()
    clerk.get_by_role("button", name="Mark 109.00 EUR as paid").click()
    expect(label(panel(clerk, "Payment"), "Paid")).to_be_visible()

    boss = plain("boss", f"/integrations/connection/{connection.pk}/change/")
    boss.get_by_role("link", name="Deactivate").click()
    boss.get_by_role("button", name="Deactivate").click()
    expect(boss.get_by_text("The connection is deactivated.")).to_be_visible()
    expect(label(boss, "Deactivated")).to_be_visible()
    boss.get_by_role("button", name="Switch on again").click()
    expect(label(boss, "Connected")).to_be_visible()
    assert Connection.objects.get().status == "connected"


@pytest.mark.parametrize("shape", [DESK, PHONE], ids=["desk", "phone"])
def test_the_menu_and_the_way_out(site, company, plain, shape):
    clerk = plain("staff", f"/crm/company/{company.pk}/change/", viewport=shape)
    clerk.get_by_role("link", name="History").click()
    expect(clerk.get_by_text("change history", exact=False).first).to_be_visible()
    clerk.get_by_role("navigation", name="Menu").get_by_role("link", name="Contacts").click()
    expect(clerk.get_by_role("heading", level=1)).to_contain_text("Contacts")
    clerk.locator("summary", has_text="staff").click()
    clerk.get_by_role("button", name="Nederlands").click()
    expect(clerk.get_by_role("heading", level=1)).to_contain_text("Contacten")
    clerk.locator("summary", has_text="staff").click()
    clerk.get_by_role("button", name="Afmelden").click()
    clerk.goto(site.url)
    expect(clerk).to_have_url(re.compile("/login/"))
