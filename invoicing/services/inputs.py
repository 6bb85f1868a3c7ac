"""What callers hand to the services: plain values, no forms and no half-saved rows."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from ..models import LedgerAccount, SalesLine, VatRateVersion


@dataclass(frozen=True, slots=True, kw_only=True)
class LineInput:
    """A line as a person enters it; prices without VAT, discount in per cent."""

    description: str
    unit_price: Decimal
    vat_rate: VatRateVersion
    quantity: Decimal = Decimal(1)
    discount: Decimal = Decimal(0)
    ledger_account: LedgerAccount | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DiscountInput:
    """A percentage on the whole document, applied after the ones before it."""

    percentage: Decimal
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class CreditedLine:
    """A line of a booked invoice, and how much of its quantity is credited."""

    line: SalesLine
    quantity: Decimal
