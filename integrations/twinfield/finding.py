"""Whether an entry of Twinfield is our document: equal in every respect, or nobody can tell. Pure.

Source: design, posting; vendor notes, duplicates.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from decimal import Decimal

from ..base.records import Absent, BookedRecord, BookedTotals, CannotTell, DocumentQuery, Finding, Found
from . import browse
from .browse import Row
from .values import ZERO


def entries_of(rows: Iterable[Row], is_sales: bool) -> list[BookedRecord]:
    """The entries that lines of a table belong to; several lines of one relation in an entry are one amount."""
    sums: dict[str, Decimal] = {}
    first: dict[str, Row] = {}
    for row in rows:
        first.setdefault(row.key, row)
        sums[row.key] = sums.get(row.key, ZERO) + (row.amount(browse.VALUE) or ZERO)
    found = []
    for key, row in first.items():
        record = browse.booked_record(row, is_sales)
        if record is not None:
            kind = browse.kind_of(is_sales, sums[key])
            found.append(replace(record, total=abs(sums[key]), kind=kind, ref=replace(record.ref, kind=kind)))
    return found


def judge(query: DocumentQuery, records: Sequence[BookedRecord]) -> Finding:
    """Found: exactly one entry is equal in reference, kind, party, date, total and currency.

    Absent only says that nothing of ours came back; whether the user may see entries at all is asked elsewhere.
    """
    equal, near = [], []
    for record in records:
        differences = differences_of(query, record)
        if not differences:
            equal.append(record)
        elif _may_be_ours(query, record, differences):
            near.append((record, differences))
    if len(equal) == 1:
        return Found(ref=equal[0].ref, totals=BookedTotals(total=equal[0].total))
    doubtful = [*equal, *(record for record, _ in near)]
    candidates = tuple(record.ref for record in doubtful)
    totals = tuple(BookedTotals(total=record.total) for record in doubtful)
    if equal:
        return CannotTell(reason=f"{len(equal)} entries are equal to it", candidates=candidates, totals=totals)
    if near:
        return CannotTell(reason="not equal: " + ", ".join(near[0][1]), candidates=candidates, totals=totals)
    return Absent()


def differences_of(query: DocumentQuery, record: BookedRecord) -> list[str]:
    """In which respects an entry is another one than was asked for."""
    facts = (
        ("reference", record.reference == query.reference.strip()),
        ("kind", record.kind is query.kind),
        # Not known to us yet (a person asks about a booking made by hand): nothing to compare.
        ("party", not query.party_external_id or record.party_external_id == query.party_external_id),
        ("date", record.date == query.date),
        ("total", record.total == query.total),
        ("currency", record.currency == query.currency),
        ("journal", not query.journal or record.ref.journal == query.journal),
    )
    return [name for name, same in facts if not same]


def _may_be_ours(query: DocumentQuery, record: BookedRecord, differences: Sequence[str]) -> bool:
    """Suppliers share numbers: another supplier's entry of another date and total is not ours.

    One we asked for by its key is ours to doubt, whatever it holds.
    """
    if record.ref.external_id == query.external_id:
        return True
    return query.kind.is_sales or not {"party", "date", "total"} <= set(differences)
