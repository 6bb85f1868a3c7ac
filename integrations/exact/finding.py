"""Whether an entry of Exact Online is our document: equal in every respect, or nobody can tell. Pure.

Source: design, posting; vendor notes, sales entries (`YourRef`).
"""

from __future__ import annotations

from collections.abc import Sequence

from ..base.records import Absent, CannotTell, DocumentQuery, Finding, Found
from .answers import Row
from .entries import booked_record, booked_totals, entry_ref
from .resources import EntryResource
from .unsure import DEFAULT_READINGS, Readings
from .values import guid, guid_literal, quoted


def find_filter(query: DocumentQuery, readings: Readings = DEFAULT_READINGS) -> str:
    """The filter that brings every entry that may be the document.

    By its known id alone; otherwise by our reference, and by the key we gave, should Exact have taken it.
    """
    if guid(query.external_id):
        return f"EntryID eq {guid_literal(query.external_id)}"
    by_reference = f"YourRef eq {quoted(query.reference)}"
    if readings.send_entry_id and guid(query.key):
        return f"{by_reference} or EntryID eq {guid_literal(query.key)}"
    return by_reference


def judge(
    query: DocumentQuery, entries: Sequence[Row], resource: EntryResource, readings: Readings = DEFAULT_READINGS
) -> Finding:
    """Found: exactly one entry is equal in reference, kind, party, date, total and currency.

    Absent only says that nothing of ours came back; whether the user may see entries at all is asked elsewhere.
    """
    equal, near = [], []
    for entry in entries:
        differences = _differences(query, entry, resource, readings)
        if not differences:
            equal.append(entry)
        elif _may_be_ours(query, entry, differences):
            near.append((entry, differences))
    if len(equal) == 1:
        entry = equal[0]
        return Found(ref=entry_ref(entry, resource), totals=booked_totals(entry, query.kind, resource, readings))
    doubtful = (*equal, *(entry for entry, _ in near))
    candidates = tuple(entry_ref(entry, resource) for entry in doubtful)
    totals = tuple(booked_totals(entry, query.kind, resource, readings) for entry in doubtful)
    if equal:
        return CannotTell(reason=f"{len(equal)} entries are equal to it", candidates=candidates, totals=totals)
    if near:
        return CannotTell(reason="not equal: " + ", ".join(near[0][1]), candidates=candidates, totals=totals)
    return Absent()


def _differences(query: DocumentQuery, entry: Row, resource: EntryResource, readings: Readings) -> list[str]:
    record = booked_record(entry, resource, readings)
    if record is None:
        return ["key or date"]
    facts = (
        ("reference", record.reference == query.reference.strip()),
        ("kind", record.kind is query.kind),
        # Not known to us yet (a person asks about a booking made by hand): nothing to compare.
        ("party", not query.party_external_id or record.party_external_id == guid(query.party_external_id)),
        ("date", record.date == query.date),
        ("total", record.total == query.total),
        ("currency", record.currency == query.currency),
    )
    return [name for name, same in facts if not same]


def _may_be_ours(query: DocumentQuery, entry: Row, differences: Sequence[str]) -> bool:
    """Suppliers share numbers: another supplier's entry of another date and total is not ours.

    One we asked for by its key is ours to doubt, whatever it holds.
    """
    if guid(entry.get("EntryID")) in (guid(query.external_id), guid(query.key)):
        return True
    return query.kind.is_sales or not {"party", "date", "total"} <= set(differences)
