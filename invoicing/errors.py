"""What the invoicing services refuse, with sentences for the person who asked."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing about a document that a person should know; `blocks` means it cannot be booked like this."""

    code: str  # stable key, e.g. "no-lines"
    text: str
    blocks: bool = True


class InvoicingError(Exception):
    """A refusal of an invoicing service; `str()` is the sentence for people."""


class BookingRefused(InvoicingError):
    """The document stays as it was; `problems` says why."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__(" ".join(problem.text for problem in self.problems))


class FrozenDocument(InvoicingError):
    """A booked document was about to be changed in a part that is final."""


class AlreadySent(InvoicingError):
    """The document stands in the books of a bookkeeping tool; the change came too late."""


class NotPossible(InvoicingError):
    """The verb does not fit this document, e.g. a payment on a draft."""
