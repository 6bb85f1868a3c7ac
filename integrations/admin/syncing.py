"""Starting a sync and following it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from config.admin.links import change_url, next_url
from config.figures import moment
from invoicing.admin.booking import person

from .. import services
from ..models import Connection, Module, RunTrigger
from .frame import START, SyncButton, frame_context
from .progress import loaded, progress_of, watched
from .words import problem_of_connection, tool_label

if TYPE_CHECKING:
    from .connections import ConnectionAdmin


def sync_one(page: ConnectionAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    """Start the sync of one connection."""
    connection = page.connection(request, pk)
    if not request.user.has_perm(START):
        raise PermissionDenied
    _start(request, connection)
    return HttpResponseRedirect(next_url(request, change_url(connection)))


def sync_all(page: ConnectionAdmin, request: HttpRequest) -> HttpResponse:
    """Start the sync of every connection that is ready."""
    if not request.user.has_perm(START):
        raise PermissionDenied
    ready = list(Connection.objects.ready().select_related("entity"))
    if not ready:
        messages.warning(request, _("No connection is ready for a sync."))
    for connection in ready:
        _start(request, connection)
    return HttpResponseRedirect(next_url(request, reverse("admin:index")))


def _start(request: HttpRequest, connection: Connection) -> None:
    """Start one sync and say what came of it; a refusal changes nothing."""
    names = {"entity": connection.entity, "tool": tool_label(connection.tool)}
    try:
        services.start_sync(connection, RunTrigger.MANUAL, person(request))
        messages.success(request, _("Sync of %(entity)s with %(tool)s started.") % names)
    except services.AlreadyRunning as running:
        when = moment(running.since)
        if running.by:
            words = _("A sync of %(entity)s is already running, started %(when)s by %(who)s.")
        else:
            words = _("A sync of %(entity)s is already running, started %(when)s.")
        messages.info(request, words % {**names, "when": when, "who": running.by})
    except services.ModuleOff:
        messages.error(request, services.why_closed(Module.current()))
    except services.ImportFirst:
        words = _(
            "The sync of %(entity)s was not started: its relations of %(tool)s are imported first, and that did not come "
            "to its end. Import them again, or go on without, under Synchronisation."
        )
        if not request.user.has_perm("integrations.change_connection"):
            words = _(
                "The sync of %(entity)s was not started: its relations of %(tool)s are imported first, and that did not "
                "come to its end. Ask an account admin: who is one can import them again, or go on without."
            )
        messages.error(request, words % names)
    except services.NotReady as refused:
        problem = problem_of_connection(refused.connection)
        reason = problem.sentence if problem is not None else refused.connection.get_status_display()
        messages.error(request, _("The sync of %(entity)s was not started: %(reason)s") % {**names, "reason": reason})


def progress_view(page: ConnectionAdmin, request: HttpRequest) -> HttpResponse:
    """The moving piece of a page that follows runs; without a running one it stops asking."""
    if not request.user.has_perm("integrations.view_syncrun"):
        raise PermissionDenied
    key = request.GET.get("connection", "")
    found = progress_of(watched(request), int(key) if key.isdigit() else None)
    ended = bool(found.views) and not found.url
    context: dict[str, Any] = {**frame_context(request), "own_progress": found, "progress_ended": ended}
    context["sync_next"] = _asking_page(request)
    context["brings_button"] = True
    if key.isdigit():
        context |= own_sync(request, page, page.connection(request, int(key))) | {"own_progress": found}
    return _fresh(render(request, "boekbrug/sync_progress.html", context))


def button_view(page: ConnectionAdmin, request: HttpRequest) -> HttpResponse:
    """The sync button of a page without a moving piece, asked for again until the run has ended."""
    # On a connection's own pages those who only look see that it runs, too.
    if not (request.user.has_perm(START) or request.user.has_perm("integrations.view_syncrun")):
        raise PermissionDenied
    context: dict[str, Any] = {**frame_context(request), "sync_next": _asking_page(request)}
    key = request.GET.get("connection", "")
    if key.isdigit():
        context |= own_sync(request, page, page.connection(request, int(key)))
    return _fresh(render(request, "boekbrug/sync_button.html", context))


def _asking_page(request: HttpRequest) -> str:
    """The page that asks, without its host: a form must not lead elsewhere."""
    return urlsplit(request.headers.get("HX-Current-URL", "")).path or reverse("admin:index")


def _fresh(answer: HttpResponse) -> HttpResponse:
    """Never from a cache: the same address says something else two seconds later."""
    answer["Cache-Control"] = "no-store"
    return answer


def own_sync(request: HttpRequest, page: ConnectionAdmin, connection: Connection) -> dict[str, Any]:
    """The sync button and the progress of one connection's pages."""
    runs = list(loaded(connection.runs.unfinished()).order_by("pk"))
    may = request.user.has_perm(START) and connection.status == "connected"
    url = page.url("sync", connection) if may and not runs else ""
    progress = progress_of(runs, connection.pk)
    return {
        "own_sync": SyncButton(url=url, running=bool(runs), connection_id=connection.pk, views=progress.views),
        "own_progress": progress,
    }
