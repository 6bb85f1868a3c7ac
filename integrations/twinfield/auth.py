"""Signing in at Twinfield: OpenID Connect with a code, a nonce and a client secret.

An access token lives an hour, a refresh token practically for ever. No source says that it changes when it is used, so
what comes back is kept, and the old one where nothing comes. Storing tokens is the engine's work. Source: vendor
notes, OpenID Connect.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote, urlencode

from ..base.errors import AuthorisationLost, IntegrationError, OutcomeUnknown, ProtocolSurprise, Rejected, Unreachable
from ..base.http import Answer, CallGate, HttpClient
from ..base.signin import App, Tokens

logger = logging.getLogger(__name__)

SCOPES = ("openid", "twf.user", "twf.organisation", "twf.organisationUser", "offline_access")
_AUTHORIZE = "auth/authentication/connect/authorize"
_TOKEN = "auth/authentication/connect/token"  # noqa: S105 - a path, no secret
_VALIDATION = "auth/authentication/connect/accesstokenvalidation"
_OPERATION = "connect/token"
_DEFAULT_LIFE_SECONDS = 3600


def _now() -> datetime:
    return datetime.now(UTC)


class TwinfieldSignIn:
    """The sign-in side for one app registration."""

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

    def authorize_url(self, *, state: str, redirect_uri: str, nonce: str) -> str:
        """The page where a person signs in and ticks the permissions."""
        query = urlencode(
            {
                "client_id": self._app.client_id,
                "redirect_uri": redirect_uri,
                "response_type": "code",
                "scope": " ".join(SCOPES),
                "state": state,
                "nonce": nonce,
            },
            quote_via=quote,
        )
        return f"{self._http.base_url}/{_AUTHORIZE}?{query}"

    def exchange(self, *, code: str, redirect_uri: str, nonce: str) -> Tokens:
        """Turn the one-time code into tokens. Raises Rejected, also for an identity that was not asked with `nonce`."""
        fields = {"grant_type": "authorization_code", "code": code, "redirect_uri": redirect_uri}
        started, answer = self._post(fields)
        if answer.status != 200:
            raise _refusal(answer, lost=Rejected)
        body = _json(answer)
        if not self._is_ours(body.get("id_token"), nonce):
            raise Rejected("the identity does not belong to this sign-in", code="AUT-410", operation=_OPERATION)
        tokens = self._tokens(body, answer, started)
        return replace(tokens, identity=self._signed_in(tokens.access_token))

    def refresh(self, refresh_token: str) -> Tokens:
        """A new access token. Raises AuthorisationLost (revoked, or a wrong registration), Unreachable, OutcomeUnknown."""
        started, answer = self._post({"grant_type": "refresh_token", "refresh_token": refresh_token})
        if answer.status != 200:
            raise _refusal(answer, lost=AuthorisationLost)
        return self._tokens(_json(answer), answer, started, refresh_token)

    def _signed_in(self, access_token: str) -> str:
        """The user to whom a token was given, within the organisation; empty when Twinfield does not say.

        A refresh token belongs to one user in one organisation, so the user alone would mix up two organisations.
        """
        operation = "accesstokenvalidation"
        try:
            answer = self._http.send(
                "GET", _VALIDATION, operation=operation, is_write=False, params={"token": access_token}
            )
        except IntegrationError:
            # The one-time code is used up, so the tokens are worth more than the name.
            logger.warning("who signed in is not known", exc_info=True)
            return ""
        claims = _json(answer) if answer.status == 200 else {}
        organisation, user = _text(claims.get("twf.organisationId")), _text(claims.get("sub"))
        if not organisation or not user:
            logger.warning("who signed in is not known", extra={"status": answer.status})
            return ""
        return hashlib.sha256(f"{organisation}/{user}".encode()).hexdigest()[:40]

    def _post(self, fields: dict[str, str]) -> tuple[datetime, Answer]:
        pair = f"{self._app.client_id}:{self._app.client_secret}"
        started = self._now()
        answer = self._http.send(
            "POST",
            _TOKEN,
            operation=_OPERATION,
            is_write=True,
            headers={
                "Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}",
                "Content-Type": "application/x-www-form-urlencoded",
                "Accept": "application/json",
            },
            data=urlencode(fields),
        )
        return started, answer

    def _tokens(self, body: dict[str, Any], answer: Answer, started: datetime, refresh_token: str = "") -> Tokens:
        """The tokens of an answer. The life counts from before the call."""
        access = _text(body.get("access_token"))
        refresh = _text(body.get("refresh_token")) or refresh_token
        if not access or not refresh:
            raise OutcomeUnknown("the token answer cannot be read", status=answer.status, operation=_OPERATION)
        stated = _text(body.get("expires_in"))
        life = int(stated) if stated.isdigit() and int(stated) else _DEFAULT_LIFE_SECONDS
        obtained = self._now()
        return Tokens(
            access_token=access,
            refresh_token=refresh,
            obtained_at=obtained,
            expires_at=started + timedelta(seconds=life),
            refresh_from=obtained,
        )

    def _is_ours(self, identity: object, nonce: str) -> bool:
        """Whether the identity was made for us and for this very sign-in.

        It came straight from the token address over TLS, which stands in for its signature (OpenID Connect Core
        3.1.3.7); what binds it to this sign-in is the nonce.
        """
        claims = _claims(identity)
        audience = claims.get("aud")
        audiences = audience if isinstance(audience, list) else [audience]
        given = claims.get("nonce")
        if not nonce or not isinstance(given, str):
            return False
        return hmac.compare_digest(given.encode(), nonce.encode()) and self._app.client_id in audiences


def _claims(identity: object) -> dict[str, Any]:
    """What the middle part of an id_token says; empty when it is none."""
    parts = identity.split(".") if isinstance(identity, str) else []
    if len(parts) != 3:
        return {}
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
    except (ValueError, binascii.Error):
        return {}
    return claims if isinstance(claims, dict) else {}


def _refusal(answer: Answer, lost: type[AuthorisationLost] | type[Rejected]) -> IntegrationError:
    """The error of a refusing answer; `lost` is what a token or code that no longer works becomes."""
    error = _text(_json(answer).get("error"))
    status = answer.status
    where: dict[str, Any] = {
        "status": status,
        "vendor_code": error,
        "vendor_text": _text(_json(answer).get("error_description")) or error,
        "operation": _OPERATION,
    }
    if status == 429:
        return Unreachable("the token address is busy", **where)
    if status == 408 or status >= 500:
        return OutcomeUnknown(f"the token address answered {status}", **where)
    if status in (404, 405) or status < 400:
        return ProtocolSurprise(f"the token address answered {status}", **where)
    if error in ("invalid_client", "unauthorized_client"):
        words = "the client id or the client secret of the app registration is not accepted"
        return lost(words, code="AUT-410", params={"cause": "client"}, **where)
    return lost(error or "the sign-in is not valid any more", code="AUT-410", **where)


def _json(answer: Answer) -> dict[str, Any]:
    """The body as an object; empty when it is none."""
    try:
        body = answer.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()
