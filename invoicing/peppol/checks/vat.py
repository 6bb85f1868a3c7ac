"""VAT: each category's own conditions, its base and its amount."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from decimal import Decimal

from invoicing.peppol.checks.words import allowance_place, error, line_place, plain, rounded
from invoicing.peppol.document import ZERO, Document, Finding, TaxCategory, TaxSubtotal, gettext_noop

# Category -> how the rules call it.
_NAMES = {"S": "S", "Z": "Z", "E": "E", "AE": "AE", "K": "IC", "G": "G", "O": "O", "L": "IG", "M": "IP"}
_TAXED = frozenset({"S", "L", "M"})
_WITHOUT_REASON = frozenset({"S", "Z", "L", "M"})
_ONE = Decimal(1)
_CODES = {
    "VATEX-EU-G": ("G", "PEPPOL-EN16931-P0104"),
    "VATEX-EU-O": ("O", "PEPPOL-EN16931-P0105"),
    "VATEX-EU-IC": ("K", "PEPPOL-EN16931-P0106"),
    "VATEX-EU-AE": ("AE", "PEPPOL-EN16931-P0107"),
    "VATEX-EU-D": ("E", "PEPPOL-EN16931-P0108"),
    "VATEX-EU-F": ("E", "PEPPOL-EN16931-P0109"),
    "VATEX-EU-I": ("E", "PEPPOL-EN16931-P0110"),
    "VATEX-EU-J": ("E", "PEPPOL-EN16931-P0111"),
}


def findings(document: Document) -> Iterator[Finding]:
    yield from _of_lines(document)
    yield from _of_allowances(document)
    if not document.subtotals:
        yield error("BR-CO-18", gettext_noop("The document does not show its VAT per rate."))
    yield from _breakdown(document)
    yield from _parties(document)
    sums = _sums(document)
    for part in document.subtotals:
        yield from _subtotal(part, sums)


def _of_lines(document: Document) -> Iterator[Finding]:
    for index, line in enumerate(document.lines):
        place = line_place(line, index)
        if not line.category.code:
            yield error("BR-CO-04", gettext_noop("A line has no VAT category."), place)
        else:
            yield from _percent(line.category, "05", place)


def _of_allowances(document: Document) -> Iterator[Finding]:
    for index, part in enumerate(document.allowances):
        place = allowance_place(part, index)
        if not part.reason and not part.reason_code:
            yield error(
                "BR-38" if part.is_charge else "BR-33",
                gettext_noop("A reduction or charge does not say what it is for."),
                place,
            )
        if part.category is None or not part.category.code:
            yield error(
                "BR-37" if part.is_charge else "BR-32",
                gettext_noop("A reduction or charge has no VAT category."),
                place,
            )
        else:
            yield from _percent(part.category, "07" if part.is_charge else "06", place)


def _percent(category: TaxCategory, rule: str, place: str) -> Iterator[Finding]:
    """The percentage that goes with the category."""
    name = _NAMES.get(category.code)
    if name is None:
        return
    percent = category.percent
    if category.code == "O":
        fits = percent is None
    elif category.code == "S":
        fits = percent is not None and percent > 0
    elif category.code in _TAXED:
        fits = percent is not None and percent >= 0
    else:
        fits = percent is not None and percent == 0
    if not fits:
        yield error(
            f"BR-{name}-{rule}",
            gettext_noop("VAT category %(category)s does not go with %(percent)s."),
            place,
            category=category.code,
            percent="-" if percent is None else f"{percent:f} %",
        )


def _breakdown(document: Document) -> Iterator[Finding]:
    """Every category used is broken down: S per rate, the others once."""
    used = [line.category.code for line in document.lines]
    used += [part.category.code for part in document.allowances if part.category]
    stated = [part.category.code for part in document.subtotals]
    for code, name in _NAMES.items():
        count = stated.count(code)
        if code in _TAXED:
            fits = (code in used) == (count > 0)
        else:
            fits = count == 1 or (count == 0 and code not in used)
        if not fits:
            yield error(
                f"BR-{name}-01",
                gettext_noop(
                    "VAT category %(category)s is on the lines and in the breakdown a different number of times than allowed."
                ),
                "TaxTotal",
                category=code,
            )
    if "O" in stated:
        others = (
            ("BR-O-11", [code for code in stated if code != "O"]),
            ("BR-O-12", [line.category.code for line in document.lines if line.category.code not in ("", "O")]),
            ("BR-O-13", _other_than_o(document, is_charge=False)),
            ("BR-O-14", _other_than_o(document, is_charge=True)),
        )
        for rule, found in others:
            if found:
                yield error(rule, gettext_noop("What is not subject to VAT stands together with what is."), "TaxTotal")


def _other_than_o(document: Document, *, is_charge: bool) -> list[str]:
    return [
        part.category.code
        for part in document.allowances
        if part.is_charge is is_charge and part.category and part.category.code not in ("", "O")
    ]


def _parties(document: Document) -> Iterator[Finding]:
    """The VAT numbers that the categories ask of seller and buyer."""
    seller, buyer = document.seller, document.buyer
    representative = document.tax_representative.vat_number if document.tax_representative else ""
    own_vat = seller.vat_number or representative
    own_tax = own_vat or seller.tax_number
    fits = {
        "S": bool(own_tax),
        "Z": bool(own_tax),
        "E": bool(own_tax),
        "L": bool(own_tax),
        "M": bool(own_tax),
        "AE": bool(own_tax and (buyer.vat_number or buyer.legal_id)),
        "K": bool(own_vat and buyer.vat_number),
        "G": bool(own_vat),
        "O": not (own_vat or buyer.vat_number),
    }
    users = (
        ("02", {line.category.code for line in document.lines}),
        ("03", {part.category.code for part in document.allowances if part.category and not part.is_charge}),
        ("04", {part.category.code for part in document.allowances if part.category and part.is_charge}),
    )
    for rule, codes in users:
        for code in sorted(codes & fits.keys()):
            if not fits[code]:
                text = (
                    gettext_noop("What is not subject to VAT must come without VAT numbers.")
                    if code == "O"
                    else gettext_noop("A VAT number that category %(category)s asks for is missing.")
                )
                yield error(f"BR-{_NAMES[code]}-{rule}", text, category=code)
    if any(part.category.code == "K" for part in document.subtotals):
        delivery, period = document.delivery, document.period
        if not (delivery and delivery.day) and not (period and (period.start or period.end)):
            yield error("BR-IC-11", gettext_noop("An intra-Community supply needs a delivery date or a period."))
        if not (delivery and delivery.address and delivery.address.country):
            yield error("BR-IC-12", gettext_noop("An intra-Community supply needs the country of delivery."))


# --- Amounts ---

_Sums = dict[tuple[str, Decimal | None], Decimal]


def _sums(document: Document) -> _Sums:
    """Lines + charges - allowances per category and rate; the rate counts only where a category may have several."""
    found: _Sums = defaultdict(Decimal)
    for line in document.lines:
        found[_group(line.category)] += line.net
    for part in document.allowances:
        if part.category:
            found[_group(part.category)] += part.amount if part.is_charge else -part.amount
    return found


def _group(category: TaxCategory) -> tuple[str, Decimal | None]:
    return (category.code, category.percent if category.code in _TAXED else None)


def _subtotal(part: TaxSubtotal, sums: _Sums) -> Iterator[Finding]:
    category = part.category
    place = f"VAT {category.code}" + ("" if category.percent is None else f" {category.percent:f} %")
    name = _NAMES.get(category.code)
    if not category.code:
        yield error("BR-47", gettext_noop("A part of the VAT has no category."), "TaxTotal")
    if category.percent is None and category.code != "O":
        yield error("BR-48", gettext_noop("A part of the VAT has no percentage."), place)
    yield from _amount(part, place, name)
    if name is None:
        return
    group = _group(category)
    expected = sums.get(group, ZERO)
    apart = abs(part.base - expected)
    if category.code in _TAXED:
        # Without a rate there is nothing to compare with, and BR-48 has said so.
        fits = category.percent is None or (apart < _ONE and group in sums)
    else:
        fits = apart == 0
    if not fits:
        yield error(
            f"BR-{name}-08",
            gettext_noop(
                "The base of %(category)s is stated as %(stated)s, but lines, reductions and charges make %(expected)s."
            ),
            place,
            category=place,
            stated=plain(part.base),
            expected=plain(expected),
        )
    has_reason = bool(category.exemption_code or category.exemption_reason)
    if category.code in _WITHOUT_REASON:
        if has_reason:
            yield error(f"BR-{name}-10", gettext_noop("A rate that is not exempt has a reason for exemption."), place)
    elif not has_reason:
        yield error(f"BR-{name}-10", gettext_noop("The reason for which no VAT is charged is missing."), place)
    wanted = _CODES.get(category.exemption_code.upper())
    if wanted and wanted[0] != category.code:
        yield error(wanted[1], gettext_noop("The reason for exemption does not go with the VAT category."), place)


def _amount(part: TaxSubtotal, place: str, name: str | None) -> Iterator[Finding]:
    percent = part.category.percent
    if percent:
        expected = rounded(abs(part.base) * percent / 100)
        fits = abs(abs(part.vat) - expected) < _ONE
    else:
        expected = ZERO
        fits = abs(part.vat) < _ONE / 2
    if not fits:
        yield error(
            "BR-CO-17",
            gettext_noop("The VAT of %(category)s is stated as %(stated)s, but its base makes %(expected)s."),
            place,
            category=place,
            stated=plain(part.vat),
            expected=plain(expected),
        )
    if name is not None and (not fits if part.category.code in _TAXED else part.vat != 0):
        yield error(f"BR-{name}-09", gettext_noop("The VAT amount does not go with the VAT category."), place)
