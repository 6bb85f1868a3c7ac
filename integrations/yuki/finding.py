"""Whether a booking of Yuki is our document: equal in every respect, or nobody can tell. Pure.

Source: design, posting; vendor notes, payment state and pushing.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from ..base.records import Absent, CannotTell, DocumentQuery, DocumentRef, Finding, Found
from .answers import sales_ref
from .listing import Booking, totals_of
from .values import clean, guid, text


def names(query: DocumentQuery) -> frozenset[str]:
    """What its booking is known by in a list: our number, or the document that somebody linked."""
    known = guid(query.external_id)
    number = query.external_id if query.external_id and not known else query.reference
    return frozenset(filter(None, (known, clean(number))))


def is_meant(wanted: Collection[str], reference: str, document_id: str) -> bool:
    """Whether a row of a list is known by one of these names. Asked of many rows."""
    return document_id in wanted or clean(reference) in wanted


def judge(query: DocumentQuery, found: Sequence[Booking]) -> Finding:
    """Found: exactly one booking is equal in reference, kind, party, date, total and currency.

    One that Yuki itself said it booked is ours whatever it shows; what is not equal is remarked.
    Absent only says that nothing of ours came back; whether it may have to be waited for is asked elsewhere.
    """
    wanted = names(query)
    meant = [booking for booking in found if is_meant(wanted, booking.reference, booking.document_id)]
    if query.is_booked and len(meant) == 1 and meant[0].total is not None:
        return Found(ref=_ref(meant[0]), totals=totals_of(meant[0], query.kind), remarks=differences(meant[0], query))
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


def differences(booking: Booking, query: DocumentQuery) -> tuple[str, ...]:
    """What a booking shows otherwise than it was sent, beside the totals; empty when nothing does.

    Yuki finds a customer by name when no code fits, and puts what it does not know on its default account.
    """
    remarks = []
    is_shown = booking.contact_code or booking.contact_id
    if is_shown and booking.contact_code != query.party_code and booking.contact_id != guid(query.party_external_id):
        remarks.append("another relation")
    if booking.date != query.date:
        remarks.append(f"date {booking.date.isoformat()}")
    if booking.accounts is not None and sorted(set(booking.accounts)) != sorted(
        {text(code) for code in query.accounts}
    ):
        remarks.append("another ledger account")
    return tuple(remarks)


def _is_party(query: DocumentQuery, booking: Booking) -> bool:
    """The contact by its key, or by the code that we gave it. Not known to us yet (a person asks about a booking made
    by hand): nothing to compare."""
    party = query.party_external_id
    if guid(party):
        return guid(party) == booking.contact_id
    return not clean(party) or clean(party) == booking.contact_code
