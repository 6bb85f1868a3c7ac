"""Connections: the list, connecting, and the sections of one connection, each at its own address."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe

from config.admin.links import link, list_url
from config.admin.lists import BookkeepingAdmin, View
from config.figures import day, moment
from config.states import state_label

from ..models import Connection, ConnectionStatus, Issue
from . import connecting, connection_pages, deactivating, previewing, synchronisation, syncing, wizard
from .words import problem_of_connection, tool_label


@admin.register(Connection)
class ConnectionAdmin(BookkeepingAdmin):
    list_display = [
        "entity_words",
        "tool_words",
        "administration",
        "status_words",
        "since",
        "last",
        "automatic",
        "issues",
    ]
    list_filter = ["status", "entity"]
    list_select_related = ["entity", "administration"]
    ordering = ["entity__name", "pk"]
    show_add_link = True
    add_words = _("Connect an entity")
    shows_progress = True
    empty_title = _("Your books are not connected yet")
    empty_text = _("Connect an entity with its bookkeeping tool; its booked invoices then go there by themselves.")

    def get_views(self, request: HttpRequest) -> list[View]:
        wants = [ConnectionStatus.CONNECTING, ConnectionStatus.CONFIGURATION_NEEDED, ConnectionStatus.RECONNECT_NEEDED]
        return [
            View(key="", title=_("All")),
            View(
                key="live",
                title=_("Live"),
                condition=~Q(status=ConnectionStatus.DEACTIVATED),
                empty_title=_("Nothing is connected"),
            ),
            View(
                key="needs-you",
                title=_("Needs you"),
                condition=Q(status__in=wants),
                empty_title=_("No connection needs you"),
            ),
        ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        opened = Count("issues", filter=Q(issues__resolved_at__isnull=True))
        return super().get_queryset(request).annotate(open_issues=opened)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A connection is deactivated, never deleted: its links and history stay."""
        return False

    def connection(self, request: HttpRequest, pk: int) -> Connection:
        """The connection of an own page. Http404, PermissionDenied."""
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        found = self.get_queryset(request).select_related("entity", "administration", "grant").filter(pk=pk).first()
        if found is None:
            raise Http404
        return found

    def changing(self, request: HttpRequest, pk: int) -> Connection:
        """The connection of a page that changes it. Http404, PermissionDenied."""
        found = self.connection(request, pk)
        if not self.has_change_permission(request, found):
            raise PermissionDenied
        return found

    def url(self, verb: str, connection: Connection) -> str:
        return reverse(f"admin:integrations_connection_{verb}", args=[connection.pk])

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view

        def page(handler: Any) -> Any:
            return view(lambda request, pk: handler(self, request, pk))

        def form(handler: Any) -> Any:
            return view(require_POST(lambda request, pk: handler(self, request, pk)))

        own = [
            path(
                "signed-in/",
                view(lambda request: connecting.signed_in(self, request)),
                name="integrations_connection_signed_in",
            ),
            path(
                "progress/",
                view(lambda request: syncing.progress_view(self, request)),
                name="integrations_connection_progress",
            ),
            path(
                "button/",
                view(require_safe(lambda request: syncing.button_view(self, request))),
                name="integrations_connection_button",
            ),
            path(
                "sync/",
                view(require_POST(lambda request: syncing.sync_all(self, request))),
                name="integrations_connection_sync_all",
            ),
            path("<int:pk>/sync/", form(syncing.sync_one), name="integrations_connection_sync"),
            path("<int:pk>/preview/", page(previewing.preview_page), name="integrations_connection_preview"),
            path("<int:pk>/vat-codes/", page(connection_pages.vat_page), name="integrations_connection_vat"),
            path(
                "<int:pk>/ledger-accounts/", page(connection_pages.ledger_page), name="integrations_connection_ledger"
            ),
            path("<int:pk>/issues/", page(connection_pages.issues_page), name="integrations_connection_issues"),
            path(
                "<int:pk>/synchronisation/",
                page(synchronisation.synchronisation_page),
                name="integrations_connection_synchronisation",
            ),
            path("<int:pk>/history-of-runs/", page(connection_pages.runs_page), name="integrations_connection_runs"),
            path("<int:pk>/sign-in/", form(connecting.sign_in), name="integrations_connection_sign_in"),
            path(
                "<int:pk>/credentials/", page(connecting.credentials_page), name="integrations_connection_credentials"
            ),
            path("<int:pk>/setup/", page(wizard.resume), name="integrations_connection_setup"),
            path(
                "<int:pk>/setup/<slug:key>/",
                view(lambda request, pk, key: wizard.run_step(self, request, pk, key)),
                name="integrations_connection_step",
            ),
            path("<int:pk>/lists/", form(connecting.load_lists), name="integrations_connection_lists"),
            path("<int:pk>/deactivate/", page(deactivating.deactivate_page), name="integrations_connection_deactivate"),
            path("<int:pk>/reactivate/", form(connecting.reactivate), name="integrations_connection_reactivate"),
        ]
        return [*own, *super().get_urls()]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return connecting.connect_page(self, request)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not object_id.isdigit():
            raise Http404
        return connection_pages.details_page(self, request, int(object_id))

    @admin.display(description=_("entity"), ordering="entity__name")
    def entity_words(self, connection: Connection) -> str:
        return str(connection.entity)

    @admin.display(description=_("tool"), ordering="tool")
    def tool_words(self, connection: Connection) -> str:
        return tool_label(connection.tool)

    @admin.display(description=_("status"), ordering="status")
    def status_words(self, connection: Connection) -> SafeString:
        problem = problem_of_connection(connection)
        return state_label("connection", connection.status, title=problem.sentence if problem is not None else "")

    @admin.display(description=_("start date"), ordering="start_date")
    def since(self, connection: Connection) -> str:
        return day(connection.start_date) or "–"

    @admin.display(description=_("last successful sync"), ordering="last_success_at")
    def last(self, connection: Connection) -> str:
        return moment(connection.last_success_at) or str(_("none yet"))

    @admin.display(description=_("automatic"), ordering="automatic_sync")
    def automatic(self, connection: Connection) -> str:
        if connection.becomes_automatic:
            return str(_("every night after the first successful sync"))
        return str(_("every night") if connection.automatic_sync else _("by hand"))

    @admin.display(description=_("issues"))
    def issues(self, connection: Connection) -> SafeString | str:
        number: int = connection.open_issues  # type: ignore[attr-defined]  # annotated in get_queryset
        return link(list_url(Issue, connection__id__exact=connection.pk), str(number)) if number else "–"
