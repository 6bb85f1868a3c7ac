"""The payment state of purchases, as the books bring it back. Nothing here is ever sent to a tool."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db import transaction
from django.db.models import QuerySet

from ...models import PurchaseDocument, PurchasePayment
from ...payment_state import ZERO
from ..payments import AppliedPayments, PaymentWrite

_BATCH = 500
_COLUMNS = ["payment_state", "paid_amount", "paid_on"]


def open_booked(booked: QuerySet[Any]) -> int:
    """Call purchases open that stand in the books and of which no payment is known; returns how many."""
    unknown = PurchaseDocument.objects.filter(pk__in=booked, payment_state=PurchasePayment.UNKNOWN)
    return unknown.update(payment_state=PurchasePayment.OPEN)


def apply_purchase_results(*, results: Sequence[PaymentWrite], today: date) -> AppliedPayments:
    """Write what the books say about purchases; a transaction and two queries per 500 documents.

    "Paid" is never taken back. `today` is the paid date where the tool gives none; the day of the first pull stays.
    Twice has the effect of once.
    """
    changed: list[int] = []
    became_paid: list[int] = []
    with_more: list[int] = []
    for start in range(0, len(results), _BATCH):
        wanted = {write.document_id: write.result for write in results[start : start + _BATCH] if not write.result.keep}
        if not wanted:
            continue
        with transaction.atomic():
            documents = PurchaseDocument.objects.select_for_update().filter(pk__in=wanted).order_by("pk")
            written = []
            for document in documents.exclude(payment_state=PurchasePayment.PAID):
                result = wanted[document.pk]
                before = (document.payment_state, document.paid_amount, document.paid_on)
                if result.paid_amount > document.paid_amount:
                    with_more.append(document.pk)
                if result.state == PurchasePayment.PAID:
                    became_paid.append(document.pk)
                document.payment_state, document.paid_amount = result.state, result.paid_amount
                document.paid_on = (result.paid_on or document.paid_on or today) if result.paid_amount > ZERO else None
                if before != (document.payment_state, document.paid_amount, document.paid_on):
                    written.append(document)
            PurchaseDocument.objects.bulk_update(written, _COLUMNS)
            changed += [document.pk for document in written]
    return AppliedPayments(changed=tuple(changed), became_paid=tuple(became_paid), with_new_payment=tuple(with_more))
