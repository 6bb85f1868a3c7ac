"""What was paid at Twinfield since last time."""

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from integrations.base.errors import ProtocolSurprise, RateLimited, Unreachable
from integrations.base.records import DocumentKind, DocumentRef, Settlements
from integrations.twinfield.unsure import Readings
from tests.sandbox.twinfield_box import TwinfieldBox, document, purchase

TOTAL = Decimal("121.00")


@pytest.fixture
def box():
    with TwinfieldBox() as box:
        box.refs = [
            outcome.ref
            for outcome in box.provider.post_documents(
                [
                    document(),
                    document(kind=DocumentKind.SALES_CREDIT_NOTE, journal="VRC", reference="C-1"),
                    purchase(),
                ]
            )
        ]
        box.ref = box.refs[0]
        box.rows = {}
        box.cursor = ""
        box.forget()
        yield box


def pull(box, provider=None, refs=None):
    """Read to the end as the engine does, keep what stands, and return the number of turns."""
    turns = 0
    while True:
        found = (provider or box.provider).settlements(box.cursor, box.refs if refs is None else refs)
        box.cursor, turns = found.cursor, turns + 1
        for row in found.rows:
            if row.deleted:
                box.rows.pop(row.external_id, None)
            else:
                box.rows[row.external_id] = row
        if found.is_complete:
            return turns


def standing(box, ref=None):
    """Amount, settled and date of the rows of a booking, in order."""
    key = (ref or box.ref).external_id
    rows = [row for row in box.rows.values() if row.document_external_id == key]
    return sorted((row.amount, row.settled, row.settled_on) for row in rows)


def make_due(box, hours=21):
    """Let the last full reading have been so long ago."""
    cursor = json.loads(box.cursor)
    cursor["full_at"] = (datetime.now(UTC) - timedelta(hours=hours)).isoformat(timespec="seconds")
    box.cursor = json.dumps(cursor)


def test_nothing_to_watch_costs_no_call(box):
    assert box.provider.settlements("", []) == Settlements(rows=(), cursor="")
    assert box.calls() == []


def test_one_call_for_each_day_book_and_year(box):
    assert pull(box) == 3
    assert box.calls() == ["processxml/columns"] * 3
    assert {row.document_external_id for row in box.rows.values()} >= {ref.external_id for ref in box.refs}
    for ref in box.refs:
        assert standing(box, ref) == [(TOTAL, False, None)]
    assert [row.is_sales for row in box.rows.values() if row.reference == "F-4711"] == [False]


def test_a_full_payment(box):
    pull(box)
    box.control("pay", reference="2026/0142", date="2026-04-02")
    pull(box)
    assert standing(box) == [(TOTAL, True, date(2026, 4, 2))]


def test_a_partial_payment_and_then_the_rest(box):
    box.control("pay", reference="2026/0142", amount="21.00", date="2026-04-02")
    pull(box)
    assert standing(box) == [(Decimal("21.00"), True, None), (Decimal("100.00"), False, None)]
    box.control("pay", reference="2026/0142", date="2026-04-20")
    pull(box)
    assert standing(box) == [(TOTAL, True, date(2026, 4, 20))]


@pytest.mark.parametrize("shown", ["coded", "empty"])
def test_credit_notes_and_purchases_are_settled_too(box, shown):
    box.switch(browse_values=shown)
    box.control("pay", reference="C-1", date="2026-04-02")
    box.control("pay", reference="F-4711", date="2026-04-03")
    pull(box)
    assert standing(box, box.refs[1]) == [(TOTAL, True, date(2026, 4, 2))]
    assert standing(box, box.refs[2]) == [(TOTAL, True, date(2026, 4, 3))]


def test_a_payment_run_settles_nothing(box):
    box.control("propose", reference="2026/0142")
    pull(box)
    assert standing(box) == [(TOTAL, False, None)]


def test_a_payment_that_was_taken_back_is_open_again(box):
    box.control("pay", reference="2026/0142", date="2026-04-02")
    pull(box)
    box.control("unpay", reference="2026/0142")
    pull(box, refs=[])  # it is not waited for any more, and watched all the same
    assert standing(box) == [(TOTAL, False, None)]


def test_later_readings_ask_for_changed_lines(box):
    pull(box)
    box.forget()
    pull(box)
    assert all("fin.trs.line.modified" in record.request_body for record in box.gate.records)
    assert box.calls() == ["processxml/columns"] * 3


def test_everything_is_read_again_at_intervals(box):
    pull(box)
    make_due(box)
    box.forget()
    pull(box)
    assert not any("fin.trs.line.modified" in record.request_body for record in box.gate.records)
    full_at = json.loads(box.cursor)["full_at"]
    assert datetime.now(UTC) - datetime.fromisoformat(full_at) < timedelta(minutes=1)


def test_matching_that_leaves_no_trace_is_seen_at_the_next_full_reading(box):
    box.switch(matching_moves_modified=False)
    pull(box)
    box.control("clock", advance_seconds=20_000)
    box.tokens.token = ""
    box.control("pay", reference="2026/0142", date="2026-04-02")
    changed_since = json.loads(box.cursor)
    changed_since["since"] = "20991231000000"
    box.cursor = json.dumps(changed_since)
    pull(box)
    assert standing(box) == [(TOTAL, False, None)]
    make_due(box)
    pull(box)
    assert standing(box) == [(TOTAL, True, date(2026, 4, 2))]


def test_the_other_reading_reads_everything_every_time(box):
    box.switch(matching_moves_modified=False)
    provider = box.open(readings=Readings(matching_moves_modified=False))
    pull(box, provider)
    box.control("pay", reference="2026/0142", date="2026-04-02")
    pull(box, provider)
    assert standing(box) == [(TOTAL, True, date(2026, 4, 2))]


