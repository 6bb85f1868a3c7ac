"""Purchases into Yuki's archive, one call each, and finding an upload again."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from ..base.errors import BatchRefused, IntegrationError, OutcomeUnknown, Unreachable
from ..base.records import (
    Absent,
    BookedTotals,
    CannotTell,
    Document,
    DocumentQuery,
    DocumentRef,
    Finding,
    Found,
    NotTried,
    Outcome,
    Posted,
    Refused,
    Unclear,
)
from . import uploads
from .client import YukiClient
from .limits import LIMITS
from .listing import PURCHASE_FOLDER, ArchiveRow
from .lookups import Lookups
from .values import Unsendable, clean, guid

# Clocks that differ.
_OVERLAP = timedelta(days=1)


def upload(client: YukiClient, administration: str, document: Document, *, first: bool) -> Outcome:
    """File a purchase; what will be booked of it is decided over there, so no totals can be compared.

    Raises what stops the connection only when nothing of the batch was sent yet: `first`.
    """
    limit = LIMITS.attachment_bytes or 0
    try:
        operation, parameters = uploads.upload(document, administration, limit)
        result = client.call("Archive", operation, parameters, is_write=True)
    except Unsendable as exc:
        return Refused(code=exc.code, text=exc.text)
    except OutcomeUnknown as exc:
        return Unclear(text=str(exc))
    except Unreachable as exc:
        return NotTried(reason=str(exc))
    except BatchRefused as exc:
        return Refused(code="SYS-708", text=exc.vendor_text or str(exc))
    except IntegrationError as exc:
        if first:
            raise
        return NotTried(reason=str(exc))
    key = guid(result.text if result is not None else "")
    if not key:
        return Unclear(text="the answer names no document")
    return Posted(
        ref=DocumentRef(external_id=key, kind=document.kind),
        totals=BookedTotals(),
        files_left=uploads.left_out(document, limit),
    )


def find_upload(lookups: Lookups, query: DocumentQuery, processing: timedelta, now: datetime) -> Finding:
    """An upload by its key, or by the name that we gave its file, in whichever folder it lies by now.

    People there move, rename, join and delete files, so what was sent without an answer is never proven absent. Asked
    about a file name (a person says which file it is), that very file.
    """
    settled = query.sent_at + processing if query.sent_at is not None else now
    # By whole days, so that one reading serves many questions.
    since = ((query.sent_at or now - timedelta(days=400)) - _OVERLAP).replace(hour=0, minute=0, second=0, microsecond=0)
    after = settled if settled <= now else query.sent_at or now
    found = _meant(lookups.uploads_since(since, PURCHASE_FOLDER, after=after), query)
    if not found:
        others = (folder for folder in lookups.folders() if folder != PURCHASE_FOLDER)
        found = [row for folder in others for row in _meant(lookups.uploads_since(since, folder, after=after), query)]
    if len(found) == 1:
        ref = DocumentRef(external_id=found[0].document_id, kind=query.kind)
        return Found(ref=ref, totals=BookedTotals())
    if found:
        return CannotTell(reason=f"{len(found)} files carry its name")
    if now < settled:
        return CannotTell(reason="it may still be on its way into the archive", is_early=True)
    if query.external_id or query.sent_at is not None:
        return CannotTell(reason="it lies in no folder of the archive", is_final=True)
    # Every call until now surely ended before anything was filed.
    return Absent()


def _meant(rows: Iterable[ArchiveRow], query: DocumentQuery) -> list[ArchiveRow]:
    key, name = guid(query.external_id), clean(query.external_id)
    base = uploads.base_name(query.reference, query.key)
    return [
        row
        for row in rows
        if (key and row.document_id == key)
        or row.file_name.rpartition(".")[0] == base
        or (name and not key and row.file_name == name)
    ]
