"""Matching our payment terms with a tool's. Pure. Source: domain rules 11; requirements S-101 to S-103d."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from ..base.records import PaymentMethod


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnTerm:
    """Our side: `kind` is cash, after_invoice_date or end_of_month."""

    kind: str
    days: int
    direct_debit: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class OfferedTerm:
    code: str
    days: int
    month_ends: int
    method: PaymentMethod
    has_discount: bool = False
    active: bool = True


def match_payment_term(own: OwnTerm, offered: Iterable[OfferedTerm]) -> OfferedTerm | None:
    """Return the tool's term equal to `own`, or None when there is none.

    Equal: same days and month ends, same direct-debit nature, no discount, active. With several the lowest
    code wins, so that two runs choose alike. End of month: the tool counts month ends first and days after, we
    days first and then the month's end; the two agree only for 30, 60, 90 … days, as that many month ends.
    """
    wanted = _wanted(own)
    if wanted is None:
        return None
    days, month_ends, methods = wanted
    fits = [
        term
        for term in offered
        if term.active
        and not term.has_discount
        and term.days == days
        and term.month_ends == month_ends
        and term.method in methods
    ]
    return min(fits, key=lambda term: (methods.index(term.method), term.code), default=None)


def _wanted(own: OwnTerm) -> tuple[int, int, tuple[PaymentMethod, ...]] | None:
    methods: tuple[PaymentMethod, ...]
    if own.direct_debit:
        methods = (PaymentMethod.DIRECT_DEBIT,)
    elif own.kind == "cash":
        methods = (PaymentMethod.CASH, PaymentMethod.ON_CREDIT)
    else:
        methods = (PaymentMethod.ON_CREDIT,)
    if own.kind == "end_of_month":
        if own.days == 0 or own.days % 30:
            return None
        return 0, own.days // 30, methods
    return (0 if own.kind == "cash" else own.days), 0, methods
