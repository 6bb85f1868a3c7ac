"""Twinfield's lists and relations, both ways."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from integrations.base.records import AdministrationRecord, PartyData, PartyRole, SupplyKind, VatDirection
from integrations.base.texts import clean
from integrations.twinfield import cursors, keys, mapping, matching, pairing, values
from integrations.twinfield.markup import Unreadable, attribute, child, children, parse, text, written
from integrations.twinfield.unsure import Readings
from integrations.twinfield.values import Unsendable

# --- values ---------------------------------------------------------------------------------------------------


@given(st.decimals(min_value=0, max_value=10**12, places=2))
def test_amounts_travel_unchanged(amount):
    assert values.amount(values.money(amount)) == amount


@pytest.mark.parametrize("amount", ["-0.01", "0.001", "10000000000000"])
def test_amounts_that_cannot_travel(amount):
    with pytest.raises(Unsendable):
        values.money(Decimal(amount))


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("121.00", "121.00"),
        ("-1", "-1.00"),
        ("+0.500", "0.50"),
        ("0.001", None),
        ("", None),
        ("1e3", None),
        ("x", None),
    ],
)
def test_amounts_back(text, amount):
    assert values.amount(text) == (Decimal(amount) if amount else None)


@pytest.mark.parametrize(
    ("text", "day"),
    [("20260317", date(2026, 3, 17)), ("20260317101500", date(2026, 3, 17)), ("2026-03-17T00:00:00", date(2026, 3, 17)),
     ("20261301", None), ("", None)],
)  # fmt: skip
def test_days(text, day):
    assert values.day(text) == day


@pytest.mark.parametrize(
    "data", ["", "no xml", "<a>", "<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>", "<a>\x00</a>", "<a>&undefined;</a>"]
)
def test_what_is_no_xml_is_not_read(data):
    with pytest.raises(Unreadable):
        parse(data)


def test_entities_lead_nowhere():
    with pytest.raises(Unreadable):
        parse('<?xml version="1.0"?><!DOCTYPE a SYSTEM "http://127.0.0.1:1/x"><a/>')


# --- keys -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["DEB:1000", "CRD:0110", "DEB:A-1.b"])
def test_relations_keep_their_code(key):
    assert keys.party_key(*keys.split_party(key)) == key


@pytest.mark.parametrize("key", ["", "1000", "DEB:", "XXX:1", "DEB:a b", "DEB:<x>", "DEB:1:2", "DEB:" + "1" * 33])
def test_other_keys_are_none(key):
    assert keys.split_party(key) == ("", "")


@pytest.mark.parametrize(
    ("key", "parts"),
    [
        ("VRK:202600017", ("VRK", "202600017")),
        ("VRK:", ("", "")),
        (":1", ("", "")),
        ("VRK:1a", ("", "")),
        ("", ("", "")),
    ],
)
def test_entries_keep_their_day_book(key, parts):
    assert keys.split_entry(key) == parts


# --- lists ----------------------------------------------------------------------------------------------------


def test_offices_without_a_name_go_by_their_code():
    found = mapping.offices(parse("<offices><office name='A'>001</office><office>B2</office><office/></offices>"))
    assert [(one.external_id, one.name) for one in found] == [("001", "A"), ("B2", "B2")]


def test_an_office_read_without_details_is_still_an_office():
    record = AdministrationRecord(external_id="001", name="A")
    found = mapping.office(record, parse("<office><code>001</code></office>"))
    assert (found.name, found.country, found.currency) == ("A", "", "EUR")


@pytest.mark.parametrize(
    ("code", "country", "kind"),
    [("8000", "NL", "revenue"), ("700000", "BE", "revenue"), ("8000", "BE", "cost"), ("4000", "NL", "cost"),
     ("9000", "NL", "other")],
)  # fmt: skip
def test_revenue_goes_by_its_number(code, country, kind):
    answer = parse(f"<dimensions><dimension name='x'>{code}</dimension><dimension name=''>PNL</dimension></dimensions>")
    (found,) = mapping.ledger_accounts(answer, "PNL", country)
    assert found.kind.value == kind


def vat(*percentages, name="Btw", accounts=1, group="NL1A", status="active"):
    inner = "".join(
        f"<percentage><date>{since}</date><percentage>{rate}</percentage><accounts>"
        + f"<account><group>{group}</group><percentage>100.0</percentage></account>" * accounts
        + "</accounts></percentage>"
        for since, rate in percentages
    )
    return parse(f"<vat status='{status}'><name>{name}</name><percentages>{inner}</percentages></vat>")


@pytest.mark.parametrize(
    ("today", "percentage"),
    [(date(2018, 12, 31), "6.00"), (date(2019, 1, 1), "9.00"), (date(2000, 1, 1), None)],
)
def test_the_percentage_in_force(today, percentage):
    answer = vat(("20190101", "9.000000000"), ("20010101", "6.000000000"))
    found = mapping.vat_code(("VL", "Btw laag"), VatDirection.SALES, answer, today)
    assert found.percentage == (Decimal(percentage) if percentage else None)


@pytest.mark.parametrize(
    ("changes", "owed_by_buyer"),
    [({}, False), ({"accounts": 2}, True), ({"group": "NL2A"}, True), ({"name": "Btw verlegd"}, True)],
)
def test_a_reverse_charge(changes, owed_by_buyer):
    answer = vat(("20010101", "21.0"), **changes)
    assert mapping.vat_code(("X", ""), VatDirection.PURCHASE, answer, date(2026, 1, 1)).reverse_charge is owed_by_buyer


@pytest.mark.parametrize(
    ("group", "name", "supply"),
    [("NL3B", "Leveringen binnen de EU", SupplyKind.EU_GOODS), ("NL3B", "Diensten binnen de EU", SupplyKind.EU_SERVICES),
     ("NL3A", "Export", SupplyKind.ORDINARY), ("", "Services", SupplyKind.ORDINARY)],
)  # fmt: skip
def test_supplies_inside_the_eu(group, name, supply):
    answer = vat(("20010101", "0"), group=group, name=name)
    assert mapping.supply_of(answer, date(2026, 1, 1)) is supply
    assert mapping.vat_code(("X", name), VatDirection.SALES, answer, date(2026, 1, 1)).supply is supply


@pytest.mark.parametrize(
    ("row", "direction", "same"),
    [
        (("VH", "Btw hoog"), VatDirection.SALES, True),
        (("VH", ""), VatDirection.SALES, True),
        (("VH", "Btw hoog (oud)"), VatDirection.SALES, False),
        (("VH", "Btw hoog"), VatDirection.PURCHASE, False),
        (("VL", "Btw hoog"), VatDirection.SALES, False),
    ],
)
def test_a_vat_code_of_a_later_list(row, direction, same):
    before = mapping.vat_code(
        ("VH", "Btw hoog"), VatDirection.SALES, vat(("20121001", "21.0"), name="Hoog"), date(2026, 1, 1)
    )
    assert not before.is_remembered
    found = mapping.vat_code_as_before(row, direction, before)
    assert found == (replace(before, is_remembered=True) if same else None)


def periods(*rows):
    inner = "".join(
        f"<Period><EndDate>{end}</EndDate><Number>{number}</Number><Open>{is_open}</Open></Period>"
        for number, end, is_open in rows
    )
    return parse(f"<Result><Periods>{inner}</Periods></Result>")


def test_quarters_follow_each_other_over_the_years():
    first = mapping.periods(
        periods((2, "2025-12-31", "true"), (1, "2025-06-30", "false"), (0, "2025-01-01", "true")), 2025
    )
    second = mapping.periods(periods((1, "2026-06-30T00:00:00", "true"), (55, "2026-12-31", "true")), 2026)
    found = mapping.fiscal_periods([*second, *first])
    assert [(one.external_id, one.start, one.end, one.closed) for one in found] == [
        ("2025/01", date(2025, 1, 1), date(2025, 6, 30), True),
        ("2025/02", date(2025, 7, 1), date(2025, 12, 31), False),
        ("2026/01", date(2026, 1, 1), date(2026, 6, 30), False),
    ]


# --- relations ------------------------------------------------------------------------------------------------


def data(**changes):
    return PartyData(**{"reference": "BB-1", "name": "Acme", "roles": frozenset({PartyRole.CUSTOMER}), **changes})


STANDING = parse(
    "<dimension status='active'><type>DEB</type><code>1000</code><name>Acme</name><addresses>"
    "<address id='1' type='postal'><city>Elders</city></address>"
    "<address id='4' type='contact' default='true'><name>Acme</name><contact>Jan</contact><city>Gent</city>"
    "<field1>T.a.v. Jan</field1><field6>x</field6></address></addresses></dimension>"
)


def test_an_update_keeps_the_address_it_changes():
    node = mapping.dimension(data(external_id="DEB:1000", city="Brugge"), "O1", STANDING)
    (address,) = children(child(node, "addresses"), "address")
    assert (attribute(address, "id"), attribute(address, "type")) == ("4", "contact")
    assert [text(address, name) for name in ("city", "contact", "field1", "field6")] == [
        "Brugge",
        "Jan",
        "T.a.v. Jan",
        "x",
    ]
    assert child(node, "banks") is None
    assert child(node, "shortname") is None


def test_a_new_one_leaves_its_code_to_twinfield():
    node = mapping.dimension(data(iban="NL06 DEMO 0004 2245 97"), "O1", None)
    assert child(node, "code") is None
    assert text(node, "shortname") == "BB-1"
    assert text(node, "banks", "bank", "iban") == "NL06DEMO0004224597"
    assert child(node, "addresses") is None


@pytest.mark.parametrize(
    ("roles", "kind"), [({PartyRole.CUSTOMER}, "DEB"), ({PartyRole.SUPPLIER}, "CRD"), (set(PartyRole), "DEB")]
)
def test_the_type_goes_by_the_role(roles, kind):
    assert text(mapping.dimension(data(roles=frozenset(roles)), "O1", None), "type") == kind


_TEXT = st.text(max_size=120)


@settings(max_examples=60, deadline=None)
@given(
    st.builds(
        data,
        name=_TEXT,
        street=_TEXT,
        city=_TEXT,
        postcode=_TEXT,
        email=_TEXT,
        phone=_TEXT,
        website=_TEXT,
        vat_number=_TEXT,
        iban=_TEXT,
        bic=_TEXT,
        reference=_TEXT,
    )
)
def test_any_party_travels_within_the_limits(party):
    assume(clean(party.name))
    node = parse(written(mapping.dimension(party, "O1", None, Readings())))
    assert 0 < len(text(node, "name")) <= 80
    assert len(text(node, "shortname")) <= 20
    assert len(text(node, "banks", "bank", "ascription")) <= 40
    for one in node.iter():
        assert len(one) or (one.text or "").strip()  # nothing empty that would blank a field


@settings(max_examples=50, deadline=None)
@given(st.sampled_from(["BE0123.456.789", "0123456789", " be 0123 456 789", "123456789"]))
def test_spellings_of_a_vat_number_are_one(number):
    assert matching.normal_vat_number(number, "BE") == "BE0123456789"


@pytest.mark.parametrize("xml", ["<dimension/>", "<dimension><type>PNL</type><code>8000</code></dimension>"])
def test_what_is_no_relation(xml):
    assert mapping.party(parse(xml)) is None


@pytest.mark.parametrize(
    ("status", "flags"), [("active", (False, False)), ("inactive", (True, False)), ("deleted", (True, True))]
)
def test_the_status_of_a_relation(status, flags):
    found = mapping.party(parse(f"<dimension status='{status}'><type>DEB</type><code>1</code></dimension>"))
    assert (found.blocked, found.deleted) == flags


# --- pairing and cursors --------------------------------------------------------------------------------------


@given(st.lists(st.sampled_from("abc"), max_size=6), st.randoms())
def test_answers_are_paired_by_what_they_are(sent, random):
    answered = [parse(f"<x id='{mark}{place}'>{mark}</x>") for place, mark in enumerate(sent)]
    random.shuffle(answered)
    found = pairing.pair(sent, answered, lambda item: item, lambda node: node.text)
    assert [node.text for node in found] == sent
    assert len({id(node) for node in found}) == len(sent)


def test_an_answer_too_few_or_too_many_pairs_nothing():
    one, two = parse("<x>a</x>"), parse("<x>a</x>")
    assert pairing.pair(["a", "a"], [one], str, lambda node: node.text) == [None, None]
    assert pairing.pair(["a"], [one, two], str, lambda node: node.text) == [None]
    assert pairing.pair(["b"], [one], str, lambda node: node.text) == [None]


def test_cursors_are_kept_as_they_are():
    kept = cursors.Settling(since="20260101000000", seen=(("sales", "VRK", "2026"),), mode="full")
    assert cursors.Settling.load(kept.dump()) == kept
    assert cursors.Parties.load(cursors.Parties().dump()) == cursors.Parties()


def test_the_next_reading_overlaps_the_last():
    begun = datetime(2026, 3, 17, 10, 0, tzinfo=UTC)
    assert cursors.from_then_on(cursors.stamp(begun)) == values.moment(begun - timedelta(hours=3)) == "20260317070000"
    assert cursors.from_then_on("nonsense") == ""


def test_persons_in_addresses_come_once_and_only_other_addresses_have_their_own_mailbox():
    answer = parse(
        "<dimension status='active'><type>DEB</type><code>1000</code><name>Acme</name><addresses>"
        "<address id='1' type='postal'><contact>Lies  Claes</contact><email>lies@acme.example</email></address>"
        "<address id='2' default='true'><contact>Jan</contact><email>info@acme.example</email></address>"
        "<address id='3'><contact>LIES CLAES</contact></address><address id='4'/></addresses></dimension>"
    )
    found = mapping.party(answer)
    assert [(one.name, one.email) for one in found.contacts] == [("Lies Claes", "lies@acme.example"), ("Jan", "")]
    assert {one.company_external_id for one in found.contacts} == {found.external_id}
