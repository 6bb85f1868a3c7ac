"""Evidence from Yuki's lists, each read once for many questions: calls are the scarce thing.

Every reading remembers its moment, because a list proves absence only for what had the time to get into it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from ..base.errors import Unreachable
from .client import YukiClient
from .limits import LINES_PER_PAGE, RECORDS_PER_PAGE
from .listing import (
    SALES_FOLDER,
    ArchiveRow,
    Booking,
    OpenItem,
    Transaction,
    archive_row,
    bookings,
    open_items,
    records,
    transaction,
)
from .mapping import domain_of
from .soap import Element, descendants, value
from .unsure import Readings
from .values import boolean, clean, guid, moment, whole

_COMMERCIAL = "0"
_GROUPS = "document,contact,documentmatching,vat"


Span = tuple[date, date]
# Weeks with no more than four between them are read at once: what lies between costs less than a call. No reading is
# longer than a quarter, so that it ends within the pages of a list.
_GAP, _LONGEST = timedelta(weeks=4, days=1), timedelta(weeks=13)


@dataclass(frozen=True, slots=True)
class Shown:
    """What the transactions of some weeks show, and when they were read.

    `named`: their bookings by number and by the id of their document; a pile is asked about one by one.
    """

    named: Mapping[str, Sequence[Booking]]
    read_at: datetime
    is_empty: bool  # not a single ledger line


def spans(days: Collection[date]) -> list[Span]:
    """Whole weeks (Monday to Sunday) in which every day lies, put together where that saves calls. Pure."""
    found: list[Span] = []
    for day in sorted(days):
        monday, sunday = _week(day)
        if found and monday <= found[-1][1] + _GAP and sunday - found[-1][0] < _LONGEST:
            found[-1] = (found[-1][0], max(found[-1][1], sunday))
        else:
            found.append((monday, sunday))
    return found


def _week(day: date) -> Span:
    monday = day - timedelta(days=day.weekday())
    return monday, monday + timedelta(days=6)


class Lookups:
    """The lists of one administration. What was read before a booking went out is forgotten with `forget`."""

    def __init__(
        self, client: YukiClient, administration: str, readings: Readings, now: Callable[[], datetime]
    ) -> None:
        self._client = client
        self._administration = administration
        self._readings = readings
        self._now = now
        self._node: Element | None = None
        self._entered = False
        self._folders: list[int] | None = None
        self._spans: list[Span] = []
        self._lines = LINES_PER_PAGE
        self.forget()

    def expect(self, days: Collection[date]) -> None:
        """These days are asked about next; what was read until now keeps."""
        self._spans = spans(days)

    def _span_of(self, on: date) -> Span:
        return next((span for span in self._spans if span[0] <= on <= span[1]), _week(on))

    def forget(self) -> None:
        """Something may have been booked: nothing read until now says anything about it."""
        self._uploads: dict[int, tuple[datetime, datetime, tuple[ArchiveRow, ...]]] = {}
        self._shown: dict[Span, Shown] = {}
        self._archive: dict[Span, tuple[tuple[ArchiveRow, ...], datetime]] = {}
        self._open: tuple[tuple[OpenItem, ...], datetime] | None = None

    # --- administration and domain ------------------------------------------------------------------------

    def administrations(self) -> list[Element]:
        """Every administration that the key opens; one call."""
        return list(descendants(self._client.call("Domains", "Administrations"), "Administration"))

    def domain(self) -> str:
        """The domain of our administration, empty when the key does not open it; one call in this object's life."""
        if self._node is None:
            mine = (node for node in self.administrations() if guid(node.get("ID")) == guid(self._administration))
            self._node = next(mine, None)
        return "" if self._node is None else domain_of(self._node)

    def enter_domain(self) -> None:
        """Make our domain the session's current one where the key opens several; the archive goes by it."""
        if self._entered:
            return
        found = [guid(node.get("ID")) for node in descendants(self._client.call("Domains", "Domains"), "Domain")]
        if len(found) > 1:
            self._client.call("Domains", "SetCurrentDomain", (("domainID", self.domain()),))
        self._entered = True

    # --- transactions -------------------------------------------------------------------------------------

    def around(self, on: date, *, after: datetime | None = None) -> Shown:
        """The sales bookings of the weeks that are read together with a day; again if they were before `after`."""
        span = self._span_of(on)
        kept = self._shown.get(span)
        if kept is None or (after is not None and kept.read_at < after):
            read_at = self._now()
            sales, is_empty = [], True
            for line in self._transactions(*span, account=""):
                is_empty = False
                if line.folder == SALES_FOLDER:
                    sales.append(line)
            named: dict[str, list[Booking]] = defaultdict(list)
            for booking in bookings(sales, self._readings):
                for name in {clean(booking.reference), booking.document_id} - {""}:
                    named[name].append(booking)
            kept = self._shown[span] = Shown(named, read_at, is_empty)
        return kept

    def has_read(self, on: date) -> bool:
        """Whether the transactions around a day were read since something may have been booked last."""
        return self._span_of(on) in self._shown

    def transactions(self, start: date, end: date, account: str) -> list[Transaction]:
        """Ledger lines of a period and an account."""
        return list(self._transactions(start, end, account))

    def _transactions(self, start: date, end: date, account: str) -> Iterator[Transaction]:
        nodes = records(lambda first: self._lines_page(start, end, account, first), lambda node: value(node, "id"))
        return (found for node in nodes if (found := transaction(node)) is not None)

    def _lines_page(self, start: date, end: date, account: str, first: int) -> Sequence[Element]:
        """As many lines as an answer may have; fewer where that many do not come in time."""
        try:
            return self._transactions_page(start, end, account, first, self._lines)
        except Unreachable:
            if self._lines == RECORDS_PER_PAGE:
                raise
            self._lines = RECORDS_PER_PAGE
            return self._transactions_page(start, end, account, first, self._lines)

    def transactions_page(self, start: date, end: date, account: str, first: int) -> list[Transaction]:
        """One page of them, from a record on."""
        page = self._transactions_page(start, end, account, first, RECORDS_PER_PAGE)
        return [found for node in page if (found := transaction(node)) is not None]

    def _transactions_page(self, start: date, end: date, account: str, first: int, number: int) -> Sequence[Element]:
        result = self._client.call(
            "AccountingInfo",
            "GetTransactions",
            (
                ("administrationID", self._administration),
                ("glAccountCode", account),
                ("startDate", moment(start)),
                ("endDate", moment(end)),
                ("financialMode", _COMMERCIAL),
                ("dataGroups", _GROUPS),
                ("numberOfRecords", str(number)),
                ("startRecord", str(first)),
            ),
        )
        return list(descendants(result, "Transaction"))

    # --- open items ---------------------------------------------------------------------------------------

    def open_debts(self, *, after: datetime | None = None) -> tuple[tuple[OpenItem, ...], datetime]:
        """Everything that customers owe, in one call, and when it was read; again when that was before `after`."""
        if self._open is None or (after is not None and self._open[1] < after):
            read_at = self._now()
            self._open = (tuple(open_items(self.open_list("OutstandingDebtorItems"))), read_at)
        return self._open

    def open_list(self, operation: str) -> Element | None:
        return self._client.call(
            "Accounting",
            operation,
            (
                ("administrationID", self._administration),
                ("includeBankTransactions", boolean(False)),
                ("sortOrder", "DateAsc"),
            ),
        )

    # --- archive ------------------------------------------------------------------------------------------

    def archived_around(self, on: date, *, after: datetime | None = None) -> tuple[tuple[ArchiveRow, ...], datetime]:
        """Sales documents filed under the weeks that are read together with a day, of every administration."""
        span = self._span_of(on)
        kept = self._archive.get(span)
        if kept is None or (after is not None and kept[1] < after):
            self.enter_domain()
            read_at = self._now()
            nodes = records(lambda first: self._archive_page(span, first), lambda node: guid(node.get("ID")))
            kept = self._archive[span] = (tuple(archive_row(node) for node in nodes), read_at)
        return kept

    def _archive_page(self, span: Span, first: int) -> Sequence[Element]:
        result = self._client.call(
            "Archive",
            "DocumentsInFolder",
            (
                ("folderID", str(SALES_FOLDER)),
                ("sortOrder", "DocumentDateAsc"),
                ("startDate", moment(span[0])),
                ("endDate", moment(span[1])),
                ("numberOfRecords", str(RECORDS_PER_PAGE)),
                ("startRecord", str(first)),
            ),
        )
        return list(descendants(result, "Document"))

    def folders(self) -> list[int]:
        """The folders of the archive; one call in this object's life."""
        if self._folders is None:
            result = self._client.call("Archive", "DocumentFolders")
            keys = (whole(node.get("ID") or "") for node in descendants(result, "DocumentFolder"))
            self._folders = [key for key in keys if key is not None]
        return self._folders

    def uploads_since(self, since: datetime, folder: int, *, after: datetime) -> tuple[ArchiveRow, ...]:
        """Documents of a folder that were filed or changed since; read again when that was before `after`."""
        kept = self._uploads.get(folder)
        if kept is None or kept[0] > since or kept[1] < after:
            self.enter_domain()
            read_at = self._now()
            nodes = records(lambda first: self._changed_page(since, folder, first), lambda node: guid(node.get("ID")))
            kept = self._uploads[folder] = (since, read_at, tuple(archive_row(node) for node in nodes))
        return kept[2]

    def _changed_page(self, since: datetime, folder: int, first: int) -> Sequence[Element]:
        result = self._client.call(
            "Archive",
            "ModifiedDocumentsInFolder",
            (
                ("folderID", str(folder)),
                ("sortOrder", "ModifiedAsc"),
                ("modifiedSince", moment(since)),
                ("numberOfRecords", str(RECORDS_PER_PAGE)),
                ("startRecord", str(first)),
            ),
        )
        return list(descendants(result, "Document"))
