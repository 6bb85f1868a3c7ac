"""Our sales documents as the elements of a SalesInvoices document. Pure.

Sign rule, in this one place: inside our records amounts are positive for what the document kind says. Yuki has no
document type: an invoice whose total is negative becomes a credit invoice. `_sign` turns it on the way out. Every
new product description would make a sales item, so lines share one neutral item per account and VAT, and carry their
own text. Source: vendor notes, sales; element order; domain rules 4.4, 4.5.
"""

from __future__ import annotations

import base64
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal

from lxml import etree

from ..base.records import Document, File, Line
from .mapping import DESCRIBED_TYPES, SALES_TYPES, sales_contact
from .soap import NIL, XSI, Element
from .unsure import DEFAULT_READINGS, Readings
from .values import CENT, Unsendable, boolean, clean, cut, decimal, guid, iso, money

PDF = "application/pdf"
E_INVOICES = frozenset({"application/xml", "text/xml"})
SALES = "urn:xmlns:http://www.theyukicompany.com:salesinvoices"
_SUBJECT, _TEXT, _REMARKS, _PRODUCT, _ITEM_NUMBER = 250, 500, 500, 60, 40
_PLACES = Decimal("0.0001")
_LARGEST = Decimal(10) ** 10
_VAT_CODE = re.compile(r"(\d{1,3}):(\d{1,3}(?:\.\d{1,2})?)(?::.*)?", re.DOTALL)
_ZERO = Decimal("0.00")

TRANSFER, DIRECT_DEBIT, TO_SETTLE = "ElectronicTransfer", "DirectCollection", "ToSettle"


@dataclass(frozen=True, slots=True)
class VatFacts:
    """What Yuki knows a line's VAT by."""

    kind: int
    percentage: Decimal
    description: str = ""


@dataclass(frozen=True, slots=True)
class WireLine:
    """A line as it goes out: signed, never zero, with texts of zero lines folded in."""

    line: Line
    net: Decimal
    vat: Decimal
    facts: VatFacts
    remarks: tuple[str, ...] = ()


def vat_facts(code: str, descriptions: Mapping[str, str]) -> VatFacts:
    """Type and percentage of our VAT code. Raises Unsendable for one that cannot stand on a sales line."""
    match = _VAT_CODE.fullmatch(code)
    if match is None:
        raise Unsendable("APP-102" if not code else "APP-103", f"VAT code {code or '(none)'} is none of Yuki")
    kind, percentage = int(match[1]), Decimal(match[2]).quantize(CENT)
    if kind not in SALES_TYPES:
        raise Unsendable("APP-103", f"VAT type {kind} cannot stand on a sales line")
    if kind not in DESCRIBED_TYPES:
        return VatFacts(kind, percentage)
    description = descriptions.get(code, "")
    if not description:
        raise Unsendable("APP-103", f"VAT code {code} does not exist any more in Yuki")
    return VatFacts(kind, percentage, description)


def needs_descriptions(documents: Sequence[Document]) -> bool:
    """Whether a line's VAT type is one that only its description tells from others."""
    codes = {line.vat_code for document in documents for line in document.lines}
    return any(code.partition(":")[0] in {str(kind) for kind in DESCRIBED_TYPES} for code in codes)


def contact_code(document: Document) -> str:
    """The code by which Yuki finds the customer: the contact's own, else our stable mark."""
    own = document.party_data.reference if document.party_data is not None else ""
    return clean(document.party.code) or clean(own)


def sales_document(invoices: Sequence[Element]) -> Element:
    """Invoices put together into one document."""
    root = etree.Element(f"{{{SALES}}}SalesInvoices", nsmap={None: SALES, "xsi": XSI})
    root.extend(invoices)
    return root


def size(invoice: Element) -> int:
    """The bytes that an invoice takes."""
    return len(etree.tostring(invoice, encoding="utf-8"))


