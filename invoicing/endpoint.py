"""Where an access point hands in documents: POST /peppol/incoming/ with the UBL as body.

Signs in with `Authorization: Bearer <token>`; the token belongs to one entity. `X-Message-Id` names the message, so that
one sent twice is stored once. Where the access point has a signing secret, `X-Signature: sha256=<hex>` is the HMAC of the
body. Answers in JSON once the bytes are committed: 202 taken, 200 known already. A worker reads them; what cannot be read
is kept under *Refused files*, so an answer of 2xx means that nobody needs to send it again.
Source: sheet on Peppol, section 11.11.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from typing import Any

from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, JsonResponse
from django.utils import timezone, translation
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST

from config.proxies import client_address

from .models import IncomingAccess
from .services.purchases import Answer, accept, largest

_CHUNK = 64 * 1024
_MINUTE = 60
# Attempts without a valid token that one address has within a minute.
_STRANGERS = 20
_MESSAGE_ID = re.compile(r"[\x21-\x7e]{1,200}", re.ASCII)
_REFUSALS = {"message-id": 409, "busy": 503, "full": 503}
_UBL = ("application/xml", "text/xml", "application/octet-stream", "")


@csrf_exempt
@never_cache
@require_POST
def incoming(request: HttpRequest) -> JsonResponse:
    with translation.override("en"):  # machines read this
        return _incoming(request)


def _incoming(request: HttpRequest) -> JsonResponse:
    access = _signed_in(request.headers.get("Authorization", ""))
    if access is None:
        # Only those without a valid token wait: behind a proxy everybody may have one address.
        if _count(f"peppol-stranger-{client_address(request)}") > _STRANGERS:
            return _wait()
        answer = _answer(401, "token", "This token is not valid.")
        answer["WWW-Authenticate"] = "Bearer"
        return answer
    if _count(f"peppol-access-{access.pk}") > settings.BOEKBRUG_PEPPOL_PER_MINUTE:
        return _wait()
    if (refused := _refuse_head(request)) is not None:
        return refused
    data = _body(request)
    if data is None:
        return _too_large()
    if not _is_signed(access, data, request.headers.get("X-Signature", "")):
        return _answer(401, "signature", "The signature does not fit the body.")
    message_id = request.headers.get("X-Message-Id", "").strip()
    found = accept(data=data, access=access, message_id=message_id)
    IncomingAccess.objects.filter(pk=access.pk).update(last_used_at=timezone.now())
    if found.answer is Answer.REFUSED:
        answer = _answer(_REFUSALS.get(found.code, 422), found.code, found.text)
        if answer.status_code == 503:
            answer["Retry-After"] = str(_MINUTE)
        return answer
    status = 202 if found.answer is Answer.QUEUED else 200
    # What another entity received is not told to this one.
    is_told = found.document is None or found.document.access_id == access.pk
    return _answer(status, found.code, found.text if is_told else "Received before.")


def _signed_in(header: str) -> IncomingAccess | None:
    scheme, _blank, token = header.partition(" ")
    public, _dot, secret = token.strip().partition(".")
    if scheme.lower() != "bearer" or not public or not secret or len(token) > 200 or not token.isascii():
        return None
    access = IncomingAccess.objects.select_related("entity").filter(public=public, active=True).first()
    # A token that does not exist takes as long as a wrong one.
    return access if (access or IncomingAccess(secret_hash="0" * 64)).accepts(secret) and access else None


def _refuse_head(request: HttpRequest) -> JsonResponse | None:
    """What can be told before the body is read."""
    if request.headers.get("Content-Encoding", "identity").lower() != "identity":
        return _answer(415, "packed", "Send the document as it is, not packed.")
    if (request.content_type or "").lower() not in _UBL:
        return _answer(415, "content-type", "Send the document itself as application/xml.")
    message_id = request.headers.get("X-Message-Id", "").strip()
    if message_id and not _MESSAGE_ID.fullmatch(message_id):
        return _answer(400, "message-id", "X-Message-Id has at most 200 visible ASCII signs.")
    if request.headers.get("Transfer-Encoding"):
        # The web server hands over a body without a length as an empty one.
        return _answer(411, "length", "Send the length of the document as Content-Length.")
    length = request.headers.get("Content-Length", "")
    if length.isdigit() and int(length) > largest():
        return _too_large()
    return None


def _body(request: HttpRequest) -> bytes | None:
    """The body, counted while it is read; None when it is larger than a document may be."""
    parts: list[bytes] = []
    size = 0
    while part := request.read(_CHUNK):
        size += len(part)
        if size > largest():
            return None
        parts.append(part)
    return b"".join(parts)


def _is_signed(access: IncomingAccess, data: bytes, header: str) -> bool:
    if not access.signing_secret:
        return True
    expected = hmac.new(str(access.signing_secret).encode(), data, hashlib.sha256).hexdigest()
    return hmac.compare_digest(f"sha256={expected}".encode(), header.strip().lower().encode())


def _minute(key: str) -> str:
    return f"{key}-{int(time.time()) // _MINUTE}"


def _count(key: str) -> int:
    """How often this happened within this minute, this time included."""
    name = _minute(key)
    cache.add(name, 0, 2 * _MINUTE)
    try:
        return int(cache.incr(name))
    except ValueError:  # dropped by the cache between the two
        return 1


def _wait() -> JsonResponse:
    answer = _answer(429, "too-many", "Too many requests. Try again in a minute.")
    answer["Retry-After"] = str(_MINUTE)
    return answer


def _too_large() -> JsonResponse:
    return _answer(413, "too-large", f"A document has at most {settings.BOEKBRUG_PEPPOL_MAX_MB} MB.")


def _answer(status: int, code: str, text: str) -> JsonResponse:
    body: dict[str, Any] = {"status": "ok" if status < 300 else "refused", "code": code, "text": text}
    return JsonResponse(body, status=status)
