"""Suppliers, bank accounts, proposals and decisions."""

from datetime import date
from decimal import Decimal

import pytest
from django.contrib.admin.models import LogEntry
from django.utils import timezone

from crm.models import Company
from invoicing.errors import NotPossible
from invoicing.models import PurchaseDocument, PurchaseKind, ReviewState, VatRate, VatRateVersion
from invoicing.services import purchases
from invoicing.services.purchases import ApprovalRefused, LineChoice, Ticks
from tests import factories
from tests.purchases.ubl import IBAN, OTHER_IBAN, PDF, SUPPLIER, ubl

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


def codes(document):
    return [problem.code for problem in purchases.problems_of(document)]


# --- Who it is from ---


@pytest.mark.parametrize(
    ("known", "by"),
    [
        ({"peppol_id": f"0208:{SUPPLIER[2:]}"}, "endpoint"),
        ({"vat_number": SUPPLIER}, "vat"),
        ({"enterprise_number": SUPPLIER[2:]}, "enterprise"),
        ({"iban": IBAN, "is_supplier": True}, "iban"),
    ],
)
def test_a_supplier_is_known_by_each_number(expense, known, by):
    blank = {"vat_number": "", "enterprise_number": "", "peppol_id": "", "iban": ""}
    party = factories.CompanyFactory(**{**blank, **known})
    document = expense()
    assert (document.supplier_id, document.matched_by) == (party.pk, by)


def test_a_name_proposes_and_never_decides(expense):
    party = factories.CompanyFactory(name="Hoste Energie NV")
    document = expense()
    assert document.supplier is None
    assert [found.pk for found in purchases.proposed_suppliers(document)] == [party.pk]
    assert codes(document) == ["no-supplier"]
    purchases.assign_supplier(document=document, party=party, by=None)
    document.refresh_from_db()
    assert (document.supplier_id, document.matched_by) == (party.pk, "person")


def test_two_with_one_number_leave_it_to_a_person_and_the_only_supplier_wins(expense):
    first, second = (factories.CompanyFactory(vat_number=SUPPLIER, is_supplier=False) for _ in range(2))
    assert expense().supplier is None
    second.is_supplier = True
    second.save()
    assert expense(number="2").supplier_id == second.pk
    assert first.pk != second.pk


def test_an_account_of_another_company_names_nobody(expense):
    factories.CompanyFactory(iban=IBAN, is_supplier=True)
    assert expense().supplier is None


def test_a_binned_supplier_is_not_taken(expense, supplier):
    supplier.deleted_at = timezone.now()
    supplier.save()
    assert expense().supplier is None


def test_a_supplier_is_made_from_the_document(expense):
    document = purchases.create_supplier(document=expense(), by=None)
    made = Company.objects.get(name="Hoste Energie NV")
    assert document.supplier_id == made.pk
    assert (made.vat_number, made.iban, made.city, made.peppol_id, made.is_supplier, made.is_customer) == (
        SUPPLIER, IBAN, "Leuvendaal", f"0208:{SUPPLIER[2:]}", True, False,
    )  # fmt: skip
    assert codes(document) == []
    with pytest.raises(NotPossible):
        purchases.create_supplier(document=document, by=None)
    assert Company.objects.filter(name="Hoste Energie NV").count() == 1


def test_a_supplier_that_is_made_is_known_to_the_other_documents_of_that_sender(expense):
    first, second = expense(number="1"), expense(number="2")
    other = expense(number="3", supplier_vat=factories.vat_number_be(900_555))
    made = purchases.create_supplier(document=first, by=None).supplier
    for document, party in ((second, made), (other, None)):
        document.refresh_from_db()
        assert document.supplier == party
    assert second.matched_by == "endpoint"
    with pytest.raises(NotPossible, match="already"):
        purchases.create_supplier(document=second, by=None)
    assert Company.objects.filter(vat_number=SUPPLIER).count() == 1


def test_a_supplier_that_somebody_made_meanwhile_is_taken_and_not_made_again(expense):
    first, second = expense(number="1"), expense(number="2")
    party = factories.CompanyFactory(vat_number=SUPPLIER, peppol_id="", is_supplier=True)
    found = purchases.create_supplier(document=first, by=None)
    second.refresh_from_db()
    assert (found.supplier_id, second.supplier_id, second.matched_by) == (party.pk, party.pk, "vat")
    assert Company.objects.filter(vat_number=SUPPLIER).count() == 1


# --- Its bank account ---


