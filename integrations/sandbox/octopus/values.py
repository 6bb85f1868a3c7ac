"""Reading values of a body as strictly as the service does, and amounts."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import Any

from .refusals import Malformed, WrongType

ZERO = Decimal("0.00")
_LARGEST = 2**31 - 1


def section(body: dict[str, Any], name: str) -> dict[str, Any]:
    """An object inside a body; an absent one is empty. Raises WrongType."""
    value = body.get(name)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise WrongType(name)
    return value


def objects(body: dict[str, Any], name: str) -> list[dict[str, Any]]:
    """A list of objects inside a body; an absent one is empty. Raises WrongType."""
    value = body.get(name)
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        raise WrongType(name)
    return value


def whole(body: dict[str, Any], name: str) -> int:
    """An int32; absent is 0. Raises WrongType."""
    value = body.get(name)
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > _LARGEST:
        raise WrongType(name)
    return value


def amount(body: dict[str, Any], name: str) -> Decimal:
    """A double; absent is 0. Raises WrongType for text, and for fractions of a cent."""
    value = body.get(name)
    if value is None:
        return ZERO
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise WrongType(name)
    return Decimal(value).quantize(Decimal("0.01"))


def words(body: dict[str, Any], name: str) -> str | None:
    """Text; absent is None. Raises WrongType."""
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise WrongType(name)
    return value


def day(body: dict[str, Any], name: str) -> str:
    """A date as `yyyy-MM-dd`. Raises WrongType; Malformed when it is absent."""
    value = body.get(name)
    if value is None:
        raise Malformed
    if not isinstance(value, str) or not re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        raise WrongType(name)
    try:
        date.fromisoformat(value)
    except ValueError as exc:
        raise WrongType(name) from exc
    return value


def double(value: Decimal) -> float:
    """An amount as the service writes it."""
    return float(value)


def given(row: dict[str, Any]) -> dict[str, Any]:
    """A row without its null properties, which the service leaves out."""
    return {name: value for name, value in row.items() if value is not None}
