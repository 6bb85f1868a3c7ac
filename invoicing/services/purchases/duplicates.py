"""Whether a document came before: the same supplier and number, or the same amount on the same day."""

from __future__ import annotations

import hashlib

from django.db.models import Max, Q, QuerySet

from ...models import PurchaseDocument, PurchaseKind

SHOWN = 5
LOOKED_AT = 50  # documents of one sender with the same total


def identity_of(*, entity_id: int | None, supplier_key: str, kind: str, number_key: str, year: int) -> str:
    """What makes two documents the same (sheet on Peppol, section 11.9), hashed; empty where something is missing."""
    if not (supplier_key and number_key):
        return ""
    text = "\n".join((str(entity_id or ""), supplier_key, kind, number_key, str(year)))
    return hashlib.sha256(text.encode()).hexdigest()


def next_copy(identity: str) -> int:
    """The number that tells the next document of this identity from those before it."""
    if not identity:
        return 0
    last = PurchaseDocument.objects.filter(identity=identity).aggregate(last=Max("copy_number"))["last"]
    return 0 if last is None else int(last) + 1


def duplicates_of(document: PurchaseDocument) -> list[PurchaseDocument]:
    """Other documents that may be this one, the surest first; at most a few."""
    condition = condition_of(document)
    if condition is None:
        return []
    others: QuerySet[PurchaseDocument] = PurchaseDocument.objects.exclude(pk=document.pk).order_by("-date", "-pk")
    found = list(others.filter(condition)[:SHOWN])
    known = {other.pk for other in found}
    return [*found, *(other for other in _written_otherwise(document, others) if other.pk not in known)][:SHOWN]


def _written_otherwise(document: PurchaseDocument, others: QuerySet[PurchaseDocument]) -> list[PurchaseDocument]:
    """Documents of the same sender and amount whose number differs in its signs only: G-1001 and g 1001."""
    sender = _sender_of(document)
    plain = _plain(document.number_key)
    if sender is None or not plain or not document.total:
        return []
    kinds = _kinds_like(document.kind)
    alike = others.filter(sender, total=document.total, currency=document.currency, kind__in=kinds)
    return [other for other in alike[:LOOKED_AT] if _plain(other.number_key) == plain]


def _plain(number: str) -> str:
    return "".join(sign for sign in number if sign.isalnum())


def _sender_of(document: PurchaseDocument) -> Q | None:
    same_sender = Q()
    if document.supplier_key:
        same_sender |= Q(supplier_key=document.supplier_key)
    if document.supplier_id is not None:
        same_sender |= Q(supplier=document.supplier_id)
    return same_sender or None


def condition_of(document: PurchaseDocument) -> Q | None:
    """Which documents may be this one; None where it says too little to tell."""
    same_sender = _sender_of(document)
    if same_sender is None:
        return None
    same = Q(total=document.total, date=document.date, currency=document.currency) if not document.number_key else None
    if same is None:
        same = Q(number_key=document.number_key)
        # One of the two was typed or dropped as a PDF, perhaps with another number or none.
        if document.total:
            same |= Q(total=document.total, date=document.date, currency=document.currency) & ~Q(source="peppol")
        if not document.is_peppol and document.total:
            same |= Q(total=document.total, date=document.date, currency=document.currency)
    return same_sender & same & Q(kind__in=_kinds_like(document.kind))


def _kinds_like(kind: str) -> tuple[str, ...]:
    """A paper that was dropped or typed is called a receipt until somebody says more; it may be the invoice."""
    if kind == PurchaseKind.CREDIT_NOTE:
        return (PurchaseKind.CREDIT_NOTE,)
    return PurchaseKind.INVOICE, PurchaseKind.RECEIPT