def test_another_bank_account_stops_until_a_person_says_to_have_checked_that_one(expense, supplier):
    document = expense(iban=OTHER_IBAN)
    assert (document.iban_changed, document.known_iban) == (True, IBAN)
    for ticks in (Ticks(), Ticks(iban=IBAN), Ticks(iban="on")):
        with pytest.raises(ApprovalRefused) as refused:
            purchases.approve(document=document, by=None, ticks=ticks)
        assert [problem.code for problem in refused.value.problems] == ["iban"]
    staff = factories.UserFactory(username="lotte")
    document = purchases.approve(document=document, by=staff, ticks=Ticks(iban=OTHER_IBAN))
    assert (document.iban_checked_by, document.reviews.get().checked_iban) == ("lotte", OTHER_IBAN)
    assert f"New bank account {OTHER_IBAN} checked" in LogEntry.objects.filter(user=staff).latest("pk").change_message
    # From now on it is known.
    assert not expense(number="next", iban=OTHER_IBAN).iban_changed


def test_a_new_account_behind_the_known_one_is_seen(entity, receive, supplier):
    data = ubl(buyer_vat=entity.vat_number).decode()
    means = data[data.index("<cac:PaymentMeans>") : data.index("</cac:PaymentMeans>") + len("</cac:PaymentMeans>")]
    document = receive(data.replace(means, means + means.replace(IBAN, OTHER_IBAN)).encode()).document
    assert (document.iban_changed, document.iban, document.known_iban) == (True, OTHER_IBAN, IBAN)
    assert codes(document) == ["iban"]


def test_what_is_pending_or_refused_makes_no_account_known(expense, supplier):
    first = expense(number="1", iban=OTHER_IBAN)
    assert expense(number="2", iban=OTHER_IBAN).iban_changed
    purchases.refuse(document=first, reason="Fraud", by=None)
    third = expense(number="3", iban=OTHER_IBAN)
    assert third.iban_changed
    assert purchases.account_of(third) == purchases.BankAccount(unknown=(OTHER_IBAN,), known=IBAN)


def test_the_first_account_of_a_supplier_is_no_change(expense):
    factories.CompanyFactory(vat_number=SUPPLIER, iban="")
    assert not expense().iban_changed


def test_a_supplier_that_a_person_chooses_is_compared_as_well(expense):
    party = factories.CompanyFactory(iban=OTHER_IBAN)
    document = purchases.assign_supplier(document=expense(), party=party, by=None)
    assert (document.iban_changed, document.known_iban) == (True, OTHER_IBAN)


# --- Where it is booked ---


def test_accounts_are_proposed_as_the_suppliers_last_ones_then_per_vat_rate(expense, supplier, account):
    software = factories.LedgerAccountFactory(entity=account.entity, code="613000", name="Software", kind="cost")
    first = expense(number="1", day=date(2026, 10, 12))
    power, network = first.lines.all()
    assert power.ledger_account is None
    assert power.vat_rate.code == "21"
    choices = {
        power.pk: LineChoice(account=account, vat_rate=power.vat_rate),
        network.pk: LineChoice(account=software, vat_rate=network.vat_rate),
    }
    purchases.approve(document=first, by=None, lines=choices)
    second = expense(number="2", lines=(("Electricity", "10", "21"), ("Network costs", "5", "21"), ("Tea", "5", "6")))
    found = [(line.ledger_account_id, line.proposal.get("by")) for line in second.lines.all()]
    assert found == [(account.pk, "supplier"), (software.pk, "supplier"), (None, None)]
    # What one or two suppliers get is nobody else's habit yet.
    by = []
    for n in range(3):
        stranger = expense(
            supplier_vat=factories.vat_number_be(900_555), number=f"s{n}", lines=(("Other", "10", "21"),)
        )
        by.append(stranger.lines.get().proposal.get("by"))
        more = expense(number=f"more {n}")
        purchases.approve(document=more, by=None)
    assert by == [None, None, "vat"]


def test_an_account_that_was_switched_off_is_not_proposed(expense, supplier, account):
    first = expense(number="1")
    purchases.approve(
        document=first, by=None, lines={row.pk: LineChoice(account=account, vat_rate=None) for row in first.lines.all()}
    )
    account.active = False
    account.save()
    assert {line.ledger_account_id for line in expense(number="2").lines.all()} == {None}


def test_an_account_of_another_entity_is_refused_whole(expense, supplier):
    other = factories.LedgerAccountFactory(kind="cost")
    document = expense()
    line = document.lines.first()
    with pytest.raises(NotPossible):
        purchases.approve(document=document, by=None, lines={line.pk: LineChoice(account=other, vat_rate=None)})
    document.refresh_from_db()
    assert document.is_pending


