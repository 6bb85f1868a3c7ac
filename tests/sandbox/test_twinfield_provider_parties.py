"""Customers and suppliers at Twinfield: read, found, made, changed."""

import json

import pytest

from integrations.base.errors import BatchRefused, RateLimited, Unreachable
from integrations.base.records import NotTried, PartyRole, Posted, Refused, Unclear
from integrations.twinfield.unsure import Readings
from tests.sandbox.twinfield_box import TwinfieldBox, party

SUPPLIER = frozenset({PartyRole.SUPPLIER})


@pytest.fixture
def box():
    with TwinfieldBox() as box:
        yield box


def read(box, cursor=""):
    pages = list(box.provider.parties(cursor))
    assert [page.is_last for page in pages] == [False] * (len(pages) - 1) + [True]
    return [record for page in pages for record in page.items], pages[-1].cursor


def save(box, *parties, provider=None):
    return (provider or box.provider).save_parties(parties)


# --- reading --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("listed", [False, True])
def test_the_first_reading_shows_everything_once_inactive_ones_too(box, listed):
    box.switch(list_inactive=listed)
    records, _ = read(box)
    found = {record.external_id: record for record in records}
    assert len(records) == len(found) == 27
    spoke = found["DEB:1000"]
    assert (spoke.code, spoke.vat_number, spoke.postcode) == ("1000", "NL899000186B01", "3511 ZK")
    assert (spoke.roles, spoke.blocked) == (frozenset({PartyRole.CUSTOMER}), False)
    assert found["CRD:2000"].roles == SUPPLIER
    assert found["DEB:1018"].blocked
    assert found["DEB:1007"].enterprise_number == "00914658"


def test_later_readings_show_what_changed(box):
    _, cursor = read(box)
    assert read(box, cursor)[0] == []
    box.control("touch", table="dimensions", code="CRD/2001", values={"name": "Nulpunt Software BV"})
    (changed,), later = read(box, cursor)
    assert (changed.external_id, changed.name) == ("CRD:2001", "Nulpunt Software BV")
    assert set(json.loads(later)) == {"since"}


def test_a_reading_that_stopped_goes_on_elsewhere(box):
    whole, _ = read(box)
    pages = box.provider.parties("")
    first = next(pages)
    assert len(first.items) < len(whole)
    rest, _ = read(box, first.cursor)
    assert [*first.items, *rest] == whole


def test_what_was_read_before_the_credits_ran_out_is_not_read_again(box):
    box.switch(limits=True, credits=12)
    pages = box.provider.parties("")
    first = next(pages)
    with pytest.raises(RateLimited):
        next(pages)
    assert len(first.items) == 11  # the list took one
    box.control("limits", clear=True)
    second = next(box.provider.parties(first.cursor))
    assert not {r.external_id for r in first.items} & {r.external_id for r in second.items}


def test_a_relation_that_went_away_meanwhile_is_marked(box):
    box.control("touch", table="dimensions", code="DEB/1001", values={"status": "deleted"})
    found = {record.external_id: record for record in read(box)[0]}
    assert found["DEB:1001"].deleted


@pytest.mark.parametrize("cursor", ["nonsense", "[]", '{"stage":7}', '{"since":"","stage":"XXX"}'])
def test_an_unreadable_cursor_means_the_beginning(box, cursor):
    assert len(read(box, cursor)[0]) == 27


# --- finding --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "found"),
    [
        ({"vat_number": "NL899002771B01"}, []),
        ({"vat_number": "NL000099100B88"}, [("DEB:1001", "VAT number")]),
        ({"enterprise_number": "00914658"}, [("DEB:1007", "enterprise number")]),
        ({"name": "eetcafe de vergeten tulp", "postcode": "2311wx"}, [("DEB:1002", "name and postcode")]),
        ({"name": "Transport Maasbocht B.V.", "postcode": "6211 XP"}, [("DEB:1010", "name and postcode")]),
    ],
)
def test_relations_by_their_facts(box, changes, found):
    wanted = party(**{"vat_number": "", "enterprise_number": "", "reference": "BB-9", **changes})
    assert [(ref.external_id, ref.matched_by) for ref in box.provider.find_party(wanted)] == found


def test_a_supplier_is_not_looked_for_among_customers(box):
    wanted = party(vat_number="NL899001038B01", roles=SUPPLIER)
    assert [ref.external_id for ref in box.provider.find_party(wanted)] == ["CRD:2001"]
    assert box.provider.find_party(party(vat_number="NL899001038B01")) == []


