"""Single values of Octopus's wire, both ways. Pure.

Source: vendor notes, base and transport.
"""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any

CENT = Decimal("0.01")
# Below this a double holds two decimals exactly enough: 15 significant digits survive the way there and back.
_LARGEST = Decimal(10) ** 13
_LARGEST_INT = 2**31 - 1
# An hour as others do, and two more because the zone of time stamps is not known: Belgian time read as UTC is two
# hours late at most.
OVERLAP = timedelta(hours=3)
BEGINNING = "1980-01-01 00:00:00.000"


class Unsendable(ValueError):
    """A document or party that must not go out like this; `code` is of the error catalogue."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code
        self.text = text


# --- reading --------------------------------------------------------------------------------------------------


def text(value: Any) -> str:
    """The value as text without blanks around it (an empty country is two blanks); nothing becomes empty text."""
    return "" if value is None else str(value).strip()


def whole(value: Any) -> int | None:
    """A whole number, else None."""
    found = text(value)
    return int(found) if not isinstance(value, bool) and re.fullmatch(r"-?\d+", found) else None


def number(value: Any) -> int:
    """A whole number, 0 for anything else."""
    return whole(value) or 0


def key_id(value: Any) -> int:
    """The `id` inside a key object (`{"id": 28}`), 0 when there is none."""
    return number(value.get("id")) if isinstance(value, dict) else 0


def decimal(value: Any) -> Decimal | None:
    """A double that came as number or text, else None; never through a binary float."""
    found = text(value)
    if not found or isinstance(value, bool):
        return None
    try:
        read = Decimal(found)
    except InvalidOperation:
        return None
    return read if read.is_finite() else None


def amount(value: Any) -> Decimal | None:
    """An amount in cents. Rounding only takes away the noise of a double (121.00000000000001)."""
    read = decimal(value)
    return None if read is None else read.quantize(CENT, ROUND_HALF_UP) + 0


def day(value: Any) -> date | None:
    """A date, else None."""
    try:
        return date.fromisoformat(text(value)[:10])
    except ValueError:
        return None


# --- writing --------------------------------------------------------------------------------------------------


def double(value: Decimal) -> float:
    """An amount as the JSON number that shows exactly its two decimals.

    The one place where an amount meets a float: `json` writes the shortest text that reads back as the same double,
    which below 10^13 is the very decimal we gave; text would be answered with a 500. Raises Unsendable for fractions
    of a cent and for larger amounts.
    """
    if value != value.quantize(CENT) or abs(value) >= _LARGEST:
        raise Unsendable("ALL-999", f"the amount {value} cannot be sent")
    return float(value + 0)


def int32(value: str, code: str, what: str) -> int:
    """A key as the whole number that the service expects. Raises Unsendable."""
    found = whole(value)
    if found is None or not 0 < found <= _LARGEST_INT:
        raise Unsendable(code, f"{what} {value!r} is no number of Octopus")
    return found


def stamp(moment: datetime) -> str:
    """A moment as a time stamp of a query, in UTC."""
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.") + f"{moment.microsecond // 1000:03d}"


def moment(found: str) -> datetime | None:
    """The moment of a time stamp that we wrote, else None."""
    try:
        return datetime.strptime(found, "%Y-%m-%d %H:%M:%S.%f").replace(tzinfo=UTC)
    except ValueError:
        return None
