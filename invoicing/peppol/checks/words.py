"""Short ways to say a finding, and what several checks ask."""

from __future__ import annotations

from decimal import ROUND_FLOOR, Decimal

from invoicing.peppol.document import AllowanceCharge, Document, Finding, Level, Line

_HALF = Decimal("0.5")


def error(code: str, text: str, place: str = "", **values: str) -> Finding:
    return Finding(code=code, level=Level.ERROR, text=text, place=place, values=values)


def warning(code: str, text: str, place: str = "", **values: str) -> Finding:
    return Finding(code=code, level=Level.WARNING, text=text, place=place, values=values)


def note(code: str, text: str, place: str = "", **values: str) -> Finding:
    return Finding(code=code, level=Level.NOTE, text=text, place=place, values=values)


def plain(amount: Decimal) -> str:
    """The number as it would be written, without an exponent."""
    return f"{amount:f}"


def line_place(line: Line, index: int) -> str:
    return f"line {line.number[:40] or index + 1}"


def allowance_place(part: AllowanceCharge, index: int) -> str:
    return f"{'charge' if part.is_charge else 'allowance'} {index + 1}"


def rounded(amount: Decimal) -> Decimal:
    """To cents as the rules round: half a cent goes up, also below zero."""
    return (amount * 100 + _HALF).to_integral_value(rounding=ROUND_FLOOR) / 100


def is_national(document: Document, country: str) -> bool:
    """Whether seller and buyer are both in `country`."""
    return document.seller.address.country == document.buyer.address.country == country
