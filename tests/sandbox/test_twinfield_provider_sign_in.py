"""Signing in at Twinfield, its cluster, and what the user may open."""

from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from integrations.base.errors import (
    AccessDenied,
    AdministrationGone,
    AuthorisationLost,
    OutcomeUnknown,
    ProtocolSurprise,
    Rejected,
    Unreachable,
)
from integrations.base.records import CatalogueKind
from integrations.base.signin import App, MemorySession
from tests.sandbox.twinfield_box import DEMO_APP, OFFICE, REDIRECT, TwinfieldBox

NONCE = "n0nce"
JOURNALS = frozenset({CatalogueKind.JOURNALS})


@pytest.fixture
def box():
    with TwinfieldBox() as box:
        yield box


def consent(box, nonce=NONCE, **form):
    """Walk the consent page and return what the browser brings back."""
    url = box.sign_in().authorize_url(state="s 1", redirect_uri=REDIRECT, nonce=nonce)
    fields = {"username": "demo", "password": "demo", "decision": "allow", **form}
    answer = requests.post(url, data=fields, allow_redirects=False, timeout=20)
    assert answer.status_code == 302, answer.text
    return {key: value[0] for key, value in parse_qs(urlsplit(answer.headers["Location"]).query).items()}


def test_the_address_asks_for_every_permission(box):
    url = box.sign_in().authorize_url(state="s&1", redirect_uri=REDIRECT, nonce=NONCE)
    parts = urlsplit(url)
    assert url.startswith(f"{box.url}/auth/authentication/connect/authorize?")
    assert {key: value[0] for key, value in parse_qs(parts.query).items()} == {
        "client_id": "demo-client",
        "redirect_uri": REDIRECT,
        "response_type": "code",
        "scope": "openid twf.user twf.organisation twf.organisationUser offline_access",
        "state": "s&1",
        "nonce": NONCE,
    }


def test_a_sign_in_from_the_page_to_the_first_call(box):
    back = consent(box)
    assert back["state"] == "s 1"
    tokens = box.sign_in().exchange(code=back["code"], redirect_uri=REDIRECT, nonce=NONCE)
    assert (tokens.expires_at - tokens.obtained_at).total_seconds() == pytest.approx(3600, abs=5)
    box.tokens.token = tokens.access_token
    assert [record.external_id for record in box.open(office="").administrations()] == ["001", OFFICE]
    fresh = box.sign_in().refresh(tokens.refresh_token)
    assert fresh.access_token != tokens.access_token
    assert fresh.refresh_token == tokens.refresh_token


def test_nothing_of_the_sign_in_is_kept(box):
    back = consent(box)
    box.sign_in().exchange(code=back["code"], redirect_uri=REDIRECT, nonce=NONCE)
    assert [(record.request_body, record.answer_body) for record in box.gate.records] == [("", "")] * 2


def test_a_refusal_on_the_page_comes_back_as_an_error(box):
    assert consent(box, decision="refuse")["error"] == "access_denied"


@pytest.mark.parametrize("switches", [{"wrong_nonce": True}, {"id_token": False}])
def test_an_identity_of_another_sign_in_is_not_taken(box, switches):
    box.switch(**switches)
    back = consent(box)
    with pytest.raises(Rejected) as caught:
        box.sign_in().exchange(code=back["code"], redirect_uri=REDIRECT, nonce=NONCE)
    assert caught.value.code == "AUT-410"


def test_an_identity_asked_with_another_nonce_is_not_taken(box):
    back = consent(box, nonce="someone else's")
    with pytest.raises(Rejected):
        box.sign_in().exchange(code=back["code"], redirect_uri=REDIRECT, nonce=NONCE)


def test_who_signed_in_is_known_and_stays_the_same(box):
    def identity(**form):
        back = consent(box, **form)
        return box.sign_in().exchange(code=back["code"], redirect_uri=REDIRECT, nonce=NONCE).identity

    first = identity()
    assert first
    assert identity() == first
    assert identity(username="clerk", password="clerk") not in ("", first)


