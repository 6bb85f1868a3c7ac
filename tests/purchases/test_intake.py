"""From bytes to a document: what is stored, what is told, what is refused, and that nothing is half stored."""

import threading
from decimal import Decimal

import pytest
from django.db import connection
from django.utils import timezone

from config.figures import day
from invoicing.errors import NotPossible
from invoicing.models import (
    FileRole,
    IncomingAccess,
    LineNature,
    PurchaseDocument,
    PurchaseFile,
    PurchaseLine,
    Quarantine,
    ReviewState,
)
from invoicing.services import purchases
from invoicing.services.purchases import Answer
from tests import factories
from tests.purchases.ubl import IBAN, PDF, SUPPLIER, ubl

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def counts():
    return PurchaseDocument.objects.count(), PurchaseLine.objects.count(), PurchaseFile.objects.count()


def test_a_document_is_stored_with_all_it_says(entity, supplier, receive):
    data = ubl(buyer_vat=entity.vat_number, pdf=PDF)
    found = receive(data)
    assert found.answer is Answer.STORED
    row = PurchaseDocument.objects.get()
    assert (row.entity, row.supplier, row.matched_by) == (entity, supplier, "vat")
    assert (row.number, str(row.date), str(row.due_date)) == ("INV-88213", "2026-11-10", "2026-12-10")
    assert (row.net_total, row.vat_total, row.total) == (Decimal("995.78"), Decimal("209.11"), Decimal("1204.89"))
    assert (row.review, row.quarantine, row.source, row.payment_state) == ("pending", "", "peppol", "open")
    assert (row.iban, row.payment_reference, row.iban_changed) == (IBAN, "+++090/9337/55493+++", False)
    assert [(line.description, line.net, line.vat_category) for line in row.lines.all()] == [
        ("Electricity", Decimal("917.28"), "S"),
        ("Network costs", Decimal("78.50"), "S"),
    ]
    assert [(part.percent, part.base, part.vat) for part in row.vat_totals.all()] == [
        (Decimal("21.0000"), Decimal("995.78"), Decimal("209.11"))
    ]
    original, attached = row.files.order_by("-role")
    assert (original.role, bytes(original.content), original.name) == (FileRole.ORIGINAL, data, "invoice.xml")
    assert (attached.media_type, bytes(attached.content)) == ("application/pdf", PDF)


def test_the_lines_add_up_to_the_net_total_with_a_discount_on_the_whole(expense):
    row = expense(allowance="95.78")
    assert row.net_total == Decimal("900.00")
    assert [line.nature for line in row.lines.all()] == [LineNature.LINE, LineNature.LINE, LineNature.ALLOWANCE]
    assert sum(line.net for line in row.lines.all()) == row.net_total


def test_a_credit_note_counts_below_zero_in_lists(expense):
    row = expense(credit=True, number="CN-2210")
    row.refresh_from_db()
    assert (row.kind, row.total, row.signed_total) == ("credit_note", Decimal("1204.89"), Decimal("-1204.89"))


def test_the_same_file_is_told_and_not_stored_again(entity, receive):
    data = ubl(buyer_vat=entity.vat_number)
    first = receive(data)
    before = counts()
    again = receive(data)
    assert (again.answer, again.document) == (Answer.KNOWN, first.document)
    assert "received before" in again.text
    received = timezone.localtime(first.document.received_at)
    assert day(received) in again.text
    assert counts() == before


def test_the_same_document_in_another_file_is_stored_with_a_warning(expense):
    first = expense()
    second = expense(note="Sent once more")
    assert (first.copy_number, second.copy_number, first.identity) == (0, 1, second.identity)
    assert purchases.duplicates_of(second) == [first]
    assert [problem.code for problem in purchases.problems_of(second)] == ["no-supplier", "duplicate"]


def test_another_year_another_supplier_another_kind_are_other_documents(expense):
    from datetime import date

    first = expense()
    others = [
        expense(day=date(2025, 11, 10)),
        expense(supplier_vat=factories.vat_number_be(900_002)),
        expense(credit=True),
    ]
    assert len({first.identity, *(row.identity for row in others)}) == 4


def test_a_document_for_somebody_else_waits_in_quarantine(receive):
    found = receive(buyer_vat=factories.vat_number_be(777))
    assert (found.answer, found.code) == (Answer.STORED, Quarantine.NOT_OURS)
    row = PurchaseDocument.objects.get()
    assert (row.entity, row.quarantine) == (None, Quarantine.NOT_OURS)
    assert row not in PurchaseDocument.objects.to_approve()
    with pytest.raises(purchases.ApprovalRefused):
        purchases.approve(document=row, by=None)
    purchases.refuse(document=row, reason="Not ours", by=None)
    row.refresh_from_db()
    assert row.review == ReviewState.REFUSED


