"""The section Synchronisation of a connection: every night or by hand, one's own payment notices, last and next run."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from invoicing.admin.booking import person

from .. import services
from ..base.provider import Capability
from ..completeness import completeness_of
from ..models import Connection, ConnectionStatus, NotificationPreference
from ..registry import get_tool
from ..services.notifying import SEES_DOCUMENTS
from ..sync.dispatcher import spread_seconds
from .connection_pages import sees_invoices, shell
from .progress import loaded, view_of

if TYPE_CHECKING:
    from .connections import ConnectionAdmin

_FILES = {Capability.ATTACHMENTS_AFTER_BOOKING, Capability.ATTACHMENTS_WITH_BOOKING}


def synchronisation_page(page: ConnectionAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    """Show the choices (GET); save the connection's, which an admin may, or the person's own (POST)."""
    connection = page.connection(request, pk)
    sees_documents = request.user.has_perm(SEES_DOCUMENTS)
    if request.method == "POST":
        if request.POST.get("what") == "import":
            _start_import(page, request, connection)
        elif request.POST.get("what") == "no-import":
            _go_on(page, request, connection)
        elif request.POST.get("what") == "mine":
            if not sees_documents:
                raise PermissionDenied
            services.save_preference(
                user=person(request), connection=connection, on_payment="on_payment" in request.POST,
                by_email="by_email" in request.POST,
            )  # fmt: skip
            messages.success(request, _("Your choices are saved."))
        elif request.POST.get("what") == "files":
            _save(page, request, connection, attach_files="attach_files" in request.POST)
        else:
            _save(page, request, connection, automatic_sync="automatic_sync" in request.POST)
        return HttpResponseRedirect(page.url("synchronisation", connection))
    last = loaded(connection.runs.filter(finished_at__isnull=False)).order_by("-pk").first()
    wish = NotificationPreference.objects.filter(user_id=person(request).pk, connection=connection).first()
    context: dict[str, Any] = {
        **shell(page, request, connection, "synchronisation"),
        "last": view_of(last) if last is not None else None,
        "next_at": next_automatic(connection),
        "locked": connection.first_success_at is None,
        "takes_files": bool(_FILES & get_tool(connection.tool).capabilities),
        "sees_documents": sees_documents,
        "last_import": view_of(found) if (found := services.last_import(connection)) is not None else None,
        "may_import": connection.status == ConnectionStatus.CONNECTED and not connection.runs.unfinished().exists(),
        "has_run": connection.runs.unfinished().exists(),
        "import_is_owed": services.import_is_owed(connection),
        "completeness": completeness_of(connection) if sees_invoices(request) else None,
        "wish": wish or NotificationPreference(),
        "address": getattr(person(request), "email", ""),
        "wishes_url": reverse("admin:integrations_notification_wishes"),
    }
    return TemplateResponse(request, "admin/integrations/connection_synchronisation.html", context)


def _start_import(page: ConnectionAdmin, request: HttpRequest, connection: Connection) -> None:
    if not page.has_change_permission(request, connection):
        raise PermissionDenied
    try:
        services.start_import(connection=connection, user=person(request))
        messages.success(request, _("The import has started; its progress stands above."))
    except services.AlreadyRunning:
        messages.warning(request, _("A sync or an import is running. Wait until it has finished."))
    except services.NotReady:
        messages.error(request, _("The connection cannot be used now; look at its Details."))


def _go_on(page: ConnectionAdmin, request: HttpRequest, connection: Connection) -> None:
    if not page.has_change_permission(request, connection):
        raise PermissionDenied
    services.go_on_without_import(connection=connection, user=person(request))
    messages.success(request, _("Syncs start without the import now."))


def _save(page: ConnectionAdmin, request: HttpRequest, connection: Connection, **choice: bool) -> None:
    if not page.has_change_permission(request, connection):
        raise PermissionDenied
    try:
        services.save_settings(connection=connection, user=person(request), **choice)  # type: ignore[arg-type]
        messages.success(request, _("The settings are saved."))
    except services.ConnectError as error:
        messages.error(request, str(error))


def next_automatic(connection: Connection) -> datetime | None:
    """When the next sync starts by itself; None when none is planned."""
    if connection.status != ConnectionStatus.CONNECTED:
        return None
    if connection.follow_up_at is not None:
        return connection.follow_up_at
    if not connection.automatic_sync or connection.first_success_at is None:
        return None
    now = timezone.localtime()
    tonight = now.replace(hour=settings.BOEKBRUG_NIGHTLY_HOUR, minute=0, second=0, microsecond=0)
    if tonight <= now:
        tonight += timedelta(days=1)
    return tonight + timedelta(seconds=spread_seconds(connection.pk))
