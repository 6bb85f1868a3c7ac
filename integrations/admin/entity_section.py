"""The bookkeeping of an entity, shown on its page: its connections, and connecting."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from config.admin.links import change_url
from config.countries import country_name
from invoicing.models import CompanyEntity

from ..models import Connection, ConnectionStatus
from .words import tool_label


def entity_section(request: HttpRequest, object_id: str) -> dict[str, Any] | None:
    """What the panel of an entity shows; None where the person may not see connections."""
    if not object_id.isdigit() or not request.user.has_perm("integrations.view_connection"):
        return None
    entity = CompanyEntity.objects.filter(pk=object_id).first()
    if entity is None:
        return None
    rows = Connection.objects.filter(entity=entity).select_related("administration").order_by("-pk")
    connections = [
        {
            "connection": row,
            "tool": tool_label(row.tool),
            "url": change_url(row),
            "issues": row.issues.open().count(),
        }
        for row in rows
    ]
    is_live = any(row.status != ConnectionStatus.DEACTIVATED for row in rows)
    offered = entity.country in settings.BOEKBRUG_CONNECTOR_COUNTRIES
    may_connect = offered and not is_live and request.user.has_perm("integrations.add_connection")
    return {
        "connections": connections,
        "connect_url": f"{reverse('admin:integrations_connection_add')}?entity={entity.pk}" if may_connect else "",
        "not_offered": "" if offered else country_name(entity.country),
        "countries": ", ".join(country_name(code) for code in settings.BOEKBRUG_CONNECTOR_COUNTRIES),
    }
