"""OpenID Connect as the service does it: consent page, single-use codes, tokens, validation that names the cluster.

Addresses, client proof, lifetimes and the shape of the validation: confirmed facts of the vendor sheet, section 2.
What is UNSURE there is a switch (`switches.py`).
"""

from __future__ import annotations

import base64
import html
import json
import secrets
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlsplit

from ..messages import JSON, Request, Response, html_response, redirect
from .world import ORGANISATION, World, derived_id


@dataclass(frozen=True, slots=True)
class App:
    """What was registered for an app."""

    secret: str
    name: str
    redirects: tuple[str, ...]


APPS = {
    "demo-client": App("demo-secret", "Boekbrug demo", ("http://127.0.0.1:8000/", "http://localhost:8000/")),
    "other-client": App("other-secret", "Another app", ("https://other.example/callback",)),
}
USERS = {"demo": "demo", "clerk": "clerk"}
NEEDED_SCOPES = ("openid", "twf.user", "twf.organisation", "twf.organisationUser", "offline_access")
ROOT = "/auth/authentication/connect"
_ORGANISATION_ID = derived_id("organisation")


def _same(held: str, given: str) -> bool:
    return secrets.compare_digest(held.encode(), given.encode())


def _error(error: str) -> Response:
    return Response(400, json.dumps({"error": error}).encode(), JSON, [("Cache-Control", "no-store")])


def _redirect_fits(client: str, target: str) -> bool:
    parts = urlsplit(target)
    if client == "demo-client" and parts.scheme == "http" and parts.hostname in ("127.0.0.1", "localhost"):
        return True
    return target in APPS[client].redirects


class Auth:
    """Answers the sign-in addresses, and knows whose token a call carries."""

    def __init__(self, world: World) -> None:
        self._world = world

    def handle(self, path: str, request: Request) -> Response:
        """Answer a call under the sign-in root."""
        match path.removeprefix(ROOT):
            case "/authorize" if request.method in ("GET", "POST"):
                return self._authorise(request)
            case "/token" if request.method == "POST":
                return self._token(request)
            case "/accesstokenvalidation" if request.method == "GET":
                return self._validation(request)
            case "/userinfo" if request.method == "GET":
                return self._user_info(request)
        return Response(404)

    # the consent page

    def _authorise(self, request: Request) -> Response:
        fields = dict(request.params)
        if request.method == "POST":
            fields |= request.form()
        client = fields.get("client_id", "")
        if client not in APPS:
            return _page("<p role='alert'>This app is not known (client_id).</p>", 400)
        if not _redirect_fits(client, fields.get("redirect_uri", "")):
            return _page("<p role='alert'>The redirect address is not the one that was registered.</p>", 400)
        if fields.get("response_type") != "code" or not fields.get("nonce"):
            return _page("<p role='alert'>response_type has to be code, and a nonce is needed.</p>", 400)
        if self._world.settings["auto_consent"]:
            return self._allow(client, "demo", fields)
        if request.method == "GET":
            return _consent(APPS[client].name, "")
        if fields.get("decision") == "refuse":
            return _back(fields, [("error", "access_denied")])
        user = fields.get("username", "")
        if user not in USERS or not _same(USERS[user], fields.get("password", "")):
            return _consent(APPS[client].name, "User name or password is not right.", 401)
        return self._allow(client, user, fields)

    def _allow(self, client: str, user: str, fields: dict[str, str]) -> Response:
        code = secrets.token_urlsafe(30)
        row = {
            "client": client,
            "user": user,
            "redirect": fields["redirect_uri"],
            "nonce": fields["nonce"],
            "scopes": fields.get("scope", "").split(),
            "at": self._world.clock.time(),
        }
        self._world.sign_in("code", code, row)
        return _back(fields, [("code", code)])

    # the token address

    def _token(self, request: Request) -> Response:
        if not request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
            return _error("invalid_request")
        fields = request.form()
        client, secret = self._client(request, fields)
        if client not in APPS or not _same(APPS[client].secret, secret):
            return _error("invalid_client")
        match fields.get("grant_type"):
            case "authorization_code":
                return self._from_code(client, fields)
            case "refresh_token":
                return self._from_refresh(client, fields.get("refresh_token", ""))
        return _error("unsupported_grant_type")

    @staticmethod
    def _client(request: Request, fields: dict[str, str]) -> tuple[str, str]:
        """Return id and secret, from the Basic header or from the body."""
        scheme, _, value = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "basic":
            return fields.get("client_id", ""), fields.get("client_secret", "")
        try:
            client, _, secret = base64.b64decode(value, validate=True).decode().partition(":")
        except ValueError:
            return "", ""
        return client, secret

    def _from_code(self, client: str, fields: dict[str, str]) -> Response:
        world = self._world
        row = world.signins["code"].get(fields.get("code", ""))
        if row is None:
            return _error("invalid_grant")
        world.sign_out("code", fields["code"])  # one try, right or wrong
        fresh = world.clock.time() - row["at"] <= world.settings["code_seconds"]
        if row["client"] != client or row["redirect"] != fields.get("redirect_uri") or not fresh:
            return _error("invalid_grant")
        return self.issue(client, row["user"], nonce=row["nonce"], scopes=row["scopes"])

    def _from_refresh(self, client: str, token: str) -> Response:
        world = self._world
        row = world.signins["refresh"].get(token)
        if row is None or row["client"] != client:
            return _error("invalid_grant")
        if world.settings["refresh_changes"]:
            world.sign_out("refresh", token)
            return self.issue(client, row["user"], scopes=row["scopes"])
        return self.issue(client, row["user"], scopes=row["scopes"], refresh=token)

    def issue(
        self, client: str, user: str, *, nonce: str = "", scopes: list[str] | None = None, refresh: str = ""
    ) -> Response:
        """Hand out an access token, with the refresh token that goes with it."""
        world = self._world
        now = world.clock.time()
        granted = list(NEEDED_SCOPES) if scopes is None else scopes
        access = secrets.token_hex(16)
        life = world.settings["token_seconds"]
        world.sign_in("access", access, {"client": client, "user": user, "expires": now + life, "scopes": granted})
        body: dict[str, object] = {"access_token": access, "expires_in": life, "token_type": "Bearer"}
        if not refresh and "offline_access" in granted:
            refresh = secrets.token_hex(16)
            world.sign_in("refresh", refresh, {"client": client, "user": user, "scopes": granted})
            body["refresh_token"] = refresh
        elif refresh and world.settings["refresh_repeats"]:
            body["refresh_token"] = refresh
        if nonce and world.settings["id_token"]:
            body["id_token"] = self._identity(client, user, nonce, now)
        return Response(200, json.dumps(body).encode(), JSON, [("Cache-Control", "no-store")])

    def _identity(self, client: str, user: str, nonce: str, now: float) -> str:
        claims = {
            "iss": "https://login.twinfield.com/auth/authentication",
            "aud": client,
            "sub": user,
            "iat": int(now),
            "exp": int(now) + 300,
            "nonce": "another" if self._world.settings["wrong_nonce"] else nonce,
        }
        parts = ({"alg": "RS256", "typ": "JWT"}, claims)
        encoded = [base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=") for part in parts]
        return ".".join([*encoded, secrets.token_urlsafe(32)])

    def _validation(self, request: Request) -> Response:
        row = self.row_of(request.params.get("token", ""))
        if row is None:
            body = json.dumps({"Message": "The access token is invalid."}).encode()
            return Response(400, body, JSON)
        now = self._world.clock.time()
        settings = self._world.settings
        answer: dict[str, object] = {
            "iss": "https://login.twinfield.com/auth/authentication",
            "nbf": str(int(now)),
            "exp": str(int(row["expires"])),
            "client_id": row["client"],
            "scope": row["scopes"],
            "sub": base64.b64encode(row["user"].encode()).decode(),
        }
        if "twf.organisationUser" in row["scopes"]:
            answer["twf.organisationUserCode"] = row["user"].upper()
        if "twf.organisation" in row["scopes"]:
            answer["twf.organisationCode"] = ORGANISATION
            answer["twf.organisationId"] = _ORGANISATION_ID
            answer["twf.clusterUrl"] = settings["cluster_url"] or f"{request.base_url}/twinfield/cluster"
        return Response(200, json.dumps(answer).encode(), JSON)

    def _user_info(self, request: Request) -> Response:
        _, _, token = request.headers.get("authorization", "").partition(" ")
        row = self.row_of(token)
        if row is None:
            return Response(401)
        return Response(200, json.dumps({"sub": row["user"]}).encode(), JSON)

    def row_of(self, token: str) -> dict[str, Any] | None:
        """Return what a valid access token stands for."""
        row = self._world.signins["access"].get(token)
        return row if row is not None and self._world.clock.time() < row["expires"] else None

    def revoke(self, user: str) -> int:
        """Forget every token of a user, as when consent is withdrawn. Returns how many there were."""
        world = self._world
        found = [
            (kind, key)
            for kind in ("access", "refresh")
            for key, row in world.signins[kind].items()
            if row["user"] == user
        ]
        for kind, key in found:
            world.sign_out(kind, key)
        return len(found)


def _back(fields: dict[str, str], extra: list[tuple[str, str]]) -> Response:
    target = fields["redirect_uri"]
    if "state" in fields:
        extra = [*extra, ("state", fields["state"])]
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in extra)
    return redirect(f"{target}{'&' if '?' in target else '?'}{query}")


