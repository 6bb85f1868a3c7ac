"""Leaving for a tool's own sign-in page, and the address at which people come back."""

from __future__ import annotations

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse

from invoicing.admin.booking import person

from .. import services
from ..models import Connection


def to_tool(request: HttpRequest, connection: Connection) -> HttpResponse:
    """Go to the tool's sign-in. ConnectError where it has none, or this installation is not registered there."""
    address = services.begin_sign_in(connection=connection, user=person(request), redirect_uri=return_address(request))
    return HttpResponseRedirect(address)


def return_address(request: HttpRequest) -> str:
    """Where the tool sends people back to; the same for every connection, since tools know it by heart."""
    path = reverse("admin:integrations_connection_signed_in")
    site: str = settings.BOEKBRUG_SITE_URL
    return f"{site}{path}" if site else request.build_absolute_uri(path)
