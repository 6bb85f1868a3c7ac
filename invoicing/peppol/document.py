"""An invoice or credit note as UBL carries it: the records that reading, checking and writing share.

Amounts are `Decimal` in the document's currency unless said otherwise; percentages are per cent, 21 and not
0.21. The kind carries the direction: a normal credit note has positive amounts. A text that is absent is empty,
everything else that is absent is None. Names between parentheses (BT-1) are those of EN 16931.
Source: OpenPEPPOL BIS Billing 3.0, syntax of the UBL invoice and credit note.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from types import MappingProxyType

ZERO = Decimal(0)


class Kind(enum.StrEnum):
    INVOICE = "invoice"
    CREDIT_NOTE = "credit-note"

    @property
    def opposite(self) -> Kind:
        return Kind.CREDIT_NOTE if self is Kind.INVOICE else Kind.INVOICE


class Level(enum.StrEnum):
    """ERROR breaks a rule that the sender had to keep; WARNING is a thing to look at; NOTE explains."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


_NOTHING: Mapping[str, str] = MappingProxyType({})


def gettext_noop(text: str) -> str:
    """Mark a sentence for the translators; whoever shows it translates it. Here nothing is: this package knows no Django."""
    return text


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """Something worth knowing about a document. `code` is a rule's name (BR-CO-15, PEPPOL-EN16931-R120) or our own word.

    `text` is an English sentence to be translated, with %(name)s where `values` belong; `sentence` has them filled
    in, in English. `place` is where in the document, "line 3" or the name of an element; empty: the document.
    """

    code: str
    level: Level
    text: str
    place: str = ""
    values: Mapping[str, str] = field(default_factory=lambda: _NOTHING)

    @property
    def sentence(self) -> str:
        return self.text % dict(self.values) if self.values else self.text

    @property
    def place_words(self) -> tuple[str, dict[str, str]]:
        """`place` as a text to be translated and the values in it. Names of elements stay as they are."""
        where, _, rest = self.place.partition(", ")
        word, _, number = where.partition(" ")
        if where in _PLACES:
            text, values = _PLACES[where], {}
        elif number and word in _NUMBERED:
            text, values = _NUMBERED[word], {"number": number}
        else:
            return "%(place)s", {"place": self.place}
        return (f"{text}, %(element)s", {**values, "element": rest}) if rest else (text, values)


# Words for places; for a line with an element both sentences are listed, so that translators meet them.
_PLACES = {
    "seller": gettext_noop("seller"),
    "buyer": gettext_noop("buyer"),
    "payee": gettext_noop("payee"),
    "tax representative": gettext_noop("tax representative"),
    "delivery": gettext_noop("delivery"),
}
_NUMBERED = {
    "line": gettext_noop("line %(number)s"),
    "allowance": gettext_noop("reduction %(number)s"),
    "charge": gettext_noop("charge %(number)s"),
    "VAT": gettext_noop("VAT %(number)s"),
}
_LINE_AND_ELEMENT = gettext_noop("line %(number)s, %(element)s")


# --- Parties ---


@dataclass(frozen=True, slots=True, kw_only=True)
class Identifier:
    """A number and the scheme it belongs to: 0208 is a Belgian enterprise number, 0106 a Dutch KVK number."""

    value: str
    scheme: str = ""

    def __str__(self) -> str:
        return f"{self.scheme}:{self.value}" if self.scheme else self.value


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    street: str = ""
    additional_street: str = ""
    line: str = ""
    city: str = ""
    postcode: str = ""
    subdivision: str = ""
    country: str = ""  # ISO 3166-1, two letters


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    name: str = ""
    phone: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Party:
    """Seller, buyer, payee or tax representative.

    `legal_name` is PartyLegalEntity/RegistrationName, `name` the trading name, often absent. `vat_number` is the
    CompanyID whose tax scheme is VAT, `tax_number` the seller's other one. `legal_id` is the enterprise number.
    """

    endpoint: Identifier | None = None
    identifiers: tuple[Identifier, ...] = ()
    name: str = ""
    legal_name: str = ""
    legal_id: Identifier | None = None
    legal_form: str = ""
    vat_number: str = ""
    tax_number: str = ""
    address: Address = Address()
    contact: Contact = Contact()

    @property
    def called(self) -> str:
        """The name to show."""
        return self.legal_name or self.name


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    day: date | None = None
    location: Identifier | None = None
    address: Address | None = None
    party_name: str = ""


