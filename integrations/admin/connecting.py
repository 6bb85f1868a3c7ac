"""Connecting an entity: choosing the tool, going to its sign-in and coming back; lists; switching on again."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from config.admin.links import change_url, list_url
from invoicing.admin.booking import person
from invoicing.models import CompanyEntity

from .. import services
from ..base.errors import IntegrationError
from ..base.signin import SignInKind
from ..messages import problem_text
from ..models import Connection, ConnectionStatus
from ..registry import get_tool
from .connection_forms import ConnectForm, CredentialsForm, connectable_entities
from .frame import SyncButton
from .leaving import to_tool
from .module import closed_for
from .wizard import UNFINISHED, Wizard, after_sign_in
from .words import tool_label

if TYPE_CHECKING:
    from .connections import ConnectionAdmin


def connect_page(page: ConnectionAdmin, request: HttpRequest) -> HttpResponse:
    """Choose entity and tool (GET), make the connection and open its set-up (POST)."""
    if not page.has_add_permission(request):
        raise PermissionDenied
    closed = closed_for(request)
    if closed.sentence:
        context = {
            **page.admin_site.each_context(request),
            "title": _("Connect an entity"),
            "back_url": list_url(Connection),
            "closed": closed,
        }
        return TemplateResponse(request, "admin/integrations/connect.html", context)
    chosen = request.GET.get("entity", "")
    entity = CompanyEntity.objects.filter(pk=chosen).first() if chosen.isdigit() else connectable_entities().first()
    tool = request.GET.get("tool", "")
    initial = {"entity": entity, "tool": tool, "site": entity.country.lower() if entity is not None else ""}
    form = ConnectForm(request.POST or None, initial=initial, tool=tool)
    if request.method == "POST" and form.is_valid():
        data = form.cleaned_data
        if "site" not in data:
            chosen_now = urlencode({"entity": data["entity"].pk, "tool": data["tool"]})
            return HttpResponseRedirect(f"{request.path}?{chosen_now}")
        try:
            connection = services.start_connection(
                entity=data["entity"], tool=data["tool"], site=data["site"], user=person(request)
            )
            return HttpResponseRedirect(page.url("setup", connection))
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
    if get_tool(connection.tool).sign_in is not SignInKind.OAUTH:
        return HttpResponseRedirect(page.url("credentials", connection))
    try:
        return to_tool(request, connection)
    except services.ConnectError as error:
        messages.error(request, str(error))
        return HttpResponseRedirect(change_url(connection))


def credentials_page(page: ConnectionAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    """Ask for what a tool wants that does not sign in in the browser (GET), and sign in by it (POST)."""
    connection = page.changing(request, pk)
    tool = get_tool(connection.tool)
    if tool.sign_in is SignInKind.OAUTH:
        return HttpResponseRedirect(change_url(connection))
    form = CredentialsForm(tool, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            connection = services.log_in(connection=connection, credentials=form.cleaned_data, user=person(request))
            return _welcome(page, request, connection)
        except services.ConnectError as error:
            form.add_error(None, str(error))
        except IntegrationError as error:
            problem = problem_text(error.code, error.params, tool.label)
            form.add_error(None, f"{problem.sentence} {problem.advice}".strip())
    context = {
        **page.admin_site.each_context(request),
        "title": _("Sign in at %(tool)s") % {"tool": tool.label},
        "back_url": change_url(connection),
        "own_sync": SyncButton(url="", running=False),
        "form": form,
        "tool": tool.label,
        "connection": connection,
    }
    return TemplateResponse(request, "admin/integrations/credentials.html", context)


def _welcome(page: ConnectionAdmin, request: HttpRequest, connection: Connection) -> HttpResponse:
    """Say that the sign-in worked, and go on where it was wanted."""
    messages.success(request, _("Signed in at %(tool)s.") % {"tool": tool_label(connection.tool)})
    if connection.status in UNFINISHED:
        after_sign_in(request, Wizard(page, request, connection))
        return HttpResponseRedirect(page.url("setup", connection))
    return HttpResponseRedirect(change_url(connection))


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
        return _back_from_sign_in(page, request)
    except IntegrationError as error:
        _say(request, error, "")
        return _back_from_sign_in(page, request)
    return _welcome(page, request, connection)


def _back_from_sign_in(page: ConnectionAdmin, request: HttpRequest) -> HttpResponse:
    """To where a person left for a sign-in that came to nothing, to try again from there."""
    connection = services.connection_of_sign_in(state=request.GET.get("state", ""), user=person(request))
    if connection is None:
        return HttpResponseRedirect(list_url(Connection))
    return HttpResponseRedirect(
        page.url("setup", connection) if connection.status in UNFINISHED else change_url(connection)
    )


def load_lists(page: ConnectionAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    """Read journals, accounts, VAT codes, terms and periods of the administration now."""

    def verb(connection: Connection) -> str:
        empty = services.load_lists(connection=connection)
        if empty:
            words = _("These lists came back empty and were left as they were: %(lists)s.")
            return words % {"lists": ", ".join(empty)}
        return _("The lists are read again.")

    return do(page, request, pk, verb)


def reactivate(page: ConnectionAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    def verb(connection: Connection) -> str:
        fresh = services.reactivate(connection=connection, user=person(request))
        words = _("The connection is switched on again with all its links.")
        if fresh.automatic_sync:
            return words  # switched on already, in another window
        if fresh.becomes_automatic:
            nights = _("It does not sync at night yet: that begins again after the first successful sync.")
        else:
            nights = _("It syncs by hand only, as before.")
        return f"{words} {nights}"

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
    if connection.grant_id is not None:
        found["sign_in"] = page.url("sign_in", connection)
    if status in UNFINISHED:
        found["setup"] = page.url("setup", connection)
    elif connection.administration_id is not None:
        found["lists"] = page.url("lists", connection)
    found["deactivate"] = page.url("deactivate", connection)
    return found
