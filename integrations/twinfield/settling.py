"""What was paid since last time: one browse per day book and book year, whatever the number open.

Settled is what Twinfield says so of: a line that is matched and has nothing open. Most readings ask for changed lines
only; UNSURE whether matching moves that moment, so everything is read again at intervals. A booking that a full
reading does not show says nothing yet: its rows are given up, and the booking itself is then asked for.
Source: vendor notes, payment status.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal

from ..base.errors import Rejected, Unreachable
from ..base.records import DocumentRef, SettlementRow, Settlements
from . import browse
from .browse import Row
from .cursors import Settling, from_then_on, read_stamp, stamp
from .keys import split_entry
from .tables import Tables
from .unsure import Readings
from .values import ZERO

logger = logging.getLogger(__name__)

Shelf = tuple[str, str, str]  # side, day book, book year
SALES, PURCHASES = "sales", "purchases"
_FULL, _CHANGED = "full", "changed"
FULL_EVERY = timedelta(hours=20)
_MATCHED = "matched"
_OPEN_STATES = frozenset({"available", "proposed"})
# So many bookings missing from a reading without a single line say more about the reading than about them.
_TOO_MANY_GONE = 5
PAID, LEFT = "paid", "open"


def read_settlements(
    tables: Tables,
    cursor: str,
    open_refs: Sequence[DocumentRef],
    side_of: Callable[[str], str],
    readings: Readings,
    now: datetime,
) -> Settlements:
    """One day book and year; `is_complete` is false while others are left. Nothing to watch costs no call."""
    here = Settling.load(cursor)
    if not here.todo:
        here = _begin(here, open_refs, side_of, readings, now)
        if not here.todo:
            return Settlements(rows=(), cursor=cursor)
    shelf, *left = here.todo
    is_full = here.mode == _FULL or shelf not in here.seen
    rows, is_full = _read(tables, shelf, "" if is_full else here.since)
    ours = {ref.external_id for ref in open_refs}
    # What was settled at an earlier reading and is not waited for stands there unchanged.
    worth = [row for row in rows if shelf not in here.seen or row.key in ours or not (is_full and _is_settled(row))]
    found = list(settlement_rows(worth, shelf[0] == SALES))
    unexplained = _unexplained(rows)
    if is_full:
        found += _vanished(rows, shelf, open_refs)
    here = replace(here, todo=tuple(left), seen=tuple(sorted({*here.seen, shelf})))
    if left:
        return Settlements(rows=tuple(found), cursor=here.dump(), is_complete=False, unexplained=unexplained)
    end = Settling(
        since=from_then_on(here.begun),
        full_at=here.begun if here.mode == _FULL else here.full_at,
        seen=here.seen,
    )
    return Settlements(rows=tuple(found), cursor=end.dump(), unexplained=unexplained)


def _begin(
    here: Settling,
    open_refs: Sequence[DocumentRef],
    side_of: Callable[[str], str],
    readings: Readings,
    now: datetime,
) -> Settling:
    """The reading to start: the shelves of open bookings, and those watched of this and the last year.

    The latter show what was paid once and is open again.
    """
    recent = [shelf for shelf in here.seen if shelf[2].isdigit() and int(shelf[2]) >= now.year - 1]
    wanted: dict[Shelf, None] = dict.fromkeys(recent)
    sides = {shelf[1]: shelf[0] for shelf in here.seen}
    for ref in open_refs:
        daybook, number = split_entry(ref.external_id)
        year = ref.fiscal_year or number[:4]
        if not daybook or not year.isdigit():
            continue
        if daybook not in sides:
            if ref.kind is not None:
                sides[daybook] = SALES if ref.kind.is_sales else PURCHASES
            else:
                sides[daybook] = side_of(daybook)
        if sides[daybook]:
            wanted[sides[daybook], daybook, year] = None
        else:
            logger.warning("a day book is not visible", extra={"daybook": daybook})
    last_full = read_stamp(here.full_at)
    is_full = (
        not here.since or not readings.matching_moves_modified or last_full is None or now - last_full >= FULL_EVERY
    )
    return replace(
        here,
        todo=tuple(sorted(wanted)),
        # A new shelf is read in full whatever the mode.
        seen=tuple(shelf for shelf in here.seen if shelf in wanted),
        mode=_FULL if is_full else _CHANGED,
        begun=stamp(now),
    )


def _read(tables: Tables, shelf: Shelf, since: str) -> tuple[list[Row], bool]:
    """The lines of a shelf, and whether these are all of them. A filter on changes that fails is given up."""
    side, daybook, year = shelf
    years = (int(year), int(year))
    if since:
        try:
            return tables.lines(side == SALES, browse.PAID, daybook=daybook, years=years, since=since), False
        except Rejected as exc:
            logger.warning("changed lines may not be asked for", extra={"text": exc.vendor_text})
        except Unreachable as exc:
            if exc.vendor_code != "100":
                raise
            logger.warning("changed lines cannot be asked for", extra={"text": exc.vendor_text})
    return tables.lines(side == SALES, browse.PAID, daybook=daybook, years=years), True


def settlement_rows(rows: Iterable[Row], is_sales: bool) -> Iterator[SettlementRow]:
    """What each booking says about money: the part that is paid and the part that is open, each its own row.

    A part of zero is given up, so that the rows which stand always add up to the booking.
    """
    for row in rows:
        parts = _parts(row)
        if parts is None:
            continue
        paid, left = parts
        paid_on = row.day(browse.MATCH_DATE)
        for part, value, settled in ((PAID, paid, True), (LEFT, left, False)):
            yield SettlementRow(
                external_id=f"{row.key}:{part}",
                document_external_id=row.key,
                reference=row.text(browse.REFERENCE),
                is_sales=is_sales,
                amount=value,
                settled=settled,
                settled_on=paid_on if settled else None,
                deleted=value == ZERO,
            )


def _parts(row: Row) -> tuple[Decimal, Decimal] | None:
    """Paid and open, both positive; None where status and amounts contradict each other."""
    total, status = row.amount(browse.VALUE), row.text(browse.MATCH_STATUS)
    left = row.amount(browse.OPEN)
    if left is None and status == _MATCHED and not row.text(browse.OPEN):
        left = ZERO
    if total is None or left is None or not total:
        return None
    if left * total < 0 or abs(left) > abs(total):
        return None
    if (status == _MATCHED) != (left == 0) or status not in _OPEN_STATES | {_MATCHED}:
        return None
    return abs(total) - abs(left), abs(left)


def _is_settled(row: Row) -> bool:
    parts = _parts(row)
    return parts is not None and not parts[1]


def _unexplained(rows: Iterable[Row]) -> tuple[str, ...]:
    return tuple(row.key for row in rows if _parts(row) is None and row.amount(browse.VALUE))


def _vanished(rows: Sequence[Row], shelf: Shelf, open_refs: Sequence[DocumentRef]) -> list[SettlementRow]:
    """Rows to give up: of bookings that a full reading should have shown. The engine asks for the booking then."""
    side, daybook, year = shelf
    shown = {row.key for row in rows}
    gone = []
    for ref in open_refs:
        own, number = split_entry(ref.external_id)
        if own == daybook and (ref.fiscal_year or number[:4]) == year and ref.external_id not in shown:
            gone.append(ref)
    if not rows and len(gone) > _TOO_MANY_GONE:
        logger.warning("a day book shows no line at all", extra={"daybook": daybook, "missing": len(gone)})
        return []
    return [
        SettlementRow(
            external_id=f"{ref.external_id}:{part}",
            document_external_id=ref.external_id,
            reference="",
            is_sales=side == SALES,
            amount=ZERO,
            settled=False,
            deleted=True,
        )
        for ref in gone
        for part in (PAID, LEFT)
    ]
