"""Connecting an entity: sign-in at the tool, the administration, its lists, and the switch at the end."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _

from config.admin.links import change_url, list_url
from invoicing.admin.booking import person
from invoicing.models import CompanyEntity

from .. import services
from ..base.errors import IntegrationError
from ..messages import problem_text
from ..models import Connection, ConnectionStatus, Posting
from .connection_forms import ConnectForm, connectable_entities
from .words import tool_label

if TYPE_CHECKING:
    from .connections import ConnectionAdmin


def connect_page(page: ConnectionAdmin, request: HttpRequest) -> HttpResponse:
    """Choose entity and tool (GET), make the connection and go to the tool's sign-in (POST)."""
    if not page.has_add_permission(request):
        raise PermissionDenied
    chosen = request.GET.get("entity", "")
    entity = CompanyEntity.objects.filter(pk=chosen).first() if chosen.isdigit() else connectable_entities().first()
    initial = {"entity": entity, "site": entity.country.lower() if entity is not None else ""}
    form = ConnectForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        try:
            connection = services.start_connection(
                entity=data["entity"], tool=data["tool"], site=data["site"], user=person(request)
            )
            return _to_tool(request, connection)
        except services.ConnectError as error:
            form.add_error(None, str(error))
    context = {
        **page.admin_site.each_context(request),
        "title": _("Connect an entity"),
        "back_url": list_url(Connection),
        "form": form,
        "countries": ", ".join(settings.BOEKBRUG_CONNECTOR_COUNTRIES),
    }
    return TemplateResponse(request, "admin/integrations/connect.html", context)


