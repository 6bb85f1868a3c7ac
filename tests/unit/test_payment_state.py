"""What the books' payment rows make of a document: never back from paid, never over a person's word."""

from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from invoicing.models import PaymentSource, PaymentState
from invoicing.payment_state import MANUAL, OPEN, PAID, PARTLY_PAID, TOOL, PaymentResult, SettledRow, next_payment_state

D = Decimal
MARCH, APRIL = date(2026, 3, 31), date(2026, 4, 2)


def row(amount, settled=True, on=MARCH):
    return SettledRow(amount=D(amount), settled=settled, settled_on=on if settled else None)


def test_the_stored_values_are_these():
    assert {OPEN, PARTLY_PAID, PAID} == set(PaymentState.values)
    assert {TOOL, MANUAL} == set(PaymentSource.values)


@pytest.mark.parametrize(
    ("total", "rows", "expected"),
    [
        ("121.00", [row("121.00")], PaymentResult(state=PAID, source=TOOL, paid_amount=D("121.00"), paid_on=MARCH)),
        (
            "121.00",
            [row("21.00", on=APRIL), row("100.00")],
            PaymentResult(state=PAID, source=TOOL, paid_amount=D("121.00"), paid_on=APRIL),
        ),
        (
            "121.00",
            [row("21.00"), row("100.00", settled=False)],
            PaymentResult(state=PARTLY_PAID, source=TOOL, paid_amount=D("21.00"), paid_on=MARCH),
        ),
        # Every row settled, but together less than the total: a row is still missing.
        (
            "121.00",
            [row("120.99")],
            PaymentResult(state=PARTLY_PAID, source=TOOL, paid_amount=D("120.99"), paid_on=MARCH),
        ),
        # Settled enough, but a row is open: not said to be done.
        (
            "121.00",
            [row("121.00"), row("5.00", settled=False)],
            PaymentResult(state=PARTLY_PAID, source=TOOL, paid_amount=D("121.00"), paid_on=MARCH),
        ),
        ("121.00", [row("130.00")], PaymentResult(state=PAID, source=TOOL, paid_amount=D("130.00"), paid_on=MARCH)),
        # A negative invoice is a credit note in the books; rows are positive there.
        ("-121.00", [row("121.00")], PaymentResult(state=PAID, source=TOOL, paid_amount=D("121.00"), paid_on=MARCH)),
        (
            "121.00",
            [row("121.00", on=None)],
            PaymentResult(state=PAID, source=TOOL, paid_amount=D("121.00"), paid_on=None),
        ),
        ("121.00", [row("121.00", settled=False)], PaymentResult(state=OPEN, source="", keep=True)),
        ("121.00", [], PaymentResult(state=OPEN, source="", keep=True)),
    ],
)
def test_from_open(total, rows, expected):
    assert next_payment_state(OPEN, "", D(total), rows) == expected


@pytest.mark.parametrize("source", [TOOL, MANUAL])
@pytest.mark.parametrize(
    "rows", [[row("121.00", settled=False)], [row("21.00"), row("100.00", settled=False)], [row("1.00")]]
)
def test_never_back_from_paid_but_told(source, rows):
    assert next_payment_state(PAID, source, D("121.00"), rows) == PaymentResult(
        state=PAID, source=source, keep=True, differs=True
    )


def test_absence_contradicts_nothing():
    for source in (TOOL, MANUAL):
        assert next_payment_state(PAID, source, D("121.00"), []) == PaymentResult(state=PAID, source=source, keep=True)


def test_paid_by_hand_stays_by_hand_when_the_books_agree():
    result = next_payment_state(PAID, MANUAL, D("121.00"), [row("121.00")])
    assert result == PaymentResult(state=PAID, source=MANUAL, keep=True)


def test_paid_by_the_tool_follows_a_corrected_date():
    result = next_payment_state(PAID, TOOL, D("121.00"), [row("121.00", on=APRIL)])
    assert result == PaymentResult(state=PAID, source=TOOL, paid_amount=D("121.00"), paid_on=APRIL)


def test_a_part_paid_by_hand_waits_for_the_books():
    assert next_payment_state(PARTLY_PAID, MANUAL, D(100), [row("100", settled=False)]).keep
    assert next_payment_state(PARTLY_PAID, MANUAL, D(100), [row("100")]) == PaymentResult(
        state=PAID, source=TOOL, paid_amount=D(100), paid_on=MARCH
    )


def test_a_part_payment_that_the_tool_takes_back_is_open_again():
    result = next_payment_state(PARTLY_PAID, TOOL, D(100), [row("40", settled=False), row("60", settled=False)])
    assert result == PaymentResult(state=OPEN, source="")
    assert next_payment_state(PARTLY_PAID, TOOL, D(100), []).keep


rows_strategy = st.lists(
    st.builds(
        lambda amount, settled: row(amount, settled),
        st.decimals(min_value="0.01", max_value=1000, places=2),
        st.booleans(),
    ),
    max_size=6,
)
totals = st.decimals(min_value=-1000, max_value=1000, places=2)


@given(
    st.sampled_from([(OPEN, ""), (PARTLY_PAID, TOOL), (PARTLY_PAID, MANUAL), (PAID, TOOL), (PAID, MANUAL)]),
    totals,
    rows_strategy,
)
def test_what_always_holds(current, total, rows):
    state, source = current
    result = next_payment_state(state, source, total, rows)
    settled = sum((r.amount for r in rows if r.settled), D(0))
    if state == PAID:
        assert result.state == PAID
        assert result.source == source
        if source == MANUAL:
            assert result.keep
    if result.differs:
        assert state == PAID
        assert result.keep
    if not result.keep:
        assert result.paid_amount == settled
    if result.state == PAID and state != PAID:
        assert rows
        assert all(r.settled for r in rows)
        assert settled >= abs(total)
    if result.keep and not result.differs:
        assert (result.state, result.source) == (state, source)
    # The same rows again: the second time says the same, and nothing more.
    if not result.keep:
        again = next_payment_state(result.state, result.source, total, rows)
        assert again.keep or again == result
