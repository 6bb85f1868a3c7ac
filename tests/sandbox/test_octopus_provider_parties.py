"""Relations of Octopus over HTTP: found before made, known again by our number and mark, never blanked."""

from dataclasses import replace

import pytest

from integrations.base.errors import RateLimited
from integrations.base.records import NotTried, PartyRole, Posted, Refused, Unclear
from integrations.octopus.matching import external_number
from integrations.octopus.unsure import Readings
from tests.sandbox.octopus_box import QUARTERS, party

OURS = party()
NUMBER = external_number(OURS.reference)
DOSSIER = int(QUARTERS)


def count(octopus):
    return len(octopus.books()["parties"])


def one(provider, record):
    (found,) = [item for page in provider.parties("") for item in page.items if item.external_id == record]
    return found


# --- reading --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("shown", "inactive"), [(True, ["24"]), (False, [])])
def test_all_relations_in_two_calls_the_inactive_ones_where_changes_show_them(octopus, shown, inactive):
    octopus.switch(changes_show_inactive=shown)
    (page,) = octopus.provider.parties("")
    assert (len(page.items), page.is_last) == (24 + len(inactive), True)
    assert [record.external_id for record in page.items if record.blocked] == inactive
    found = {record.name: record for record in page.items}
    first = found["Bakkerij Zonnekorrel"]
    # Its external number was given by another package, so it is no mark of ours.
    assert (first.external_id, first.code, first.reference, first.vat_number) == ("1", "1", "", "BE1900139037")
    assert found["GARAGE TOERENTELLER"].vat_number == "BE1900966408"
    assert found["Drukkerij Inktvlek NV"].roles == frozenset(PartyRole)
    assert found["WZC Het Stille Rustpunt"].enterprise_number == "1902069634"
    assert found["Bakkerij Zonnekorrel"].caller_number == "900"
    assert octopus.calls()[1:] == [("GET", "relations"), ("GET", "relations/modified")]


@pytest.mark.parametrize("zone", ["UTC", "Europe/Brussels"])
def test_changes_and_deletions_since(octopus, zone):
    octopus.switch(time_zone=zone)
    octopus.advance(hours=8)
    provider = octopus.open(now=octopus.sandbox.clock.now)
    (first,) = provider.parties("")
    octopus.forget()
    octopus.control("touch", table="relations", code=3, division=DOSSIER, values={"city": "Seraing"})
    octopus.control("touch", table="relations", code=4, division=DOSSIER, delete=True)
    (page,) = provider.parties(first.cursor)
    seen = {record.external_id: (record.city, record.deleted) for record in page.items}
    assert seen == {"3": ("Seraing", False), "4": ("", True)}
    assert octopus.calls() == [("GET", "relations/modified")]


@pytest.mark.parametrize("zone", ["UTC", "Europe/Brussels"])
def test_a_change_of_the_moment_before_the_first_reading_is_seen_again(octopus, zone):
    """Clocks differ and time stamps have no zone: too much is read rather than too little."""
    octopus.switch(time_zone=zone)
    octopus.advance(hours=8)
    octopus.control("touch", table="relations", code=3, division=DOSSIER, values={"city": "Seraing"})
    octopus.advance(minutes=50)
    provider = octopus.open(now=octopus.sandbox.clock.now)
    (first,) = provider.parties("")
    (page,) = provider.parties(first.cursor)
    assert [record.external_id for record in page.items] == ["3"]


def test_nothing_changed_is_an_empty_page_and_no_error(octopus):
    octopus.advance(hours=8)
    provider = octopus.open(now=octopus.sandbox.clock.now)
    (first,) = provider.parties("")
    (page,) = provider.parties(first.cursor)
    assert (page.items, page.is_last) == ((), True)


# --- finding --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("not_found", ["empty", "404"])
@pytest.mark.parametrize("compared", ["as_typed", "normalised"])
def test_found_by_vat_number_however_it_was_typed(octopus, compared, not_found):
    octopus.switch(vat_search=compared, relation_not_found=not_found)
    dotted = octopus.provider.find_party(party(vat_number="BE1900139037", name="Someone", postcode=""))
    assert [(ref.external_id, ref.matched_by) for ref in dotted] == [("1", "VAT number")]
    plain = octopus.provider.find_party(party(vat_number="BE1900828529", name="Someone", postcode=""))
    assert [(ref.external_id, ref.matched_by) for ref in plain] == [("3", "VAT number")]
    assert octopus.provider.find_party(party()) == []


def test_two_relations_with_one_vat_number_are_both_found(octopus):
    found = octopus.provider.find_party(party(vat_number="BE1902897005"))
    assert {ref.external_id for ref in found} == {"20", "21"}


