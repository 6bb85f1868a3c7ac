"""A booked sales document as it goes to its customer: what its PDF and its e-invoice are made of. Pure records.

Amounts are `Decimal` in the document's currency, in cents; percentages are per cent. The kind carries the direction: a
credit note's amounts are positive; an invoice may have a negative total.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from invoicing.peppol.document import Kind


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """The seller or the buyer, as written down at booking. Numbers are normalised, countries two letters."""

    name: str
    street: str = ""
    postcode: str = ""
    city: str = ""
    country: str = ""
    vat_number: str = ""
    enterprise_number: str = ""
    peppol_id: str = ""  # "0208:0123456789"; empty: it follows from the numbers where it can
    email: str = ""
    phone: str = ""
    iban: str = ""
    bic: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """A VAT rate as it stood on the day. `category` of UNCL5305: S Z E AE K G O."""

    code: str
    category: str
    percent: Decimal
    exemption_code: str = ""
    legal_note: str = ""  # the entity's own words; empty: the usual ones of the category


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedLine:
    """`net` is after the line's own discount (per cent). Prices are without VAT."""

    description: str
    quantity: Decimal
    unit_price: Decimal
    net: Decimal
    rate: Rate
    discount: Decimal = Decimal(0)


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedDiscount:
    """A percentage on the whole document, taken on what the former ones left of each rate."""

    percentage: Decimal
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class RateTotal:
    """Totals of one VAT rate; `base` is `lines_net` minus the document discounts."""

    rate: Rate
    lines_net: Decimal
    base: Decimal
    vat: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Issued:
    """`exchange_rate`: units of `home_currency` for one unit of `currency`. `language` is nl, fr or en."""

    kind: Kind
    number: str
    day: date
    seller: Side
    buyer: Side
    lines: tuple[IssuedLine, ...]
    rates: tuple[RateTotal, ...]
    net: Decimal
    vat: Decimal
    total: Decimal
    currency: str = "EUR"
    home_currency: str = "EUR"
    exchange_rate: Decimal = Decimal(1)
    discounts: tuple[IssuedDiscount, ...] = ()
    day_due: date | None = None
    note: str = ""
    customer_reference: str = ""
    structured_communication: str = ""
    credited_number: str = ""
    credited_day: date | None = None
    term: str = ""
    is_direct_debit: bool = False
    language: str = "nl"
    logo: bytes | None = field(default=None, repr=False)
