"""Files of posted documents, put beside their bookings; a refused file never touches the booking (SYS-708).

PDF and e-invoice of a sale are made when they are sent and kept nowhere: they are the same whenever they are made.
"""

from __future__ import annotations

import logging
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from typing import Any, cast

from django.db.models import Q, QuerySet
from django.utils import timezone

from invoicing.models import FileRole, PurchaseDocument
from invoicing.services import issuing

from ...base.provider import Capability, FilingProvider
from ...base.records import Document, DocumentKind, DocumentRef, Enclosure, File, FilesLeft, Outcome, Posted, Refused
from ...models import Connection, Posting, PostingState
from ..runs import follow_up
from ..sides import SALES, SIDES, Side, Source
from ..slices import Slice

logger = logging.getLogger(__name__)

CODE = "SYS-708"
PAGE = 100
# Attached together: read before any of them is sent, so few enough for the memory and for what breaks off.
TOGETHER = 10
# So much of a day's calls is left to bookings and payments.
SPARED = 0.2
# After so many refusals in a row the tool takes no files from us: further ones would only close it for bookings too.
REFUSALS = 3
_READABLE = "application/pdf"


def run(turn: Slice) -> bool:
    """Attach what is not attached yet, each booking tried once per run; False when the slice is over first.

    Last in a run, and not with its last calls: a file may keep nobody's booking waiting.
    """
    if Capability.ATTACHMENTS_AFTER_BOOKING not in turn.tool.capabilities or turn.cursor.get("limited"):
        return True
    calls_before = turn.gate.calls
    try:
        return all(_attach_all(turn, side) for side in SIDES)
    finally:
        turn.count("attachments", "calls", turn.gate.calls - calls_before)


def _attach_all(turn: Slice, side: Side) -> bool:
    while page := _next_page(turn, side):
        contents = with_contents(turn.connection, side, [side.document_id(posting) for posting in page])
        for start in range(0, len(page), TOGETHER):
            for posting, outcome in _attached(turn, side, page[start : start + TOGETHER], contents):
                _note(turn, posting, outcome)
                turn.cursor[_place(side)] = posting.pk
                if _is_enough(turn):
                    left = turn.counters.get("attachments", {}).get("left", 0)
                    turn.set_count("attachments", "left", left + _waiting(turn, side).count())
                    return True
                if turn.is_over:
                    return False
            turn.show_progress()
    return True


def _attached(
    turn: Slice, side: Side, batch: list[Posting], contents: dict[int, Contents]
) -> Iterator[tuple[Posting, Outcome]]:
    """What becomes of the files of these bookings, one after the other."""
    made = [(posting, files_of(contents[side.document_id(posting)])) for posting in batch]
    enclosures = [Enclosure(ref=_ref(posting), files=files) for posting, files in made if files]
    outcomes = cast("FilingProvider", turn.provider).attach(enclosures)
    for posting, files in made:
        yield posting, next(outcomes) if files else Refused(code=CODE, text="its files could not be made")


def _is_enough(turn: Slice) -> bool:
    """Whether the rest is left to another run: the tool refuses files, or the day's calls are scarce."""
    if turn.cursor.get("files_refused", 0) >= REFUSALS:
        return True
    scarce_until = turn.gate.scarce_until(SPARED)
    if scarce_until is None:
        return False
    follow_up(turn.connection.pk, scarce_until)
    return True


@dataclass(frozen=True, slots=True)
class Contents:
    """A document with what its files are made of, as far as it has any for the books."""

    document: Source
    has_kept: bool
    is_printed: bool


def with_contents(connection: Connection, side: Side, ids: Collection[int]) -> dict[int, Contents]:
    """Return those of these documents that have files for the books: a few queries, however many they are.

    Kept files are not read yet; they come one document at a time.
    """
    rows: Any = side.model._default_manager.filter(pk__in=ids)
    kept = set(rows.filter(files__isnull=False).values_list("pk", flat=True))
    is_printed = side is SALES and connection.attach_since is not None
    wanted = issuing.issuable(rows) if is_printed else rows.filter(pk__in=kept)
    return {row.pk: Contents(document=row, has_kept=row.pk in kept, is_printed=is_printed) for row in wanted}


def files_of(contents: Contents) -> tuple[File, ...]:
    """The files that go along with a booking: those kept with the document and, of a sale, its PDF and e-invoice.

    Of what a supplier sent: the file itself, and readable ones in it.
    """
    document = contents.document
    kept: tuple[File, ...] = ()
    if contents.has_kept:
        rows: Any = document.files.all()
        if isinstance(document, PurchaseDocument):
            rows = rows.filter(Q(role=FileRole.ORIGINAL) | Q(media_type=_READABLE))
        kept = tuple(File(name=file.name, content=bytes(file.content), media_type=file.media_type) for file in rows)
    if not contents.is_printed or isinstance(document, PurchaseDocument):
        return kept
    names = {file.name for file in kept}
    # The document itself first: a tool that takes one file takes this one.
    return (*(file for file in _made(document) if file.name not in names), *kept)


