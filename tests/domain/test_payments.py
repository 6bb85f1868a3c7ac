"""Payments by hand, and what the books bring back: in bulk, twice like once, never over a person's word."""

from datetime import date
from decimal import Decimal

import pytest
from django.contrib.admin.models import LogEntry
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from invoicing import services
from invoicing.models import Payment, SalesDocument
from invoicing.payment_state import MANUAL, PAID, PARTLY_PAID, TOOL, PaymentResult, SettledRow, next_payment_state
from invoicing.services import NotPossible, PaymentWrite, ToolPayment
from tests import factories as f

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
D = Decimal
TODAY = date(2026, 4, 30)
APRIL = date(2026, 4, 2)


def state(document):
    fields = ("payment_state", "paid_source", "paid_amount", "paid_on")
    return SalesDocument.objects.values_list(*fields).get(pk=document.pk)


def write(document, *amounts, on=APRIL, settled=True, prefix="row"):
    """What the engine makes of the tool's rows of a document."""
    stored = SalesDocument.objects.get(pk=document.pk)
    rows = [SettledRow(amount=D(a), settled=settled, settled_on=on) for a in amounts]
    payments = [
        ToolPayment(external_id=f"{prefix}-{document.pk}-{n}", amount=D(a), paid_on=on)
        for n, a in enumerate(amounts)
        if settled
    ]
    result = next_payment_state(stored.payment_state, stored.paid_source, stored.total, rows)
    return PaymentWrite(document_id=document.pk, result=result, payments=tuple(payments))


def apply(*writes, administration=1, today=TODAY):
    return services.apply_payment_results(administration_ref=administration, results=writes, today=today)


# --- by hand -----------------------------------------------------------------------------------------------------


def test_paid_by_hand():
    user = f.UserFactory(username="els")
    document = f.booked_invoice()
    payment = services.mark_paid_by_hand(document=document, on=APRIL, by=user)
    assert state(document) == ("paid", "manual", D("121.00"), APRIL)
    assert (payment.amount, payment.source, payment.entered_by, payment.external_id) == (D("121.00"), MANUAL, "els", "")
    assert (document.payment_state, document.open_amount) == ("paid", 0)
    assert LogEntry.objects.get(user=user).change_message == "Paid by hand: 121.00 EUR on 2026-04-02."
    with pytest.raises(NotPossible, match="2026/0001 is paid already"):
        services.mark_paid_by_hand(document=document, on=APRIL, by=user)
    assert document.payments.count() == 1


def test_paid_by_hand_in_parts():
    document = f.booked_invoice()
    services.mark_paid_by_hand(document=document, on=APRIL, by=None, amount=D("21.00"))
    assert state(document) == ("partly_paid", "manual", D("21.00"), APRIL)
    services.mark_paid_by_hand(document=document, on=TODAY, by=None)
    assert state(document) == ("paid", "manual", D("121.00"), TODAY)
    assert [p.amount for p in document.payments.all()] == [D("21.00"), D("100.00")]


def test_payments_that_cannot_be():
    draft, document = f.draft_invoice(), f.booked_invoice()
    with pytest.raises(NotPossible, match="Book it first"):
        services.mark_paid_by_hand(document=draft, on=APRIL, by=None)
    for amount in (D("0.00"), D("-1")):
        with pytest.raises(NotPossible, match="above zero"):
            services.mark_paid_by_hand(document=document, on=APRIL, by=None, amount=amount)
    with pytest.raises(ValidationError):
        services.mark_paid_by_hand(document=document, on=APRIL, by=None, amount=D("1.005"))
    with pytest.raises(NotPossible, match="by hand"):
        services.undo_manual_payment(document=document, by=None)
    assert (Payment.objects.count(), state(document)) == (0, ("open", "", D(0), None))


def test_taking_back_a_payment_by_hand():
    user = f.UserFactory()
    document = f.booked_invoice()
    services.mark_paid_by_hand(document=document, on=APRIL, by=None)
    services.undo_manual_payment(document=document, by=user)
    assert (state(document), document.payments.count()) == (("open", "", D(0), None), 0)
    assert LogEntry.objects.get(user=user).change_message == "Payment by hand taken back: 121.00 (2026-04-02)."


def test_after_taking_back_the_books_decide():
    document = f.booked_invoice()
    services.mark_paid_by_hand(document=document, on=TODAY, by=None)
    apply(write(document, "21.00"))
    services.undo_manual_payment(document=document, by=None)
    assert state(document) == ("partly_paid", "tool", D("21.00"), APRIL)


def test_taking_back_a_part_by_hand_leaves_what_the_books_said_since():
    document = f.booked_invoice()
    services.mark_paid_by_hand(document=document, on=TODAY, by=None, amount=D("10.00"))
    # A cent less than ours, and all of what stands there: paid.
    result = next_payment_state("partly_paid", "manual", D("120.99"), [SettledRow(amount=D("120.99"), settled=True)])
    payment = ToolPayment(external_id="t-1", amount=D("120.99"), paid_on=APRIL)
    apply(PaymentWrite(document_id=document.pk, result=result, payments=(payment,)))
    assert state(document)[:3] == ("paid", "tool", D("120.99"))
    services.undo_manual_payment(document=document, by=None)
    assert state(document)[:3] == ("paid", "tool", D("120.99"))
    assert [p.amount for p in document.payments.all()] == [D("120.99")]


# --- from the books ----------------------------------------------------------------------------------------------


