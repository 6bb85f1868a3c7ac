"""What the start page shows, put together: the first steps of a fresh installation, or figures, entities, chart, tasks."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from typing import Any

from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from integrations.admin.module import Closed, closed_for
from integrations.models import Connection, ConnectionStatus

from .beginning import Step, steps_of
from .chart import Chart, Sums, chart_of, months_until, sums_since
from .entities import Entities, entities_of
from .figures import Figure, figures_of
from .tallies import Tallies, is_large, kept, tallies
from .tasks import Task, nothing_words, tasks_of


@dataclass(slots=True)
class Start:
    figures: list[Figure] = field(default_factory=list)
    entities: Entities | None = None
    chart: Chart | None = None
    tasks: list[Task] = field(default_factory=list)
    nothing: str = ""
    steps: list[Step] = field(default_factory=list)
    next_step: Step | None = None
    is_connected: bool = False
    closed: Closed | None = None


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add what the start page shows to Unfold's context."""
    start = Start()
    may_see = request.user.has_perm("invoicing.view_invoice") and request.user.has_perm("integrations.view_posting")
    if may_see:
        start.closed = closed_for(request)
        connections = list(Connection.objects.live().select_related("entity", "administration"))
        start.steps = steps_of(request, connections)
        start.next_step = next((step for step in start.steps if not step.done and step.url), None)
        start.is_connected = any(row.status == ConnectionStatus.CONNECTED for row in connections)
        if not start.steps:
            _fill(request, start, connections)
    return {**context, "title": _("Start"), "start": start, "may_see": may_see}


def _fill(request: HttpRequest, start: Start, connections: list[Connection]) -> None:
    today = timezone.localdate()
    months = months_until(today)
    found, posted, paid = _counted(today, months)
    start.figures = figures_of(request, found, months[-1])
    start.entities = entities_of(request, connections, found)
    start.chart = chart_of(months, posted, paid)
    start.tasks = tasks_of(request, connections)
    start.nothing = "" if start.tasks else nothing_words(connections)


def _counted(today: date, months: list[date]) -> tuple[Tallies, Sums, Sums]:
    """All that is counted over documents; in a large installation not for every page anew."""

    def count() -> tuple[Tallies, Sums, Sums]:
        end = date(today.year + today.month // 12, today.month % 12 + 1, 1)
        return tallies(months[-1]), *sums_since(months[0], end)

    return kept("figures", today, count) if is_large() else count()
