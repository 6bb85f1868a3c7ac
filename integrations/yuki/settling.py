"""What was paid since last time: seen open, then gone, then proven by matching; else a person is asked.

Yuki lists only what is open, and the list lags behind: what is not there may be paid, not yet processed or deleted.
So a sale that is gone counts as paid only when the ledger line of its debt says when it was matched; of a purchase
`unsure.Readings.gone_purchase_is_paid` says more. The cursor holds what was seen open. Source: vendor notes, payment
state; design, settlements.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from ..base.records import DocumentRef, SettlementRow, Settlements
from .listing import Booking, OpenItem, Transaction, bookings, open_items
from .lookups import Lookups
from .unsure import Readings
from .values import clean, guid

_ZERO = Decimal("0.00")
_PART = "/part"


OPEN, PAID = "", "paid"


@dataclass(frozen=True, slots=True)
class Seen:
    """A booking as it was last seen open, and whether it was said to be paid since."""

    original: Decimal
    open: Decimal
    date: date
    state: str = OPEN

    @property
    def part(self) -> Decimal:
        """What was paid already when it was last seen; it has a row of its own."""
        return max(abs(self.original) - abs(self.open), _ZERO)


@dataclass(slots=True)
class Memory:
    """What the cursor remembers: what was seen open, sold and bought, and since when the rest is missing."""

    seen: dict[str, Seen] = field(default_factory=dict)
    bought: dict[str, Seen] = field(default_factory=dict)
    missing: dict[str, datetime] = field(default_factory=dict)

    @classmethod
    def load(cls, cursor: str) -> Memory:
        """What a cursor says; one that cannot be read is as good as none."""
        try:
            raw: Any = json.loads(cursor or "{}")
            missing = {str(key): datetime.fromisoformat(since) for key, since in raw.get("missing", {}).items()}
            return cls(seen=_load(raw.get("seen", {})), bought=_load(raw.get("bought", {})), missing=missing)
        except (ValueError, TypeError, AttributeError, ArithmeticError, LookupError):
            return cls()

    def dump(self) -> str:
        """The cursor to keep."""
        missing = {key: since.isoformat() for key, since in sorted(self.missing.items())}
        raw = {"seen": _dump(self.seen), "bought": _dump(self.bought), "missing": missing}
        return json.dumps(raw, separators=(",", ":"))


def _load(raw: Any) -> dict[str, Seen]:
    return {
        str(key): Seen(Decimal(row[0]), Decimal(row[1]), date.fromisoformat(row[2]), str(row[3]))
        for key, row in raw.items()
    }


def _dump(seen: dict[str, Seen]) -> dict[str, list[str]]:
    return {
        key: [str(one.original), str(one.open), one.date.isoformat(), one.state] for key, one in sorted(seen.items())
    }


def read_settlements(
    lookups: Lookups,
    cursor: str,
    open_refs: Sequence[DocumentRef],
    readings: Readings,
    now: datetime,
    debtor_accounts: Callable[[], Sequence[str]],
    creditor_accounts: Callable[[], Sequence[str]],
) -> Settlements:
    """One call for everything customers owe; more only for what is gone or, with purchases, for what we owe.

    Rows come where something changed since the cursor, also for bookings that are not asked about: one may be paid
    here by hand and open there, or have no id yet.
    """
    before, after = Memory.load(cursor), Memory()
    rows: list[SettlementRow] = []
    unexplained: list[str] = []
    sales = {clean(ref.external_id): ref for ref in open_refs if not _is_purchase(ref)}
    listed: dict[str, list[OpenItem]] = defaultdict(list)
    for item in lookups.open_debts()[0]:
        key = clean(item.reference) or item.document_id
        if clean(item.reference) or key in sales:
            listed[key].append(item)
    rows += _listed_rows(before.seen, after.seen, listed, now.date(), is_sales=True)
    gone = _gone(before, after, sales, listed, now, readings)
    if gone:
        _explain_sales(lookups, before, after, gone, sales, rows, unexplained, now, readings, debtor_accounts)
    purchases = [ref.external_id for ref in open_refs if _is_purchase(ref)]
    if purchases:
        owed: dict[str, list[OpenItem]] = defaultdict(list)
        for item in open_items(lookups.open_list("OutstandingCreditorItems")):
            if item.document_id in purchases:
                owed[item.document_id].append(item)
        rows += _listed_rows(before.bought, after.bought, owed, now.date(), is_sales=False)
        # One that was never seen open may still wait for its booking.
        gone = [key for key in purchases if key not in owed and key in before.bought]
        if gone:
            _explain_purchases(lookups, before, after, gone, rows, unexplained, now, readings, creditor_accounts())
    return Settlements(rows=tuple(rows), cursor=after.dump(), unexplained=tuple(unexplained))


def _is_purchase(ref: DocumentRef) -> bool:
    """Purchases go by the key of their upload, sales by their number."""
    return bool(guid(ref.external_id)) if ref.kind is None else not ref.kind.is_sales


def _listed_rows(
    before: dict[str, Seen], after: dict[str, Seen], listed: dict[str, list[OpenItem]], today: date, *, is_sales: bool
) -> list[SettlementRow]:
    """Rows of what is listed and changed; two different documents under one number say nothing about either."""
    rows: list[SettlementRow] = []
    for key, items in listed.items():
        known = before.get(key)
        item = _joined(items)
        if item is None:
            if known is not None:
                after[key] = known
            continue
        after[key] = Seen(item.original, item.open, item.date or today)
        if known is None or (known.original, known.open, known.state) != (item.original, item.open, OPEN):
            rows += open_rows(key, item, is_sales=is_sales, had_part=known is not None and known.part > 0)
    return rows


def _gone(
    before: Memory,
    after: Memory,
    sales: dict[str, DocumentRef],
    listed: dict[str, list[OpenItem]],
    now: datetime,
    readings: Readings,
) -> list[str]:
    """What has to be explained: seen open before and not now, or asked about and missing for too long."""
    gone = [key for key in before.seen if key not in listed]
    for key in sales:
        if key in listed or key in before.seen:
            continue
        since = after.missing[key] = before.missing.get(key, now)
        if now - since >= readings.never_seen_open:
            gone.append(key)
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
    gone: Sequence[str],
    sales: dict[str, DocumentRef],
    rows: list[SettlementRow],
    unexplained: list[str],
    now: datetime,
    readings: Readings,
    debtor_accounts: Callable[[], Sequence[str]],
) -> None:
    """Look at the ledger lines of the debts: matched is paid; anything else the engine asks about, and then a person.
    What nobody asks about is told once.
    """
    # What was said to be paid and is not asked about any more needs no second proof.
    wanted = [key for key in gone if key in sales or before.seen[key].state == OPEN]
    accounts = debtor_accounts() if wanted else ()
    found = _debts(lookups, before, wanted, sales, now.date(), accounts, readings) if accounts else {}
    for key in gone:
        seen = before.seen.get(key)
        matches = found.get(key, [])
        booking = matches[0] if len(matches) == 1 else None
        state = PAID if seen is None else seen.state
        if key not in wanted:
            pass
        elif booking is not None and booking.matched_on is not None and booking.total is not None:
            part = _ZERO if seen is None else seen.part
            rows.append(_row(key, True, abs(booking.total) - part, settled=True, on=booking.matched_on))
            state = PAID
        elif key in sales:
            unexplained.append(key)
        if seen is not None and key in sales:
            # Kept only while it is asked about, so that the cursor does not grow with what was paid long ago.
            after.seen[key] = replace(seen, state=state)


def _debts(
    lookups: Lookups,
    before: Memory,
    gone: Sequence[str],
    sales: dict[str, DocumentRef],
    today: date,
    accounts: Sequence[str],
    readings: Readings,
) -> dict[str, list[Booking]]:
    """The bookings that the ledger lines of the debtor accounts show, by number, over the days that matter."""
    starts, ends = [], []
    for key in gone:
        seen = before.seen.get(key)
        if seen is not None:
            starts.append(seen.date)
            ends.append(seen.date)
            continue
        year = sales[key].fiscal_year
        known = year.isdigit() and len(year) == 4
        starts.append(date(int(year), 1, 1) if known else today - timedelta(days=400))
        ends.append(date(int(year), 12, 31) if known else today + timedelta(days=366))
    lines = [line for account in accounts for line in lookups.transactions(min(starts), max(ends), account)]
    found: dict[str, list[Booking]] = defaultdict(list)
    for booking in bookings(lines, readings):
        found[clean(booking.reference) or booking.document_id].append(booking)
    return found


def _explain_purchases(
    lookups: Lookups,
    before: Memory,
    after: Memory,
    gone: Sequence[str],
    rows: list[SettlementRow],
    unexplained: list[str],
    now: datetime,
    readings: Readings,
    accounts: Sequence[str],
) -> None:
    """Look at the ledger lines of what we owed: matched is paid. What still stands there without a matching is paid after
    a while, as `gone_purchase_is_paid` says; what stands there no more was deleted or booked anew, so a person is asked.
    """
    days = [before.bought[key].date for key in gone]
    lines: dict[str, list[Transaction]] = defaultdict(list)
    for account in accounts:
        for line in lookups.transactions(min(days), max(days), account):
            lines[line.document_id].append(line)
    for key in gone:
        seen, matched = before.bought[key], [line.matched_on for line in lines.get(key, ())]
        since = after.missing[key] = before.missing.get(key, now)
        on = [day for day in matched if day is not None]
        is_proven = bool(on) and len(on) == len(matched)
        wait = readings.gone_purchase_is_paid
        state = seen.state
        if matched and state != PAID and (is_proven or (wait is not None and now - since >= wait)):
            left = abs(seen.original) - seen.part
            rows.append(_row(key, False, left, settled=True, on=max(on) if is_proven else None))
            state = PAID
        elif not matched or state == PAID or wait is None:
            unexplained.append(key)
        after.bought[key] = replace(seen, state=state)
