"""Single values of Yuki's wire, both ways. Pure.

Source: vendor notes, transport; contacts (American dates); length limits of the sales document.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

CENT = Decimal("0.01")
# Twelve digits of which two decimals, in the strictest place.
_LARGEST = Decimal(10) ** 10
_GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_AMERICAN = re.compile(r"(\d{1,2})/(\d{1,2})/(\d{4})\b")
# What XML 1.0 cannot hold at all, and what a reader would turn into something else.
_NOT_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


class Unsendable(ValueError):
    """A document or party that must not go out like this; `code` is of the error catalogue."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


# --- reading --------------------------------------------------------------------------------------------------


def text(value: Any) -> str:
    """The value as text without blanks around it; nothing becomes empty text."""
    return "" if value is None else str(value).strip()


def guid(value: Any) -> str:
    """A GUID in lower case without braces, or empty text when it is none (or the empty GUID)."""
    found = text(value).strip("{}").lower()
    return found if _GUID.fullmatch(found) and found.strip("0-") else ""


def guid_in(value: str) -> str:
    """The first GUID inside a sentence, or empty text."""
    found = _GUID.search(value.lower())
    return guid(found[0]) if found else ""


def whole(value: Any) -> int | None:
    """A whole number, else None."""
    found = text(value)
    return int(found) if re.fullmatch(r"-?\d{1,18}", found) else None


def decimal(value: Any) -> Decimal | None:
    """A number, else None."""
    try:
        number = Decimal(text(value))
    except InvalidOperation:
        return None
    return number if number.is_finite() else None


def amount(value: Any) -> Decimal | None:
    """An amount in cents, else None."""
    number = decimal(value)
    return None if number is None or abs(number) >= 10**15 else number.quantize(CENT, ROUND_HALF_UP) + 0


def truth(value: Any) -> bool | None:
    """A boolean in any case, as true/false or 1/0, else None."""
    return {"true": True, "1": True, "false": False, "0": False}.get(text(value).lower())


def day(value: Any) -> date | None:
    """The date of an ISO text or of the American form of contacts (month/day/year), else None."""
    found = text(value)
    match = _AMERICAN.match(found)
    try:
        if match:
            return date(int(match[3]), int(match[1]), int(match[2]))
        return date.fromisoformat(found[:10])
    except ValueError:
        return None


# --- writing --------------------------------------------------------------------------------------------------


def clean(value: str) -> str:
    """Text as it may stand in an element: one line, without the signs that XML cannot hold."""
    return " ".join(_NOT_XML.sub("", value).split())


def cut(value: str, length: int) -> str:
    """Clean text of at most `length` signs."""
    return clean(value)[:length].rstrip()


def money(value: Decimal) -> str:
    """An amount with two decimals. Raises Unsendable for fractions of a cent and for larger amounts."""
    if value != value.quantize(CENT) or abs(value) >= _LARGEST:
        raise Unsendable("ALL-999", f"the amount {value} cannot be sent")
    return f"{value + 0:.2f}"


def iso(value: date) -> str:
    """A date as the sales document wants it."""
    return value.isoformat()


def moment(value: date | datetime) -> str:
    """A date or moment as a dateTime parameter, without a zone."""
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S")
    return f"{value.isoformat()}T00:00:00"


def boolean(value: bool) -> str:
    return "true" if value else "false"
