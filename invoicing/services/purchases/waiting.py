"""Files that came in and are no document: those that wait for a worker to read them, and those that were refused.

An access point gets its answer when the bytes are committed; reading is the worker's (sheet on Peppol, section 11.11).
A file that cannot be read is kept with the reason, however it came, until a person deletes it.
"""

from __future__ import annotations

import hashlib
import logging
from datetime import timedelta
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.db.models import F, Q, Sum
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop
from django_q.tasks import async_task

from crm import audit

from ...models import IncomingAccess, IncomingFile, IncomingState
from .intake import Answer, Delivery, Received, file_name, known_before, receive, sentence

logger = logging.getLogger(__name__)

TASK = "invoicing.services.purchases.waiting.read_file"
READ_ALL = "invoicing.services.purchases.waiting.read_waiting"
# All files together that are kept here. What does not fit any more is refused aloud, and whoever sent it keeps it.
KEPT_BYTES = 1024**3
# A worker that has a file for so long is dead: reading is bounded to seconds.
LOST = timedelta(minutes=5)
# So often a file is taken up; one that kills its worker each time is refused.
TRIES = 3
_AT_ONCE = 100
# A file that lies for less is about to be read by the task that was queued with it.
_GRACE = timedelta(seconds=20)
# Reasons that say nothing of what is in the file, or that whoever sends it puts right at once.
_NOT_KEPT = frozenset({"busy", "message-id", "no-entity", "too-large", "link", "no-file", "unreadable"})


# --- In, over HTTP ------------------------------------------------------------------------------------------------


def accept(*, data: bytes, access: IncomingAccess, message_id: str) -> Received:
    """Keep what an access point hands in and have it read; returns once it is committed. The same twice is told.

    Answers: QUEUED; KNOWN; REFUSED with the code "empty", "message-id" (another file came under that id) or "full".
    """
    if not data:
        return Received(answer=Answer.REFUSED, code="empty", text=_("The body is empty."))
    digest = hashlib.sha256(data).hexdigest()
    delivery = Delivery(access=access, message_id=message_id)
    known = known_before(digest, delivery) or _lies_here(digest, delivery)
    if known is not None and not _came_to_another(known, access):
        return known
    if not _has_room(len(data)):
        logger.error("no room for files that come in", extra={"bound": KEPT_BYTES})
        return Received(answer=Answer.REFUSED, code="full", text=_("No more files are kept; try again later."))
    try:
        with transaction.atomic():
            row = IncomingFile.objects.create(
                state=IncomingState.WAITING,
                name=file_name(message_id[:60], ".xml"),
                content=data,
                size=len(data),
                sha256=digest,
                access=access,
                message_id=message_id,
                received_by=str(access)[:150],
            )
    except IntegrityError:
        # The same file, or another under this id, a moment earlier.
        return _lies_here(digest, delivery) or known_before(digest, delivery) or _later()
    transaction.on_commit(lambda: _queue(TASK, row.pk))
    return Received(answer=Answer.QUEUED, code="queued", text=_("Received; it is read in a moment."))


def _lies_here(digest: str, delivery: Delivery) -> Received | None:
    """What is told of a file that lies here already, or of another one under its message id; None: it is new."""
    same = Q(sha256=digest)
    if delivery.message_id:
        same |= Q(access=delivery.access, message_id=delivery.message_id)
    # One look at both: between two of them another request may have stored the very same file.
    found = {row.sha256: row for row in IncomingFile.objects.filter(same).defer("content")}
    if (row := found.get(digest)) is not None:
        if row.state == IncomingState.WAITING and delivery.access is not None and row.access_id != delivery.access.pk:
            # Of another entity's access point: once it is read there, this one may have a say in whose it is.
            return _later()
        return Received(answer=Answer.KNOWN, code="known", text=_("Received before."))
    if not found:
        return None
    words = _("Another file was received under this message id. Send it under an id of its own.")
    return Received(answer=Answer.REFUSED, code="message-id", text=words)


def _came_to_another(known: Received, access: IncomingAccess) -> bool:
    """Whether the file was kept apart for another access point, so that this one's word may settle whose it is."""
    document = known.document
    apart = document is not None and bool(document.quarantine) and document.is_pending
    return known.answer is Answer.KNOWN and apart and document is not None and document.access_id != access.pk


def _later() -> Received:
    return Received(answer=Answer.REFUSED, code="busy", text=_("Try again: others are being stored right now."))


def _has_room(size: int) -> bool:
    return (IncomingFile.objects.aggregate(kept=Sum("size"))["kept"] or 0) + size <= KEPT_BYTES


