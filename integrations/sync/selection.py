"""Which documents are in scope of a connection, in pages, with everything the plan reads already loaded."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet

from invoicing.models import PurchaseDocument, PurchaseLine, PurchaseVatTotal, SalesDocument, SalesLine, SalesVatTotal

from ..models import Connection, Posting, PostingState
from .sides import PURCHASES, SALES, Side, Source

# The plan decides about these anew at every run; all other states are settled or belong to sending.
PLANNABLE = (PostingState.WAITING, PostingState.BLOCKED, PostingState.REFUSED)


def in_scope(connection: Connection) -> QuerySet[SalesDocument]:
    """Booked sales documents of the connection's entity, dated on or after its start date."""
    return SalesDocument.objects.booked().filter(entity_id=connection.entity_id, date__gte=connection.start_date)


def purchases_in_scope(connection: Connection) -> QuerySet[PurchaseDocument]:
    """Approved Peppol documents of the connection's entity, dated on or after its start date."""
    return PurchaseDocument.objects.for_connector().filter(
        entity_id=connection.entity_id, date__gte=connection.start_date
    )


def to_plan(connection: Connection, side: Side = SALES) -> QuerySet[Any]:
    """Documents in scope that have no posting in this administration, or one that is planned anew."""
    settled = Posting.objects.filter(
        **{side.field: OuterRef("pk")}, administration_id=connection.administration_id or 0
    ).exclude(state__in=PLANNABLE)
    documents = purchases_in_scope(connection) if side is PURCHASES else in_scope(connection)
    return documents.filter(~Exists(settled))


def page_after(documents: QuerySet[Any], after: tuple[date, int] | None, size: int) -> list[Any]:
    """The next `size` documents in date and id order behind `after`, loaded for planning in five queries."""
    if after is not None:
        day, pk = after
        documents = documents.filter(Q(date__gt=day) | Q(date=day, pk__gt=pk))
    return list(loaded(documents).order_by("date", "pk")[:size])


def loaded(documents: QuerySet[Any]) -> QuerySet[Any]:
    """Documents with party, lines, totals and what else `planning.plan_document` reads of their side."""
    if documents.model is PurchaseDocument:
        lines = PurchaseLine.objects.select_related("ledger_account", "vat_rate").order_by("position", "pk")
        return documents.select_related("supplier", "entity").prefetch_related(
            Prefetch("lines", lines), Prefetch("vat_totals", PurchaseVatTotal.objects.order_by("pk"))
        )
    related: list[Prefetch[str, Any, Any] | str] = [
        Prefetch("lines", SalesLine.objects.select_related("ledger_account").order_by("position", "pk")),
        Prefetch("vat_totals", SalesVatTotal.objects.select_related("vat_rate__rate").order_by("pk")),
        "discounts",
    ]
    return documents.select_related("party", "payment_term", "credited_invoice").prefetch_related(*related)


def loaded_by_id(side: Side, ids: Sequence[int]) -> dict[int, Source]:
    """Documents of a side, loaded for planning, by their keys."""
    return {document.pk: document for document in loaded(side.model._default_manager.filter(pk__in=ids))}
