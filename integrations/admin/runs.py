"""Runs of the sync: a list, and the page of one run."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RangeDateTimeFilter

from config.admin.links import change_url, link, list_url
from config.admin.lists import View
from config.figures import duration, moment
from config.states import state_label
from crm.models import Company, Contact, Tag

from ..models import RunState, SyncRun
from .filters import ConnectionFilter
from .postings import ReadOnlyAdmin
from .progress import loaded, progress_of, starter_of, view_of
from .report import calls_words, report_of
from .words import problem_of_run, tool_label

SHOWN_CALLS = 50


_FACTS = {
    "VAT number": _("VAT number"),
    "enterprise number": _("enterprise number"),
    "name and postcode": _("name and postcode"),
    "name": _("name"),
}


def _doubtful(run: SyncRun) -> list[dict[str, Any]]:
    """The relations that an import left to a person, as far as their names were kept."""
    named: list[list[str]] = run.cursor.get("import", {}).get("doubtful", [])
    return [{"relation": relation, "fits": fits, "fact": _FACTS.get(fact, fact)} for relation, fits, fact in named]


def _imported_url(run: SyncRun, model: type[Company | Contact]) -> str:
    """The companies or contacts with the tag of this tool's imports; all of them while there is none."""
    tag = Tag.objects.filter(name__iexact=f"{tool_label(run.connection.tool)} Import").first()
    return list_url(model, tags__id__exact=tag.pk) if tag is not None else list_url(model)


@admin.register(SyncRun)
class SyncRunAdmin(ReadOnlyAdmin):
    list_display = [
        "started",
        "connection_words",
        "by",
        "sent",
        "expenses_sent",
        "blocked",
        "payments",
        "took",
        "result",
    ]
    list_filter = [
        ("state", ChoicesDropdownFilter),
        ConnectionFilter,
        ("trigger", ChoicesDropdownFilter),
        ("created_at", RangeDateTimeFilter),
    ]
    list_select_related = ["connection__entity", "started_by"]
    shows_progress = True
    empty_title = _("No run yet")
    empty_text = _("Start the first sync on the page of a connection; Preview shows what will be sent.")

    def get_views(self, request: HttpRequest) -> list[View]:
        return [
            View(key="", title=_("All")),
            View(
                key="issues",
                title=_("With issues"),
                condition=Q(state=RunState.WITH_ISSUES),
                empty_title=_("No run had issues"),
            ),
            View(
                key="stopped",
                title=_("Stopped"),
                condition=Q(state=RunState.STOPPED),
                empty_title=_("No run was stopped"),
            ),
        ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return loaded(super().get_queryset(request))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The page of one run: what it did per item kind, why it stopped, and its calls."""
        run: SyncRun = self.row(request, object_id)
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Run of %(when)s") % {"when": moment(run.created_at)},
            "back_url": list_url(SyncRun),
            "run": run,
            "view": view_of(run),
            "own_progress": progress_of([] if run.is_finished else [run]),
            "problem": problem_of_run(run),
            "report": report_of(run) if run.counters else [],
            "calls_used": calls_words(run),
            "took": duration(run.created_at, run.finished_at),
            "connection_url": change_url(run.connection),
            "tool": tool_label(run.connection.tool),
            "doubtful": _doubtful(run),
            "unread": run.cursor.get("import", {}).get("unread"),
            "imported_url": _imported_url(run, Company),
            "imported_persons_url": _imported_url(run, Contact),
            "issues_url": reverse("admin:integrations_connection_issues", args=[run.connection_id]),
            "calls": list(run.exchanges.order_by("-pk")[:SHOWN_CALLS]),
        }
        return TemplateResponse(request, "admin/integrations/run.html", context)

    @admin.display(description=_("started"), ordering="created_at")
    def started(self, run: SyncRun) -> str:
        return moment(run.created_at)

    @admin.display(description=_("connection"))
    def connection_words(self, run: SyncRun) -> SafeString:
        return link(change_url(run.connection), f"{run.connection.entity}, {tool_label(run.connection.tool)}")

    @admin.display(description=_("by"))
    def by(self, run: SyncRun) -> str:
        return starter_of(run)

    @admin.display(description=_("sent"))
    def sent(self, run: SyncRun) -> int:
        return view_of(run).sales.sent

    @admin.display(description=_("expenses sent"))
    def expenses_sent(self, run: SyncRun) -> int:
        return view_of(run).purchases.sent

    @admin.display(description=_("blocked"))
    def blocked(self, run: SyncRun) -> int:
        view = view_of(run)
        return view.sales.blocked + view.purchases.blocked

    @admin.display(description=_("paid"))
    def payments(self, run: SyncRun) -> int:
        return view_of(run).paid

    @admin.display(description=_("took"))
    def took(self, run: SyncRun) -> str:
        return duration(run.created_at, run.finished_at)

    @admin.display(description=_("result"), ordering="state")
    def result(self, run: SyncRun) -> SafeString:
        problem = problem_of_run(run)
        return state_label("run", run.shown_state, title=problem.sentence if problem is not None else "")
