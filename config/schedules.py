"""The schedules of the queue, kept equal to what the code says."""

from datetime import datetime
from typing import Any

from django.conf import settings
from django.utils import timezone
from django_q.models import Schedule

TASKS = "integrations.sync.tasks"


def wanted() -> dict[str, dict[str, Any]]:
    """Return the fields of each schedule by its name.

    All are CRON: a queue looks at its schedules about every 30 seconds and starts what fell due since. croniter reads
    a sixth field as seconds, so `*/30` in it has a due moment between any two looks: the dispatcher runs at each look,
    which is as often as the queue can. With several clusters the row's lock gives each due moment to one of them.
    """
    found = {
        "Dispatch": {"func": f"{TASKS}.dispatch", "cron": f"* * * * * */{settings.BOEKBRUG_DISPATCH_SECONDS}"},
        "Heartbeat": {"func": f"{TASKS}.heartbeat", "cron": "* * * * *"},
        # Connections spread themselves over the BOEKBRUG_NIGHTLY_SPREAD_MINUTES that follow.
        "Nightly sync": {"func": f"{TASKS}.nightly", "cron": f"0 {settings.BOEKBRUG_NIGHTLY_HOUR} * * *"},
        "Duplicates": {
            "func": "crm.duplicates.tasks.nightly",
            "cron": f"30 {(settings.BOEKBRUG_NIGHTLY_HOUR + 2) % 24} * * *",
        },
        "Prune": {"func": f"{TASKS}.prune", "cron": f"30 {(settings.BOEKBRUG_NIGHTLY_HOUR + 3) % 24} * * *"},
    }
    if settings.BOEKBRUG_PEPPOL_INBOX_DIR:
        found["Inbox"] = {"func": f"{TASKS}.inbox", "cron": "* * * * *"}
    return found


def sync_schedules() -> tuple[int, int]:
    """Make the schedules equal to `wanted()`. Return how many were written and how many of ours were removed.

    Schedules that a person added, with functions of their own, are left alone. A schedule that already stands keeps
    its next run unless its time changed.
    """
    written = 0
    names = wanted()
    for name, fields in names.items():
        values = {**fields, "schedule_type": Schedule.CRON, "repeats": -1, "cluster": None}
        found = Schedule.objects.filter(name=name).order_by("pk")
        keep = found.first()
        if keep is None:
            Schedule.objects.create(name=name, next_run=_next_run(fields["cron"]), **values)
            written += 1
            continue
        # The queue's own helper checks for a double name in Python only, so two may stand.
        found.exclude(pk=keep.pk).delete()
        if any(getattr(keep, field) != value for field, value in values.items()):
            Schedule.objects.filter(pk=keep.pk).update(**values, next_run=_next_run(fields["cron"]))
            written += 1
    removed, _detail = Schedule.objects.filter(func__startswith=f"{TASKS}.").exclude(name__in=names).delete()
    return written, removed


def _next_run(cron: str) -> datetime:
    schedule = Schedule(schedule_type=Schedule.CRON, cron=cron)
    found: datetime = schedule.calculate_next_run(timezone.now())
    return found
