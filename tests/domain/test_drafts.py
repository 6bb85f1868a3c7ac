"""Drafts: what a new one starts with, crediting an invoice, deleting, and the log of it all."""

from datetime import date
from decimal import Decimal

import pytest
from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError

from invoicing import services
from invoicing.models import (
    CreditNote,
    DocumentDiscount,
    Invoice,
    PaymentTermKind,
    SalesDocument,
    SalesKind,
    SalesLine,
    VatRateVersion,
)
from invoicing.services import BookingRefused, CreditedLine, NotPossible
from tests import factories as f

pytestmark = pytest.mark.django_db
D = Decimal


def log_of(page, pk):
    content_type = ContentType.objects.get_for_model(page, for_concrete_model=False)
    entries = LogEntry.objects.filter(content_type=content_type, object_id=str(pk)).order_by("pk")
    return [(entry.user.username, entry.action_flag, entry.change_message) for entry in entries]


def amounts(document):
    return document.net_total, document.vat_total, document.total


def test_a_new_draft():
    user = f.UserFactory(username="els")
    draft = f.draft_invoice(
        lines=[f.line("10.50", quantity="3", discount="10", account=None)], customer_reference="PO 7", by=user
    )
    stored = SalesDocument.objects.get(pk=draft.pk)
    assert (stored.status, stored.number, stored.sequence, stored.fiscal_year) == ("draft", "", None, None)
    assert amounts(stored) == amounts(draft) == (D("28.35"), D("5.95"), D("34.30"))
    assert (stored.currency, stored.language, stored.customer_reference) == ("EUR", "nl", "PO 7")
    assert stored.due_date == date(2026, 3, 28)
    line = stored.lines.get()
    assert (line.position, line.net, line.description) == (1, D("28.35"), "Work")
    assert log_of(Invoice, draft.pk) == [("els", ADDITION, "Draft made.")]


@pytest.mark.parametrize("field", ["party", "entity", "default"])
def test_the_payment_term_comes_from_the_party_then_the_entity_then_the_default(field):
    terms = {
        name: f.PaymentTermFactory(code=name, days=days)
        for name, days in (("party", 7), ("entity", 21), ("default", 60))
    }
    terms["default"].is_default = True
    terms["default"].save()
    party = f.PartyFactory(payment_term=terms["party"] if field == "party" else None)
    entity = f.EntityFactory(default_payment_term=terms["entity"] if field in ("party", "entity") else None)
    draft = f.draft_invoice(party=party, entity=entity)
    assert draft.payment_term == terms[field]
    assert (
        draft.due_date == {"party": date(2026, 3, 21), "entity": date(2026, 4, 4), "default": date(2026, 5, 13)}[field]
    )
    own = f.PaymentTermFactory(code="own", kind=PaymentTermKind.CASH)
    assert f.draft_invoice(party=party, entity=entity, payment_term=own).due_date == date(2026, 3, 14)


def test_a_due_date_by_hand_holds_without_a_term():
    draft = f.draft_invoice()
    draft.due_date = date(2026, 6, 1)
    draft.save()
    services.recalculate(document=draft)
    assert draft.due_date == date(2026, 6, 1)
    draft.payment_term = f.PaymentTermFactory()
    draft.save()
    assert services.recalculate(document=draft).due_date == date(2026, 4, 13)


def test_an_impossible_line_leaves_no_draft_behind():
    with pytest.raises(ValidationError):
        f.draft_invoice(lines=[f.line("10"), f.line("10", discount="101")])
    with pytest.raises(ValidationError):
        f.draft_invoice(discounts=["100.01"])
    with pytest.raises(ValidationError, match="too large"):
        f.draft_invoice(lines=[f.line("999999999.99", quantity="1000"), f.line("10.00")])
    assert (SalesDocument.objects.count(), LogEntry.objects.count()) == (0, 0)


def test_recalculate_follows_what_a_page_saved():
    draft = f.draft_invoice(lines=[f.line("100"), f.line("100", code="6")])
    line = draft.lines.get(position=1)
    line.quantity = D(3)
    line.save()
    draft.lines.filter(position=2).delete()
    DocumentDiscount.objects.create(document=draft, position=1, percentage=D("2.5"))
    services.recalculate(document=draft)
    assert amounts(draft) == amounts(SalesDocument.objects.get(pk=draft.pk)) == (D("292.50"), D("61.43"), D("353.93"))
    assert [(t.vat_rate.rate.code, t.base) for t in draft.vat_totals.all()] == [("21", D("292.50"))]
    assert draft.lines.get().net == D("300.00")


def test_recalculating_twice_writes_nothing_new():
    draft = f.draft_invoice(lines=[f.line("100"), f.line("100", code="6")], discounts=["3"])
    before = [list(draft.lines.values()), list(draft.vat_totals.values()), amounts(draft)]
    services.recalculate(document=draft)
    assert [list(draft.lines.values()), list(draft.vat_totals.values()), amounts(draft)] == before


def test_deleting_a_draft():
    user = f.UserFactory(username="els")
    draft = f.draft_invoice(discounts=["3"])
    pk = draft.pk
    services.delete_draft(document=draft, by=user)
    assert (SalesDocument.objects.count(), SalesLine.objects.count()) == (0, 0)
    assert log_of(Invoice, pk)[-1] == ("els", DELETION, "Draft deleted.")


# --- credit notes ------------------------------------------------------------------------------------------------


