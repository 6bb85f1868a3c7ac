"""Signing in: consent, codes, tokens and their lifetimes."""

from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from integrations.sandbox.server import Sandbox

REDIRECT = "http://127.0.0.1:8765/connect/back/"
APP = {"client_id": "demo-client", "client_secret": "demo-secret"}


class SignIn:
    def __init__(self, sandbox: Sandbox) -> None:
        self.root = sandbox.base_url
        self.session = requests.Session()

    def authorise(self, method: str = "POST", data: dict | None = None, **changes: str) -> requests.Response:
        query = {
            "client_id": "demo-client",
            "redirect_uri": REDIRECT,
            "response_type": "code",
            "state": "a b&c",
        } | changes
        data = {"username": "demo", "password": "demo", "decision": "allow"} if data is None else data
        return self.session.request(
            method,
            f"{self.root}/exact/api/oauth2/auth",
            params=query,
            data=data if method == "POST" else None,
            allow_redirects=False,
        )

    def code(self) -> str:
        return parse_qs(urlsplit(self.authorise().headers["Location"]).query)["code"][0]

    def token(self, **fields: str) -> requests.Response:
        return requests.post(f"{self.root}/exact/api/oauth2/token", data=APP | fields, timeout=20)

    def exchange(self, code: str, **changes: str) -> requests.Response:
        return self.token(**({"grant_type": "authorization_code", "code": code, "redirect_uri": REDIRECT} | changes))

    def refresh(self, token: str, **changes: str) -> requests.Response:
        return self.token(**({"grant_type": "refresh_token", "refresh_token": token} | changes))

    def me(self, access: str) -> requests.Response:
        headers = {"Authorization": f"Bearer {access}", "Accept": "application/json"}
        return requests.get(f"{self.root}/exact/api/v1/current/Me", headers=headers, timeout=20)

    def advance(self, seconds: float) -> None:
        requests.post(f"{self.root}/_sandbox/clock", json={"advance_seconds": seconds}, timeout=20)

    def settings(self, **switches: object) -> None:
        requests.post(f"{self.root}/_sandbox/settings", json={"exact": switches}, timeout=20).raise_for_status()


@pytest.fixture
def signin(exact_sandbox: Sandbox) -> SignIn:
    return SignIn(exact_sandbox)


def test_consent_page_asks_for_name_and_password(signin: SignIn) -> None:
    page = signin.authorise("GET")
    assert page.status_code == 200
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    assert "name='username'" in page.text
    assert "value='refuse'" in page.text


def test_allowing_sends_back_with_code_and_state(signin: SignIn) -> None:
    answer = signin.authorise()
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith(REDIRECT + "?")
    query = parse_qs(urlsplit(answer.headers["Location"]).query)
    assert query["state"] == ["a b&c"]
    assert "!" in query["code"][0]
    assert "%2B" in query["code"][0]  # decoded once; twice would make a plus of it


def test_a_second_consent_needs_no_password_unless_forced(signin: SignIn) -> None:
    signin.authorise()
    assert "name='password'" not in signin.authorise("GET").text
    assert signin.authorise(data={"decision": "allow"}).status_code == 302
    assert "name='password'" in signin.authorise("GET", force_login="1").text


def test_refusing_sends_back_with_an_error(signin: SignIn) -> None:
    answer = signin.authorise(data={"decision": "refuse"})
    assert answer.headers["Location"] == REDIRECT + "?error=access_denied&state=a%20b%26c"


def test_wrong_password_stays_on_the_page(signin: SignIn) -> None:
    answer = signin.authorise(data={"username": "demo", "password": "démo", "decision": "allow"})
    assert answer.status_code == 401
    assert "not right" in answer.text


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": "nobody"},
        {"redirect_uri": "https://evil.example/"},
        {"redirect_uri": "http://127.0.0.1.evil.example/"},
        {"response_type": "token"},
    ],
)
def test_unknown_app_redirect_or_type_is_refused_without_redirect(signin: SignIn, changes: dict) -> None:
    answer = signin.authorise(**changes)
    assert answer.status_code == 400
    assert "Location" not in answer.headers


