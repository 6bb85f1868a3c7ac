"""Single values of Exact Online's wire."""

import json
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.exact import values
from integrations.exact.values import Unsendable

cents = st.integers(min_value=-(10**15) + 1, max_value=10**15 - 1).map(lambda n: Decimal(n).scaleb(-2))


@given(cents)
def test_an_amount_survives_the_wire_to_the_cent(amount):
    sent = json.dumps({"AmountFC": values.double(amount)})
    back = json.loads(sent, parse_float=str)["AmountFC"]
    assert values.amount(back) == amount
    # What travels is a plain number with our two decimals at most, not 0.30000000000000004.
    assert Decimal(str(back)) == amount


@pytest.mark.parametrize("amount", [Decimal("0.005"), Decimal("10.001"), Decimal(10) ** 13, -(Decimal(10) ** 13)])
def test_an_amount_that_a_double_cannot_hold_is_not_sent(amount):
    with pytest.raises(Unsendable):
        values.double(amount)


def test_a_negative_zero_does_not_travel():
    assert json.dumps(values.double(Decimal("-0.00"))) == "0.0"


@pytest.mark.parametrize(
    ("wire", "amount"),
    [
        ("121.00000000000001", "121.00"),
        (121, "121.00"),
        ("-99.995", "-100.00"),
        ("1.5E+2", "150.00"),
        ("-0.0", "0.00"),
    ],
)
def test_amounts_are_read_without_the_noise_of_a_double(wire, amount):
    found = values.amount(wire)
    assert found == Decimal(amount)
    assert str(found) == amount


@pytest.mark.parametrize("nothing", [None, "", "x", "NaN", "Infinity", True])
def test_what_is_no_amount_is_none(nothing):
    assert values.amount(nothing) is None


@given(st.dates(min_value=date(1901, 1, 1), max_value=date(2200, 1, 1)), st.integers(0, 24 * 3600 - 1))
def test_milliseconds_give_the_date_as_written_whatever_the_time_of_day(day, seconds):
    moment = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(seconds=seconds)
    milliseconds = int(moment.timestamp()) * 1000
    assert values.day(f"/Date({milliseconds})/") == day


@pytest.mark.parametrize(
    ("wire", "day"),
    [
        ("/Date(1393891200000)/", date(2014, 3, 4)),
        ("/Date(1382667872203)/", date(2013, 10, 25)),
        ("/Date(-86400000)/", date(1969, 12, 31)),
        ("/Date(1393891200000+0100)/", date(2014, 3, 4)),
        ("2014-03-04", date(2014, 3, 4)),
        ("2014-03-04T00:00:00", date(2014, 3, 4)),
        (None, None),
        ("", None),
        ("/Date(99999999999999999999)/", None),
        ("soon", None),
    ],
)
def test_dates(wire, day):
    assert values.day(wire) == day


@given(st.dates())
def test_a_date_goes_out_plain_and_comes_back(day):
    assert values.day(values.iso(day)) == day


@pytest.mark.parametrize(
    ("wire", "per_cent"),
    [
        ("0.21", "21.00"),
        (21, "21.00"),
        ("21.0", "21.00"),
        ("0.06", "6.00"),
        (6, "6.00"),
        ("0.055", "5.50"),
        ("20.5", "20.50"),
        (0, "0.00"),
        (1, "100.00"),
    ],
)
def test_percentages_come_as_fraction_or_as_per_cent(wire, per_cent):
    assert str(values.per_cent(wire)) == per_cent


def test_a_percentage_that_is_not_stated_is_not_zero():
    assert values.per_cent(None) is None


@given(st.text(alphabet="ABC0123456789 .-", min_size=1, max_size=9))
def test_codes_lose_their_padding_on_either_side(code):
    assert values.text(code.strip().rjust(18)) == code.strip()
    assert values.text(code.strip().ljust(9)) == code.strip()


@given(st.text(max_size=30))
def test_quotes_in_a_filter_are_doubled_so_that_nothing_ends_the_literal(raw):
    literal = values.quoted(raw)
    assert literal[0] == literal[-1] == "'"
    inner = literal[1:-1]
    assert inner.replace("''", "").count("'") == 0
    assert inner.replace("''", "'") == raw


GUID = "9b712e83-36bf-5627-a3f8-36a8fd6c3d05"


@pytest.mark.parametrize("written", [GUID, GUID.upper(), "{" + GUID + "}", f" {GUID} "])
def test_a_guid_has_one_form(written):
    assert values.guid(written) == GUID
    assert values.guid_literal(written) == f"guid'{GUID}'"


@pytest.mark.parametrize("written", ["", None, "25", "x' or 1 eq 1", "00000000-0000-0000-0000-000000000000"])
def test_what_is_no_guid_never_reaches_a_filter(written):
    assert values.guid(written) == ""
    with pytest.raises(ValueError, match="not a GUID"):
        values.guid_literal(written)


def test_literals():
    assert values.date_literal(date(2017, 5, 31)) == "datetime'2017-05-31'"
    assert values.int64_literal(12345678901234) == "12345678901234L"


@pytest.mark.parametrize(
    ("wire", "number"), [("493115", 493115), (7, 7), (" 7 ", 7), ("7.5", None), (None, None), ("", None)]
)
def test_whole_numbers_come_as_number_or_text(wire, number):
    assert values.whole(wire) == number


@pytest.mark.parametrize(
    ("wire", "truth"), [(True, True), (False, False), (1, True), (0, False), ("true", True), (None, None), ("", None)]
)
def test_booleans(wire, truth):
    assert values.truth(wire) is truth


def test_error_texts_are_made_readable():
    assert values.plain("Ongeldig: Btw&#45;nummer\r\nVerplicht: Naam &amp; plaats ") == (
        "Ongeldig: Btw-nummer; Verplicht: Naam & plaats"
    )
