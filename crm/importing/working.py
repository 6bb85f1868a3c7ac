"""What tasks do with an import: counting, writing, undoing; and how they come to it.

A batch is worked on by one task at a time: a task claims it by a conditional update and says from time to time that it
lives; what a dead one left is claimed again. Counting may be done twice without harm; writing and undoing are one
transaction each, whose last statement is conditional on the claim, so that twice has the effect of once.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from django.db import transaction
from django.db.models import F, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django_q.tasks import async_task

from .. import audit, duplicates
from ..collecting import without_collecting
from ..models import ImportBatch, ImportState, RowOutcome
from . import criteria, preview, undoing, writing
from .errors import ImportRefused
from .numbers import numbers_of

logger = logging.getLogger(__name__)

WORK = "crm.importing.tasks.work"
AT_WORK = (ImportState.COUNTING, ImportState.IMPORTING, ImportState.UNDOING)
# The queue ends a task after two minutes; one that has been silent for longer is dead.
SILENCE = timedelta(seconds=150)
# A task that the queue lost is queued again after this.
UNTAKEN = timedelta(seconds=60)
# So often a step is begun; one whose tasks die each time is given up with a reason.
TRIES = 4


def work(batch_id: int) -> None:
    """Do what the batch's state asks for; nothing where another task is at it, or where it is done."""
    token = secrets.token_hex(16)
    now = timezone.now()
    free = Q(worker="") | Q(worker_seen_at=None) | Q(worker_seen_at__lt=now - SILENCE)
    claimed = ImportBatch.objects.filter(free, pk=batch_id, state__in=AT_WORK)
    if not claimed.update(worker=token, worker_seen_at=now, done_rows=0, tries=F("tries") + 1):
        return
    batch = ImportBatch.objects.select_related("by").get(pk=batch_id)
    if batch.tries > TRIES:
        logger.error("an import was given up", extra={"import": batch_id, "state": batch.state})
        _fail(batch, token, {"code": "IMP-302", "reason": "given-up", "params": {"times": TRIES}})
        return
    steps: dict[str, Callable[[ImportBatch, str], None]] = {
        ImportState.COUNTING: _count,
        ImportState.IMPORTING: _write,
        ImportState.UNDOING: _undo,
    }
    try:
        with without_collecting():
            steps[batch.state](batch, token)
    except ImportRefused as refused:
        _fail(batch, token, refused.as_json())
    except _Overtaken:
        logger.info("another task works on an import", extra={"import": batch_id})
    except Exception:
        logger.exception("an import failed", extra={"import": batch_id, "state": batch.state})
        _fail(batch, token, {"code": "IMP-302", "reason": "failed", "params": {}})


class _Overtaken(Exception):
    """The batch is not this task's any more; its transaction is rolled back."""


def _count(batch: ImportBatch, token: str) -> None:
    prepared = preview.prepare(batch, _progress(batch, token))
    chosen = criteria.from_json(batch.criterion) or criteria.proposed(prepared.offered)
    decisions = batch.criterion.get("decisions", {})
    summary = preview.summarise(prepared, decisions)
    criterion = {**(chosen.as_json() if chosen else {}), **({"decisions": decisions} if decisions else {})}
    _mine(batch, token).update(
        summary=summary, criterion=criterion, rows=len(prepared.rows), state=ImportState.READY, worker="", error={}
    )


def _write(batch: ImportBatch, token: str) -> None:
    rows = preview.read_all(batch, numbers_of(batch.administration_id), _progress(batch, token))
    with transaction.atomic(durable=_is_outermost()):
        # The row's lock: whoever comes second waits here, and then finds that the batch is not his.
        _hold(batch, token)
        counts = writing.write(batch, rows)
        previewed = preview.chosen_counts(batch)
        result = {"counts": counts, "previewed": previewed, "criteria": [], "samples": {}}
        _finish(batch, token, state=ImportState.DONE, summary=result, imported_at=timezone.now(), rows=len(rows))
        audit.record(
            by=batch.by, objects=[batch], flag=audit.CHANGED,
            message=_("Imported: %(added)d added, %(edited)d edited.")
            % {"added": counts.get(RowOutcome.ADDED, 0), "edited": counts.get(RowOutcome.EDITED, 0)},
        )  # fmt: skip
    # What was added may be somebody who is known already; a look that a crash loses comes at night.
    duplicates.ask_for_look(by=None)
    logger.info("file of customers imported", extra={"import": batch.pk, **counts})


