"""Long lists of Exact Online, page by page: relations and the entries that already stand in the books.

Each page carries the cursor from which another worker can go on. An empty list shows a missing right just as well
as an empty administration, so the first reading of an empty one asks for proof. Source: vendor notes, rights.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date

from ..base.errors import AccessDenied
from ..base.records import BookedRecord, ContactRecord, Page, PartyRecord
from . import entries, mapping, resources
from .client import ExactClient
from .cursors import FIRST, Cursor, known_until
from .resources import PURCHASE_ENTRIES, SALES_ENTRIES, EntryResource
from .settling import read_deleted
from .unsure import Readings
from .values import date_literal, guid, int64_literal

logger = logging.getLogger(__name__)

# Raises AccessDenied unless the right to read a resource is proven.
Require = Callable[[str], None]


def read_parties(client: ExactClient, cursor: str, require: Require) -> Iterator[Page[PartyRecord]]:
    """All accounts from the beginning, or those changed since the cursor and then those deleted."""
    here = Cursor.load(cursor)
    seen = False
    pages = client.pages(
        resources.ACCOUNTS_SYNC,
        select=("Timestamp", *resources.ACCOUNTS_SELECT),
        filter_by=f"Timestamp gt {int64_literal(here.after)}",
        next_link=here.next,
    )
    for page in pages:
        seen = seen or bool(page.rows)
        high = known_until(here, here.next, (mapping.timestamp(row) for row in page.rows))
        here = replace(here, high=high, next=page.next_link)
        if not page.next_link:
            here = replace(here, after=high)
            if not cursor and not seen:
                require(resources.ACCOUNTS)
        items = tuple(mapping.party(row) for row in page.rows)
        yield Page(items=items, cursor=here.dump(), is_last=not page.next_link and not cursor)
    if cursor:
        gone, deleted_after = read_deleted(client, here.deleted_after, resources.DELETED_ACCOUNTS)
        items = tuple(
            PartyRecord(external_id=guid(row.get("EntityKey")), code="", name="", deleted=True) for row in gone
        )
        yield Page(items=items, cursor=replace(here, deleted_after=deleted_after).dump(), is_last=True)


def read_contacts(
    client: ExactClient, cursor: str, today: date, require: Require
) -> Iterator[Page[PartyRecord | ContactRecord]]:
    """All contact persons, a thousand a page; the cursor is the link of the next one."""
    seen = bool(cursor)
    pages = client.pages(
        resources.CONTACTS_SYNC,
        select=("Timestamp", *resources.CONTACTS_SELECT),
        filter_by=f"Timestamp gt {int64_literal(FIRST)}",
        next_link=cursor,
    )
    for page in pages:
        seen = seen or bool(page.rows)
        if not page.next_link and not seen:
            require(resources.CONTACTS)
        found = (mapping.contact(row, today) for row in page.rows)
        items = tuple(record for record in found if record is not None)
        yield Page(items=items, cursor=page.next_link, is_last=not page.next_link)


_SALES, _PURCHASES, _DONE = "sales", "purchases", "done"


def read_references(
    client: ExactClient, since: date, cursor: str, readings: Readings, require: Require
) -> Iterator[Page[BookedRecord]]:
    """Sales and then purchase entries dated `since` or later; the cursor names the list and its next page.

    No sales entry at all counts only with the right to see them proven; raises AccessDenied otherwise.
    """
    stage, _, start = (cursor or _SALES).partition(":")
    if stage == _SALES:
        seen = bool(start)
        for items, link in _entry_pages(client, SALES_ENTRIES, since, start, readings):
            seen = seen or bool(items)
            if not link and not seen:
                require(SALES_ENTRIES.path)
            yield Page(items=items, cursor=f"{_SALES}:{link}" if link else _PURCHASES, is_last=False)
        start = ""
    if stage != _DONE:
        try:
            for items, link in _entry_pages(client, PURCHASE_ENTRIES, since, start, readings):
                yield Page(items=items, cursor=f"{_PURCHASES}:{link}" if link else _DONE, is_last=not link)
            return
        except AccessDenied as exc:
            # Purchases are an extra; who may not read them cannot send them either.
            logger.warning("purchase entries may not be read", extra={"text": exc.vendor_text})
    yield Page(items=(), cursor=_DONE, is_last=True)


def _entry_pages(
    client: ExactClient, resource: EntryResource, since: date, link: str, readings: Readings
) -> Iterator[tuple[tuple[BookedRecord, ...], str]]:
    """The records of each page and the link of the next."""
    filter_by = f"EntryDate ge {date_literal(since)}"
    for page in client.pages(resource.path, select=resource.select, filter_by=filter_by, next_link=link):
        records = (entries.booked_record(row, resource, readings) for row in page.rows)
        yield tuple(record for record in records if record is not None), page.next_link