@pytest.mark.parametrize("fault", [{"kind": "drop_before"}, {"kind": "garbage"}, {"kind": "status", "status": 503}])
def test_a_sign_in_is_kept_though_nobody_says_whose_it_is(box, fault):
    back = consent(box)
    box.fault(path="accesstokenvalidation", **fault)
    tokens = box.sign_in().exchange(code=back["code"], redirect_uri=REDIRECT, nonce=NONCE)
    assert (bool(tokens.access_token), tokens.identity) == (True, "")


def test_a_code_works_once(box):
    back = consent(box)
    box.sign_in().exchange(code=back["code"], redirect_uri=REDIRECT, nonce=NONCE)
    with pytest.raises(Rejected) as caught:
        box.sign_in().exchange(code=back["code"], redirect_uri=REDIRECT, nonce=NONCE)
    assert (caught.value.code, caught.value.vendor_code) == ("AUT-410", "invalid_grant")


def test_a_wrong_secret_names_the_registration(box):
    back = consent(box)
    wrong = box.sign_in(App(client_id="demo-client", client_secret="wrong"))
    with pytest.raises(Rejected) as caught:
        wrong.exchange(code=back["code"], redirect_uri=REDIRECT, nonce=NONCE)
    assert caught.value.params == {"cause": "client"}


@pytest.mark.parametrize(("changes", "repeats"), [(True, True), (False, True), (False, False)])
def test_a_renewal_keeps_what_comes_back(box, changes, repeats):
    box.switch(refresh_changes=changes, refresh_repeats=repeats)
    first = box.control("token")["refresh_token"]
    second = box.sign_in().refresh(first).refresh_token
    assert (second != first) is changes
    assert box.sign_in().refresh(second).access_token


def test_a_withdrawn_consent_is_a_lost_sign_in(box):
    token = box.control("token")["refresh_token"]
    box.control("revoke")
    with pytest.raises(AuthorisationLost) as caught:
        box.sign_in().refresh(token)
    assert caught.value.code == "AUT-410"


def test_a_lost_answer_to_a_renewal_is_not_repeated(box):
    token = box.control("token")["refresh_token"]
    box.fault("drop_after", path="connect/token")
    with pytest.raises(OutcomeUnknown):
        box.sign_in().refresh(token)
    assert len(box.gate.records) == 1


# --- the cluster ----------------------------------------------------------------------------------------------


def test_the_cluster_is_asked_for_once(box):
    box.provider.catalogue(JOURNALS)
    box.open().catalogue(JOURNALS)
    assert box.calls().count("accesstokenvalidation") == 1
    assert box.tokens.token not in box.session.get()


@pytest.mark.parametrize(
    "address",
    [
        "https://api.accounting1.twinfield.com.evil.example",
        "https://eviltwinfield.com",
        "http://api.accounting1.twinfield.com",
        "https://user:pw@api.accounting1.twinfield.com",
        "https://api.accounting1.twinfield.com:8443",
        "http://127.0.0.1:1/twinfield/cluster",
        "https://",
        "http://[broken",
    ],
)
def test_a_token_goes_to_no_other_host(box, address):
    box.switch(cluster_url=address)
    with pytest.raises(ProtocolSurprise):
        box.provider.catalogue(JOURNALS)
    assert box.calls() == ["accesstokenvalidation"]


@pytest.mark.parametrize("host", ["api.accounting1.twinfield.com", "accounting.twinfield.com", "twinfield.com"])
def test_the_vendors_own_hosts_are_allowed(box, host):
    assert box.provider._client._is_allowed(f"https://{host}")


def test_a_kept_cluster_of_another_host_is_not_used(box):
    box.provider.catalogue(JOURNALS)
    mark, _, _ = box.session.get().partition(" ")
    session = MemorySession()
    session.put(f"{mark} https://evil.example", datetime.now(UTC) + timedelta(hours=1))
    box.session = session
    box.forget()
    box.open().catalogue(JOURNALS)
    assert box.calls()[0] == "accesstokenvalidation"


