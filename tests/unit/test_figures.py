"""Dates in the reader's own language."""

from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.utils import translation

from config.figures import before_stop, day, moment, rate_name


@pytest.mark.parametrize(("language", "words"), [("en", "18 May 2026"), ("nl", "18 mei 2026"), ("fr", "18 mai 2026")])
def test_months_have_a_capital_only_where_the_language_writes_one(language, words):
    with translation.override(language):
        assert day(date(2026, 5, 18)) == words
        assert moment(datetime(2026, 5, 18, 12, tzinfo=UTC)).startswith(f"{words}, ")


@pytest.mark.parametrize(
    ("value", "name", "shown"),
    [
        ("21", "Standard rate 21 %", "Standard rate 21 %"),
        ("21", "Standard rate", "21% Standard rate"),
        ("1", "Standard rate 21 %", "1% Standard rate 21 %"),
        ("0", "Triangular supply", "0% Triangular supply"),
        (None, "Exempt", "Exempt"),
        ("21", "", "21%"),
    ],
)
def test_a_rate_says_its_percentage_once(value, name, shown):
    assert rate_name(Decimal(value) if value else None, name) == shown


def test_a_name_before_a_full_stop_keeps_its_other_stops():
    assert [before_stop(name) for name in ("Hoste NV", "Wadvlinder B.V.", "")] == ["Hoste NV", "Wadvlinder B.V", ""]
