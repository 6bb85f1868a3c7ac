"""Runs from the outside: start one, hand on to the next slice, postpone, finish. The run's row is the truth.

Source: design section 5; APP-115, APP-116.
"""

from __future__ import annotations

import logging
from datetime import datetime
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone
from django_q.tasks import async_task

from ..models import Administration, Connection, ConnectionStatus, Module, RunState, RunStep, RunTrigger, SyncRun
from . import announcing
from .leases import Lease

logger = logging.getLogger(__name__)

ADVANCE = "integrations.sync.tasks.advance"


class AlreadyRunning(Exception):
    """A second start while a run is active; carries since when and by whom (APP-116)."""

    def __init__(self, run: SyncRun) -> None:
        super().__init__("a sync is already running")
        self.run = run
        self.since: datetime = run.created_at
        self.by: str = str(run.started_by) if run.started_by else ""


# The set-up's answer whether the tool's relations are taken over before anything is sent.
IMPORT_ASKED = "import_relations"


class NotReady(Exception):
    """The connection cannot be synced now; `status` says why."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(f"the connection is {connection.status}")
        self.connection = connection


class ModuleOff(NotReady):
    """No connection can be synced: the accounting module is off, or its last day is over."""


class ImportFirst(NotReady):
    """The set-up asked for the tool's relations first, and that import has not come to its end yet (S-044)."""


def import_is_owed(connection: Connection) -> bool:
    """Whether nothing may be sent before the import that the set-up asked for: it failed, or never began.

    From the first success on nobody waits for it any more; a person can choose to go on without.
    """
    if connection.first_success_at is not None or not connection.wizard_progress.get("facts", {}).get(IMPORT_ASKED):
        return False
    imports = connection.runs.filter(trigger=RunTrigger.IMPORT)
    return not imports.filter(state__in=(RunState.SUCCEEDED, RunState.WITH_ISSUES)).exists()


def start_sync(
    connection: Connection, trigger: str = RunTrigger.MANUAL, user: AbstractBaseUser | None = None
) -> SyncRun:
    """Create the run and queue its first slice. Raises AlreadyRunning, NotReady, ModuleOff, ImportFirst.

    The partial unique constraint decides a race of two starts; the loser is told about the winner's run.
    """
    fresh = Connection.objects.get(pk=connection.pk)
    if not Module.current().is_active:
        raise ModuleOff(fresh)
    if fresh.status != ConnectionStatus.CONNECTED or fresh.administration_id is None:
        raise NotReady(fresh)
    if trigger != RunTrigger.IMPORT and import_is_owed(fresh) and not fresh.runs.unfinished().exists():
        raise ImportFirst(fresh)
    try:
        with transaction.atomic():
            run = SyncRun.objects.create(
                connection=fresh,
                trigger=trigger,
                step=RunStep.IMPORT if trigger == RunTrigger.IMPORT else RunStep.CATALOGUE,
                started_by_id=user.pk if user else None,
                cursor={},
                counters={},
            )
            Connection.objects.filter(pk=fresh.pk).update(follow_up_at=None)
            enqueue(run.pk, run.slice_number)
    except IntegrityError:
        running = SyncRun.objects.unfinished().filter(connection=fresh).select_related("started_by").first()
        if running is None:
            raise
        raise AlreadyRunning(running) from None
    logger.info("sync started", extra={"connection": fresh.pk, "run": run.pk, "trigger": trigger})
    return run


def enqueue(run_id: int, slice_number: int) -> None:
    """Queue a slice once the present transaction is committed; a broker that fails is made up for by the dispatcher."""

    def put() -> None:
        try:
            async_task(ADVANCE, run_id, slice_number, task_name=f"run-{run_id}-{slice_number}")
        except Exception:
            logger.exception("the queue did not take a slice; the dispatcher will", extra={"run": run_id})

    transaction.on_commit(put)


def hand_on(
    run: SyncRun, lease: Lease, *, cursor: dict[str, Any], counters: dict[str, Any], not_before: datetime | None = None
) -> bool:
    """Save the cursor, release the lease and queue the next slice, in one transaction of the lease's holder."""
    with transaction.atomic():
        if not lease.is_held():
            return False
        # Unfinished, not "running": a dispatcher that came between may have marked it as queued.
        changed = (
            SyncRun.objects.unfinished()
            .filter(pk=run.pk, slice_number=run.slice_number)
            .update(
                slice_number=run.slice_number + 1,
                step=run.step,
                cursor=cursor,
                counters=counters,
                state=RunState.POSTPONED if not_before else RunState.RUNNING,
                not_before=not_before,
                handed_on_at=Now(),
            )
        )
        if not changed:
            return False
        lease.release()
        if not_before is None:
            enqueue(run.pk, run.slice_number + 1)
    return True


def finish(
    run: SyncRun,
    lease: Lease | None,
    state: str,
    *,
    cursor: dict[str, Any],
    counters: dict[str, Any],
    error_code: str = "",
    error_params: dict[str, str] | None = None,
    error_text: str = "",
) -> bool:
    """End the run, on the condition that it is still at this slice and that the lease, where there is one, is held."""
    with transaction.atomic():
        if (
            lease is not None
            and not Administration.objects.filter(pk=lease.administration_id, lease_token=lease.token).exists()
        ):
            return False
        changed = (
            SyncRun.objects.unfinished()
            .filter(pk=run.pk, slice_number=run.slice_number)
            .update(
                state=state,
                step=run.step,
                cursor=cursor,
                counters=counters,
                not_before=None,
                finished_at=timezone.now(),
                error_code=error_code,
                error_params=error_params or {},
                error_text=error_text[:2000],
            )
        )
        if changed:
            # Told after the commit; should this worker die before, the dispatcher's catch-up tells it.
            transaction.on_commit(lambda: announcing.announce(run.pk))
    logger.info(
        "sync finished", extra={"connection": run.connection_id, "run": run.pk, "result": state, "error": error_code}
    )
    return bool(changed)


def follow_up(connection_id: int, at: datetime) -> None:
    """Let another sync start by itself then, unless one is to start before."""
    Connection.objects.filter(pk=connection_id).filter(Q(follow_up_at__isnull=True) | Q(follow_up_at__gt=at)).update(
        follow_up_at=at
    )
