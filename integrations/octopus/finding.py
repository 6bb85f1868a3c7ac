"""Whether a booking of Octopus is our document: equal in every respect, or nobody can tell. Pure.

Our own number stands in `comment`; the place (bookyear, journal, number) was chosen by us, so what stands there is a
question too, but somebody else may have been first. Source: design, posting; vendor notes, numbering procedure.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..base.records import Absent, CannotTell, DocumentQuery, Finding, Found
from .answers import Row
from .bookings import Place, booked_record, booked_totals, booking_place, parse_place, place_of


def wanted_place(query: DocumentQuery) -> Place | None:
    """Where the booking should stand: by its known id, else where we sent it."""
    return parse_place(query.external_id) or place_of(query.number)


def judge(query: DocumentQuery, rows: Sequence[Row]) -> Finding:
    """Found: exactly one booking is equal in reference, kind, party, date, total and currency.

    Absent says that nothing of ours is among `rows`; that they are all there are to see is the caller's matter.
    """
    equal, near = [], []
    for row in rows:
        differences = _differences(query, row)
        if not differences:
            equal.append(row)
        elif _may_be_ours(query, row, differences):
            near.append((row, differences))
    if len(equal) == 1:
        record = booked_record(equal[0])
        if record is not None:
            return Found(ref=record.ref, totals=booked_totals(equal[0], query.kind))
    doubtful = (*equal, *(row for row, _ in near))
    records = [record for row in doubtful if (record := booked_record(row)) is not None]
    candidates = tuple(record.ref for record in records)
    totals = tuple(booked_totals(row, query.kind) for row in doubtful if booked_record(row) is not None)
    if equal:
        return CannotTell(reason=f"{len(equal)} bookings are equal to it", candidates=candidates, totals=totals)
    if near:
        return CannotTell(reason="not equal: " + ", ".join(near[0][1]), candidates=candidates, totals=totals)
    return Absent()


def _differences(query: DocumentQuery, row: Row) -> list[str]:
    record = booked_record(row)
    if record is None:
        return ["place or date"]
    facts = (
        ("reference", record.reference == query.reference.strip()),
        ("kind", record.kind is query.kind),
        # Not known to us yet (a person asks about a booking made by hand): nothing to compare.
        ("party", not query.party_external_id or record.party_external_id == query.party_external_id),
        ("date", record.date == query.date),
        ("total", record.total == query.total),
        ("currency", record.currency == query.currency),
    )
    return [name for name, same in facts if not same]


def _may_be_ours(query: DocumentQuery, row: Row, differences: Sequence[str]) -> bool:
    """Whether a booking that is not equal may be ours all the same.

    A known one was posted there, so whatever it holds now is ours to doubt. At a place that we only tried, another
    reference says that somebody else was first, unless all the rest is ours. Elsewhere the reference must be the same;
    suppliers share numbers, so another supplier's booking of another date and total is not ours.
    """
    place = booking_place(row)
    if query.external_id and place == parse_place(query.external_id):
        return True
    if set(differences) == {"reference"} and place is not None and place == place_of(query.number):
        return True
    if "reference" in differences:
        return False
    if query.kind.is_sales != (text_letter(place) == "V"):
        return False
    return query.kind.is_sales or not {"party", "date", "total"} <= set(differences)


def text_letter(place: Place | None) -> str:
    """The letter of a place's journal, which says what kind of journal it is."""
    return place.journal[:1] if place else ""
