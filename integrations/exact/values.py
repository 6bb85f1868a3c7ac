"""Single values of Exact Online's wire, both ways. Pure.

Source: vendor notes, requests and envelope; quirks.
"""

from __future__ import annotations

import html
import re
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

CENT = Decimal("0.01")
# Below this a Double holds two decimals exactly enough: 15 significant digits survive the way there and back.
_LARGEST = Decimal(10) ** 13
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WIRE_DATE = re.compile(r"/Date\((-?\d+)(?:[+-]\d{4})?\)/")
_GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


class Unsendable(ValueError):
    """A document or party that must not go out like this; `code` is of the error catalogue."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


# --- reading --------------------------------------------------------------------------------------------------


def text(value: Any) -> str:
    """The value as text without the blanks Exact pads codes with; nothing becomes empty text."""
    return "" if value is None else str(value).strip()


def guid(value: Any) -> str:
    """A GUID in lower case without braces, or empty text when it is none (or the empty GUID)."""
    found = text(value).strip("{}").lower()
    return found if _GUID.fullmatch(found) and found.strip("0-") else ""


def whole(value: Any) -> int | None:
    """A whole number that came as number or as text (Int64), else None."""
    found = text(value)
    return int(found) if re.fullmatch(r"-?\d+", found) else None


def decimal(value: Any) -> Decimal | None:
    """A Double that came as number or text, else None; never through a binary float."""
    found = text(value)
    if not found or isinstance(value, bool):
        return None
    try:
        number = Decimal(found)
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def amount(value: Any) -> Decimal | None:
    """An amount in cents. Rounding only takes away the noise of a Double (121.00000000000001)."""
    number = decimal(value)
    return None if number is None else number.quantize(CENT, ROUND_HALF_UP) + 0


def truth(value: Any) -> bool | None:
    """A boolean that came as such, as 0/1 or as text, else None."""
    if isinstance(value, bool):
        return value
    return {"true": True, "1": True, "false": False, "0": False}.get(text(value).lower())


def day(value: Any) -> date | None:
    """The date of `/Date(ms)/` or of an ISO text, else None.

    The milliseconds are the wall clock of the administration written as if it were UTC, so the date part is taken
    as UTC and never moved to a local time; moving it would shift midnight into another month.
    """
    found = text(value)
    match = _WIRE_DATE.fullmatch(found)
    if match:
        try:
            return (_EPOCH + timedelta(milliseconds=int(match[1]))).date()
        except OverflowError:
            return None
    try:
        return date.fromisoformat(found[:10])
    except ValueError:
        return None


def per_cent(value: Any) -> Decimal | None:
    """A percentage as per cent with two decimals: 21.00 for 0.21 and for 21.

    UNSURE, marked here alone: the notes read it as a fraction. A figure above 1 can only be per cent.
    """
    number = decimal(value)
    if number is None:
        return None
    return (number if abs(number) > 1 else number * 100).quantize(CENT, ROUND_HALF_UP) + 0


def plain(value: str) -> str:
    """An error text as people read it: entities resolved, line breaks and double blanks gone."""
    return re.sub(r"\s*[\r\n]+\s*", "; ", html.unescape(value).strip()).replace("\xa0", " ")


# --- writing --------------------------------------------------------------------------------------------------


def double(value: Decimal) -> float:
    """An amount as the JSON number that shows exactly its two decimals.

    The one place where an amount meets a float: `json` writes the shortest text that reads back as the same
    Double, which below 10^13 is the very decimal we gave. Text would be accepted as well; a number is what the
    reference asks for. Raises Unsendable for fractions of a cent and for larger amounts.
    """
    if value != value.quantize(CENT) or abs(value) >= _LARGEST:
        raise Unsendable("ALL-999", f"the amount {value} cannot be sent")
    return float(value + 0)


def rate(value: Decimal) -> float:
    """An exchange rate as JSON number; rates of up to 15 digits are exact."""
    return float(value)


def iso(value: date) -> str:
    """A date as Exact reads it in a body: plain ISO, without a time that could be shifted."""
    return value.isoformat()


def quoted(value: str) -> str:
    """A string literal of a filter; quotes inside are doubled."""
    return "'" + value.replace("'", "''") + "'"


def guid_literal(value: str) -> str:
    """A GUID literal of a filter or key. Raises ValueError when it is none."""
    found = guid(value)
    if not found:
        raise ValueError(f"not a GUID: {value!r}")
    return f"guid'{found}'"


def date_literal(value: date) -> str:
    return f"datetime'{value.isoformat()}'"


def int64_literal(value: int) -> str:
    return f"{value}L"
