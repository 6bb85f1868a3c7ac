"""Our documents as bookings of Octopus, and bookings as what we know of a document. Pure.

Sign rule, in this one place: inside our records amounts are positive for what the document kind says, and a line that
works against the document is negative. On Octopus's wire a credit note has a negative total and keeps the lines as we
have them. `_line_sign` says so on the way out, `booked_totals` reads either way back. Source: vendor notes, bookings.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from ..base.records import (
    BookedRecord,
    BookedTotals,
    Document,
    DocumentKind,
    DocumentNumber,
    DocumentRef,
    File,
    Line,
    VatTotal,
)
from ..base.texts import clean
from .answers import Row, Unreadable, rows_in
from .mapping import PURCHASES, SALES, parse_period, relation_id
from .unsure import DEFAULT_READINGS, Readings
from .values import Unsendable, amount, day, decimal, double, int32, key_id, number, text

_ZERO = Decimal("0.00")
_RATE_PLACES = Decimal("0.00000001")
_LINE_COMMENT_LENGTH = 60
_TRANSFER, _DIRECT_DEBIT = 1, 4


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where a booking stands: bookyear key, journal, number. As text it is the booking's external id."""

    bookyear: int
    journal: str
    number: int

    def __str__(self) -> str:
        return f"{self.bookyear}/{self.journal}/{self.number}"


def parse_place(external_id: str) -> Place | None:
    """The place of an external id, else None."""
    parts = external_id.split("/")
    if len(parts) != 3 or not parts[0].isdigit() or not parts[2].isdigit() or not parts[1]:
        return None
    return Place(int(parts[0]), parts[1], int(parts[2]))


def place_of(found: DocumentNumber | None) -> Place | None:
    """The place that the caller chose, None for none or one that is no place of Octopus."""
    if found is None or not found.book_year.isdigit() or not found.journal or found.number < 1:
        return None
    return Place(int(found.book_year), found.journal, found.number)


# --- out ------------------------------------------------------------------------------------------------------


def booking_payload(document: Document, readings: Readings = DEFAULT_READINGS) -> Row:
    """A document as the inner object of a POST.

    Amounts exclude VAT and the VAT of each line is sent beside it; the total is their sum. Raises Unsendable for what
    must not go out: no number, a period of another bookyear, no party, VAT code or account, fractions of a cent.
    """
    place = place_of(document.number)
    if place is None:
        raise Unsendable("ALL-999", "a booking of Octopus needs bookyear, journal and number")
    if place.journal != document.journal or not place.journal.startswith(_letter(document.kind)):
        raise Unsendable("JRN-510", f"journal {document.journal} does not take this kind of document")
    period = parse_period(document.period)
    if period is None or period[0] != place.bookyear:
        raise Unsendable("PER-506", f"no period of bookyear {place.bookyear} is given for {document.date.isoformat()}")
    if document.total < 0:
        raise Unsendable("ALL-999", "a negative total goes out as the other kind of document")
    relation = int32(document.party.external_id, "PAR-641", document.party.name or "the party")
    payload: Row = {
        "bookyearKey": {"id": place.bookyear},
        "journalKey": place.journal,
        "documentSequenceNr": place.number,
        "relationIdentificationServiceData": {"relationKey": {"id": relation}},
        "bookyearPeriodeNr": period[1],
        "documentDate": document.date.isoformat(),
        "expiryDate": _expiry(document.date, document.due_date).isoformat(),
        "comment": document.reference,
        "amount": double(-document.total if document.kind.is_credit_note else document.total),
        "currencyCode": document.currency,
        "exchangeRate": float(_wire_rate(document, readings)),
        "paymentMethod": _DIRECT_DEBIT if document.direct_debit else _TRANSFER,
    }
    if document.payment_reference:
        payload["reference"] = document.payment_reference
    sign = _line_sign(document.kind, readings)
    payload["bookingLines"] = [_line_payload(line, sign) for line in document.lines]
    return payload


def _letter(kind: DocumentKind) -> str:
    return SALES if kind.is_sales else PURCHASES


def _expiry(booked_on: date, due: date | None) -> date:
    """The expiry date is required, and not before the document's own."""
    return max(booked_on, due or booked_on)


def _wire_rate(document: Document, readings: Readings) -> Decimal:
    if readings.rate_multiplies or not document.exchange_rate:
        return document.exchange_rate
    return (1 / document.exchange_rate).quantize(_RATE_PLACES)


def _line_sign(kind: DocumentKind, readings: Readings) -> int:
    return -1 if kind.is_credit_note and not readings.credit_lines_positive else 1


def _line_payload(line: Line, sign: int) -> Row:
    if not line.vat_code:
        raise Unsendable("APP-102", "a line has no VAT code")
    payload: Row = {
        "accountKey": int32(line.ledger_account.external_id, "APP-105", "ledger account"),
        "baseAmount": double(sign * line.net),
        "vatCodeKey": line.vat_code,
        "vatAmount": double(sign * line.vat),
    }
    comment = clean(line.description, _LINE_COMMENT_LENGTH)
    if comment:
        payload["comment"] = comment
    return payload


def file_payload(file: File, encoded: str) -> dict[str, str]:
    """A file as it stands beside a booking; its content already in base64."""
    return {"fileName": file.name, "fileData": encoded}


# --- back -----------------------------------------------------------------------------------------------------


def booking_place(row: Row) -> Place | None:
    """Where a booking stands, None when the row does not say."""
    found = Place(key_id(row.get("bookyearKey")), text(row.get("journalKey")), number(row.get("documentSequenceNr")))
    return found if found.bookyear and found.journal and found.number else None


