"""Payment state from Octopus over HTTP: one row per side of a balancing that is a whole document."""

from dataclasses import replace
from datetime import date
from decimal import Decimal

import pytest
import requests

from integrations.base.errors import RateLimited, Unreachable
from integrations.base.records import DocumentKind, DocumentRef, Posted
from tests.sandbox.octopus_box import QUARTERS, document, line

DOSSIER = int(QUARTERS)
OPEN = [DocumentRef(external_id="4/V1/2"), DocumentRef(external_id="4/V1/9")]


@pytest.fixture
def customer(octopus):
    return octopus.relation("Bakkerij Zonnekorrel")


@pytest.fixture
def book(octopus, customer):
    """Books an invoice of 121 and returns the cursor from which only news is read."""

    def make(**changes):
        (outcome,) = octopus.provider.post_documents([document(customer, **changes)])
        assert isinstance(outcome, Posted)
        return octopus.provider.settlements("", []).cursor

    return make


def news(octopus, cursor):
    """What changed since: live rows by document, ids of deleted ones."""
    found = octopus.provider.settlements(cursor, [])
    ours = [row for row in found.rows if row.document_external_id.startswith("4/V")]
    live = {(row.document_external_id, row.external_id): row.amount for row in ours if not row.deleted}
    return live, {row.external_id for row in ours if row.deleted}, found


def test_all_there_is_at_first(octopus):
    found = octopus.provider.settlements("", [])
    assert found.is_complete
    assert {row.document_external_id for row in found.rows} == {
        *(f"3/V1/{n}" for n in range(1, 6)),
        "3/A1/1",
        "3/A1/2",
    }
    (row,) = [row for row in found.rows if row.document_external_id == "3/A1/1"]
    assert (row.amount, row.settled, row.settled_on, row.is_sales, row.reference) == (
        Decimal("375.10"),
        True,
        date(2025, 12, 28),
        False,
        "F4400",
    )
    assert octopus.calls()[1:] == [("GET", "balancings/modified")]


@pytest.mark.parametrize("side", ["credit", "debet"])
@pytest.mark.parametrize("zone", ["UTC", "Europe/Brussels"])
def test_partial_payments_are_rows_of_their_own(octopus, book, side, zone):
    octopus.switch(balanced_side=side, time_zone=zone)
    cursor = book()
    octopus.control("pay", reference="2026/0142", amount="21.00", date="2026-05-20")
    octopus.control("pay", reference="2026/0142", amount="99.99", date="2026-05-21")
    live, gone, found = news(octopus, cursor)
    assert sorted(live.values()) == [Decimal("21.00"), Decimal("99.99")]
    assert {place for place, _ in live} == {"4/V1/2"}
    assert gone == set()
    assert all(row.settled and row.is_sales and not row.deleted for row in found.rows if "4/V1/2" in row.external_id)


def test_rows_keep_their_name(octopus, book):
    cursor = book()
    octopus.control("pay", reference="2026/0142", date="2026-05-20")
    first, _, found = news(octopus, cursor)
    again, _, _ = news(octopus, found.cursor)
    assert first == again == {("4/V1/2", "4/V1/2/-1|4/F1/2/1|D"): Decimal("121.00")}


def test_a_balancing_taken_back_deletes_its_row(octopus, book):
    cursor = book()
    octopus.control("pay", reference="2026/0142", date="2026-05-20")
    live, _, found = news(octopus, cursor)
    octopus.control("unpay", reference="2026/0142")
    after, gone, _ = news(octopus, found.cursor)
    assert (after, gone) == ({}, {external_id for _, external_id in live})


def test_a_balancing_made_again_stands(octopus, book):
    cursor = book()
    octopus.control("pay", reference="2026/0142", date="2026-05-20")
    octopus.control("unpay", reference="2026/0142")
    key = {"bookyearKey": {"id": 4}, "journalKey": "V1", "documentSequenceNr": 2, "lineSequenceNr": -1}
    bank = {**key, "journalKey": "F1", "documentSequenceNr": 2, "lineSequenceNr": 1}
    answer = requests.post(
        f"{octopus.url}/dossiers/{QUARTERS}/balancings",
        json={"debetKey": key, "creditKey": bank, "balanceAmount": 121.0},
        headers={"dossierToken": octopus.session.get()},
        timeout=20,
    )
    assert answer.status_code == 201
    live, gone, _ = news(octopus, cursor)
    assert (list(live.values()), gone) == ([Decimal("121.00")], set())


def test_an_invoice_and_a_credit_note_settle_each_other(octopus, customer, book):
    cursor = book()
    credit = replace(
        document(customer, line(net="50.00", vat="10.50"), number=1, journal="V2", reference="2026/C7"),
        kind=DocumentKind.SALES_CREDIT_NOTE,
    )
    octopus.provider.post_documents([credit])
    octopus.control("match", reference="2026/0142", **{"with": "2026/C7"})
    live, _, found = news(octopus, cursor)
    assert live == {
        ("4/V1/2", "4/V1/2/-1|4/V2/1/-1|D"): Decimal("60.50"),
        ("4/V2/1", "4/V1/2/-1|4/V2/1/-1|C"): Decimal("60.50"),
    }
    assert {row.reference for row in found.rows} >= {"2026/0142", "2026/C7"}


