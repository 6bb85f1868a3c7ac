"""Signs of life of the workers, and how many runs should be moving but are not."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db.models import Max, Q
from django.db.models.functions import Now
from django.utils import timezone

from ..models import Heartbeat, SyncRun


def beat(name: str) -> None:
    """Write that `name` is alive now, by the database's clock."""
    if not Heartbeat.objects.filter(name=name).update(beat_at=Now()):
        Heartbeat.objects.bulk_create([Heartbeat(name=name, beat_at=timezone.now())], ignore_conflicts=True)


def last_beat_at() -> datetime | None:
    """The newest sign of life of any worker, or None when there never was one."""
    newest: datetime | None = Heartbeat.objects.aggregate(at=Max("beat_at"))["at"]
    return newest


def overdue_runs() -> int:
    """Runs that should have moved several dispatches ago and did not."""
    patience = timedelta(seconds=settings.BOEKBRUG_LEASE_SECONDS + 4 * settings.BOEKBRUG_DISPATCH_SECONDS)
    late = timezone.now() - patience
    return (
        SyncRun.objects.unfinished()
        .filter(Q(not_before__isnull=True) | Q(not_before__lt=late))
        .filter(Q(worked_at__lt=late) | Q(worked_at__isnull=True, created_at__lt=late))
        .count()
    )
