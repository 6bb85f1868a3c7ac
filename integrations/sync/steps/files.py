"""Files of posted documents, put beside their bookings; a refused file never touches the booking (SYS-708)."""

from __future__ import annotations

from django.utils import timezone

from invoicing.models import SalesDocument

from ...base.provider import Capability
from ...base.records import Document, DocumentRef, File, Posted, Refused
from ...models import Posting, PostingState
from ..slices import Slice

PAGE = 100


def attach_files(turn: Slice) -> bool:
    """Attach what is not attached yet, each booking tried once per run; False when the slice is over first."""
    if Capability.ATTACHMENTS_AFTER_BOOKING not in turn.tool.capabilities:
        return True
    calls_before = turn.gate.calls
    try:
        while page := _next_page(turn):
            for posting in page:
                if turn.is_over:
                    return False
                _attach(turn, posting)
                turn.cursor["files"] = posting.pk
    finally:
        turn.count("attachments", "calls", turn.gate.calls - calls_before)
    return True


def files_of(document: SalesDocument) -> tuple[File, ...]:
    """The files that go along with a booking."""
    return tuple(
        File(name=file.name, content=bytes(file.content), media_type=file.media_type) for file in document.files.all()
    )


def note_files(posting: Posting, document: Document) -> None:
    """A booking that took its files along needs none beside it any more."""
    if document.attachments:
        Posting.objects.filter(pk=posting.pk).update(attached_at=timezone.now())


def _next_page(turn: Slice) -> list[Posting]:
    rows = (
        Posting.objects.filter(connection=turn.connection, state=PostingState.POSTED, attached_at__isnull=True)
        .filter(sales_document__files__isnull=False, pk__gt=turn.cursor.get("files", 0))
        .select_related("sales_document")
        .distinct()
    )
    return list(rows.order_by("pk")[:PAGE])


def _attach(turn: Slice, posting: Posting) -> None:
    document = posting.sales_document
    if document is None:
        return
    refused = ""
    ref = DocumentRef(external_id=posting.external_id, number=posting.number, journal=posting.journal)
    for file in files_of(document):
        outcome = turn.provider.attach(ref, file)
        if isinstance(outcome, Refused):
            refused = outcome.text or "refused"
        elif not isinstance(outcome, Posted):
            return  # not known or not tried: the next run tries again
    notes = [note for note in posting.notes if note["code"] != "SYS-708"]
    if refused:
        notes.append({"code": "SYS-708", "params": {"text": refused}})
        turn.count("attachments", "refused")
    else:
        turn.count("attachments", "attached")
    Posting.objects.filter(pk=posting.pk).update(attached_at=timezone.now(), notes=notes)
