"""What a change of a connection's settings means for documents, in numbers, before it is saved (S-163).

Reads our own tables only and writes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Any

from django.db.models import Count, Exists, OuterRef, QuerySet, Sum

from invoicing.models import PurchaseDocument, SalesDocument

from ..base.records import DocumentKind
from ..models import IN_BOOKS, Connection, Posting, PostingState
from ..sync.selection import PLANNABLE
from ..sync.sides import PURCHASES, SALES

Sums = tuple[tuple[str, Decimal], ...]


@dataclass(frozen=True, slots=True)
class Documents:
    """A number of documents and the totals per currency, credit notes as negative amounts.

    `count` is of all. `sums` are of sales; how many of them are expenses stands beside it, with sums of their own.
    """

    count: int
    sums: Sums
    expenses: int = 0
    expense_sums: Sums = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class JournalChange:
    """Documents of one kind: `posted` stay in `former`, `waiting` go to `chosen`; codes of the tool."""

    kind: str
    former: str
    chosen: str
    posted: int
    waiting: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Consequences:
    """What saving would change; false when nothing that matters."""

    entering: Documents
    leaving: Documents
    journals: tuple[JournalChange, ...]

    def __bool__(self) -> bool:
        return bool(self.entering.count or self.leaving.count or self.journals)


_KINDS = {
    "invoice": ("invoice_journal", DocumentKind.SALES_INVOICE),
    "credit_note": ("credit_note_journal", DocumentKind.SALES_CREDIT_NOTE),
    "purchase_invoice": ("purchase_journal", DocumentKind.PURCHASE_INVOICE),
    "purchase_credit_note": ("purchase_credit_note_journal", DocumentKind.PURCHASE_CREDIT_NOTE),
}


def consequences_of(connection: Connection, values: dict[str, Any]) -> Consequences:
    """Return what saving `values` (as `save_settings` takes them) would change for documents."""
    start = values.get("start_date")
    return Consequences(
        entering=_entering(connection, start),
        leaving=_leaving(connection, start),
        journals=tuple(_journals(connection, values.get("journals") or {})),
    )


def _entering(connection: Connection, start: date | None) -> Documents:
    """Booked documents and approved expenses that come into scope when the start date moves back."""
    if start is None or connection.start_date is None or start >= connection.start_date:
        return Documents(0, ())
    return _not_there(connection, date__gte=start, date__lt=connection.start_date)


def _leaving(connection: Connection, start: date | None) -> Documents:
    """Documents that are not in the books yet and fall out of scope when the start date moves on."""
    if connection.start_date is None or start == connection.start_date:
        return Documents(0, ())
    if start is not None and start < connection.start_date:
        return Documents(0, ())
    within: dict[str, Any] = {"date__gte": connection.start_date}
    if start is not None:
        within["date__lt"] = start
    return _not_there(connection, **within)


def _not_there(connection: Connection, **dated: Any) -> Documents:
    """Documents of the entity that are final here and not in the books yet, sales and approved Peppol expenses."""
    parts = []
    for side, rows in (
        (SALES, SalesDocument.objects.booked()),
        (PURCHASES, PurchaseDocument.objects.for_connector()),
    ):
        here = Posting.objects.filter(
            **{side.field: OuterRef("pk")}, administration_id=connection.administration_id or 0
        )
        documents: QuerySet[Any] = rows.filter(entity_id=connection.entity_id, **dated)
        parts.append(documents.filter(~Exists(here.exclude(state__in=PLANNABLE))))
    return _counted(*parts)


def _journals(connection: Connection, chosen: dict[str, str | None]) -> list[JournalChange]:
    found = []
    for name, (field, kind) in _KINDS.items():
        former = getattr(connection, field)
        if name not in chosen or former is None or former.code == (chosen[name] or ""):
            continue
        postings = Posting.objects.filter(connection=connection, kind=kind.value)
        posted = postings.filter(state__in=IN_BOOKS).count()
        waiting = postings.filter(state__in=[PostingState.WAITING, PostingState.BLOCKED]).count()
        if posted or waiting:
            change = JournalChange(
                kind=name, former=former.code, chosen=chosen[name] or "", posted=posted, waiting=waiting
            )
            found.append(change)
    return found


def linked_since(connection: Connection, since: date) -> Documents:
    """Documents dated `since` or later that stand in the books through this connection."""
    postings = Posting.objects.filter(connection=connection, state__in=IN_BOOKS)
    return _counted(
        SalesDocument.objects.filter(Exists(postings.filter(sales_document=OuterRef("pk"))), date__gte=since),
        PurchaseDocument.objects.filter(Exists(postings.filter(purchase_document=OuterRef("pk"))), date__gte=since),
    )


def _counted(sales: QuerySet[Any], purchases: QuerySet[Any]) -> Documents:
    sold, sums = _summed(sales)
    bought, expense_sums = _summed(purchases)
    return Documents(sold + bought, sums, bought, expense_sums)


def _summed(documents: QuerySet[Any]) -> tuple[int, Sums]:
    rows = documents.order_by("currency", "kind").values("currency", "kind").annotate(n=Count("pk"), total=Sum("total"))
    count, sums = 0, dict[str, Decimal]()
    for row in rows:
        count += row["n"]
        sign = -1 if row["kind"] == "credit_note" else 1
        sums[row["currency"]] = sums.get(row["currency"], Decimal(0)) + sign * row["total"]
    return count, tuple(sorted(sums.items()))
