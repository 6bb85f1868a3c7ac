"""How a call that changes something over there becomes an outcome. Pure but for the call it is given.

What concerns one item is an outcome. What stops the connection (limits, sign-in, rights) is raised, but only while
nothing of the batch was sent; afterwards the rest is NotTried, and the next call meets the same obstacle first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from ..base.errors import IntegrationError, OutcomeUnknown, ProtocolSurprise, Rejected, Unreachable
from ..base.records import Document, NotTried, Outcome, Posted, Refused, Unclear
from .answers import JournalBusy
from .bookings import place_of
from .values import Unsendable

Item = TypeVar("Item")


def in_order(batch: Sequence[Item], send_one: Callable[[Item], Outcome]) -> list[Outcome]:
    """The outcomes of a batch, one call after the other, in its order."""
    outcomes: list[Outcome] = []
    for item in batch:
        try:
            outcomes.append(outcome_of(item, send_one))
        except IntegrationError as exc:
            if not outcomes:
                raise
            outcomes += [NotTried(reason=str(exc))] * (len(batch) - len(outcomes))
            break
    return outcomes


def in_number_order(batch: Sequence[Document], send_one: Callable[[Document], Outcome]) -> list[Outcome]:
    """The same for numbered documents: behind one that was not booked, its journal takes no further number.

    The numbers of those that follow would leave a gap, so they are not sent and wait for numbers of their own.
    """
    stopped: dict[tuple[int, str] | None, str] = {}

    def send(document: Document) -> Outcome:
        place = place_of(document.number)
        journal = (place.bookyear, place.journal) if place else None
        if journal in stopped:
            return NotTried(reason=f"an earlier document of journal {document.journal} was not booked")
        stopped[journal] = document.reference
        outcome = send_one(document)
        if isinstance(outcome, Posted):
            del stopped[journal]
        return outcome

    return in_order(batch, send)


def outcome_of(item: Item, send_one: Callable[[Item], Outcome]) -> Outcome:
    """What became of one item. Raises what stops the connection; then it was provably not applied."""
    try:
        return send_one(item)
    except Unsendable as exc:
        return Refused(code=exc.code, text=exc.text)
    except OutcomeUnknown as exc:
        return Unclear(text=str(exc))
    except JournalBusy as exc:
        return NotTried(reason=exc.vendor_text or str(exc), code=exc.code)
    except Unreachable as exc:
        return NotTried(reason=str(exc))
    except Rejected as exc:
        return refused(exc)
    except ProtocolSurprise as exc:
        if exc.status is not None and exc.status < 400:
            return Unclear(text=str(exc))  # a redirect: who knows what stood behind it
        return refused(exc)


def refused(exc: IntegrationError, code: str = "") -> Refused:
    """A refusal in the tool's own words, under our code."""
    return Refused(
        code=code or exc.code,
        text=exc.vendor_text or str(exc),
        vendor_code=exc.vendor_code or str(exc.status or ""),
    )
