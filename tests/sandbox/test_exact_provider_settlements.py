"""What was paid at Exact Online since last time."""

import uuid
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest

from integrations.base.records import DocumentKind, Settlements
from integrations.exact.unsure import Readings
from tests.sandbox.exact_box import ExactBox, document, line


@pytest.fixture
def box():
    with ExactBox() as box:
        box.customer = box.relation("Bakkerij Zonnekorrel")
        box.supplier = box.relation("GARAGE TOERENTELLER")
        revenue, cost = box.account("700100"), box.account("613310")
        box.ref = post(box, document(box.customer, (line(revenue),)))
        box.bought = post(
            box,
            document(
                box.supplier,
                (line(cost, code="31"),),
                kind=DocumentKind.PURCHASE_INVOICE,
                journal="60",
                reference="F-4711",
                key=str(uuid.uuid4()),
            ),
        )
        box.cursor = box.provider.settlements("", []).cursor
        box.forget()
        yield box


def post(box, what):
    (outcome,) = box.provider.post_documents([what])
    return outcome.ref


def since(box, provider=None, refs=()):
    """The rows of our two bookings that changed, and move the cursor on."""
    found = (provider or box.provider).settlements(box.cursor, refs)
    assert found.is_complete
    box.cursor = found.cursor
    ours = {box.ref.external_id, box.bought.external_id}
    return [row for row in found.rows if row.deleted or row.document_external_id in ours]


def figures(rows):
    return sorted((row.amount, row.settled, row.settled_on) for row in rows if not row.deleted)


def test_the_first_reading_shows_everything_as_it_is(box):
    found = box.provider.settlements("", [])
    rows = {row.document_external_id: row for row in found.rows}
    assert len(found.rows) == 12
    assert found.is_complete
    ours = rows[box.ref.external_id]
    assert (ours.is_sales, ours.amount, ours.settled, ours.reference) == (True, Decimal("121.00"), False, "2026/0142")
    bought = rows[box.bought.external_id]
    assert (bought.is_sales, bought.amount, bought.settled) == (False, Decimal("121.00"), False)


def test_nothing_new_costs_one_call(box):
    assert box.provider.settlements(box.cursor, [box.ref]) == Settlements(rows=(), cursor=box.cursor)
    assert [resource for _, resource, _ in box.calls()] == ["sync/Cashflow/PaymentTerms"]


def test_a_full_payment(box):
    box.control("pay", reference="2026/0142", date="2026-04-02")
    (row,) = [row for row in since(box) if row.settled]
    assert (row.amount, row.settled_on, row.document_external_id) == (
        Decimal("121.00"),
        date(2026, 4, 2),
        box.ref.external_id,
    )
    assert since(box) == []


def test_a_partial_payment_and_then_the_rest(box):
    box.control("pay", reference="2026/0142", amount="21.00", date="2026-04-02")
    rows = since(box)
    assert figures(rows) == [(Decimal("21.00"), True, date(2026, 4, 2)), (Decimal("100.00"), False, None)]
    box.control("pay", reference="2026/0142", date="2026-04-20")
    latest = {row.external_id: row for row in (*rows, *since(box))}
    assert all(row.settled for row in latest.values())
    assert sum(row.amount for row in latest.values()) == Decimal("121.00")
    assert max(row.settled_on for row in latest.values()) == date(2026, 4, 20)


@pytest.mark.parametrize("filled", [True, False])
def test_a_purchase_that_was_paid(box, filled):
    box.switch(payables_is_fully_paid=filled)
    box.control("pay", reference="F-4711", kind="purchase", date="2026-04-03")
    (row,) = since(box)
    assert (row.is_sales, row.settled, row.settled_on) == (False, True, date(2026, 4, 3))


@pytest.mark.parametrize("status", [30, 40])
def test_a_term_in_a_payment_file_is_not_paid(box, status):
    box.control("term_status", reference="2026/0142", status=status)
    assert [row.settled for row in since(box)] == [False]


