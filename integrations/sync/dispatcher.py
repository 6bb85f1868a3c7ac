"""Wakes what should be moving: postponed runs, lost tasks, dead leases, follow-ups, and the nightly syncs.

Runs every 30 seconds and is the only thing that does; everything it queues is harmless when queued twice.
"""

from __future__ import annotations

import logging
import zlib
from datetime import timedelta

from django.conf import settings
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from ..models import Connection, RunState, RunTrigger, SyncRun
from .leases import is_free
from .runs import AlreadyRunning, NotReady, enqueue, start_sync

logger = logging.getLogger(__name__)


def dispatch() -> int:
    """Queue every run that is due and that nobody works on; start due follow-ups. Returns how many."""
    return wake_runs() + start_follow_ups()


def wake_runs() -> int:
    now = timezone.now()
    stale = now - timedelta(seconds=settings.BOEKBRUG_DISPATCH_SECONDS)
    due = (
        SyncRun.objects.unfinished()
        .filter(Q(not_before__isnull=True) | Q(not_before__lte=now))
        .filter(
            Q(state=RunState.POSTPONED) | Q(handed_on_at__lt=stale) | Q(handed_on_at__isnull=True, created_at__lt=stale)
        )
        .select_related("connection")
    )
    woken = 0
    for run in due:
        if run.connection.administration_id is None or not is_free(run.connection.administration_id):
            continue
        # The mark keeps the next dispatch from queuing the same slice again while it waits in the queue.
        changed = (
            SyncRun.objects.filter(pk=run.pk, slice_number=run.slice_number)
            .exclude(state__in=[RunState.SUCCEEDED, RunState.WITH_ISSUES, RunState.STOPPED])
            .update(handed_on_at=Now(), state=RunState.QUEUED, not_before=None)
        )
        if changed:
            enqueue(run.pk, run.slice_number)
            woken += 1
            logger.info("run woken", extra={"run": run.pk, "slice": run.slice_number})
    return woken


def start_follow_ups() -> int:
    """Start the one follow-up of connections whose day limit is over, and tonight's planned syncs."""
    started = 0
    for connection in Connection.objects.ready().filter(follow_up_at__lte=timezone.now()):
        started += _start(connection)
    return started


def plan_night() -> int:
    """Give every connection with automatic sync its moment in the nightly window, spread by its id."""
    now = timezone.now()
    planned = 0
    for connection in Connection.objects.ready().filter(automatic_sync=True, first_success_at__isnull=False):
        at = now + timedelta(seconds=spread_seconds(connection.pk))
        planned += (
            Connection.objects.filter(pk=connection.pk)
            .filter(Q(follow_up_at__isnull=True) | Q(follow_up_at__gt=at))
            .update(follow_up_at=at)
        )
    return planned


def spread_seconds(connection_id: int) -> int:
    """A connection's place in the nightly window, the same every night."""
    window = max(1, settings.BOEKBRUG_NIGHTLY_SPREAD_MINUTES * 60)
    return zlib.crc32(str(connection_id).encode()) % window


def _start(connection: Connection) -> int:
    try:
        start_sync(connection, RunTrigger.NIGHTLY)
    except (AlreadyRunning, NotReady):
        # Its moment stays: the next dispatch tries again.
        return 0
    return 1
