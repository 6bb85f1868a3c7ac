"""What the pages of expenses say and keep: sums, marks, suppliers, forms that came back, forms of papers."""

import io
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import translation
from django.utils.formats import date_format
from PIL import Image

from config.figures import amount, day
from invoicing.models import LedgerAccountKind, PurchaseDocument, PurchaseSource
from invoicing.services import purchases
from tests import factories
from tests.purchases.test_review import typed as paper_of
from tests.purchases.ubl import IBAN, OTHER_IBAN, PDF, SUPPLIER, ubl

from .test_expenses import LIST, page, texts

pytestmark = [pytest.mark.django_db]


@pytest.fixture
def entity(db):
    factories.vat_rate("21")
    return factories.EntityFactory(name="Linde Studio BV")


@pytest.fixture
def supplier(db):
    return factories.CompanyFactory(name="Hoste Energie NV", vat_number=SUPPLIER, is_supplier=True, iban=IBAN)


@pytest.fixture
def expense(entity):
    def make(**fields):
        data = ubl(**{"buyer_vat": entity.vat_number, **fields})
        return purchases.receive(data=data, delivery=purchases.Delivery(name="invoice.xml")).document

    return make


def shown(client, document):
    return client.get(page("change", document.pk)).content.decode()


# --- The list ---


def test_the_sum_leaves_out_what_nobody_has_to_pay(entity, supplier, expense, sign_in):
    expense(number="1", lines=(("A", "100", "21"),))
    purchases.refuse(document=expense(number="2"), reason="no", by=None)
    expense(number="3", buyer_vat=factories.vat_number_be(910_002))
    twice = purchases.receive(
        data=ubl(buyer_vat=entity.vat_number, number="1", lines=(("A", "100", "21"),), note="again"),
        delivery=purchases.Delivery(name="again.xml"),
    ).document
    client = sign_in("staff")
    answer = client.get(reverse(LIST))
    assert answer.context["cl"].paginator.euro_total == Decimal("121.00")
    assert answer.content.decode().count("Received twice?") == 1
    purchases.approve(document=twice, by=None, ticks=purchases.Ticks(not_a_duplicate=True))
    answer = client.get(reverse(LIST))
    assert answer.context["cl"].paginator.euro_total == Decimal("242.00")
    assert "Received twice?" not in answer.content.decode()


def test_a_paper_that_stands_there_already_is_marked_and_counted_once(entity, supplier, expense, sign_in):
    first = expense(number="1", lines=(("A", "100", "21"),))
    fields = {"kind": "invoice", "supplier": supplier, "number": "1", "total": first.total}
    paper = purchases.save_typed(typed=paper_of(entity, **fields), by=None)
    client = sign_in("staff")
    answer = client.get(reverse(LIST))
    assert answer.content.decode().count("Received twice?") == 1
    assert answer.context["cl"].paginator.euro_total == Decimal("121.00")
    # Another amount is another document, and typed right it loses its mark.
    paper = purchases.save_typed(
        typed=paper_of(entity, **fields | {"number": "2", "date": date(2026, 11, 11)}), by=None, document=paper
    )
    assert paper.copy_number == 0
    assert (
        purchases.save_typed(typed=paper_of(entity, **fields | {"total": Decimal("99.00")}), by=None).copy_number == 0
    )


def test_two_receipts_typed_alike_are_marked_unless_one_was_refused(entity, sign_in):
    first = purchases.save_typed(typed=paper_of(entity), by=None)
    second = purchases.save_typed(typed=paper_of(entity), by=None)
    assert (first.copy_number, second.copy_number) == (0, 1)
    for row in (first, second):
        purchases.refuse(document=row, reason="twice", by=None)
    assert purchases.save_typed(typed=paper_of(entity), by=None).copy_number == 0


def test_an_export_says_quarantine_and_no_payment_of_what_is_refused(entity, supplier, expense, sign_in):
    rows = [expense(number="1"), expense(number="2", buyer_vat=factories.vat_number_be(910_002)), expense(number="3")]
    purchases.refuse(document=rows[2], reason="no", by=None)
    sent = {"action": "export_csv", "_selected_action": [row.pk for row in rows]}
    lines = b"".join(sign_in("staff").post(reverse(LIST), sent)).decode("utf-8-sig").splitlines()
    assert "To approve" in next(line for line in lines if line.startswith("1"))
    assert "Quarantine" in next(line for line in lines if line.startswith("2"))
    refused = next(line for line in lines if line.startswith("3"))
    assert "Refused" in refused
    assert "Open" not in refused


