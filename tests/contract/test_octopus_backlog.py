"""A backlog larger than Octopus takes in a day: it spreads over three days, in order, and payments come back on each."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from integrations import services
from integrations.models import CallCounter, Connection, Posting, RunState, RunTrigger, SyncRun
from integrations.octopus.limits import BOOKING_SAVE, LIMITS
from integrations.sync import dispatcher
from invoicing.models import SalesDocument
from tests import bridge, factories

from . import world
from .profiles import PROFILES

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

INVOICES = 1000
DAYS = (400, 400, 200)
[OCTOPUS] = [profile for profile in PROFILES if profile.key == "octopus"]


def backlog(connection: Connection) -> list[SalesDocument]:
    parties = [factories.CompanyFactory() for _ in range(20)]
    plans = [
        factories.Plan(
            party=parties[n % len(parties)],
            day=OCTOPUS.day + timedelta(days=n * 60 // INVOICES),
            lines=[
                factories.line(Decimal(1000 + n * 37 % 9000) / 100 + Decimal("0.005"), quantity=str(1 + n % 7)),
                factories.line("19.99", code="6"),
            ],
        )
        for n in range(INVOICES)
    ]
    pks = factories.booked_documents(connection.entity, plans)
    found = SalesDocument.objects.in_bulk(pks)
    return [found[pk] for pk in pks]


def next_day(box: world.ToolBox) -> None:
    """A day passes, there and here."""
    day = timedelta(days=1)
    box.call("clock", {"advance_seconds": day.total_seconds()})
    past = timezone.now() - timedelta(seconds=1)
    CallCounter.objects.update(resets_at=past)
    Connection.objects.filter(follow_up_at__isnull=False).update(follow_up_at=past)
    Posting.objects.filter(not_before__isnull=False).update(not_before=past)


def calls_today(box: world.ToolBox) -> dict[str, int]:
    return {row["operation"]: row["used"] for row in box.verb("limits")["calls"]}


@pytest.mark.parametrize("profile", [pytest.param(OCTOPUS, id="octopus")], indirect=True)
def test_a_backlog_larger_than_a_days_quota(profile, box):
    box.switch(limits=True)
    connection = world.connect(box)
    documents = backlog(connection)
    [quota] = [limit.calls for limit in LIMITS.calls if limit.name == BOOKING_SAVE]
    assert quota == DAYS[0]
    before = box.last_request()

    services.start_sync(connection, RunTrigger.MANUAL)
    sent = 0
    for day, count in enumerate(DAYS):
        if day:
            next_day(box)
            # Nobody has to think of it: the rest goes by itself.
            assert dispatcher.start_follow_ups() == 1
        run = bridge.work_off(SyncRun.objects.unfinished().get(connection=connection), slices=1000)
        assert run.is_finished
        assert run.state != RunState.STOPPED
        today, sent = documents[sent : sent + count], sent + count
        assert_sent(box, connection, documents, sent)

        # The day's bookings are used up: what customers paid comes back by the button all the same.
        box.pay(today[0].number)
        box.pay(today[-1].number, "5.00")
        assert bridge.sync(connection).state != RunState.STOPPED
        for document, state in ((today[0], "paid"), (today[-1], "partly_paid")):
            document.refresh_from_db()
            assert document.payment_state == state
        assert_sent(box, connection, documents, sent)
        assert calls_today(box)["booking post"] == count

    entries = box.entries()
    numbers = [int(entries[document.number]["number"]) for document in documents]
    assert numbers == list(range(numbers[0], numbers[0] + INVOICES))
    # Our own counting stops before the tool has to.
    assert {row["status"] for row in box.requests(before)} & {429, 400, 403} == set()


def assert_sent(box: world.ToolBox, connection: Connection, documents: list[SalesDocument], sent: int) -> None:
    """The first `sent` stand in the books, and the rest waits for tomorrow, and says so."""
    world.assert_books(box, documents[:sent])
    ours = {document.number for document in documents}
    assert box.entries().keys() & ours == {document.number for document in documents[:sent]}
    waiting = Posting.objects.filter(connection=connection).exclude(state="posted")
    assert set(waiting.values_list("sales_document_id", flat=True)) == {document.pk for document in documents[sent:]}
    if sent < len(documents):
        assert set(waiting.values_list("state", "reason_code")) == {("waiting", "SYS-701")}
        connection.refresh_from_db()
        assert connection.follow_up_at is not None
