"""Names for what problems store as keys: the month of a fiscal period, and what a VAT rate is called.

Loaded for many rows at once and kept on them; words about a row that has none stay with the keys.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING

from django.db.models import Q

from invoicing.models import VatRate

from ..messages.values import is_percentage
from ..models import FiscalPeriod, Issue, Posting

if TYPE_CHECKING:
    from datetime import date

    from invoicing.models import CompanyEntity

_PERIOD = re.compile(r"(\d{4})\s*[/-]\s*(\d{1,2})")
_Period = tuple[int, int, int]  # administration, year, number


def give_names(rows: Iterable[Issue | Posting]) -> None:
    """Put the names on issues or postings loaded with connection and entity; at most two queries for all of them."""
    found: list[Issue | Posting] = list(rows)
    periods = _periods(found)
    rates = _rates(found)
    for row in found:
        named: dict[str, str] = {}
        period = _period_of(row)
        if period in periods:
            first, last = periods[period]
            named |= {"first_day": first.isoformat(), "last_day": last.isoformat()}
        if name := _rate_name(row, rates):
            named["rate_name"] = name
        row.named = named  # type: ignore[union-attr]  # read by `names_of`


def names_of(row: Issue | Posting) -> dict[str, str]:
    """What `give_names` found; empty for a row that was never asked about."""
    return getattr(row, "named", {})


def _params(row: Issue | Posting) -> dict[str, str]:
    return (row.params if isinstance(row, Issue) else row.reason_params) or {}


def _period_of(row: Issue | Posting) -> _Period | None:
    match = _PERIOD.fullmatch(str(_params(row).get("period", "")))
    administration = row.connection.administration_id
    return (administration, int(match[1]), int(match[2])) if match and administration is not None else None


def _periods(rows: list[Issue | Posting]) -> dict[_Period | None, tuple[date, date]]:
    wanted = {period for row in rows if (period := _period_of(row)) is not None}
    if not wanted:
        return {}
    administrations, years, numbers = (set(values) for values in zip(*wanted, strict=True))
    known = FiscalPeriod.objects.filter(administration__in=administrations, year__in=years, period__in=numbers)
    columns = known.values_list("administration", "year", "period", "start", "end")
    return {(administration, year, number): (start, end) for administration, year, number, start, end in columns}


def _code_of(row: Issue | Posting) -> str:
    """The code of a VAT rate that is no percentage; empty where the row names none."""
    code = str(_params(row).get("rate", ""))
    return "" if is_percentage(code) else code


def _rates(rows: list[Issue | Posting]) -> list[VatRate]:
    codes = {code for row in rows if (code := _code_of(row))}
    entities = {row.connection.entity_id for row in rows}
    theirs = Q(entity__isnull=True) | Q(entity__in=entities)
    return list(VatRate.objects.filter(theirs, code__in=codes)) if codes else []


def _rate_name(row: Issue | Posting, rates: list[VatRate]) -> str:
    """The name of the rate: the entity's own of that code goes before the one of its country."""
    code = _code_of(row)
    if not code:
        return ""
    entity: CompanyEntity = row.connection.entity
    own = [rate for rate in rates if rate.code == code and rate.entity_id == entity.pk]
    common = [rate for rate in rates if rate.code == code and rate.entity_id is None and rate.country == entity.country]
    return next((rate.name for rate in [*own, *common]), "")
