"""Whatever goes wrong on the line: afterwards each document stands in the books once, and says where it is."""

from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from integrations import services
from integrations.models import Administration, CallCounter, Connection, ConnectionStatus, Posting, SyncRun
from tests import bridge, factories

from . import world

pytestmark = pytest.mark.django_db(transaction=True)

FAULTS = {
    "no line": {"kind": "drop_before"},
    "booked, and the line cut": {"kind": "drop_after"},
    "answered too late": {"kind": "delay", "seconds": 3, "when": "after"},
    "half an answer": {"kind": "truncate"},
    "an answer that nobody can read": {"kind": "garbage"},
    "a fault there": {"kind": "status", "status": 500},
    "a fault there, and booked all the same": {"kind": "status", "status": 500, "apply": True},
    "down for maintenance": {"kind": "status", "status": 503},
    "the minute's limit": {"kind": "rate_minute"},
    "the day's limit": {"kind": "rate_day"},
    "a session that ran out": {"kind": "expired_token"},
}


@pytest.fixture
def box(box, settings):
    settings.BOEKBRUG_REQUEST_DEADLINE_SECONDS = 1
    settings.BOEKBRUG_RETRY_SECONDS = 0
    return box


def documents_of(connection, profile, count: int = 4):
    company = factories.CompanyFactory(country=profile.country)
    return [factories.booked_invoice(entity=connection.entity, day=profile.day, party=company) for _ in range(count)]


def sync(connection) -> SyncRun:
    """A sync to its end; whenever it waits, the moment it waits for comes at once, and limits are over."""
    run = services.start_sync(connection)
    for _ in range(100):
        run.refresh_from_db()
        if run.is_finished:
            return run
        if run.not_before is not None:
            forget_limits(connection)
            SyncRun.objects.filter(pk=run.pk).update(not_before=None)
        bridge.work_off_once(run)
    raise AssertionError(f"the run is still {run.state} in step {run.step}")


def forget_limits(connection) -> None:
    CallCounter.objects.all().delete()
    Administration.objects.filter(pk=connection.administration_id).update(counters={})


def a_day_later() -> None:
    """What was sent or given up was so yesterday; what waits for a time has waited long enough."""
    day = timedelta(days=1)
    for posting in Posting.objects.exclude(state="posted"):
        if posting.sent_at is not None:
            posting.sent_at -= day
        if "given_up" in posting.sent:
            posting.sent["given_up"] = (datetime.fromisoformat(posting.sent["given_up"]) - day).isoformat()
        posting.not_before = None if posting.not_before is None else timezone.now()
        posting.save(update_fields=["sent_at", "sent", "not_before"])


def recover(connection, rounds: int = 4) -> None:
    """What the next days bring: limits that are over, and a sync each night."""
    for _ in range(rounds):
        forget_limits(connection)
        a_day_later()
        sync(connection)
        if not Posting.objects.exclude(state="posted").exists():
            return


@pytest.mark.parametrize("skip", [0, 1], ids=["first", "second"])
@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_while_booking(connection, profile, box, fault, skip):
    documents = documents_of(connection, profile)
    bridge.sync(connection)  # the customer is there; what follows is about documents alone
    more = documents_of(connection, profile)
    ordered = dict(FAULTS[fault])
    box.fault(ordered.pop("kind"), **profile.writes, **ordered, skip=skip, times=1)
    sync(connection)
    assert SyncRun.objects.unfinished().count() == 0
    recover(connection)
    world.assert_books(box, [*documents, *more])


@pytest.mark.parametrize("fault", ["booked, and the line cut", "answered too late", "a fault there"])
def test_a_fault_at_any_call_loses_and_doubles_nothing(connection, profile, box, fault):
    made = []
    for skip in (0, 2, 4, 6, 8):
        made += documents_of(connection, profile, 2)
        ordered = dict(FAULTS[fault])
        box.fault(ordered.pop("kind"), **ordered, skip=skip, times=1)
        sync(connection)
        box.call("faults", method="DELETE")
        Connection.objects.filter(pk=connection.pk, status=ConnectionStatus.RECONNECT_NEEDED).update(
            status=ConnectionStatus.CONNECTED
        )
    recover(connection)
    world.assert_books(box, made)
    names = [row["name"] for row in box.parties()]
    ours = {document.party.name for document in made}
    assert {name: names.count(name) for name in ours if names.count(name) != 1} == {}


def test_an_empty_list_unlinks_and_deletes_nothing(connection, profile, box):
    [document] = documents_of(connection, profile, 1)
    bridge.sync(connection)
    counts = {
        model: getattr(connection.administration, model).filter(active=True).count()
        for model in ("ledger_accounts", "vat_codes", "journals")
    }
    links = connection.vat_links.count()
    box.fault("empty_list", times=20)
    bridge.sync(connection)
    box.call("faults", method="DELETE")
    assert {m: getattr(connection.administration, m).filter(active=True).count() for m in counts} == counts
    assert connection.vat_links.count() == links
    document.refresh_from_db()
    assert document.payment_state == "open"
    Connection.objects.filter(pk=connection.pk).update(status=ConnectionStatus.CONNECTED)
    recover(connection)
    world.assert_books(box, [document])
