"""Arithmetic: do the amounts of a document follow from each other."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from invoicing.peppol.checks.words import allowance_place, error, line_place, plain, rounded
from invoicing.peppol.document import ZERO, AllowanceCharge, Document, Finding, Line, gettext_noop

_SLACK = Decimal("0.02")
_ONE = Decimal(1)


def findings(document: Document) -> Iterator[Finding]:
    for index, line in enumerate(document.lines):
        yield from _line(line, line_place(line, index))
    for index, part in enumerate(document.allowances):
        yield from _percentage(part, allowance_place(part, index))
    yield from _totals(document)


def _line(line: Line, place: str) -> Iterator[Finding]:
    if line.base_quantity is not None and line.base_quantity <= 0:
        yield error(
            "PEPPOL-EN16931-R121", gettext_noop("The quantity that the price is for must be above zero."), place
        )
    if line.quantity is not None and line.price is not None and line.base_quantity != 0:
        charged = sum((part.amount if part.is_charge else -part.amount for part in line.allowances), ZERO)
        expected = line.quantity * line.price / (line.base_quantity or _ONE) + charged
        if abs(expected - line.net) > _SLACK:
            yield error(
                "PEPPOL-EN16931-R120",
                gettext_noop(
                    "The amount of the line is %(stated)s, but quantity, price and reductions make %(expected)s."
                ),
                place,
                stated=plain(line.net),
                expected=plain(rounded(expected)),
            )
    if line.base_unit and line.unit and line.base_unit != line.unit:
        yield error("PEPPOL-EN16931-R130", gettext_noop("Price and quantity are in different units."), place)
    if line.price is not None and line.price < 0:
        yield error("BR-27", gettext_noop("The price is below zero."), place)
    if line.gross_price is not None:
        if line.gross_price < 0:
            yield error("BR-28", gettext_noop("The price before reduction is below zero."), place)
        if line.price is not None and line.price != line.gross_price - (line.price_discount or ZERO):
            yield error(
                "PEPPOL-EN16931-R046",
                gettext_noop("The price is not the price before reduction less the reduction."),
                place,
            )
    for part in line.allowances:
        if not part.reason and not part.reason_code:
            yield error(
                "BR-44" if part.is_charge else "BR-42",
                gettext_noop("A reduction or charge does not say what it is for."),
                place,
            )
        yield from _percentage(part, place)


def _percentage(part: AllowanceCharge, place: str) -> Iterator[Finding]:
    if part.percent is not None and part.base is None:
        yield error(
            "PEPPOL-EN16931-R041", gettext_noop("A reduction or charge has a percentage, but not of what."), place
        )
    elif part.percent is None and part.base is not None:
        yield error("PEPPOL-EN16931-R042", gettext_noop("A reduction or charge has a base, but no percentage."), place)
    elif (
        part.percent is not None
        and part.base is not None
        and abs(part.amount - part.base * part.percent / 100) > _SLACK
    ):
        yield error(
            "PEPPOL-EN16931-R040",
            gettext_noop("A reduction or charge of %(percent)s %% of %(base)s is stated as %(stated)s."),
            place,
            percent=plain(part.percent),
            base=plain(part.base),
            stated=plain(part.amount),
        )


def _totals(document: Document) -> Iterator[Finding]:
    totals = document.totals
    given = {
        is_charge: [part.amount for part in document.allowances if part.is_charge is is_charge]
        for is_charge in (False, True)
    }
    yield from _equal("BR-CO-10", totals.lines, rounded(sum((line.net for line in document.lines), ZERO)))
    for code, stated, amounts in (
        ("BR-CO-11", totals.allowances, given[False]),
        ("BR-CO-12", totals.charges, given[True]),
    ):
        if stated is not None or amounts:
            yield from _equal(code, stated if stated is not None else ZERO, rounded(sum(amounts, ZERO)))
    yield from _equal(
        "BR-CO-13", totals.net, rounded(totals.lines - (totals.allowances or ZERO) + (totals.charges or ZERO))
    )
    if document.subtotals:
        yield from _equal("BR-CO-14", totals.vat, rounded(sum((part.vat for part in document.subtotals), ZERO)))
    yield from _equal("BR-CO-15", totals.total, rounded(totals.net + totals.vat))
    yield from _equal(
        "BR-CO-16", totals.payable, rounded(totals.total - (totals.prepaid or ZERO) + (totals.rounding or ZERO))
    )


_SENTENCES = {
    "BR-CO-10": gettext_noop("The sum of the lines is stated as %(stated)s, but the lines add up to %(expected)s."),
    "BR-CO-11": gettext_noop("The sum of the reductions is stated as %(stated)s, but they add up to %(expected)s."),
    "BR-CO-12": gettext_noop("The sum of the charges is stated as %(stated)s, but they add up to %(expected)s."),
    "BR-CO-13": gettext_noop("The total without VAT is stated as %(stated)s, but works out as %(expected)s."),
    "BR-CO-14": gettext_noop("The VAT is stated as %(stated)s, but its parts add up to %(expected)s."),
    "BR-CO-15": gettext_noop("The total with VAT is stated as %(stated)s, but net and VAT make %(expected)s."),
    "BR-CO-16": gettext_noop("The amount to pay is stated as %(stated)s, but works out as %(expected)s."),
}


def _equal(code: str, stated: Decimal, expected: Decimal) -> Iterator[Finding]:
    if stated != expected:
        yield error(code, _SENTENCES[code], stated=plain(stated), expected=plain(expected))
