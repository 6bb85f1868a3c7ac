"""Relations at Exact Online: found before they are made, made once, changed with care."""

import pytest

from integrations.base.errors import AccessDenied, RateLimited
from integrations.base.records import NotTried, PartyData, PartyRole, Posted, Refused, Unclear
from integrations.exact.unsure import Readings
from tests.sandbox.exact_box import ExactBox, party

ACCOUNTS = r"crm/Accounts"
CUSTOMER, SUPPLIER = frozenset({PartyRole.CUSTOMER}), frozenset({PartyRole.SUPPLIER})


@pytest.fixture
def box():
    with ExactBox() as box:
        yield box


def relation(box, external_id):
    (found,) = [row for row in box.books()["parties"] if row["id"] == external_id]
    return found


# --- finding --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("vat_number", "name"),
    [
        ("BE1900139037", "Bakkerij Zonnekorrel"),  # BE1900.139.037
        ("BE1900414892", "Drukkerij Inktvlek NV"),  # BE 1900.414.892
        ("BE1900828529", "Menuiserie Bois-Clair"),  # BE1900828529
        ("BE1900966408", "GARAGE TOERENTELLER"),  # 1900.966.408
        ("BE1901655997", "Dakwerken Noorderwind bvba"),  # be1901655997
    ],
)
def test_a_relation_is_found_by_its_vat_number_however_it_was_typed(box, vat_number, name):
    (found,) = box.provider.find_party(PartyData(reference="BB-1", name="X", vat_number=vat_number))
    assert (found.name, found.matched_by) == (name, "VAT number")
    assert len(box.calls()) == 1


def test_a_relation_is_found_by_its_enterprise_number(box):
    wanted = PartyData(reference="BB-1", name="X", enterprise_number="1902345489", country="BE")
    (found,) = box.provider.find_party(wanted)
    assert (found.name, found.matched_by) == ("Havenmuis Logistiek", "enterprise number")
    assert found.roles == {PartyRole.CUSTOMER, PartyRole.SUPPLIER}


def test_a_relation_is_found_by_name_and_postcode(box):
    wanted = PartyData(reference="BB-1", name="menuiserie bois clair", postcode="4000", country="BE")
    box.control("touch", table="accounts", code="3", division=3120451, values={"Name": "menuiserie Bois-Clair"})
    (found,) = box.provider.find_party(wanted)
    assert found.matched_by == "name and postcode"
    assert box.provider.find_party(PartyData(reference="BB-1", name="menuiserie bois clair", postcode="4020")) == []


def test_the_strongest_fact_comes_first(box):
    made = box.provider.save_parties([party(vat_number="BE0404616494")])[0]
    wanted = PartyData(
        reference="BB-000101", name="X", vat_number="BE1900139037", enterprise_number="1902345489", country="BE"
    )
    found = box.provider.find_party(wanted)
    assert [ref.matched_by for ref in found] == ["reference", "VAT number", "enterprise number"]
    assert found[0].external_id == made.ref.external_id


def test_nobody_is_found_where_nobody_is(box):
    assert box.provider.find_party(party()) == []
    assert [resource for _, resource, _ in box.calls()] == ["crm/Accounts", "users/UserHasRights"]


def test_an_empty_answer_is_not_believed_without_the_right(box):
    box.control("rights", user="demo", resource="crm/Accounts", actions=["GET"], allowed=False)
    with pytest.raises(AccessDenied):
        box.provider.find_party(party(vat_number="BE1900139037"))


# --- making ---------------------------------------------------------------------------------------------------


def test_a_new_relation(box):
    (outcome,) = box.provider.save_parties([party(vat_number="BE0404616494", payment_term_code="30")])
    assert isinstance(outcome, Posted)
    stored = relation(box, outcome.ref.external_id)
    assert (stored["name"], stored["code"]) == ("O'Neill & Zonen bv", outcome.ref.number)
    assert (stored["is_customer"], stored["is_supplier"]) == (True, False)
    assert (stored["vat_number"], stored["postcode"], stored["language"]) == ("BE0404616494", "9000", "NL-BE")
    (found,) = box.provider.find_party(PartyData(reference="BB-000101", name=""))
    assert (found.external_id, found.matched_by) == (outcome.ref.external_id, "reference")


def test_a_new_supplier(box):
    (outcome,) = box.provider.save_parties([party(roles=SUPPLIER)])
    stored = relation(box, outcome.ref.external_id)
    assert (stored["is_customer"], stored["is_supplier"]) == (False, True)


def test_a_key_alone_is_enough_of_an_answer(box):
    """Some resources fill only the key, whatever was asked for."""
    box.fault("status", method="POST", path=ACCOUNTS, status=201, apply=True, body={"d": {"ID": "x", "Code": None}})
    (outcome,) = box.provider.save_parties([party()])
    assert isinstance(outcome, Unclear)  # a key that is none
    (found,) = box.provider.find_party(party())
    assert found.matched_by == "reference"