def booking_kind(row: Row) -> DocumentKind | None:
    """The kind of a booking by its journal's letter and the sign of its total; None for other journals."""
    letter = text(row.get("journalKey"))[:1]
    is_credit_note = (amount(row.get("amount")) or _ZERO) < 0
    if letter == SALES:
        return DocumentKind.SALES_CREDIT_NOTE if is_credit_note else DocumentKind.SALES_INVOICE
    if letter == PURCHASES:
        return DocumentKind.PURCHASE_CREDIT_NOTE if is_credit_note else DocumentKind.PURCHASE_INVOICE
    return None


def booking_ref(place: Place, kind: DocumentKind | None) -> DocumentRef:
    """A booking's place, as the engine keeps it."""
    return DocumentRef(
        external_id=str(place),
        number=str(place.number),
        journal=place.journal,
        fiscal_year=str(place.bookyear),
        kind=kind,
    )


def booked_totals(row: Row, kind: DocumentKind) -> BookedTotals | None:
    """What a booking says it holds, positive inside `kind`; None when it states no total.

    The lines of a credit note may come back as they were sent or negative: whichever adds up to the total is meant.
    """
    total = amount(row.get("amount"))
    if total is None:
        return None
    inside = -total if kind.is_credit_note else total
    lines = _line_amounts(row)
    if lines is None:
        return BookedTotals(total=inside + 0)
    summed = sum((net + vat for _, net, vat in lines), _ZERO)
    sign = -1 if summed == -inside and summed else 1
    sums: dict[str, list[Decimal]] = defaultdict(lambda: [_ZERO, _ZERO])
    for code, net, vat in lines:
        sums[code][0] += sign * net
        sums[code][1] += sign * vat
    return BookedTotals(
        net=sum((net for net, _ in sums.values()), _ZERO) + 0,
        vat=sum((vat for _, vat in sums.values()), _ZERO) + 0,
        total=inside + 0,
        per_vat_code=tuple(
            VatTotal(vat_code=code, base=net + 0, vat=vat + 0) for code, (net, vat) in sorted(sums.items())
        ),
    )


def _line_amounts(row: Row) -> list[tuple[str, Decimal, Decimal]] | None:
    """VAT code, net and VAT of the lines of a booking; None when not all of them state theirs."""
    found = []
    for line in _lines(row) or ():
        net = amount(line.get("baseAmount"))
        if net is None:
            return None
        found.append((text(line.get("vatCodeKey")), net, amount(line.get("vatAmount")) or _ZERO))
    return found or None


def _lines(row: Row) -> tuple[Row, ...] | None:
    try:
        return rows_in(row.get("bookingLines"))
    except Unreadable:
        return None


def stored_differently(row: Row, document: Document) -> tuple[str, ...]:
    """What a booking shows otherwise than it was sent, its totals aside; empty when nothing does."""
    remarks = []
    if str(relation_id(row)) != document.party.external_id:
        remarks.append("another relation")
    comment = text(row.get("comment"))
    if comment != document.reference.strip():
        remarks.append(f"comment {comment}")
    currency = text(row.get("currencyCode"))
    if currency and currency != document.currency:
        remarks.append(f"currency {currency}")
    booked_on = day(row.get("documentDate"))
    if booked_on is not None and booked_on != document.date:
        remarks.append(f"date {booked_on.isoformat()}")
    if booking_kind(row) is not document.kind:
        remarks.append("another kind of document")
    rate = decimal(row.get("exchangeRate"))
    if rate is not None and document.currency == "EUR" and rate != 1:
        remarks.append("exchange rate")
    sent = sorted(line.ledger_account.external_id for line in document.lines)
    lines = _lines(row)
    if lines is not None and sent != sorted(text(line.get("accountKey")) for line in lines):
        remarks.append("another ledger account")
    return tuple(remarks)


def booked_record(row: Row) -> BookedRecord | None:
    """A booking that stands in the books; None for one without place, date or a kind of ours."""
    place, kind, booked_on = booking_place(row), booking_kind(row), day(row.get("documentDate"))
    if place is None or kind is None or booked_on is None:
        return None
    totals = booked_totals(row, kind)
    relation = relation_id(row)
    return BookedRecord(
        ref=booking_ref(place, kind),
        reference=text(row.get("comment")),
        kind=kind,
        party_external_id=str(relation) if relation else "",
        date=booked_on,
        total=totals.total if totals else None,
        currency=text(row.get("currencyCode")) or "EUR",
    )


_LETTERS = {1: PURCHASES, 2: SALES}  # journal types as the ledger numbers them; the others are none of ours


def document_places(row: Row) -> list[Place]:
    """The places inside a list of deleted bookings, sales and purchases only. Raises Unreadable."""
    keys = rows_in(row.get("deletedBookings"))
    return [place for key in keys if (place := _ledger_place(key, "journalSequenceNr")) is not None]


def ledger_comments(row: Row) -> list[tuple[Place, str]]:
    """Place and comment of the ledger lines written since, sales and purchases only. Raises Unreadable."""
    lines = rows_in(row.get("modifiedBookings"))
    return [
        (place, text(line.get("comment"))) for line in lines if (place := _ledger_place(line, "journalNr")) is not None
    ]


def _ledger_place(row: Row, journal_number: str) -> Place | None:
    letter = _LETTERS.get(number(row.get("journalType")))
    place = Place(
        key_id(row.get("bookyearKey")),
        f"{letter}{number(row.get(journal_number))}",
        number(row.get("documentSequenceNr")),
    )
    return place if letter and place.bookyear and place.number else None
