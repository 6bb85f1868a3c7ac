"""Issues: one per cause, with what it holds up and what to do. They close by themselves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from config.admin.links import change_url, link, list_url
from config.admin.lists import View
from config.figures import moment
from config.states import state_label

from ..models import Connection, Issue
from .causes import MOST_CAUSES, by_weight, held_by, views_of, who_acts
from .filters import ConnectionFilter
from .postings import ReadOnlyAdmin
from .words import problem_of_issue, tool_label

ALL_DOCUMENTS = 100
SHOWN_ISSUES = 50
CLOSED_DAYS = 90
_NEEDS = {"you": _("Needs you"), "accountant": _("Needs the accountant")}


@dataclass(frozen=True, slots=True)
class Chip:
    title: str | Promise
    query: str
    count: int
    active: bool


def issues_of_connection(request: HttpRequest, connection: Connection, wanted: str) -> dict[str, Any]:
    """What the section of a connection shows: `wanted` is a view of the chips, or empty for all that is open."""
    rows = connection.issues.select_related("connection__entity", "connection__administration", "party")
    since = timezone.now() - timedelta(days=CLOSED_DAYS)
    opened = list(rows.open().order_by("-count", "-last_seen_at")[:MOST_CAUSES])
    closed = connection.issues.filter(resolved_at__gte=since)
    who = who_acts(opened)
    chips = [Chip(_("Open"), "?", len(opened), wanted not in (*_NEEDS, "closed"))]
    chips += [
        Chip(title, f"?view={key}", list(who.values()).count(key), wanted == key) for key, title in _NEEDS.items()
    ]
    chips.append(Chip(_("Closed in 90 days"), "?view=closed", closed.count(), wanted == "closed"))
    if wanted == "closed":
        newest = rows.filter(resolved_at__gte=since).order_by("-resolved_at")
        chosen, held = list(newest[:SHOWN_ISSUES]), {}
        views = views_of(chosen, reader=request.user)
    else:
        chosen = [issue for issue in opened if wanted not in _NEEDS or who[issue.pk] == wanted]
        held = held_by(chosen)
        views = views_of(by_weight(chosen, held)[:SHOWN_ISSUES], reader=request.user, held=held)
    total = next(chip.count for chip in chips if chip.active)
    return {
        "views": views,
        "chips": chips,
        "closed": wanted == "closed",
        "left_out": max(total - len(views), 0),
        "all_url": list_url(Issue, connection__id__exact=connection.pk, **({"view": wanted} if wanted else {})),
        "last_run": connection.runs.order_by("-pk").first(),
    }


@admin.register(Issue)
class IssueAdmin(ReadOnlyAdmin):
    list_display = ["cause", "connection_words", "documents", "first", "last", "state_words"]
    list_filter = [ConnectionFilter]
    list_select_related = ["connection__entity"]
    ordering = ["-count", "-last_seen_at"]
    empty_title = _("No issues")
    empty_text = _("What a sync cannot do by itself appears here, one entry per cause.")

    def get_views(self, request: HttpRequest) -> list[View]:
        needs = _needs(request)
        return [
            View(
                key="", title=_("Open"), condition=Q(resolved_at__isnull=True),
                empty_title=_("No open issues"), empty_text=_("An issue closes by itself when its cause is gone."),
            ),
            View(key="you", title=_NEEDS["you"], condition=needs["you"], empty_title=_("Nothing needs you")),
            View(
                key="accountant", title=_NEEDS["accountant"], condition=needs["accountant"],
                empty_title=_("Nothing needs the accountant"),
            ),
            View(key="closed", title=_("Closed"), condition=Q(resolved_at__isnull=False), empty_title=_("No closed issues")),
            View(key="all", title=_("All")),
        ]  # fmt: skip

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The page of one issue with all that it holds up."""
        issue: Issue = self.row(request, object_id)
        view = views_of([issue], reader=request.user, shown=ALL_DOCUMENTS)[0]
        context = {
            **self.admin_site.each_context(request),
            "title": view.problem.headline or view.problem.sentence,
            "back_url": list_url(Issue),
            "view": view,
            "issue": issue,
            "connection_url": change_url(issue.connection),
            "tool": tool_label(issue.connection.tool),
        }
        return TemplateResponse(request, "admin/integrations/issue.html", context)

    @admin.display(description=_("cause"))
    def cause(self, issue: Issue) -> str:
        return problem_of_issue(issue).headline

    @admin.display(description=_("connection"))
    def connection_words(self, issue: Issue) -> SafeString:
        return link(change_url(issue.connection), f"{issue.connection.entity}, {tool_label(issue.connection.tool)}")

    @admin.display(description=_("documents"), ordering="count")
    def documents(self, issue: Issue) -> int:
        return issue.count

    @admin.display(description=_("first seen"), ordering="first_seen_at")
    def first(self, issue: Issue) -> str:
        return moment(issue.first_seen_at)

    @admin.display(description=_("last seen"), ordering="last_seen_at")
    def last(self, issue: Issue) -> str:
        return moment(issue.last_seen_at)

    @admin.display(description=_("state"), ordering="resolved_at")
    def state_words(self, issue: Issue) -> SafeString:
        return state_label("issue", "open" if issue.resolved_at is None else "closed")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        loaded = super().get_queryset(request)
        return loaded.select_related("connection__entity", "connection__administration", "party")


def _needs(request: HttpRequest) -> dict[str, Q]:
    """The open issues by who has to act, as conditions; read once per request, since a list asks several times."""
    kept: dict[str, Q] | None = getattr(request, "_issue_needs", None)
    if kept is None:
        rows = Issue.objects.open().select_related("connection__entity").order_by("-count", "-last_seen_at")
        who = who_acts(rows[:MOST_CAUSES])
        kept = {need: Q(pk__in=[pk for pk, acts in who.items() if acts == need]) for need in _NEEDS}
        request._issue_needs = kept  # type: ignore[attr-defined]
    return kept