def test_numbers_that_name_two_of_our_entities_are_nobodys(entity, receive):
    factories.EntityFactory(vat_number="", peppol_id=f"0208:{entity.vat_number[2:]}")
    assert receive().code == Quarantine.SEVERAL


def test_of_entities_with_one_vat_number_the_chosen_one_or_the_tokens_gets_it(entity):
    """Domain rules 10: branches share the number."""
    branch = factories.EntityFactory(vat_number=entity.vat_number, enterprise_number=entity.enterprise_number)
    stranger = factories.EntityFactory()

    def take(number: str, **delivery):
        data = ubl(buyer_vat=entity.vat_number, number=number)
        return purchases.receive(data=data, delivery=purchases.Delivery(name="a.xml", **delivery)).document

    assert take("A1").quarantine == Quarantine.SEVERAL
    assert (take("A2", entity=branch).entity, take("A3", entity=entity).entity) == (branch, entity)
    access = IncomingAccess(entity=branch, name="Point")
    access.renew()
    access.save()
    assert take("A4", access=access).entity == branch
    # Who is not named gets nothing, whoever says so.
    assert take("A5", entity=stranger).quarantine == Quarantine.SEVERAL


def test_of_entities_with_one_vat_number_the_peppol_id_decides(entity, receive):
    branch = factories.EntityFactory(
        vat_number=entity.vat_number,
        enterprise_number=entity.enterprise_number,
        peppol_id=f"0208:{entity.vat_number[2:]}",
    )
    receive()
    assert PurchaseDocument.objects.get().entity == branch


def test_a_self_billed_invoice_is_kept_apart_whole(entity, receive):
    data = ubl(buyer_vat=entity.vat_number, self_billing=True)
    found = receive(data)
    assert (found.answer, found.code) == (Answer.STORED, Quarantine.SELF_BILLING)
    row = PurchaseDocument.objects.get()
    assert bytes(row.files.get().content) == data
    assert receive(data).answer is Answer.KNOWN


def test_a_self_billed_invoice_shows_who_wrote_it_and_is_matched_with_nothing(entity, receive):
    data = ubl(supplier=entity.name, supplier_vat=entity.vat_number, buyer_vat=SUPPLIER, number="SB-7")
    typed = data.replace(b">380<", b">389<")
    assert typed != data
    row = receive(typed).document
    assert (row.quarantine, row.entity, row.number, str(row.total)) == ("self_billing", entity, "SB-7", "1204.89")
    assert (row.supplier, row.supplier_key, row.identity, row.lines.count()) == (None, "", "", 2)
    assert "it is a sale of yours" in purchases.self_billing_advice(row, purchases.read_again(row))
    credit = ubl(
        supplier=entity.name, supplier_vat=entity.vat_number, buyer_vat=SUPPLIER, number="SB-8", credit=True
    ).replace(b">381<", b">261<")
    row = receive(credit).document
    assert row.quarantine == "self_billing"
    assert "it takes back a sale of yours" in purchases.self_billing_advice(row, purchases.read_again(row))


@pytest.mark.parametrize(
    ("seller_is_ours", "buyer_is_ours", "said"),
    [(False, True, "wrote this itself"), (False, False, "none of your entities"), (True, True, "both who sells")],
)
def test_a_self_billed_invoice_says_what_to_do_with_it(entity, receive, seller_is_ours, buyer_is_ours, said):
    other = factories.vat_number_be(900_002)
    row = receive(
        ubl(
            supplier_vat=entity.vat_number if seller_is_ours else SUPPLIER,
            buyer_vat=entity.vat_number if buyer_is_ours else other,
            self_billing=True,
        )
    ).document
    assert said in purchases.self_billing_advice(row, purchases.read_again(row))


def test_an_invoice_of_our_own_never_becomes_our_expense(entity, receive):
    ours = receive(ubl(supplier_vat=entity.vat_number, buyer_vat=entity.vat_number, number="1")).document
    assert ours.quarantine == Quarantine.SELF_BILLING
    sold = receive(ubl(supplier_vat=entity.vat_number, buyer_vat=factories.vat_number_be(900_002), number="2")).document
    assert sold.quarantine == Quarantine.NOT_OURS
    for document in (ours, sold):
        with pytest.raises(NotPossible, match="sale"):
            purchases.lift_quarantine(document=document, entity=entity, reason="Mine", by=None)


def test_one_entity_may_buy_from_another(entity, receive):
    other = factories.EntityFactory(vat_number=factories.vat_number_be(900_003))
    row = receive(ubl(supplier_vat=other.vat_number, buyer_vat=entity.vat_number)).document
    assert (row.quarantine, row.entity) == ("", entity)