def test_a_sign_in_without_cluster_lacks_a_permission(box):
    box.tokens.token = box.control("token", scopes=["openid", "twf.organisationUser"])["access_token"]
    with pytest.raises(AuthorisationLost) as caught:
        box.provider.catalogue(JOURNALS)
    assert caught.value.params == {"cause": "scope"}


def test_a_sign_in_without_the_users_permission_is_refused(box):
    box.tokens.token = box.control("token", scopes=["openid", "twf.organisation"])["access_token"]
    with pytest.raises(AuthorisationLost) as caught:
        box.provider.catalogue(JOURNALS)
    assert (caught.value.vendor_code, caught.value.params) == ("351", {"cause": "scope"})


# --- tokens that run out --------------------------------------------------------------------------------------


@pytest.mark.parametrize("where", ["reason", "body", "500"])
def test_an_expired_token_is_renewed_and_the_call_made_once_more(box, where):
    box.switch(token_fault=where)
    box.provider.catalogue(JOURNALS)
    box.control("clock", advance_seconds=4000)
    box.forget()
    assert box.provider.catalogue(JOURNALS).journals
    assert box.calls() == ["finder/TRS", "accesstokenvalidation", "finder/TRS", "finder/TRS"]
    assert len(box.tokens.rejected) == 1


def test_an_expired_token_before_the_first_call_is_renewed(box):
    old = box.tokens.current()
    box.control("clock", advance_seconds=4000)
    with pytest.raises(Unreachable):
        box.provider.catalogue(JOURNALS)
    assert box.tokens.rejected == [old]
    assert box.provider.catalogue(JOURNALS).journals


def test_a_token_that_cannot_be_renewed_is_a_lost_sign_in(box):
    box.provider.catalogue(JOURNALS)
    box.control("revoke")
    box.tokens.is_lost = True
    with pytest.raises(AuthorisationLost) as caught:
        box.provider.catalogue(JOURNALS)
    assert caught.value.code == "AUT-410"


# --- offices and rights ---------------------------------------------------------------------------------------


def test_offices_are_administrations_with_their_leading_zeros(box):
    first, second = box.open(office="").administrations()
    assert (first.external_id, first.name) == ("001", "Wadvlindertje Beheer B.V.")
    assert (second.country, second.currency, second.vat_number) == ("NL", "EUR", "NL899801237B01")
    assert all(record.is_open for record in (first, second))


def test_only_the_open_office_is_read_in_detail(box):
    box.provider.administrations()
    assert box.calls() == ["accesstokenvalidation", "processxml/list", "processxml/read"]


def test_an_office_that_was_taken_away_is_not_listed_and_not_open(box):
    box.control("access", division=OFFICE)
    assert [record.external_id for record in box.open(office="").administrations()] == ["001"]
    with pytest.raises(AdministrationGone) as caught:
        box.provider.catalogue(JOURNALS)
    assert caught.value.code == "AUT-404"


def test_an_office_that_may_not_be_read_is_shown_as_closed(box):
    box.fault("status", path="processxml", body_contains="<read>", status=403)
    first, second = box.open(office="").administrations()
    assert (first.is_open, second.is_open) == (False, True)


def test_all_rights_are_there(box):
    assert box.provider.check_access() == []


def test_a_right_that_is_refused_is_named(box):
    box.fault("status", path="finder", body_contains="TRS", status=403)
    assert [(right.code, right.optional) for right in box.provider.check_access()] == [("sales-transactions", False)]


def test_a_forbidden_call_without_an_office_is_no_lost_office(box):
    box.fault("status", path="processxml", status=403)
    with pytest.raises(AccessDenied):
        box.open(office="").administrations()


def test_the_demo_app_is_the_one_of_the_tests():
    assert DEMO_APP.client_secret not in repr(DEMO_APP)
