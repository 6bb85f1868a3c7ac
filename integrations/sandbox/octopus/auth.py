"""Signing in: software house and password give a token, the token gives a token of one dossier."""

from __future__ import annotations

import base64
import json
import secrets
from typing import Any

from ..messages import Request
from .refusals import EMPTY_TOKEN, Malformed, Refusal
from .world import Dossier, World

SOFTWARE_HOUSE = "5d0b9a41-2f7d-4e0c-b35a-106b1f8a527c"
USERS = {"demo@U1": "demo", "clerk@U1": "clerk"}


class Auth:
    """Tokens of users and of dossiers."""

    def __init__(self, world: World) -> None:
        self._world = world

    def log_in(self, request: Request) -> dict[str, str]:
        """Answer POST /authentication. Raises Refusal."""
        house = request.headers.get("softwarehouseuuid", "")
        try:
            body = json.loads(request.body or b"null")
            user, password = body["user"], body["password"]
        except (ValueError, KeyError, TypeError) as exc:
            raise Malformed from exc
        if not house:
            raise Malformed
        if house != SOFTWARE_HOUSE:
            raise Refusal(self._world.settings["house_status"], "Unknown software house")
        if not isinstance(user, str) or self._password(user) != password:
            failed = int(self._world.facts.get(f"failed/{user}", 0)) + 1
            self._world.set_fact(f"failed/{user}", failed)
            raise Refusal(401, f"Incrementing failed login attempt count for user {user}, IP address 127.0.0.1. ")
        self._world.set_fact(f"failed/{user}", None)
        return {"token": self.issue(user)}

    def _password(self, user: str) -> str | None:
        changed: str | None = self._world.facts.get(f"password/{user}")
        return changed or USERS.get(user)

    def issue(self, user: str, dossier: int | None = None, locale: int = 0) -> str:
        """Return a new token."""
        head = base64.urlsafe_b64encode(b'{"alg":"HS256"}').decode().rstrip("=")
        token = f"{head}.{secrets.token_urlsafe(24)}.{secrets.token_urlsafe(16)}"
        row = {"user": user, "dossier": dossier, "locale": locale, "at": self._world.clock.time()}
        self._world.tokens[token] = row
        self._world.keep("token", token, row)
        return token

    def user(self, request: Request) -> str:
        """The user of a call with a token of step 1. Raises Refusal."""
        return str(self._valid(request.headers.get("token", ""), None)["user"])

    def dossier(self, request: Request, number: int) -> tuple[Dossier, dict[str, Any]]:
        """The dossier of a call, and its token's row. Raises Refusal."""
        row = self._valid(request.headers.get("dossiertoken", ""), number)
        return self._world.dossiers[number], row

    def connect(self, request: Request) -> dict[str, str]:
        """Answer POST /dossiers. Raises Refusal."""
        user = self.user(request)
        number, locale = request.params.get("dossierId", ""), request.params.get("localeId", "0")
        if not number.isdigit() or not locale.isdigit() or request.body:
            raise Malformed
        if self._world.facts.get(f"barred/{user}/{number}"):
            raise Refusal(403, f"User {user} has no access to dossier {number}")
        if int(number) not in self._world.dossiers:
            raise Refusal(404, f"Dossier {number} not found")
        return {"Dossiertoken": self.issue(user, int(number), int(locale))}

    def may_write(self, user: str) -> None:
        """Raise Refusal for a user who may only read."""
        if self._world.facts.get(f"read only/{user}"):
            raise Refusal(self._world.settings["read_only_status"], f"User {user} may only read", -932)

    def _valid(self, token: str, dossier: int | None) -> dict[str, Any]:
        if not token:
            raise Refusal(401, "Empty access token", EMPTY_TOKEN)
        row = self._world.tokens.get(token)
        if (
            row is None
            or row["dossier"] != dossier
            or self._world.clock.time() - row["at"] >= self._world.settings["token_seconds"]
        ):
            raise Refusal(401, "Invalid or expired access token")
        return row