XXE = b'<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]><Invoice>&a;</Invoice>'
LAUGHS = b'<!DOCTYPE l [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]><l>&b;</l>'


@pytest.mark.parametrize(
    "data",
    [
        b"", b"   ", XXE, LAUGHS, b"{}", b"<html/>", b"PK\x03\x04junk", b"\x1f\x8bjunk", b"\xff\xfe<\x00", b"<a" * 5000,
        b"<Invoice xmlns='urn:oasis:names:specification:ubl:schema:xsd:Invoice-2'/>",
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused_with_a_reason_and_leaves_nothing(receive, data):
    found = receive(data)
    assert found.answer is Answer.REFUSED
    assert len(found.text) > 10
    assert "root:" not in found.text
    assert counts() == (0, 0, 0)


def test_an_amount_beyond_our_columns_is_refused_whole(receive):
    found = receive(lines=(("Gold", "123456789012345.00", "21"),))
    assert (found.answer, counts()) == (Answer.REFUSED, (0, 0, 0))


def test_a_document_that_is_too_large_is_refused(receive, settings):
    settings.BOEKBRUG_PEPPOL_MAX_MB = 1
    assert receive(note="x" * 1_100_000).code == "too-large"
    assert counts() == (0, 0, 0)


def test_a_failure_half_way_leaves_nothing(receive, monkeypatch):
    def fail(*args, **kwargs):
        raise RuntimeError("half way")

    monkeypatch.setattr("invoicing.services.purchases.intake.propose", fail)
    with pytest.raises(RuntimeError):
        receive()
    assert counts() == (0, 0, 0)


def test_a_pdf_waits_for_a_person_and_never_goes_through_a_connection(entity, receive):
    found = receive(PDF)
    row = found.document
    assert (row.source, row.entity, row.total, row.is_complete) == ("upload", entity, Decimal(0), False)
    assert [problem.code for problem in purchases.problems_of(row)] == ["incomplete"]
    assert receive(PDF).answer is Answer.KNOWN


def test_a_pdf_says_not_whom_it_is_for(receive):
    factories.EntityFactory()
    assert receive(PDF).code == "no-entity"
    assert counts() == (0, 0, 0)


def test_a_name_of_a_file_is_made_harmless():
    from invoicing.services.purchases.intake import file_name

    assert file_name("..\\..\\etc/passwd", ".xml") == "passwd.xml"
    assert file_name('a"\r\nb<.xml', ".xml") == "ab.xml"
    assert file_name("", ".pdf") == "document.pdf"
    assert file_name("invoice.exe", ".pdf") == "invoice.exe.pdf"


@pytest.mark.postgres
@pytest.mark.django_db(transaction=True)
def test_two_at_once_are_one_document_and_two_versions_are_two_copies(entity):
    same = ubl(buyer_vat=entity.vat_number)
    other = ubl(buyer_vat=entity.vat_number, note="again")
    start = threading.Barrier(6)
    found = []

    def take(data):
        start.wait()
        try:
            found.append(purchases.receive(data=data, delivery=purchases.Delivery(name="a.xml")))
        finally:
            connection.close()

    threads = [threading.Thread(target=take, args=(data,)) for data in (same, other) * 3]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(one.answer for one in found) == ["known"] * 4 + ["stored"] * 2
    assert sorted(PurchaseDocument.objects.values_list("copy_number", flat=True)) == [0, 1]


def test_the_same_file_again_leaves_quarantine_once_the_entity_has_its_number(entity, receive):
    number = factories.vat_number_be(777)
    data = ubl(buyer_vat=number)
    assert receive(data).document.quarantine == Quarantine.NOT_OURS
    known = receive(data)
    assert known.answer is Answer.KNOWN
    assert known.text.endswith("It is in quarantine: not addressed to us.")
    entity.vat_number = number
    entity.save()
    again = receive(data)
    assert (again.answer, again.document.entity, again.document.quarantine) == (Answer.STORED, entity, "")
    assert receive(data).answer is Answer.KNOWN
    assert PurchaseDocument.objects.count() == 1


def test_a_currency_of_more_letters_is_refused_and_not_cut(entity, receive):
    data = ubl(buyer_vat=entity.vat_number)
    wrong = data.replace(b"DocumentCurrencyCode>EUR<", b"DocumentCurrencyCode>EURO<").replace(b'"EUR"', b'"EURO"')
    assert wrong != data
    found = receive(wrong)
    assert (found.answer, found.document) == (purchases.Answer.REFUSED, None)
    assert "currency" in found.text
