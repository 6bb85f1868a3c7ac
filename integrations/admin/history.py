"""The history of a connection: its runs, what each did per kind of item, and the calls of today."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import Count, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from config.figures import duration, moment

from ..models import Connection, RunState, SyncRun
from .progress import RunView, loaded, view_of
from .report import RunSums, calls_today, calls_words, report_of, sums_of

SHOWN_RUNS = 50
DEFAULT_DAYS = 7
_PERIODS = (7, 30, 90)
_TROUBLED = (RunState.WITH_ISSUES, RunState.STOPPED)


@dataclass(frozen=True, slots=True)
class HistoryRow:
    view: RunView
    sums: RunSums
    took: str


def history_of(connection: Connection, days: str, only_troubled: bool) -> dict[str, Any]:
    """What the section shows, of the last `days` (7, 30 or 90); a constant number of queries."""
    now = timezone.now()
    chosen = int(days) if days.isdigit() and int(days) in _PERIODS else DEFAULT_DAYS
    since = {n: now - timedelta(days=n) for n in _PERIODS}
    counts = connection.runs.aggregate(
        **{f"days_{n}": Count("pk", filter=Q(created_at__gte=since[n])) for n in _PERIODS},
        troubled=Count("pk", filter=Q(created_at__gte=since[chosen], state__in=_TROUBLED)),
    )
    rows = loaded(connection.runs.filter(created_at__gte=since[chosen])).order_by("-pk")
    if only_troubled:
        rows = rows.filter(state__in=_TROUBLED)
    runs = list(rows[:SHOWN_RUNS])
    newest = next((run for run in runs if run.is_finished), None)
    words = {7: _("Last 7 days"), 30: _("30 days"), 90: _("90 days")}
    return {
        "runs": [HistoryRow(view_of(run), sums_of(run), duration(run.created_at, run.finished_at)) for run in runs],
        "days": chosen,
        "periods": [(n, words[n], counts[f"days_{n}"]) for n in _PERIODS],
        "troubled": counts["troubled"],
        "only_issues": only_troubled,
        "newest": _newest(newest) if newest is not None else None,
        "calls_today": calls_today(connection.administration),
        "night": f"{settings.BOEKBRUG_NIGHTLY_HOUR:02d}:00",
    }


def _newest(run: SyncRun) -> dict[str, Any]:
    """The newest finished run of those shown, told in full beside the list."""
    view = view_of(run)
    return {
        "view": view,
        "title": _("Run of %(when)s") % {"when": moment(run.created_at)},
        "report": report_of(run),
        "calls": calls_words(run),
    }
