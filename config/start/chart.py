"""Posted and paid per month: the sums, and the drawing as numbers for a plain SVG. No script draws anything."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

from django.db.models import Sum
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from config.figures import amount, month_sign, number
from integrations.models import IN_BOOKS, Posting
from invoicing.models import PaymentState, SalesDocument, SalesKind

MONTHS, MONTHS_ON_A_PHONE = 12, 6
# The books are kept in it; documents in another currency are told beside the chart.
CURRENCY = "EUR"

# Of the drawing, in its own units; at full width one of them is about one pixel.
_WIDTH, _WIDTH_ON_A_PHONE = 632, 318
_HEIGHT, _TOP, _BOTTOM, _NAMES = 210, 10, 186, 204
_LEFT, _AXIS = 42, 34
_BAR, _GAP = 15, 1
_MOST_STEPS = 5


@dataclass(frozen=True, slots=True)
class Month:
    first: date
    posted: Decimal
    paid: Decimal

    @property
    def name(self) -> str:
        return date_format(self.first, "F Y")


@dataclass(frozen=True, slots=True)
class Other:
    """What documents in another currency come to in the same months."""

    currency: str
    posted: Decimal
    paid: Decimal


@dataclass(frozen=True, slots=True)
class Bar:
    css: str
    x: str
    y: str
    height: str
    title: str


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    middle: str
    bars: tuple[Bar, Bar]


@dataclass(frozen=True, slots=True)
class Line:
    y: str
    words_y: str
    words: str


@dataclass(frozen=True, slots=True)
class Drawing:
    """All that stands in one SVG; its figures are texts with a full stop, whatever the reader's language."""

    css: str
    width: int
    height: int
    bar: int
    axis: int
    words_x: int
    names_y: int
    lines: tuple[Line, ...]
    columns: tuple[Column, ...]
    label: str


@dataclass(frozen=True, slots=True)
class Chart:
    months: tuple[Month, ...]
    others: tuple[Other, ...]
    drawings: tuple[Drawing, ...]  # none: there is nothing to draw
    unit: str
    posted: Decimal
    paid: Decimal


Sums = dict[str, dict[tuple[int, int], Decimal]]  # currency -> (year, month) -> signed sum