# --- Payment ---


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    number: str  # an IBAN as a rule, without spaces
    name: str = ""
    bank: str = ""  # BIC or another name of the branch


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentMeans:
    """How to pay. `code` of UNCL4461: 30 and 58 transfer, 49 and 59 direct debit, 48 card. `reference` is the
    structured communication or another text to pay with; `day_due` is a credit note's only place for a deadline."""

    code: str
    name: str = ""
    reference: str = ""
    day_due: date | None = None
    account: Account | None = None
    mandate: str = ""
    payer_account: str = ""
    card_number: str = ""  # the last digits only
    card_network: str = ""
    card_holder: str = ""


DIRECT_DEBIT_CODES = frozenset({"49", "59"})
TRANSFER_CODES = frozenset({"30", "58"})


# --- References ---


@dataclass(frozen=True, slots=True, kw_only=True)
class Period:
    start: date | None = None
    end: date | None = None
    code: str = ""  # 3, 35 or 432: what sets the day on which VAT is due


@dataclass(frozen=True, slots=True, kw_only=True)
class Attachment:
    """A file inside a document. `content` is None in what only describes it: a file that was refused, or not kept.

    `name` and `mime` as they may be used: without folders, the type by content. `size` in bytes, decoded.
    """

    name: str
    mime: str
    content: bytes | None = field(default=None, repr=False)
    size: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class SupportingDocument:
    """AdditionalDocumentReference: a file, a link (shown, never fetched) or a mere number. Type 130: the invoiced object."""

    number: str
    scheme: str = ""
    type_code: str = ""
    description: str = ""
    link: str = ""
    attachment: Attachment | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Preceding:
    """An earlier invoice that this document credits or corrects."""

    number: str
    day: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class References:
    buyer: str = ""  # BuyerReference (BT-10)
    order: str = ""
    sales_order: str = ""
    preceding: tuple[Preceding, ...] = ()
    despatch: str = ""
    receipt: str = ""
    tender: str = ""
    contract: str = ""
    project: str = ""
    accounting: str = ""  # AccountingCost (BT-19)


# --- Amounts ---


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxCategory:
    """`code` of UNCL5305: S Z E AE K G O, and L M B. `percent` is None where there is none (O) or none could be read."""

    code: str
    percent: Decimal | None = None
    exemption_code: str = ""
    exemption_reason: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AllowanceCharge:
    """A reduction, or an addition when `is_charge`, of a document, a line or a price; `amount` is not negative as a rule.

    `category` only at document level: elsewhere the line's own holds.
    """

    is_charge: bool
    amount: Decimal
    base: Decimal | None = None
    percent: Decimal | None = None
    reason: str = ""
    reason_code: str = ""
    category: TaxCategory | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class TaxSubtotal:
    base: Decimal
    vat: Decimal
    category: TaxCategory


