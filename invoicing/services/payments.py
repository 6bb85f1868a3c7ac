"""Payments by hand, and the payment state that the books bring back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Case, CharField, DateField, DecimalField, F, Field, Q, Value, When
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.audit import actor_name

from ..errors import NotPossible
from ..models import Payment, PaymentSource, PaymentState, SalesDocument
from ..payment_state import PaymentResult, SettledRow, next_payment_state
from . import contents
from .log import log_document

BATCH = 500
_PAID_BY_HAND = Q(payment_state=PaymentState.PAID, paid_source=PaymentSource.MANUAL)


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolPayment:
    """A settled row of the tool; `external_id` is unique in its administration."""

    external_id: str
    amount: Decimal
    paid_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentWrite:
    """What the books say about one document: the state that follows, and the payments behind it."""

    document_id: int
    result: PaymentResult
    payments: tuple[ToolPayment, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class AppliedPayments:
    """Ids of documents: whose state or amount changed, which became paid now, and which have a first-seen payment."""

    changed: tuple[int, ...] = ()
    became_paid: tuple[int, ...] = ()
    with_new_payment: tuple[int, ...] = ()


@transaction.atomic
def mark_paid_by_hand(
    *, document: SalesDocument, on: date, by: AbstractBaseUser | None, amount: Decimal | None = None
) -> Payment:
    """Enter a payment by hand: what is open, or `amount`; one transaction, logged, never sent to a tool.

    NotPossible: a draft, paid already, or an amount that is not above zero.
    """
    stored = contents.locked(document)
    if not stored.is_booked:
        raise NotPossible(_("A draft cannot be paid. Book it first."))
    if stored.payment_state == PaymentState.PAID:
        raise NotPossible(_("%(document)s is paid already.") % {"document": stored})
    received = stored.open_amount if amount is None else amount
    if received <= 0:
        raise NotPossible(_("Enter an amount above zero."))
    payment = Payment(
        document=SalesDocument.objects.get(pk=stored.pk),
        amount=received,
        paid_on=on,
        source=PaymentSource.MANUAL,
        entered_by=actor_name(by)[:150],
    )
    payment.full_clean()
    payment.save()
    paid = stored.paid_amount + received
    is_paid = paid >= abs(stored.total)
    _set_state(
        stored,
        state=PaymentState.PAID if is_paid else PaymentState.PARTLY_PAID,
        amount=paid,
        on=on,
        source=PaymentSource.MANUAL,
    )
    names = {"amount": received, "currency": stored.currency, "date": on}
    log_document(document=stored, by=by, message=_("Paid by hand: %(amount)s %(currency)s on %(date)s.") % names)
    _copy_state(stored, document)
    return payment


@transaction.atomic
def undo_manual_payment(*, document: SalesDocument, by: AbstractBaseUser | None) -> SalesDocument:
    """Take back what was entered by hand; the payments from the books then decide. Logged.

    A state that came from the books counts nothing by hand and stays.
    NotPossible: nothing was entered by hand.
    """
    stored = contents.locked(document)
    removed = list(stored.payments.filter(source=PaymentSource.MANUAL).order_by("pk"))
    if not removed:
        raise NotPossible(_("No payment of %(document)s was entered by hand.") % {"document": stored})
    stored.payments.filter(pk__in=[payment.pk for payment in removed]).delete()
    if stored.paid_source != PaymentSource.TOOL:
        rest = [SettledRow(amount=p.amount, settled=True, settled_on=p.paid_on) for p in stored.payments.all()]
        result = next_payment_state(PaymentState.OPEN, "", stored.total, rest)
        _set_state(stored, state=result.state, amount=result.paid_amount, on=result.paid_on, source=result.source)
    amounts = ", ".join(f"{payment.amount} ({payment.paid_on})" for payment in removed)
    log_document(document=stored, by=by, message=_("Payment by hand taken back: %(amounts)s.") % {"amounts": amounts})
    _copy_state(stored, document)
    return document


def apply_payment_results(*, administration_ref: int, results: Sequence[PaymentWrite], today: date) -> AppliedPayments:
    """Write what the books say about payments; a transaction and a constant number of queries per 500 documents.

    Payments are made or changed by (administration, external id). A state is written only where it is not
    `keep` and, checked again in the update itself, never over a "paid" by hand and never back from paid. Applying
    the same results twice changes nothing the second time. `today` is the paid date where the tool gives none.
    """
    changed: list[int] = []
    became_paid: list[int] = []
    new: list[int] = []
    for batch in _batches(results):
        with transaction.atomic():
            new += _store_payments(administration_ref, batch, today)
            batch_changed, batch_paid = _store_states(batch, today)
        changed += batch_changed
        became_paid += batch_paid
    return AppliedPayments(changed=tuple(changed), became_paid=tuple(became_paid), with_new_payment=tuple(new))


def _batches(results: Sequence[PaymentWrite]) -> Iterator[Sequence[PaymentWrite]]:
    for start in range(0, len(results), BATCH):
        yield results[start : start + BATCH]


def _store_payments(administration_ref: int, batch: Sequence[PaymentWrite], today: date) -> list[int]:
    """Upsert the payments of a batch; returns the documents that have one we never saw."""
    # A part that is open again, or a row that is gone over there, is no payment any more. Where "paid" is kept
    # against the tool's word, what led to it is kept too.
    present = {payment.external_id for write in batch for payment in write.payments}
    followed = [w.document_id for w in batch if not (w.result.keep and w.result.source == PaymentSource.TOOL)]
    Payment.objects.filter(
        administration_ref=administration_ref, source=PaymentSource.TOOL, document__in=followed
    ).exclude(external_id__in=present).delete()
    rows = {
        payment.external_id: Payment(
            document_id=write.document_id,
            amount=payment.amount,
            paid_on=payment.paid_on or today,
            source=PaymentSource.TOOL,
            external_id=payment.external_id,
            administration_ref=administration_ref,
        )
        for write in batch
        for payment in write.payments
        if payment.amount > 0
    }
    if not rows:
        return []
    ours = Payment.objects.filter(administration_ref=administration_ref, external_id__in=rows)
    known = dict(ours.values_list("external_id", "paid_on"))
    dated = {payment.external_id for write in batch for payment in write.payments if payment.paid_on is not None}
    for external_id, row in rows.items():
        # The day of the first pull stays, also when a later pull still gives no date.
        if external_id in known and external_id not in dated:
            row.paid_on = known[external_id]
    Payment.objects.bulk_create(
        rows.values(),
        update_conflicts=True,
        unique_fields=["administration_ref", "external_id"],
        update_fields=["document", "amount", "paid_on"],
    )
    return list(dict.fromkeys(row.document_id for key, row in rows.items() if key not in known))


def _store_states(batch: Sequence[PaymentWrite], today: date) -> tuple[list[int], list[int]]:
    """Update the states of a batch; returns the documents that changed and those that became paid."""
    wanted = {write.document_id: write.result for write in batch if not write.result.keep}
    documents = SalesDocument.objects.booked().exclude(_PAID_BY_HAND).order_by("pk")
    before: dict[int, dict[str, Any]] = {
        row["pk"]: dict(row)
        for row in documents.select_for_update()
        .filter(pk__in=wanted)
        .values("pk", "payment_state", "paid_source", "paid_amount", "paid_on")
    }
    changes: dict[int, dict[str, Any]] = {}
    for pk, row in before.items():
        after = _columns(wanted[pk], row, today)
        is_taken_back = row["payment_state"] == PaymentState.PAID and after["payment_state"] != PaymentState.PAID
        if not is_taken_back and any(row[column] != value for column, value in after.items()):
            changes[pk] = after
    if not changes:
        return [], []
    paid = [pk for pk, after in changes.items() if after["payment_state"] == PaymentState.PAID]
    unpaid = [pk for pk in changes if pk not in set(paid)]
    if paid:
        documents.filter(pk__in=paid).update(**_cases(paid, changes))
    if unpaid:
        documents.filter(pk__in=unpaid).exclude(payment_state=PaymentState.PAID).update(**_cases(unpaid, changes))
    became_paid = [pk for pk in paid if before[pk]["payment_state"] != PaymentState.PAID]
    return sorted(changes), became_paid


def _columns(result: PaymentResult, before: Mapping[str, Any], today: date) -> dict[str, Any]:
    paid_on = result.paid_on
    if paid_on is None and result.state != PaymentState.OPEN:
        paid_on = before["paid_on"] or today
    return {
        "payment_state": result.state,
        "paid_source": result.source,
        "paid_amount": result.paid_amount,
        "paid_on": paid_on,
    }


def _cases(pks: list[int], changes: dict[int, dict[str, Any]]) -> dict[str, Any]:
    """One value per document and column, for a single update."""
    columns: dict[str, Field[Any, Any]] = {
        "payment_state": CharField(),
        "paid_source": CharField(),
        "paid_amount": DecimalField(max_digits=14, decimal_places=2),
        "paid_on": DateField(null=True),
    }
    values: dict[str, Any] = {"updated_at": timezone.now()}
    for column, field in columns.items():
        whens = [When(pk=pk, then=Value(changes[pk][column], output_field=field)) for pk in pks]
        values[column] = Case(*whens, default=F(column), output_field=field)
    return values


def _set_state(document: SalesDocument, *, state: str, amount: Decimal, on: date | None, source: str) -> None:
    """Write the payment columns of one document that the caller holds."""
    document.payment_state = state
    document.paid_amount = amount
    document.paid_on = on
    document.paid_source = source
    document.save(update_fields=["payment_state", "paid_amount", "paid_on", "paid_source", "updated_at"])


def _copy_state(source: SalesDocument, target: SalesDocument) -> None:
    for field in ("payment_state", "paid_amount", "paid_on", "paid_source", "updated_at"):
        setattr(target, field, getattr(source, field))