# --- The worker's part --------------------------------------------------------------------------------------------


def _queue(task: str, *args: int) -> None:
    try:
        async_task(task, *args, task_name="incoming document")
    except Exception:
        # The next look at what waits queues it again.
        logger.exception("the queue did not take a file that came in")


def _unread() -> Q:
    return Q(state=IncomingState.WAITING) & (Q(taken_at=None) | Q(taken_at__lt=timezone.now() - LOST))


def queue_waiting() -> None:
    """Have read what waits although nobody reads it: the queue lost its task, or the worker died."""
    if IncomingFile.objects.filter(_unread(), received_at__lt=timezone.now() - _GRACE).exists():
        _queue(READ_ALL)


def read_waiting() -> int:
    """Read what waits, here and now, the oldest first and at most 100; returns how many were read. A task too."""
    rows = IncomingFile.objects.filter(_unread()).order_by("pk")
    return sum(read_file(pk) for pk in list(rows.values_list("pk", flat=True)[:_AT_ONCE]))


def read_file(pk: int) -> bool:
    """Read one file that waits; False where another task has it. A task: may come twice, stores once.

    The row goes when its document stands: a worker that dies between the two finds the document, and says so.
    """
    if not IncomingFile.objects.filter(_unread(), pk=pk).update(taken_at=timezone.now(), tries=F("tries") + 1):
        return False
    row = IncomingFile.objects.select_related("access__entity").get(pk=pk)
    if row.tries > TRIES:
        found = Received(
            answer=Answer.REFUSED,
            code="too-hard",
            reason={"text": gettext_noop("Reading it was given up after several tries.")},
        )
    else:
        found = receive(
            data=bytes(row.content),
            delivery=Delivery(name=row.name, access=row.access, message_id=row.message_id, from_wire=True),
        )
    if found.code == "busy":
        IncomingFile.objects.filter(pk=pk).update(taken_at=None, tries=F("tries") - 1)
        return False
    if found.answer is Answer.REFUSED:
        logger.warning("a document that came in was refused", extra={"file": pk, "reason": found.code})
        IncomingFile.objects.filter(pk=pk).update(state=IncomingState.REFUSED, reason=_reason(found))
    else:
        IncomingFile.objects.filter(pk=pk).delete()
    return True


# --- Refused files ------------------------------------------------------------------------------------------------


def take_in(*, data: bytes, delivery: Delivery) -> Received:
    """`receive`, and keep what it refuses; for uploads and the inbox folder."""
    found = receive(data=data, delivery=delivery)
    return keep_refused(data=data, delivery=delivery, found=found)


def keep_refused(*, data: bytes, delivery: Delivery, found: Received) -> Received:
    """Keep the bytes of a refused file with the reason; what was read in the end is kept here no more.

    Returns `found`, its words saying so where there was no room.
    """
    digest = hashlib.sha256(data).hexdigest()
    if found.answer is not Answer.REFUSED:
        IncomingFile.objects.filter(sha256=digest, state=IncomingState.REFUSED).delete()
        return found
    if found.code in _NOT_KEPT or not data:
        return found
    reason = _reason(found)
    if IncomingFile.objects.filter(sha256=digest, state=IncomingState.REFUSED).update(
        reason=reason, received_at=timezone.now()
    ):
        return found
    if not _has_room(len(data)):
        words = _("It is not kept either: the refused files take too much room. Delete some of them.")
        return Received(answer=found.answer, code=found.code, text=f"{found.text} {words}", reason=found.reason)
    row = IncomingFile(
        state=IncomingState.REFUSED,
        name=file_name(delivery.name, ""),
        content=data,
        size=len(data),
        sha256=digest,
        reason=reason,
        received_by=audit.actor_name(delivery.by)[:150],
    )
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError:  # another worker keeps the very same file
        pass
    return found


def read_refused(*, file: IncomingFile, by: AbstractBaseUser | None) -> Received:
    """Try a refused file once more: after an update it may be readable. Read well, it is a document's from then on."""
    data = bytes(file.content)
    delivery = Delivery(name=file.name, by=by, access=file.access, message_id=file.message_id, from_wire=True)
    return keep_refused(data=data, delivery=delivery, found=receive(data=data, delivery=delivery))


def reason_words(file: IncomingFile) -> str:
    """Why a file was refused, in the reader's language."""
    return sentence(str(file.reason.get("text", "")), file.reason.get("values") or {})


def _reason(found: Received) -> dict[str, Any]:
    kept = dict(found.reason) or {"text": found.text}
    return {"code": found.code, **kept}