def test_the_books_say_paid_and_saying_it_twice_changes_nothing():
    document, other = f.booked_invoice(), f.booked_invoice()
    done = apply(write(document, "100.00", "21.00"), write(other, "21.00"))
    assert state(document) == ("paid", "tool", D("121.00"), APRIL)
    assert state(other) == ("partly_paid", "tool", D("21.00"), APRIL)
    assert (done.changed, done.became_paid) == ((document.pk, other.pk), (document.pk,))
    assert done.with_new_payment == (document.pk, other.pk)
    before = list(Payment.objects.values())
    assert [(p["amount"], p["source"], p["administration_ref"]) for p in before] == [
        (D("100.00"), TOOL, 1), (D("21.00"), TOOL, 1), (D("21.00"), TOOL, 1),
    ]  # fmt: skip
    updated = SalesDocument.objects.get(pk=document.pk).updated_at

    again = apply(write(document, "100.00", "21.00"), write(other, "21.00"))
    assert (again.changed, again.became_paid, again.with_new_payment) == ((), (), ())
    assert list(Payment.objects.values()) == before
    assert SalesDocument.objects.get(pk=document.pk).updated_at == updated


def test_a_changed_row_replaces_the_former_and_another_administration_has_its_own():
    document = f.booked_invoice()
    apply(write(document, "20.00"))
    done = apply(write(document, "21.00", "100.00", on=TODAY))
    assert state(document) == ("paid", "tool", D("121.00"), TODAY)
    assert done.with_new_payment == (document.pk,)
    assert [(p.amount, p.paid_on) for p in document.payments.order_by("pk")] == [
        (D("21.00"), TODAY), (D("100.00"), TODAY),
    ]  # fmt: skip
    apply(write(document, "5.00", prefix="row"), administration=2)
    assert document.payments.count() == 3


def test_paid_by_hand_is_not_overwritten_even_by_a_stale_result():
    document = f.booked_invoice()
    stale = write(document, "50.00")
    services.mark_paid_by_hand(document=document, on=TODAY, by=None)
    done = apply(stale)
    assert state(document) == ("paid", "manual", D("121.00"), TODAY)
    assert (done.changed, done.became_paid) == ((), ())
    forged = PaymentResult(state=PAID, source=TOOL, paid_amount=D("121.00"), paid_on=APRIL)
    apply(PaymentWrite(document_id=document.pk, result=forged))
    assert state(document) == ("paid", "manual", D("121.00"), TODAY)


def test_paid_is_not_taken_back_even_by_a_stale_result():
    document = f.booked_invoice()
    stale = write(document, "50.00", prefix="old")
    apply(write(document, "121.00"))
    assert apply(stale).changed == ()
    assert state(document) == ("paid", "tool", D("121.00"), APRIL)
    kept = write(document, "121.00", settled=False)
    assert (kept.result.keep, kept.result.differs) == (True, True)
    assert apply(kept).changed == ()
    assert state(document) == ("paid", "tool", D("121.00"), APRIL)


def test_a_part_the_tool_takes_back_opens_the_document_again():
    document = f.booked_invoice()
    apply(write(document, "21.00"))
    other, kept = f.booked_invoice(), f.booked_invoice()
    apply(write(other, "5.00", prefix="other"), administration=2)
    apply(write(kept, "6.00", prefix="kept"))
    apply(write(document, "21.00", "100.00", settled=False))
    assert state(document) == ("open", "", D("0.00"), None)
    assert sorted(p.amount for p in Payment.objects.all()) == [D("5.00"), D("6.00")]


def test_without_a_date_the_day_of_the_first_pull_stays():
    document = f.booked_invoice()
    apply(write(document, "121.00", on=None))
    assert state(document)[3] == TODAY
    assert apply(write(document, "121.00", on=None), today=date(2026, 5, 1)).changed == ()
    assert state(document)[3] == document.payments.get().paid_on == TODAY


def test_drafts_are_never_paid():
    draft = f.draft_invoice()
    forged = PaymentResult(state=PARTLY_PAID, source=TOOL, paid_amount=D(1), paid_on=APRIL)
    assert apply(PaymentWrite(document_id=draft.pk, result=forged)).changed == ()
    assert state(draft) == ("open", "", D(0), None)


def test_a_constant_number_of_queries_per_batch(django_assert_max_num_queries):
    entity, party = f.EntityFactory(), f.PartyFactory()
    lines = [f.line()]
    ids = f.booked_documents(entity, [f.Plan(party=party, lines=lines) for _ in range(1001)])
    documents = list(SalesDocument.objects.filter(pk__in=ids).order_by("pk"))
    half = [write(d, "121.00") if n % 2 else write(d, "21.00") for n, d in enumerate(documents)]
    # Three batches. Each: savepoint, known rows, upsert (SQLite takes it in five), lock, paid, partly, release.
    with django_assert_max_num_queries(11 + 11 + 6):
        done = apply(*half)
    assert (len(done.changed), len(done.became_paid), len(done.with_new_payment)) == (1001, 500, 1001)
    assert SalesDocument.objects.filter(payment_state="paid", paid_amount=D("121.00")).count() == 500
    assert SalesDocument.objects.filter(payment_state="partly_paid", paid_amount=D("21.00")).count() == 501
    with django_assert_max_num_queries(9 + 9 + 5):
        assert apply(*half).changed == ()


@pytest.mark.parametrize(
    "fields",
    [
        {"source": "tool", "administration_ref": 1, "external_id": ""},
        {"source": "tool", "administration_ref": None, "external_id": "x"},
        {"source": "manual", "administration_ref": 1, "external_id": "x"},
        {"source": "manual", "amount": D("0.00")},
    ],
)
def test_the_database_refuses_a_payment_without_its_key(fields):
    document = f.booked_invoice()
    with pytest.raises(IntegrityError), transaction.atomic():
        Payment.objects.create(**{"document": document, "amount": D(1), "paid_on": APRIL, **fields})
