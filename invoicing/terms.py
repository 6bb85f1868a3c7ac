"""Due dates of payment terms. Pure. Source: domain rules 11.1."""

from __future__ import annotations

import calendar
import enum
from datetime import date, timedelta


class TermKind(enum.StrEnum):
    """How a term counts; the stored values of `PaymentTerm.kind`."""

    CASH = "cash"
    AFTER_INVOICE_DATE = "after_invoice_date"
    END_OF_MONTH = "end_of_month"


# What holds for a document that names no term.
DEFAULT_KIND = TermKind.AFTER_INVOICE_DATE
DEFAULT_DAYS = 14


def due_date(day: date, kind: str = DEFAULT_KIND, days: int = DEFAULT_DAYS) -> date:
    """Return the day on which a document of `day` has to be paid.

    Cash: the day itself, whatever the days say. After invoice date: calendar days later. End of month: first
    the days, then the last day of the month that is reached. A day beyond the calendar is its last one.
    ValueError: unknown kind or negative days.
    """
    if days < 0:
        raise ValueError(f"a payment term cannot have {days} days")
    if TermKind(kind) is not TermKind.CASH and days > (date.max - day).days:
        return date.max
    match TermKind(kind):
        case TermKind.CASH:
            return day
        case TermKind.AFTER_INVOICE_DATE:
            return day + timedelta(days=days)
        case TermKind.END_OF_MONTH:
            return end_of_month(day + timedelta(days=days))


def end_of_month(day: date) -> date:
    """Return the last day of the month of `day`."""
    return day.replace(day=calendar.monthrange(day.year, day.month)[1])