def _undo(batch: ImportBatch, token: str) -> None:
    with transaction.atomic(durable=_is_outermost()):
        _hold(batch, token)
        counts = undoing.undo(batch)
        summary = {**batch.summary, "undone": counts}
        _finish(batch, token, state=ImportState.UNDONE, summary=summary, undone_at=timezone.now())
        audit.record(
            by=batch.by, objects=[batch], flag=audit.CHANGED,
            message=_("Undone: %(deleted)d deleted, %(restored)d put back, %(kept)d kept.") % counts,
        )  # fmt: skip
    # Whoever got his old values back may be like others again.
    duplicates.ask_for_look(by=None)
    logger.info("import undone", extra={"import": batch.pk, **counts})


def pick_up() -> None:
    """Queue what a dead task or a lost message left lying; called at each look of the dispatcher."""
    now = timezone.now()
    lost = Q(worker="", worker_seen_at__lt=now - UNTAKEN) | Q(worker_seen_at__lt=now - SILENCE)
    found = list(ImportBatch.objects.filter(lost, state__in=AT_WORK).order_by("pk").values_list("pk", flat=True)[:20])
    for pk in found:
        ImportBatch.objects.filter(pk=pk, worker="").update(worker_seen_at=now)
        queue(pk)


def begin(batch: ImportBatch, state: str, before: tuple[str, ...], **columns: Any) -> bool:
    """Move the batch on, on the condition that it stands where the page showed it, and queue its task."""
    changed = ImportBatch.objects.filter(pk=batch.pk, state__in=before).update(
        state=state, worker="", worker_seen_at=timezone.now(), done_rows=0, tries=0, error={}, **columns
    )
    if changed:
        batch.state = state
        transaction.on_commit(lambda: queue(batch.pk))
    return bool(changed)


def queue(batch_id: int) -> None:
    """Hand the batch to a worker; a queue that is down is made good by `pick_up`."""
    try:
        async_task(WORK, batch_id, task_name=f"import-{batch_id}")
    except Exception:
        logger.exception("the queue did not take an import; the dispatcher will", extra={"import": batch_id})


def _mine(batch: ImportBatch, token: str) -> QuerySet[ImportBatch]:
    return ImportBatch.objects.filter(pk=batch.pk, state=batch.state, worker=token)


def _progress(batch: ImportBatch, token: str) -> Callable[[int], None]:
    def tell(done: int) -> None:
        if not _mine(batch, token).update(done_rows=done, worker_seen_at=timezone.now()):
            raise _Overtaken

    return tell


def _hold(batch: ImportBatch, token: str) -> None:
    if not _mine(batch, token).update(worker_seen_at=timezone.now(), done_rows=batch.rows):
        raise _Overtaken


def _finish(batch: ImportBatch, token: str, **columns: Any) -> None:
    if not _mine(batch, token).update(worker="", error={}, **columns):
        raise _Overtaken


def _fail(batch: ImportBatch, token: str, error: dict[str, Any]) -> None:
    """Say on the batch why it stopped. What had failed to be undone is still imported."""
    state = ImportState.DONE if batch.state == ImportState.UNDOING else ImportState.FAILED
    _mine(batch, token).update(state=state, worker="", error=error)


def _is_outermost() -> bool:
    """Durable in use; inside the transaction that a test rolls back there is nothing to make durable."""
    return not transaction.get_connection().in_atomic_block
