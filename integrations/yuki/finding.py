"""Whether a booking of Yuki is our document: equal in every respect, or nobody can tell. Pure.

Source: design, posting; vendor notes, payment state and pushing.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..base.records import Absent, CannotTell, DocumentQuery, DocumentRef, Finding, Found
from .answers import sales_ref
from .listing import Booking, totals_of
from .values import clean, guid


def is_meant(query: DocumentQuery, booking: Booking) -> bool:
    """Whether a booking carries our number, or is the very document that somebody linked."""
    known = guid(query.external_id)
    if known and booking.document_id == known:
        return True
    wanted = query.external_id if query.external_id and not known else query.reference
    return bool(clean(wanted)) and clean(booking.reference) == clean(wanted)


def judge(query: DocumentQuery, found: Sequence[Booking]) -> Finding:
    """Found: exactly one booking is equal in reference, kind, party, date, total and currency.

    Absent only says that nothing of ours came back; whether it may have to be waited for is asked elsewhere.
    """
    meant = [booking for booking in found if is_meant(query, booking)]
    equal = [booking for booking in meant if not _differences(query, booking)]
    if len(equal) == 1 and len(meant) == 1:
        booking = equal[0]
        return Found(ref=_ref(booking), totals=totals_of(booking, query.kind))
    if not meant:
        return Absent()
    reason = (
        f"{len(meant)} bookings carry its number"
        if len(meant) > 1
        else "not equal: " + ", ".join(_differences(query, meant[0]))
    )
    return CannotTell(
        reason=reason,
        candidates=tuple(_ref(booking) for booking in meant),
        totals=tuple(totals_of(booking, query.kind) for booking in meant),
    )


def _ref(booking: Booking) -> DocumentRef:
    return sales_ref(clean(booking.reference) or booking.document_id, year=booking.date.year, kind=booking.kind)


def _differences(query: DocumentQuery, booking: Booking) -> list[str]:
    sign = -1 if query.kind.is_credit_note else 1
    facts = (
        ("reference", clean(booking.reference) == clean(query.reference)),
        ("kind", booking.total is not None and booking.kind is query.kind),
        ("party", _is_party(query, booking)),
        ("date", booking.date == query.date),
        ("total", booking.total is not None and sign * booking.total == query.total),
        ("currency", query.currency == "EUR"),
    )
    return [name for name, same in facts if not same]


def _is_party(query: DocumentQuery, booking: Booking) -> bool:
    """The contact by its key, or by the code that we gave it. Not known to us yet (a person asks about a booking made
    by hand): nothing to compare."""
    party = query.party_external_id
    if guid(party):
        return guid(party) == booking.contact_id
    return not clean(party) or clean(party) == booking.contact_code
