"""OAuth2 as the service does it: consent page, single-use codes, rotating refresh tokens.

Lifetimes, the 570 seconds rule, error bodies and the `Reason` header: confirmed facts of the vendor sheet,
section 1. What is UNSURE there is a switch (`switches.py`).
"""

from __future__ import annotations

import json
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import parse_qsl, quote, urlsplit

from ..messages import JSON, Headers, Request, Response, html_response, redirect
from . import consent
from .world import World, derived_id


@dataclass(frozen=True, slots=True)
class App:
    """What was registered for an app."""

    secret: str
    name: str
    redirects: tuple[str, ...]
    webhook_secret: str


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who can sign in."""

    password: str
    first: str
    last: str
    email: str


# demo-client is sent back to any loopback address as well, so that a demo runs on any port.
APPS = {
    "demo-client": App(
        "demo-secret", "Boekbrug demo", ("http://127.0.0.1:8000/", "http://localhost:8000/"), "demo-webhook-secret"
    ),
    "other-client": App("other-secret", "Another app", ("https://other.example/callback",), "other-webhook-secret"),
}
USERS = {
    "demo": User("demo", "Dora", "Demo", "demo@boekbrug.example"),
    "clerk": User("clerk", "Klaas", "Klerk", "clerk@boekbrug.example"),
}
_CODE_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
_COOKIE = "sandbox_exact"


def user_id(user: str) -> str:
    """Return the guid of a user."""
    return derived_id("user", user)


def _moment(seconds: float) -> str:
    at = datetime.fromtimestamp(seconds, UTC)
    return f"{at.month}/{at.day}/{at.year} {at.hour % 12 or 12}:{at:%M:%S} {'AM' if at.hour < 12 else 'PM'}"


def _error(status: int, error: str, description: str, headers: Headers | None = None) -> Response:
    body = json.dumps({"error": error, "error_description": description}).encode()
    return Response(status, body, JSON, [("Cache-Control", "no-store"), *(headers or [])])


def _same(held: str, given: str) -> bool:
    return secrets.compare_digest(held.encode(), given.encode())


def _redirect_fits(client: str, target: str) -> bool:
    parts = urlsplit(target)
    if client == "demo-client" and parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost"):
        return True
    return target in APPS[client].redirects


class Auth:
    """Answers `/api/oauth2/auth` and `/api/oauth2/token`, and knows whose token a call carries."""

    def __init__(self, world: World) -> None:
        self._world = world

    def handle(self, path: str, request: Request) -> Response:
        """Answer a call under `/api/oauth2/`."""
        if path == "/api/oauth2/auth" and request.method in ("GET", "POST"):
            return self._authorise(request)
        if path == "/api/oauth2/token":
            return self._token(request) if request.method == "POST" else Response(405)
        return Response(404)

    # the consent page

    def _authorise(self, request: Request) -> Response:
        fields = dict(request.params)
        if request.method == "POST":
            fields |= request.form()
        client, target = fields.get("client_id", ""), fields.get("redirect_uri", "")
        if client not in APPS:
            return html_response(consent.problem("This app is not known (client_id)."), 400)
        if not _redirect_fits(client, target):
            return html_response(consent.problem("The redirect address is not the one that was registered."), 400)
        if fields.get("response_type") != "code":
            return html_response(consent.problem("response_type has to be code."), 400)
        user = self._session(request) if fields.get("force_login", "0") != "1" else ""
        if self._world.settings["auto_consent"]:
            return self._allow(client, "demo", fields)
        if request.method == "GET":
            return html_response(consent.page(APPS[client].name, fields, user))
        if fields.get("decision") == "refuse":
            return self._back(fields, [("error", "access_denied")])
        if not user or fields.get("username"):
            user = fields.get("username", "")
            if user not in USERS or not _same(USERS[user].password, fields.get("password", "")):
                page = consent.page(APPS[client].name, fields, "", "User name or password is not right.")
                return html_response(page, 401)
        return self._allow(client, user, fields)

    def _session(self, request: Request) -> str:
        for piece in request.headers.get("cookie", "").split(";"):
            name, _, value = piece.strip().partition("=")
            if name == _COOKIE and value in self._world.signins["session"]:
                return str(self._world.signins["session"][value]["user"])
        return ""

    def _allow(self, client: str, user: str, fields: dict[str, str]) -> Response:
        # Codes hold ! and %, so that a caller who decodes twice or not at all is found out.
        core = "".join(secrets.choice(_CODE_ALPHABET) for _ in range(40))
        code = f"stampBE001.{core[:20]}!{core[20:]}%2B"
        row = {"client": client, "user": user, "redirect": fields["redirect_uri"], "at": self._world.clock.time()}
        self._world.sign_in("code", code, row)
        session = secrets.token_urlsafe(18)
        self._world.sign_in("session", session, {"user": user})
        cookie = ("Set-Cookie", f"{_COOKIE}={session}; Path=/exact; HttpOnly; SameSite=Lax")
        return self._back(fields, [("code", code)], [cookie])

    @staticmethod
    def _back(fields: dict[str, str], extra: list[tuple[str, str]], headers: Headers | None = None) -> Response:
        target = fields["redirect_uri"]
        if "state" in fields:
            extra = [*extra, ("state", fields["state"])]
        query = "&".join(f"{name}={quote(value, safe='')}" for name, value in extra)
        return redirect(f"{target}{'&' if '?' in target else '?'}{query}", headers=headers)

    # the token address

    def _token(self, request: Request) -> Response:
        if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            return _error(400, "invalid_request", "The content type has to be application/x-www-form-urlencoded.")
        fields = dict(parse_qsl(request.body.decode("utf-8", "replace"), keep_blank_values=True))
        client = fields.get("client_id", "")
        if client not in APPS or not _same(APPS[client].secret, fields.get("client_secret", "")):
            return _error(
                self._world.settings["wrong_client_status"], "invalid_client", "Client authentication failed."
            )
        match fields.get("grant_type"):
            case "authorization_code":
                return self._from_code(client, fields)
            case "refresh_token":
                return self._from_refresh(client, fields.get("refresh_token", ""))
        return _error(400, "unsupported_grant_type", "The grant type is not supported.")

    def _from_code(self, client: str, fields: dict[str, str]) -> Response:
        world = self._world
        row = world.signins["code"].get(fields.get("code", ""))
        life = world.settings["code_seconds"]
        good = (
            row is not None
            and row["client"] == client
            and row["redirect"] == fields.get("redirect_uri")
            and world.clock.time() - row["at"] <= life
        )
        if row is not None:
            world.sign_out("code", fields["code"])  # one try, right or wrong
        if not good or row is None:
            if world.settings["bad_code_body"] == "json":
                return _error(400, "invalid_grant", "The authorization code is not valid.")
            return Response(400)
        if world.settings["new_consent_kills_old"]:
            for kind in ("access", "refresh"):
                for key, held in list(world.signins[kind].items()):
                    if (held["client"], held["user"]) == (client, row["user"]):
                        world.sign_out(kind, key)
        return self.issue(client, row["user"])

    def _from_refresh(self, client: str, token: str) -> Response:
        world = self._world
        settings = world.settings
        row = world.signins["refresh"].get(token)
        if row is None or row["client"] != client:
            return _error(400, "invalid_request", "The refresh token is not valid.")
        if row["used"]:
            return _error(401, "unauthorized_client", "Old refresh token used.")
        now = world.clock.time()
        expires = row["at"] + settings["refresh_token_days"] * 86400
        if now > expires:
            text = f"The refresh token expired at {_moment(expires)} and it is now {_moment(now)}."
            return _error(400, "invalid_request", text)
        earliest = min(settings["earliest_refresh_seconds"], settings["token_seconds"] * 0.95)
        if now - row["at"] < earliest:
            text = "Rate limit exceeded: access_token not expired"
            return _error(
                settings["too_early_status"], "access_denied", text, [("Reason", f"TooEarlyToRefreshTokens: {text}")]
            )
        world.sign_in("refresh", token, {**row, "used": True})
        return self.issue(client, row["user"])

    def issue(self, client: str, user: str) -> Response:
        """Hand out a fresh pair of tokens."""
        world = self._world
        now = world.clock.time()
        access = f"stampBE001.{secrets.token_urlsafe(96)}"
        refresh = f"stampBE001.{secrets.token_urlsafe(96)}"
        life = world.settings["token_seconds"]
        world.sign_in("access", access, {"client": client, "user": user, "expires": now + life})
        world.sign_in("refresh", refresh, {"client": client, "user": user, "at": now, "used": False})
        body = {
            "access_token": access,
            "token_type": "bearer",
            "expires_in": str(life),  # a string, as the service sends it
            "refresh_token": refresh,
        }
        return Response(200, json.dumps(body).encode(), JSON, [("Cache-Control", "no-store")])

    def caller(self, request: Request) -> tuple[tuple[str, str] | None, bool]:
        """Return ((client, user), valid) for the token of a call; an expired token still tells whose it is."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        row = self._world.signins["access"].get(token.strip()) if scheme.lower() == "bearer" else None
        if row is None:
            return None, False
        return (row["client"], row["user"]), self._world.clock.time() < row["expires"]
