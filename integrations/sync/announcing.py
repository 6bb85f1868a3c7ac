"""Tells the rest of the program that a run has ended. Who wants to know registers here at start, so that the sync
knows neither services nor pages.

A listener may be called twice for one run and must then do nothing the second time. What it raises is logged and
never reaches the run.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import timedelta

from django.utils import timezone

from ..models import SyncRun

logger = logging.getLogger(__name__)

# A run is announced within moments of its end; one that is not by then lost its worker.
_GRACE = timedelta(seconds=30)
_LOOK_BACK = timedelta(days=1)
_AT_ONCE = 100

_on_finished: list[Callable[[int], None]] = []
_on_tick: list[Callable[[], None]] = []


def register(*, on_finished: Callable[[int], None] | None = None, on_tick: Callable[[], None] | None = None) -> None:
    """Have `on_finished` called with the id of each run that ended, and `on_tick` at each look of the dispatcher."""
    if on_finished is not None and on_finished not in _on_finished:
        _on_finished.append(on_finished)
    if on_tick is not None and on_tick not in _on_tick:
        _on_tick.append(on_tick)


def announce(run_id: int) -> bool:
    """Tell every listener about a finished run and note it on the run; False when one failed: it is told again."""
    for listener in _on_finished:
        try:
            listener(run_id)
        except Exception:
            logger.exception("a finished run could not be announced", extra={"run": run_id})
            return False
    SyncRun.objects.filter(pk=run_id, announced_at__isnull=True).update(announced_at=timezone.now())
    return True


def catch_up() -> int:
    """Announce the runs of the last day whose end nobody was told about; returns how many. Then the other ticks."""
    now = timezone.now()
    missed = SyncRun.objects.filter(
        announced_at__isnull=True, finished_at__lt=now - _GRACE, finished_at__gt=now - _LOOK_BACK
    )
    told = sum(announce(pk) for pk in list(missed.order_by("pk").values_list("pk", flat=True)[:_AT_ONCE]))
    for tick in _on_tick:
        try:
            tick()
        except Exception:
            logger.exception("a tick of the dispatcher failed")
    return told
