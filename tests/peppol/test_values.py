"""Numbers and dates of strangers."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoicing.peppol.reading.values import day, identifier_text, number, one_line


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1", "1"),
        (" 12.50\n", "12.50"),
        ("-0.04", "-0.04"),
        ("+5", "5"),
        (".5", "0.5"),
        ("5.", "5"),
        ("-0", "0"),
        ("-0.00", "0.00"),
        ("000000000000000000001.10", "1.10"),
        ("999999999999999999", "999999999999999999"),
        ("0.333333333333333333", "0.333333333333333333"),
        ("1.5000000000000000000000000", "1.50000000000000000"),
    ],
)
def test_numbers(text, value):
    assert number(text) == Decimal(value)
    assert str(number(text)) == value


@pytest.mark.parametrize(
    "text",
    ["", " ", "-", ".", "1e3", "NaN", "Infinity", "1,5", "1.5.5", "1 000", "0x1", "\u0661", "1\u00a0000", "9999999999999999999", "1" * 500, "0.1234567890123456789", "1_000", "--1", "+-1", "\uff11"],
)  # fmt: skip
def test_what_is_no_number(text):
    assert number(text) is None


@given(st.decimals(min_value=-(10**12), max_value=10**12, places=4, allow_nan=False, allow_infinity=False))
def test_every_plain_number_is_kept_exactly(value):
    assert number(f"{value:f}") == value


@given(st.text(max_size=60))
def test_no_text_raises(text):
    number(text)
    day(text)
    assert len(identifier_text(text)) <= 200
    assert "\n" not in one_line(text)


def test_days():
    assert day("2026-02-28") == (date(2026, 2, 28), True)
    assert day(" 2026-02-28Z ") == (date(2026, 2, 28), False)
    assert day("2026-02-28+02:00") == (date(2026, 2, 28), False)
    for text in ("2026-02-29", "28-02-2026", "20260228", "2026-2-8", "2026-02-28T00:00:00", "0000-01-01", ""):
        assert day(text) == (None, False)