def sales_invoice(
    document: Document, readings: Readings = DEFAULT_READINGS, descriptions: Mapping[str, str] | None = None
) -> Element:
    """A document as one SalesInvoice, booked at once and sent to nobody by Yuki.

    Raises Unsendable for what must not go out: no customer, no VAT code, nothing to book, fractions of a cent.
    """
    if document.total <= 0:
        raise Unsendable("APP-208", "there is nothing to book")
    if document.currency != "EUR":
        raise Unsendable("APP-210", f"an amount in {document.currency} cannot be booked")
    if not clean(document.reference):
        raise Unsendable("ALL-999", "the document has no number")
    root = _node(None, "SalesInvoice")
    pdf = next((file for file in document.attachments if file.media_type == PDF), None)
    fields: list[tuple[str, str]] = [
        ("Reference", clean(document.reference)),
        ("Subject", cut(document.description or document.reference, _SUBJECT)),
        ("PaymentMethod", payment_method(document)),
        ("PaymentID", clean(document.payment_reference) or clean(document.reference)),
        ("Process", boolean(True)),
        ("EmailToCustomer", boolean(False)),
        ("SentToPeppol", boolean(False)),
        ("Date", iso(document.date)),
        ("DueDate", iso(document.due_date or document.date)),
        ("Currency", document.currency),
    ]
    for name, text in fields:
        _node(root, name, text)
    if pdf is not None:
        _attach(root, pdf)
    _contact(root, document)
    lines = _node(root, "InvoiceLines")
    wire = wire_lines(document, descriptions or {})
    states = readings.state_line_amounts or not _rounds_alike(wire)
    for one in wire:
        _line(lines, one, readings, states_amounts=states)
    return root


def payment_method(document: Document) -> str:
    """Methods of clearing accounts are never sent: such invoices would be in no list of open items."""
    if document.kind.is_credit_note:
        return TO_SETTLE
    return DIRECT_DEBIT if document.direct_debit else TRANSFER


def _attach(root: Element, pdf: File) -> None:
    _node(root, "DocumentFileName", cut(pdf.name, 200))
    _node(root, "DocumentBase64", base64.b64encode(pdf.content).decode("ascii"))


def _contact(root: Element, document: Document) -> None:
    code, data = contact_code(document), document.party_data
    if not code:
        raise Unsendable("PAR-650", "the customer has no code")
    node = _node(root, "Contact")
    if data is None:
        if not clean(document.party.name):
            raise Unsendable("APP-204", "the customer has no name")
        for name, text in (("ContactCode", code), ("FullName", clean(document.party.name))):
            _node(node, name, text)
        return
    if not clean(data.name):
        raise Unsendable("APP-204", "the customer has no name")
    missing = [name for name in ("street", "postcode", "city", "country") if not clean(getattr(data, name))]
    if missing and len(missing) < 4 and not guid(document.party.external_id):
        # A new contact without them is refused there, and the sixth refusal ends the whole batch. With no part of an
        # address at all the customer is one that went along before, and nothing of it has changed.
        raise Unsendable("APP-204", f"the address of {clean(data.name)} is incomplete: {', '.join(missing)}")
    for name, text in sales_contact(data, code):
        _node(node, name, text)


# --- lines ----------------------------------------------------------------------------------------------------


def _sign(document: Document) -> int:
    return -1 if document.kind.is_credit_note else 1


def wire_lines(document: Document, descriptions: Mapping[str, str]) -> list[WireLine]:
    """The lines with the sign of the books. A line of zero would take the catalogue's price, so it never goes out:
    its text goes below the next line, its VAT (a cent of rounding) to the largest line of the same code.
    """
    sign = _sign(document)
    kept: list[WireLine] = []
    waiting: list[str] = []
    stray: dict[str, Decimal] = defaultdict(lambda: _ZERO)
    for line in document.lines:
        if line.net == 0:
            stray[line.vat_code] += line.vat
            waiting += [clean(line.description)] if clean(line.description) else []
            continue
        if not clean(line.ledger_account.code):
            raise Unsendable("APP-104", "a line has no ledger account")
        facts = vat_facts(line.vat_code, descriptions)
        kept.append(WireLine(line, sign * line.net, sign * line.vat, facts, tuple(waiting)))
        waiting = []
    if not kept:
        raise Unsendable("APP-208", "there is nothing to book")
    if waiting:
        kept[-1] = replace(kept[-1], remarks=(*kept[-1].remarks, *waiting))
    for code, vat in stray.items():
        if vat:
            places = [place for place, one in enumerate(kept) if one.line.vat_code == code]
            if not places:
                raise Unsendable("APP-209", f"VAT of {vat} stands on lines without an amount")
            largest = max(places, key=lambda place: abs(kept[place].net))
            kept[largest] = replace(kept[largest], vat=kept[largest].vat + sign * vat)
    return kept