_STYLE = """
* { box-sizing: border-box; }
body { margin: 0; font: 16px/1.5 system-ui, sans-serif; color: #1d2530; background: #eef1f4; }
main { max-width: 26rem; margin: 8vh auto; padding: 1.75rem; background: #fff; border-radius: 10px; }
label { display: block; margin: .75rem 0 .25rem; font-weight: 600; }
input, button { width: 100%; padding: .6rem .7rem; font: inherit; border: 1px solid #8a95a3; border-radius: 6px; }
button { margin-top: .75rem; background: #1d5fa8; color: #fff; cursor: pointer; }
button.no { background: #fff; color: #1d5fa8; }
"""


def _page(inner: str, status: int = 200) -> Response:
    return html_response(
        "<!doctype html><html lang='en'><head><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<title>Sandbox: sign in at Twinfield</title><style>{_STYLE}</style></head><body><main>{inner}</main></body>"
        "</html>",
        status,
    )


def _consent(app: str, error: str, status: int = 200) -> Response:
    said = f"<p role='alert'>{html.escape(error)}</p>" if error else ""
    return _page(
        f"<h1>Twinfield (sandbox)</h1>{said}<p>{html.escape(app)} asks for access to your administrations.</p>"
        "<form method='post'><label for='username'>User name</label>"
        "<input id='username' name='username' autocomplete='username' value='demo'>"
        "<label for='password'>Password</label>"
        "<input id='password' name='password' type='password' autocomplete='current-password'>"
        "<p>In the sandbox: demo and demo.</p>"
        "<button name='decision' value='allow'>Yes, allow</button>"
        "<button class='no' name='decision' value='refuse'>No</button></form>",
        status,
    )