def test_what_we_made_is_found_by_our_mark(box):
    (made,) = save(box, party())
    (found,) = box.provider.find_party(party())
    assert (found.external_id, found.matched_by) == (made.ref.external_id, "reference")


# --- making ---------------------------------------------------------------------------------------------------


def test_a_new_customer_gets_the_first_free_code(box):
    (outcome,) = save(box, party())
    assert outcome == Posted(ref=outcome.ref)
    assert (outcome.ref.external_id, outcome.ref.number) == ("DEB:1019", "1019")
    row = box.dimension("1019")
    assert (row["name"], row["street"], row["country"]) == ("O'Neill & Zonen <bv>", "Kade 1", "NL")
    assert (row["vat_number"], row["enterprise_number"]) == ("NL899002771B01", "00999999")
    assert row["bank_accounts"] == ["NL06DEMO0004224597"]
    assert row["shortname"] == "BB-000101"


def test_customers_and_suppliers_are_numbered_apart(box):
    outcomes = save(box, party(roles=SUPPLIER), party())
    assert [outcome.ref.external_id for outcome in outcomes] == ["CRD:2008", "DEB:1019"]


def test_many_go_in_few_calls(box):
    parties = [party(reference=f"BB-{n}", name=f"Klant {n}") for n in range(60)]
    outcomes = save(box, *parties)
    assert len({outcome.ref.external_id for outcome in outcomes}) == 60
    assert box.calls().count("processxml/dimensions") == 3


@pytest.mark.parametrize("order", ["same", "reversed"])
@pytest.mark.parametrize("kept", [True, False])
def test_each_answer_finds_its_party(box, order, kept):
    box.switch(echo_order=order, keep_shortname=kept)
    parties = [party(reference=f"BB-00000000{n}", name=f"Klant {n}") for n in range(4)]
    parties[2] = party(reference="BB-000000002", name="Klant 2", country="Nederland")
    outcomes = save(box, *parties)
    for place, outcome in enumerate(outcomes):
        if place == 2:
            assert outcome == Refused(code="APP-203", text=outcome.text, vendor_code="address/country")
        else:
            assert box.dimension(outcome.ref.number)["name"] == f"Klant {place}"


@pytest.mark.parametrize("kept", [True, False])
def test_namesakes_are_never_mixed_up(box, kept):
    box.switch(echo_order="reversed", keep_shortname=kept)
    outcomes = save(box, *(party(reference=f"BB-00000000{n}", city=f"Stad {n}") for n in range(2)))
    for place, outcome in enumerate(outcomes):
        if kept:
            assert box.dimension(outcome.ref.number)["city"] == f"Stad {place}"
        else:
            assert isinstance(outcome, Unclear)


def test_what_is_empty_is_not_sent(box):
    save(box, party(vat_number="", enterprise_number="", street="", email="", phone="", website="", iban=""))
    sent = box.gate.records[-1].request_body
    for name in ("vatnumber", "cocnumber", "field2", "field4", "email", "telephone", "website", "banks"):
        assert f"<{name}" not in sent


@pytest.mark.parametrize(
    ("changes", "code"),
    [({"name": "  "}, "APP-204"), ({"roles": frozenset()}, "ALL-999"), ({"external_id": "1000"}, "PAR-641")],
)
def test_what_cannot_go_is_refused_without_a_call(box, changes, code):
    box.provider.catalogue(frozenset())
    (outcome,) = save(box, party(**changes))
    assert (outcome.code, box.calls()) == (code, [])


def test_a_type_without_free_codes_is_refused(box):
    box.switch(free_codes=False)
    (outcome,) = save(box, party())
    assert outcome.code == "PAR-644"


@pytest.mark.parametrize("language", ["nl", "en"])
def test_electronic_invoicing_without_a_mail_address(box, language):
    box.switch(language=language)
    (outcome,) = save(box, party(external_id="DEB:1002", name="Eetcafé De Vergeten Tulp", email=""))
    assert outcome.code == "PAR-647"


def test_a_mark_that_shall_not_be_sent_is_not(box):
    (outcome,) = save(box, party(), provider=box.open(readings=Readings(mark_as_short_name=False)))
    assert box.dimension(outcome.ref.number)["shortname"] == ""