def test_taking_in_costs_the_same_number_of_queries_whatever_the_lines(
    entity, supplier, receive, django_assert_max_num_queries
):
    many = tuple((f"Item {n}", "1.00", "21") for n in range(300))
    receive(number="0")  # content types are looked up once
    with django_assert_max_num_queries(32):
        receive(number="1")
    with django_assert_max_num_queries(32):
        receive(number="2", lines=many)


# --- Deciding ---


def test_a_decision_is_made_once_and_kept_in_the_history(expense, supplier):
    supplier.is_supplier = False
    supplier.save()
    document = expense()
    staff = factories.UserFactory(username="lotte")
    purchases.approve(document=document, by=staff)
    for decide in (
        lambda: purchases.approve(document=document, by=None),
        lambda: purchases.refuse(document=document, reason="late", by=None),
        lambda: purchases.assign_supplier(document=document, party=supplier, by=None),
        lambda: purchases.reopen(document=document, by=None),
    ):
        with pytest.raises(NotPossible):
            decide()
    document.refresh_from_db()
    assert (document.review, document.reviewed_by, document.reviews.count()) == (ReviewState.APPROVED, "lotte", 1)
    supplier.refresh_from_db()
    assert supplier.is_supplier
    assert list(PurchaseDocument.objects.for_connector()) == [document]


def test_refusing_asks_for_a_reason_and_is_taken_back(expense):
    document = expense()
    with pytest.raises(NotPossible):
        purchases.refuse(document=document, reason="  ", by=None)
    purchases.refuse(document=document, reason="Not ordered", by=None)
    document = purchases.reopen(document=document, by=None)
    assert (document.review, document.refusal_reason) == (ReviewState.PENDING, "")
    assert [row.state for row in document.reviews.all()] == ["pending", "refused"]


def test_a_duplicate_needs_a_tick(expense, supplier):
    first = expense()
    second = expense(note="again")
    assert codes(second) == ["duplicate"]
    with pytest.raises(ApprovalRefused):
        purchases.approve(document=second, by=None)
    purchases.refuse(document=first, reason="The second is the right one", by=None)
    assert codes(second) == []
    third = expense(note="once more")
    purchases.approve(document=third, by=None, ticks=Ticks(not_a_duplicate=True))
    assert codes(second) == ["duplicate"]


def typed(entity, **fields):
    return purchases.TypedPurchase(**{
        "kind": PurchaseKind.RECEIPT, "entity": entity, "supplier": None, "supplier_name": "Shop", "number": "",
        "date": date(2026, 11, 10), "due_date": None, "currency": "EUR", "description": "Bread",
        "total": Decimal("10.60"), "vat": Decimal("0.60"), "vat_rate": factories.vat_rate("6"),
        "ledger_account": None, **fields,
    })  # fmt: skip


@pytest.mark.parametrize("kind", ["invoice", "receipt"])
def test_a_paper_copy_of_a_peppol_document_is_noticed(entity, expense, supplier, kind):
    first = expense()
    paper = purchases.save_typed(
        typed=typed(entity, kind=kind, supplier=supplier, number="inv-88213", total=first.total), by=None
    )
    assert codes(paper) == ["duplicate"]
    without_number = purchases.save_typed(typed=typed(entity, kind=kind, supplier=supplier, total=first.total), by=None)
    assert codes(without_number) == ["duplicate"]
    assert codes(first) == ["duplicate"]
    purchases.refuse(document=paper, reason="twice", by=None)
    purchases.refuse(document=without_number, reason="twice", by=None)
    credit = purchases.save_typed(
        typed=typed(entity, kind="credit_note", supplier=supplier, total=first.total), by=None
    )
    assert (codes(credit), codes(first)) == ([], [])


def test_a_rate_that_was_typed_stays_although_another_has_its_percentage(entity, account):
    wanted = factories.vat_rate("6")
    other = VatRate.objects.create(country="BE", code="6B", name="Books", category="S")
    VatRateVersion.objects.create(rate=other, percentage=6, valid_from="2020-01-01")
    before = purchases.save_typed(typed=typed(entity, vat_rate=wanted, ledger_account=account), by=None)
    purchases.approve(document=before, by=None)
    changed = typed(
        entity, vat_rate=VatRateVersion.objects.get(rate=other), total=Decimal("21.20"), vat=Decimal("1.20")
    )
    made = purchases.save_typed(typed=changed, by=None)
    line = made.lines.get()
    assert (line.vat_rate, line.ledger_account) == (other, account)


