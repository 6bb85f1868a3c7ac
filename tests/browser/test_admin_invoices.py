"""A clerk's day: a customer's address, an invoice with totals that follow the typing, and booking it."""

import re
from decimal import Decimal

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from crm.models import Company
from invoicing.models import CompanyEntity, DocumentStatus, Invoice
from tests import factories

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def company() -> Company:
    today = timezone.localdate()
    entity = factories.EntityFactory(name="Linde Studio BV", years=())
    factories.FiscalYearFactory(entity=entity, year=today.year)
    factories.LedgerAccountFactory(entity=entity, code="700000", name="Design")
    factories.vat_rate("21").rate.__class__.objects.filter(code="21").update(is_default=True, name="Standard")
    factories.vat_rate("6")
    return factories.CompanyFactory(name="Brouwerij De Kraan NV")


def test_editing_a_customer(company: Company, clerk: Page):
    clerk.get_by_role("link", name="Companies").click()
    clerk.get_by_role("link", name="Brouwerij De Kraan NV").click()
    clerk.get_by_label("Street and number").fill("Havenstraat 14")
    clerk.get_by_label("VAT number").fill("BE 0417 710 408")
    clerk.get_by_role("button", name="Save", exact=True).click()
    expect(clerk.get_by_text(re.compile("This VAT number is not valid"))).to_be_visible()
    clerk.get_by_label("VAT number").fill("BE 0417.710.407")
    clerk.get_by_role("button", name="Save", exact=True).click()
    expect(clerk.get_by_text(re.compile("was changed successfully"))).to_be_visible()
    company.refresh_from_db()
    assert (company.street, company.vat_number) == ("Havenstraat 14", "BE0417710407")


def choose_customer(page: Page, name: str) -> None:
    page.locator(".field-party .select2-selection").click()
    page.locator(".select2-search__field").fill(name[:6])
    page.locator(".select2-results__option", has_text=name).click()


def test_an_invoice_with_live_totals_is_booked(company: Company, clerk: Page):
    clerk.get_by_role("navigation", name="Menu").get_by_role("link", name="Invoices", exact=True).click()
    clerk.get_by_role("link", name="New invoice").first.click()
    choose_customer(clerk, company.name)
    clerk.locator("#id_lines-0-description").fill("Design of taproom, phase 2")
    clerk.locator("#id_lines-0-quantity").fill("32")
    clerk.locator("#id_lines-0-unit_price").fill("95")
    totals = clerk.locator("#bb-totals")
    expect(totals.locator(".bb-total")).to_contain_text("3,678.40")
    expect(clerk.locator("#lines-0 .field-shown_net, #lines-group .field-shown_net").first).to_contain_text("3,040.00")

    clerk.get_by_role("link", name="Add another Line").click()
    clerk.locator("#id_lines-1-description").fill("Oak bar front")
    clerk.locator("#id_lines-1-quantity").fill("1")
    clerk.locator("#id_lines-1-unit_price").fill("2150")
    clerk.locator("#id_lines-1-discount").fill("10")
    clerk.locator("#id_lines-1-account").fill("700000 Design")
    expect(totals.locator(".bb-total")).to_contain_text("6,019.75")
    clerk.locator("#id_lines-1-vat_rate").select_option(label="6% 6")
    expect(totals.locator(".bb-total")).to_contain_text("5,729.50")

    clerk.get_by_role("button", name="Book invoice").click()
    expect(clerk.get_by_role("heading", name="This is what will be booked")).to_be_visible()
    expect(clerk.get_by_text("5,729.50 EUR")).to_be_visible()
    draft = Invoice.objects.get()
    assert draft.status == DocumentStatus.DRAFT
    number = f"{timezone.localdate().year}/0001"
    clerk.get_by_role("button", name=f"Book as {number}").click()
    expect(clerk.get_by_role("heading", name=f"Invoice {number}")).to_be_visible()
    expect(clerk.get_by_text(re.compile("Number, dates, lines and VAT no longer change"))).to_be_visible()
    draft.refresh_from_db()
    assert (draft.number, draft.total) == (number, Decimal("5729.50"))


def test_another_entity_changes_what_lines_choose_from(company: Company, clerk: Page):
    dutch = factories.EntityFactory(name="Linde Services B.V.", country="NL")
    factories.vat_rate("9", "NL")
    factories.LedgerAccountFactory(entity=dutch, code="800000", name="Omzet")
    studio = CompanyEntity.objects.get(name="Linde Studio BV")
    clerk.goto(f"{clerk.url}invoicing/invoice/add/?entity={studio.pk}")
    expect(clerk.locator("#id_lines-0-vat_rate option")).to_have_text(["–", "21% Standard", "6% 6"])
    clerk.locator("#id_entity").select_option(label="Linde Services B.V.")
    expect(clerk.locator("#id_lines-0-vat_rate option")).to_have_text(["–", "9% 9"])
    assert clerk.locator("#bb-accounts option").evaluate_all("rows => rows.map(row => row.value)") == ["800000 Omzet"]


def test_the_selected_drafts_are_booked_after_a_page_that_asks(company: Company, clerk: Page):
    entity = CompanyEntity.objects.get(name="Linde Studio BV")
    for _ in range(2):
        factories.draft_invoice(entity=entity, party=company, day=timezone.localdate())
    clerk.get_by_role("navigation", name="Menu").get_by_role("link", name="Invoices", exact=True).click()
    boxes = clerk.locator("input.action-select")
    expect(boxes).to_have_count(2)
    for box in boxes.all():
        box.check()
    clerk.locator("select[name=action]").select_option(label="Book the selected drafts")
    clerk.get_by_role("button", name="Run").click()
    expect(clerk.get_by_text(re.compile("2 drafts are booked, by date"))).to_be_visible()
    clerk.get_by_role("button", name="Book 2 drafts").click()
    expect(clerk.get_by_text(re.compile("2 documents booked"))).to_be_visible()
    assert Invoice.objects.filter(status=DocumentStatus.BOOKED).count() == 2


def test_without_script_an_invoice_is_made_and_booked(company: Company, browser, live_server, enter):
    """Live totals stand still without script; saving, booking and the lists work."""
    page = enter("staff")
    cookies = page.context.cookies()
    context = browser.new_context(java_script_enabled=False)
    context.add_cookies(cookies)
    plain = context.new_page()
    plain.goto(f"{live_server.url}/invoicing/invoice/add/?party={company.pk}")
    expect(plain.get_by_role("heading", name="Add invoice")).to_be_visible()
    plain.locator("#id_lines-0-description").fill("Work")
    plain.locator("#id_lines-0-unit_price").fill("100")
    plain.get_by_role("button", name="Book invoice").click()
    plain.get_by_role("button", name=re.compile("^.*Book as")).click()
    expect(plain.get_by_text("121.00 EUR").first).to_be_visible()
    assert Invoice.objects.get().total == Decimal("121.00")
    context.close()