# --- changing -------------------------------------------------------------------------------------------------


def test_a_change_keeps_what_we_do_not_know(box):
    before = box.dimension("1001")
    (outcome,) = save(box, party(external_id="DEB:1001", name="Kleefkruid Hoveniers BV", street="Snoeischaarlaan 4"))
    after = box.dimension("1001")
    assert outcome.ref.external_id == "DEB:1001"
    assert (after["name"], after["street"]) == ("Kleefkruid Hoveniers BV", "Snoeischaarlaan 4")
    assert (after["addresses"], after["shortname"]) == (1, before["shortname"])
    assert after["bank_accounts"] == before["bank_accounts"]


def test_an_empty_field_blanks_nothing(box):
    before = box.dimension("1001")
    save(box, party(external_id="DEB:1001", name=before["name"], email="", street="", vat_number=""))
    assert {**box.dimension("1001"), "enterprise_number": ""} == {
        **before,
        "enterprise_number": "",
        "postcode": "9711 AA",
        "city": "Groningen",
        "website": "https://oneill.example",
    }


def test_addresses_may_be_left_alone(box):
    before = box.dimension("1001")
    save(box, party(external_id="DEB:1001"), provider=box.open(readings=Readings(update_addresses=False)))
    after = box.dimension("1001")
    assert (after["street"], after["city"]) == (before["street"], before["city"])
    assert after["name"] == "O'Neill & Zonen <bv>"


def test_a_relation_that_is_gone_says_so(box):
    box.control("touch", table="dimensions", code="DEB/1001", delete=True)
    box.control("touch", table="dimensions", code="DEB/1003", values={"status": "deleted"})
    outcomes = save(box, *(party(external_id=f"DEB:{code}", name=code) for code in ("1001", "1003", "1004")))
    assert [getattr(outcome, "code", "") for outcome in outcomes] == ["PAR-641", "PAR-641", ""]


def test_changes_fit_into_the_credits_of_a_minute(box):
    box.switch(limits=True)
    changed = [party(external_id=f"DEB:{code}", name=f"Klant {code}") for code in range(1000, 1018) if code != 1002]
    box.control("touch", table="dimensions", code="DEB/1007", values={"financials": {"ebilling": "false"}})
    outcomes = save(box, *changed)
    done = [outcome for outcome in outcomes if isinstance(outcome, Posted)]
    assert len(done) == 16
    assert all(isinstance(outcome, NotTried) for outcome in outcomes[16:])


def test_a_role_is_given_by_the_type_or_not_at_all(box):
    only_role = {"name": "", "reference": "", "roles": frozenset({PartyRole.CUSTOMER})}
    outcomes = save(box, party(external_id="DEB:1000", **only_role), party(external_id="CRD:2000", **only_role))
    assert outcomes[0].ref.external_id == "DEB:1000"
    assert outcomes[1].code == "PAR-640"
    assert box.calls() == []


# --- whole calls ----------------------------------------------------------------------------------------------


def test_a_whole_refusal_is_told_apart(box):
    box.switch(batch_limit="refuse")
    box.provider.catalogue(frozenset())
    box.fault("status", path="processxml", status=400)
    with pytest.raises(BatchRefused):
        save(box, party(), party(reference="BB-2"))
    box.fault("status", path="processxml", status=400)
    (alone,) = save(box, party())
    assert isinstance(alone, Refused)


@pytest.mark.parametrize(
    ("fault", "kind", "made"),
    [
        ({"kind": "drop_after"}, Unclear, True),
        ({"kind": "garbage"}, Unclear, True),
        ({"kind": "truncate"}, Unclear, True),
        ({"kind": "status", "status": 500}, Unclear, False),
        ({"kind": "drop_before"}, Unclear, False),
    ],
)
def test_an_answer_that_is_missing_leaves_it_unclear(box, fault, kind, made):
    box.fault(path="processxml", **fault)
    (outcome,) = save(box, party())
    assert isinstance(outcome, kind)
    assert bool(box.provider.find_party(party())) is made


def test_too_many_calls_before_anything_was_sent_is_raised(box):
    box.fault("rate_minute", path="processxml")
    with pytest.raises(RateLimited):
        save(box, party())


def test_a_standstill_of_the_service_while_reading(box):
    box.fault("status", path="processxml", status=503)
    with pytest.raises(Unreachable):
        list(box.provider.parties(""))
