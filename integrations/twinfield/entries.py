"""Our documents as transactions, and transactions as what we know of a booking. Pure.

Sign rule, in this one place: inside our records amounts are positive for what the document kind says. On Twinfield's
wire every value is positive and the side says the rest: the relation's line of a sales invoice is debit, of a purchase
invoice credit, credit notes the other way round; detail and VAT lines stand opposite. `_side` turns it on the way
out, `_inside` on the way back. Source: vendor notes, sales and purchase transactions; domain rules 4.4, 4.5.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal

from ..base.records import (
    BookedRecord,
    BookedTotals,
    Document,
    DocumentKind,
    DocumentRef,
    Line,
    SupplyKind,
    VatTotal,
)
from ..base.texts import clean
from .keys import ROLE_OF_TYPE, TYPE_OF_ROLE, entry_key, party_key, split_party
from .limits import LIMITS, LINES
from .markup import Node, attribute, child, children, element, leaf, optional, text
from .unsure import DEFAULT_READINGS, Readings
from .values import ZERO, Unsendable, amount, day, money, wire_date

_DEBIT, _CREDIT = "debit", "credit"
_OPPOSITE = {_DEBIT: _CREDIT, _CREDIT: _DEBIT}
SupplyOf = Callable[[str], SupplyKind]
_EU_SUPPLIES = {SupplyKind.EU_GOODS: "goods", SupplyKind.EU_SERVICES: "services"}


def _relation_side(kind: DocumentKind) -> str:
    """The side of the relation's line."""
    return _DEBIT if kind.is_sales != kind.is_credit_note else _CREDIT


# --- out ------------------------------------------------------------------------------------------------------


def transaction(
    document: Document,
    office: str,
    supply_of: SupplyOf = lambda code: SupplyKind.ORDINARY,
    readings: Readings = DEFAULT_READINGS,
) -> Node:
    """A document as one transaction, its number left to Twinfield.

    The VAT of each line is pinned beside it, so that Twinfield does not round anew; it makes the VAT lines itself. The
    relation's control account is left to Twinfield as well. `supply_of` is asked for VAT codes of which a line without
    VAT does not know what they are for. Raises Unsendable for what must not go out.
    """
    party = _party_code(document)
    if not document.lines:
        raise Unsendable("APP-208", "the document has no lines")
    if len(document.lines) + 1 > LINES:
        raise Unsendable("ALL-999", f"Twinfield takes at most {LINES} lines")
    if document.total < 0:
        raise Unsendable("ALL-999", "the total is negative inside its kind")
    reference = clean(document.reference)
    if not reference or len(reference) > LIMITS.field_lengths["document.reference"]:
        raise Unsendable("APP-217", "the document's number is missing or too long")
    side = _relation_side(document.kind)
    header = element(
        "header",
        leaf("office", office),
        leaf("code", document.journal),
        leaf("currency", document.currency),
        leaf("date", wire_date(document.date)),
        optional("period", document.period if readings.send_period else ""),
        leaf("invoicenumber", reference),
        optional("paymentreference", document.payment_reference),
        leaf("duedate", wire_date(document.due_date)) if document.due_date is not None else None,
    )
    total = element(
        "line",
        leaf("dim2", party),
        leaf("value", money(document.total)),
        leaf("debitcredit", side),
        optional("description", clean(document.description or reference, _length("document.description"))),
        type="total",
        id="1",
    )
    lines = _vat_beside_its_net(document.lines)
    with_vat = {line.vat_code for line in lines if line.vat}
    details = [
        _detail(line, place, _OPPOSITE[side], document, with_vat, supply_of, readings)
        for place, line in enumerate(lines, 2)
    ]
    return element(
        "transaction",
        header,
        element("lines", total, *details),
        destiny=readings.destiny,
        raisewarning="false",
        autobalancevat="true",
    )


def _length(field: str) -> int:
    return LIMITS.field_lengths[field]


def _party_code(document: Document) -> str:
    kind, code = split_party(document.party.external_id)
    if kind != TYPE_OF_ROLE[document.kind.role]:
        raise Unsendable("PAR-641", f"{document.party.name or 'the party'} is no {document.kind.role} in Twinfield")
    return code


