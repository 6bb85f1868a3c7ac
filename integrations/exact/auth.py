"""Signing in at Exact Online: OAuth2 with a rotating refresh token that lives for one use.

An access token lives 600 s and may be renewed only from 570 s after the answer that brought it; a refresh token dies
with its first use, and unused after 30 days. A lost answer to a refresh therefore may mean a dead connection, and
nothing here is repeated. Storing the pair is the engine's work. Source: vendor notes, OAuth2.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

from ..base.errors import AuthorisationLost, IntegrationError, OutcomeUnknown, ProtocolSurprise, Rejected, Unreachable
from ..base.http import Answer, CallGate, HttpClient
from ..base.signin import App, RefreshTooEarly, Tokens
from .answers import Unreadable, entity_of
from .values import guid, plain, text, whole

logger = logging.getLogger(__name__)

EARLIEST_REFRESH = timedelta(seconds=570)
REFRESH_LIFE = timedelta(days=30)
_DEFAULT_LIFE_SECONDS = 600
_AUTHORIZE = "api/oauth2/auth"
_TOKEN = "api/oauth2/token"  # noqa: S105 - a path, no secret
_OPERATION = "oauth2/token"
_ME = "api/v1/current/Me"
_TOO_EARLY_REASON = "TooEarlyToRefreshTokens"


def _now() -> datetime:
    return datetime.now(UTC)


class ExactSignIn:
    """The OAuth side of one country site for one app registration."""

    def __init__(
        self,
        base_url: str,
        app: App,
        deadline_seconds: float,
        gate: CallGate,
        now: Callable[[], datetime] = _now,
    ) -> None:
        self._app = app
        self._now = now
        # Bodies of these calls are secrets from end to end, so not a byte of them reaches the exchange log.
        self._http = HttpClient(base_url=base_url, deadline_seconds=deadline_seconds, gate=gate, record_bytes=0)

    def authorize_url(self, *, state: str, redirect_uri: str, nonce: str = "") -> str:
        """The page where a person signs in and agrees; slashes stay as they are, over-encoding was refused there."""
        query = urlencode(
            {
                "client_id": self._app.client_id,
                "redirect_uri": redirect_uri,
                "response_type": "code",
                "state": state,
                "force_login": "0",
            },
            quote_via=quote,
            safe="/",
        )
        return f"{self._http.base_url}/{_AUTHORIZE}?{query}"

    def exchange(self, *, code: str, redirect_uri: str, nonce: str = "") -> Tokens:
        """Turn the one-time code, decoded once, into tokens. Raises Rejected, Unreachable, OutcomeUnknown."""
        started, answer = self._post({"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri})
        if answer.status != 200:
            raise _refusal(answer, lost=Rejected)
        tokens = self._tokens(answer, started)
        return replace(tokens, identity=self._signed_in(tokens.access_token))

    def refresh(self, refresh_token: str) -> Tokens:
        """Swap a refresh token for a new pair; the old one is dead from then on.

        Raises: RefreshTooEarly (nothing was consumed), AuthorisationLost (used, expired, unknown or a wrong app
        registration), Unreachable (never sent, or refused as busy), OutcomeUnknown (the old token may be dead).
        """
        started, answer = self._post({"grant_type": "refresh_token", "refresh_token": refresh_token})
        if answer.status == 200:
            return self._tokens(answer, started)
        if _is_too_early(answer):
            raise RefreshTooEarly(text(_json(answer).get("error_description")))
        raise _refusal(answer, lost=AuthorisationLost)

    def _signed_in(self, access_token: str) -> str:
        """The key of the user to whom a token was given; empty when Exact does not say.

        UNSURE, marked here alone: whether a user's new consent ends their earlier tokens. Knowing who signed in, the
        engine keeps one pair per user, which serves both readings.
        """
        headers = {"Authorization": f"Bearer {access_token}", "Accept": "application/json"}
        try:
            answer = self._http.send(
                "GET", _ME, operation="current/Me", is_write=False, headers=headers, params={"$select": "UserID"}
            )
            if answer.status == 200:
                return guid(entity_of(answer).get("UserID"))
        except (IntegrationError, Unreadable):
            # The one-time code is used up, so the pair is worth more than the name.
            logger.warning("who signed in is not known", exc_info=True)
            return ""
        logger.warning("who signed in is not known", extra={"status": answer.status})
        return ""

    def _post(self, fields: dict[str, str]) -> tuple[datetime, Answer]:
        secret = {"client_id": self._app.client_id, "client_secret": self._app.client_secret}
        started = self._now()
        answer = self._http.send(
            "POST",
            _TOKEN,
            operation=_OPERATION,
            is_write=True,
            headers={"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"},
            data=urlencode({**fields, **secret}),
        )
        return started, answer

    def _tokens(self, answer: Answer, started: datetime) -> Tokens:
        """The pair of an answer. The life counts from before the call, the earliest refresh from after it."""
        body = _json(answer)
        access, refresh = text(body.get("access_token")), text(body.get("refresh_token"))
        if not access or not refresh:
            raise OutcomeUnknown("the token answer cannot be read", status=answer.status, operation=_OPERATION)
        life = whole(body.get("expires_in")) or _DEFAULT_LIFE_SECONDS
        obtained = self._now()
        return Tokens(
            access_token=access,
            refresh_token=refresh,
            obtained_at=obtained,
            expires_at=started + timedelta(seconds=life),
            refresh_from=obtained + min(EARLIEST_REFRESH, timedelta(seconds=life * 0.95)),
            refresh_until=obtained + REFRESH_LIFE,
        )


def _is_too_early(answer: Answer) -> bool:
    """Whether a refresh was refused because the access token is still good; nothing was consumed then.

    UNSURE, marked here alone: 400 and 401 were both met for it, so the status is not looked at.
    """
    body = _json(answer)
    if _reason(answer) == _TOO_EARLY_REASON:
        return True
    return text(body.get("error")) == "access_denied" and "not expired" in text(body.get("error_description")).lower()


def _refusal(answer: Answer, lost: type[AuthorisationLost] | type[Rejected]) -> IntegrationError:
    """The error of a refusing answer; `lost` is what a token or code that no longer works becomes."""
    body = _json(answer)
    status, error = answer.status, text(body.get("error"))
    description = plain(text(body.get("error_description")))
    where: dict[str, Any] = {
        "status": status,
        "vendor_code": error or _reason(answer),
        "vendor_text": description or error,
        "operation": _OPERATION,
    }
    if status == 429:
        return Unreachable("the token address is busy", **where)
    if status == 408 or status >= 500:
        return OutcomeUnknown(f"the token address answered {status}", **where)
    if status in (404, 405) or status < 400:
        return ProtocolSurprise(f"the token address answered {status}", **where)
    wrong_client = error == "invalid_client" or (
        error == "unauthorized_client" and "refresh token" not in description.lower()
    )
    if wrong_client:
        words = "the client id or the client secret of the app registration is not accepted"
        return lost(words, code="AUT-401", params={"cause": "client"}, **where)
    return lost(description or error or "the sign-in is not valid any more", code="AUT-401", **where)


def _json(answer: Answer) -> dict[str, Any]:
    """The body as an object; empty when it is none (a refused code often comes without a body)."""
    try:
        body = answer.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _reason(answer: Answer) -> str:
    """The first word of the `Reason` header, before its colon."""
    for name, value in answer.headers.items():
        if name.lower() == "reason":
            return value.split(":")[0].strip()
    return ""