def test_a_typed_receipt_never_goes_through_a_connection(entity):
    receipt = purchases.save_typed(typed=typed(entity), by=None, file=("bon.pdf", PDF))
    purchases.approve(document=receipt, by=None)
    assert list(PurchaseDocument.objects.for_connector()) == []
    assert (receipt.net_total, receipt.lines.get().vat_rate.code) == (Decimal("10.00"), "6")
    with pytest.raises(NotPossible):
        purchases.save_typed(typed=typed(entity, total=Decimal("1.00"), vat=Decimal(0)), by=None, document=receipt)


def test_a_peppol_document_is_not_typed_over(entity, expense):
    document = expense()
    with pytest.raises(NotPossible):
        purchases.save_typed(typed=typed(entity), by=None, document=document)
    document.refresh_from_db()
    assert document.total == Decimal("1204.89")


@pytest.mark.parametrize("data", [b"<svg/>", b"MZ\x90", b"", b"PK\x03\x04"])
def test_only_papers_and_pictures_are_attached(entity, data):
    with pytest.raises(NotPossible):
        purchases.save_typed(typed=typed(entity), by=None, file=("a.pdf", data))
    assert not PurchaseDocument.objects.exists()


def test_many_are_approved_and_what_needs_a_look_is_left(expense, supplier):
    fine, changed = expense(number="1"), expense(number="2", iban=OTHER_IBAN)
    outcomes = purchases.approve_many(documents=[fine, changed], by=None)
    assert [outcome.is_approved for outcome in outcomes] == [True, False]
    changed.refresh_from_db()
    assert changed.is_pending


def test_the_next_one_is_the_one_that_came_after_then_the_first(expense, supplier):
    first, second, third = (expense(number=str(n)) for n in range(3))
    assert purchases.next_to_approve() == first
    assert purchases.next_to_approve(after=second) == third
    assert purchases.next_to_approve(after=third) == first
    for document in (first, second):
        purchases.approve(document=document, by=None)
    assert purchases.next_to_approve(after=third) is None


def test_a_merge_of_two_suppliers_takes_their_expenses_along_and_back(expense, supplier):
    from crm import merging

    other = factories.CompanyFactory(vat_number="", enterprise_number="", is_supplier=True)
    document = purchases.assign_supplier(
        document=expense(supplier_vat=factories.vat_number_be(9)), party=other, by=None
    )
    merge = merging.merge(winner=supplier, loser=other, by=None)
    document.refresh_from_db()
    assert document.supplier_id == supplier.pk
    merging.undo(merge=merge, by=None)
    document.refresh_from_db()
    assert document.supplier_id == other.pk


# --- Rules that the document breaks ---


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        (b'currencyID="EUR"', b'currencyID="USD"', "PEPPOL-EN16931-R051"),
        (b'TaxExclusiveAmount currencyID="EUR">995.78', b'TaxExclusiveAmount currencyID="EUR">895.78', "BR-CO-13"),
    ],
)
def test_a_broken_rule_asks_for_a_look_and_bulk_approval_leaves_it(entity, receive, supplier, old, new, code):
    data = ubl(buyer_vat=entity.vat_number)
    assert old in data
    document = receive(data.replace(old, new)).document
    assert code in {row["code"] for row in document.findings if row["level"] == "error"}
    assert codes(document) == ["findings"]
    (left,) = purchases.approve_many(documents=[document], by=None)
    assert [problem.code for problem in left.problems] == ["findings"]
    document.refresh_from_db()
    assert document.is_pending
    purchases.approve(document=document, by=None, ticks=Ticks(findings=True))
    assert "rules of e-invoices are broken" in LogEntry.objects.latest("pk").change_message


def test_a_broken_rule_that_is_formal_asks_nothing(entity, receive, supplier):
    data = ubl(buyer_vat=entity.vat_number)
    assert b' unitCode="C62"' in data
    document = receive(data.replace(b' unitCode="C62"', b"")).document
    assert {row["code"] for row in document.findings if row["level"] == "error"} == {"BR-23"}
    assert codes(document) == []
    (done,) = purchases.approve_many(documents=[document], by=None)
    assert done.is_approved
    assert "rules of e-invoices" not in LogEntry.objects.latest("pk").change_message


def test_a_rule_that_nobody_knows_asks_beside_a_formal_one(expense, supplier):
    document = expense()
    document.findings = [
        {"code": code, "level": "error", "text": "x", "place": ""} for code in ("BR-23", "XX-R-001", "more")
    ]
    document.save()
    (problem,) = purchases.problems_of(document)
    assert problem.code == "findings"
    assert problem.text.startswith("2 rules")