def test_a_number_written_otherwise_is_a_duplicate_too(entity, supplier, expense):
    first = expense(number="G-1001")
    assert purchases.duplicates_of(expense(number="g 1001")) == [first]
    assert purchases.duplicates_of(expense(number="G-1002")) == []
    assert purchases.duplicates_of(expense(number="g/1001", lines=(("Less", "1", "21"),))) == []


# --- The supplier ---


def test_any_supplier_can_be_looked_up_and_chosen_again(entity, supplier, expense, sign_in):
    document = expense()
    other = factories.CompanyFactory(name="Vloer & Zoon")
    client = sign_in("staff")
    found = shown(client, document)
    assert "It is another supplier" in found
    assert "admin-autocomplete" in found
    assert "select2" in found
    client.post(page("supplier", document.pk), {"party": other.pk})
    document.refresh_from_db()
    assert document.supplier_id == other.pk
    assert "The document says “Hoste Energie NV”" in shown(client, document)
    assert "admin-autocomplete" not in shown(sign_in("accountant"), document)


def test_it_is_addressed_as_the_document_says(entity, supplier, expense, sign_in):
    assert "here Linde Studio BV" not in shown(sign_in("staff"), expense(number="1"))
    document = expense(number="2")
    document.entity.name = "Brug Een BV"
    document.entity.save()
    found = shown(sign_in("staff"), document)
    assert "here Brug Een BV" in found
    assert "Linde Studio BV" in found


# --- Forms that come back ---


def test_a_mistyped_account_leaves_all_that_was_typed_beside_it(entity, supplier, expense, sign_in):
    factories.LedgerAccountFactory(entity=entity, code="612100", name="Power", kind=LedgerAccountKind.COST)
    document = expense(iban=OTHER_IBAN)
    first, second = document.lines.all()
    sent = {f"account-{first.pk}": "612100 Power", f"account-{second.pk}": "99", "checked_iban": OTHER_IBAN}
    client = sign_in("staff")
    answer = client.post(page("approve", document.pk), sent, follow=True)
    assert answer.redirect_chain == [(page("change", document.pk), 302)]
    found = answer.content.decode()
    assert texts(answer) == ["There is no active ledger account “99”."]
    assert 'value="612100 Power"' in found
    assert 'value="99"' in found
    assert 'x-model="iban" checked' in found
    # Also where a tick is missing.
    answer = client.post(page("approve", document.pk), {f"account-{first.pk}": "612100 Power"}, follow=True)
    assert answer.content.decode().count('value="612100 Power"') == 2  # in the list and in the field
    # Shown once, and on no other expense.
    client.post(page("approve", document.pk), sent)
    assert 'value="99"' not in shown(client, expense(number="other"))
    client.post(page("approve", document.pk), sent)
    assert 'value="99"' in shown(client, document)
    assert 'value="99"' not in shown(client, document)
    document.refresh_from_db()
    assert document.is_pending
    assert document.lines.first().ledger_account is None


def test_a_mistake_in_mending_leaves_what_was_typed_on_the_page_itself(entity, supplier, expense, sign_in):
    document = purchases.approve(document=expense(), by=None)
    first, second = document.lines.all()
    sent = {f"account-{first.pk}": "99", f"account-{second.pk}": "98 Typed"}
    answer = sign_in("staff").post(page("mend", document.pk), sent, follow=True)
    assert answer.redirect_chain == [(page("change", document.pk) + "#lines", 302)]
    assert 'value="98 Typed"' in answer.content.decode()


def test_the_form_of_a_decided_expense_says_so(entity, sign_in):
    document = purchases.receive(data=PDF, delivery=purchases.Delivery(name="a.pdf")).document
    client = sign_in("staff")
    edit = page("edit", document.pk)
    assert 'class="bb-pdf is-low"' in client.get(edit).content.decode()
    purchases.refuse(document=document, reason="no", by=None)
    for answer in (client.get(edit, follow=True), client.post(edit, {"total": "1"}, follow=True)):
        assert "is decided about" in texts(answer)[0]
    assert sign_in("accountant").get(edit).status_code == 403


