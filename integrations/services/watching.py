"""Looking without touching: how far a run is, and what may have left."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.db.models import Q

from ..models import SENT, Connection, Posting, RunStep, SyncRun

_STEPS = [step.value for step in RunStep if step is not RunStep.IMPORT]


def progress(*, connection: Connection) -> dict[str, Any]:
    """The unfinished run, else the last one, in plain values; an empty dict when there never was one.

    Keys: run, state, is_running, step, step_number (1 to 7), to_send, sent, blocked, since, by, not_before,
    finished_at, counters.
    """
    run = (
        SyncRun.objects.unfinished().filter(connection=connection).select_related("started_by").first()
        or SyncRun.objects.filter(connection=connection).select_related("started_by").order_by("-pk").first()
    )
    if run is None:
        return {}
    sales = run.counters.get("sales", {})
    return {
        "run": run.pk,
        "state": run.state,
        "is_running": not run.is_finished,
        "step": run.step,
        "step_label": RunStep(run.step).label,
        "step_number": _STEPS.index(run.step) + 1 if run.step in _STEPS else 1,
        "to_send": sales.get("to_send", 0),
        "sent": sales.get("posted", 0) + sales.get("differs", 0),
        "blocked": sales.get("blocked", 0),
        "refused": sales.get("refused", 0),
        "since": run.created_at,
        "by": str(run.started_by) if run.started_by else "",
        "not_before": run.not_before,
        "finished_at": run.finished_at,
        "counters": run.counters,
    }


def sent_among(document_ids: Collection[int]) -> set[int]:
    """Documents with which a call may have left; from then on their lines' accounts are final too."""
    postings = Posting.objects.filter(sales_document__in=list(document_ids))
    found = postings.filter(Q(sent_at__isnull=False) | Q(state__in=SENT)).values_list("sales_document_id", flat=True)
    return {pk for pk in found if pk is not None}
