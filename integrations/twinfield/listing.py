"""Long lists of Twinfield, page by page: relations, and the entries that already stand in the books.

A list of relations holds codes and names only, so each relation is one more call; a page ends early when the credits
of the minute are used up, so that nothing is read twice. Source: vendor notes, customers and suppliers.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime

from ..base.errors import AccessDenied, ProtocolSurprise, Rejected, Temporary, Unreachable
from ..base.records import BookedRecord, Page, PartyRecord
from . import browse, finding, mapping
from .browse import Row
from .client import TwinfieldClient
from .cursors import Parties, from_then_on, stamp
from .daybooks import Daybooks
from .keys import CUSTOMER, ROLE_OF_TYPE, SUPPLIER, party_key
from .markup import attribute
from .refusals import catalogue_code, messages_of
from .tables import Tables
from .values import whole

logger = logging.getLogger(__name__)

_PAGE = 20
_HIDDEN = "+"  # behind a type: those that its list does not show
_FIRST_STAGES = (CUSTOMER, CUSTOMER + _HIDDEN, SUPPLIER, SUPPLIER + _HIDDEN)
_LATER_STAGES = (CUSTOMER, SUPPLIER)


def read_parties(client: TwinfieldClient, cursor: str) -> Iterator[Page[PartyRecord]]:
    """All customers and then all suppliers, or those changed since the cursor."""
    here = Parties.load(cursor)
    if not here.stage:
        here = replace(here, begun=stamp(datetime.now(UTC)))
    stages = _LATER_STAGES if here.since else _FIRST_STAGES
    start = stages.index(here.stage) if here.stage in stages else 0
    for place in range(start, len(stages)):
        after = here.after if place == start else ""
        codes = [code for code in _codes(client, stages[place], here.since) if code > after]
        for page in _read_pages(client, stages[place].removesuffix(_HIDDEN), codes):
            here = replace(here, stage=stages[place], after=page[1])
            yield Page(items=tuple(page[0]), cursor=here.dump(), is_last=False)
    end = Parties(since=from_then_on(here.begun))
    yield Page(items=(), cursor=end.dump(), is_last=True)


def _codes(client: TwinfieldClient, stage: str, since: str) -> list[str]:
    """The codes of a stage, in order."""
    kind = stage.removesuffix(_HIDDEN)
    if not since and stage == kind:
        return mapping.dimension_codes(client.read(mapping.list_of("dimensions", client.office, kind)), kind)
    options = {"office": client.office, "dimtype": kind, "includehidden": "1"}
    if since:
        options["modifiedsince"] = since
        return sorted(row[0] for row in client.search("DIM", options) if row and row[0])
    # UNSURE whether a list shows inactive ones: what it lacks is asked for besides.
    listed = set(mapping.dimension_codes(client.read(mapping.list_of("dimensions", client.office, kind)), kind))
    return sorted({row[0] for row in client.search("DIM", options) if row and row[0]} - listed)


def _read_pages(client: TwinfieldClient, kind: str, codes: Sequence[str]) -> Iterator[tuple[list[PartyRecord], str]]:
    """The relations of some codes, with the last code of each page."""
    items: list[PartyRecord] = []
    last = ""
    for code in codes:
        try:
            items.append(read_party(client, kind, code))
        except Temporary:
            if items:
                yield items, last
            raise
        last = code
        if len(items) == _PAGE:
            yield items, last
            items = []
    if items:
        yield items, last


def read_party(client: TwinfieldClient, kind: str, code: str) -> PartyRecord:
    """One relation; one that Twinfield says does not exist comes back as deleted. Raises Rejected."""
    answer = client.ask(mapping.read_of("dimensions", client.office, code, dimension_type=kind))
    if attribute(answer, "result") != "0":
        record = mapping.party(answer)
        if record is not None and record.code == code:
            return record
        raise Rejected("the answer shows another relation", code="SYS-704", operation="processxml/read")
    messages = messages_of(answer)
    found = catalogue_code(messages)
    if found != "PAR-641":
        words = "; ".join(message.words for message in messages)
        raise Rejected(words, code=found, vendor_text=words, operation="processxml/read")
    return PartyRecord(
        external_id=party_key(kind, code), code=code, name="", roles=frozenset({ROLE_OF_TYPE[kind]}), deleted=True
    )


# --- what stands in the books ---------------------------------------------------------------------------------

_SALES, _PURCHASES = "sales", "purchases"
_DONE = "done"
# Behind a side: its day books were read together up to a year; or that was too much, and they are read one by one.
_TOGETHER, _APART = "*", "+"
# Twinfield advises a book year a browse; most offices have few enough entries for all years a connection starts with.
_YEARS_TOGETHER = 3


def read_references(
    tables: Tables, books: Daybooks, since: date, cursor: str, today: date
) -> Iterator[Page[BookedRecord]]:
    """Entries of sales and then purchase day books, hidden ones included: three years of a side a page.

    What is too much for one answer is read one day book and year a page. A book year may bear the number of the year
    before, so that one is read as well.
    """
    if cursor != _DONE:
        years = range(since.year - 1, max(today.year, since.year) + 2)
        for side in (_SALES, _PURCHASES):
            try:
                yield from _entries_of(tables, books, side, years, since, cursor)
            except AccessDenied as exc:
                if side == _SALES:
                    raise
                # Purchases are an extra; who may not read them cannot send them either.
                logger.warning("purchase entries may not be read", extra={"text": exc.vendor_text})
    yield Page(items=(), cursor=_DONE, is_last=True)


def _entries_of(
    tables: Tables, books: Daybooks, side: str, years: range, since: date, cursor: str
) -> Iterator[Page[BookedRecord]]:
    done_side, _, done = cursor.partition("/")
    if done_side == _PURCHASES and side == _SALES:
        return
    done = done if done_side == side else ""
    if not done or done.startswith(_TOGETHER):
        try:
            yield from _together(tables, books, side, years, since, done)
        except (Unreachable, ProtocolSurprise, Rejected) as exc:
            logger.warning("day books cannot be read together", extra={"side": side, "error": type(exc).__name__})
            # Kept at once: should Twinfield be out of reach, another worker does not begin with too much again.
            yield Page(items=(), cursor=f"{side}/{_APART}", is_last=False)
        else:
            return
    steps = [f"{daybook}/{year}" for daybook in books.codes(side == _SALES) for year in years]
    for step in steps[steps.index(done) + 1 if done in steps else 0 :]:
        daybook, _, year = step.rpartition("/")
        rows = tables.lines(side == _SALES, browse.BOOKED, daybook=daybook, years=(int(year), int(year)))
        yield _booked(rows, side, since, f"{side}/{step}")


def _together(
    tables: Tables, books: Daybooks, side: str, years: range, since: date, done: str
) -> Iterator[Page[BookedRecord]]:
    """All day books of a side, a few years a page. A hidden one that shows no entry there is asked for by its name."""
    is_sales = side == _SALES
    for first in range(years.start, years.stop, _YEARS_TOGETHER):
        last = min(first + _YEARS_TOGETHER, years.stop) - 1
        if done and last <= (whole(done.rpartition("/")[2]) or 0):
            continue
        known = set(books.codes(is_sales))
        rows = [
            row
            for row in tables.lines(is_sales, browse.BOOKED, daybook="", years=(first, last))
            if row.daybook in known
        ]
        for daybook in sorted(books.hidden(is_sales) - {row.daybook for row in rows}):
            rows += tables.lines(is_sales, browse.BOOKED, daybook=daybook, years=(first, last))
        yield _booked(rows, side, since, f"{side}/{_TOGETHER}/{last}")


def _booked(rows: Sequence[Row], side: str, since: date, cursor: str) -> Page[BookedRecord]:
    records = tuple(record for record in finding.entries_of(rows, side == _SALES) if record.date >= since)
    return Page(items=records, cursor=cursor, is_last=False)
