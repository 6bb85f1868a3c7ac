"""VAT numbers, enterprise numbers, IBAN and BIC."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm.numbers import (
    EU_COUNTRIES,
    enterprise_number_of,
    expected_vat_pattern,
    is_valid_bic,
    is_valid_enterprise_number,
    is_valid_iban,
    is_valid_vat_number,
    normalise_enterprise_number,
    normalise_iban,
    normalise_vat_number,
    vat_country,
    vat_prefix,
)


@pytest.mark.parametrize(
    ("typed", "country", "stored"),
    [
        ("BE 0403.019.261", "BE", "BE0403019261"),
        ("0403.019.261", "be", "BE0403019261"),
        ("403019261", "BE", "BE0403019261"),
        ("be403019261", "", "BE0403019261"),
        ("nl 0044.95.445.b01", "NL", "NL004495445B01"),
        ("004495445B01", "NL", "NL004495445B01"),
        ("GR094259216", "GR", "EL094259216"),
        ("094259216", "GR", "EL094259216"),
        ("CHE-107.787.577 MWST", "CH", "CHE107787577MWST"),
        ("107.787.577 TVA", "CH", "CHE107787577TVA"),
        ("E107787577IVA", "CH", "CHE107787577IVA"),
        ("U13585627", "AT", "ATU13585627"),
        ("X2482300W", "ES", "ESX2482300W"),
        ("K7 399.859.412", "FR", "FRK7399859412"),
        ("GD100", "GB", "GBGD100"),
        ("XI 980780684", "GB", "XI980780684"),
        # Another state's number at a Belgian address keeps its own prefix.
        ("NL004495445B01", "BE", "NL004495445B01"),
        ("DE136695976", "BE", "DE136695976"),
        ("136695976", "", "136695976"),
        ("12-3456789", "US", "123456789"),
        ("  ", "BE", ""),
    ],
)
def test_normal_form(typed, country, stored):
    assert normalise_vat_number(typed, country) == stored
    assert normalise_vat_number(stored, country) == stored


VALID = [
    "ATU13585627", "BE0403019261", "BG175074752", "BG7523169263", "CHE107787577MWST", "CHE107787577TVA",
    "CHE107787577IVA", "CHE107787577TPV", "CY10259033P", "CZ25123891", "CZ7103192745", "CZ640903926", "DE136695976",
    "DK13585628", "EE100931558", "EL094259216", "ESB58378431", "ESX2482300W", "ES54362315K", "FI20774740",
    "FR40303265045", "FRK7399859412", "GB980780684", "GB980780684001", "GBGD100", "GBHA500", "HR33392005961",
    "HU12892312", "IE6433435F", "IE6433435OA", "IE8D79739I", "IT00743110157", "LT119511515", "LT100001919017",
    "LU15027442", "LV40003521600", "MT11679112", "NL004495445B01", "NL002455799B11", "PL8567346215", "PT501964843",
    "RO18547290", "SE556188840401", "SI50223054", "SK2022749619", "XI980780684",
]  # fmt: skip


@pytest.mark.parametrize("number", VALID)
def test_valid(number):
    assert is_valid_vat_number(number)
    assert normalise_vat_number(number) == number


def test_every_member_state_has_a_valid_example():
    assert {vat_country(number) for number in VALID} >= EU_COUNTRIES
    assert len(EU_COUNTRIES) == 27


@pytest.mark.parametrize(
    "number",
    [
        "BE0403019262",  # check digits
        "BE2403019265",  # first digit 2, although divisible by 97
        "BE403019261",  # nine digits: only normalising adds the zero
        "BEBE0403019261",  # two prefixes
        "NL004495445B00",
        "NL4495445B01",  # twelve characters
        "NL004495446B01",  # neither the 11-test nor mod 97
        "NL004495445B0A",
        "CHE107787577",  # without MWST, TVA or IVA it is no VAT number
        "CHE107787578MWST",
        "FR4O303265045",  # the letter O
        "FR41303265045",
        "DE136695977",
        "LU15027443",
        "IT00743110158",
        "ESB58378432",
        "ATU13585628",
        "ATU1358562",
        "GBGD600",  # government departments stop at 499
        "GB802311781",
        "XIGD",
        "US123456789",
        "136695976",
        "BE",
        "",
        "BE٠٤٠٣٠١٩٢٦١",  # digits, but not these
    ],
)
def test_not_valid(number):
    assert not is_valid_vat_number(number)


def test_belgian_numbers_of_the_new_range():
    # 10000000 mod 97 is 76, so the check digits are 97 - 76.
    assert is_valid_vat_number("BE1000000021")
    assert not is_valid_vat_number("BE1000000022")


def test_dutch_numbers_pass_by_either_check():
    # 002455799 fails the 11-test; with its suffix the whole passes mod 97.
    assert is_valid_vat_number("NL002455799B11")
    assert not is_valid_vat_number("NL002455799B12")
    # 004495445 passes the 11-test, so any suffix but 00 will do.
    assert is_valid_vat_number("NL004495445B77")


@given(st.integers(0, 19_999_999))
def test_belgian_check_digits(body):
    right = 97 - body % 97
    assert is_valid_vat_number(f"BE{body:08d}{right:02d}")
    assert not is_valid_vat_number(f"BE{body:08d}{right % 97 + 1:02d}")


@given(st.text(max_size=20), st.sampled_from(["", "BE", "NL", "FR", "CH", "GR", "GB"]))
def test_normalising_twice_is_normalising_once(text, country):
    once = normalise_vat_number(text, country)
    assert normalise_vat_number(once, country) == once


def test_prefixes_and_countries():
    assert (vat_prefix("GR"), vat_prefix("be"), vat_prefix("US")) == ("EL", "BE", "")
    assert (vat_country("EL094259216"), vat_country("XI980780684"), vat_country("US1")) == ("GR", "GB", "")


def test_the_pattern_a_person_sees():
    assert expected_vat_pattern("NL1", "BE") == "NL999999999B99"
    assert expected_vat_pattern("123", "DE") == "DE999999999"
    assert expected_vat_pattern("123") == "country code and number, e.g. BE0999999999"


@pytest.mark.parametrize(
    ("typed", "country", "stored", "valid"),
    [
        ("BE 0403.019.261", "BE", "0403019261", True), ("403019261", "BE", "0403019261", True),
        ("0403.019.262", "BE", "0403019262", False), ("12345678", "NL", "12345678", True),
        ("1234567", "NL", "1234567", False), ("HRB 1234", "DE", "HRB1234", True),
    ],
)  # fmt: skip
def test_enterprise_numbers(typed, country, stored, valid):
    assert normalise_enterprise_number(typed, country) == stored
    assert is_valid_enterprise_number(stored, country) is valid


def test_the_enterprise_number_inside_a_vat_number():
    assert enterprise_number_of("BE0403019261") == "0403019261"
    assert enterprise_number_of("BE0403019262") == ""
    assert enterprise_number_of("NL004495445B01") == ""


def test_bank_accounts():
    assert normalise_iban(" be68 5390 0754 7034") == "BE68539007547034"
    assert is_valid_iban("BE68539007547034")
    assert is_valid_iban("NL91ABNA0417164300")
    assert not is_valid_iban("BE69539007547034")
    assert not is_valid_iban("BE6853900754703")
    assert is_valid_bic("KREDBEBB")
    assert is_valid_bic("ABNANL2AXXX")
    assert not is_valid_bic("KRED")