def test_a_refused_relation_keeps_the_tools_words_and_changes_nothing(box):
    before = box.books()["parties"]
    (outcome,) = box.provider.save_parties([party(vat_number="BE0123456789")])
    assert outcome == Refused(code="PAR-642", text="Ongeldig: Btw-nummer", vendor_code="500")
    box.switch(language="en")
    (outcome,) = box.provider.save_parties([party(vat_number="BE0123456789")])
    assert (outcome.code, outcome.text) == ("PAR-642", "Invalid: VAT number")
    assert box.books()["parties"] == before


def test_each_of_a_batch_has_its_own_outcome(box):
    batch = [party(reference="BB-1"), party(reference="BB-2", vat_number="BE1"), party(reference="BB-3")]
    outcomes = box.provider.save_parties(batch)
    assert [type(outcome) for outcome in outcomes] == [Posted, Refused, Posted]


def test_a_party_without_name_is_not_even_asked_for(box):
    (outcome,) = box.provider.save_parties([party(name="")])
    assert (outcome.code, box.calls()) == ("APP-204", [])


# --- changing -------------------------------------------------------------------------------------------------


def test_an_update_sends_what_is_filled_and_leaves_the_rest(box):
    bakery = box.relation("Bakkerij Zonnekorrel")
    before = relation(box, bakery.external_id)
    change = PartyData(reference="BB-9", name="", external_id=bakery.external_id, email="new@bakery.example")
    (outcome,) = box.provider.save_parties([change])
    assert outcome == Posted(ref=outcome.ref)
    assert outcome.ref.external_id == bakery.external_id
    assert relation(box, bakery.external_id) == {**before, "email": "new@bakery.example"}


def test_a_role_is_given_and_none_is_taken(box):
    garage = box.relation("GARAGE TOERENTELLER")
    assert garage.roles == {PartyRole.SUPPLIER}
    before = relation(box, garage.external_id)
    box.provider.save_parties([PartyData(reference="", name="", external_id=garage.external_id, roles=CUSTOMER)])
    after = relation(box, garage.external_id)
    assert after == {**before, "status": "C", "is_customer": True}


@pytest.mark.parametrize("external_id", ["25", "00000000-0000-4000-8000-000000000001"])
def test_a_relation_that_is_gone(box, external_id):
    (outcome,) = box.provider.save_parties([party(external_id=external_id)])
    assert isinstance(outcome, Refused)
    assert outcome.code == "PAR-641"


@pytest.mark.parametrize(("status", "code"), [(404, "PAR-641"), (500, "ALL-999")])
def test_gone_follows_from_the_status_never_from_a_text(box, status, code):
    bakery = box.relation("Bakkerij Zonnekorrel")
    refusal = {"error": {"code": "", "message": {"lang": "", "value": "Bestaat niet: Relatie"}}}
    box.fault("status", method="PUT", path=ACCOUNTS, status=status, body=refusal)
    (outcome,) = box.provider.save_parties([party(external_id=bakery.external_id)])
    assert (outcome.code, outcome.text) == (code, "Bestaat niet: Relatie")


# --- faults ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["drop_after", "truncate", "garbage"])
def test_an_unclear_creation_is_found_again_by_our_mark(box, kind):
    box.fault(kind, method="POST", path=ACCOUNTS)
    (outcome,) = box.provider.save_parties([party()])
    assert isinstance(outcome, Unclear)
    (found,) = box.provider.find_party(PartyData(reference="BB-000101", name=""))
    assert relation(box, found.external_id)["name"] == "O'Neill & Zonen bv"


def test_a_creation_that_never_arrived_is_unclear_too(box):
    box.fault("drop_before", method="POST", path=ACCOUNTS)
    (outcome,) = box.provider.save_parties([party()])
    assert isinstance(outcome, Unclear)
    assert box.provider.find_party(party()) == []


def test_a_limit_in_the_middle_of_a_batch_leaves_the_rest_untried(box):
    box.fault("rate_minute", method="POST", path=ACCOUNTS, skip=1)
    batch = [party(reference=f"BB-{number}") for number in range(3)]
    outcomes = box.provider.save_parties(batch)
    assert [type(outcome) for outcome in outcomes] == [Posted, NotTried, NotTried]


def test_a_limit_at_the_start_of_a_batch_stops_it(box):
    box.fault("rate_day", method="POST", path=ACCOUNTS)
    with pytest.raises(RateLimited) as limited:
        box.provider.save_parties([party()])
    assert limited.value.scope == "day"


def test_without_the_right_nothing_is_made(box):
    box.control("rights", user="demo", resource="crm/Accounts", actions=["POST"], allowed=False)
    before = box.books()["parties"]
    with pytest.raises(AccessDenied) as denied:
        box.provider.save_parties([party()])
    assert denied.value.params["right"] == "manage accounts"
    assert box.books()["parties"] == before


def test_languages_can_stay_home(box):
    box.open(readings=Readings(send_language=False)).save_parties([party()])
    assert [row["language"] for row in box.books()["parties"] if row["name"].startswith("O'Neill")] == [None]
