"""The bell, the page with all notifications, and what each person wants to hear about. Everybody sees only their own."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count, Exists, OuterRef, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST
from unfold.admin import ModelAdmin

from config.admin.links import next_url
from invoicing.admin.booking import person

from .. import services
from ..models import Connection, Notification, NotificationKind, NotificationPreference, NotificationTarget, RunState
from ..services import notices
from ..services.notifying import ADMIN, SEES_DOCUMENTS
from .words import tool_label

NEWEST = 10
PER_PAGE = 30

_ICONS = {
    NotificationKind.RUN_RESULT: ("sync", "bb-c-busy"),
    NotificationKind.PAYMENTS: ("payments", "bb-c-done"),
    NotificationKind.CONNECTION_LOST: ("link_off", "bb-c-bad"),
    NotificationKind.NEW_ISSUES: ("warning", "bb-c-warn"),
}
# The right that the page behind a link asks for; without it the words stand there without a link.
_RIGHTS = {
    NotificationTarget.RUN: "integrations.view_syncrun",
    NotificationTarget.ISSUES: "integrations.view_connection",
    NotificationTarget.CONNECTION: "integrations.view_connection",
    NotificationTarget.DOCUMENTS: "invoicing.view_invoice",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class NoticeView:
    """One notification as it stands in the bell; `url` empty: nothing that this person may open."""

    title: str
    detail: str
    words: str
    url: str
    icon: str
    colour: str
    at: datetime
    is_unread: bool
    is_nightly: bool


@dataclass(frozen=True, slots=True)
class Bell:
    """The newest notifications and the number of unread ones; `until` is the moment of the newest."""

    views: tuple[NoticeView, ...]
    unread: int
    until: str


def bell_of(request: HttpRequest) -> Bell:
    """Return the bell of the signed-in person, in one query."""
    mine = _told().filter(user_id=person(request).pk)
    unread = (
        _told()
        .filter(user=OuterRef("user"), read_at__isnull=True)
        .order_by()
        .values("user")
        .annotate(n=Count("pk"))
        .values("n")
    )
    rows = list(_loaded(mine.annotate(unread=Subquery(unread)))[:NEWEST])
    if not rows:
        return Bell((), 0, "")
    number: int = rows[0].unread or 0  # type: ignore[attr-defined]  # annotated above
    return Bell(tuple(_views(request, rows)), number, rows[0].created_at.isoformat())


def _told() -> QuerySet[Notification]:
    """The notifications that are shown: that a run found its connection lost says its result as well."""
    lost = Notification.objects.filter(
        user=OuterRef("user"), run=OuterRef("run"), kind=NotificationKind.CONNECTION_LOST
    )
    return Notification.objects.exclude(Exists(lost), kind=NotificationKind.RUN_RESULT)


def _loaded(rows: QuerySet[Notification]) -> QuerySet[Notification]:
    return rows.select_related("connection__entity", "run").order_by("-created_at", "-pk")


def _views(request: HttpRequest, rows: Iterable[Notification]) -> Iterable[NoticeView]:
    for row in rows:
        notice = notices.notice_of(row)
        icon, colour = _ICONS[NotificationKind(row.kind)]
        if row.params.get("state") == RunState.STOPPED:
            colour = "bb-c-bad"
        elif row.params.get("issues"):
            colour = "bb-c-warn"
        may_open = request.user.has_perm(_RIGHTS[NotificationTarget(row.target)])
        yield NoticeView(
            title=notice.title,
            detail=notice.detail,
            words=notice.words,
            url=notices.path_of(row) if may_open else "",
            icon=icon,
            colour=colour,
            at=row.created_at,
            is_unread=row.read_at is None,
            is_nightly=notices.is_nightly(row),
        )


@admin.register(Notification)
class NotificationAdmin(ModelAdmin):
    """Pages of one's own notifications: no right opens another person's, so none is asked."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return False

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        return [
            path("", view(self.list_page), name="integrations_notification_changelist"),
            path("read/", view(require_POST(self.mark_read)), name="integrations_notification_read"),
            path("wishes/", view(self.wishes_page), name="integrations_notification_wishes"),
        ]

    def list_page(self, request: HttpRequest) -> HttpResponse:
        """All notifications of the person, newest first."""
        mine = _loaded(_told().filter(user_id=person(request).pk))
        shown = Paginator(mine, PER_PAGE).get_page(request.GET.get("page"))
        context = {
            **self.admin_site.each_context(request),
            "title": _("Notifications"),
            "views": list(_views(request, shown.object_list)),
            "shown": shown,
        }
        return TemplateResponse(request, "admin/integrations/notifications.html", context)

    def mark_read(self, request: HttpRequest) -> HttpResponse:
        """Mark as read what stood in the bell; what came since stays unread."""
        try:
            until = parse_datetime(request.POST.get("until", ""))
        except ValueError:
            until = None
        services.mark_all_read(user=person(request), until=until)
        return HttpResponseRedirect(next_url(request, reverse("admin:integrations_notification_changelist")))

    def wishes_page(self, request: HttpRequest) -> HttpResponse:
        """What the person wants to hear about, per connection."""
        if not request.user.has_perm("integrations.view_connection"):
            raise PermissionDenied
        connections = list(Connection.objects.live().select_related("entity").order_by("entity__name", "pk"))
        if request.method == "POST":
            _save_wishes(request, connections)
            messages.success(request, _("Your choices are saved."))
            return HttpResponseRedirect(reverse("admin:integrations_notification_wishes"))
        context = {
            **self.admin_site.each_context(request),
            "title": _("What I want to hear about"),
            "back_url": reverse("admin:integrations_notification_changelist"),
            "rows": wish_rows(request, connections),
            "sees_documents": request.user.has_perm(SEES_DOCUMENTS),
            "is_admin": request.user.has_perm(ADMIN),
            "address": getattr(person(request), "email", ""),
        }
        return TemplateResponse(request, "admin/integrations/wishes.html", context)


def wish_rows(request: HttpRequest, connections: Iterable[Connection]) -> list[dict[str, Any]]:
    """Each connection with the person's wish, the defaults where there is none."""
    wishes = {wish.connection_id: wish for wish in NotificationPreference.objects.filter(user_id=person(request).pk)}
    return [
        {"connection": row, "tool": tool_label(row.tool), "wish": wishes.get(row.pk) or NotificationPreference()}
        for row in connections
    ]


def _save_wishes(request: HttpRequest, connections: Iterable[Connection]) -> None:
    """Save the own wishes; a box that is not offered to this person keeps what it was."""
    sees, is_admin = request.user.has_perm(SEES_DOCUMENTS), request.user.has_perm(ADMIN)
    for connection in connections:
        services.save_preference(
            user=person(request),
            connection=connection,
            on_payment=f"payment-{connection.pk}" in request.POST if sees else None,
            on_problem=f"problem-{connection.pk}" in request.POST if is_admin else None,
            by_email=f"email-{connection.pk}" in request.POST,
        )
