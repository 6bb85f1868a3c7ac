"""Signing in at Octopus: password, token, token of the dossier, and what a refusal does."""

from datetime import UTC, datetime, timedelta

import pytest

from integrations.base.errors import AccessDenied, AdministrationGone, AuthorisationLost, RateLimited, Unreachable
from integrations.base.records import CatalogueKind, NotTried
from integrations.base.signin import App, MemorySession, Opening
from integrations.octopus.provider import OctopusProvider
from integrations.octopus.tool import OCTOPUS
from tests.sandbox.octopus_box import APP, BARE, MONTHS, QUARTERS, document

GOOD = {"user": "demo@U1", "password": "demo"}


def test_a_token_lives_a_little_less_than_ten_minutes(octopus):
    before = datetime.now(UTC)
    tokens = octopus.sign_in().log_in(GOOD)
    assert tokens.refresh_token == ""
    assert timedelta(seconds=580) < tokens.expires_at - before < timedelta(seconds=600)


def test_a_wrong_password_is_tried_once_and_needs_a_person(octopus):
    with pytest.raises(AuthorisationLost) as caught:
        octopus.sign_in().log_in({**GOOD, "password": "wrong"})
    assert (caught.value.code, caught.value.status) == ("AUT-407", 401)
    assert octopus.control("password")["failed"] == 1
    assert octopus.calls() == [("POST", "authentication")]


@pytest.mark.parametrize("status", [400, 401])
def test_an_unknown_software_house_is_not_called_a_wrong_password(octopus, status):
    octopus.switch(house_status=status)
    with pytest.raises(AuthorisationLost) as caught:
        octopus.sign_in(App(client_id="00000000-0000-0000-0000-000000000000")).log_in(GOOD)
    assert (caught.value.code, caught.value.params) == ("AUT-401", {"cause": "client"})


def test_missing_credentials_cost_no_call(octopus):
    with pytest.raises(AuthorisationLost):
        octopus.sign_in().log_in({"user": "demo@U1", "password": ""})
    assert octopus.calls() == []


@pytest.mark.parametrize("fault", [{"kind": "drop_before"}, {"kind": "drop_after"}, {"kind": "status", "status": 503}])
def test_a_lost_answer_is_no_statement_about_the_password(octopus, fault):
    octopus.fault(path="/authentication", **fault)
    with pytest.raises(Unreachable):
        octopus.sign_in().log_in(GOOD)


@pytest.mark.parametrize("kind", ["garbage", "truncate"])
def test_a_broken_answer_is_no_token(octopus, kind):
    octopus.fault(kind, path="/authentication")
    with pytest.raises(Unreachable):
        octopus.sign_in().log_in(GOOD)


def test_no_password_and_no_token_reaches_the_exchange_log(octopus):
    tokens = octopus.sign_in().log_in(GOOD)
    octopus.provider.catalogue(frozenset({CatalogueKind.VAT_CODES}))
    kept = "".join(r.request_body + r.answer_body + r.url for r in octopus.gate.records)
    assert tokens.access_token not in kept
    assert octopus.session.get()
    assert octopus.session.get() not in kept
    assert octopus.tokens.token not in kept
    assert '"demo"' not in kept


def test_the_dossiers_of_a_sign_in(octopus):
    found = {record.external_id: record for record in octopus.provider.administrations()}
    assert set(found) == {MONTHS, QUARTERS, BARE}
    assert (found[QUARTERS].name, found[QUARTERS].country, found[QUARTERS].vat_number) == (
        "Steenlopertje Installaties nv",
        "BE",
        "BE1987432109",
    )
    assert octopus.calls() == [("GET", "dossiers")]


def test_the_token_of_a_dossier_is_kept_between_workers(octopus):
    octopus.provider.catalogue(frozenset({CatalogueKind.VAT_CODES}))
    octopus.open().catalogue(frozenset({CatalogueKind.CURRENCIES}))
    assert octopus.calls() == [("POST", "dossier-token"), ("GET", "vatcodes"), ("GET", "currencies")]


def test_a_dossier_token_that_ran_out_is_replaced_in_mid_sync(octopus):
    octopus.provider.catalogue(frozenset({CatalogueKind.VAT_CODES}))
    octopus.advance(minutes=11)
    octopus.forget()
    octopus.provider.catalogue(frozenset({CatalogueKind.VAT_CODES}))
    # The dossier's token is refused, then the login's too.
    assert octopus.calls() == [
        ("GET", "vatcodes"),
        ("POST", "dossier-token"),
        ("POST", "dossier-token"),
        ("GET", "vatcodes"),
    ]
    assert len(octopus.tokens.rejected) == 1


