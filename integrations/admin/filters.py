"""Filters that the lists of the bridge share."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import DropdownFilter

from ..models import Connection
from .words import tool_label


class ConnectionFilter(DropdownFilter):
    """Rows of one connection, chosen by its entity and tool; one query for all of them."""

    title = _("connection")
    parameter_name = "connection__id__exact"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        rows = Connection.objects.select_related("entity").order_by("entity__name", "pk")
        return [(str(row.pk), f"{row.entity}, {tool_label(row.tool)}") for row in rows]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        wanted = self.value()
        return queryset.filter(connection_id=wanted) if wanted and wanted.isdigit() else queryset
