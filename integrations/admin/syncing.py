"""Starting a sync, following it, and looking at what the next one would send."""

from __future__ import annotations

from collections import Counter
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config.admin.links import change_url, next_url
from config.figures import moment
from invoicing.admin.booking import person

from .. import services
from ..messages import problem_text
from ..models import Connection, Module, PostingState, RunTrigger
from .frame import START, SyncButton, frame_context
from .progress import loaded, progress_of, watched
from .words import problem_of_connection, tool_label

if TYPE_CHECKING:
    from .connections import ConnectionAdmin

# A preview of more documents than this is a list nobody reads; the figures above it count on.
SHOWN_LINES = 300


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
    # The page that asks, without its host: a form must not lead elsewhere.
    context["sync_next"] = urlsplit(request.headers.get("HX-Current-URL", "")).path or reverse("admin:index")
    if ended and key.isdigit():
        context |= own_sync(request, page, page.connection(request, int(key))) | {"own_progress": found}
    answer = render(request, "boekbrug/sync_progress.html", context)
    # Never from a cache: the same address says something else two seconds later.
    answer["Cache-Control"] = "no-store"
    return answer


def own_sync(request: HttpRequest, page: ConnectionAdmin, connection: Connection) -> dict[str, Any]:
    """The sync button and the progress of one connection's pages."""
    runs = list(loaded(connection.runs.unfinished()).order_by("pk"))
    may = request.user.has_perm(START) and connection.status == "connected"
    url = page.url("sync", connection) if may and not runs else ""
    return {"own_sync": SyncButton(url=url, running=bool(runs)), "own_progress": progress_of(runs, connection.pk)}


def preview_page(page: ConnectionAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    """What the next sync would do with each document. Nothing is sent and nothing is written."""
    connection = page.connection(request, pk)
    context: dict[str, Any] = {
        **page.admin_site.each_context(request),
        **own_sync(request, page, connection),
        "title": _("Preview sync"),
        "back_url": change_url(connection),
        "connection": connection,
        "tool": tool_label(connection.tool),
        "made_at": timezone.now(),
    }
    if connection.administration_id is None or connection.start_date is None:
        context["not_ready"] = True
        return TemplateResponse(request, "admin/integrations/preview.html", context)
    context |= _previewed(connection)
    return TemplateResponse(request, "admin/integrations/preview.html", context)


def _previewed(connection: Connection) -> dict[str, Any]:
    """What the preview page shows. Only the documents that are shown are kept; the others are counted."""
    to_send: list[services.PreviewLine] = []
    held: list[services.PreviewLine] = []
    counts: Counter[str] = Counter()
    sums: dict[str, Decimal] = {}
    for line in services.preview(connection=connection):
        if line.problem is not None:
            counts["held"] += 1
            if len(held) < SHOWN_LINES:
                held.append(line)
        elif line.booking is not None:
            counts["to_send"] += 1
            sign = -1 if line.booking.kind.is_credit_note else 1
            sums[line.booking.currency] = sums.get(line.booking.currency, Decimal(0)) + sign * line.booking.total
            if len(to_send) < SHOWN_LINES:
                to_send.append(line)
    number = counts["to_send"]
    return {
        "to_send": to_send,
        "to_send_count": number,
        "held": _held(held, tool_label(connection.tool)),
        "held_count": counts["held"],
        "excluded_count": connection.postings.filter(state=PostingState.EXCLUDED).count(),
        "sums": sums.items(),
        "left_out": number - len(to_send),
        "sync_words": ngettext("Sync %(n)d document", "Sync %(n)d documents", number) % {"n": number},
    }


def _held(lines: list[services.PreviewLine], tool: str) -> list[dict[str, Any]]:
    """What is held up by cause, the one that holds up most first."""
    causes: dict[tuple[str, str], dict[str, Any]] = {}
    for line in lines:
        if line.problem is not None:
            words = problem_text(line.problem.code, line.problem.params, tool)
            causes.setdefault(line.problem.cause, {"problem": words, "lines": []})["lines"].append(line)
    return sorted(causes.values(), key=lambda cause: -len(cause["lines"]))
