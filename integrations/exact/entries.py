"""Our documents as sales and purchase entries, and entries as what we know of a booking. Pure.

Sign rule, in this one place: inside our records amounts are positive for what the document kind says. On Exact's
wire a credit note is an entry with negative amounts and no Type. `_wire_sign` turns it on the way out,
`_inside_sign` on the way back. Source: vendor notes, sales and purchase entries; domain rules 4.4, 4.5.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from ..base.records import BookedRecord, BookedTotals, Document, DocumentKind, DocumentRef, Line, VatTotal
from ..base.texts import clean
from .answers import Row, rows_of
from .resources import PURCHASE_ENTRIES, SALES_ENTRIES, EntryResource
from .unsure import DEFAULT_READINGS, Readings
from .values import Unsendable, amount, day, double, guid, iso, rate, text, whole

_DESCRIPTION_LENGTH = 60
_CREDIT_NOTE_TYPES = {21, 31}
_ZERO = Decimal("0.00")
_RATE_PLACES = Decimal("0.00000001")


def resource_for(kind: DocumentKind) -> EntryResource:
    """Where documents of this kind live."""
    return SALES_ENTRIES if kind.is_sales else PURCHASE_ENTRIES


# --- out ------------------------------------------------------------------------------------------------------


def entry_payload(document: Document, readings: Readings = DEFAULT_READINGS) -> dict[str, Any]:
    """A document as the body of a POST to its resource.

    Amounts exclude VAT and the VAT of each line is sent beside it, so that Exact does not compute it anew.
    Raises Unsendable for what must not go out: no party, no VAT code, no ledger account, fractions of a cent.
    """
    resource = resource_for(document.kind)
    party = guid(document.party.external_id)
    if not party:
        raise Unsendable("PAR-641", f"{document.party.name or 'the party'} has no valid key in Exact Online")
    payload: dict[str, Any] = {
        resource.party: party,
        "Journal": document.journal,
        "EntryDate": iso(document.date),
        "YourRef": document.reference,
        "Description": clean(document.description or document.reference, _DESCRIPTION_LENGTH),
        "Currency": document.currency,
    }
    if readings.send_entry_id and guid(document.key):
        payload["EntryID"] = guid(document.key)
    if document.due_date is not None:
        payload["DueDate"] = iso(document.due_date)
    if document.currency != "EUR" or document.exchange_rate != 1:
        payload["Rate"] = rate(_wire_rate(document, readings))
    if document.payment_term_code:
        payload["PaymentCondition"] = document.payment_term_code
    if document.payment_reference:
        payload["PaymentReference"] = document.payment_reference
    payload[resource.lines] = _line_payloads(document, readings)
    return payload


def _wire_rate(document: Document, readings: Readings) -> Decimal:
    if readings.rate_multiplies or not document.exchange_rate:
        return document.exchange_rate
    return (1 / document.exchange_rate).quantize(_RATE_PLACES)


def _line_payloads(document: Document, readings: Readings) -> list[dict[str, Any]]:
    sign = _wire_sign(document.kind, readings)
    with_vat = {line.vat_code for line in document.lines if line.vat}
    return [
        _line_payload(line, sign, states_vat=readings.send_zero_vat or line.taxed or line.vat_code in with_vat)
        for line in document.lines
    ]


def _line_payload(line: Line, sign: int, *, states_vat: bool) -> dict[str, Any]:
    """One line. `states_vat` false: a rate of zero, and no VAT on its code in the document, so the code decides."""
    account = guid(line.ledger_account.external_id)
    if not account:
        raise Unsendable("APP-105", f"ledger account {line.ledger_account.code} has no valid key in Exact Online")
    if not line.vat_code:
        raise Unsendable("APP-102", "a line has no VAT code")
    payload: dict[str, Any] = {
        "AmountFC": double(sign * line.net),
        "GLAccount": account,
        "VATCode": line.vat_code,
    }
    if states_vat:
        payload["VATAmountFC"] = double(sign * line.vat)
    description = clean(line.description, _DESCRIPTION_LENGTH)
    if description:
        payload["Description"] = description
    return payload


def _wire_sign(kind: DocumentKind, readings: Readings) -> int:
    return -1 if kind.is_credit_note and readings.credit_notes_negative else 1


# --- back -----------------------------------------------------------------------------------------------------


def is_credit_note(entry: Row) -> bool:
    """Whether an entry lowers a debt: by its type, or by a negative total whatever the type says."""
    total = amount(entry.get("AmountFC"))
    return whole(entry.get("Type")) in _CREDIT_NOTE_TYPES or (total is not None and total < 0)


def entry_kind(entry: Row, resource: EntryResource) -> DocumentKind:
    """The document kind of an entry."""
    if resource.is_sales:
        return DocumentKind.SALES_CREDIT_NOTE if is_credit_note(entry) else DocumentKind.SALES_INVOICE
    return DocumentKind.PURCHASE_CREDIT_NOTE if is_credit_note(entry) else DocumentKind.PURCHASE_INVOICE


def _inside_sign(entry: Row, kind: DocumentKind) -> int:
    """The factor that makes an entry's amounts positive inside `kind`.

    An entry that was booked in the wrong direction comes out negative, and so never equals what we sent. Should
    Exact show credit notes with positive amounts, their type (21, 31) says so.
    """
    total = amount(entry.get("AmountFC"))
    turned = whole(entry.get("Type")) in _CREDIT_NOTE_TYPES and total is not None and total > 0
    effect = -1 if turned else 1
    return -effect if kind.is_credit_note else effect


def entry_ref(entry: Row, resource: EntryResource) -> DocumentRef:
    """Where an entry stands. The key is the answer's own, whether or not it took the one we gave."""
    return DocumentRef(
        external_id=guid(entry.get("EntryID")),
        number=text(entry.get("EntryNumber")),
        journal=text(entry.get("Journal")),
        fiscal_year=text(entry.get("ReportingYear")),
        kind=entry_kind(entry, resource),
    )


