"""The queue's own tables, for superusers: looked at when something hangs, never the truth about a sync."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from django_q import admin as queue_pages  # noqa: F401 - importing it registers the pages that ours replace
from django_q.models import Failure, OrmQ, Schedule, Success

from .lists import BookkeepingAdmin

# Importing the queue's own pages registers them, so that ours can take their place whatever the order of the apps.
for model in (Failure, OrmQ, Schedule, Success):
    if admin.site.is_registered(model):
        admin.site.unregister(model)


class SystemAdmin(BookkeepingAdmin):
    """Only for superusers; rows come and go by themselves."""

    show_add_link = False

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_active and request.user.is_superuser)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.is_active and request.user.is_superuser)


@admin.register(Schedule)
class ScheduleAdmin(SystemAdmin):
    list_display = ["name", "func", "schedule_type", "next_run"]
    empty_title = _("No schedules")
    empty_text = _("The first start of a worker makes them.")

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(OrmQ)
class QueueAdmin(SystemAdmin):
    list_display = ["key", "func", "lock"]
    empty_title = _("No task waits")


@admin.register(Failure)
class FailureAdmin(SystemAdmin):
    list_display = ["name", "func", "started", "stopped"]
    search_fields = ["name", "func"]
    empty_title = _("No task failed")
