"""Issues: one per cause, with what it holds up and what to do. They close by themselves."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from config.admin.links import change_url, link, list_url
from config.admin.lists import View
from config.admin.places import document_url, party_link
from config.figures import moment
from config.states import state_label
from invoicing.models import SalesDocument

from ..messages import ProblemText
from ..models import Issue, Posting
from .filters import ConnectionFilter
from .postings import ReadOnlyAdmin
from .words import FixLink, fix_of_issue, problem_of_issue, tool_label

SHOWN_DOCUMENTS = 3
ALL_DOCUMENTS = 100


@dataclass(slots=True)
class IssueView:
    """An issue in words, with the documents that it holds up."""

    issue: Issue
    problem: ProblemText
    effect: str
    documents: list[dict[str, Any]] = field(default_factory=list)
    more: int = 0
    held: dict[str, Decimal] = field(default_factory=dict)  # currency -> amount held up
    url: str = ""
    fix: FixLink | None = None
    party: SafeString | str = ""


def effect_words(issue: Issue) -> str:
    """What the issue does: "Blocks 6 documents"."""
    if issue.resolved_at is not None:
        return str(_("Closed"))
    if not issue.count:
        return str(_("To know"))
    return ngettext("Holds up %(n)d document", "Holds up %(n)d documents", issue.count) % {"n": issue.count}


def views_of(issues: Sequence[Issue], *, shown: int = SHOWN_DOCUMENTS) -> list[IssueView]:
    """Return the issues with their documents, the one that holds up most first; two queries for any number."""
    postings: dict[int, list[Posting]] = defaultdict(list)
    rows = Posting.objects.filter(issue__in=[issue.pk for issue in issues]).select_related("sales_document__party")
    for posting in rows.order_by("pk"):
        postings[posting.issue_id or 0].append(posting)
    views = [_view(issue, postings[issue.pk], shown) for issue in issues]
    return sorted(views, key=lambda view: sum(view.held.values(), Decimal(0)), reverse=True)


def _view(issue: Issue, postings: Sequence[Posting], shown: int) -> IssueView:
    problem = problem_of_issue(issue)
    view = IssueView(
        issue, problem, effect_words(issue), url=change_url(issue), fix=fix_of_issue(issue, problem, postings)
    )
    for posting in postings:
        document = posting.sales_document
        if document is None:
            continue
        view.held[document.currency] = view.held.get(document.currency, Decimal(0)) + document.total
        if len(view.documents) < shown:
            view.documents.append(_document(document))
    view.more = max(len(postings) - len(view.documents), 0)
    if issue.party is not None:
        view.party = party_link(issue.party)
    return view


def _document(document: SalesDocument) -> dict[str, Any]:
    return {"document": document, "url": document_url(document), "customer": document.buyer_name or str(document.party)}


@admin.register(Issue)
class IssueAdmin(ReadOnlyAdmin):
    list_display = ["cause", "connection_words", "documents", "first", "last", "state_words"]
    list_filter = [ConnectionFilter]
    list_select_related = ["connection__entity"]
    ordering = ["-count", "-last_seen_at"]
    empty_title = _("No issues")
    empty_text = _("What a sync cannot do by itself appears here, one entry per cause.")

    def get_views(self, request: HttpRequest) -> list[View]:
        return [
            View(
                key="", title=_("Open"), condition=Q(resolved_at__isnull=True),
                empty_title=_("No open issues"), empty_text=_("An issue closes by itself when its cause is gone."),
            ),
            View(key="closed", title=_("Closed"), condition=Q(resolved_at__isnull=False), empty_title=_("No closed issues")),
            View(key="all", title=_("All")),
        ]  # fmt: skip

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The page of one issue with all that it holds up."""
        issue: Issue = self.row(request, object_id)
        view = views_of([issue], shown=ALL_DOCUMENTS)[0]
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
        return super().get_queryset(request).select_related("connection__entity", "party")
