"""Whether a sale stands in the books: asked of one list after the other, until one can tell.

`finding` judges what they show. Source: vendor notes, payment state and pushing.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from ..base.records import Absent, CannotTell, DocumentQuery, Finding
from . import finding
from .listing import from_open_item
from .lookups import Lookups
from .values import clean


def find_sale(
    lookups: Lookups,
    query: DocumentQuery,
    processing: timedelta,
    now: Callable[[], datetime],
    chart_is_there: Callable[[], bool],
) -> Finding:
    """Look in the transactions, then among the open items, then in the archive.

    Absent only when none of the three has it and each was read long enough after the sending: lists lag behind.
    `processing`: how long. `chart_is_there`: whether the chart of accounts can be read now; one call.
    """
    # One that was seen in the books needs no waiting for.
    is_new = query.sent_at is not None and (query.is_booked or not query.external_id)
    settled = query.sent_at + processing if query.sent_at is not None and is_new else None
    # A list that was read before that moment is read again once the moment has passed.
    after = settled if settled is not None and settled <= now() else None
    shown = lookups.around(query.date, after=after)
    wanted = finding.names(query)
    # One booking under two of the names is one booking.
    bookings = {id(booking): booking for name in wanted for booking in shown.named.get(name, ())}
    found = finding.judge(query, list(bookings.values()))
    if not isinstance(found, Absent):
        return found
    if query.is_booked and settled is not None and shown.read_at < settled:
        # The other lists show less of it, and later.
        return CannotTell(reason="it is on its way into the books", is_early=True)
    debts, debts_at = lookups.open_debts(after=after)
    meant = (item for item in debts if finding.is_meant(wanted, item.reference, item.document_id))
    listed = (from_open_item(item, query.kind) for item in meant)
    found = finding.judge(query, [booking for booking in listed if booking is not None])
    if not isinstance(found, Absent):
        return found
    archived, archived_at = lookups.archived_around(query.date, after=after)
    number = clean(query.reference)
    is_early = settled is not None and min(shown.read_at, debts_at, archived_at) < settled
    if any(clean(row.reference) == number for row in archived):
        reason = "it is in the archive of the domain, and not among the bookings"
        return CannotTell(reason=reason, is_early=is_early)
    if is_early:
        return CannotTell(reason="it may still be on its way into the books", is_early=True)
    is_blank = shown.is_empty and not debts and not archived
    # Three empty lists are believed of books that hold nothing yet, when the chart is there; a booking that was seen
    # there once is not given up for them.
    if is_blank and (query.external_id or not chart_is_there()):
        return CannotTell(reason="every list is empty")
    return Absent()