def test_a_booking_refused_for_its_token_goes_out_once(octopus):
    octopus.provider.catalogue(frozenset({CatalogueKind.VAT_CODES}))
    octopus.control("token", revoke=True)
    octopus.provider.post_documents([document(octopus.relation("Bakkerij Zonnekorrel"))])
    assert octopus.entry("2026/0142")["number"] == 2


def test_a_sign_in_that_stays_refused_stops_the_connection(octopus):
    class Dead:
        def current(self):
            return "eyJ.dead.token"

        def reject(self, token):
            return None

    opening = Opening(
        base_url=octopus.url,
        administration_id=QUARTERS,
        tokens=Dead(),
        gate=octopus.gate,
        deadline_seconds=5,
        session=MemorySession(),
        app=APP,
    )
    with pytest.raises(AuthorisationLost):
        OctopusProvider(opening).catalogue(frozenset({CatalogueKind.VAT_CODES}))


def test_a_dossier_that_was_closed_to_the_user(octopus):
    assert octopus.provider.check_access() == []
    octopus.control("access", division=int(QUARTERS))
    octopus.session.drop()
    with pytest.raises(AdministrationGone) as caught:
        octopus.provider.catalogue(frozenset({CatalogueKind.VAT_CODES}))
    assert caught.value.code == "AUT-404"
    (missing,) = octopus.provider.check_access()
    assert missing.code == "dossier"
    assert missing.code in [right.code for right in OCTOPUS.rights]


def test_a_dossier_that_is_not_there(octopus):
    provider = octopus.open(dossier="12345", session=MemorySession())
    with pytest.raises(AdministrationGone) as caught:
        provider.catalogue(frozenset({CatalogueKind.VAT_CODES}))
    assert (caught.value.code, caught.value.status) == ("AUT-404", 404)


@pytest.mark.parametrize("status", [401, 403])
def test_a_user_who_may_only_read(octopus, status):
    octopus.switch(read_only_status=status)
    octopus.control("rights")
    customer = octopus.relation("Bakkerij Zonnekorrel")
    with pytest.raises(AccessDenied):
        octopus.provider.post_documents([document(customer)])
    assert [row for row in octopus.books()["entries"] if row["reference"] == "2026/0142"] == []


@pytest.mark.parametrize("status", [429, 400, 403])
def test_a_quota_that_is_used_up_holds_that_call_until_tomorrow(octopus, status):
    octopus.switch(limits=True, quota_status=status)
    wanted = frozenset({CatalogueKind.VAT_CODES})
    octopus.provider.catalogue(wanted)
    octopus.provider.catalogue(wanted)
    with pytest.raises(RateLimited) as caught:
        octopus.provider.catalogue(wanted)
    now = datetime.now(UTC)
    assert (caught.value.scope, caught.value.operation) == ("day", "vatcodes")
    assert now < caught.value.until <= now + timedelta(days=1)
    assert octopus.provider.catalogue(frozenset({CatalogueKind.CURRENCIES})).currencies


@pytest.mark.parametrize("status", [429, 400, 403])
def test_a_quota_of_bookings_leaves_the_rest_waiting(octopus, status):
    octopus.switch(limits=True, quota_status=status, quota_scale=0.0025)  # one booking a day
    customer = octopus.relation("Bakkerij Zonnekorrel")
    batch = [document(customer, number=2), document(customer, number=3, reference="2026/0143")]
    octopus.session.put(octopus.control("token", user="demo@U1")["token"], datetime.now(UTC))
    octopus.switch(quota_scale=0.0025, limits=False)
    octopus.provider.check_access()
    octopus.switch(limits=True)
    first, second = octopus.provider.post_documents(batch)
    assert first.ref.external_id == "4/V1/2"
    assert isinstance(second, NotTried)
    with pytest.raises(RateLimited):
        octopus.provider.post_documents(batch[1:])


def test_every_operation_has_its_own_quota_and_people_keep_a_reload():
    limits = {limit.name: limit for limit in OCTOPUS.limits.calls}
    assert all(limit.operations == frozenset({name}) for name, limit in limits.items())
    assert {name for name, limit in limits.items() if limit.scope != "administration"} == {"dossiers"}
    assert [(limits[name].calls, limits[name].reserve) for name in ("accounts", "vatcodes", "relations")] == [
        (2, 1)
    ] * 3
    assert (limits["journals"].calls, limits["balancings/modified"].calls, limits["buysellbookings/save"].calls) == (
        24,
        48,
        400,
    )


def test_the_exchange_log_knows_each_call_by_the_name_of_its_quota(octopus):
    octopus.provider.administrations()
    octopus.provider.catalogue(frozenset(CatalogueKind))
    list(octopus.provider.parties(""))
    names = {operation for _, operation in octopus.calls()}
    assert names <= {limit.name for limit in OCTOPUS.limits.calls} | {"authentication"}
