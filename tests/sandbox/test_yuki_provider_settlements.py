"""Payment state from Yuki over HTTP: seen open, gone, proven by matching, or left to a person."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta
from decimal import Decimal

import pytest

from integrations.base.errors import Unreachable
from integrations.base.records import Absent, DocumentKind, DocumentRef, File, Posted, SettlementRow
from integrations.yuki.unsure import Readings
from tests.sandbox.yuki_box import MAIN, YukiBox, document, line, query

REF = DocumentRef(external_id="2026/0142", number="2026/0142", fiscal_year="2026")


class Pulls:
    """The engine's side: keeps the cursor and the rows as they stand, one provider a pull."""

    def __init__(self, box: YukiBox, *refs: DocumentRef) -> None:
        self.box = box
        self.refs = list(refs)
        self.cursor = ""
        self.rows: dict[str, SettlementRow] = {}

    def pull(self, readings: Readings | None = None) -> tuple[str, ...]:
        """One pull; returns what is unexplained."""
        self.box.forget()
        found = self.box.open(readings=readings).settlements(self.cursor, self.refs)
        assert found.is_complete
        self.cursor = found.cursor
        self.changed = len(found.rows)
        for row in found.rows:
            self.rows[row.external_id] = row
        return found.unexplained

    @property
    def mine(self) -> dict[str, SettlementRow]:
        """The rows of the bookings that are asked about; all of them when none is."""
        asked = {ref.external_id for ref in self.refs}
        return {key: row for key, row in self.rows.items() if not asked or row.document_external_id in asked}

    @property
    def state(self) -> tuple[Decimal, Decimal, date | None]:
        """Settled, open, and the last day, of the rows that stand."""
        live = [row for row in self.mine.values() if not row.deleted]
        settled = sum((row.amount for row in live if row.settled), Decimal("0.00"))
        left = sum((row.amount for row in live if not row.settled), Decimal("0.00"))
        days = [row.settled_on for row in live if row.settled_on]
        return settled, left, max(days, default=None)


@pytest.fixture
def box() -> Iterator[YukiBox]:
    with YukiBox() as opened:
        opened.provider.administrations()
        yield opened


def test_one_call_shows_what_is_open_and_nothing_new_brings_no_row(box):
    box.posted(document())
    pulls = Pulls(box, REF)
    assert pulls.pull() == ()
    assert pulls.state == (Decimal("0.00"), Decimal("121.00"), None)
    assert box.operations() == ["OutstandingDebtorItems"]
    (row,) = pulls.mine.values()
    assert (row.document_external_id, row.reference, row.is_sales) == ("2026/0142", "2026/0142", True)
    pulls.pull()
    assert pulls.changed == 0


def test_a_booking_that_nobody_asks_about_is_told_as_well(box):
    """One that is paid here by hand, or that has no id here yet."""
    box.posted(document())
    pulls = Pulls(box)
    assert pulls.pull() == ()
    assert box.operations() == ["OutstandingDebtorItems"]
    assert pulls.state[1] == Decimal("121.00") + Decimal("897.82") + Decimal("1222.29")
    box.control("pay", reference="2026/0142", date="2026-03-25")
    assert pulls.pull() == ()
    assert pulls.rows["2026/0142"].settled_on == date(2026, 3, 25)
    # Said once, and no call is spent on it again.
    assert pulls.pull() == ()
    assert (pulls.changed, box.operations()) == (0, ["OutstandingDebtorItems"])
    box.control("unpay", reference="2026/0142")
    pulls.pull()
    assert (pulls.rows["2026/0142"].settled, pulls.rows["2026/0142"].amount) == (False, Decimal("121.00"))


def test_a_part_is_told_and_the_rest_when_it_was_matched(box):
    box.posted(document())
    pulls = Pulls(box, REF)
    pulls.pull()
    box.control("pay", reference="2026/0142", amount="21.00", date="2026-03-20")
    assert pulls.pull() == ()
    assert pulls.state == (Decimal("21.00"), Decimal("100.00"), None)
    box.control("pay", reference="2026/0142", date="2026-03-25")
    assert pulls.pull() == ()
    assert pulls.state == (Decimal("121.00"), Decimal("0.00"), date(2026, 3, 25))
    assert box.operations() == ["OutstandingDebtorItems", "GetGLAccountScheme", "GetTransactions"]


def test_a_payment_taken_back_opens_the_booking_again(box):
    box.posted(document())
    pulls = Pulls(box, REF)
    box.control("pay", reference="2026/0142", amount="21.00", date="2026-03-20")
    pulls.pull()
    box.control("unpay", reference="2026/0142")
    pulls.pull()
    assert pulls.state == (Decimal("0.00"), Decimal("121.00"), None)
    box.control("pay", reference="2026/0142", date="2026-03-21")
    pulls.pull()
    box.control("unpay", reference="2026/0142")
    pulls.pull()
    assert pulls.state == (Decimal("0.00"), Decimal("121.00"), None)


