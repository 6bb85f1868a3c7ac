"""Which documents are in scope of a connection, in pages, with everything the plan reads already loaded."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet

from invoicing.models import SalesDocument, SalesLine, SalesVatTotal

from ..models import Connection, Posting, PostingState

# The plan decides about these anew at every run; all other states are settled or belong to sending.
PLANNABLE = (PostingState.WAITING, PostingState.BLOCKED, PostingState.REFUSED)


def in_scope(connection: Connection) -> QuerySet[SalesDocument]:
    """Booked sales documents of the connection's entity, dated on or after its start date."""
    return SalesDocument.objects.booked().filter(entity_id=connection.entity_id, date__gte=connection.start_date)


def to_plan(connection: Connection) -> QuerySet[SalesDocument]:
    """Documents in scope that have no posting in this administration, or one that is planned anew."""
    settled = Posting.objects.filter(
        sales_document=OuterRef("pk"), administration_id=connection.administration_id or 0
    ).exclude(state__in=PLANNABLE)
    return in_scope(connection).filter(~Exists(settled))


def page_after(documents: QuerySet[SalesDocument], after: tuple[date, int] | None, size: int) -> list[SalesDocument]:
    """The next `size` documents in date and id order behind `after`, loaded for planning in five queries."""
    if after is not None:
        day, pk = after
        documents = documents.filter(Q(date__gt=day) | Q(date=day, pk__gt=pk))
    return list(loaded(documents).order_by("date", "pk")[:size])


def loaded(documents: QuerySet[SalesDocument]) -> QuerySet[SalesDocument]:
    """Documents with party, term, lines, totals and discounts, for `planning.plan_document`."""
    related: list[Prefetch[str, Any, Any] | str] = [
        Prefetch("lines", SalesLine.objects.select_related("ledger_account").order_by("position", "pk")),
        Prefetch("vat_totals", SalesVatTotal.objects.select_related("vat_rate__rate").order_by("pk")),
        "discounts",
    ]
    return documents.select_related("party", "payment_term", "credited_invoice").prefetch_related(*related)
