"""Octopus on a bad day: nothing is booked twice, and no answer is taken for more than it says."""

import pytest

from integrations.base.errors import Unreachable
from integrations.base.records import (
    Absent,
    CatalogueKind,
    DocumentNumber,
    Found,
    NotTried,
    NumberTaken,
    Posted,
    Unclear,
)
from integrations.octopus.unsure import Readings
from tests.sandbox.octopus_box import OctopusBox, book, document, party, query

BOOKING = r"/buysellbookings$"


@pytest.fixture
def invoice(octopus):
    return document(octopus.relation("Bakkerij Zonnekorrel"))


def booked(octopus):
    return [row["number"] for row in octopus.books()["entries"] if row["reference"] == "2026/0142"]


def test_an_answer_that_comes_too_late(octopus, invoice):
    octopus.provider.check_access()
    octopus.fault("delay", path=BOOKING, seconds=1.5, when="after")
    (outcome,) = octopus.open(seconds=1).post_documents([invoice])
    assert isinstance(outcome, Unclear)
    assert isinstance(octopus.open().find_document(query(invoice)), Found)
    assert booked(octopus) == [2]


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "drop_after"},
        {"kind": "garbage"},
        {"kind": "status", "status": 500, "apply": True},
        {"kind": "status", "status": 504, "apply": True},
        {"kind": "status", "status": 200, "apply": True},
        {"kind": "status", "status": 302, "apply": True},
    ],
)
def test_a_booking_that_may_have_arrived_is_never_sent_by_ourselves_again(octopus, invoice, fault):
    octopus.fault(path=BOOKING, **fault)
    (outcome,) = octopus.provider.post_documents([invoice])
    assert isinstance(outcome, Unclear)
    assert octopus.calls().count(("POST", "buysellbookings/save")) == 1
    assert isinstance(octopus.open().find_document(query(invoice)), Found)


def test_sending_again_under_the_same_number_cannot_book_twice(octopus, invoice):
    octopus.fault("drop_after", path=BOOKING)
    octopus.provider.post_documents([invoice])
    (outcome,) = octopus.provider.post_documents([invoice])
    assert isinstance(outcome, NumberTaken)
    assert (outcome.last, booked(octopus)) == (2, [2])


@pytest.mark.parametrize("fault", [{"kind": "drop_before"}, {"kind": "status", "status": 503}])
def test_what_did_not_arrive_is_absent(octopus, invoice, fault):
    octopus.fault(path=BOOKING, **fault)
    (outcome,) = octopus.provider.post_documents([invoice])
    assert isinstance(outcome, Unclear)
    assert octopus.open().find_document(query(invoice)) == Absent()


def test_no_connection_is_not_tried(octopus, invoice):
    octopus.provider.check_access()
    with OctopusBox() as elsewhere:
        provider = elsewhere.open(session=octopus.session)
    (outcome,) = provider.post_documents([invoice])
    assert isinstance(outcome, NotTried)


@pytest.mark.parametrize("fault", [{"kind": "garbage"}, {"kind": "truncate"}, {"kind": "status", "status": 502}])
def test_a_look_that_fails_says_nothing(octopus, invoice, fault):
    octopus.provider.post_documents([invoice])
    octopus.fault(path="buysellbookings", **fault)
    provider = octopus.open()
    looked_for = query(invoice)
    with pytest.raises(Unreachable):
        provider.find_document(looked_for)


@pytest.mark.parametrize("kind", ["expired_token", "empty_list"])
def test_the_tools_own_faults_on_a_list(octopus, kind):
    octopus.provider.check_access()
    octopus.fault(kind, path="/vatcodes")
    codes = octopus.provider.catalogue(frozenset({CatalogueKind.VAT_CODES})).vat_codes
    assert bool(codes) is (kind == "expired_token")


def test_an_expired_token_in_the_middle_of_a_batch(octopus, invoice):
    octopus.fault("expired_token", path=BOOKING, skip=1)
    second = document(invoice.party, reference="2026/0143", number=3)
    outcomes = octopus.provider.post_documents([invoice, second])
    assert [type(outcome) for outcome in outcomes] == [Posted, Posted]
    assert octopus.calls().count(("POST", "buysellbookings/save")) == 3
    assert booked(octopus) == [2]


def test_a_dossier_that_closes_in_the_middle_leaves_the_rest(octopus, invoice):
    octopus.fault("expired_token", path=BOOKING, skip=1, times=9)
    octopus.fault("status", path=r"/dossiers\?", status=403, skip=1, times=9)
    others = [document(invoice.party, reference=f"2026/{n}", number=n) for n in (3, 4)]
    outcomes = octopus.provider.post_documents([invoice, *others])
    assert [type(outcome) for outcome in outcomes] == [Posted, NotTried, NotTried]
    assert outcomes[0].totals is None  # not seen; looked at later


def test_two_entities_may_share_a_journal(octopus, invoice):
    """Another worker booked in between: its number is refused and nothing is lost or doubled."""
    octopus.open().post_documents([document(invoice.party, reference="other/1")])
    (outcome,) = octopus.provider.post_documents([invoice])
    assert outcome.last == 2
    again = document(invoice.party, number=outcome.last + 1)
    assert again.number == DocumentNumber(book_year="4", journal="V1", number=3)
    assert isinstance(octopus.provider.post_documents([again])[0], Posted)
    assert booked(octopus) == [3]


# --- both readings of what is not certain ---------------------------------------------------------------------

SWITCHES = [
    {"time_zone": "UTC"},
    {"error_text": "errorMessage"},
    {"relation_not_found": "404"},
    {"vat_search": "normalised"},
    {"merge": "blank"},
    {"duplicate_vat": "refuse"},
    {"search_field_length": 10},
    {"vat_credit_types": True},
    {"inactive_vat_codes": True},
    {"credit_note_read": "negative"},
    {"balanced_side": "debet"},
    {"expiry_before_date": "accept"},
    {"check_totals": False},
    {"closed_status": 403},
    {"quota_scope": "login", "limits": True},
    {"quota_status": 400, "limits": True},
]


@pytest.mark.parametrize("switches", SWITCHES, ids=lambda one: ",".join(f"{k}={v}" for k, v in one.items()))
def test_the_whole_way_under_every_reading(octopus, switches):
    octopus.switch(**switches)
    the_whole_way(octopus, Readings())


@pytest.mark.parametrize("switches", [{}, {"relation_not_found": "404", "merge": "blank"}])
def test_the_whole_way_without_a_mark(octopus, switches):
    octopus.switch(**switches)
    the_whole_way(octopus, Readings(mark_in_search_field=False))


def the_whole_way(octopus, readings):
    provider = octopus.open(readings=readings)
    lists = provider.catalogue(frozenset(CatalogueKind))
    assert {"21", "06", "D21"} <= {code.code for code in lists.vat_codes}
    assert provider.find_party(party()) == []
    (saved,) = provider.save_parties([party()])
    assert [ref.external_id for ref in provider.find_party(party())] == [saved.ref.external_id]
    customer = octopus.relation("O'Neill & Zonen bv")
    (posted,) = book(provider, document(customer, number=provider.last_number("V1", "4") + 1))
    assert (str(posted.totals.total), posted.remarks) == ("121.00", ())
    octopus.control("pay", reference="2026/0142", date="2026-06-01")
    rows = [row for row in provider.settlements("", []).rows if row.document_external_id == posted.ref.external_id]
    assert [str(row.amount) for row in rows] == ["121.00"]
