"""Balancings of Octopus as settlement rows."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integrations.octopus.cursors import Cursor, asked_from
from integrations.octopus.settling import settlement_rows, sides_of
from integrations.octopus.values import BEGINNING, moment, stamp


def side(name, journal, number, line=-1, total="121.0", own=None, day="2026-05-11"):
    return {
        "balancingKey": {
            "bookyearKey": {"id": 3},
            "journalKey": journal,
            "documentSequenceNr": number,
            "lineSequenceNr": line,
        },
        "documentDate": day,
        "comment": f"{journal}-{number}",
        f"{name}BookingAmount": total,
        f"{name}DocumentAmount": own or total,
    }


def balancing(debet=None, credit=None, amount="121.0", filled="credit"):
    return {
        "type": {"type": "C"},
        "debetDocument": debet or side("debet", "V1", 3),
        "creditDocument": credit or side("credit", "F1", 2, 1, day="2026-05-20"),
        "debetBalancedBookingAmount": amount if filled == "debet" else "0.0",
        "creditBalancedBookingAmount": amount if filled == "credit" else "0.0",
    }


@pytest.mark.parametrize("filled", ["debet", "credit"])
def test_a_paid_invoice(filled):
    (row,) = sides_of(balancing(filled=filled))
    assert (row.external_id, row.document_external_id, row.reference) == ("3/V1/3/-1|3/F1/2/1|D", "3/V1/3", "V1-3")
    assert (row.amount, row.settled, row.settled_on, row.is_sales) == (Decimal("121.00"), True, date(2026, 5, 20), True)
    assert len(row.external_id) <= 80


def test_a_purchase_of_which_a_part_is_matched():
    credit = side("credit", "A1", 4, total="679.0", day="2026-01-17")
    debet = side("debet", "F1", 4, 1, total="600.0", day="2026-04-29")
    (row,) = sides_of(balancing(debet, credit, "279.0"))
    assert (row.document_external_id, row.amount, row.is_sales) == ("3/A1/4", Decimal("279.00"), False)


def test_an_invoice_and_a_credit_note_get_a_row_each():
    rows = list(sides_of(balancing(credit=side("credit", "V2", 1, total="60.5"), amount="60.5")))
    assert [(row.document_external_id, row.external_id[-1], row.amount) for row in rows] == [
        ("3/V1/3", "D", Decimal("60.50")),
        ("3/V2/1", "C", Decimal("60.50")),
    ]


@pytest.mark.parametrize(
    "row",
    [
        {},
        balancing(debet=side("debet", "D1", 3)),
        balancing(debet=side("debet", "V1", 3, line=2)),  # a line of an account, not the document
        {**balancing(), "creditDocument": None},
        {**balancing(), "debetDocument": {"balancingKey": {}}},
    ],
)
def test_what_concerns_no_document(row):
    assert list(sides_of(row)) == []


@given(st.integers(1, 10**7), st.integers(1, 10**7), st.integers(1, 100))
def test_parts_in_another_currency(own, euros, parts):
    total, document = Decimal(euros).scaleb(-2), Decimal(own).scaleb(-2)
    debet = side("debet", "V1", 3, total=str(total), own=str(document))
    (whole,) = sides_of(balancing(debet, amount=str(total)))
    assert whole.amount == document
    part = (total / parts).quantize(Decimal("0.01"))
    (row,) = sides_of(balancing(debet, amount=str(part)))
    expected = document * part / total
    assert abs(row.amount - expected) <= Decimal("0.01")


def test_what_stands_again_is_not_deleted():
    answer = {"modifiedBalancings": [balancing()], "deletedBalancings": [balancing()]}
    assert [row.deleted for row in settlement_rows(answer)] == [False]
    (gone,) = settlement_rows({"deletedBalancings": [balancing()]})
    assert (gone.deleted, gone.settled, gone.document_external_id) == (True, False, "3/V1/3")
    assert settlement_rows({}) == ()


# --- cursors --------------------------------------------------------------------------------------------------

_FIRST, _LAST = datetime(2000, 1, 1), datetime(2100, 1, 1)  # noqa: DTZ001 - the strategy puts the zone on
MOMENTS = st.datetimes(_FIRST, _LAST, timezones=st.just(UTC))


@given(MOMENTS)
def test_moments_survive_to_the_millisecond(found):
    assert timedelta() <= found - moment(stamp(found)) < timedelta(milliseconds=1)


@given(MOMENTS)
def test_reading_goes_back_three_hours(found):
    assert moment(stamp(found)) - moment(asked_from(stamp(found))) == timedelta(hours=3)


@pytest.mark.parametrize(
    "text", ["", "{}", "[]", "{broken", '{"since": 3}', '{"other": "x"}', '{"gone": "x"}', '{"gone": [1]}']
)
def test_an_unreadable_cursor_is_the_beginning(text):
    assert Cursor.load(text) == Cursor()
    assert asked_from(Cursor.load(text).since) == BEGINNING


@given(
    st.builds(
        Cursor,
        since=MOMENTS.map(stamp),
        deleted_since=MOMENTS.map(stamp),
        deleted_on=st.just("2026-05-11"),
        gone=st.sampled_from([(), ("4/V1/2", "4/V1/3")]),
    )
)
def test_cursors_survive(cursor):
    assert Cursor.load(cursor.dump()) == cursor
