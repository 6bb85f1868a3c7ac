"""A day of expenses: files dropped on the list, one approved, one refused, one with another bank account checked first."""

import base64
import re
from datetime import date
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from config.figures import iban
from crm.models import Company
from invoicing.models import CompanyEntity, LedgerAccountKind, PurchaseDocument, ReviewState
from invoicing.services import purchases
from tests import factories
from tests.purchases.ubl import IBAN, OTHER_IBAN, PDF, SUPPLIER, ubl

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def entity() -> CompanyEntity:
    entity = factories.EntityFactory(name="Linde Studio BV")
    factories.vat_rate("21")
    account = factories.LedgerAccountFactory(
        entity=entity, code="612100", name="Electricity", kind=LedgerAccountKind.COST
    )
    factories.LedgerAccountFactory(entity=entity, code="613000", name="Software", kind=LedgerAccountKind.COST)
    factories.CompanyFactory(name="Hoste Energie NV", vat_number=SUPPLIER, is_supplier=True, iban=IBAN)
    early = ubl(buyer_vat=entity.vat_number, number="INV-80001", day=date(2026, 10, 12))
    document = purchases.receive(data=early, delivery=purchases.Delivery(name="early.xml")).document
    choices = {line.pk: purchases.LineChoice(account=account, vat_rate=line.vat_rate) for line in document.lines.all()}
    purchases.approve(document=document, by=None, lines=choices)
    return entity


def write(folder: Path, entity: CompanyEntity) -> list[str]:
    """Three files: one as always, one from a stranger, one with another bank account."""
    stranger = factories.vat_number_be(900_777)
    files = {
        "usual.xml": ubl(buyer_vat=entity.vat_number, number="INV-88213", pdf=PDF),
        "stranger.xml": ubl(
            buyer_vat=entity.vat_number, number="30017", supplier="Onbekend Atelier", supplier_vat=stranger,
            iban="", lines=(("Ornaments", "400.00", "21"),),
        ),
        "changed.xml": ubl(buyer_vat=entity.vat_number, number="INV-88999", iban=OTHER_IBAN),
    }  # fmt: skip
    for name, data in files.items():
        (folder / name).write_bytes(data)
    return [str(folder / name) for name in files]


def drop(page: Page, paths: list[str]) -> None:
    """Let files fall on the page, as a person's mouse does."""
    # Nobody drops anything on a page that is not there yet: a click on a link does not wait for what it opens.
    expect(page.get_by_role("heading", name="Expenses", level=1)).to_be_visible()
    page.wait_for_load_state("load")
    files = [[Path(path).name, base64.b64encode(Path(path).read_bytes()).decode()] for path in paths]
    transfer = page.evaluate_handle(
        """files => {
            const data = new DataTransfer();
            for (const [name, content] of files) {
                const bytes = Uint8Array.from(atob(content), sign => sign.charCodeAt(0));
                data.items.add(new File([bytes], name, {type: "text/xml"}));
            }
            return data;
        }""",
        files,
    )
    page.dispatch_event("body", "drop", {"dataTransfer": transfer})


