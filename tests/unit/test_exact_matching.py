"""Which accounts of Exact Online may be our party."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.base.records import ExternalRef, PartyData, PartyRecord
from integrations.exact import matching

GUID = "9b712e83-36bf-5627-a3f8-36a8fd6c3d05"
OTHER = "aa675be4-d74a-5bad-97e5-0309d56744a8"


@pytest.mark.parametrize(
    ("typed", "country", "normal"),
    [
        ("BE 0123.456.749", "BE", "BE0123456749"),
        ("0123 456 749", "BE", "BE0123456749"),
        ("be123456749", "BE", "BE0123456749"),
        ("123.456.749", "BE ", "BE0123456749"),
        ("NL 1234.56.789.B01", "NL", "NL123456789B01"),
        ("123456789B01", "NL", "NL123456789B01"),
        ("094014201", "GR", "EL094014201"),
        ("DE 136695976", "", "DE136695976"),
        (" - ", "BE", ""),
        ("", "BE", ""),
    ],
)
def test_vat_numbers_in_normal_form(typed, country, normal):
    assert matching.normal_vat_number(typed, country) == normal


@given(st.from_regex(r"\A[01][0-9]{9}\Z"))
def test_every_spelling_of_a_belgian_number_is_that_number(digits):
    normal = "BE" + digits
    for spelling in matching.vat_spellings(normal):
        assert matching.normal_vat_number(spelling, "BE") == normal


@given(st.from_regex(r"\A[0-9]{9}B[0-9]{2}\Z"))
def test_every_spelling_of_a_dutch_number_is_that_number(rest):
    normal = "NL" + rest
    for spelling in matching.vat_spellings(normal):
        assert matching.normal_vat_number(spelling, "NL") == normal


def test_spellings_are_few_and_each_stands_once():
    spellings = matching.vat_spellings("BE0123456749")
    assert spellings[0] == "BE0123456749"
    assert {"BE 0123.456.749", "0123.456.749", "BE0123.456.749"} <= set(spellings)
    assert len(spellings) == len(set(spellings)) <= 20
    assert matching.vat_spellings("") == []


def test_names_without_case_accents_and_punctuation():
    assert matching.normal_name("Café  L'Étoile B.V.") == matching.normal_name("CAFE L’ETOILE BV")


@pytest.mark.parametrize(
    ("postcode", "spellings"),
    [("1234 AB", ["1234 AB", "1234AB"]), ("1234ab", ["1234ab", "1234AB", "1234 AB"]), ("9000", ["9000"]), ("", [])],
)
def test_postcodes(postcode, spellings):
    assert matching.postcode_spellings(postcode) == spellings


def ours(**changes):
    return PartyData(**{"reference": "BB-17", "name": "O'Neill & Zn bv", **changes})


def theirs(**changes):
    return PartyRecord(**{"external_id": GUID, "code": "25", "name": "Someone else", **changes})


@pytest.mark.parametrize(
    ("party", "account", "fact"),
    [
        (ours(external_id=GUID.upper()), theirs(), "external id"),
        (ours(), theirs(reference="BB-17"), "reference"),
        (ours(vat_number="BE0123456749"), theirs(vat_number="BE0123456749"), "VAT number"),
        (
            ours(enterprise_number="0123.456.749", country="BE"),
            theirs(enterprise_number="0123456749"),
            "enterprise number",
        ),
        (ours(postcode="1234 AB"), theirs(name="ONEILL EN ZN BV", postcode="1234AB"), ""),
        (ours(postcode="1234 AB"), theirs(name="O NEILL  ZN B.V.", postcode="1234ab"), "name and postcode"),
        (ours(), theirs(name="O'Neill & Zn bv"), ""),
        (ours(postcode="1234 AB"), theirs(postcode="1234 AB"), ""),
        (PartyData(reference="", name=""), theirs(name="", reference=""), ""),
    ],
)
def test_by_which_fact_an_account_is_ours(party, account, fact):
    assert matching.matched_by(party, account) == fact


def test_the_search_asks_for_every_fact_and_quotes_what_people_typed():
    terms = matching.search_terms(
        ours(external_id=GUID, vat_number="FR12345678901", enterprise_number="12345678", country="NL", postcode="9000")
    )
    assert terms == [
        f"ID eq guid'{GUID}'",
        "SearchCode eq 'BB-17'",
        "VATNumber eq 'FR12345678901'",
        "VATNumber eq 'FR 12345678901'",
        "VATNumber eq '12345678901'",
        "VATNumber eq 'fr12345678901'",
        "ChamberOfCommerce eq '12345678'",
        "(Postcode eq '9000' and startswith(Name,'O'''))",
    ]


def test_nothing_known_asks_nothing():
    assert matching.search_terms(PartyData(reference="", name="")) == []


def test_the_strongest_fact_comes_first_and_each_account_once():
    by_name = ExternalRef(external_id=OTHER, code="3", matched_by="name and postcode")
    by_vat = ExternalRef(external_id=GUID, code="9", matched_by="VAT number")
    assert matching.strongest_first([by_name, by_vat, by_name]) == [by_vat, by_name]
