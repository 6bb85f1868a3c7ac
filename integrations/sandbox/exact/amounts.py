"""Rounding, due dates and currencies."""

from __future__ import annotations

import calendar
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal

from .world import Division

CENT = Decimal("0.01")
RATES = {"USD": Decimal("0.92"), "GBP": Decimal("1.17")}  # euros for one unit, when an entry brings no Rate


def cents(value: Decimal) -> Decimal:
    """Return an amount rounded to cents, halves away from zero."""
    return value.quantize(CENT, ROUND_HALF_UP)


def due_date(start: str, end_of_months: int, days: int) -> str:
    """Return the due date of a condition: month ends first, then days.

    17 January with 2 month ends is 31 March, with 15 days more 15 April. Source: reference, PaymentConditions.
    """
    day = date.fromisoformat(start[:10])
    if end_of_months:
        month = day.month - 1 + end_of_months
        year, month = day.year + month // 12, month % 12 + 1
        day = date(year, month, calendar.monthrange(year, month)[1])
    return f"{day + timedelta(days=days)}T00:00:00"


def to_dc(division: Division, amount: Decimal, rate: Decimal) -> Decimal:
    """Return a document amount in the division's currency."""
    return cents(amount * rate if division.world.settings["rate_direction"] == "multiply" else amount / rate)
