"""Two workers at once: one refresh, one run, one booking; and what becomes of tasks and leases that are lost."""

import threading
from collections.abc import Callable
from datetime import timedelta
from itertools import pairwise

import pytest
from django.db import connections
from django.utils import timezone
from django_q.models import OrmQ

from integrations import services
from integrations.base.http import OpenGate
from integrations.base.records import CatalogueKind
from integrations.models import Administration, Connection, Grant, GrantStatus, Issue, Posting, SyncRun
from integrations.sync import dispatcher, engine
from integrations.sync.opening import open_provider
from tests import bridge, factories

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]


def at_once(*works: Callable[[], object]) -> list[object]:
    """Run each in a thread with a database connection of its own, started together; results or exceptions."""
    gate = threading.Barrier(len(works))
    found: list[object] = [None] * len(works)

    def one(place: int, work: Callable[[], object]) -> None:
        try:
            gate.wait(10)
            found[place] = work()
        except Exception as exc:  # the test looks at it
            found[place] = exc
        finally:
            connections.close_all()

    threads = [threading.Thread(target=one, args=pair) for pair in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    return found


def token_calls(box: bridge.Box, before: int) -> list[dict]:
    return [r for r in box.requests(before) if r["path"].endswith("/oauth2/token")]


def expire(box: bridge.Box) -> None:
    """Ten minutes pass: the access token is over, the refresh token is good."""
    box.call("clock", {"advance_seconds": 700})
    past = timezone.now() - timedelta(seconds=60)
    Grant.objects.update(expires_at=past, refresh_from=past)


def test_two_workers_refresh_once_and_both_go_on(box, connection):
    expire(box)
    grant = Grant.objects.get()
    before = box.last_request()

    def read() -> int:
        provider = open_provider(grant, bridge.DIVISION, OpenGate())
        return len(provider.catalogue(frozenset({CatalogueKind.JOURNALS})).journals or ())

    found = at_once(read, read, read)

    assert found == [11, 11, 11]
    assert len(token_calls(box, before)) == 1
    grant.refresh_from_db()
    assert (grant.status, grant.refresh_lease_owner) == (GrantStatus.ACTIVE, "")


def test_a_refresh_whose_answer_was_lost_asks_a_person_and_keeps_every_link(box, connection, settings):
    settings.BOEKBRUG_RETRY_SECONDS = 0
    document = factories.booked_invoice(entity=connection.entity)
    links = list(connection.vat_links.values_list("rate", "vat_code").order_by("rate"))
    expire(box)
    box.fault("drop_after", method="POST", path="oauth2/token", times=1)

    run = services.start_sync(connection)
    for _ in range(12):
        run.refresh_from_db()
        if run.is_finished:
            break
        SyncRun.objects.filter(pk=run.pk).update(not_before=None)
        Grant.objects.update(refresh_lease_until=timezone.now() - timedelta(seconds=1))
        engine.advance(run.pk, run.slice_number)

    connection.refresh_from_db()
    assert (run.state, run.error_code, connection.status) == ("stopped", "AUT-401", "reconnect_needed")
    assert Issue.objects.open().get(code="AUT-401")
    with pytest.raises(services.NotReady):
        services.start_sync(connection)

    user = factories.UserFactory()
    connection = bridge.sign_in(connection, box, user)
    assert connection.status == "connected"
    assert list(connection.vat_links.values_list("rate", "vat_code").order_by("rate")) == links
    bridge.sync(connection)
    assert bridge.posting(document).state == "posted"
    assert not Issue.objects.open().exists()


def test_a_token_that_dies_on_the_way_is_renewed_once(box, connection):
    documents = [factories.booked_invoice(entity=connection.entity) for _ in range(3)]
    box.call("clock", {"advance_seconds": 580})
    Grant.objects.update(refresh_from=timezone.now() - timedelta(seconds=1))
    before = box.last_request()
    box.fault("expired_token", method="POST", path="salesentry/SalesEntries", skip=1, times=1)

    bridge.sync(connection)

    assert len(token_calls(box, before)) == 1
    assert [bridge.posting(d).state for d in documents] == ["posted"] * 3
    assert bridge.assert_same_books(box, connection) == 3


def test_two_starts_make_one_run_and_the_other_is_told(box, connection):
    users = [factories.UserFactory(username=name) for name in ("ann", "bob")]
    found = at_once(*(lambda u=u: services.start_sync(connection, "manual", u) for u in users))
    runs = [f for f in found if isinstance(f, SyncRun)]
    told = [f for f in found if isinstance(f, services.AlreadyRunning)]
    assert (len(runs), len(told)) == (1, 1)
    assert told[0].by in ("ann", "bob")
    assert SyncRun.objects.count() == 1


def test_a_task_delivered_twice_does_its_work_once(box, connection):
    documents = [factories.booked_invoice(entity=connection.entity) for _ in range(4)]
    box.fault("delay", seconds=0.3, when="before", method="POST", path="salesentry/SalesEntries", times=1)
    run = services.start_sync(connection)

    found = at_once(*(lambda: engine.advance(run.pk, 1) for _ in range(3)))

    assert sorted(map(str, found)) == ["False", "False", "True"]
    assert not engine.advance(run.pk, 1)
    bridge.work_off(run)
    assert bridge.assert_same_books(box, connection) == len(documents)
    assert {p.attempts for p in Posting.objects.all()} == {1}


def test_a_lost_task_is_found_by_the_dispatcher(box, connection, settings):
    settings.BOEKBRUG_DISPATCH_SECONDS = 30
    document = factories.booked_invoice(entity=connection.entity)
    run = services.start_sync(connection)
    assert OrmQ.objects.count() == 1
    OrmQ.objects.all().delete()
    assert dispatcher.wake_runs() == 0  # it may still be on its way

    SyncRun.objects.update(created_at=timezone.now() - timedelta(seconds=31))
    assert dispatcher.wake_runs() == 1
    assert dispatcher.wake_runs() == 0
    assert OrmQ.objects.count() == 1
    bridge.work_off(run)
    assert bridge.posting(document).state == "posted"


def test_a_worker_that_lost_its_lease_during_a_call_writes_nothing(box, connection, settings):
    document = factories.booked_invoice(entity=connection.entity)
    box.fault("delay", seconds=1.5, when="before", method="POST", path="salesentry/SalesEntries", times=1)
    run = services.start_sync(connection)
    states: list[tuple[str, str]] = []

    def thief() -> None:
        bridge.wait_until(lambda: Posting.objects.filter(state="sending").exists())
        Administration.objects.update(lease_until=timezone.now() - timedelta(seconds=1))
        current = SyncRun.objects.get(pk=run.pk)
        engine.advance(current.pk, current.slice_number)
        states.append(tuple(Posting.objects.values_list("state", "external_id").get()))

    at_once(lambda: engine.advance(run.pk, 1), thief)

    for other in SyncRun.objects.unfinished():
        bridge.work_off(other)
    bridge.sync(connection)
    assert bridge.posting(document).state == "posted"
    assert bridge.assert_same_books(box, connection) == 1


def test_two_administrations_are_served_at_once_and_each_by_one(box, connection):
    second = bridge.connect(box, factories.EntityFactory(), division="3120452")
    for one in (connection, second):
        for _ in range(5):
            factories.booked_invoice(entity=one.entity)
    box.fault("delay", seconds=0.1, when="before", method="POST", path="salesentry", times=100)
    before = box.last_request()
    runs = [services.start_sync(one) for one in (connection, second)]

    at_once(*(lambda r=r: engine.advance(r.pk, 1) for r in runs))
    for run in runs:
        bridge.work_off(run)

    calls = [r for r in box.requests(before) if "/api/v1/" in r["path"]]
    by_division = {d: [r for r in calls if f"/{d}/" in r["path"]] for d in (bridge.DIVISION, "3120452")}
    for rows in by_division.values():
        assert len(rows) > 5
        assert all(a["finished"] <= b["time"] for a, b in pairwise(rows))
    spans = [(rows[0]["time"], rows[-1]["finished"]) for rows in by_division.values()]
    assert max(start for start, _ in spans) < min(end for _, end in spans)
    assert bridge.assert_same_books(box, connection) == 5
    assert bridge.assert_same_books(box, second, "3120452") == 5


def test_tokens_stand_encrypted_in_the_database(box, connection):
    from django.db import connection as database

    grant = Grant.objects.get()
    with database.cursor() as cursor:
        cursor.execute("SELECT access_token, refresh_token FROM integrations_grant")
        stored = cursor.fetchone()
    assert grant.access_token
    assert str(grant.access_token) not in stored
    assert str(grant.refresh_token) not in stored
    assert Connection.objects.get().grant == grant
