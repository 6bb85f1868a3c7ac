"""Signing in at Exact Online: consent, refresh, and every way it is refused."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from integrations.base.errors import AuthorisationLost, OutcomeUnknown, ProtocolSurprise, Rejected, Unreachable
from integrations.base.signin import App, RefreshTooEarly
from integrations.exact.tool import EXACT
from tests.sandbox.exact_box import DEMO_APP, REDIRECT, ExactBox

TOKEN = r"oauth2/token"


@pytest.fixture
def box():
    with ExactBox() as box:
        yield box


def consent(box, sign_in, decision="allow"):
    """Walk through the page as a person does; returns the query of the redirect back."""
    page = sign_in.authorize_url(state="s-1", redirect_uri=REDIRECT)
    form = {"username": "demo", "password": "demo", "decision": decision}
    answer = requests.post(page, data=form, allow_redirects=False, timeout=20)
    assert answer.status_code in (302, 303)
    return {name: values[0] for name, values in parse_qs(urlsplit(answer.headers["Location"]).query).items()}


def signed_in(box):
    sign_in = box.sign_in()
    return sign_in, sign_in.exchange(code=consent(box, sign_in)["code"], redirect_uri=REDIRECT)


def test_the_page_keeps_the_slashes_of_the_redirect_address(box):
    url = box.sign_in().authorize_url(state="a b", redirect_uri=REDIRECT)
    assert url == (
        f"{box.url}/api/oauth2/auth?client_id=demo-client&redirect_uri=http%3A//127.0.0.1%3A8000/callback/"
        "&response_type=code&state=a%20b&force_login=0"
    )


def test_consent_gives_tokens_with_their_times(box):
    before = datetime.now(UTC)
    back = consent(box, box.sign_in())
    assert back["state"] == "s-1"
    tokens = box.sign_in().exchange(code=back["code"], redirect_uri=REDIRECT)
    after = datetime.now(UTC)
    assert tokens.access_token != tokens.refresh_token
    assert before <= tokens.obtained_at <= after
    assert before + timedelta(seconds=600) <= tokens.expires_at <= tokens.obtained_at + timedelta(seconds=600)
    assert tokens.refresh_from == tokens.obtained_at + timedelta(seconds=570)
    assert tokens.refresh_until == tokens.obtained_at + timedelta(days=30)


def test_the_tokens_open_the_books(box):
    _, tokens = signed_in(box)
    box.tokens.token = tokens.access_token
    assert [found.external_id for found in box.provider.administrations() if found.is_open] == [
        "2987310",
        "3120451",
        "3120452",
    ]


def test_refused_consent_comes_back_as_such(box):
    assert consent(box, box.sign_in(), "refuse") == {"error": "access_denied", "state": "s-1"}


@pytest.mark.parametrize("body", ["empty", "json"])
def test_a_code_works_once(box, body):
    box.switch(bad_code_body=body)
    sign_in = box.sign_in()
    code = consent(box, sign_in)["code"]
    sign_in.exchange(code=code, redirect_uri=REDIRECT)
    with pytest.raises(Rejected) as refused:
        sign_in.exchange(code=code, redirect_uri=REDIRECT)
    assert (refused.value.code, refused.value.status) == ("AUT-401", 400)


@pytest.mark.parametrize("status", [400, 401])
def test_a_wrong_app_registration_says_so(box, status):
    box.switch(wrong_client_status=status)
    _, tokens = signed_in(box)
    wrong = box.sign_in(App(client_id="demo-client", client_secret="wrong"))
    with pytest.raises(AuthorisationLost) as lost:
        wrong.refresh(tokens.refresh_token)
    assert lost.value.params == {"cause": "client"}
    assert "app registration" in str(lost.value)
    with pytest.raises(Rejected) as refused:
        wrong.exchange(code="x", redirect_uri=REDIRECT)
    assert refused.value.params == {"cause": "client"}


@pytest.mark.parametrize("status", [400, 401])
def test_too_early_consumes_nothing(box, status):
    box.switch(too_early_status=status)
    sign_in, tokens = signed_in(box)
    box.control("clock", advance_seconds=569)
    with pytest.raises(RefreshTooEarly):
        sign_in.refresh(tokens.refresh_token)
    box.control("clock", advance_seconds=2)
    assert sign_in.refresh(tokens.refresh_token).refresh_token != tokens.refresh_token


def test_a_refresh_hours_after_expiry_is_fine(box):
    sign_in, tokens = signed_in(box)
    box.control("clock", advance_seconds=8 * 3600)
    fresh = sign_in.refresh(tokens.refresh_token)
    box.tokens.token = fresh.access_token
    assert box.provider.administrations()


def test_an_old_refresh_token_is_lost(box):
    sign_in, tokens = signed_in(box)
    box.control("clock", advance_seconds=600)
    sign_in.refresh(tokens.refresh_token)
    with pytest.raises(AuthorisationLost) as lost:
        sign_in.refresh(tokens.refresh_token)
    assert (lost.value.code, lost.value.status, lost.value.params) == ("AUT-401", 401, {})
    assert lost.value.vendor_text == "Old refresh token used."


def test_a_refresh_token_dies_after_thirty_days(box):
    sign_in, tokens = signed_in(box)
    box.control("clock", advance_seconds=30 * 86400 + 1)
    with pytest.raises(AuthorisationLost) as lost:
        sign_in.refresh(tokens.refresh_token)
    assert "expired" in lost.value.vendor_text


def test_an_unknown_refresh_token_is_lost(box):
    with pytest.raises(AuthorisationLost):
        box.sign_in().refresh("nonsense")


def test_a_refresh_whose_answer_is_lost_may_have_used_the_token(box):
    sign_in, tokens = signed_in(box)
    box.control("clock", advance_seconds=600)
    box.fault("drop_after", path=TOKEN)
    with pytest.raises(OutcomeUnknown):
        sign_in.refresh(tokens.refresh_token)
    with pytest.raises(AuthorisationLost):
        sign_in.refresh(tokens.refresh_token)


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"kind": "truncate"}, OutcomeUnknown),
        ({"kind": "garbage"}, OutcomeUnknown),
        ({"kind": "status", "status": 500}, OutcomeUnknown),
        ({"kind": "status", "status": 503}, OutcomeUnknown),
        ({"kind": "status", "status": 200, "body": {"access_token": "a"}}, OutcomeUnknown),
        ({"kind": "status", "status": 429}, Unreachable),
        ({"kind": "status", "status": 400}, AuthorisationLost),
        ({"kind": "status", "status": 404}, ProtocolSurprise),
        ({"kind": "status", "status": 302, "headers": {"Location": "https://elsewhere.example/"}}, ProtocolSurprise),
    ],
)
def test_every_answer_of_the_token_address(box, fault, error):
    sign_in, tokens = signed_in(box)
    box.control("clock", advance_seconds=600)
    box.fault(path=TOKEN, **fault)
    with pytest.raises(error):
        sign_in.refresh(tokens.refresh_token)


def test_a_slow_refresh_is_unknown(box):
    _, tokens = signed_in(box)
    box.control("clock", advance_seconds=600)
    box.fault("delay", path=TOKEN, seconds=1.0)
    with pytest.raises(OutcomeUnknown):
        box.sign_in(seconds=0.3).refresh(tokens.refresh_token)


def test_nobody_answers():
    with ExactBox() as box:
        sign_in = box.sign_in()
    with pytest.raises(Unreachable):
        sign_in.refresh("any")


def test_no_secret_of_a_sign_in_reaches_a_record(box):
    sign_in, tokens = signed_in(box)
    box.control("clock", advance_seconds=600)
    sign_in.refresh(tokens.refresh_token)
    assert [record.operation for record in box.gate.records] == ["oauth2/token", "current/Me", "oauth2/token"]
    assert {(record.request_body, record.answer_body) for record in box.gate.records} == {("", "")}


def test_a_sign_in_says_who_signed_in_and_a_refresh_does_not(box):
    sign_in, tokens = signed_in(box)
    box.tokens.token = tokens.access_token
    assert tokens.identity == box.provider._client.me()["UserID"]
    assert tokens.identity == signed_in(box)[1].identity
    box.control("clock", advance_seconds=600)
    assert sign_in.refresh(tokens.refresh_token).identity == ""


@pytest.mark.parametrize("body", [{"d": {"results": []}}, {"d": {"results": [{"UserID": None}]}}, "not json"])
def test_an_answer_without_a_user_costs_no_sign_in(box, body):
    box.fault("status", path="current/Me", status=200, body=body)
    _, tokens = signed_in(box)
    assert (tokens.identity, bool(tokens.refresh_token)) == ("", True)


def test_the_life_may_come_as_text_or_number(box):
    box.fault("status", path=TOKEN, status=200, body={"access_token": "a", "refresh_token": "r", "expires_in": 300})
    tokens = box.sign_in().exchange(code="x", redirect_uri=REDIRECT)
    assert tokens.expires_at - tokens.obtained_at <= timedelta(seconds=300)
    # A shorter life opens its window earlier as well, or no refresh could ever be in time.
    assert tokens.refresh_from == tokens.obtained_at + timedelta(seconds=285)


def test_every_country_has_its_own_host():
    assert [(site.code, site.base_url) for site in EXACT.sites] == [
        ("nl", "https://start.exactonline.nl"),
        ("be", "https://start.exactonline.be"),
        ("de", "https://start.exactonline.de"),
        ("fr", "https://start.exactonline.fr"),
        ("es", "https://start.exactonline.es"),
        ("co.uk", "https://start.exactonline.co.uk"),
        ("com", "https://start.exactonline.com"),
    ]


def test_the_tool_opens_what_it_promises(box):
    assert DEMO_APP.client_id == "demo-client"
    sign_in = EXACT.oauth(box.url, DEMO_APP, 5.0, box.gate)
    assert sign_in.authorize_url(state="x", redirect_uri=REDIRECT).startswith(f"{box.url}/api/oauth2/auth?")