@pytest.fixture
def invoice():
    return f.booked_invoice(
        lines=[f.line("33.33", quantity="3"), f.line("10.01", code="6", quantity="2", discount="5"), f.line("-5")],
        discounts=["10", "2.5"],
        currency="USD",
        exchange_rate=D("0.92"),
    )


def test_a_full_credit_has_the_totals_of_the_invoice_to_the_cent(invoice):
    user = f.UserFactory(username="els")
    credit = services.credit_invoice(invoice=invoice, by=user, day=date(2026, 4, 1))
    assert amounts(credit) == amounts(invoice)
    assert (credit.kind, credit.status, credit.date) == ("credit_note", "draft", date(2026, 4, 1))
    assert (credit.credited_invoice_id, credit.party_id, credit.currency, credit.exchange_rate) == (
        invoice.pk, invoice.party_id, "USD", D("0.92"),
    )  # fmt: skip
    shown = ("description", "quantity", "unit_price", "discount", "vat_rate_id", "ledger_account_id", "net", "position")
    assert list(credit.lines.values(*shown)) == list(invoice.lines.values(*shown))
    per_rate = ("vat_rate_id", "lines_net", "discount", "base", "vat")
    assert list(credit.vat_totals.values(*per_rate)) == list(invoice.vat_totals.values(*per_rate))
    booked = services.book(document=credit, by=user)
    assert (booked.number, amounts(booked)) == ("C2026/0001", amounts(invoice))
    assert log_of(CreditNote, credit.pk) == [
        ("els", ADDITION, "Draft made to credit 2026/0001."),
        ("els", CHANGE, "Booked as C2026/0001."),
    ]


def test_a_partial_credit(invoice):
    first, second, _ = invoice.lines.all()
    chosen = [CreditedLine(line=second, quantity=D(1)), CreditedLine(line=first, quantity=D("0.5"))]
    credit = services.credit_invoice(invoice=invoice, by=None, lines=chosen)
    # 9.51 - .95 - .21 = 8.35, VAT .50; 16.67 - 1.67 - .38 = 14.62 (0.375 up), VAT 3.07
    assert [(line.position, line.net) for line in credit.lines.all()] == [(1, D("9.51")), (2, D("16.67"))]
    assert amounts(credit) == (D("22.97"), D("3.57"), D("26.54"))


def test_no_more_is_credited_than_was_invoiced(invoice):
    first = invoice.lines.first()
    services.book(
        document=services.credit_invoice(invoice=invoice, by=None, lines=[CreditedLine(line=first, quantity=D(1))]),
        by=None,
    )
    full = services.credit_invoice(invoice=invoice, by=None)
    with pytest.raises(
        BookingRefused, match=r"More would be credited than the 118\.54 USD of 2026/0001\. Lower the lines"
    ) as refused:
        services.book(document=full, by=None)
    assert [problem.code for problem in refused.value.problems] == ["credited-too-much"]


@pytest.mark.parametrize("quantity", ["3.0001", "-1", "0"])
def test_a_quantity_that_was_not_invoiced(invoice, quantity):
    lines = [CreditedLine(line=invoice.lines.first(), quantity=D(quantity))]
    with pytest.raises(NotPossible, match="was invoiced 3 times"):
        services.credit_invoice(invoice=invoice, by=None, lines=lines)


def test_lines_of_others_twice_or_none(invoice):
    first = invoice.lines.first()
    stranger = f.booked_invoice().lines.first()
    for lines in (
        [CreditedLine(line=stranger, quantity=D(1))],
        [CreditedLine(line=first, quantity=D(1)), CreditedLine(line=first, quantity=D(1))],
        [],
    ):
        with pytest.raises(NotPossible):
            services.credit_invoice(invoice=invoice, by=None, lines=lines)
    assert not SalesDocument.objects.filter(kind=SalesKind.CREDIT_NOTE).exists()


def test_what_cannot_be_credited(invoice):
    negative = f.booked_invoice(lines=[f.line("-1")])
    credit = services.book(document=services.credit_invoice(invoice=invoice, by=None), by=None)
    for document in (f.draft_invoice(), credit, negative):
        with pytest.raises(NotPossible):
            services.credit_invoice(invoice=document, by=None)


def test_a_credit_note_takes_back_the_vat_of_then():
    old = f.vat_rate("6")
    invoice = f.booked_invoice(day=date(2026, 2, 28), lines=[f.line(code="6")])
    VatRateVersion.objects.filter(pk=old.pk).update(valid_to=date(2026, 2, 28))
    credit = services.credit_invoice(invoice=invoice, by=None, day=date(2026, 3, 10))
    assert services.book(document=credit, by=None).vat_total == D("6.00")


def test_a_loose_credit_note_may_be_booked_and_a_wrong_link_not(invoice):
    assert f.booked_credit_note().number == "C2026/0001"
    codes = {}
    for name, fields in {
        "invoice that credits": {"kind": SalesKind.INVOICE, "credited_invoice": invoice},
        "another entity": {"kind": SalesKind.CREDIT_NOTE, "credited_invoice": invoice, "currency": "USD"},
        "a draft": {"kind": SalesKind.CREDIT_NOTE, "credited_invoice": f.draft_invoice(), "currency": "USD"},
    }.items():
        with pytest.raises(BookingRefused) as refused:
            f.booked_invoice(exchange_rate=D("0.5") if "currency" in fields else D(1), **fields)
        codes[name] = [problem.code for problem in refused.value.problems]
    assert all(found == ["credited-invoice"] for found in codes.values()), codes
