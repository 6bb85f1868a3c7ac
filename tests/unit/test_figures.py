"""Dates in the reader's own language."""

from datetime import UTC, date, datetime

import pytest
from django.utils import translation

from config.figures import day, moment


@pytest.mark.parametrize(("language", "words"), [("en", "18 May 2026"), ("nl", "18 mei 2026"), ("fr", "18 mai 2026")])
def test_months_have_a_capital_only_where_the_language_writes_one(language, words):
    with translation.override(language):
        assert day(date(2026, 5, 18)) == words
        assert moment(datetime(2026, 5, 18, 12, tzinfo=UTC)).startswith(f"{words}, ")