def test_a_filter_that_fails_is_given_up(box):
    pull(box)
    box.switch(browse_filter_faults=["fin.trs.line.modified"])
    box.control("pay", reference="2026/0142", date="2026-04-02")
    pull(box)
    assert standing(box) == [(TOTAL, True, date(2026, 4, 2))]


def test_a_new_day_book_is_read_in_full(box):
    pull(box, refs=box.refs[:1])
    box.forget()
    pull(box)
    full = [record for record in box.gate.records if "fin.trs.line.modified" not in record.request_body]
    assert len(full) == 2


def test_amounts_of_the_books_where_those_of_the_document_are_unknown(box):
    box.switch(browse_document_values=False)
    box.control("pay", reference="2026/0142", amount="21.00", date="2026-04-02")
    pull(box)
    assert standing(box) == [(Decimal("21.00"), True, None), (Decimal("100.00"), False, None)]


def test_another_worker_goes_on(box):
    first = box.provider.settlements("", box.refs)
    assert not first.is_complete
    box.cursor = first.cursor
    assert pull(box, box.open()) == 2


# --- what is not there ----------------------------------------------------------------------------------------


def test_a_booking_that_went_away_gives_up_its_rows(box):
    pull(box)
    box.control("delete_entry", reference="2026/0142")
    pull(box)
    assert standing(box) == [(TOTAL, False, None)]  # changes alone show nothing
    make_due(box)
    pull(box)
    assert standing(box) == []


def test_absence_alone_says_nothing_of_payment(box):
    pull(box)
    box.control("delete_entry", reference="2026/0142")
    make_due(box)
    found = box.provider.settlements(box.cursor, box.refs)
    assert not any(
        row.settled for row in found.rows if row.document_external_id == box.ref.external_id and not row.deleted
    )
    assert found.unexplained == ()


def test_an_empty_answer_takes_nothing_away(box):
    many = [replace(box.ref, external_id=f"VRK:2026{n:05d}") for n in range(10, 20)]
    box.fault("empty_list", path="processxml")
    found = box.provider.settlements("", many)
    assert found.rows == ()


def test_contradictions_are_unexplained(box):
    box.fault(
        "status",
        path="processxml",
        status=200,
        headers={"Content-Type": "text/xml"},
        body=table(
            row("202600002", "121.00", "0.00", "available"),
            row("202600003", "121.00", "121.00", "matched"),
            row("202600004", "121.00", "-5.00", "available"),
            row("202600005", "121.00", "130.00", "available"),
            row("202600006", "121.00", "0.00", "strange"),
            row("202600007", "121.00", "0.00", "matched"),
        ),
    )
    found = box.provider.settlements("", [box.ref])
    assert found.unexplained == tuple(f"VRK:20260000{n}" for n in range(2, 7))
    assert {row.document_external_id for row in found.rows} == {"VRK:202600007"}


def test_a_table_that_does_not_fit_is_not_read(box):
    body = table("<tr><td>1</td><key><code>VRK</code><number>202600002</number></key></tr>")
    box.fault("status", path="processxml", status=200, headers={"Content-Type": "text/xml"}, body=body)
    with pytest.raises(ProtocolSurprise):
        box.provider.settlements("", [box.ref])


def row(number, value, left, status):
    cells = ["2026/03", "VRK", number, "EUR", value, left, number, status, ""]
    inner = "".join(f"<td>{cell}</td>" for cell in cells)
    return f"<tr>{inner}<key><office>O</office><code>VRK</code><number>{number}</number><line>1</line></key></tr>"


def table(*rows):
    inner = f"<browse result='1'><th/>{''.join(rows)}</browse>".replace("&", "&amp;").replace("<", "&lt;")
    return (
        "<soap:Envelope xmlns:soap='http://schemas.xmlsoap.org/soap/envelope/'><soap:Body>"
        "<ProcessXmlStringResponse xmlns='http://www.twinfield.com/'>"
        f"<ProcessXmlStringResult>{inner}</ProcessXmlStringResult></ProcessXmlStringResponse></soap:Body></soap:Envelope>"
    )


# --- faults ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [{"kind": "truncate"}, {"kind": "garbage"}, {"kind": "status", "status": 503}])
def test_a_broken_answer_moves_nothing(box, fault):
    pull(box)
    before = box.cursor
    box.fault(path="processxml", **fault)
    with pytest.raises(Unreachable):
        box.provider.settlements(box.cursor, box.refs)
    assert box.cursor == before


def test_the_minute_is_over_before_the_reading_is(box):
    box.switch(limits=True, credits=2)
    box.control("limits", clear=True)
    first = box.provider.settlements("", box.refs)
    second = box.provider.settlements(first.cursor, box.refs)
    with pytest.raises(RateLimited):
        box.provider.settlements(second.cursor, box.refs)


@pytest.mark.parametrize("cursor", ["nonsense", '{"todo":"x"}', '{"seen":[["sales"]]}', '{"full_at":"yesterday"}'])
def test_an_unreadable_cursor_means_the_beginning(box, cursor):
    box.cursor = cursor
    pull(box)
    assert standing(box) == [(TOTAL, False, None)]


def test_a_day_book_nobody_sees_is_passed_over(box):
    ghost = DocumentRef(external_id="GONE:202600001", number="202600001", journal="GONE", fiscal_year="2026")
    assert box.provider.settlements("", [ghost]).rows == ()
    assert "processxml/columns" not in box.calls()


def test_references_without_a_kind_are_looked_up(box):
    plain = [replace(ref, kind=None) for ref in box.refs]
    pull(box, refs=plain)
    assert standing(box, box.refs[2]) == [(TOTAL, False, None)]
    assert box.calls().count("processxml/columns") == 3