def test_code_gives_tokens_with_expires_in_as_text(signin: SignIn) -> None:
    answer = signin.exchange(signin.code())
    assert answer.status_code == 200
    body = answer.json()
    assert body["token_type"] == "bearer"
    assert body["expires_in"] == "600"
    assert set(body) == {"access_token", "token_type", "expires_in", "refresh_token"}
    me = signin.me(body["access_token"]).json()["d"]["results"]
    assert me[0]["UserName"] == "demo"
    assert me[0]["CurrentDivision"] == 3120451


def test_code_works_once(signin: SignIn) -> None:
    code = signin.code()
    assert signin.exchange(code).status_code == 200
    again = signin.exchange(code)
    assert (again.status_code, again.content) == (400, b"")


def test_code_dies_with_a_wrong_redirect_and_with_time(signin: SignIn) -> None:
    code = signin.code()
    assert signin.exchange(code, redirect_uri="http://127.0.0.1:8765/other/").status_code == 400
    assert signin.exchange(code).status_code == 400
    late = signin.code()
    signin.advance(181)
    assert signin.exchange(late).status_code == 400


@pytest.mark.parametrize("status", [400, 401])
def test_wrong_secret(signin: SignIn, status: int) -> None:
    signin.settings(wrong_client_status=status)
    answer = signin.exchange(signin.code(), client_secret="wrong")
    assert answer.status_code == status
    assert answer.json()["error"] == "invalid_client"


def test_refresh_before_570_seconds_is_refused_with_reason(signin: SignIn) -> None:
    first = signin.exchange(signin.code()).json()
    signin.advance(560)
    answer = signin.refresh(first["refresh_token"])
    assert answer.status_code == 400
    assert answer.json() == {
        "error": "access_denied",
        "error_description": "Rate limit exceeded: access_token not expired",
    }
    assert answer.headers["Reason"] == "TooEarlyToRefreshTokens: Rate limit exceeded: access_token not expired"
    signin.advance(11)
    assert signin.refresh(first["refresh_token"]).status_code == 200  # the early try did not use it up


def test_refresh_rotates_and_the_old_one_is_dead(signin: SignIn) -> None:
    first = signin.exchange(signin.code()).json()
    signin.advance(575)
    second = signin.refresh(first["refresh_token"]).json()
    assert second["refresh_token"] != first["refresh_token"]
    assert second["access_token"] != first["access_token"]
    assert signin.me(second["access_token"]).status_code == 200
    again = signin.refresh(first["refresh_token"])
    assert again.status_code == 401
    assert again.json() == {"error": "unauthorized_client", "error_description": "Old refresh token used."}


def test_access_token_expires_and_refresh_still_works(signin: SignIn) -> None:
    first = signin.exchange(signin.code()).json()
    signin.advance(601)
    assert signin.me(first["access_token"]).status_code == 401
    signin.advance(6 * 3600)
    assert signin.refresh(first["refresh_token"]).status_code == 200


def test_refresh_token_dies_after_30_days(signin: SignIn) -> None:
    first = signin.exchange(signin.code()).json()
    signin.advance(30 * 86400 + 60)
    answer = signin.refresh(first["refresh_token"])
    assert answer.status_code == 400
    assert answer.json()["error"] == "invalid_request"
    assert answer.json()["error_description"].startswith("The refresh token expired at ")


def test_short_lifetimes_for_tests_keep_the_early_rule_in_proportion(signin: SignIn) -> None:
    signin.settings(token_seconds=100)
    first = signin.exchange(signin.code()).json()
    assert first["expires_in"] == "100"
    signin.advance(94)
    assert signin.refresh(first["refresh_token"]).status_code == 400
    signin.advance(2)
    assert signin.refresh(first["refresh_token"]).status_code == 200


def test_token_url_wants_a_form(signin: SignIn) -> None:
    answer = requests.post(f"{signin.root}/exact/api/oauth2/token", json=APP, timeout=20)
    assert answer.status_code == 400


def test_new_consent_can_kill_the_old_tokens(signin: SignIn) -> None:
    first = signin.exchange(signin.code()).json()
    signin.exchange(signin.code())
    assert signin.me(first["access_token"]).status_code == 200
    signin.settings(new_consent_kills_old=True)
    signin.exchange(signin.code())
    assert signin.me(first["access_token"]).status_code == 401


def test_no_token_is_401(signin: SignIn) -> None:
    answer = requests.get(f"{signin.root}/exact/api/v1/current/Me", timeout=20)
    assert (answer.status_code, answer.content) == (401, b"")
