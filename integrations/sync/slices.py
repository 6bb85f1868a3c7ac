"""A slice: one worker's turn on a run. Holds what the steps share and knows when the turn is over."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import Any

from django.conf import settings

from ..base.provider import Provider
from ..base.records import Document, DocumentKind
from ..base.signin import Tool
from ..models import Administration, Connection, Posting, SyncRun
from .books import Books, load_books
from .gates import SliceGate
from .issues import IssueBook
from .leases import Lease

_PROGRESS_SECONDS = 1.5
# The counters that together are "sales".
PART_OF_SALES = {DocumentKind.SALES_INVOICE: "invoices", DocumentKind.SALES_CREDIT_NOTE: "credit_notes"}


@dataclass(slots=True)
class Slice:
    run: SyncRun
    connection: Connection
    administration: Administration
    tool: Tool
    lease: Lease
    gate: SliceGate
    provider: Provider
    issues: IssueBook
    started: float = field(default_factory=time.monotonic)
    cursor: dict[str, Any] = field(default_factory=dict)
    counters: dict[str, Any] = field(default_factory=dict)
    # Booked in this slice, figures not seen yet: (posting, document).
    booked: list[tuple[Posting, Document]] = field(default_factory=list)
    _books: Books | None = None
    _progress_at: float = 0.0

    @property
    def is_over(self) -> bool:
        """Whether the worker should hand on at the next safe point."""
        return time.monotonic() - self.started >= settings.BOEKBRUG_SLICE_SECONDS

    @property
    def books(self) -> Books:
        if self._books is None:
            self._books = load_books(self.connection, self.tool)
        return self._books

    def forget_books(self) -> None:
        self._books = None

    def count(self, item: str, what: str, number: int = 1) -> None:
        """Add to the run's counter of an item kind, for example ("sales", "posted")."""
        if number:
            row = self.counters.setdefault(item, {})
            row[what] = row.get(what, 0) + number

    def count_document(self, kind: str, what: str, number: int = 1) -> None:
        """Add to the counter of all sales documents and to that of their kind; purchases have one. Its words are those
        of a posting."""
        if DocumentKind(kind).is_sales:
            self.count("sales", what, number)
        self.count(self.part_of(kind), what, number)

    def part_of(self, kind: str) -> str:
        """The counter of a kind of document. Purchases are counted together."""
        return PART_OF_SALES.get(DocumentKind(kind), "purchases")

    def set_count(self, item: str, what: str, number: int) -> None:
        self.counters.setdefault(item, {})[what] = number

    def show_progress(self) -> None:
        """Save step and counters for people who watch, at most every second and a half."""
        now = time.monotonic()
        if now - self._progress_at >= _PROGRESS_SECONDS:
            self._progress_at = now
            SyncRun.objects.filter(pk=self.run.pk, slice_number=self.run.slice_number).update(
                step=self.run.step, counters=self.counters
            )