def months_until(today: date) -> list[date]:
    """The first days of the last twelve months, this one included, oldest first."""
    place = today.year * 12 + today.month - 1
    return [date(n // 12, n % 12 + 1, 1) for n in range(place - MONTHS + 1, place + 1)]


def sums_since(first: date, end: date) -> tuple[Sums, Sums]:
    """Posted sums by document date and paid sums by payment date, from `first` to before `end`; two queries.

    Credit notes are subtracted. Grouped by day in the database, which both can do without computing a month per row.
    """
    in_books = Posting.objects.filter(state__in=IN_BOOKS, sales_document__isnull=False).values("sales_document")
    posted = SalesDocument.objects.booked().filter(date__gte=first, date__lt=end, pk__in=in_books)
    paid = SalesDocument.objects.booked().filter(payment_state=PaymentState.PAID, paid_on__gte=first, paid_on__lt=end)
    return _by_month(posted, "date"), _by_month(paid, "paid_on")


def _by_month(rows: Any, day: str) -> Sums:
    found: Sums = defaultdict(lambda: defaultdict(Decimal))
    for row in rows.order_by().values(day, "currency", "kind").annotate(amount=Sum("total")):
        sign = -1 if row["kind"] == SalesKind.CREDIT_NOTE else 1
        found[row["currency"]][row[day].year, row[day].month] += sign * row["amount"]
    return {currency: dict(months) for currency, months in found.items()}


def chart_of(firsts: Sequence[date], posted: Sums, paid: Sums) -> Chart:
    """Return the chart of these months in the reader's language."""
    mine, theirs = posted.get(CURRENCY, {}), paid.get(CURRENCY, {})
    months = tuple(
        Month(day, mine.get((day.year, day.month), Decimal(0)), theirs.get((day.year, day.month), Decimal(0)))
        for day in firsts
    )
    currencies = sorted((posted.keys() | paid.keys()) - {CURRENCY})
    others = (_other(currency, posted, paid) for currency in currencies)
    drawings: tuple[Drawing, ...] = ()
    unit = 1
    if any(month.posted or month.paid for month in months):
        unit = _unit(months)
        drawings = (
            _drawing("bb-chart is-wide", months, unit, _WIDTH),
            _drawing("bb-chart is-phone", months[-MONTHS_ON_A_PHONE:], unit, _WIDTH_ON_A_PHONE),
        )
    return Chart(
        months=months,
        others=tuple(other for other in others if other.posted or other.paid),
        drawings=drawings,
        unit=f"{number(unit)} {CURRENCY}" if unit > 1 else CURRENCY,
        posted=sum((month.posted for month in months), Decimal(0)),
        paid=sum((month.paid for month in months), Decimal(0)),
    )


def _other(currency: str, posted: Sums, paid: Sums) -> Other:
    return Other(
        currency,
        sum(posted.get(currency, {}).values(), Decimal(0)),
        sum(paid.get(currency, {}).values(), Decimal(0)),
    )


def _reach(months: Sequence[Month]) -> tuple[Decimal, Decimal]:
    """The lowest and the highest amount; zero is always between them."""
    amounts = [Decimal(0), *(value for month in months for value in (month.posted, month.paid))]
    return min(amounts), max(amounts)


def line_step(lowest: Decimal, highest: Decimal) -> Decimal:
    """The distance between two lines of the grid: 1, 2 or 5 times a power of ten, so that few lines are needed."""
    power = Decimal(1).scaleb((highest - lowest).adjusted() - 1)
    steps = (factor * power for factor in (1, 2, 5, 10, 20))
    return next((step for step in steps if _above(highest, step) - _below(lowest, step) <= _MOST_STEPS), 50 * power)


def _above(value: Decimal, step: Decimal) -> int:
    """How many steps reach up to `value`."""
    return int((value / step).to_integral_value(ROUND_CEILING))


def _below(value: Decimal, step: Decimal) -> int:
    """How many steps reach down to `value`; negative below zero."""
    return int((value / step).to_integral_value(ROUND_FLOOR))


def _unit(months: Sequence[Month]) -> int:
    """What the numbers beside the lines count: amounts, thousands or millions."""
    step = line_step(*_reach(months))
    return next((unit for unit in (1_000_000, 1_000) if step >= unit), 1)


def _drawing(css: str, months: Sequence[Month], unit: int, width: int) -> Drawing:
    lowest, highest = _reach(months)
    # The months of a phone may be the empty ones.
    step = line_step(lowest, highest) if highest > lowest else Decimal(unit)
    first, last = _below(lowest, step), max(_above(highest, step), 1)
    scale = Decimal(_BOTTOM - _TOP) / ((last - first) * step)

    def y_of(value: Decimal) -> Decimal:
        return _BOTTOM - (value - first * step) * scale

    marks = [n * step for n in range(first, last + 1)]
    lines = tuple(Line(_text(y_of(mark)), _text(y_of(mark) + 4), number(mark / unit)) for mark in marks)
    distance = Decimal(width - _LEFT) / len(months)
    columns = []
    for place, month in enumerate(months):
        x = _LEFT + place * distance
        bars = (
            _bar("bb-bar-posted", x, month.posted, y_of, _("%(month)s: %(amount)s posted"), month),
            _bar("bb-bar-paid", x + _BAR + _GAP, month.paid, y_of, _("%(month)s: %(amount)s paid"), month),
        )
        columns.append(Column(date_format(month.first, month_sign()), _text(x + _BAR + Decimal(_GAP) / 2), bars))
    label = _("Posted and paid amounts per month, from %(first)s to %(last)s") % {
        "first": months[0].name,
        "last": months[-1].name,
    }
    return Drawing(css, width, _HEIGHT, _BAR, _AXIS, _AXIS - 8, _NAMES, lines, tuple(columns), label)


def _bar(css: str, x: Decimal, value: Decimal, y_of: Any, words: str, month: Month) -> Bar:
    top, foot = sorted((y_of(value), y_of(Decimal(0))))
    title = words % {"month": month.name, "amount": amount(value, CURRENCY)}
    return Bar(css, _text(x), _text(top), _text(foot - top), title)


def _text(value: Decimal) -> str:
    return f"{value:.1f}"
