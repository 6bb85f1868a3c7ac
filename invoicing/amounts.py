"""The one place where money is rounded: line nets, totals per VAT rate, and cents spread over lines.

Everything is `Decimal`, in the document's currency. Rounding is half up, away from zero, so that an invoice
and the credit note that reverses it are each other's mirror to the cent. Pure: no clock, ORM or settings.
Source: domain rules 4.4 and 18.1.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal, localcontext
from typing import Generic, TypeVar

CENT = Decimal("0.01")
ZERO = Decimal("0.00")
HUNDRED = Decimal(100)

# Whatever the caller names a VAT rate version by.
Rate = TypeVar("Rate", bound=Hashable)

# Quantity (14 digits) x price (16) x percentage (5) needs 35 digits; Python's usual 28 would round twice.
_DIGITS = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class AmountLine(Generic[Rate]):
    """What totals need of a line. `rate` names its VAT rate version and is handed back in the totals."""

    rate: Rate
    percentage: Decimal  # per cent, 21 and not 0.21
    net: Decimal  # after the line's own discount, in cents


@dataclass(frozen=True, slots=True, kw_only=True)
class RateTotals(Generic[Rate]):
    """Totals of one VAT rate; `base` is `lines_net` minus `discount`."""

    rate: Rate
    percentage: Decimal
    lines_net: Decimal
    discount: Decimal
    base: Decimal
    vat: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class DocumentTotals(Generic[Rate]):
    """Totals of a document; `rates` in the order in which the rates first appear on its lines."""

    rates: tuple[RateTotals[Rate], ...]
    net: Decimal
    vat: Decimal
    total: Decimal


def round_cents(amount: Decimal) -> Decimal:
    """Return `amount` with two decimals, half a cent going away from zero. Zero never carries a minus sign."""
    with localcontext(prec=_DIGITS):
        return amount.quantize(CENT, rounding=ROUND_HALF_UP) + ZERO


def percentage_of(amount: Decimal, percentage: Decimal) -> Decimal:
    """Return `percentage` per cent of `amount`, rounded once."""
    with localcontext(prec=_DIGITS):
        return round_cents(amount * percentage / HUNDRED)


def line_net(quantity: Decimal, unit_price: Decimal, discount: Decimal = ZERO) -> Decimal:
    """Return the net of a line after its own discount (per cent, 0-100), rounded once."""
    with localcontext(prec=_DIGITS):
        return round_cents(quantity * unit_price * (HUNDRED - discount) / HUNDRED)


def document_totals(lines: Iterable[AmountLine[Rate]], discounts: Sequence[Decimal] = ()) -> DocumentTotals[Rate]:
    """Return the totals of a document with its document discounts (percentages, in order).

    Per VAT rate: the nets of its lines are added up, each discount is taken on what the former ones left and
    rounded, and VAT is computed once on what remains. ValueError: one rate came with two percentages.
    """
    nets: dict[Rate, Decimal] = {}
    percentages: dict[Rate, Decimal] = {}
    for line in lines:
        if percentages.setdefault(line.rate, line.percentage) != line.percentage:
            raise ValueError(f"VAT rate {line.rate!r} has both {percentages[line.rate]} and {line.percentage} per cent")
        nets[line.rate] = nets.get(line.rate, ZERO) + line.net
    rates = tuple(_rate_totals(rate, percentages[rate], net, discounts) for rate, net in nets.items())
    net = sum((r.base for r in rates), ZERO)
    vat = sum((r.vat for r in rates), ZERO)
    return DocumentTotals(rates=rates, net=net, vat=vat, total=net + vat)


def _rate_totals(rate: Rate, percentage: Decimal, lines_net: Decimal, discounts: Sequence[Decimal]) -> RateTotals[Rate]:
    base = lines_net
    for discount in discounts:
        base -= percentage_of(base, discount)
    return RateTotals(
        rate=rate,
        percentage=percentage,
        lines_net=lines_net,
        discount=lines_net - base,
        base=base,
        vat=percentage_of(base, percentage),
    )


def spread(amount: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    """Return `amount` in one part of whole cents per weight, proportional to the weights, adding up exactly.

    Cents left over by rounding go to the largest weights (by size, the first of equals), one cent each, going
    round again when there are more cents than weights. A weight of zero gets nothing as long as another weight
    has a size. Where the weights cancel out to zero there is no proportion: the largest gets all.
    ValueError: an amount that is not in cents, or an amount without weights.
    """
    if amount != round_cents(amount):
        raise ValueError(f"{amount} is not in whole cents")
    if not weights:
        if amount:
            raise ValueError(f"nothing to spread {amount} over")
        return []
    total = sum(weights, ZERO)
    with localcontext(prec=_DIGITS):
        parts = [round_cents(amount * weight / total) if total else ZERO for weight in weights]
    if not total:
        parts[_by_size(weights)[0]] = round_cents(amount)
        return parts
    return _place_rest(parts, amount, weights)


def vat_per_line(nets: Sequence[Decimal], percentage: Decimal, vat: Decimal) -> list[Decimal]:
    """Return the VAT of each line of one rate, adding up exactly to the document's `vat` of that rate.

    Each line gets its own percentage, rounded; the cents that rounding per rate and rounding per line differ
    by go to the largest lines, one cent each. Discount lines take part with their negative net.
    Unlike `spread` this keeps every line's VAT right where large lines cancel each other out.
    """
    if not nets:
        if vat:
            raise ValueError(f"VAT of {vat} without lines")
        return []
    return _place_rest([percentage_of(net, percentage) for net in nets], vat, nets)


def _place_rest(parts: list[Decimal], amount: Decimal, weights: Sequence[Decimal]) -> list[Decimal]:
    """Return `parts` with the cents that they lack or exceed placed on the largest weights."""
    rest = amount - sum(parts, ZERO)
    cents = int(abs(rest) / CENT)
    step = CENT if rest > 0 else -CENT
    order = [i for i in _by_size(weights) if weights[i]] or _by_size(weights)
    rounds, left = divmod(cents, len(order))
    for place, index in enumerate(order):
        parts[index] += step * (rounds + (1 if place < left else 0))
    return parts


def _by_size(weights: Sequence[Decimal]) -> list[int]:
    """The indexes of `weights`, largest size first, equals in their own order."""
    return sorted(range(len(weights)), key=lambda i: -abs(weights[i]))