def test_three_files_are_dropped_and_decided_about(entity: CompanyEntity, clerk: Page, tmp_path: Path):
    clerk.get_by_role("navigation", name="Menu").get_by_role("link", name="Expenses").click()
    drop(clerk, write(tmp_path, entity))
    expect(clerk.get_by_text("3 documents received.")).to_be_visible()
    expect(clerk.get_by_role("row", name=re.compile("INV-88999"))).to_contain_text("IBAN changed")
    expect(clerk.get_by_role("row", name=re.compile("30017"))).to_contain_text("after approval")

    clerk.get_by_role("link", name="Approve one after the other").click()
    expect(clerk.get_by_role("heading", name="Expense INV-88213")).to_be_visible()
    expect(clerk.get_by_text("1 of 3 to approve")).to_be_visible()
    expect(clerk.get_by_role("group", name="Electricity").get_by_label("Ledger account")).to_have_value(
        "612100 Electricity"
    )
    expect(clerk.get_by_text("As the last invoice of this supplier").first).to_be_visible()
    clerk.get_by_role("group", name="Network costs").get_by_label("Ledger account").fill("613000 Software")
    clerk.get_by_role("button", name="Approve 1,204.89 EUR").click()

    expect(clerk.get_by_text(re.compile("INV-88213 is approved: 1,204.89 EUR"))).to_be_visible()
    expect(clerk.get_by_role("heading", name="Expense 30017")).to_be_visible()
    expect(clerk.get_by_role("button", name=re.compile("^Approve"))).to_be_disabled()
    expect(clerk.get_by_text("Choose the supplier or create it first.")).to_be_visible()
    clerk.get_by_text("Refuse", exact=True).click()
    clerk.get_by_label("Why is it refused?").fill("We ordered nothing there")
    clerk.get_by_role("button", name="Refuse this expense").click()

    expect(clerk.get_by_role("heading", name="Expense INV-88999")).to_be_visible()
    alert = clerk.get_by_role("alert")
    expect(alert).to_contain_text("The bank account differs from the one we know for Hoste Energie NV.")
    words = f"On this document {iban(OTHER_IBAN)}, until now {iban(IBAN)} (2 documents, last on 10 Nov 2026)"
    expect(alert).to_contain_text(words)
    approve = clerk.get_by_role("button", name=re.compile("^Approve"))
    expect(approve).to_be_disabled()
    clerk.get_by_label("I checked the new bank account with the supplier").check()
    expect(approve).to_be_enabled()
    approve.click()
    expect(clerk.get_by_text("All expenses are handled.")).to_be_visible()

    states = dict(PurchaseDocument.objects.values_list("number", "review"))
    assert states == {
        "INV-80001": ReviewState.APPROVED,
        "INV-88213": ReviewState.APPROVED,
        "30017": ReviewState.REFUSED,
        "INV-88999": ReviewState.APPROVED,
    }
    checked = PurchaseDocument.objects.get(number="INV-88999")
    assert (checked.iban_checked_by, checked.reviews.get().checked_iban) == ("staff", OTHER_IBAN)
    booked = PurchaseDocument.objects.get(number="INV-88213").lines.values_list("ledger_account__code", flat=True)
    assert list(booked) == ["612100", "613000"]


def test_a_new_supplier_is_made_from_the_document_by_one_click(entity: CompanyEntity, clerk: Page, tmp_path: Path):
    stranger = write(tmp_path, entity)[1]
    clerk.goto(f"{clerk.url}invoicing/purchasedocument/")
    clerk.get_by_label(re.compile("Drop the files")).set_input_files(stranger)
    clerk.get_by_role("button", name="Upload").click()
    expect(clerk.get_by_role("heading", name="Expense 30017")).to_be_visible()
    clerk.get_by_role("button", name="Create this supplier").click()
    expect(clerk.get_by_text("Supplier: Onbekend Atelier.")).to_be_visible()
    assert Company.objects.get(name="Onbekend Atelier").is_supplier
    expect(clerk.get_by_role("button", name="Approve 484.00 EUR")).to_be_enabled()


def test_without_script_files_are_sent_and_decided_about(entity: CompanyEntity, browser, live_server, enter, tmp_path):
    cookies = enter("staff").context.cookies()
    context = browser.new_context(java_script_enabled=False)
    context.add_cookies(cookies)
    page = context.new_page()
    page.goto(f"{live_server.url}/expenses/")
    page.locator("#expense-files").set_input_files(write(tmp_path, entity)[2])
    page.get_by_role("button", name="Upload").click()
    approve = page.get_by_role("button", name=re.compile("^Approve"))
    approve.click()  # the browser itself asks for the tick
    assert PurchaseDocument.objects.get(number="INV-88999").is_pending
    page.get_by_label("I checked the new bank account with the supplier").check()
    approve.click()
    expect(page.get_by_text("All expenses are handled.")).to_be_visible()
    assert PurchaseDocument.objects.get(number="INV-88999").review == ReviewState.APPROVED
    context.close()


def test_a_receipt_is_typed_and_approved(entity: CompanyEntity, clerk: Page, tmp_path: Path):
    paper = tmp_path / "ticket.pdf"
    paper.write_bytes(PDF)
    clerk.goto(f"{clerk.url}invoicing/purchasedocument/")
    clerk.get_by_role("link", name="Enter by hand").first.click()
    clerk.locator("#id_supplier_name").fill("Parking Centrum")
    clerk.locator("#id_total").fill("18.00")
    clerk.locator("#id_vat_total").fill("3.12")
    clerk.locator("#id_description").fill("Parking")
    clerk.locator("#id_account").fill("613000 Software")
    clerk.locator("#id_file").set_input_files(str(paper))
    clerk.get_by_role("button", name="Save", exact=True).click()
    clerk.get_by_role("button", name="Approve 18.00 EUR").click()
    expect(clerk.get_by_text("All expenses are handled.")).to_be_visible()
    expect(clerk.get_by_role("row", name=re.compile("Parking Centrum"))).to_contain_text("by e-mail")