def test_found_by_exact_name_and_postcode_only(octopus):
    same = party(vat_number="", name="bakkerij zonnekorrel", postcode="9000")
    assert [ref.matched_by for ref in octopus.provider.find_party(same)] == ["name and postcode"]
    assert octopus.provider.find_party(replace(same, postcode="8000")) == []


def test_an_inactive_relation_is_found_and_marked(octopus):
    found = octopus.provider.find_party(party(vat_number="", name="Librairie L'Encrier Percé srl", postcode="5000"))
    assert [(ref.external_id, ref.blocked) for ref in found] == [("24", True)]


def test_our_own_relation_is_found_by_its_mark(octopus):
    (saved,) = octopus.provider.save_parties([OURS])
    renamed = party(name="Quite another name", vat_number="")
    assert [(ref.external_id, ref.matched_by) for ref in octopus.provider.find_party(renamed)] == [
        (saved.ref.external_id, "reference")
    ]
    assert one(octopus.provider, saved.ref.external_id).reference == OURS.reference


def test_without_the_mark_our_number_and_a_fact_say_so(octopus):
    provider = octopus.open(readings=Readings(mark_in_search_field=False))
    (saved,) = provider.save_parties([OURS])
    assert one(provider, saved.ref.external_id).reference == ""
    assert [ref.matched_by for ref in provider.find_party(OURS)] == ["reference"]
    # The same number alone is no proof.
    assert provider.find_party(party(name="Someone else", vat_number="", postcode="")) == []


# --- saving ---------------------------------------------------------------------------------------------------


def test_a_new_relation_with_all_we_know(octopus):
    (outcome,) = octopus.provider.save_parties([party(iban="BE63999420091108", website="https://oneill.example")])
    assert isinstance(outcome, Posted)
    assert (outcome.ref.external_id, outcome.ref.number, outcome.remarks) == ("26", "26", ())
    row = octopus.relation_row("O'Neill & Zonen bv")
    assert (row["external_id"], row["vat_number"], row["vat_type"], row["country"]) == (
        NUMBER,
        "BE1987.654.316",
        1,
        "BE",
    )
    assert (row["is_customer"], row["is_supplier"], row["bank_accounts"]) == (True, False, ["BE63999420091108"])
    assert octopus.calls()[1:] == [("GET", "relations/search"), ("PUT", "relations/save")]


def test_a_relation_that_is_new_for_certain_costs_one_call(octopus):
    (outcome,) = octopus.provider.save_parties([replace(OURS, is_new=True)])
    assert outcome.ref.external_id == "26"
    assert octopus.relation_row(OURS.name)["external_id"] == NUMBER
    assert octopus.calls()[1:] == [("PUT", "relations/save")]
    # Nothing tells them apart when they are compared or when a fingerprint is taken of them.
    assert (replace(OURS, is_new=True), repr(replace(OURS, is_new=True))) == (OURS, repr(OURS))


@pytest.mark.parametrize(
    ("changes", "kind"),
    [
        ({"vat_type": "vat_liable"}, 1),
        ({"vat_type": "contractor"}, 1),
        ({"vat_type": "intra_community", "country": "FR", "vat_number": "FR69299904813"}, 4),
        ({"vat_type": "outside_eu", "country": "CH", "vat_number": ""}, 6),
        ({"vat_type": "not_vat_liable", "vat_number": ""}, 10),
        ({"vat_type": "not_vat_liable", "vat_number": "", "is_person": True}, 7),
        ({"vat_type": "not_vat_liable", "vat_number": "", "is_person": True, "country": "NL"}, 8),
        ({"vat_type": "outside_eu", "vat_number": "", "is_person": True, "country": "GB"}, 9),
        ({"vat_type": "unknown"}, 0),
    ],
)
def test_vat_types(octopus, changes, kind):
    (outcome,) = octopus.provider.save_parties([party(**changes)])
    assert octopus.relation_row("O'Neill & Zonen bv")["vat_type"] == kind
    assert outcome.remarks == (("VAT-625",) if changes["vat_type"] == "contractor" else ())


def test_a_person(octopus):
    person = party(name="Ann Peeters", first_name="Ann", last_name="Peeters", is_person=True, vat_number="")
    (saved,) = octopus.provider.save_parties([person])
    record = one(octopus.provider, saved.ref.external_id)
    assert (record.name, record.is_person) == ("Ann Peeters", True)
    assert [ref.external_id for ref in octopus.provider.find_party(replace(person, reference=""))] == ["26"]


