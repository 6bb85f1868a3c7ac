"""Signing in at Octopus: user and password, under the id of our software house, give a token for ten minutes.

A refused password raises the counter of failed attempts over there, so it is never tried again by itself. Source:
vendor notes, authentication.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from ..base.errors import AuthorisationLost, Unreachable
from ..base.http import CallGate, HttpClient
from ..base.signin import App, CredentialField, Tokens
from .answers import Refusal, Unreadable, object_of, refusal_of
from .limits import AUTHENTICATION
from .values import text

# Ten minutes, less what a clock and a slow answer may take.
TOKEN_LIFE = timedelta(seconds=590)

CREDENTIAL_FIELDS = (
    CredentialField(
        name="user", label="Octopus user", hint="As on Octopus's own sign-in page, such as name@D05000000."
    ),
    CredentialField(name="password", label="Password", is_secret=True),
)


def _now() -> datetime:
    return datetime.now(UTC)


class OctopusSignIn:
    """The sign-in of one user."""

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
        # Bodies of this call are secrets from end to end, so not a byte of them reaches the exchange log.
        self._http = HttpClient(base_url=base_url, deadline_seconds=deadline_seconds, gate=gate, record_bytes=0)

    def log_in(self, credentials: Mapping[str, str]) -> Tokens:
        """A new token. Raises AuthorisationLost (refused: only a person tries again), Unreachable.

        Nothing over there changes by it, so a lost answer is no more than a call that did not work.
        """
        user, password = credentials.get("user", "").strip(), credentials.get("password", "")
        if not user or not password:
            raise AuthorisationLost("user and password are missing", code="AUT-407", operation=AUTHENTICATION)
        started = self._now()
        answer = self._http.send(
            "POST",
            "authentication",
            operation=AUTHENTICATION,
            is_write=False,
            headers={"softwareHouseUuid": self._app.client_id},
            json_body={"user": user, "password": password},
        )
        if answer.status == 200:
            try:
                token = text(object_of(answer).get("token"))
            except Unreadable as exc:
                raise Unreachable("the token answer cannot be read", status=200, operation=AUTHENTICATION) from exc
            if token:
                expires = started + TOKEN_LIFE
                return Tokens(access_token=token, obtained_at=started, expires_at=expires, refresh_from=expires)
            raise Unreachable("the token answer holds no token", status=200, operation=AUTHENTICATION)
        if 400 <= answer.status < 500 and answer.status not in (404, 408, 429):
            raise _refused(refusal_of(answer) or Refusal(), answer.status)
        raise Unreachable(f"signing in answered {answer.status}", status=answer.status, operation=AUTHENTICATION)


def _refused(said: Refusal, status: int) -> AuthorisationLost:
    """User or password are wrong; or, as far as a text can tell, the id of our software house is."""
    wrong_house = "software" in said.words.lower() or (status == 400 and not said.number)
    return AuthorisationLost(
        "the id of the software house is not accepted" if wrong_house else "user or password are not accepted",
        code="AUT-401" if wrong_house else "AUT-407",
        status=status,
        vendor_text=said.words,
        vendor_code=str(said.number or ""),
        operation=AUTHENTICATION,
        params={"cause": "client"} if wrong_house else {},
    )
