"""Signing in at Yuki, administrations, rights, catalogue and contacts, over HTTP."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from integrations.base.errors import AccessDenied, AdministrationGone, AuthorisationLost, RateLimited, Unreachable
from integrations.base.records import (
    AccountKind,
    CatalogueKind,
    NotTried,
    PartyRole,
    Posted,
    Refused,
    Unclear,
    VatDirection,
)
from integrations.base.redaction import redact_call
from integrations.base.signin import SignInKind
from integrations.checks import registry_errors
from integrations.yuki.limits import day_ends
from integrations.yuki.tool import YUKI
from tests.sandbox.yuki_box import CLOSED, DUTCH, KEY_BE, KEY_NL, MAIN, SECOND, YukiBox, party

BAKERY = "32452a63-256b-58bf-9ae9-109afbf44617"
PRINTER = "d6e503b0-8082-5329-b51c-5ed15248204f"


@pytest.fixture
def box() -> Iterator[YukiBox]:
    with YukiBox() as opened:
        yield opened


# --- signing in -----------------------------------------------------------------------------------------------


def test_the_tool_as_the_registry_will_list_it():
    assert [error for error in registry_errors({"yuki": YUKI}) if error] == []
    assert (YUKI.key, YUKI.sign_in) == ("yuki", SignInKind.API_KEY)
    assert {site.code: site.base_url for site in YUKI.sites} == {
        "nl": "https://api.yukiworks.nl",
        "be": "https://api.yukiworks.be",
    }
    assert [field.name for field in YUKI.credential_fields if field.is_secret] == ["access_key"]


def test_a_key_opens_a_session_of_almost_a_day(box):
    before = box.now()
    tokens = box.sign_in().log_in({"access_key": f" {KEY_BE.upper()} "})
    assert before <= tokens.obtained_at <= box.now()
    assert tokens.expires_at - tokens.obtained_at == timedelta(hours=23)
    assert (tokens.refresh_token, len(tokens.access_token)) == ("", 36)
    assert tokens.access_token not in repr(tokens)
    # Neither the key nor the session reaches the exchange log.
    (record,) = box.gate.records
    assert (record.operation, record.request_body, record.answer_body) == ("Authenticate", "", "")


@pytest.mark.parametrize(("key", "path"), [(KEY_BE, "/yuki/nl"), (KEY_NL, "/yuki/be"), (MAIN, "/yuki")])
def test_a_key_of_another_country_or_none_at_all_is_refused(box, key, path):
    with pytest.raises(AuthorisationLost, match="Invalid access key") as caught:
        box.sign_in(path).log_in({"access_key": key})
    assert caught.value.code == "AUT-412"


def test_what_is_no_key_costs_no_call(box):
    with pytest.raises(AuthorisationLost):
        box.sign_in().log_in({"access_key": "secret"})
    assert box.gate.records == []


@pytest.mark.parametrize("kind", ["drop_before", "drop_after", "garbage", "truncate"])
def test_an_unanswered_sign_in_may_be_made_again(box, kind):
    box.fault(kind)
    with pytest.raises(Unreachable):
        box.sign_in().log_in({"access_key": KEY_BE})
    assert box.sign_in().log_in({"access_key": KEY_BE}).access_token


def test_a_session_that_ended_is_replaced_once(box):
    assert box.provider.administrations()
    box.control("drop_sessions")
    assert box.provider.administrations()
    assert len(box.tokens.rejected) == 1
    box.fault("expired_token", "Administrations", times=2)
    with pytest.raises(AuthorisationLost):
        box.provider.administrations()


def test_a_key_that_was_taken_away_needs_a_person(box):
    box.provider.administrations()
    box.control("key", key=KEY_BE, delete=True)
    with pytest.raises(AuthorisationLost) as caught:
        box.provider.administrations()
    assert caught.value.code == "AUT-412"


@pytest.mark.parametrize("signal", ["fault", "429"])
def test_a_spent_day_says_until_when(box, signal):
    box.provider.administrations()
    box.switch(limit_signal=signal)
    box.control("limits", spend=1000)
    with pytest.raises(RateLimited) as caught:
        box.provider.administrations()
    assert (caught.value.scope, caught.value.code, caught.value.limit) == ("day", "SYS-702", 1000)
    assert caught.value.until == day_ends(datetime.now(UTC))


def test_kept_calls_show_no_session_and_no_person(box):
    box.relation("Bakkerij Zonnekorrel")
    box.provider.settlements("", [])
    kept = " ".join(redact_call(record.request_body + record.answer_body) for record in box.gate.records)
    assert box.tokens.token not in kept
    for personal in ("Zonnekorrel", "Korenschelfstraat", "info@"):
        assert personal not in kept
    assert "GetSuppliersAndCustomers" in kept


# --- administrations and rights -------------------------------------------------------------------------------


def test_every_administration_of_the_key_is_shown(box):
    found = box.open(division="").administrations()
    assert [(one.external_id, one.name, one.is_open) for one in found] == [
        (MAIN, "Brugpijlertje Digitaal bv", True),
        (SECOND, "Zandoogje Verlichting bv", True),
    ]
    assert (found[0].country, found[0].vat_number, found[0].currency) == ("BE", "BE1987000062", "EUR")


def test_one_out_of_use_is_shown_as_closed():
    with YukiBox(key=KEY_NL, division=DUTCH, path="/yuki/nl") as box:
        found = {one.external_id: (one.is_open, one.closed_reason) for one in box.provider.administrations()}
        assert found == {DUTCH: (True, ""), CLOSED: (False, "inactive")}
        with pytest.raises(AdministrationGone) as caught:
            box.open(division=CLOSED).catalogue(frozenset({CatalogueKind.VAT_CODES}))
        assert caught.value.code == "AUT-415"


def test_an_administration_that_the_key_does_not_open_is_gone(box):
    with pytest.raises(AdministrationGone) as caught:
        box.open(division=DUTCH).catalogue(frozenset({CatalogueKind.VAT_CODES}))
    assert caught.value.code == "AUT-413"


@pytest.mark.parametrize("told", ["fault", "403"])
def test_missing_rights_are_those_that_yuki_names(box, told):
    assert box.provider.check_access() == []
    box.switch(missing_right=told)
    box.control("key", key=KEY_BE, services=["Accounting", "AccountingInfo", "Vat"])
    missing = box.open().check_access()
    assert [(right.code, right.optional) for right in missing] == [
        ("sales", False),
        ("contacts", False),
        ("archive", False),
    ]
    assert {right.code for right in missing} <= {right.code for right in YUKI.rights}


def test_a_missing_right_stops_a_list(box):
    box.control("key", key=KEY_BE, services=["Accounting"])
    with pytest.raises(AccessDenied):
        box.provider.catalogue(frozenset({CatalogueKind.VAT_CODES}))


# --- catalogue ------------------------------------------------------------------------------------------------


def test_the_whole_catalogue_costs_two_calls(box):
    box.provider.administrations()
    box.forget()
    found = box.provider.catalogue(frozenset(CatalogueKind))
    assert box.operations() == ["GetGLAccountScheme", "ActiveVATCodesList"]
    assert (found.journals, found.payment_terms, found.fiscal_periods, found.currencies) == ((), (), (), ("EUR",))
    accounts = {row.code: row for row in found.ledger_accounts}
    assert len(accounts) == 111
    assert (accounts["700000"].kind, accounts["700000"].active) == (AccountKind.REVENUE, True)
    assert accounts["700990"].active is False
    assert (accounts["400000"].kind, accounts["400000"].bookable) == (AccountKind.OTHER, False)
    codes = {row.code: row for row in found.vat_codes}
    assert {"1:21.00", "21:12.00", "2:6.00", "4:0.00", "0:0.00", "17:0.00", "19:0.00", "20:0.00", "6:0.00"} <= set(
        codes
    )
    assert (codes["1:21.00"].percentage, codes["1:21.00"].direction) == (Decimal("21.00"), VatDirection.SALES)
    assert codes["40:21.00:NL"].country == "NL"
    assert codes["1:20.50"].active is False


def test_what_was_not_asked_for_is_none(box):
    found = box.provider.catalogue(frozenset({CatalogueKind.VAT_CODES}))
    assert found.ledger_accounts is None
    assert found.journals is None
    assert found.currencies is None


def test_a_list_is_read_anew_when_it_is_asked_for(box):
    wanted = frozenset({CatalogueKind.LEDGER_ACCOUNTS})
    box.provider.catalogue(wanted)
    box.control("touch", division=MAIN, table="accounts", code="700100", values={"active": False})
    accounts = {row.code: row for row in box.provider.catalogue(wanted).ledger_accounts}
    assert accounts["700100"].active is False


@pytest.mark.parametrize(("kind", "status"), [("garbage", 200), ("status", 503), ("truncate", 200)])
def test_a_list_without_a_usable_answer_may_be_asked_for_again(box, kind, status):
    box.fault(kind, "ActiveVATCodesList", status=status)
    with pytest.raises(Unreachable):
        box.provider.catalogue(frozenset({CatalogueKind.VAT_CODES}))


# --- contacts -------------------------------------------------------------------------------------------------


def test_contacts_come_page_by_page_and_then_only_changes(box):
    box.control("seed", division=MAIN, accounts=190)
    pages = list(box.provider.parties(""))
    assert [(len(page.items), page.is_last) for page in pages] == [(100, False), (100, False), (14, True)]
    known = {record.name: record for page in pages for record in page.items}
    assert known["Drukkerij Inktvlek NV"].vat_number == "BE1900414892"
    assert known["Drukkerij Inktvlek NV"].roles == {PartyRole.CUSTOMER, PartyRole.SUPPLIER}
    assert "Librairie L'Encrier Percé srl" not in known
    # A worker goes on from a page of another.
    rest = list(box.open().parties(pages[0].cursor))
    assert [len(page.items) for page in rest] == [100, 14]
    box.later(days=3)
    box.control("touch", division=MAIN, table="contacts", code="K101", values={"City": "Ninove"})
    (changes,) = box.open().parties(pages[-1].cursor)
    assert [(record.name, record.city) for record in changes.items] == [("Drukkerij Inktvlek NV", "Ninove")]
    assert changes.is_last


@pytest.mark.parametrize("past_end", ["empty", "repeat"])
def test_a_list_of_full_pages_ends(box, past_end):
    box.switch(contacts_past_end=past_end)
    box.control("seed", division=MAIN, accounts=76)
    # A hundred contacts exactly: the page behind them is empty, or the same once more.
    assert [len(page.items) for page in box.provider.parties("")] == [100, 0]


@pytest.mark.parametrize(
    ("wanted", "fact", "names"),
    [
        ({"reference": "K101", "vat_number": ""}, "reference", ["Drukkerij Inktvlek NV"]),
        ({"vat_number": "BE1900139037"}, "VAT number", ["Bakkerij Zonnekorrel"]),
        ({"vat_number": "", "enterprise_number": "1902069634"}, "enterprise number", ["WZC Het Stille Rustpunt"]),
        (
            {"vat_number": "", "name": "Boulangerie Épi Doré SRL", "postcode": "7000"},
            "name and postcode",
            [],
        ),
        (
            {"vat_number": "", "name": "Studio Kwartnoot", "postcode": "2800"},
            "name and postcode",
            ["Studio Kwartnoot"],
        ),
        ({"vat_number": "", "name": "Studio Kwartnoot", "postcode": "9000"}, "", []),
    ],
)
def test_a_contact_is_found_by_the_strongest_fact(box, wanted, fact, names):
    found = box.provider.find_party(party(**{"name": "Unknown", **wanted}))
    assert [ref.name for ref in found] == names
    assert all(ref.matched_by == fact for ref in found)


def test_a_new_contact_gets_our_code(box):
    (outcome,) = box.provider.save_parties([party()])
    assert isinstance(outcome, Posted)
    assert outcome.ref.number == "BB-000101"
    (made,) = [row for row in box.books()["parties"] if row["code"] == "BB-000101"]
    assert (made["id"], made["name"], made["street"]) == (outcome.ref.external_id, "O'Neill & Zonen bv", "Kade 1")


@pytest.mark.parametrize("words", ["created", "updated", "silent"])
def test_whatever_the_answer_says_the_new_contact_s_key_is_known(box, words):
    box.switch(new_contact_text=words)
    (outcome,) = box.provider.save_parties([party()])
    (made,) = [row for row in box.books()["parties"] if row["code"] == "BB-000101"]
    assert outcome.ref.external_id == made["id"]


def test_a_contact_of_others_keeps_its_code_and_one_without_gets_ours(box):
    kept, given = box.provider.save_parties(
        [party(external_id=PRINTER, name="", street="Nieuwstraat 9"), party(external_id=BAKERY, name="", street="")]
    )
    assert (kept.ref.number, given.ref.number) == ("K101", "BB-000101")
    parties = {row["id"]: row for row in box.books()["parties"]}
    assert (parties[PRINTER]["code"], parties[PRINTER]["street"]) == ("K101", "Nieuwstraat 9")
    # What is empty with us blanks nothing over there.
    assert (parties[BAKERY]["code"], parties[BAKERY]["street"]) == ("BB-000101", "Korenschelfstraat 12")


def test_a_contact_that_is_gone_is_told(box):
    gone, wrong = box.provider.save_parties([party(external_id=KEY_BE), party(external_id="K101")])
    assert (gone.code, wrong.code) == ("PAR-641", "PAR-641")
    (nameless,) = box.provider.save_parties([party(name=" ")])
    assert (type(nameless), nameless.code) == (Refused, "APP-204")


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        ({"kind": "drop_after"}, Unclear),
        ({"kind": "garbage"}, Unclear),
        ({"kind": "status", "status": 500}, Unclear),
        ({"kind": "status", "status": 503}, Unclear),
    ],
)
def test_a_contact_whose_answer_is_lost_is_unclear(box, fault, outcome):
    box.fault(operation="UpdateContact", **fault)
    (found,) = box.provider.save_parties([party()])
    assert type(found) is outcome


def test_a_limit_stops_a_batch_of_contacts_only_before_its_first(box):
    box.provider.administrations()
    limited = RateLimited(until=datetime.now(UTC), scope="day")
    box.gate.refuse["UpdateContact"] = limited
    with pytest.raises(RateLimited):
        box.provider.save_parties([party()])
    box.provider.save_parties([party()])
    box.gate.refuse["SearchContacts"] = limited
    found = box.provider.save_parties([party(reference="BB-000102"), party(external_id=BAKERY)])
    assert [type(outcome) for outcome in found] == [Posted, NotTried]