def test_gone_without_a_matching_is_left_to_a_person(box):
    box.switch(matching_shown=False)
    box.posted(document())
    pulls = Pulls(box, REF)
    pulls.pull()
    box.control("pay", reference="2026/0142", date="2026-03-25")
    assert pulls.pull() == ("2026/0142",)
    assert pulls.state == (Decimal("0.00"), Decimal("121.00"), None)
    # Said again while it lasts, and settled by itself once the matching shows.
    assert pulls.pull() == ("2026/0142",)
    box.switch(matching_shown=True)
    assert pulls.pull() == ()
    assert pulls.state == (Decimal("121.00"), Decimal("0.00"), date(2026, 3, 25))


def test_what_yuki_is_working_on_is_not_paid(box):
    box.posted(document())
    pulls = Pulls(box, REF)
    pulls.pull()
    box.control("hide", reference="2026/0142")
    assert pulls.pull() == ("2026/0142",)
    box.control("hide", reference="2026/0142", hidden=False)
    assert pulls.pull() == ()
    assert pulls.state == (Decimal("0.00"), Decimal("121.00"), None)


def test_an_empty_list_pays_nothing(box):
    box.posted(document())
    pulls = Pulls(box, REF)
    pulls.pull()
    box.fault("empty_list", "OutstandingDebtorItems")
    assert pulls.pull() == ("2026/0142",)
    assert pulls.state == (Decimal("0.00"), Decimal("121.00"), None)


@pytest.mark.parametrize("kind", ["garbage", "truncate", "drop_after"])
def test_a_broken_list_moves_nothing(box, kind):
    box.posted(document())
    pulls = Pulls(box, REF)
    pulls.pull()
    cursor = pulls.cursor
    box.fault(kind, "OutstandingDebtorItems")
    with pytest.raises(Unreachable):
        pulls.pull()
    assert pulls.cursor == cursor


def test_what_is_not_yet_to_be_seen_is_waited_for(box):
    box.switch(open_delay_seconds=3600 * 6)
    box.posted(document())
    pulls = Pulls(box, REF)
    assert pulls.pull() == ()
    assert (pulls.mine, box.operations()) == ({}, ["OutstandingDebtorItems"])
    box.later(hours=7)
    assert pulls.pull() == ()
    assert pulls.state == (Decimal("0.00"), Decimal("121.00"), None)


def test_what_was_never_seen_open_is_asked_about_after_two_days(box):
    box.posted(document())
    box.control("pay", reference="2026/0142", date="2026-03-18")
    pulls = Pulls(box, REF)
    assert pulls.pull() == ()
    assert pulls.mine == {}
    box.later(hours=47)
    assert pulls.pull() == ()
    assert pulls.mine == {}
    box.later(hours=2)
    assert pulls.pull() == ()
    assert pulls.state == (Decimal("121.00"), Decimal("0.00"), date(2026, 3, 18))


def test_never_open_and_never_matched_is_left_to_a_person(box):
    box.posted(document())
    box.control("hide", reference="2026/0142")
    pulls = Pulls(box, REF)
    now = Readings(never_seen_open=timedelta(0))
    assert pulls.pull(now) == ("2026/0142",)
    assert pulls.mine == {}


@pytest.mark.parametrize(
    "switches",
    [{}, {"credit_amounts": "positive", "credit_open_type": 7}, {"credit_outstanding": False}],
)
def test_a_credit_note_is_settled_when_it_was_matched(box, switches):
    box.switch(**switches)
    box.posted(document(kind=DocumentKind.SALES_CREDIT_NOTE))
    pulls = Pulls(box, REF)
    pulls.pull()
    if switches.get("credit_outstanding", True):
        assert pulls.state == (Decimal("0.00"), Decimal("121.00"), None)
        box.control("pay", reference="2026/0142", amount="20.00", date="2026-04-01")
        pulls.pull()
        assert pulls.state == (Decimal("20.00"), Decimal("101.00"), None)
    box.control("pay", reference="2026/0142", date="2026-04-02")
    box.later(hours=49)
    assert pulls.pull() == ()
    assert pulls.state == (Decimal("121.00"), Decimal("0.00"), date(2026, 4, 2))


def test_a_deleted_booking_is_asked_about(box):
    made = document()
    box.posted(made)
    pulls = Pulls(box, REF)
    pulls.pull()
    box.control("delete_entry", reference="2026/0142")
    assert pulls.pull() == ("2026/0142",)
    assert pulls.state == (Decimal("0.00"), Decimal("121.00"), None)
    # It was seen in the books, so there is nothing to wait for before it counts as gone.
    known = query(made, external_id="2026/0142", sent_at=box.now())
    assert box.open().find_document(known) == Absent()


def test_two_documents_of_one_number_say_nothing(box):
    box.posted(document())
    pulls = Pulls(box, REF)
    pulls.pull()
    twin = {"relation": "K101", "reference": "2026/0142", "lines": [["700000", "1:21.00", "10.00", "2.10"]]}
    box.control("seed", division=MAIN, entries=[twin])
    assert pulls.pull() == ()
    assert pulls.changed == 0
    assert pulls.state == (Decimal("0.00"), Decimal("121.00"), None)


