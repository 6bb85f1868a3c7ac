"""What rules of segments can ask of invoicing: whether there are documents, and since when."""

from __future__ import annotations

import calendar
from datetime import date
from typing import Any

from django.db.models import Exists, OuterRef, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from crm.segments import Field, Operator, register

from .models import SalesDocument


def _condition(operator: str, value: Any) -> Q:
    rows = SalesDocument.objects.filter(party=OuterRef("pk"))
    match operator:
        case "has":
            return Q(Exists(rows))
        case "none":
            return ~Q(Exists(rows))
        case "last_months":
            return Q(Exists(rows.filter(date__gt=months_before(timezone.localdate(), value))))
        case "not_last_months":
            return ~Q(Exists(rows.filter(date__gt=months_before(timezone.localdate(), value))))
    raise ValueError(operator)


def months_before(day: date, months: int) -> date:
    """The same day of an earlier month, or the last one of a shorter month."""
    years, month = divmod(day.year * 12 + day.month - 1 - months, 12)
    year = max(years, 1)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


register(
    Field(
        key="documents",
        title=_("Documents"),
        operators=(
            Operator("has", _("are there")),
            Operator("none", _("are missing")),
            Operator("last_months", _("are there of the last … months"), "number"),
            Operator("not_last_months", _("are missing of the last … months"), "number"),
        ),
        condition=_condition,
    )
)
