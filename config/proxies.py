"""Who is at the other end, when proxies of our own stand between."""

from django.conf import settings
from django.http import HttpRequest


def client_address(request: HttpRequest) -> str:
    """Return the address of the client: the entry that our own outermost proxy wrote, never one the client wrote.

    With `BOEKBRUG_TRUSTED_PROXIES` = n the n-th entry from the right of X-Forwarded-For; with 0 the peer itself.
    """
    trusted: int = settings.BOEKBRUG_TRUSTED_PROXIES
    peer: str = request.META.get("REMOTE_ADDR", "")
    if not trusted:
        return peer
    entries = [entry.strip() for entry in request.META.get("HTTP_X_FORWARDED_FOR", "").split(",") if entry.strip()]
    return entries[-trusted] if len(entries) >= trusted else peer
