"""Numbers of caller-numbered tools: last one plus one, per journal and book year, under the administration's lease.

The tool is asked once per run and journal; from then on we count. A number that the tool refuses is not simply given
anew: what stands under it may be our own booking. While a booking of a journal is unclear nothing more goes there,
since its number may be taken or free. Source: design section 5 "Posting".
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

from ..base.provider import Capability, NumberedProvider
from ..base.records import Document, DocumentNumber
from ..models import Posting, PostingState
from .slices import Slice


class Numbers:
    """The next numbers of one slice; what was learnt is kept in the run's cursor."""

    def __init__(self, turn: Slice) -> None:
        self._turn = turn
        self._last: dict[str, int] = turn.cursor.setdefault("numbers", {})
        self._stopped = stopped_journals(turn)

    def may_go(self, document: Document) -> bool:
        """Whether the document's journal takes bookings now; False while another one's outcome there is unclear."""
        return _place(self._turn, document) not in self._stopped

    def stop(self, document: Document) -> None:
        """A booking of this journal is unclear from now on."""
        self._stopped.add(_place(self._turn, document))
        self._last.pop(_key(document.journal, self._book_year(document)), None)

    def give(self, documents: Sequence[Document]) -> list[Document]:
        """The documents with the next numbers of their journals and book years, in their order."""
        given: dict[str, int] = {}
        numbered: list[Document] = []
        for document in documents:
            book_year = self._book_year(document)
            key = _key(document.journal, book_year)
            if key not in self._last:
                provider = cast("NumberedProvider", self._turn.provider)
                self._last[key] = provider.last_number(document.journal, book_year)
            given[key] = given.get(key, self._last[key]) + 1
            number = DocumentNumber(book_year=book_year, journal=document.journal, number=given[key])
            numbered.append(replace(document, number=number))
        return numbered

    def taken(self, document: Document) -> None:
        """The document's number is booked."""
        if document.number is not None:
            self._last[_key(document.journal, document.number.book_year)] = document.number.number

    def learn(self, document: Document, last: int) -> None:
        """The tool said which number is its last one."""
        self._last[_key(document.journal, self._book_year(document))] = last

    def _book_year(self, document: Document) -> str:
        period = self._turn.books.period_of(document.date)
        return period.book_year if period is not None else ""


def is_numbered(turn: Slice) -> bool:
    return Capability.CALLER_NUMBERED in turn.tool.capabilities


def stopped_journals(turn: Slice) -> set[str]:
    """Journals in which a booking is unclear, whichever connection of the administration sent it."""
    if not is_numbered(turn):
        return set()
    unclear = Posting.objects.filter(administration=turn.administration, state=PostingState.UNCLEAR)
    return {_key(sent.get("journal", ""), sent.get("book_year", "")) for sent in unclear.values_list("sent", flat=True)}


def _place(turn: Slice, document: Document) -> str:
    period = turn.books.period_of(document.date)
    return _key(document.journal, period.book_year if period is not None else "")


def _key(journal: str, book_year: str) -> str:
    return f"{journal} {book_year}"
