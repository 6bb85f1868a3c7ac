"""Evidence from Yuki's lists, each read once for many questions: calls are the scarce thing.

Every reading remembers its moment, because a list proves absence only for what had the time to get into it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from .client import YukiClient
from .limits import RECORDS_PER_PAGE
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
from .values import boolean, guid, moment

_COMMERCIAL = "0"
_GROUPS = "document,contact,documentmatching,vat"


@dataclass(frozen=True, slots=True)
class Week:
    """What the transactions of a week (Monday to Sunday) show, and when they were read."""

    bookings: tuple[Booking, ...]
    read_at: datetime
    is_empty: bool  # not a single ledger line


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
        self.forget()

    def forget(self) -> None:
        """Something may have been booked: nothing read until now says anything about it."""
        self._weeks: dict[date, Week] = {}
        self._archive: dict[date, tuple[tuple[ArchiveRow, ...], datetime]] = {}
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

    def week_of(self, on: date, *, after: datetime | None = None) -> Week:
        """The sales bookings of the week of a day; read again when they were read before `after`."""
        monday = on - timedelta(days=on.weekday())
        kept = self._weeks.get(monday)
        if kept is None or (after is not None and kept.read_at < after):
            read_at = self._now()
            lines = self.transactions(monday, monday + timedelta(days=6))
            kept = self._weeks[monday] = Week(tuple(bookings(lines, self._readings)), read_at, not lines)
        return kept

    def transactions(self, start: date, end: date, account: str = "") -> list[Transaction]:
        """Ledger lines of a period, of one account or of all (empty)."""
        nodes = records(
            lambda first: self._transactions_page(start, end, account, first), lambda node: value(node, "id")
        )
        return [found for node in nodes if (found := transaction(node)) is not None]

    def transactions_page(self, start: date, end: date, account: str, first: int) -> list[Transaction]:
        """One page of them, from a record on."""
        page = self._transactions_page(start, end, account, first)
        return [found for node in page if (found := transaction(node)) is not None]

    def _transactions_page(self, start: date, end: date, account: str, first: int) -> Sequence[Element]:
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
                ("numberOfRecords", str(RECORDS_PER_PAGE)),
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

    def archived_in_week(self, on: date, *, after: datetime | None = None) -> tuple[tuple[ArchiveRow, ...], datetime]:
        """Sales documents filed under the week of a day, of every administration of the domain."""
        monday = on - timedelta(days=on.weekday())
        kept = self._archive.get(monday)
        if kept is None or (after is not None and kept[1] < after):
            self.enter_domain()
            read_at = self._now()
            nodes = records(lambda first: self._archive_page(monday, first), lambda node: guid(node.get("ID")))
            kept = self._archive[monday] = (tuple(archive_row(node) for node in nodes), read_at)
        return kept

    def _archive_page(self, monday: date, first: int) -> Sequence[Element]:
        result = self._client.call(
            "Archive",
            "DocumentsInFolder",
            (
                ("folderID", str(SALES_FOLDER)),
                ("sortOrder", "DocumentDateAsc"),
                ("startDate", moment(monday)),
                ("endDate", moment(monday + timedelta(days=6))),
                ("numberOfRecords", str(RECORDS_PER_PAGE)),
                ("startRecord", str(first)),
            ),
        )
        return list(descendants(result, "Document"))

    def uploads_since(self, since: datetime, folder: int) -> list[ArchiveRow]:
        """Documents of a folder that were filed or changed since."""
        self.enter_domain()
        nodes = records(lambda first: self._changed_page(since, folder, first), lambda node: guid(node.get("ID")))
        return [archive_row(node) for node in nodes]

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
