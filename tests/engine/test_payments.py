"""What was paid comes back: from rows that are kept, never taken back, never over a person's word."""

from datetime import date
from decimal import Decimal

import pytest

from integrations import services
from integrations.models import Issue, Posting, SettlementItem
from integrations.sync.steps import settlements
from invoicing import services as invoicing
from tests import bridge, factories

pytestmark = pytest.mark.django_db(transaction=True)


def state(document):
    document.refresh_from_db()
    return document.payment_state, document.paid_source, document.paid_amount


@pytest.fixture
def document(connection):
    return factories.booked_invoice(entity=connection.entity)


@pytest.mark.both_databases
def test_partly_then_full(box, connection, document):
    bridge.sync(connection)
    assert state(document) == ("open", "", Decimal("0.00"))
    box.pay(document.number, "21.00", date="2026-03-20")
    bridge.sync(connection)
    assert state(document) == ("partly_paid", "tool", Decimal("21.00"))
    box.pay(document.number, date="2026-03-28")
    bridge.sync(connection)
    assert state(document) == ("paid", "tool", Decimal("121.00"))
    assert document.paid_on == date(2026, 3, 28)
    assert sum(p.amount for p in document.payments.all()) == Decimal("121.00")
    bridge.sync(connection)
    assert document.payments.count() == 2


def test_a_credit_note_that_was_settled(box, connection):
    note = factories.booked_credit_note(entity=connection.entity)
    bridge.sync(connection)
    box.pay(note.number)
    bridge.sync(connection)
    assert state(note) == ("paid", "tool", Decimal("121.00"))


@pytest.mark.both_databases
def test_invariant_4_paid_is_never_taken_back_and_a_person_is_told(box, connection, document):
    bridge.sync(connection)
    box.pay(document.number)
    bridge.sync(connection)
    box.call("unpay", {"reference": document.number, "division": int(bridge.DIVISION)})

    run = bridge.sync(connection)

    assert state(document)[:2] == ("paid", "tool")
    posting = bridge.posting(document)
    assert (run.state, posting.paid_here_open_there) == ("with_issues", True)
    assert [(i.code, i.count) for i in Issue.objects.open()] == [("PAY-721", 1)]
    box.pay(document.number)
    bridge.sync(connection)
    assert bridge.posting(document).paid_here_open_there is False
    assert not Issue.objects.open().exists()


def test_invariant_4_what_a_person_entered_is_neither_sent_nor_overwritten(box, connection, document):
    invoicing.mark_paid_by_hand(document=document, on=date(2026, 3, 15), by=None)
    bridge.sync(connection)
    since = box.last_request()
    bridge.sync(connection)
    assert [r for r in box.requests(since) if r["method"] != "GET"] == []
    assert (state(document)[:2], document.paid_on) == (("paid", "manual"), date(2026, 3, 15))
    assert box.entries()[document.number]["open"] == "121.00"
    assert bridge.posting(document).paid_here_open_there is True

    box.pay(document.number, date="2026-03-30")
    bridge.sync(connection)
    assert (state(document)[:2], document.paid_on) == (("paid", "manual"), date(2026, 3, 15))
    assert bridge.posting(document).paid_here_open_there is False


def test_taking_back_by_hand_what_is_open_there_ends_the_contradiction(box, connection, document):
    invoicing.mark_paid_by_hand(document=document, on=date(2026, 3, 15), by=None)
    bridge.sync(connection)
    bridge.sync(connection)
    assert [i.code for i in Issue.objects.open()] == ["PAY-721"]

    invoicing.undo_manual_payment(document=document, by=None)
    run = bridge.sync(connection)  # nothing changed over there

    assert state(document) == ("open", "", Decimal("0.00"))
    assert bridge.posting(document).paid_here_open_there is False
    assert (run.state, Issue.objects.open().count()) == ("succeeded", 0)


def test_a_total_that_is_read_after_its_rows_still_counts(box, connection, document):
    bridge.sync(connection)
    box.pay(document.number, "120.99")
    bridge.sync(connection)
    assert state(document) == ("partly_paid", "tool", Decimal("120.99"))
    SettlementItem.objects.filter(settled=False).delete()
    Posting.objects.update(state="differs", tool_totals={"total": "120.99"})

    bridge.sync(connection)  # nothing changed over there

    assert state(document) == ("paid", "tool", Decimal("120.99"))


def test_rows_that_came_before_their_booking_was_known(box, connection, document):
    """A hand booking, paid long ago; linked to our document only weeks after its rows were read."""
    box.call(
        "seed",
        {
            "division": int(bridge.DIVISION),
            "entries": [
                {
                    "kind": "invoice",
                    "journal": "70",
                    "relation": "Bakkerij Zonnekorrel",
                    "date": "2026-03-14",
                    "due_date": "2026-03-14",
                    "reference": document.number,
                    "lines": [{"account": "700000", "vat_code": "4", "net": "100.00", "vat": "21.00"}],
                }
            ],
        },
    )
    box.pay(document.number)
    bridge.sync(connection)
    assert SettlementItem.objects.filter(reference=document.number, posting=None).count() == 1
    posting = bridge.posting(document)
    services.link_to_existing(posting=posting, external_id=posting.reason_params["external_id"], user=None)
    Posting.objects.update(posted_at="2026-01-01T00:00:00Z")

    bridge.sync(connection)

    assert state(document) == ("paid", "tool", Decimal("121.00"))


class Died(BaseException):
    """As sudden as a SIGKILL for everything that would tidy up."""


def test_a_worker_that_dies_between_rows_and_state_loses_no_payment(box, connection, document, monkeypatch):
    bridge.sync(connection)
    box.pay(document.number)

    def die(*args, **kwargs):
        raise Died

    with monkeypatch.context() as patch:
        patch.setattr(settlements, "apply_payment_results", die)
        with pytest.raises(Died):
            bridge.sync(connection)
    bridge.work_off(connection.runs.get(finished_at=None))

    assert state(document)[:2] == ("paid", "tool")


@pytest.mark.both_databases
def test_invariant_3_an_empty_answer_changes_no_payment(box, connection, document):
    bridge.sync(connection)
    box.pay(document.number, "50")
    bridge.sync(connection)
    before = state(document), SettlementItem.objects.count()
    for _ in range(2):
        box.fault("empty_list", method="GET", path="Cashflow/PaymentTerms")
        bridge.sync(connection)
    assert (state(document), SettlementItem.objects.count()) == before
    box.pay(document.number)
    bridge.sync(connection)
    assert state(document)[0] == "paid"


def test_a_booking_deleted_over_there_is_told_and_goes_again_only_by_a_person(box, connection, document):
    bridge.sync(connection)
    bridge.sync(connection)
    box.call("delete_entry", {"reference": document.number, "division": int(bridge.DIVISION)})
    other = factories.booked_invoice(entity=connection.entity)

    bridge.sync(connection)

    posting = bridge.posting(document)
    assert (posting.state, posting.reason_code) == ("gone", "PAY-722")
    assert bridge.posting(other).state == "posted"
    bridge.sync(connection)
    assert document.number not in box.entries()
    services.send_again(posting=bridge.posting(document), user=None)
    bridge.sync(connection)
    assert bridge.posting(document).state == "posted"
    assert bridge.assert_same_books(box, connection) == 2
    assert not Issue.objects.open().exists()
    # Rows of the deleted booking never count for the new one.
    box.pay(document.number)
    bridge.sync(connection)
    assert state(document) == ("paid", "tool", Decimal("121.00"))
