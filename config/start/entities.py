"""Each entity on one line: its tool, its figures of this month, its last run and its open issues."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Count, Max
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from config.admin.links import change_url
from config.figures import moment, percentage
from config.states import label_for
from integrations.admin.progress import RunView, loaded, view_of
from integrations.admin.words import tool_label
from integrations.models import Connection, ConnectionStatus, Issue, SyncRun
from invoicing.models import CompanyEntity

from .tallies import Tallies

# More of them, and only those that need somebody most are shown until all are asked for.
SHOWN_ROWS = 8
NOT_SET_UP = (ConnectionStatus.CONNECTING, ConnectionStatus.CONFIGURATION_NEEDED)


@dataclass(slots=True)
class EntityRow:
    entity: CompanyEntity
    url: str
    connection: Connection | None = None
    connection_url: str = ""
    tool: str = ""
    counted: bool = False  # whether the figures say anything: there is a connection that is set up
    waiting: int = 0
    blocked: int = 0
    posted: int = 0
    paid: int = 0
    issues: int = 0
    issues_url: str = ""
    run_url: str = ""
    run_words: str = ""


@dataclass(frozen=True, slots=True)
class Entities:
    rows: list[EntityRow]
    total: int

    @property
    def is_cut(self) -> bool:
        return self.total > len(self.rows)


def entities_of(request: HttpRequest, connections: list[Connection], found: Tallies) -> Entities:
    """One row per entity, those with trouble first; a constant number of queries."""
    # An entity that is not connected now shows its last connection, whose postings are still counted.
    former = Connection.objects.filter(status=ConnectionStatus.DEACTIVATED, administration__isnull=False)
    by_entity = {connection.entity_id: connection for connection in former.order_by("pk")}
    by_entity |= {connection.entity_id: connection for connection in connections}
    issues = dict(Issue.objects.open().values_list("connection").annotate(n=Count("pk")).order_by())
    newest = SyncRun.objects.filter(connection__in=list(by_entity.values())).order_by().values("connection")
    runs = {
        run.connection_id: view_of(run)
        for run in loaded(SyncRun.objects.filter(pk__in=newest.annotate(last=Max("pk")).values("last")))
    }
    rows = []
    for entity in CompanyEntity.objects.order_by("name"):
        row = EntityRow(entity, change_url(entity))
        connection = by_entity.get(entity.pk)
        if connection is not None:
            _fill(row, connection, found, issues.get(connection.pk, 0), runs.get(connection.pk))
        rows.append(row)
    rows.sort(key=_trouble)
    everything = request.GET.get("entities") == "all"
    return Entities(rows if everything else rows[:SHOWN_ROWS], len(rows))


def _fill(row: EntityRow, connection: Connection, found: Tallies, issues: int, run: RunView | None) -> None:
    row.connection, row.connection_url = connection, change_url(connection)
    row.tool = tool_label(connection.tool)
    row.counted = connection.status not in NOT_SET_UP
    entity = connection.entity_id
    row.waiting = found.waiting.count(entity=entity) + found.expenses_waiting.count(entity=entity)
    row.blocked = found.blocked.count(entity=entity) + found.expenses_blocked.count(entity=entity)
    row.posted, row.paid = found.posted.count(entity=entity), found.paid.count(entity=entity)
    row.issues = issues
    row.issues_url = reverse("admin:integrations_connection_issues", args=[connection.pk])
    if run is not None:
        row.run_url, row.run_words = run.url, run_words(run)


def run_words(run: RunView) -> str:
    """The last run in a few words: "Running, 57%", "Stopped, today 02:14"."""
    word = str(label_for("run", run.state).word)
    if not run.is_finished:
        share = percentage(Decimal(run.answered * 100 // run.to_send)) if run.to_send else ""
        return f"{word}, {share}" if share else word
    return _("%(result)s, %(when)s") % {"result": word, "when": moment(run.run.created_at)}


def _trouble(row: EntityRow) -> tuple[bool, bool, bool, str]:
    """What sorts the rows: lost connections, what is blocked, set-ups to finish, then names."""
    status = row.connection.status if row.connection is not None else ""
    return (status != ConnectionStatus.RECONNECT_NEEDED, not row.blocked, status not in NOT_SET_UP, row.entity.name)