@pytest.mark.parametrize("merge", ["keep", "blank"])
def test_a_change_keeps_what_we_do_not_know(octopus, merge):
    octopus.switch(merge=merge)
    (outcome,) = octopus.provider.save_parties(
        [party(external_id="2", name="Drukkerij Inktvlek nv", vat_number="", email="", city="Aalst-Zuid")]
    )
    assert outcome.ref.external_id == "2"
    row = octopus.relation_row("Drukkerij Inktvlek nv")
    assert (row["city"], row["email"], row["vat_number"], row["external_id"]) == (
        "Aalst-Zuid",
        "info@drukkerij-inktvlek-nv.example",
        "BE 1900.414.892",
        901,
    )
    assert (row["is_customer"], row["is_supplier"], count(octopus)) == (True, True, 25)


@pytest.mark.parametrize("merge", ["keep", "blank"])
def test_a_role_alone_changes_nothing_else(octopus, merge):
    octopus.switch(merge=merge)
    before = octopus.relation_row("GARAGE TOERENTELLER")
    role = replace(OURS, external_id="4", reference="", name="", vat_number="", street="", postcode="", city="")
    role = replace(role, country="", email="", language="", vat_type="unknown")
    octopus.provider.save_parties([role])
    assert octopus.relation_row("GARAGE TOERENTELLER") == {**before, "is_customer": True}


def test_a_relation_that_is_gone_is_not_made_anew_by_a_change(octopus):
    octopus.control("touch", table="relations", code=4, division=DOSSIER, delete=True)
    (outcome,) = octopus.provider.save_parties([party(external_id="4")])
    assert isinstance(outcome, Refused)
    assert (outcome.code, count(octopus)) == ("PAR-641", 24)


def test_a_creation_whose_answer_was_lost_is_not_made_twice(octopus):
    octopus.fault("drop_after", method="PUT", path="/relations")
    (first,) = octopus.provider.save_parties([OURS])
    assert isinstance(first, Unclear)
    (second,) = octopus.provider.save_parties([party(city="Gentbrugge")])
    assert isinstance(second, Posted)
    assert (count(octopus), octopus.relation_row(OURS.name)["city"]) == (26, "Gentbrugge")


def test_a_mark_that_was_cut_is_still_ours(octopus):
    octopus.switch(search_field_length=8)
    octopus.provider.save_parties([OURS])
    octopus.provider.save_parties([OURS])
    assert count(octopus) == 26


def test_the_number_of_somebody_else_is_passed_by(octopus):
    octopus.control("seed", division=DOSSIER, relations=[{"name": "A stranger", "external_id": NUMBER}])
    (saved,) = octopus.provider.save_parties([OURS])
    row = octopus.relation_row(OURS.name)
    assert row["external_id"] == external_number(OURS.reference, 1)
    assert octopus.relation_row("A stranger")["external_id"] == NUMBER
    assert one(octopus.provider, saved.ref.external_id).reference == OURS.reference


def test_a_second_relation_with_the_vat_number_may_be_refused(octopus):
    octopus.switch(duplicate_vat="refuse")
    (outcome,) = octopus.provider.save_parties([party(vat_number="BE1900828529")])  # stands there without dots
    assert isinstance(outcome, Refused)
    assert (outcome.code, outcome.vendor_code, count(octopus)) == ("PAR-649", "-920", 25)


@pytest.mark.parametrize(
    "changes",
    [
        {"vat_number": "", "name": "Librairie L'Encrier Percé srl", "postcode": "5000"},  # inactive
        {"vat_number": "BE1900139037"},
    ],
)
def test_what_the_list_did_not_show_is_not_made_a_second_time(octopus, changes):
    (outcome,) = octopus.provider.save_parties([party(**changes)])
    assert isinstance(outcome, Refused)
    assert (outcome.code, count(octopus)) == ("PAR-649", 25)
    assert octopus.calls()[1:] == [("GET", "relations/search")]


@pytest.mark.parametrize("fault", ["garbage", "truncate"])
def test_an_answer_that_cannot_be_read_leaves_it_unclear(octopus, fault):
    octopus.fault(fault, method="PUT", path="/relations")
    (outcome,) = octopus.provider.save_parties([OURS])
    assert isinstance(outcome, Unclear)


def test_a_quota_in_mid_batch_leaves_the_rest(octopus):
    octopus.provider.save_parties([OURS])
    others = [party(reference=f"BB00000000000{n}", name=f"Firm {n}", vat_number="") for n in range(2)]
    octopus.control("limits", clear=True)
    octopus.switch(limits=True, quota_scale=0.0025)
    first, second = octopus.provider.save_parties(others)
    assert isinstance(first, Posted)
    assert isinstance(second, NotTried)
    with pytest.raises(RateLimited):
        octopus.provider.save_parties(others[1:])


def test_a_party_without_name_is_not_sent(octopus):
    (outcome,) = octopus.provider.save_parties([party(name="")])
    assert isinstance(outcome, Refused)
    assert octopus.calls() == []