def booked_totals(
    entry: Row, kind: DocumentKind, resource: EntryResource, readings: Readings = DEFAULT_READINGS
) -> BookedTotals | None:
    """What an entry says it booked, positive inside `kind`; None when it says nothing.

    The total is the header's, the net amount that of the lines where they came along; VAT is what lies between, so
    a reverse charge, which shows VAT on its lines and owes none, reads as we see it. VAT per code is given only
    when the lines' VAT adds up to that.
    """
    sign = _inside_sign(entry, kind)
    header = amount(entry.get("AmountFC"))
    header_vat = amount(entry.get("VATAmountFC"))
    lines = _line_amounts(entry, resource)
    line_net = sum((net for _, net, _ in lines), _ZERO) if lines else None
    line_vats = [vat for _, _, vat in lines if vat is not None] if lines else []
    line_vat = sum(line_vats, _ZERO) if lines and len(line_vats) == len(lines) else None
    if header is not None and not readings.header_includes_vat:
        header = header + header_vat if header_vat is not None else None
    total = header
    if total is None and line_net is not None and line_vat is not None:
        total = line_net + line_vat
    if total is None and line_net is None:
        return None
    net = line_net
    if net is None and total is not None and header_vat is not None:
        net = total - header_vat
    vat = total - net if total is not None and net is not None else header_vat
    per_code = _per_vat_code(lines, sign) if lines and line_vat is not None and line_vat == vat else None
    return BookedTotals(
        net=_signed(net, sign), vat=_signed(vat, sign), total=_signed(total, sign), per_vat_code=per_code
    )


def stored_differently(entry: Row, document: Document, resource: EntryResource) -> tuple[str, ...]:
    """What the answer shows otherwise than it was sent, beside the totals; empty when nothing does.

    Exact was reported to drop a key of another administration without a word. Only what the answer holds counts.
    """
    remarks = []
    party = guid(entry.get(resource.party))
    if party and party != guid(document.party.external_id):
        remarks.append("another relation")
    journal = text(entry.get("Journal"))
    if journal and journal != document.journal:
        remarks.append(f"journal {journal}")
    reference = text(entry.get("YourRef"))
    if reference and reference != document.reference:
        remarks.append(f"reference {reference}")
    currency = text(entry.get("Currency"))
    if currency and currency != document.currency:
        remarks.append(f"currency {currency}")
    booked_on = day(entry.get("EntryDate"))
    if booked_on is not None and booked_on != document.date:
        remarks.append(f"date {booked_on.isoformat()}")
    if not _rate_holds(entry, document):
        remarks.append("exchange rate")
    remarks += _line_remarks(rows_of(entry.get(resource.lines)), document)
    return tuple(remarks)


def _rate_holds(entry: Row, document: Document) -> bool:
    """Whether the two totals of the answer are the document's rate apart; true when it does not show them.

    Exact rounds line by line, so a few cents are no difference; a rate that was taken the other way round is.
    """
    foreign, own = amount(entry.get("AmountFC")), amount(entry.get("AmountDC"))
    if foreign is None or own is None or document.exchange_rate == 1:
        return True
    allowed = Decimal("0.02") * (1 + len(document.lines))
    return abs(foreign * document.exchange_rate - own) <= allowed


def _line_remarks(rows: Sequence[Row] | None, document: Document) -> list[str]:
    if rows is None:
        return []
    if len(rows) != len(document.lines):
        return [f"{len(rows)} lines"]
    if any("GLAccount" not in row for row in rows):
        return []
    sent = sorted(guid(line.ledger_account.external_id) for line in document.lines)
    stored = sorted(guid(row.get("GLAccount")) for row in rows)
    return [] if sent == stored else ["another ledger account"]


def booked_record(entry: Row, resource: EntryResource, readings: Readings = DEFAULT_READINGS) -> BookedRecord | None:
    """An entry that stands in the books, None for one without key or date."""
    ref = entry_ref(entry, resource)
    booked_on = day(entry.get("EntryDate"))
    if not ref.external_id or booked_on is None:
        return None
    kind = entry_kind(entry, resource)
    totals = booked_totals(entry, kind, resource, readings)
    return BookedRecord(
        ref=ref,
        reference=text(entry.get("YourRef")),
        kind=kind,
        party_external_id=guid(entry.get(resource.party)),
        date=booked_on,
        total=totals.total if totals else None,
        currency=text(entry.get("Currency")) or "EUR",
    )


def _line_amounts(entry: Row, resource: EntryResource) -> list[tuple[str, Decimal, Decimal | None]]:
    """VAT code, net and VAT of the lines inside an entry; empty when not all of them state a net amount."""
    rows = rows_of(entry.get(resource.lines)) or ()
    found = []
    for row in rows:
        net = amount(row.get("AmountFC"))
        if net is None:
            return []
        found.append((text(row.get("VATCode")), net, amount(row.get("VATAmountFC"))))
    return found


def _per_vat_code(lines: Sequence[tuple[str, Decimal, Decimal | None]], sign: int) -> tuple[VatTotal, ...]:
    sums: dict[str, list[Decimal]] = defaultdict(lambda: [_ZERO, _ZERO])
    for code, net, vat in lines:
        sums[code][0] += net
        sums[code][1] += vat or _ZERO
    return tuple(
        VatTotal(vat_code=code, base=sign * base + 0, vat=sign * vat + 0) for code, (base, vat) in sorted(sums.items())
    )


def _signed(value: Decimal | None, sign: int) -> Decimal | None:
    return None if value is None else sign * value + 0