def _rounds_alike(lines: Sequence[WireLine]) -> bool:
    """Whether Yuki would come to our very VAT by itself, whichever way it rounds."""
    exact: dict[tuple[int, Decimal], Decimal] = defaultdict(Decimal)
    ours: dict[tuple[int, Decimal], Decimal] = defaultdict(Decimal)
    for one in lines:
        vat = one.net * one.facts.percentage / 100
        if vat.quantize(CENT, ROUND_HALF_UP) != one.vat:
            return False
        key = (one.facts.kind, one.facts.percentage)
        exact[key] += vat
        ours[key] += one.vat
    return all(exact[key].quantize(CENT, ROUND_HALF_UP) == ours[key] for key in exact)


def _line(parent: Element, one: WireLine, readings: Readings, *, states_amounts: bool) -> None:
    node = _node(parent, "InvoiceLine")
    facts, account = one.facts, clean(one.line.ledger_account.code)
    item = f"BB {account} {facts.kind} {facts.percentage}" + (f" {facts.description}" if facts.description else "")
    quantity, price = quantity_and_price(one, readings)
    _node(node, "Description", cut(one.line.description, _TEXT) or item)
    if one.remarks:
        _node(node, "Remarks", cut("; ".join(one.remarks), _REMARKS))
    _node(node, "ProductQuantity", _number(quantity))
    if states_amounts:
        _node(node, "LineAmount", money(one.net))
        _node(node, "LineVATAmount", money(one.vat))
    product = _node(node, "Product")
    _node(product, "Description", cut(item, _PRODUCT))
    _node(product, "Reference", cut(item.replace(" ", "-"), _ITEM_NUMBER))
    _node(product, "Category").set(NIL, "true")
    _node(product, "SalesPrice", _number(price))
    _node(product, "VATPercentage", f"{facts.percentage:.2f}")
    _node(product, "VATIncluded", boolean(False))
    _node(product, "VATType", str(facts.kind))
    if facts.description:
        _node(product, "VATDescription", facts.description)
    _node(product, "GLAccountCode", account)


def quantity_and_price(one: WireLine, readings: Readings = DEFAULT_READINGS) -> tuple[Decimal, Decimal]:
    """Quantity and price whose product is the line's amount exactly; the quantity of our line where that is so.

    The price stays positive, so that the catalogue keeps a sane one; a negative line has a negative quantity.
    """
    size_ = abs(one.net)
    quantity, price = Decimal(1), size_
    own = abs(one.line.quantity) if one.line.quantity is not None else Decimal(0)
    if 0 < own < _LARGEST and own == own.quantize(_PLACES):
        candidate = (size_ / own).quantize(_PLACES)
        if candidate > 0 and candidate * own == size_:
            quantity, price = own, candidate
    if one.net >= 0:
        return quantity, price
    return (-quantity, price) if readings.negative_quantity else (quantity, -price)


def _number(value: Decimal) -> str:
    if abs(value) >= _LARGEST or decimal(value) is None:
        raise Unsendable("ALL-999", f"the amount {value} cannot be sent")
    plain = f"{value:.4f}".rstrip("0")
    whole, _, places = plain.partition(".")
    return f"{whole}.{places.ljust(2, '0')}"


def _node(parent: Element | None, name: str, text: str | None = None) -> Element:
    tag = f"{{{SALES}}}{name}"
    node = etree.Element(tag, nsmap={None: SALES}) if parent is None else etree.SubElement(parent, tag)
    if text is not None:
        node.text = text
    return node