@dataclass(frozen=True, slots=True, kw_only=True)
class Totals:
    """Sums as the document states them. `net` is without VAT, `total` with, `payable` what is still to be paid."""

    lines: Decimal
    net: Decimal
    total: Decimal
    payable: Decimal
    vat: Decimal = ZERO
    allowances: Decimal | None = None
    charges: Decimal | None = None
    prepaid: Decimal | None = None
    rounding: Decimal | None = None
    vat_in_tax_currency: Decimal | None = None  # in `Document.tax_currency`


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """`net` is after the line's own allowances and charges. `price` is without VAT, for `base_quantity` units (None: 1).

    `gross_price` and `price_discount` are what the price was made of, where it says.
    """

    number: str
    name: str
    net: Decimal
    category: TaxCategory
    quantity: Decimal | None = None
    unit: str = ""  # UNECE Rec 20
    price: Decimal | None = None
    base_quantity: Decimal | None = None
    base_unit: str = ""
    gross_price: Decimal | None = None
    price_discount: Decimal | None = None
    description: str = ""
    note: str = ""
    allowances: tuple[AllowanceCharge, ...] = ()  # charges too
    period: Period | None = None
    accounting: str = ""
    order_line: str = ""
    invoiced_object: Identifier | None = None
    seller_item: str = ""
    buyer_item: str = ""
    standard_item: Identifier | None = None
    classifications: tuple[Identifier, ...] = ()
    origin_country: str = ""
    properties: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ExchangeRate:
    """A rate that a document states: an amount in `source` times it, or `divides`: by it, is the amount in `target`."""

    source: str
    target: str
    rate: Decimal
    divides: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """An invoice or credit note. `day_due` of a credit note travels with its payment means and is repeated here."""

    kind: Kind
    number: str
    day: date
    currency: str
    type_code: str  # UNCL1001: 380 invoice, 381 credit note
    seller: Party
    buyer: Party
    totals: Totals
    lines: tuple[Line, ...]
    subtotals: tuple[TaxSubtotal, ...] = ()
    customization: str = ""
    profile: str = ""
    day_due: date | None = None
    tax_point: date | None = None
    tax_currency: str = ""
    note: str = ""
    period: Period | None = None
    references: References = References()
    supporting: tuple[SupportingDocument, ...] = ()
    payee: Party | None = None
    tax_representative: Party | None = None
    delivery: Delivery | None = None
    payment: tuple[PaymentMeans, ...] = ()
    payment_terms: str = ""
    allowances: tuple[AllowanceCharge, ...] = ()  # charges too
    exchange_rates: tuple[ExchangeRate, ...] = ()  # UBL knows them, BIS Billing does not; they are read and not written

    @property
    def is_direct_debit(self) -> bool:
        return any(means.code in DIRECT_DEBIT_CODES for means in self.payment)

    @property
    def payment_reference(self) -> str:
        return next((means.reference for means in self.payment if means.reference), "")

    @property
    def accounts(self) -> tuple[str, ...]:
        """The bank accounts to pay to, each once, in the order of the document."""
        return tuple(dict.fromkeys(means.account.number for means in self.payment if means.account))

    @property
    def attachments(self) -> Iterator[Attachment]:
        return (supporting.attachment for supporting in self.supporting if supporting.attachment)

    @property
    def signed_total(self) -> Decimal:
        """What it does to the debt: a credit note's total counts as negative."""
        return self.totals.total if self.kind is Kind.INVOICE else -self.totals.total


def turned(document: Document) -> Document:
    """Return the document as the other kind with every sign flipped, prices excepted: quantities carry their sign.

    The booked effect stays. Used for an invoice with a negative total, which ledgers book as a credit note.
    Source: domain rule 7; BIS Billing 3.0, negative invoices.
    """
    totals = document.totals
    return replace(
        document,
        kind=document.kind.opposite,
        totals=Totals(
            lines=_minus(totals.lines),
            net=_minus(totals.net),
            total=_minus(totals.total),
            payable=_minus(totals.payable),
            vat=_minus(totals.vat),
            allowances=_flip(totals.allowances),
            charges=_flip(totals.charges),
            prepaid=_flip(totals.prepaid),
            rounding=_flip(totals.rounding),
            vat_in_tax_currency=_flip(totals.vat_in_tax_currency),
        ),
        subtotals=tuple(replace(part, base=_minus(part.base), vat=_minus(part.vat)) for part in document.subtotals),
        allowances=tuple(map(_turned_allowance, document.allowances)),
        lines=tuple(
            replace(
                line,
                net=_minus(line.net),
                quantity=_flip(line.quantity),
                allowances=tuple(map(_turned_allowance, line.allowances)),
            )
            for line in document.lines
        ),
    )


def _turned_allowance(part: AllowanceCharge) -> AllowanceCharge:
    return replace(part, amount=_minus(part.amount), base=_flip(part.base))


def _flip(amount: Decimal | None) -> Decimal | None:
    return None if amount is None else _minus(amount)


def _minus(amount: Decimal) -> Decimal:
    """`-amount` without ever making a negative zero, and without rounding to the context's digits."""
    return amount.copy_negate() if amount else amount.copy_abs()
