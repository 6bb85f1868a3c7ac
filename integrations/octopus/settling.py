"""What was paid since last time: one call for everything, sales and purchases, whatever the number open.

Octopus has no paid flag. A balancing says that two lines settle each other for an amount; each side that is a whole
sales or purchase document gets a row. Source: vendor notes, payment state.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from decimal import ROUND_HALF_UP, Decimal

from ..base.errors import AccessDenied, ProtocolSurprise
from ..base.records import DocumentRef, SettlementRow, Settlements
from .answers import Row, Unreadable, rows_in
from .bookings import Place, document_places, ledger_comments
from .client import OctopusClient
from .cursors import Cursor, asked_from
from .mapping import PURCHASES, SALES
from .values import CENT, amount, day, key_id, number, stamp, text

logger = logging.getLogger(__name__)

_WHOLE_DOCUMENT = -1
_SIDES = (("debet", "credit"), ("credit", "debet"))
_ZERO = Decimal("0.00")


def read_settlements(client: OctopusClient, cursor: str, open_refs: Sequence[DocumentRef]) -> Settlements:
    """Balancings that changed; bookings deleted since, at most once a day unless something changed.

    A deleted booking that the engine counts as open is named at every reading until it does so no more, or until our
    document stands under that number again.
    """
    start = Cursor.load(cursor)
    began = client.now()
    now = stamp(began)
    answer = client.balancings_modified(asked_from(start.since))
    try:
        rows = settlement_rows(answer)
    except Unreadable as exc:
        raise ProtocolSurprise("the balancings cannot be read") from exc
    today = began.date().isoformat()
    end = replace(start, since=now)
    gone: tuple[str, ...] = ()
    if not start.since:
        # Nothing of ours can have been deleted before we looked for the first time.
        end = replace(end, deleted_since=now, deleted_on=today)
    elif rows or start.gone or start.deleted_on != today:
        deleted, written = read_deleted(client, start.deleted_since)
        gone = _not_there_again((*start.gone, *deleted), written, open_refs)
        end = replace(end, deleted_since=now, deleted_on=today)
    return Settlements(rows=rows, cursor=replace(end, gone=gone).dump(), unexplained=gone)


def _not_there_again(
    deleted: Sequence[str], written: Mapping[str, str], open_refs: Sequence[DocumentRef]
) -> tuple[str, ...]:
    """Deleted bookings that the engine counts as open, each once.

    The last number of a journal is given out again. So where something was written under the same number, only another
    comment than our reference says that ours is not there.
    """
    if not deleted:
        return ()
    references = {ref.external_id: ref.reference for ref in open_refs}
    return tuple(
        external_id
        for external_id in dict.fromkeys(deleted)
        if external_id in references
        and (external_id not in written or references[external_id] not in ("", written[external_id]))
    )


def read_deleted(client: OctopusClient, since: str) -> tuple[tuple[str, ...], dict[str, str]]:
    """External ids of sales and purchase bookings that were deleted since, and comments of those written since."""
    try:
        answer = client.ledger_modified(asked_from(since))
        deleted = tuple(str(place) for place in document_places(answer))
        written = {str(place): comment for place, comment in ledger_comments(answer)}
        return deleted, written
    except AccessDenied as exc:
        logger.warning("deleted bookings may not be read", extra={"text": exc.vendor_text})
        return (), {}
    except Unreadable as exc:
        raise ProtocolSurprise("the deleted bookings cannot be read") from exc


def settlement_rows(answer: Row) -> tuple[SettlementRow, ...]:
    """The rows of balancings that stand, and of those that were taken away. One that stands again stands.

    Raises Unreadable.
    """
    live = {row.external_id: row for one in rows_in(answer.get("modifiedBalancings")) for row in sides_of(one)}
    dead = {row.external_id: row for one in rows_in(answer.get("deletedBalancings")) for row in sides_of(one)}
    gone = [replace(row, deleted=True, settled=False) for key, row in dead.items() if key not in live]
    return (*live.values(), *gone)


def sides_of(row: Row) -> Iterator[SettlementRow]:
    """The rows of one balancing: one for each side that is a whole sales or purchase document."""
    documents = {side: row.get(f"{side}Document") for side, _ in _SIDES}
    keys = {side: _line_key(document) for side, document in documents.items()}
    if not all(keys.values()):
        return
    for side, other in _SIDES:
        own, counterpart = documents[side], documents[other]
        place, line = _place(own)
        if place is None or line != _WHOLE_DOCUMENT or place.journal[:1] not in (SALES, PURCHASES):
            continue
        if not isinstance(own, dict) or not isinstance(counterpart, dict):
            continue
        days = [found for found in (day(own.get("documentDate")), day(counterpart.get("documentDate"))) if found]
        yield SettlementRow(
            external_id=f"{keys['debet']}|{keys['credit']}|{side[0].upper()}",
            document_external_id=str(place),
            reference=text(own.get("comment")),
            is_sales=place.journal.startswith(SALES),
            amount=_in_document_currency(own, side, _balanced(row)),
            settled=True,
            settled_on=max(days, default=None),
        )


def _balanced(row: Row) -> Decimal:
    """The amount in euros; one of the two is filled. UNSURE, marked here alone: which one."""
    amounts = (amount(row.get(f"{side}BalancedBookingAmount")) or _ZERO for side in ("credit", "debet"))
    return abs(next(filter(None, amounts), _ZERO))


def _in_document_currency(document: Row, side: str, euros: Decimal) -> Decimal:
    """The part of a document that an amount in euros settles, in the document's own currency.

    Both totals of the document stand beside it, so no exchange rate has to be understood.
    """
    total = abs(amount(document.get(f"{side}BookingAmount")) or _ZERO)
    own = abs(amount(document.get(f"{side}DocumentAmount")) or _ZERO)
    if not total or not own or total == own:
        return euros
    return own if euros == total else (euros * own / total).quantize(CENT, ROUND_HALF_UP)


def _place(document: object) -> tuple[Place | None, int]:
    """The place of a side of a balancing, and its line; -1 is the whole document."""
    key = document.get("balancingKey") if isinstance(document, dict) else None
    if not isinstance(key, dict):
        return None, 0
    place = Place(key_id(key.get("bookyearKey")), text(key.get("journalKey")), number(key.get("documentSequenceNr")))
    return (place if place.bookyear and place.journal else None), number(key.get("lineSequenceNr"))


def _line_key(document: object) -> str:
    """A side's key as short text, the same one always: bookyear, journal, number, line."""
    place, line = _place(document)
    return f"{place}/{line}" if place is not None else ""
