"""What was paid since last time: one call for everything, sales and purchases, whatever the number open.

`sync/Cashflow/PaymentTerms` shows every term that changed. An empty answer means nothing at all: a user without the
right gets one too. Source: vendor notes, payment status.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date

from ..base.errors import AccessDenied
from ..base.records import DocumentRef, SettlementRow, Settlements
from . import mapping, resources
from .answers import Row
from .client import ExactClient, or_lists
from .cursors import Cursor, known_until
from .unsure import Readings
from .values import guid, guid_literal, int64_literal, whole

logger = logging.getLogger(__name__)

_SALES_LINE = 20
_PURCHASE_LINE = 22


def read_settlements(
    client: ExactClient, cursor: str, open_refs: Sequence[DocumentRef], readings: Readings, today: date
) -> Settlements:
    """One page of changed terms; deleted ones after the last page, at most once a day unless something changed."""
    start = Cursor.load(cursor)
    page = client.page(
        resources.PAYMENT_TERMS,
        select=mapping.PAYMENT_TERMS_SELECT,
        filter_by=f"Timestamp gt {int64_literal(start.after)}",
        next_link=start.next,
    )
    high = known_until(start, start.next, (mapping.timestamp(row) for row in page.rows))
    rows = [found for row in page.rows if (found := mapping.settlement_row(row)) is not None]
    if page.next_link:
        return Settlements(
            rows=tuple(rows), cursor=replace(start, high=high, next=page.next_link).dump(), is_complete=False
        )
    end = replace(start, after=high, high=high, next="")
    if not cursor:
        # Everything was just read as it is now, so what was deleted before is of no interest.
        end = replace(end, deleted_on=today.isoformat())
    elif page.rows or start.deleted_on != today.isoformat():
        gone, deleted_after = read_deleted(client, start.deleted_after, resources.DELETED_PAYMENT_TERMS)
        rows += [mapping.deleted_settlement(row) for row in gone]
        end = replace(end, deleted_after=deleted_after, deleted_on=today.isoformat())
    if not readings.matching_moves_timestamp:
        rows += _read_one_by_one(client, open_refs, end.after)
    return Settlements(rows=tuple(rows), cursor=end.dump())


def read_deleted(client: ExactClient, after: int, entity_type: int) -> tuple[list[Row], int]:
    """Rows of one kind that were deleted since, and the Timestamp to ask from next time. Its memory is two months.

    Without the right to see the log the books stay readable, so it is passed over, aloud.
    """
    found: list[Row] = []
    here = Cursor(after=after, high=after)
    try:
        for page in client.pages(
            resources.DELETED, select=resources.DELETED_SELECT, filter_by=f"Timestamp gt {int64_literal(after)}"
        ):
            high = known_until(here, here.next, (mapping.timestamp(row) for row in page.rows))
            here = replace(here, high=high, next=page.next_link)
            found += [
                row for row in page.rows if whole(row.get("EntityType")) == entity_type and guid(row.get("EntityKey"))
            ]
    except AccessDenied as exc:
        logger.warning("the log of deleted rows may not be read", extra={"text": exc.vendor_text})
    return found, here.high


def _read_one_by_one(client: ExactClient, open_refs: Sequence[DocumentRef], version: int) -> Iterator[SettlementRow]:
    """The terms of open bookings, forty a call, for the reading that matching leaves the Timestamp alone.

    Sales are asked for by booking number, a filter that is confirmed; numbers repeat per journal, so only rows of
    the very bookings asked for are kept. These lists have no Timestamp: the rows are as new as the newest known,
    `version`. Purchases have no such number; UNSURE whether their key may be filtered.
    """
    keys = {ref.external_id for ref in open_refs}
    sales = [ref for ref in open_refs if ref.kind is None or ref.kind.is_sales]
    purchases = [ref for ref in open_refs if ref.kind is None or not ref.kind.is_sales]
    numbers = dict.fromkeys(ref.number for ref in sales if ref.number.isdigit())
    by_number = [f"InvoiceNumber eq {number}" for number in numbers]
    by_key = [f"TransactionEntryID eq {guid_literal(ref.external_id)}" for ref in purchases if guid(ref.external_id)]
    of_both = [name for name in mapping.PAYMENT_TERMS_SELECT if name not in ("Timestamp", "LineType")]
    of_purchases = [name for name in of_both if name not in ("IsFullyPaid", "LastPaymentDate")]
    for resource, line_type, terms, select in (
        (resources.RECEIVABLES, _SALES_LINE, by_number, of_both),
        (resources.PAYABLES, _PURCHASE_LINE, by_key, of_purchases),
    ):
        for filter_by in or_lists(terms):
            for row in client.rows(resource, select=select, filter_by=filter_by):
                found = mapping.settlement_row(row, line_type=line_type)
                if found is not None and found.document_external_id in keys:
                    yield replace(found, version=version)