def _vat_beside_its_net(lines: Sequence[Line]) -> list[Line]:
    """The lines with VAT on the side of their net amount.

    Rounding spread over lines may leave a cent on the other side of its line; one side holds for both on the wire. The
    VAT of such a line moves to the widest line of its code; the sum per code, which is what is owed, stays.
    """
    found = list(lines)
    for place, line in enumerate(found):
        if line.net * line.vat < 0 or (line.net == 0 and line.vat):
            others = [
                other
                for other, one in enumerate(found)
                if other != place and one.vat_code == line.vat_code and one.net and (one.vat + line.vat) * one.net >= 0
            ]
            if not others:
                raise Unsendable("APP-209", "VAT stands on the other side of its line")
            widest = max(others, key=lambda other: abs(found[other].net))
            found[widest] = replace(found[widest], vat=found[widest].vat + line.vat)
            found[place] = replace(line, vat=ZERO)
    return found


def _detail(
    line: Line,
    place: int,
    side: str,
    document: Document,
    with_vat: set[str],
    supply_of: SupplyOf,
    readings: Readings,
) -> Node:
    """One detail line; a negative one, a discount, stands on the other side."""
    account = clean(line.ledger_account.code)
    if not account:
        raise Unsendable("APP-105", "a line has no ledger account of Twinfield")
    if not line.vat_code:
        raise Unsendable("APP-102", "a line has no VAT code")
    supply = SupplyKind.ORDINARY
    if document.kind.is_sales and not line.vat and not line.taxed:
        supply = line.supply or supply_of(line.vat_code)
    performed = supply in _EU_SUPPLIES and readings.send_performance
    pinned = line.vat_code in with_vat or (line.taxed and readings.pin_zero_vat)
    return element(
        "line",
        leaf("dim1", account),
        leaf("value", money(abs(line.net))),
        leaf("debitcredit", _OPPOSITE[side] if line.net < 0 else side),
        optional("description", clean(line.description, _length("line.description"))),
        leaf("vatcode", line.vat_code),
        leaf("vatvalue", money(abs(line.vat))) if pinned and readings.pin_vat else None,
        leaf("performancetype", _EU_SUPPLIES[supply]) if performed else None,
        leaf("performancedate", wire_date(document.date)) if performed and supply is SupplyKind.EU_SERVICES else None,
        type="detail",
        id=str(place),
    )


# --- back -----------------------------------------------------------------------------------------------------


def _lines(entry: Node, kind: str) -> list[Node]:
    return [line for line in children(child(entry, "lines"), "line") if attribute(line, "type") == kind]


def _inside(line: Node, value: Decimal | None, raises: str) -> Decimal | None:
    """A value, positive when its line stands on side `raises`. None: no value, or no side."""
    side = text(line, "debitcredit")
    if value is None or side not in _OPPOSITE:
        return None
    return value if side == raises else -value + 0


def _sum(values: Sequence[Decimal | None]) -> Decimal | None:
    known = [value for value in values if value is not None]
    return sum(known, ZERO) if known and len(known) == len(values) else None


def entry_ref(entry: Node, kind: DocumentKind | None = None) -> DocumentRef:
    """Where an entry stands; an empty external id for one without day book or number."""
    header = child(entry, "header")
    daybook, number = text(header, "code"), text(header, "number")
    return DocumentRef(
        external_id=entry_key(daybook, number) if daybook and number.isdigit() else "",
        number=number,
        journal=daybook,
        fiscal_year=text(header, "period")[:4] or number[:4],
        kind=kind,
    )


def booked_totals(entry: Node, kind: DocumentKind) -> BookedTotals | None:
    """What an entry says it booked, positive inside `kind`; None when it says no total.

    VAT per code comes from the VAT lines, and where the answer shows none from the detail lines.
    """
    raises = _relation_side(kind)
    total = _sum([_inside(line, amount(text(line, "value")), raises) for line in _lines(entry, "total")])
    if total is None:
        return None
    # Detail and VAT lines raise the debt on the other side.
    other = _OPPOSITE[raises]
    details, taxes = _lines(entry, "detail"), _lines(entry, "vat")
    net = _sum([_inside(line, amount(text(line, "value")), other) for line in details])
    per_code = _per_vat_code(details, taxes, other)
    vat = total - net if net is not None else None
    if per_code is not None and vat is not None and sum((row.vat for row in per_code), ZERO) != vat:
        per_code = None
    return BookedTotals(net=net, vat=vat, total=total, per_vat_code=per_code)


