"""The first path through everything: book, sync, pay over there, sync, paid here."""

import pytest

from integrations import services
from integrations.models import Posting
from tests import bridge, factories

pytestmark = pytest.mark.django_db(transaction=True)


def test_a_booked_invoice_reaches_the_books_and_its_payment_comes_back(box, connection):
    document = factories.booked_invoice(entity=connection.entity)

    run = bridge.sync(connection)

    assert run.state == "succeeded", (run.error_code, run.error_text, run.counters)
    posting = bridge.posting(document)
    assert posting.state == "posted"
    entry = box.entries()[document.number]
    assert entry["total"] == "121.00"
    assert bridge.assert_same_books(box, connection) == 1

    box.pay(document.number)
    bridge.sync(connection)
    document.refresh_from_db()
    assert (document.payment_state, document.paid_source) == ("paid", "tool")


def test_a_second_sync_sends_nothing(box, connection):
    for _ in range(3):
        factories.booked_invoice(entity=connection.entity)
    bridge.sync(connection)
    before = box.last_request()

    bridge.sync(connection)

    calls = box.requests(before)
    assert [c for c in calls if c["method"] != "GET" and "token" not in c["path"]] == []
    assert len(calls) <= 8
    assert Posting.objects.filter(state="posted").count() == 3


def test_a_booking_deleted_in_the_tool_is_gone_and_sent_again_only_by_a_person(box, connection):
    document = factories.booked_invoice(entity=connection.entity)
    other = factories.booked_invoice(entity=connection.entity)
    bridge.sync(connection)
    box.call("delete_entry", {"reference": document.number, "division": int(bridge.DIVISION)})

    run = None
    for _ in range(2):
        connection.administration.refresh_from_db()
        cursor = connection.administration.settlement_cursor.replace('"deleted_on":"', '"deleted_on":"0')
        type(connection.administration).objects.update(settlement_cursor=cursor)
        run = bridge.sync(connection)

    posting = bridge.posting(document)
    assert (posting.state, posting.reason_code) == ("gone", "PAY-722"), (run.counters, cursor)
    assert document.number not in box.entries()
    assert bridge.posting(other).state == "posted"

    services.send_again(posting=posting, user=factories.UserFactory())
    bridge.sync(connection)
    assert bridge.posting(document).state == "posted"
    assert bridge.assert_same_books(box, connection) == 2