def test_every_open_booking_costs_the_same_call(box):
    made = [document(number=number) for number in range(201, 226)]
    box.posted(*made)
    pulls = Pulls(box, *[DocumentRef(external_id=one.reference, fiscal_year="2026") for one in made])
    pulls.pull()
    assert box.operations() == ["OutstandingDebtorItems"]
    for one in made[:10]:
        box.control("pay", reference=one.reference, date="2026-04-01")
    assert pulls.pull() == ()
    assert box.operations() == ["OutstandingDebtorItems", "GetGLAccountScheme", "GetTransactions"]
    paid = {row.document_external_id for row in pulls.mine.values() if row.settled}
    assert paid == {one.reference for one in made[:10]}


def test_a_changed_chart_leaves_it_to_a_person(box):
    box.posted(document())
    pulls = Pulls(box, REF)
    pulls.pull()
    box.control("pay", reference="2026/0142", date="2026-04-01")
    box.control("touch", division=MAIN, table="accounts", code="400000", delete=True)
    assert pulls.pull() == ("2026/0142",)
    assert pulls.state == (Decimal("0.00"), Decimal("121.00"), None)


@pytest.mark.parametrize("cursor", ["", "{}", "nonsense", '{"seen":{"2026/0142":["x"]}}', "[]", '{"seen":[1]}'])
def test_a_cursor_that_cannot_be_read_is_as_good_as_none(box, cursor):
    box.posted(document())
    pulls = Pulls(box, REF)
    pulls.cursor = cursor
    assert pulls.pull() == ()
    assert pulls.state == (Decimal("0.00"), Decimal("121.00"), None)


@pytest.fixture
def bought(box) -> Pulls:
    """A purchase that was uploaded, booked over there as SUP-77 for 121.00, and seen open."""
    ubl = File(name="a.xml", content=b"<Invoice/>", media_type="application/xml")
    made = document(line(ledger="613310"), kind=DocumentKind.PURCHASE_INVOICE, attachments=(ubl,))
    (outcome,) = box.post(made)
    assert isinstance(outcome, Posted)
    pulls = Pulls(box, outcome.ref)
    assert pulls.pull() == ()
    assert box.operations() == ["OutstandingDebtorItems", "OutstandingCreditorItems"]
    assert pulls.state == (Decimal("0.00"), Decimal("0.00"), None)
    box.control(
        "book_upload",
        division=MAIN,
        document=outcome.ref.external_id,
        contact="K101",
        reference="SUP-77",
        date="2026-03-17",
        lines=[["613310", "1:21.00", "100.00", "21.00"]],
    )
    assert pulls.pull() == ()
    assert pulls.state == (Decimal("0.00"), Decimal("121.00"), None)
    assert {row.is_sales for row in pulls.mine.values()} == {False}
    return pulls


def test_a_purchase_that_was_matched_is_paid_with_its_day(box, bought):
    box.control("pay", reference="SUP-77", amount="21.00", date="2026-04-01", kind="purchase")
    bought.pull()
    assert bought.state == (Decimal("21.00"), Decimal("100.00"), None)
    box.control("pay", reference="SUP-77", date="2026-04-02", kind="purchase")
    assert bought.pull() == ()
    assert bought.state == (Decimal("121.00"), Decimal("0.00"), date(2026, 4, 2))


@pytest.mark.parametrize("how", ["paid without a word", "taken from the list"])
def test_a_purchase_gone_without_a_matching_is_paid_after_two_days(box, bought, how):
    if how == "taken from the list":
        box.control("hide", reference="SUP-77", kind="purchase")
    else:
        box.switch(matching_shown=False)
        box.control("pay", reference="SUP-77", date="2026-04-02", kind="purchase")
    assert bought.pull() == ()
    box.later(hours=47)
    assert bought.pull() == ()
    assert bought.state == (Decimal("0.00"), Decimal("121.00"), None)
    careful = Pulls(box, *bought.refs)
    careful.cursor = bought.cursor
    assert careful.pull(Readings(gone_purchase_is_paid=None)) == (bought.refs[0].external_id,)
    box.later(hours=2)
    assert bought.pull() == ()
    assert bought.state == (Decimal("121.00"), Decimal("0.00"), None)


def test_a_purchase_that_is_open_again_waits_anew(box, bought):
    box.control("hide", reference="SUP-77", kind="purchase")
    bought.pull()
    box.control("hide", reference="SUP-77", kind="purchase", hidden=False)
    box.later(hours=47)
    bought.pull()
    box.control("hide", reference="SUP-77", kind="purchase")
    bought.pull()
    box.later(hours=3)
    bought.pull()
    assert bought.state == (Decimal("0.00"), Decimal("121.00"), None)


def test_a_purchase_that_was_deleted_there_is_asked_about_and_never_paid(box, bought):
    box.control("delete_entry", reference="SUP-77", kind="purchase")
    for _ in range(2):
        assert bought.pull() == (bought.refs[0].external_id,)
        box.later(hours=72)
    assert bought.state == (Decimal("0.00"), Decimal("121.00"), None)