def test_quarantine_has_no_button_to_approve_and_a_sale_no_amounts(entity, supplier, expense, sign_in):
    client = sign_in("staff")
    found = shown(client, expense(number="1", buyer_vat=factories.vat_number_be(910_002)))
    assert "/approve/" not in found
    assert "/refuse/" in found
    sale = purchases.receive(
        data=ubl(
            supplier=entity.name, supplier_vat=entity.vat_number, buyer_vat=SUPPLIER, number="SB-7", self_billing=True
        ),
        delivery=purchases.Delivery(name="a.xml"),
    ).document
    found = shown(client, sale)
    said = (
        f"wrote invoice SB-7 of {day(sale.date)} for {amount(sale.total, 'EUR')} in the name of Linde Studio BV: it is"
    )
    assert said in found
    assert SUPPLIER in found
    assert "/approve/" not in found
    assert "To pay" not in found
    # What cannot be shown whole is not shown at all.
    huge = ubl(buyer_vat=entity.vat_number, self_billing=True, lines=(("Power", "9000000000000.00", "0"),))
    unread = purchases.receive(data=huge, delivery=purchases.Delivery(name="b.xml")).document
    found = shown(client, unread)
    assert "0.00" not in found
    assert "Not read: it is no purchase of yours" in found


def test_the_page_of_many_shows_where_they_are_booked(entity, supplier, expense, sign_in):
    account = factories.LedgerAccountFactory(entity=entity, code="612100", name="Power", kind=LedgerAccountKind.COST)
    document = expense()
    document.lines.update(ledger_account=account)
    sent = {"action": "approve_selected", "_selected_action": [document.pk]}
    assert "612100 Power, " in sign_in("staff").post(reverse(LIST), sent).content.decode()


# --- The form of a paper ---


def picture():
    kept = io.BytesIO()
    Image.new("RGB", (4, 4)).save(kept, "JPEG")
    return kept.getvalue()


def typed(entity, **fields):
    return {
        "entity": entity.pk, "kind": "receipt", "supplier_name": "Shop", "number": "7", "date": "2026-11-10",
        "currency": "eur", "total": "12.10", "vat_total": "2.10", **fields,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "field", "words"),
    [
        ({"total": "12,10"}, "total", "Enter a number, as 1,234.50."),
        ({"currency": "XXQ"}, "currency", "no such currency"),
        ({"vat_total": "5.00"}, "vat_total", "At 21% the VAT of 12.10 is at most 2.10."),
        ({"file": SimpleUploadedFile("a.jpg", b"\xff\xd8\xff no picture")}, "file", "Attach a PDF"),
    ],
)
def test_slips_are_told_at_their_field(entity, sign_in, fields, field, words):
    client = sign_in("staff")
    answer = client.post(page("add"), typed(entity, **fields))
    assert words in str(answer.context["adminform"].form.errors[field])
    assert not PurchaseDocument.objects.exists()


def test_a_paper_is_kept_with_its_picture_and_offers_the_rates_of_its_country(entity, sign_in):
    factories.vat_rate("9", "NL")
    client = sign_in("staff")
    found = client.get(page("add")).content.decode()
    assert "(BE)" in found
    assert "(NL)" not in found
    client.post(page("add"), typed(entity, file=SimpleUploadedFile("a.jpg", picture())))
    document = PurchaseDocument.objects.get()
    assert (document.source, document.currency, document.total) == (PurchaseSource.MANUAL, "EUR", Decimal("12.10"))
    assert document.files.get().media_type == "image/jpeg"


# --- Ways between the pages ---


def test_a_file_that_came_before_leads_to_its_document(entity, supplier, expense, sign_in):
    document = expense()
    client = sign_in("staff")
    sent = {"files": [SimpleUploadedFile("again.xml", ubl(buyer_vat=entity.vat_number))]}
    told = texts(client.post(page("upload"), sent, follow=True))[0]
    assert told.startswith("again.xml: INV-88213 was received before")
    assert f'href="{page("change", document.pk)}"' in told


def test_the_page_of_a_supplier_leads_to_its_expenses(entity, supplier, expense, sign_in):
    document = expense()
    expense(number="other", supplier_vat=factories.vat_number_be(910_001), supplier="Nys")
    client = sign_in("staff")
    url = f"{reverse(LIST)}?supplier__id__exact={supplier.pk}"
    assert f'href="{url}"' in client.get(reverse("admin:crm_company_change", args=[supplier.pk])).content.decode()
    assert list(client.get(url).context["cl"].queryset) == [document]


@pytest.mark.parametrize(("language", "written"), [("en", "3 Mar 2026, 15:04"), ("nl", "3 mrt 2026, 15:04")])
def test_pages_of_django_write_moments_as_ours_do(language, written):
    with translation.override(language):
        assert date_format(datetime(2026, 3, 3, 15, 4, tzinfo=UTC), "DATETIME_FORMAT") == written
