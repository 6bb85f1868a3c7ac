"""Documents put into as few calls as fit, and what becomes of each. Nothing is sent twice.

An error that stops the connection is raised, but only while nothing was sent; afterwards the rest is NotTried, and
the next call meets the same obstacle first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ..base.errors import BatchRefused, IntegrationError, OutcomeUnknown, Unreachable
from ..base.records import Document, NotTried, Outcome, Refused, Unclear
from .answers import outcomes as outcomes_of
from .invoices import size
from .limits import LIMITS
from .soap import Element, Unreadable


@dataclass(frozen=True, slots=True)
class Ready:
    """A document with its element, at its place in the batch."""

    place: int
    document: Document
    invoice: Element


def in_calls(ready: Sequence[Ready]) -> list[list[Ready]]:
    """Documents split by number and by bytes; one that is too large by itself still goes, alone."""
    calls: list[list[Ready]] = []
    used = 0
    for one in ready:
        length = size(one.invoice)
        full = calls and (len(calls[-1]) >= LIMITS.documents_per_call or used + length > (LIMITS.bytes_per_call or 0))
        if not calls or full:
            calls.append([])
            used = 0
        calls[-1].append(one)
        used += length
    return calls


def send(
    ready: Sequence[Ready], outcomes: list[Outcome | None], post: Callable[[Sequence[Element]], Element | None]
) -> None:
    """Send in as few calls as fit and put each outcome at its place.

    Raises what stops the connection, or BatchRefused, only while nothing was sent at all.
    """
    for number, call in enumerate(in_calls(ready)):
        try:
            result = post([one.invoice for one in call])
            answers = outcomes_of([one.document for one in call], result)
        except BatchRefused as exc:
            if len(call) == 1:
                answers = [Refused(code=exc.code, text=exc.vendor_text or str(exc), vendor_code=exc.vendor_code)]
            elif number == 0:
                raise
            else:
                answers = [NotTried(reason=str(exc))] * len(call)
        except (OutcomeUnknown, Unreadable) as exc:
            for one in call:
                outcomes[one.place] = Unclear(text=str(exc))
            return _leave(ready, outcomes, str(exc))
        except IntegrationError as exc:
            if number == 0 and not isinstance(exc, Unreachable):
                raise
            return _leave(ready, outcomes, str(exc))
        for one, answer in zip(call, answers, strict=True):
            outcomes[one.place] = answer


def _leave(ready: Sequence[Ready], outcomes: list[Outcome | None], reason: str) -> None:
    """After an obstacle nothing more is sent in this turn."""
    for one in ready:
        if outcomes[one.place] is None:
            outcomes[one.place] = NotTried(reason=reason)
