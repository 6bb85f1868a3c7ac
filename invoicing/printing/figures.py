"""Numbers, amounts and days as they are written on a document in Dutch, French or English. Pure."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

# Signs for thousands and decimals. A blank that does not break keeps an amount on one line.
_SIGNS = {"nl": (".", ","), "fr": ("\u00a0", ","), "en": (",", ".")}
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")


def number(value: Decimal, language: str, decimals: int = 0) -> str:
    """Return a number with the decimals that it needs, at least `decimals`."""
    thousands, comma = _SIGNS.get(language, _SIGNS["en"])
    text = format(value, "f")
    fraction = text.partition(".")[2].rstrip("0").ljust(decimals, "0")
    whole = f"{abs(int(value)):,}".replace(",", thousands)
    sign = "-" if value < 0 and (int(value) or fraction.strip("0")) else ""
    return f"{sign}{whole}{comma}{fraction}" if fraction else f"{sign}{whole}"


def amount(value: Decimal, language: str) -> str:
    """Return an amount with its two decimals."""
    return number(value, language, 2)


def percentage(value: Decimal, language: str) -> str:
    text = number(value, language)
    return f"{text}\u00a0%" if language == "fr" else f"{text}%"


def day(value: date | None, language: str) -> str:
    """Return a day as 14/03/2026; in English, where that could be two days, as 14 Mar 2026."""
    if value is None:
        return ""
    if language in ("nl", "fr"):
        return f"{value:%d/%m/%Y}"
    return f"{value.day} {_MONTHS[value.month - 1]} {value.year}"


def iban(value: str) -> str:
    """Return an IBAN in groups of four."""
    return "\u00a0".join(value[place : place + 4] for place in range(0, len(value), 4))