def sign_in(page: ConnectionAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    """Go to the tool's sign-in for a connection that exists; its links are kept."""
    connection = page.changing(request, pk)
    try:
        return _to_tool(request, connection)
    except services.ConnectError as error:
        messages.error(request, str(error))
        return HttpResponseRedirect(change_url(connection))


def _to_tool(request: HttpRequest, connection: Connection) -> HttpResponse:
    address = services.begin_sign_in(connection=connection, user=person(request), redirect_uri=return_address(request))
    return HttpResponseRedirect(address)


def return_address(request: HttpRequest) -> str:
    """Where the tool sends people back to; the same for every connection, since tools know it by heart."""
    path = reverse("admin:integrations_connection_signed_in")
    site: str = settings.BOEKBRUG_SITE_URL
    return f"{site}{path}" if site else request.build_absolute_uri(path)


def signed_in(page: ConnectionAdmin, request: HttpRequest) -> HttpResponse:
    """Take what the tool sent back. Its state is single-use and tied to the person, which the service checks."""
    if not page.has_change_permission(request):
        raise PermissionDenied
    try:
        connection = services.complete_sign_in(
            state=request.GET.get("state", ""),
            code=request.GET.get("code", ""),
            error=request.GET.get("error", ""),
            user=person(request),
        )
    except services.ConnectError as error:
        messages.error(request, str(error))
        return HttpResponseRedirect(list_url(Connection))
    except IntegrationError as error:
        _say(request, error, "")
        return HttpResponseRedirect(list_url(Connection))
    messages.success(request, _("Signed in at %(tool)s.") % {"tool": tool_label(connection.tool)})
    verb = "administration" if connection.administration_id is None else ""
    return HttpResponseRedirect(page.url(verb, connection) if verb else change_url(connection))


def administration_page(page: ConnectionAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    """The administrations that this sign-in may open (GET); bind one and read its lists (POST)."""
    connection = page.changing(request, pk)
    if request.method == "POST":
        try:
            connection = services.choose_administration(
                connection=connection, external_id=request.POST.get("administration", ""), user=person(request)
            )
            services.load_lists(connection=connection)
            messages.success(
                request, _("%(name)s is chosen; its lists are read.") % {"name": connection.administration}
            )
            return HttpResponseRedirect(change_url(connection))
        except services.ConnectError as error:
            messages.error(request, str(error))
        except IntegrationError as error:
            _say(request, error, connection.tool)
        return HttpResponseRedirect(page.url("administration", connection))
    records: list[Any] = []
    try:
        records = services.list_administrations(connection=connection)
    except services.ConnectError as error:
        messages.error(request, str(error))
    except IntegrationError as error:
        _say(request, error, connection.tool)
    frozen = Posting.objects.filter(connection=connection).exists()
    context = {
        **page.admin_site.each_context(request),
        "title": _("Choose the administration"),
        "back_url": change_url(connection),
        "connection": connection,
        "tool": tool_label(connection.tool),
        "records": records,
        "chosen": connection.administration.external_id if connection.administration is not None else "",
        "frozen": frozen,
        "sign_in_url": page.url("sign_in", connection),
    }
    return TemplateResponse(request, "admin/integrations/administration.html", context)


def load_lists(page: ConnectionAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    """Read journals, accounts, VAT codes, terms and periods of the administration now."""

    def verb(connection: Connection) -> str:
        empty = services.load_lists(connection=connection)
        if empty:
            words = _("These lists came back empty and were left as they were: %(lists)s.")
            return words % {"lists": ", ".join(empty)}
        return _("The lists are read again.")

    return do(page, request, pk, verb)


def finish(page: ConnectionAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    """Switch a finished connection on."""

    def verb(connection: Connection) -> str:
        services.finish_setup(connection=connection, user=person(request))
        return _("%(entity)s is connected. Look at Preview, then start the first sync.") % {"entity": connection.entity}

    return do(page, request, pk, verb)


def reactivate(page: ConnectionAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    def verb(connection: Connection) -> str:
        services.reactivate(connection=connection, user=person(request))
        return _("The connection is switched on again with all its links.")

    return do(page, request, pk, verb)


def do(page: ConnectionAdmin, request: HttpRequest, pk: int, verb: Callable[[Connection], str]) -> HttpResponse:
    """Run a verb on a connection that the person may change, and say what came of it."""
    connection = page.changing(request, pk)
    try:
        messages.success(request, verb(connection))
    except services.ConnectError as error:
        messages.error(request, str(error))
    except IntegrationError as error:
        _say(request, error, connection.tool)
    return HttpResponseRedirect(change_url(connection))


def _say(request: HttpRequest, error: IntegrationError, tool: str) -> None:
    """Tell in the catalogue's words what the tool answered."""
    label = tool_label(tool) if tool else _("The bookkeeping tool")
    problem = problem_text(error.code, error.params, label)
    messages.error(request, f"{problem.sentence} {problem.advice}".strip())


# --- what is still to do --------------------------------------------------------------------------------------------


def verb_urls(page: ConnectionAdmin, connection: Connection) -> dict[str, str]:
    """The addresses of what may be done with a connection in its status."""
    status = connection.status
    found = {}
    if status == ConnectionStatus.DEACTIVATED:
        return {"reactivate": page.url("reactivate", connection)}
    found["sign_in"] = page.url("sign_in", connection)
    if connection.grant_id is not None and connection.administration_id is None:
        found["administration"] = page.url("administration", connection)
    if connection.administration_id is not None:
        found["lists"] = page.url("lists", connection)
    if status in (ConnectionStatus.CONNECTING, ConnectionStatus.CONFIGURATION_NEEDED):
        found["finish"] = page.url("finish", connection)
    found["deactivate"] = page.url("deactivate", connection)
    return found


def open_steps(page: ConnectionAdmin, connection: Connection) -> list[dict[str, str]]:
    """What has to be done before the connection can be switched on, each with the place where it is done."""
    if connection.status not in (ConnectionStatus.CONNECTING, ConnectionStatus.CONFIGURATION_NEEDED):
        return []
    details = f"{change_url(connection)}#settings"
    places = {
        "sign-in": (_("Sign in"), ""),
        "administration": (_("Choose the administration"), page.url("administration", connection)),
        "start-date": (_("Fill in the start date"), details),
        "journals": (_("Choose the journals"), details),
        "payment-term": (_("Choose the default payment term"), details),
        "vat-codes": (_("Link the VAT codes"), page.url("vat", connection)),
    }
    found = []
    for step in services.missing_settings(connection=connection):
        words, url = places[step]
        if step == "administration" and connection.grant_id is None:
            url = ""
        found.append({"words": words, "url": url, "step": step})
    return found
