"""The sections of a connection: details, VAT codes, ledger accounts, issues, history."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config.admin.links import change_url, list_url
from invoicing.admin.booking import person
from invoicing.models import SalesDocument

from .. import services, standing
from ..completeness import completeness_of
from ..models import Connection, ConnectionStatus, Posting
from . import connecting
from .connection_forms import LedgerLinksForm, LinksForm, SettingsForm, VatLinksForm
from .history import history_of
from .issues import issues_of_connection
from .syncing import own_sync
from .wizard import place_of
from .words import problem_of_connection, tool_label

if TYPE_CHECKING:
    from .connections import ConnectionAdmin


@dataclass(frozen=True, slots=True)
class Tab:
    title: str | Promise
    url: str
    active: bool = False
    count: int = 0


def shell(page: ConnectionAdmin, request: HttpRequest, connection: Connection, active: str) -> dict[str, Any]:
    """What every section shows: title, tabs, the sync button and the progress of this connection."""
    open_count = connection.issues.open().count()
    tabs = [
        Tab(_("Details"), change_url(connection), active == "details"),
        Tab(_("VAT codes"), page.url("vat", connection), active == "vat"),
        Tab(_("Ledger accounts"), page.url("ledger", connection), active == "ledger"),
        Tab(_("Synchronisation"), page.url("synchronisation", connection), active == "synchronisation"),
        Tab(_("Issues"), page.url("issues", connection), active == "issues", open_count),
        Tab(_("History"), page.url("runs", connection), active == "runs"),
    ]
    tool = tool_label(connection.tool)
    return {
        **page.admin_site.each_context(request),
        **own_sync(request, page, connection),
        "title": _("%(entity)s with %(tool)s") % {"entity": connection.entity, "tool": tool},
        "back_url": list_url(Connection),
        "page_tabs": tabs,
        "connection": connection,
        "tool": tool,
        "may_change": page.has_change_permission(request, connection),
        "preview_url": page.url("preview", connection) if connection.status == ConnectionStatus.CONNECTED else "",
    }


def details_page(page: ConnectionAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    """How the connection is, what is missing, and its settings."""
    connection = page.connection(request, pk)
    may_change = page.has_change_permission(request, connection)
    form = SettingsForm(connection, request.POST or None)
    if request.method == "POST":
        if not may_change:
            raise PermissionDenied
        if form.is_valid():
            changes = services.consequences_of(connection, form.values())
            if changes and "confirmed" not in request.POST:
                return _ask_about_changes(page, request, connection, form, changes)
            try:
                services.save_settings(connection=connection, user=person(request), **form.values())
                messages.success(request, _("The settings are saved."))
                return HttpResponseRedirect(change_url(connection))
            except services.ConnectError as error:
                form.add_error(None, str(error))
    context = {
        **shell(page, request, connection, "details"),
        "form": form,
        "problem": problem_of_connection(connection),
        "facts": _facts(connection),
        "completeness": completeness_of(connection) if sees_invoices(request) else None,
        "place": place_of(page, request, connection),
        "urls": connecting.verb_urls(page, connection) if may_change else {},
        "readings_left": services.readings_left(connection) if may_change else None,
    }
    return TemplateResponse(request, "admin/integrations/connection.html", context)


def _ask_about_changes(
    page: ConnectionAdmin,
    request: HttpRequest,
    connection: Connection,
    form: SettingsForm,
    changes: services.Consequences,
) -> HttpResponse:
    """What saving would change for documents, in numbers; saved only when confirmed."""
    context = {
        **page.admin_site.each_context(request),
        "title": _("What this changes"),
        "back_url": change_url(connection),
        "connection": connection,
        "tool": tool_label(connection.tool),
        "form": form,
        "changes": changes,
        "start_date": form.cleaned_data["start_date"],
    }
    return TemplateResponse(request, "admin/integrations/connection_change.html", context)


def sees_invoices(request: HttpRequest) -> bool:
    return bool(request.user.has_perm("invoicing.view_invoice"))


def _facts(connection: Connection) -> dict[str, Any]:
    states = Posting.objects.filter(connection=connection).values_list("state", flat=True)
    in_books = states.filter(state__in=["posted", "differs"]).count()
    # Also what was booked since the last run and has no posting yet.
    waiting = SalesDocument.objects.filter(standing.waiting(), entity=connection.entity_id).count()
    held = states.filter(state__in=["blocked", "refused", "unclear", "gone"]).count()
    return {"in_books": in_books, "waiting": waiting, "held": held, "filter": {"connection__id__exact": connection.pk}}


def vat_page(page: ConnectionAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    """Which VAT code of the tool belongs to each of our rates."""
    return _links_page(page, request, pk, section="vat", form_class=VatLinksForm, save=services.link_vat)


def ledger_page(page: ConnectionAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    """Which ledger account lines of a rate go to that name none themselves."""
    return _links_page(page, request, pk, section="ledger", form_class=LedgerLinksForm, save=services.link_ledger)


def _links_page(
    page: ConnectionAdmin, request: HttpRequest, pk: int, *, section: str, form_class: type[LinksForm], save: Any
) -> HttpResponse:
    connection = page.connection(request, pk)
    if request.method == "POST" and not page.has_change_permission(request, connection):
        raise PermissionDenied
    form = form_class(connection, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            changed = sum(
                save(connection=connection, direction=direction, links=form.links(direction), user=person(request))
                for direction in form.directions
            )
            words = ngettext("%(n)d link changed.", "%(n)d links changed.", changed) % {"n": changed}
            # Also what a second click of the same button says, whose first one stored them.
            messages.success(request, words if changed else _("The links are saved as they stand here."))
            return HttpResponseRedirect(page.url(section, connection))
        except services.ConnectError as error:
            form.add_error(None, str(error))
    context = {
        **shell(page, request, connection, section),
        "form": form,
        "rows": form.rows(),
        "section": section,
        "hidden_count": form.hidden_count() if isinstance(form, VatLinksForm) else 0,
    }
    return TemplateResponse(request, "admin/integrations/connection_links.html", context)


def issues_page(page: ConnectionAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    """What the sync cannot do by itself, the cause that holds up most first."""
    connection = page.connection(request, pk)
    context = {
        **shell(page, request, connection, "issues"),
        **issues_of_connection(request, connection, request.GET.get("view", "")),
    }
    return TemplateResponse(request, "admin/integrations/connection_issues.html", context)


def runs_page(page: ConnectionAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    """The runs of the connection, newest first, and what they did."""
    connection = page.connection(request, pk)
    context = {
        **shell(page, request, connection, "runs"),
        **history_of(connection, request.GET.get("days", ""), bool(request.GET.get("issues"))),
        "issues_url": page.url("issues", connection),
        "synchronisation_url": page.url("synchronisation", connection),
    }
    return TemplateResponse(request, "admin/integrations/connection_runs.html", context)
