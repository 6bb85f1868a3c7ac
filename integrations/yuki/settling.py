"""What was paid since last time: seen open, then gone, then proven by matching; else a person is asked.

Yuki lists only what is open, and the list lags behind: what is not there may be paid, not yet processed or deleted.
So a booking that is gone counts as paid only when the ledger line of its debt says when it was matched. The cursor
holds what was seen open. Source: vendor notes, payment state; design, settlements.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from ..base.records import DocumentRef, SettlementRow, Settlements
from .listing import Booking, OpenItem, bookings, open_items
from .lookups import Lookups
from .unsure import Readings
from .values import clean, guid

_ZERO = Decimal("0.00")
_PART = "/part"


@dataclass(frozen=True, slots=True)
class Seen:
    """A booking as it was last seen open; `asked`: it was not found anywhere once already."""

    original: Decimal
    open: Decimal
    date: date
    asked: bool = False


@dataclass(slots=True)
class Memory:
    """What the cursor remembers: what was seen open, and since when the rest is missing."""

    seen: dict[str, Seen] = field(default_factory=dict)
    missing: dict[str, datetime] = field(default_factory=dict)

    @classmethod
    def load(cls, cursor: str) -> Memory:
        """What a cursor says; one that cannot be read is as good as none."""
        try:
            raw: Any = json.loads(cursor or "{}")
            seen = {
                str(key): Seen(Decimal(row[0]), Decimal(row[1]), date.fromisoformat(row[2]), bool(row[3]))
                for key, row in raw.get("seen", {}).items()
            }
            missing = {str(key): datetime.fromisoformat(since) for key, since in raw.get("missing", {}).items()}
        except (ValueError, TypeError, AttributeError, ArithmeticError, LookupError):
            return cls()
        return cls(seen=seen, missing=missing)

    def dump(self) -> str:
        """The cursor to keep."""
        rows = {
            key: [str(one.original), str(one.open), one.date.isoformat(), one.asked]
            for key, one in sorted(self.seen.items())
        }
        missing = {key: since.isoformat() for key, since in sorted(self.missing.items())}
        return json.dumps({"seen": rows, "missing": missing}, separators=(",", ":"))


def read_settlements(
    lookups: Lookups,
    cursor: str,
    open_refs: Sequence[DocumentRef],
    readings: Readings,
    now: datetime,
    debtor_accounts: Callable[[], Sequence[str]],
) -> Settlements:
    """One call for everything customers owe; more only for what is gone or, with purchases, for what we owe.

    Rows come only where something changed since the cursor.
    """
    before = Memory.load(cursor)
    after = Memory()
    rows: list[SettlementRow] = []
    unexplained: list[str] = []
    purchases = [ref for ref in open_refs if _is_purchase(ref)]
    sales = [ref for ref in open_refs if not _is_purchase(ref)]
    if sales:
        items, _ = lookups.open_debts()
        gone = _compare(before, after, sales, _by_reference(items), rows, now, readings, is_sales=True)
        if gone:
            _explain_sales(lookups, before, after, gone, rows, unexplained, now, readings, debtor_accounts)
    if purchases:
        found = open_items(lookups.open_list("OutstandingCreditorItems"))
        by_document: dict[str, list[OpenItem]] = defaultdict(list)
        for item in found:
            by_document[item.document_id].append(item)
        gone = _compare(before, after, purchases, by_document, rows, now, readings, is_sales=False)
        for ref in gone:
            # Nothing proves how a purchase was paid; one that was never seen may still wait for its booking.
            key = ref.external_id
            if key in before.seen:
                after.seen[key] = before.seen[key]
                unexplained.append(key)
            else:
                after.missing[key] = before.missing.get(key, now)
    return Settlements(rows=tuple(rows), cursor=after.dump(), unexplained=tuple(unexplained))


def _is_purchase(ref: DocumentRef) -> bool:
    """Purchases go by the key of their upload, sales by their number."""
    return bool(guid(ref.external_id)) if ref.kind is None else not ref.kind.is_sales


def _by_reference(items: Iterable[OpenItem]) -> dict[str, list[OpenItem]]:
    found: dict[str, list[OpenItem]] = defaultdict(list)
    for item in items:
        found[clean(item.reference) or item.document_id].append(item)
    return found


def _compare(
    before: Memory,
    after: Memory,
    refs: Sequence[DocumentRef],
    listed: dict[str, list[OpenItem]],
    rows: list[SettlementRow],
    now: datetime,
    readings: Readings,
    *,
    is_sales: bool,
) -> list[DocumentRef]:
    """Rows of what is listed, and what has to be explained: seen open before, or missing for too long."""
    gone = []
    for ref in refs:
        key = ref.external_id
        items = listed.get(clean(key), [])
        item = _joined(items)
        if item is not None:
            known = before.seen.get(key)
            after.seen[key] = Seen(item.original, item.open, item.date or now.date())
            if known is None or (known.original, known.open) != (item.original, item.open) or known.asked:
                rows += open_rows(key, item, is_sales=is_sales, had_part=_paid_before(known) > 0)
        elif items:
            # Two different documents under one number: nothing is said about either.
            if key in before.seen:
                after.seen[key] = before.seen[key]
        elif key in before.seen:
            gone.append(ref)
        else:
            since = before.missing.get(key, now)
            after.missing[key] = since
            if now - since >= readings.never_seen_open:
                gone.append(ref)
    return gone


def _joined(items: Sequence[OpenItem]) -> OpenItem | None:
    """One item; several of one document are its parts. None for several documents."""
    if not items or len({item.document_id for item in items}) > 1:
        return None
    first = items[0]
    if len(items) == 1:
        return first
    return OpenItem(
        reference=first.reference,
        document_id=first.document_id,
        date=first.date,
        original=sum((item.original for item in items), _ZERO),
        open=sum((item.open for item in items), _ZERO),
    )


def open_rows(key: str, item: OpenItem, *, is_sales: bool, had_part: bool) -> list[SettlementRow]:
    """What is open and what was paid of a listed booking, whichever sign a credit has there.

    `had_part`: a part was paid when it was last seen, so that its row stands.
    """
    sign = -1 if item.original < 0 else 1
    original, left = sign * item.original, sign * item.open
    part = original - left
    if left > 0 and part > 0:
        return [_row(key, is_sales, left), _row(key + _PART, is_sales, part, settled=True)]
    rows = [_row(key, is_sales, original if left <= 0 else left, settled=left <= 0)]
    if had_part:
        rows.append(_row(key + _PART, is_sales, _ZERO, deleted=True))
    return rows


def _row(
    external_id: str,
    is_sales: bool,
    size: Decimal,
    *,
    settled: bool = False,
    on: date | None = None,
    deleted: bool = False,
) -> SettlementRow:
    key = external_id.removesuffix(_PART)
    return SettlementRow(
        external_id=external_id,
        document_external_id=key,
        reference="" if guid(key) else key,
        is_sales=is_sales,
        amount=size,
        settled=settled,
        settled_on=on,
        deleted=deleted,
    )


# --- what is gone ---------------------------------------------------------------------------------------------


def _explain_sales(
    lookups: Lookups,
    before: Memory,
    after: Memory,
    gone: Sequence[DocumentRef],
    rows: list[SettlementRow],
    unexplained: list[str],
    now: datetime,
    readings: Readings,
    debtor_accounts: Callable[[], Sequence[str]],
) -> None:
    """Look at the ledger lines of the debts: matched is paid; there and not matched, a person decides; not there at
    all, the rows are gone and the engine asks for the booking itself."""
    accounts = debtor_accounts()
    found = _debts(lookups, before, gone, now.date(), accounts, readings) if accounts else {}
    for ref in gone:
        key = ref.external_id
        seen = before.seen.get(key)
        matches = found.get(clean(key), [])
        booking = matches[0] if len(matches) == 1 else None
        if booking is not None and booking.matched_on is not None and booking.total is not None:
            part = _paid_before(seen)
            # Kept as it was: its row stands, and a paid document is not asked about again.
            if seen is not None:
                after.seen[key] = seen
            rows.append(_row(key, True, abs(booking.total) - part, settled=True, on=booking.matched_on))
        elif accounts and not matches and seen is not None and not seen.asked:
            after.seen[key] = Seen(seen.original, seen.open, seen.date, asked=True)
            rows.append(_row(key, True, _ZERO, deleted=True))
            if _paid_before(seen) > 0:
                rows.append(_row(key + _PART, True, _ZERO, deleted=True))
        else:
            if seen is not None:
                after.seen[key] = seen
            unexplained.append(key)


def _paid_before(seen: Seen | None) -> Decimal:
    """The part that was paid already when it was last seen; it has a row of its own."""
    if seen is None:
        return _ZERO
    return max(abs(seen.original) - abs(seen.open), _ZERO)


def _debts(
    lookups: Lookups,
    before: Memory,
    gone: Sequence[DocumentRef],
    today: date,
    accounts: Sequence[str],
    readings: Readings,
) -> dict[str, list[Booking]]:
    """The bookings that the ledger lines of the debtor accounts show, by number, over the days that matter."""
    days = []
    for ref in gone:
        seen = before.seen.get(ref.external_id)
        if seen is not None:
            days.append(seen.date)
        elif ref.fiscal_year.isdigit() and len(ref.fiscal_year) == 4:
            days.append(date(int(ref.fiscal_year), 1, 1))
        else:
            days.append(today - timedelta(days=400))
    ends = [before.seen[ref.external_id].date for ref in gone if ref.external_id in before.seen]
    end = max(ends) if len(ends) == len(gone) else max(today, *days)
    lines = [line for account in accounts for line in lookups.transactions(min(days), end, account)]
    found: dict[str, list[Booking]] = defaultdict(list)
    for booking in bookings(lines, readings):
        found[clean(booking.reference) or booking.document_id].append(booking)
    return found
