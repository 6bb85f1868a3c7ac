"""Single values of Twinfield's wire, both ways. Pure.

Source: vendor notes, vocabulary (formats).
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

CENT = Decimal("0.01")
ZERO = Decimal("0.00")
_LARGEST = Decimal(10) ** 13


class Unsendable(ValueError):
    """A document or party that must not go out like this; `code` is of the error catalogue."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


# --- reading --------------------------------------------------------------------------------------------------


def decimal(value: str) -> Decimal | None:
    """A number with a decimal point, else None."""
    found = value.strip()
    if not re.fullmatch(r"[+-]?\d+(?:\.\d+)?", found):
        return None
    try:
        return Decimal(found)
    except InvalidOperation:
        return None


def amount(value: str) -> Decimal | None:
    """An amount in cents, else None; one with more decimals than cents that are not zero is none."""
    number = decimal(value)
    if number is None or number != number.quantize(CENT, ROUND_HALF_UP):
        return None
    return number.quantize(CENT) + 0


def day(value: str) -> date | None:
    """The date of `YYYYMMDD` (a time behind it is passed over) or of an ISO text, else None."""
    found = value.strip()
    if re.match(r"\d{8}", found):
        found = f"{found[:4]}-{found[4:6]}-{found[6:8]}"
    try:
        return date.fromisoformat(found[:10])
    except ValueError:
        return None


def whole(value: str) -> int | None:
    """A whole number, else None."""
    found = value.strip()
    return int(found) if re.fullmatch(r"-?\d+", found) else None


def truth(value: str) -> bool | None:
    """A boolean, else None."""
    return {"true": True, "1": True, "false": False, "0": False}.get(value.strip().lower())


# --- writing --------------------------------------------------------------------------------------------------


def money(value: Decimal) -> str:
    """An amount without sign as Twinfield reads it. Raises Unsendable for fractions of a cent, signs and giants."""
    if value < 0 or value != value.quantize(CENT) or value >= _LARGEST:
        raise Unsendable("ALL-999", f"the amount {value} cannot be sent")
    return f"{value + 0:.2f}"


def wire_date(value: date) -> str:
    return f"{value:%Y%m%d}"


def moment(value: datetime) -> str:
    """A moment in UTC as filters read it."""
    return f"{value.astimezone(UTC):%Y%m%d%H%M%S}"
