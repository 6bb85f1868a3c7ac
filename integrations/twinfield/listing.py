"""Long lists of Twinfield, page by page: relations, and the entries that already stand in the books.

A list of relations holds codes and names only, so each relation is one more call; a page ends early when the credits
of the minute are used up, so that nothing is read twice. Source: vendor notes, customers and suppliers.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, date, datetime

from ..base.errors import AccessDenied, Rejected, Temporary
from ..base.records import BookedRecord, Page, PartyRecord
from . import browse, finding, mapping
from .client import TwinfieldClient
from .cursors import Parties, from_then_on, stamp
from .keys import CUSTOMER, ROLE_OF_TYPE, SUPPLIER, party_key
from .markup import attribute
from .refusals import catalogue_code, messages_of
from .tables import Tables

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


def read_references(
    client: TwinfieldClient, tables: Tables, since: date, cursor: str, today: date
) -> Iterator[Page[BookedRecord]]:
    """Entries of sales and then purchase day books, hidden ones included, one day book and year a page.

    A book year may bear the number of the year before, so that one is read as well.
    """
    if cursor != _DONE:
        years = range(since.year - 1, max(today.year, since.year) + 2)
        for side in (_SALES, _PURCHASES):
            try:
                yield from _entries_of(client, tables, side, years, since, cursor)
            except AccessDenied as exc:
                if side == _SALES:
                    raise
                # Purchases are an extra; who may not read them cannot send them either.
                logger.warning("purchase entries may not be read", extra={"text": exc.vendor_text})
    yield Page(items=(), cursor=_DONE, is_last=True)


def _entries_of(
    client: TwinfieldClient, tables: Tables, side: str, years: range, since: date, cursor: str
) -> Iterator[Page[BookedRecord]]:
    done_side, _, done = cursor.partition("/")
    if done_side == _PURCHASES and side == _SALES:
        return
    steps = [f"{daybook}/{year}" for daybook in daybooks(client, side == _SALES, hidden=True) for year in years]
    start = steps.index(done) + 1 if done_side == side and done in steps else 0
    for step in steps[start:]:
        daybook, _, year = step.rpartition("/")
        rows = tables.lines(side == _SALES, browse.BOOKED, daybook=daybook, years=(int(year), int(year)))
        records = [record for record in finding.entries_of(rows, side == _SALES) if record.date >= since]
        yield Page(items=tuple(records), cursor=f"{side}/{step}", is_last=False)


def daybooks(client: TwinfieldClient, is_sales: bool, *, hidden: bool = False) -> list[str]:
    """Codes of the day books of a side, in order; hidden ones only when asked for."""
    options = {"office": client.office, "category": "sales" if is_sales else "purchase"}
    rows = list(client.search("TRS", options))
    if hidden:
        rows += client.search("TRS", {**options, "hidden": "1"})
    return sorted({row[0] for row in rows if row and row[0]})
