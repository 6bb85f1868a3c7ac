"""Long lists of Octopus: relations, and the bookings that already stand there. Nothing is paged over there.

Source: vendor notes, relations and bookings.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from ..base.errors import ProtocolSurprise
from ..base.records import BookedRecord, Page, PartyRecord
from . import mapping
from .answers import Unreadable, rows_in
from .bookings import booked_record
from .client import OctopusClient
from .cursors import Cursor, asked_from
from .values import BEGINNING, day, stamp


def read_parties(client: OctopusClient, cursor: str) -> Iterator[Page[PartyRecord]]:
    """All relations in one page of two calls, or those changed and deleted since the cursor.

    The list holds active ones only; changes from the beginning bring the inactive ones (UNSURE, see `unsure`).
    """
    here = Cursor.load(cursor)
    end = Cursor(since=stamp(client.now()))
    if not here.since:
        active = [mapping.party(row) for row in client.relations()]
        changed, _ = _changed(client, BEGINNING)
        listed = {record.external_id for record in active}
        items = (*active, *(one for one in changed if one.blocked and one.external_id not in listed))
    else:
        changed, keys = _changed(client, asked_from(here.since))
        standing = {record.external_id for record in changed}
        gone = [PartyRecord(external_id=key, code=key, name="", deleted=True) for key in keys if key not in standing]
        items = (*changed, *gone)
    yield Page(items=items, cursor=end.dump(), is_last=True)


def _changed(client: OctopusClient, since: str) -> tuple[list[PartyRecord], list[str]]:
    """Relations written since, and the keys of those deleted since. One call."""
    answer = client.relations_modified(since)
    try:
        changed = [mapping.party(row) for row in rows_in(answer.get("modified"))]
        return changed, [str(mapping.relation_id(row)) for row in rows_in(answer.get("deleted"))]
    except Unreadable as exc:
        raise ProtocolSurprise("the changed relations cannot be read") from exc


_DONE = "done"


def read_references(client: OctopusClient, since: date, cursor: str) -> Iterator[Page[BookedRecord]]:
    """Sales and purchase bookings of that date or later, a bookyear a page; the cursor names the next bookyear."""
    years = []
    if cursor != _DONE:
        ending = [row for row in client.bookyears() if (day(row.get("endDate")) or date.max) >= since]
        keys = [mapping.bookyear_key(row) for row in sorted(ending, key=lambda row: str(row.get("startDate")))]
        years = keys[keys.index(int(cursor)) :] if cursor.isdigit() and int(cursor) in keys else keys
    if not years:
        yield Page(items=(), cursor=_DONE, is_last=True)
    for place, year in enumerate(years):
        records = (booked_record(row) for row in client.bookings_modified(BEGINNING, year))
        items = tuple(record for record in records if record is not None and record.date >= since)
        following = str(years[place + 1]) if place + 1 < len(years) else _DONE
        yield Page(items=items, cursor=following, is_last=following == _DONE)
