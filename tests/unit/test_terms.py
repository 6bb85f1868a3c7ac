"""Due dates."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoicing.models import PaymentTermKind
from invoicing.terms import TermKind, due_date, end_of_month


@pytest.mark.parametrize(
    ("day", "kind", "days", "due"),
    [
        (date(2026, 3, 14), "cash", 0, date(2026, 3, 14)),
        (date(2026, 3, 14), "cash", 30, date(2026, 3, 14)),
        (date(2026, 3, 14), "after_invoice_date", 0, date(2026, 3, 14)),
        (date(2026, 3, 14), "after_invoice_date", 30, date(2026, 4, 13)),
        (date(2026, 12, 20), "after_invoice_date", 14, date(2027, 1, 3)),
        (date(2026, 1, 17), "end_of_month", 0, date(2026, 1, 31)),
        (date(2026, 1, 17), "end_of_month", 30, date(2026, 2, 28)),
        (date(2026, 1, 1), "end_of_month", 30, date(2026, 1, 31)),
        (date(2026, 1, 2), "end_of_month", 30, date(2026, 2, 28)),
        (date(2028, 1, 31), "end_of_month", 15, date(2028, 2, 29)),
        (date(2026, 11, 15), "end_of_month", 60, date(2027, 1, 31)),
        (date(9999, 12, 25), "after_invoice_date", 14, date(9999, 12, 31)),
        (date(9999, 12, 25), "end_of_month", 14, date(9999, 12, 31)),
        (date(9999, 12, 25), "cash", 14, date(9999, 12, 25)),
    ],
)
def test_due_date(day, kind, days, due):
    assert due_date(day, kind, days) == due


def test_fourteen_days_where_nothing_is_said():
    assert due_date(date(2026, 3, 14)) == date(2026, 3, 28)


@pytest.mark.parametrize(("kind", "days"), [("later", 3), ("", 3), ("cash", -1), ("end_of_month", -1)])
def test_refuses_unknown_kinds_and_negative_days(kind, days):
    with pytest.raises(ValueError):  # noqa: PT011 - either sentence
        due_date(date(2026, 3, 14), kind, days)


def test_the_stored_kinds_are_these():
    assert set(PaymentTermKind.values) == {kind.value for kind in TermKind}


@given(st.dates(date(2000, 1, 1), date(2090, 1, 1)), st.sampled_from(TermKind), st.integers(0, 365))
def test_never_before_the_document(day, kind, days):
    due = due_date(day, kind, days)
    assert due >= day
    if kind is TermKind.END_OF_MONTH:
        assert (due + timedelta(days=1)).day == 1
        assert due >= day + timedelta(days=days)
        assert (due.year, due.month) == ((day + timedelta(days=days)).year, (day + timedelta(days=days)).month)


def test_end_of_month_of_a_leap_year():
    assert end_of_month(date(2028, 2, 1)) == date(2028, 2, 29)
