"""Which pairs the finder makes and which it must not, and that neither order nor side matters."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crm import numbers
from crm.duplicates import blocks, identifiers
from crm.duplicates.finder import Row, find
from crm.duplicates.names import likeness, words_of
from crm.duplicates.reasons import Reason
from crm.duplicates.rows import Entry
from crm.names import name_key

KRAAN, OTHER, THIRD = "BE0417710407", "BE0428759497", "BE0403019261"
MOL = {"street": "Kerkstraat 12", "postcode": "2400", "city": "Mol", "country": "BE"}
GEEL = {"street": "Markt 3", "postcode": "2440", "city": "Geel", "country": "BE"}


def row(pk: int, name: str, **fields: Any) -> Row:
    return Row(pk, fields.pop("kind", "company"), name_key(name), **fields)


def pair(one: tuple[str, dict[str, Any]], other: tuple[str, dict[str, Any]]) -> Any:
    found = find([row(1, one[0], **one[1]), row(2, other[0], **other[1])])
    return found[0] if found else None


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Brouwerij De Kraan", "De Kraan Brouwerij NV"),
        ("Garage Peeters BV", "Peeters Garage b.v."),
        ("Noorderlicht Events VOF", "Noorderlicht Events V.O.F."),
        ("Drukkerij Wouters & Zonen", "Drukkerij Wouters en Zonen BV"),
        ("Apotheek Sint-Anna", "Apotheek St. Anna BV"),
        ("Vzw De Horizon", "De Horizon vzw"),
        ("S.A. Dupont", "Dupont SPRL"),
        ("s.à r.l. Dupont", "DUPONT"),
        ("Tuinen Maes Comm. V", "Tuinen Maes"),
        ("Stichting Het Anker", "Het Anker"),
        ("Müller GmbH & Co. KG", "Muller"),
        ("A.B.C. Design B.V.", "ABC Design"),
        ("Café Zoë", "CAFE ZOE"),
        ("Acme Ltd.", "Acme Limited"),
        ("Besloten vennootschap Acme", "Acme"),
    ],
)
def test_legal_forms_signs_and_word_order_make_no_other_name(one, other):
    assert likeness(words_of(name_key(one)), words_of(name_key(other))).score == 100


@pytest.mark.parametrize(
    ("one", "other", "least"),
    [
        ("Bakkerij Peeters", "Bakkerij Peters", 90),
        ("Noorderlicht", "Noordrelicht", 90),
        ("Bakkerij De Smet", "Bakkerij Desmet", 99),
        ("Van de Velde Bouw", "Vandevelde Bouw", 99),
        ("J. Peeters", "Jan Peeters", 80),
        ("Sekila VVZW", "Sekila VZW", 80),
        ("Sticthing Ravesos", "Ravesos", 80),
        ("Transports Grevilert CSRL", "Transports Grevilert", 80),
        ("Anouk Vann den Bruin", "Anouk Van den Bruin", 80),
    ],
)
def test_a_slip_a_blank_or_an_initial_leaves_names_alike(one, other, least):
    assert likeness(words_of(name_key(one)), words_of(name_key(other))).score >= least


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Bakkerij Peeters", "Bakkerij Janssens"),
        ("Peeters BV", "Peeters Holding BV"),
        ("J. Peeters", "K. Peeters"),
        ("Linde Studio 1", "Linde Studio 2"),
        ("Van Dijck Transport", "Van Dijck Logistics"),
        ("Bouw Oost", "Bouw West"),
        ("BV", "NV"),
        ("Peeters Zonen", "Peeters Dochters"),
    ],
)
def test_another_word_is_another_name(one, other):
    assert likeness(words_of(name_key(one)), words_of(name_key(other))).score < 80


def test_the_same_valid_number_name_and_place_is_certain():
    found = pair(("Brouwerij De Kraan NV", {"vat_number": KRAAN, **MOL}), ("De Kraan Brouwerij", {"vat_number": KRAAN}))
    assert found.certain
    assert found.reasons[0] == Reason.VAT
    assert found.score >= 97


def test_the_number_inside_the_vat_number_is_the_enterprise_number():
    found = pair(
        ("De Kraan", {"vat_number": KRAAN, **MOL}), ("De Kraan", {"enterprise_number": KRAAN[2:], "country": "BE"})
    )
    assert found.certain
    assert Reason.ENTERPRISE in found.reasons


@pytest.mark.parametrize(
    ("one", "other"),
    [
        # A number that cannot exist proves nothing.
        (("De Kraan", {"vat_number": "BE0417710408", **MOL}), ("De Kraan", {"vat_number": "BE0417710408", **MOL})),
        # A VAT group: one number, several companies.
        (("De Kraan Brouwerij", {"vat_number": KRAAN, **MOL}), ("Zonnebloem Bakkerij", {"vat_number": KRAAN, **MOL})),
        # Branches of one company, or one that moved.
        (("De Kraan", {"vat_number": KRAAN, **MOL}), ("De Kraan", {"vat_number": KRAAN, **GEEL})),
        # Two numbers that contradict each other.
        (
            ("De Kraan", {"vat_number": KRAAN, "enterprise_number": KRAAN[2:], **MOL}),
            ("De Kraan", {"vat_number": KRAAN, "enterprise_number": OTHER[2:], **MOL}),
        ),
        # Dutch placeholders.
        (
            ("De Kraan", {"enterprise_number": "12345678", **MOL, "country": "NL"}),
            ("De Kraan", {"enterprise_number": "12345678", **MOL, "country": "NL"}),
        ),
    ],
)
def test_offered_and_not_certain(one, other):
    found = pair(one, other)
    assert found is not None
    assert not found.certain
    assert found.score < 100


def test_a_name_alone_is_never_certain():
    for fields in (MOL, {**MOL, "email": "info@dekraan.be", "phone": "014 31 22 33", "iban": "BE68539007547034"}):
        found = pair(("De Kraan", fields), ("De Kraan", fields))
        assert found is not None
        assert not found.certain


@pytest.mark.parametrize(
    ("one", "other", "reason"),
    [
        (("Hotel Duinzicht NV", MOL), ("Hotel Duinzicht", {"postcode": "2400", "city": "Mol"}), Reason.NAME_POSTCODE),
        (
            ("Hotel Duinzicht", {"city": "Brussel", "country": "BE"}),
            ("Hotel Duinzicht", {"city": "Bruxelles", "country": "BE"}),
            Reason.NAME_CITY,
        ),
        (("Hotel Duinzicht", MOL), ("Hotel Duinzicht", {}), Reason.NAME_ONLY),
        (
            ("Hotel Duinzicht", {**MOL, "email": "info@duinzicht.be"}),
            ("Hotel Duinzigt", {**GEEL, "email": "jan@duinzicht.be"}),
            Reason.EMAIL_DOMAIN,
        ),
        (
            ("Hotel Duinzicht", {**MOL, "phone": "+32 14 31 22 33"}),
            ("Hotel Duinzigt", {**GEEL, "phone": "014/312233"}),
            Reason.PHONE,
        ),
        (
            ("Hotel Duinzicht", {**MOL, "iban": "BE68539007547034"}),
            ("Hotel Duinzigt", {**GEEL, "iban": "BE68539007547034"}),
            Reason.IBAN,
        ),
    ],
)
def test_why_two_are_paired(one, other, reason):
    assert pair(one, other).reasons[0] == reason


@pytest.mark.parametrize(
    ("one", "other"),
    [
        # Namesakes in two towns.
        (("Bakkerij Peeters", MOL), ("Bakkerij Peeters", GEEL)),
        (("Bakkerij Peeters", {**MOL, "vat_number": KRAAN}), ("Bakkerij Peeters", {**MOL, "vat_number": OTHER})),
        # Two with an address at a provider.
        (
            ("Bakkerij Peeters", {**MOL, "email": "peeters@telenet.be"}),
            ("Bakkerij Peeters", {**GEEL, "email": "bakker@telenet.be"}),
        ),
        # A company and the holding above it, in one house.
        (("Van Dijck", {**MOL, "vat_number": KRAAN}), ("Van Dijck Holding", MOL)),
        # One domain, another name.
        (
            ("Van Dijck Transport", {**MOL, "email": "a@vandijck.be"}),
            ("Van Dijck Wonen", {**MOL, "email": "b@vandijck.be"}),
        ),
        # A company and a person are never one.
        (("Jan Peeters", MOL), ("Jan Peeters", {**MOL, "kind": "person"})),
        # Two people of one name in one village.
        (
            ("Jan Peeters", {**MOL, "kind": "person"}),
            ("Jan Peeters", {**MOL, "street": "Molenstraat 4", "kind": "person"}),
        ),
    ],
)
def test_not_paired(one, other):
    assert pair(one, other) is None


def test_the_town_in_a_name_says_nothing_there_even_with_a_slip():
    place = {"street": "Molenweg 3", "postcode": "9620", "city": "Zottegem", "country": "BE"}
    assert pair(("De Meyer Taverne", place), ("De Meyer Taverne Zotteegm", place)).reasons[0] == Reason.NAME_POSTCODE


@pytest.mark.parametrize(
    ("one", "other"),
    [
        # A blank that stands a letter too late.
        (("De Tulp BVBA", {**MOL, "phone": "014312233"}), ("De TulpB VBA", {**MOL, "phone": "014 31 22 33"})),
        # A slip in the first letter, which puts the words in another order.
        (("De Gouden Haven", MOL), ("De ouden Haven", MOL)),
        # One street, written short and in full.
        (("Drukkerij Takaert", {**MOL, "street": "Gentsesteenweg 18"}), ("Drukkerij Tacaert", {**MOL, "street": "Gentsestwg. 18"})),
    ],
)  # fmt: skip
def test_slips_in_one_house(one, other):
    rows = [row(1, one[0], **one[1]), row(2, other[0], **other[1])]
    # Among many, so that they are found by pieces of their names.
    rows += [row(n, f"Zaak {chr(97 + n % 26)}{n} Handel", **{**MOL, "street": f"Dorp {n}"}) for n in range(3, 60)]
    assert [(p.first, p.second) for p in find(rows)] == [(1, 2)]


def test_a_vat_number_with_two_digits_swapped_is_a_reason():
    moved = (("Brouwerij De Kraan", {**MOL, "vat_number": KRAAN, "email": "info@kraan.be"}),
             ("De Kraan Brouwerij", {**GEEL, "vat_number": "BE0417714007", "email": "info@kraan.be"}))  # fmt: skip
    found = pair(*moved)
    assert Reason.VAT_ALIKE in found.reasons
    assert not found.certain


@pytest.mark.parametrize("city", ["Geel", "Mol"])
def test_shops_named_by_their_towns_are_branches(city):
    shop = {"email": "info@broodhuis.be", "vat_number": KRAAN}
    one, other = row(1, "Broodhuis Mol", **MOL, **shop), row(2, f"Broodhuis {city}", **GEEL, **shop)
    assert bool(find([one, other])) == (city == "Mol")


def test_another_postcode_of_one_town_leaves_a_doubt():
    one = {"vat_number": "NL004495445B01", "postcode": "2526 RL", "city": "Den Haag", "country": "NL"}
    found = pair(("Optica Nova", one), ("Optica Nova", {**one, "postcode": "2534 KK"}))
    assert found.reasons[0] == Reason.VAT
    assert not found.certain


def test_one_telephone_does_not_make_a_company_of_its_holding():
    house = {**MOL, "phone": "014 31 22 33", "email": "info@vandijck.be"}
    assert pair(("Van Dijck Bouwwerken", house), ("Van Dijck Bouwwerken Rent", house)) is None


def test_a_name_that_very_many_have_in_one_town_is_compared_within_a_bound():
    entries = [Entry(row(n, "Bakkerij Peeters", city="Mol", country="BE")) for n in range(1, 401)]
    few, many = (sum(1 for _ in blocks.alike_in_town(entries[:size])) for size in (100, 400))
    assert many <= 4.2 * few


@given(st.one_of(st.from_regex(r"BE[01]\d{9}", fullmatch=True), st.text("BE019 x\u0663", max_size=13)))
def test_a_vat_number_is_checked_as_everywhere(number):
    assert identifiers.is_valid_vat(number) == numbers.is_valid_vat_number(number)
    valid = f"{number[:10]}{97 - int(number[2:10]) % 97:02d}" if number[2:].isdecimal() and len(number) == 12 else KRAAN
    assert identifiers.is_valid_vat(valid) == numbers.is_valid_vat_number(valid)


def test_one_relation_of_a_tool_pairs_its_customers():
    rows = [row(1, "De Kraan", **MOL), row(2, "Iets Anders", **GEEL), row(3, "Nog Iets", **GEEL)]
    found = find(rows, external_ids=[("7:1042", 1), ("7:1042", 2), ("8:1042", 3)])
    assert [(p.first, p.second, p.reasons, p.certain) for p in found] == [(1, 2, (Reason.EXTERNAL_ID,), False)]


def test_many_branches_of_one_number_are_no_duplicates_of_each_other_but_in_their_town():
    towns = [("2400", "Mol"), ("2440", "Geel"), ("9000", "Gent"), ("8000", "Brugge"), ("3000", "Leuven")]
    rows = [
        row(n, "Broodhuis", vat_number=KRAAN, postcode=p, city=c, country="BE") for n, (p, c) in enumerate(towns, 1)
    ]
    rows.append(row(9, "Broodhuis BV", vat_number=KRAAN, postcode="9000", city="Gent", country="BE"))
    found = find(rows)
    assert [(p.first, p.second, p.certain) for p in found] == [(3, 9, False)]


def test_a_number_that_very_many_share_makes_no_flood():
    rows = [row(n, f"Winkel {n}", vat_number=KRAAN, **MOL) for n in range(1, 501)]
    assert len(find(rows)) <= 1_000


NAMES = st.lists(
    st.sampled_from("De Kraan Brouwerij Peeters Bakkerij Zonnebloem NV BV Holding St. Anna & Zonen Peters".split()),  # noqa: SIM905
    min_size=1,
    max_size=4,
).map(" ".join)
PARTIES = st.lists(
    st.builds(
        lambda name, number, place, email, kind: (name, {"vat_number": number, **place, "email": email, "kind": kind}),
        NAMES,
        st.sampled_from(["", "", KRAAN, OTHER, "BE0417710408"]),
        st.sampled_from([{}, MOL, GEEL]),
        st.sampled_from(["", "info@dekraan.be", "jan@dekraan.be", "jan@gmail.com"]),
        st.sampled_from(["company", "company", "person"]),
    ),
    min_size=2,
    max_size=12,
)


@given(PARTIES, st.randoms(use_true_random=False))
def test_neither_the_order_nor_the_side_matters(parties, random):
    rows = [row(n, name, **fields) for n, (name, fields) in enumerate(parties, 1)]
    found = find(rows)
    shuffled = list(rows)
    random.shuffle(shuffled)
    assert find(shuffled) == found
    by_id = {r.id: r for r in rows}
    for one in found:
        assert one.first < one.second
        assert by_id[one.first].kind == by_id[one.second].kind == one.kind
        assert 0 < one.score <= 100
        assert one.reasons
        if one.certain:
            assert {by_id[one.first].vat_number, by_id[one.second].vat_number} in ({KRAAN}, {OTHER})


@given(NAMES, NAMES)
@example("Peeters Peeters Peeters Peters", "Peeters Peeters Peters Peters")  # a word twice, and a slip in one of them
def test_two_names_are_as_alike_as_the_other_way_round(one, other):
    a, b = words_of(name_key(one)), words_of(name_key(other))
    assert likeness(a, b).score == likeness(b, a).score
