"""Postings: where each document stands on its way into the books, and what a person may decide about it."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from unfold.contrib.filters.admin import ChoicesDropdownFilter, RangeDateTimeFilter
from unfold.views import ChangeList

from config.admin.links import change_url, link, list_url, next_url
from config.admin.lists import BookkeepingAdmin, PagedChangeList, View
from config.admin.places import document_link, document_url, other_party_of
from config.figures import amount, moment
from config.states import state_label
from crm.admin.searching import customer_condition
from invoicing.admin.booking import person

from .. import services
from ..base.errors import IntegrationError
from ..models import IN_BOOKS, Issue, Posting, PostingState
from .books_panel import CHANGE, candidate_of, is_held_by_pause, notes_of, totals_words, verb_urls
from .filters import ConnectionFilter
from .naming import give_names
from .words import fix_for, fix_of_posting, problem_of_posting, tool_label


class NamingList(PagedChangeList):
    """A list whose rows tell problems: what these store as keys is named for the whole page at once."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        give_names(self.result_list)


class ReadOnlyAdmin(BookkeepingAdmin):
    """Rows that only the sync writes: looked at, never typed."""

    show_add_link = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return NamingList if self.model in (Issue, Posting) else super().get_changelist(request, **kwargs)

    def row(self, request: HttpRequest, object_id: str) -> Any:
        """The row of an own page. Http404, PermissionDenied."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        found = self.get_queryset(request).filter(pk=object_id).first() if object_id.isdigit() else None
        if found is None:
            raise Http404
        return found


@admin.register(Posting)
class PostingAdmin(ReadOnlyAdmin):
    list_display = [
        "number_of_document",
        "document",
        "other_party",
        "total",
        "place",
        "state_words",
        "reason",
        "posted",
    ]
    list_filter = [
        ("state", ChoicesDropdownFilter),
        ConnectionFilter,
        ("posted_at", RangeDateTimeFilter),
    ]
    list_select_related = [
        "connection__entity",
        "sales_document__party",
        "purchase_document__supplier",
        "administration",
        "issue",
    ]
    search_fields = ["reference"]
    search_help_text = _("Number here or in the tool, or name of the customer or supplier")
    shows_progress = True
    empty_title = _("No postings yet")
    empty_text = _("A posting appears for each booked document in scope with the first sync of a connection.")

    def get_views(self, request: HttpRequest) -> list[View]:
        held = [
            PostingState.BLOCKED,
            PostingState.REFUSED,
            PostingState.UNCLEAR,
            PostingState.DIFFERS,
            PostingState.GONE,
        ]
        return [
            View(key="", title=_("All")),
            View(key="waiting", title=_("Waiting"), condition=Q(state=PostingState.WAITING), empty_title=_("Nothing waits")),
            View(
                key="held", title=_("Needs a person"), condition=Q(state__in=held),
                empty_title=_("Nothing is blocked"), empty_text=_("Every document is in the books or waits for the next sync."),
            ),
            View(key="posted", title=_("Posted"), condition=Q(state__in=IN_BOOKS), empty_title=_("Nothing is posted yet")),
            View(key="excluded", title=_("Excluded"), condition=Q(state=PostingState.EXCLUDED), empty_title=_("Nothing is excluded")),
        ]  # fmt: skip

    def as_rows(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        document = [f"sales_document__{name}" for name in ("seller_snapshot", "buyer_snapshot", "note")]
        purchase = [f"purchase_document__{name}" for name in ("supplier_snapshot", "findings", "note", "payment_terms")]
        return rows.defer("tool_totals", "notes", *document, *purchase)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = search_term.strip()
        if not term:
            return queryset, False
        kept: dict[str, Q] = request.__dict__.setdefault("_sought_postings", {})
        if term not in kept:
            by_number = Q(reference__startswith=term) | Q(number__startswith=term) | Q(external_id=term)
            by_customer = customer_condition(request, term, "sales_document__party")
            by_supplier = customer_condition(request, term, "purchase_document__supplier")
            if by_customer is not None and by_supplier is not None:
                by_customer |= by_supplier
            # Across the join to the document no index serves both; a term nearly always fits one of them.
            is_number = by_customer is None or Posting.objects.filter(by_number).exists()
            kept[term] = by_number if is_number else Q()
            if by_customer is not None:
                kept[term] |= by_customer
        return queryset.filter(kept[term]), False

    def get_urls(self) -> list[URLPattern]:
        verbs = {
            "retry": self._retry, "include": self._include, "exclude": self._exclude, "link": self._link,
            "send_again": self._send_again, "send_unseen": self._send_unseen, "refresh": self._refresh,
            "other": self._other, "attach_again": self._attach_again,
        }  # fmt: skip
        own = [
            path(
                f"<int:pk>/{name.replace('_', '-')}/",
                self.admin_site.admin_view(require_POST(self._view_of(verb))),
                name=f"integrations_posting_{name}",
            )
            for name, verb in verbs.items()
        ]
        return [*own, *super().get_urls()]

    def _view_of(self, verb: Any) -> Any:
        """Wrap a verb: rights, the row, its refusal as a message, and back to where the form stood."""

        def view(request: HttpRequest, pk: int) -> HttpResponse:
            posting = self.row(request, str(pk))
            if not request.user.has_perm(CHANGE):
                raise PermissionDenied
            try:
                messages.success(request, verb(request, posting))
            except (services.PostingError, services.ConnectError) as error:
                messages.error(request, str(error))
            except IntegrationError:
                words = gettext("%(tool)s did not answer. Nothing was changed; try again later.")
                messages.error(request, words % {"tool": tool_label(posting.connection.tool)})
            return HttpResponseRedirect(next_url(request, change_url(posting)))

        return view

    def _retry(self, request: HttpRequest, posting: Posting) -> str:
        services.retry(posting=posting, user=person(request))
        return gettext("%(document)s is offered again with the next sync.") % {"document": posting.number_of_document}

    def _include(self, request: HttpRequest, posting: Posting) -> str:
        services.include(posting=posting, user=person(request))
        return gettext("%(document)s is no longer excluded.") % {"document": posting.number_of_document}

    def _exclude(self, request: HttpRequest, posting: Posting) -> str:
        services.exclude(posting=posting, reason=request.POST.get("reason", ""), user=person(request))
        return gettext("%(document)s is excluded from the sync.") % {"document": posting.number_of_document}

    def _send_again(self, request: HttpRequest, posting: Posting) -> str:
        services.send_again(posting=posting, user=person(request))
        return gettext("%(document)s is sent again with the next sync.") % {"document": posting.number_of_document}

    def _send_unseen(self, request: HttpRequest, posting: Posting) -> str:
        services.send_unseen(posting=posting, user=person(request))
        return gettext("%(document)s is sent again with the next sync.") % {"document": posting.number_of_document}

    def _attach_again(self, request: HttpRequest, posting: Posting) -> str:
        services.attach_again(posting=posting, user=person(request))
        return gettext("The files of %(document)s go along with the next sync.") % {"document": posting}

    def _link(self, request: HttpRequest, posting: Posting) -> str:
        external_id = request.POST.get("external_id", "").strip()[:150]
        if not external_id:
            raise services.PostingError(gettext("Fill in the ID of the booking."))
        linked = services.link_to_existing(posting=posting, external_id=external_id, user=person(request))
        if linked.state == PostingState.DIFFERS:
            return gettext("%(document)s is linked; the totals there differ from ours.") % {
                "document": posting.number_of_document
            }
        return gettext("%(document)s is linked to the booking that stands there.") % {
            "document": posting.number_of_document
        }

    def _other(self, request: HttpRequest, posting: Posting) -> str:
        external_id = request.POST.get("external_id", "").strip()[:60]
        services.not_the_same(posting=posting, external_id=external_id, user=person(request))
        return gettext("%(document)s goes to the books with the next sync, beside the other booking.") % {
            "document": posting.number_of_document
        }

    def _refresh(self, request: HttpRequest, posting: Posting) -> str:
        tool = {"document": posting.number_of_document, "tool": tool_label(posting.connection.tool)}
        match services.refresh_from_tool(posting=posting, user=person(request)):
            case "found":
                return gettext("%(document)s stands in %(tool)s.") % tool
            case "gone":
                return gettext("%(document)s no longer stands in %(tool)s.") % tool
        return gettext("%(tool)s could not say whether %(document)s stands there.") % tool

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The page of one posting."""
        posting: Posting = self.row(request, object_id)
        give_names([posting])
        document = posting.document
        problem = problem_of_posting(posting)
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Posting of %(reference)s") % {"reference": posting.number_of_document},
            "back_url": list_url(Posting),
            "posting": posting,
            "document": document,
            "document_link": document_link(document),
            "other_party": other_party_of(document),
            "problem": problem,
            "fix": fix_for(request.user, fix_of_posting(posting, problem)),
            "tool": tool_label(posting.connection.tool),
            "totals_words": totals_words(posting),
            "connection_url": change_url(posting.connection),
            "issue_url": change_url(posting.issue) if posting.issue is not None else "",
            "switched_off": is_held_by_pause(posting),
            "notes": notes_of(posting),
            "urls": verb_urls(request, posting),
            "candidate": candidate_of(request, posting),
            "settlements": list(posting.settlement_items.filter(deleted=False).order_by("pk")[:50]),
        }
        return TemplateResponse(request, "admin/integrations/posting.html", context)

    @admin.display(description=_("number"), ordering="reference")
    def number_of_document(self, posting: Posting) -> str:
        return posting.number_of_document

    @admin.display(description=_("customer or supplier"))
    def other_party(self, posting: Posting) -> str:
        return other_party_of(posting.document)

    @admin.display(description=_("document"))
    def document(self, posting: Posting) -> SafeString | str:
        return link(document_url(posting.document), posting.document.get_kind_display())

    @admin.display(description=_("total"))
    def total(self, posting: Posting) -> str:
        document = posting.document
        return amount(document.total, "" if document.currency == "EUR" else document.currency)

    @admin.display(description=_("in the tool"))
    def place(self, posting: Posting) -> str:
        return " ".join(part for part in (posting.journal, posting.number) if part) or "–"

    @admin.display(description=_("state"), ordering="state")
    def state_words(self, posting: Posting) -> SafeString:
        return state_label("posting", posting.label)

    @admin.display(description=_("reason"))
    def reason(self, posting: Posting) -> SafeString | str:
        problem = problem_of_posting(posting)
        if problem is None:
            return ""
        words = format_html(
            '<span class="bb-clip" title="{}">{}</span>', problem.sentence, problem.headline or problem.sentence
        )
        return link(change_url(posting.issue), words) if posting.issue is not None else words

    @admin.display(description=_("posted"), ordering="posted_at")
    def posted(self, posting: Posting) -> str:
        return moment(posting.posted_at)
