"""How far a document is paid, from the payment rows of the bookkeeping tool. Pure.

A sync never takes "paid" back and never overwrites a "paid" that a person entered; where the books say
otherwise, `differs` tells so and a person decides (catalogue PAY-721). Source: design 5, invariant 4; domain
rules 12.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

# The stored values of `PaymentState` and `PaymentSource`.
UNKNOWN = "unknown"  # of purchases only
OPEN = "open"
PARTLY_PAID = "partly_paid"
PAID = "paid"
TOOL = "tool"
MANUAL = "manual"

ZERO = Decimal("0.00")


@dataclass(frozen=True, slots=True, kw_only=True)
class SettledRow:
    """One part of a document's amount as the tool has it: positive, settled or still open there."""

    amount: Decimal
    settled: bool
    settled_on: date | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class PaymentResult:
    """What a document's payment state becomes.

    `keep`: leave all four payment fields as they are; the others then repeat what is kept or are empty.
    `differs`: paid here and not in the tool; raise PAY-721, change nothing.
    """

    state: str
    source: str
    paid_amount: Decimal = ZERO
    paid_on: date | None = None
    keep: bool = False
    differs: bool = False


def next_payment_state(
    current_state: str, current_source: str, total: Decimal, rows: Iterable[SettledRow]
) -> PaymentResult:
    """Return the payment state that follows from all known `rows` of a document of `total`.

    Paid: there are rows, every one is settled, and together they reach the size of the total; more is paid
    too. Partly paid: something is settled. Open again: the tool's own part payment was undone. The paid date is
    the latest settlement date; None when the tool gives none, the caller then takes the day of the pull.
    """
    known = list(rows)
    settled = sum((row.amount for row in known if row.settled), ZERO)
    complete = bool(known) and all(row.settled for row in known) and settled >= abs(total)

    if current_state == PAID:
        # No rows at all is no statement of the tool (absence proves nothing), so it contradicts nothing.
        differs = bool(known) and not complete
        if current_source == MANUAL or not complete:
            return PaymentResult(state=PAID, source=current_source, keep=True, differs=differs)
    if settled <= ZERO and not complete:
        if known and current_state == PARTLY_PAID and current_source == TOOL:
            # The tool itself took its part payment back; only "paid" is never taken back.
            return PaymentResult(state=OPEN, source="")
        # A part that a person entered stays until the tool knows of a payment itself.
        return PaymentResult(state=current_state, source=current_source, keep=True)
    days = [row.settled_on for row in known if row.settled and row.settled_on is not None]
    return PaymentResult(
        state=PAID if complete else PARTLY_PAID,
        source=TOOL,
        paid_amount=settled,
        paid_on=max(days, default=None),
    )


def next_purchase_state(current_state: str, total: Decimal, rows: Iterable[SettledRow]) -> PaymentResult:
    """The same of a purchase, which nobody marks paid by hand; what the tool shows as not paid is open from then on."""
    known = list(rows)
    source = TOOL if current_state in (PARTLY_PAID, PAID) else ""
    result = next_payment_state(OPEN if current_state == UNKNOWN else current_state, source, total, known)
    if result.keep and known and current_state == UNKNOWN:
        return PaymentResult(state=OPEN, source="")
    return result