def test_purchases_stand_on_the_other_side(octopus):
    cursor = octopus.provider.settlements("", []).cursor
    octopus.control("pay", reference="F4414", amount="57.18", date="2026-03-02")
    found = octopus.provider.settlements(cursor, [])
    (row,) = [row for row in found.rows if row.document_external_id == "4/A1/1"]
    assert (row.external_id, row.amount, row.is_sales) == ("4/F1/2/1|4/A1/1/-1|C", Decimal("57.18"), False)


def test_amounts_are_in_the_documents_currency(octopus, book):
    cursor = book(currency="USD", exchange_rate=Decimal("0.8"))
    octopus.control("pay", reference="2026/0142", amount="21.00", date="2026-05-20")
    octopus.control("pay", reference="2026/0142", date="2026-05-21")
    live, _, _ = news(octopus, cursor)
    assert sorted(live.values()) == [Decimal("21.00"), Decimal("100.00")]


def test_deleted_bookings_are_told(octopus, book):
    cursor = book()
    octopus.control("pay", reference="2026/0142", date="2026-05-20")
    octopus.control("delete_entry", reference="2026/0142")
    found = octopus.provider.settlements(cursor, OPEN)
    assert found.unexplained == ("4/V1/2",)
    assert [(row.external_id, row.deleted) for row in found.rows if row.document_external_id == "4/V1/2"] == [
        ("4/V1/2/-1|4/F1/2/1|D", True)
    ]
    # Named again until the engine counts it as open no more.
    again = octopus.provider.settlements(found.cursor, OPEN)
    assert again.unexplained == ("4/V1/2",)
    after = octopus.provider.settlements(again.cursor, [])
    assert after.unexplained == ()
    assert "gone" not in after.cursor


def test_a_number_given_out_again_is_told_from_ours_by_its_comment(octopus, book, customer):
    cursor = book()
    octopus.control("pay", reference="2026/0142", amount="1.00", date="2026-05-20")
    octopus.control("delete_entry", reference="2026/0142")
    first = octopus.provider.settlements(cursor, OPEN)
    assert first.unexplained == ("4/V1/2",)
    octopus.provider.post_documents([document(customer)])
    ours = [replace(OPEN[0], reference="2026/0142")]
    for refs in (OPEN, ours):
        again = octopus.provider.settlements(first.cursor, refs)
        assert (again.unexplained, "gone" in again.cursor) == ((), False)
    other = octopus.provider.settlements(first.cursor, [replace(OPEN[0], reference="2026/0150")])
    assert other.unexplained == ("4/V1/2",)


def test_one_call_when_nothing_happened_two_on_a_new_day(octopus, book):
    octopus.advance(hours=8)
    provider = octopus.open(now=octopus.sandbox.clock.now)
    cursor = provider.settlements("", []).cursor
    octopus.forget()
    quiet = provider.settlements(cursor, [])
    assert (quiet.rows, quiet.unexplained, octopus.calls()) == ((), (), [("GET", "balancings/modified")])
    octopus.forget()
    octopus.advance(days=1)
    octopus.session.drop()
    octopus.tokens.token = ""
    tomorrow = provider.settlements(quiet.cursor, [])
    assert tomorrow.rows == ()
    assert octopus.calls()[1:] == [("GET", "balancings/modified"), ("GET", "bookings/modified")]


def test_a_deletion_of_an_open_document_is_told_within_a_day(octopus, book):
    octopus.advance(hours=8)
    provider = octopus.open(now=octopus.sandbox.clock.now)
    octopus.provider.post_documents([document(octopus.relation("Bakkerij Zonnekorrel"))])
    cursor = provider.settlements("", []).cursor
    octopus.control("delete_entry", reference="2026/0142")
    octopus.advance(days=1)
    octopus.session.drop()
    octopus.tokens.token = ""
    assert provider.settlements(cursor, OPEN).unexplained == ("4/V1/2",)


@pytest.mark.parametrize("fault", [{"kind": "garbage"}, {"kind": "truncate"}, {"kind": "status", "status": 503}])
def test_a_broken_answer_moves_no_cursor(octopus, book, fault):
    cursor = book()
    octopus.control("pay", reference="2026/0142", date="2026-05-20")
    octopus.fault(path="balancings/modified", **fault)
    with pytest.raises(Unreachable):
        octopus.provider.settlements(cursor, [])
    live, _, _ = news(octopus, cursor)
    assert len(live) == 1


def test_the_quota_of_a_day(octopus, book):
    cursor = book()
    octopus.fault("rate_day", path="balancings/modified")
    with pytest.raises(RateLimited) as caught:
        octopus.provider.settlements(cursor, [])
    assert caught.value.scope == "day"


def test_an_unreadable_cursor_reads_everything_again(octopus):
    assert len(octopus.provider.settlements("{broken", []).rows) == 7