def _made(document: Any) -> tuple[File, ...]:
    """PDF and e-invoice; the PDF alone where there can be no e-invoice, and nothing where making them fails."""
    try:
        try:
            made: tuple[issuing.IssuedFile, ...] = issuing.files_of(document)
        except issuing.NoEInvoice:
            made = (issuing.pdf_of(document),)
    except Exception:
        # A booking is worth more than its paper: whatever cannot be drawn must not hold it up.
        logger.exception("files of a document not made", extra={"document": document.pk})
        return ()
    return tuple(File(name=file.name, content=file.content, media_type=file.media_type) for file in made)


def columns_of_files(turn: Slice, posting: Posting, document: Document, left: str = "") -> dict[str, Any]:
    """Columns of a booking that took its files along: none needs to go beside it any more. `left`: why some did not."""
    left = "; ".join(dict.fromkeys(filter(None, (document.files_left, left))))
    if not (document.attachments or left) or posting.attached_at is not None:
        return {}
    return _dealt_with(turn, posting, left)


def columns_of_found(turn: Slice, posting: Posting) -> dict[str, Any]:
    """The same for a booking that was looked for, whose answer nobody had: by what was committed before its call."""
    left = posting.sent.get("files_left", "")
    if not (posting.sent.get("files") or left) or posting.attached_at is not None:
        return {}
    return _dealt_with(turn, posting, left)


def takes_no_more(turn: Slice) -> str:
    """Why files stay here in this run: the tool refused so many one after the other. Empty: it may take them."""
    refused = turn.cursor.get("files_refused", 0) >= REFUSALS
    return turn.cursor.get("files_refused_text", "refused") if refused else ""


def count_refusals(turn: Slice, document: Document, outcome: Outcome) -> None:
    """Keep how often in a row the tool refused files that go with a booking: each time costs two of its calls."""
    if isinstance(outcome, FilesLeft):
        turn.cursor["files_refused"] = turn.cursor.get("files_refused", 0) + 1
        turn.cursor["files_refused_text"] = outcome.text[:300]
    elif isinstance(outcome, Posted) and document.attachments:
        turn.cursor["files_refused"] = 0


def without_files(document: Document, outcome: FilesLeft) -> Document:
    """The booking as it goes instead, with what stays here said on it."""
    left = "; ".join(filter(None, (document.files_left, outcome.text)))
    return replace(document, attachments=(), files_left=left)


def note_files(turn: Slice, posting: Posting, document: Document, left: str) -> None:
    """Keep at once why files did not go along, where the booking itself is recorded later."""
    columns = columns_of_files(turn, posting, document, left)
    if columns:
        Posting.objects.filter(pk=posting.pk).update(**columns)
        posting.attached_at = columns["attached_at"]


def _dealt_with(turn: Slice, posting: Posting, refused: str) -> dict[str, Any]:
    notes = [note for note in posting.notes if note["code"] != CODE]
    if refused:
        notes.append({"code": CODE, "params": {"text": refused}})
    turn.count("attachments", "refused" if refused else "attached")
    return {"attached_at": timezone.now(), "notes": notes}


def _place(side: Side) -> str:
    return "files" if side is SALES else f"files_{side.name}"


def _next_page(turn: Slice, side: Side) -> list[Posting]:
    return list(_waiting(turn, side).order_by("pk")[:PAGE])


def _waiting(turn: Slice, side: Side) -> QuerySet[Posting]:
    """Bookings whose files are not there yet and were not tried in this run."""
    rows = Posting.objects.filter(
        side.of_postings,
        connection=turn.connection,
        state=PostingState.POSTED,
        attached_at__isnull=True,
        pk__gt=turn.cursor.get(_place(side), 0),
    )
    with_kept = Q(**{f"{side.field}__in": side.model._default_manager.filter(files__isnull=False).values("pk")})
    since = turn.connection.attach_since
    if since is None or side is not SALES:
        return rows.filter(with_kept)
    # What was linked to an existing booking was not booked by us, and is left as it stands there.
    return rows.filter(with_kept | Q(posted_at__gte=since, attempts__gt=0))


def _note(turn: Slice, posting: Posting, outcome: Outcome) -> None:
    """Keep what became of a booking's files. Not known or not tried: the next run tries again."""
    if not isinstance(outcome, Posted | Refused):
        return
    refused = (outcome.text or "refused") if isinstance(outcome, Refused) else ""
    Posting.objects.filter(pk=posting.pk).update(**_dealt_with(turn, posting, refused))
    if not refused:
        turn.cursor["files_refused"] = 0
    elif isinstance(outcome, Refused) and outcome.vendor_code:
        turn.cursor["files_refused"] = turn.cursor.get("files_refused", 0) + 1


def _ref(posting: Posting) -> DocumentRef:
    return DocumentRef(
        external_id=posting.external_id,
        number=posting.number,
        journal=posting.journal,
        kind=DocumentKind(posting.kind),
    )
