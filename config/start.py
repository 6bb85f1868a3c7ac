"""The start page: how it is, what a person must do, and each entity on one line. Figures come from our own tables."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Count, Max, Q, Sum
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config.admin.links import change_url, list_url
from integrations import standing
from integrations.admin.issues import effect_words
from integrations.admin.progress import view_of
from integrations.admin.words import problem_of_connection, problem_of_issue, tool_label
from integrations.models import IN_BOOKS, Connection, ConnectionStatus, Issue, Posting, PostingState, SyncRun
from invoicing.admin.columns import LONG_OPEN_DAYS
from invoicing.models import CompanyEntity, Invoice, PaymentState, SalesDocument, SalesKind

MOST_TO_DO = 6


@dataclass(frozen=True, slots=True)
class Figure:
    words: str | Promise
    count: int
    amounts: tuple[tuple[str, Decimal], ...]  # currency, sum
    url: str
    mark: str  # class of the coloured dot


@dataclass(slots=True)
class EntityRow:
    entity: CompanyEntity
    url: str
    connection: Connection | None = None
    connection_url: str = ""
    tool: str = ""
    waiting: int = 0
    held: int = 0
    posted: int = 0
    paid: int = 0
    issues: int = 0
    issues_url: str = ""
    run: Any = None


@dataclass(frozen=True, slots=True)
class Task:
    words: str
    detail: str
    url: str
    icon: str
    mark: str


@dataclass(frozen=True, slots=True)
class Step:
    """A step of a fresh installation."""

    words: str
    detail: str
    url: str
    done: bool


@dataclass(slots=True)
class Start:
    figures: list[Figure] = field(default_factory=list)
    rows: list[EntityRow] = field(default_factory=list)
    tasks: list[Task] = field(default_factory=list)
    steps: list[Step] = field(default_factory=list)


def dashboard(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add what the start page shows to Unfold's context."""
    start = Start()
    may_see = request.user.has_perm("invoicing.view_invoice") and request.user.has_perm("integrations.view_posting")
    if may_see:
        connections = list(Connection.objects.live().select_related("entity", "administration"))
        start.steps = _steps(request, connections)
        if not start.steps:
            first = timezone.localdate().replace(day=1)
            start.figures = _figures(first)
            start.rows = _rows(connections, first)
            start.tasks = _tasks(request, connections)[:MOST_TO_DO]
    return {**context, "title": _("Start"), "start": start, "may_see": may_see}


def _sums(rows: Any) -> tuple[int, tuple[tuple[str, Decimal], ...]]:
    """Count and signed sum per currency of documents: credit notes count against invoices."""
    found: dict[str, Decimal] = {}
    count = 0
    for row in rows.order_by().values("currency", "kind").annotate(n=Count("pk", distinct=True), amount=Sum("total")):
        count += row["n"]
        sign = -1 if row["kind"] == SalesKind.CREDIT_NOTE else 1
        found[row["currency"]] = found.get(row["currency"], Decimal(0)) + sign * row["amount"]
    return count, tuple(sorted(found.items()))


def _documents(states: Any, **conditions: Any) -> Any:
    ids = Posting.objects.filter(state__in=states, **conditions).values("sales_document")
    return SalesDocument.objects.filter(pk__in=ids)


def _figures(first: date) -> list[Figure]:
    today = timezone.localdate()
    month = date_format(first, "F")
    booked = SalesDocument.objects.booked()
    unpaid = booked.filter(kind=SalesKind.INVOICE).exclude(payment_state=PaymentState.PAID)
    long_open = unpaid.filter(date__lt=today - timedelta(days=LONG_OPEN_DAYS))
    midnight = timezone.make_aware(datetime.combine(first, time.min))
    paid = booked.filter(payment_state=PaymentState.PAID, paid_on__gte=first, kind=SalesKind.INVOICE)
    postings = reverse("admin:integrations_posting_changelist")
    invoices = reverse("admin:invoicing_invoice_changelist")
    held = (PostingState.BLOCKED, PostingState.REFUSED)
    return [
        Figure(
            _("Waiting"),
            *_sums(SalesDocument.objects.filter(standing.waiting())),
            f"{invoices}?posting=waiting",
            "bb-c-idle",
        ),
        Figure(_("Blocked"), *_sums(_documents(held)), f"{postings}?view=held", "bb-c-warn"),
        Figure(
            _("Posted in %(month)s") % {"month": month},
            *_sums(_documents(IN_BOOKS, posted_at__gte=midnight)),
            f"{postings}?view=posted&posted_at_from_0={first.isoformat()}",
            "bb-c-posted",
        ),
        Figure(
            _("Paid in %(month)s") % {"month": month},
            *_sums(paid),
            f"{invoices}?payment_state__exact=paid",
            "bb-c-paid",
        ),
        Figure(_("Open over 30 days"), *_sums(long_open), f"{invoices}?view=open-long", ""),
    ]