def test_a_payment_that_was_taken_back_is_open_again(box):
    box.control("pay", reference="2026/0142", amount="21.00", date="2026-04-02")
    rows = {row.external_id: row for row in since(box)}
    box.control("unpay", reference="2026/0142")
    for row in since(box):
        rows[row.external_id] = row
    standing = [row for row in rows.values() if not row.deleted]
    assert sum(row.amount for row in standing) == Decimal("121.00")
    assert not any(row.settled for row in standing)


def test_a_booking_that_was_deleted_shows_its_terms_as_gone(box):
    first = {row.external_id for row in box.provider.settlements("", []).rows if row.reference == "2026/0142"}
    box.control("pay", reference="2026/0010", date="2026-04-02")
    box.control("delete_entry", entry_id=box.ref.external_id)
    assert {row.external_id for row in since(box) if row.deleted} == first


def test_deleted_terms_are_asked_for_on_another_day_even_when_nothing_changed(box):
    box.control("delete_entry", entry_id=box.ref.external_id)
    yesterday = box.cursor.replace('"deleted_on":"', '"deleted_on":"1999')
    found = box.provider.settlements(yesterday, [])
    assert [row.deleted for row in found.rows] == [True]
    assert len(box.calls()) == 2


def test_several_pages_take_several_calls_and_lose_nothing(box):
    box.switch(bulk_page_size=5)
    cursor, rows, rounds = "", [], 0
    while True:
        found = box.open().settlements(cursor, [])  # each page by another worker
        cursor, rounds = found.cursor, rounds + 1
        rows += found.rows
        if found.is_complete:
            break
    assert (rounds, len(rows), len({row.external_id for row in rows})) == (3, 12, 12)
    assert box.provider.settlements(cursor, []).rows == ()


def test_an_empty_answer_concludes_nothing(box):
    box.control("pay", reference="2026/0142", date="2026-04-02")
    box.fault("empty_list", path="PaymentTerms")
    before = box.cursor
    assert since(box) == []
    assert box.cursor == before
    assert [row.settled for row in since(box)] == [True]


def test_a_credit_note_settles_with_a_positive_amount(box):
    revenue = box.account("700100")
    note = document(
        box.customer,
        (line(revenue, "10.00", "2.10"),),
        kind=DocumentKind.SALES_CREDIT_NOTE,
        journal="71",
        reference="2026/0143",
        key=str(uuid.uuid4()),
    )
    ref = post(box, note)
    found = box.provider.settlements(box.cursor, [])
    (row,) = [row for row in found.rows if row.document_external_id == ref.external_id]
    assert (row.amount, row.settled, row.is_sales) == (Decimal("12.10"), False, True)


def test_matching_that_leaves_the_timestamp_alone(box):
    """The other reading: open bookings are asked for by number, and payments are seen all the same."""
    box.switch(timestamp_moves_on_match=False)
    box.control("pay", reference="2026/0142", date="2026-04-02")
    box.control("pay", reference="F-4711", kind="purchase", date="2026-04-03")
    assert since(box) == []  # the usual reading is blind to it
    provider = box.open(readings=Readings(matching_moves_timestamp=False))
    rows = since(box, provider, [box.ref, box.bought])
    assert [(row.is_sales, row.settled, row.amount) for row in rows] == [
        (True, True, Decimal("121.00")),
        (False, True, Decimal("121.00")),
    ]
    assert [row.settled_on for row in rows] == [date(2026, 4, 2), date(2026, 4, 3)]


def test_asking_one_by_one_costs_a_call_per_forty(box):
    provider = box.open(readings=Readings(matching_moves_timestamp=False))
    refs = [replace(box.ref, number=str(26700002 + number), external_id=str(uuid.uuid4())) for number in range(81)]
    assert provider.settlements(box.cursor, refs).rows == ()
    assert [resource for _, resource, _ in box.calls()] == [
        "sync/Cashflow/PaymentTerms",
        "bulk/Cashflow/Receivables",
        "bulk/Cashflow/Receivables",
        "bulk/Cashflow/Receivables",
    ]


def test_without_the_scope_for_the_log_of_deletions_payments_are_still_read(box):
    box.switch(missing_scopes=["organization administration"])
    box.control("pay", reference="2026/0142", date="2026-04-02")
    assert [row.settled for row in since(box)] == [True]