def _per_vat_code(details: Sequence[Node], taxes: Sequence[Node], other: str) -> tuple[VatTotal, ...] | None:
    sums: dict[str, list[Decimal]] = defaultdict(lambda: [ZERO, ZERO])
    for line in details:
        net = _inside(line, amount(text(line, "value")), other)
        if net is None:
            return None
        sums[text(line, "vatcode")][0] += net
        if not taxes:
            vat = _inside(line, amount(text(line, "vatvalue")), other)
            sums[text(line, "vatcode")][1] += vat or ZERO
    for line in taxes:
        vat = _inside(line, amount(text(line, "value")), other)
        if vat is None:
            return None
        sums[text(line, "vatcode")][1] += vat
    return tuple(VatTotal(vat_code=code, base=base + 0, vat=vat + 0) for code, (base, vat) in sorted(sums.items()))


def party_of(entry: Node) -> str:
    """The relation of an entry as our external id, empty when its line names none."""
    total = next(iter(_lines(entry, "total")), None)
    node = child(total, "dim2")
    code = (node.text or "").strip() if node is not None else ""
    kind = attribute(node, "dimensiontype") or attribute(node, "type")
    return party_key(kind, code) if code and kind in ROLE_OF_TYPE else ""


def stored_differently(entry: Node, document: Document) -> tuple[str, ...]:
    """What the answer shows otherwise than it was sent, beside the totals; only what the answer holds counts."""
    header = child(entry, "header")
    remarks = []
    total = next(iter(_lines(entry, "total")), None)
    code = text(total, "dim2")
    if code and code != split_party(document.party.external_id)[1]:
        remarks.append("another relation")
    for name, sent, word in (
        ("code", document.journal, "journal"),
        ("invoicenumber", clean(document.reference), "reference"),
        ("currency", document.currency, "currency"),
    ):
        stored = text(header, name)
        if stored and stored != sent:
            remarks.append(f"{word} {stored}")
    booked_on = day(text(header, "date"))
    if booked_on is not None and booked_on != document.date:
        remarks.append(f"date {booked_on.isoformat()}")
    period = text(header, "period")
    if period and document.period and period != document.period:
        remarks.append(f"period {period}")
    sent_accounts = sorted(clean(line.ledger_account.code) for line in document.lines)
    stored_accounts = sorted(text(line, "dim1") for line in _lines(entry, "detail"))
    if len(stored_accounts) != len(sent_accounts):
        remarks.append(f"{len(stored_accounts)} lines")
    elif stored_accounts != sent_accounts:
        remarks.append("another ledger account")
    return tuple(remarks)


def booked_record(entry: Node, is_sales: bool) -> BookedRecord | None:
    """An entry that was read, None for one without number, date or total."""
    kind = DocumentKind.SALES_INVOICE if is_sales else DocumentKind.PURCHASE_INVOICE
    totals = booked_totals(entry, kind)
    if totals is not None and totals.total is not None and totals.total < 0:
        kind = DocumentKind.SALES_CREDIT_NOTE if is_sales else DocumentKind.PURCHASE_CREDIT_NOTE
        totals = booked_totals(entry, kind)
    ref = entry_ref(entry, kind)
    header = child(entry, "header")
    booked_on = day(text(header, "date"))
    if not ref.external_id or booked_on is None:
        return None
    party = party_of(entry)
    if not party:
        code = text(next(iter(_lines(entry, "total")), None), "dim2")
        party = party_key(TYPE_OF_ROLE[kind.role], code) if code else ""
    return BookedRecord(
        ref=ref,
        reference=text(header, "invoicenumber"),
        kind=kind,
        party_external_id=party,
        date=booked_on,
        total=totals.total if totals else None,
        currency=text(header, "currency") or "EUR",
    )