def _rows(connections: list[Connection], first: date) -> list[EntityRow]:
    """One row per entity, those with trouble first; a constant number of queries."""
    by_entity = {connection.entity_id: connection for connection in connections}
    midnight = timezone.make_aware(datetime.combine(first, time.min))
    held = [PostingState.BLOCKED, PostingState.REFUSED, PostingState.UNCLEAR, PostingState.GONE]
    counts = {
        row["connection"]: row
        for row in Posting.objects.values("connection").annotate(
            held=Count("pk", filter=Q(state__in=held)),
            posted=Count("pk", filter=Q(state__in=IN_BOOKS, posted_at__gte=midnight)),
        )
    }
    waiting = dict(
        SalesDocument.objects.filter(standing.waiting()).values_list("entity").annotate(n=Count("pk")).order_by()
    )
    paid = dict(
        SalesDocument.objects.booked()
        .filter(payment_state=PaymentState.PAID, paid_on__gte=first)
        .values_list("entity")
        .annotate(n=Count("pk"))
        .order_by()
    )
    issues = dict(Issue.objects.open().values_list("connection").annotate(n=Count("pk")).order_by())
    newest = SyncRun.objects.values("connection").annotate(last=Max("pk")).values("last")
    runs = {
        run.connection_id: run
        for run in SyncRun.objects.filter(pk__in=newest).select_related("connection__entity", "started_by")
    }
    rows = []
    for entity in CompanyEntity.objects.order_by("name"):
        row = EntityRow(entity, change_url(entity), paid=paid.get(entity.pk, 0))
        connection = by_entity.get(entity.pk)
        if connection is not None:
            found: Any = counts.get(connection.pk, {})
            row.connection, row.tool, row.connection_url = (
                connection,
                tool_label(connection.tool),
                change_url(connection),
            )
            row.waiting = waiting.get(entity.pk, 0)
            row.held, row.posted = found.get("held", 0), found.get("posted", 0)
            row.issues = issues.get(connection.pk, 0)
            row.issues_url = reverse("admin:integrations_connection_issues", args=[connection.pk])
            row.run = view_of(runs[connection.pk]) if connection.pk in runs else None
        rows.append(row)
    return sorted(rows, key=_trouble)


def _trouble(row: EntityRow) -> tuple[bool, bool, str]:
    broken = row.connection is not None and row.connection.status == ConnectionStatus.RECONNECT_NEEDED
    return (not broken, not row.held, row.entity.name)


def _tasks(request: HttpRequest, connections: list[Connection]) -> list[Task]:
    """What is to be done next, hardest first, for all who may see it: some of it only the accountant can do."""
    may_connect = request.user.has_perm("integrations.change_connection")
    found: list[Task] = []
    for connection in connections:
        tool = {"tool": tool_label(connection.tool), "entity": connection.entity}
        if connection.status == ConnectionStatus.RECONNECT_NEEDED and may_connect:
            problem = problem_of_connection(connection)
            words = _("Sign in to %(tool)s again") % tool
            found.append(
                Task(
                    words,
                    f"{connection.entity}. {problem.sentence}" if problem else str(connection.entity),
                    change_url(connection),
                    "link_off",
                    "bb-c-bad",
                )
            )
        elif connection.status in (ConnectionStatus.CONNECTING, ConnectionStatus.CONFIGURATION_NEEDED) and may_connect:
            words = _("Finish the set-up of %(entity)s") % tool
            found.append(Task(words, str(tool["tool"]), change_url(connection), "build", "bb-c-warn"))
    may_see_issues = request.user.has_perm("integrations.view_issue")
    issues = (
        Issue.objects.open()
        .filter(connection__in=connections if may_see_issues else [])
        .select_related("connection__entity")
        .order_by("-count", "pk")
    )
    for issue in issues[:MOST_TO_DO]:
        found.append(_task_of(issue))
    drafts = Invoice.objects.filter(status="draft").count()
    if drafts and request.user.has_perm("invoicing.change_invoice"):
        words = ngettext("Book %(n)d draft", "Book %(n)d drafts", drafts) % {"n": drafts}
        found.append(
            Task(
                words,
                _("Drafts have no number and are not sent."),
                list_url(Invoice, view="drafts"),
                "edit",
                "bb-c-idle",
            )
        )
    return found


def _task_of(issue: Issue) -> Task:
    problem = problem_of_issue(issue)
    detail = f"{effect_words(issue)}, {issue.connection.entity}"
    return Task(problem.headline or problem.sentence, detail, change_url(issue), "front_hand", "bb-c-warn")


def _steps(request: HttpRequest, connections: list[Connection]) -> list[Step]:
    """The four steps of a fresh installation; none once something was posted or all are done."""
    if Posting.objects.exists():
        return []
    entity = CompanyEntity.objects.exists()
    booked = SalesDocument.objects.booked().exists()
    connected = any(connection.status == ConnectionStatus.CONNECTED for connection in connections)
    started = SyncRun.objects.exists()
    if entity and booked and connected and started:
        return []
    first_connection = change_url(connections[0]) if connections else reverse("admin:integrations_connection_add")
    return [
        Step(
            _("Add your company"),
            _("Name, VAT number, and a fiscal year for the numbers."),
            reverse("admin:invoicing_companyentity_changelist"),
            entity,
        ),
        Step(
            _("Book a first invoice"),
            _("It gets its number and no longer changes."),
            reverse("admin:invoicing_invoice_changelist"),
            booked,
        ),
        Step(
            _("Connect the bookkeeping"),
            _("Sign in, choose the administration, link the VAT codes."),
            first_connection,
            connected,
        ),
        Step(
            _("Start the first sync"),
            _("Preview shows what will be sent before anything is."),
            first_connection,
            started,
        ),
    ]
