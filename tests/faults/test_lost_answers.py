"""Answers that are lost, late, broken or refused: every document stands in the books once, whatever came back."""

import pytest
from django.utils import timezone

from integrations import services
from integrations.models import Connection, Exchange, Issue, Posting, SyncRun
from integrations.sync import dispatcher, engine
from tests import bridge, factories

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]

ENTRIES = "salesentry/SalesEntries"


def three(connection: Connection) -> list:
    party = factories.PartyFactory()
    return [factories.booked_invoice(entity=connection.entity, party=party) for _ in range(3)]


def settled(box: bridge.Box, connection: Connection, documents: list) -> None:
    """Every document is posted, once and to the cent, and nothing is left over."""
    assert [bridge.posting(d).state for d in documents] == ["posted"] * len(documents)
    assert bridge.assert_same_books(box, connection) == len(documents)
    ours = [reference for reference in box.entries() if reference in {d.number for d in documents}]
    assert len(ours) == len(documents)
    assert not Posting.objects.exclude(state="posted").exists()


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "drop_after"},
        {"kind": "drop_before"},
        {"kind": "truncate"},
        {"kind": "garbage"},
        {"kind": "status", "status": 500, "apply": True},
        {"kind": "status", "status": 503},
        {"kind": "delay", "seconds": 1.6, "when": "before"},
        {"kind": "delay", "seconds": 1.6, "when": "after"},
    ],
    ids=lambda f: "-".join(str(v) for v in f.values()),
)
def test_an_unclear_answer_is_looked_up_and_never_sent_twice(box, connection, settings, fault):
    settings.BOEKBRUG_REQUEST_DEADLINE_SECONDS = 1
    settings.BOEKBRUG_QUIET_SECONDS = 2
    documents = three(connection)
    box.fault(**fault, method="POST", path=ENTRIES, skip=1, times=1)

    run = bridge.sync(connection)

    assert box.call("faults", method="GET") in ([], {"faults": []})
    posting = bridge.posting(documents[1])
    if posting.state == "unclear":
        # The write may still be on its way; it is not believed absent before the quiet time is over.
        assert posting.not_before is None or posting.not_before > posting.sent_at
        run = bridge.sync(connection)
    assert run.is_finished
    settled(box, connection, documents)


def test_a_late_write_is_found_after_we_gave_up(box, connection, settings):
    """The tool takes its time: it books after our deadline, while nobody waits any more."""
    settings.BOEKBRUG_REQUEST_DEADLINE_SECONDS = 1
    settings.BOEKBRUG_QUIET_SECONDS = 30
    documents = three(connection)
    box.fault("delay", seconds=2.5, when="before", method="POST", path=ENTRIES, times=1)
    run = services.start_sync(connection)
    for _ in range(6):
        run.refresh_from_db()
        if run.not_before is not None or run.is_finished:
            break
        engine.advance(run.pk, run.slice_number)
    first = bridge.posting(documents[0])
    assert (first.state, first.attempts) == ("unclear", 1)
    assert first.not_before > timezone.now()
    assert run.waits_for == "check"

    bridge.wait_until(lambda: documents[0].number in box.entries())
    Posting.objects.filter(pk=first.pk).update(not_before=None)
    bridge.work_off(run)

    assert bridge.posting(documents[0]).attempts == 1
    settled(box, connection, documents)


def test_a_business_refusal_stops_only_its_document_and_is_not_repeated(box, connection):
    documents = three(connection)
    body = {"error": {"code": "", "message": {"lang": "", "value": "Ongeldig: Grootboekrekeningtype"}}}
    box.fault("status", status=500, body=body, method="POST", path=ENTRIES, skip=1, times=1)

    run = bridge.sync(connection)

    assert run.state == "with_issues"
    refused = bridge.posting(documents[1])
    assert (refused.state, refused.reason_code, refused.vendor_text) == (
        "refused",
        "LED-602",
        "Ongeldig: Grootboekrekeningtype",
    )
    assert [bridge.posting(d).state for d in (documents[0], documents[2])] == ["posted", "posted"]
    before = box.last_request()
    bridge.sync(connection)
    assert [r for r in box.requests(before) if r["method"] == "POST" and "/api/v1/" in r["path"]] == []
    assert Issue.objects.open().get().count == 1

    services.retry(posting=refused, user=factories.UserFactory())
    bridge.sync(connection)
    settled(box, connection, documents)
    assert not Issue.objects.open().exists()


def test_a_minute_limit_postpones_the_run_and_the_dispatcher_wakes_it(box, connection):
    documents = three(connection)
    box.fault("rate_minute", method="POST", path=ENTRIES, skip=1, times=1)
    run = services.start_sync(connection)
    for _ in range(5):
        run.refresh_from_db()
        if run.not_before is not None:
            break
        engine.advance(run.pk, run.slice_number)
    run.refresh_from_db()
    assert run.state == "postponed"
    assert bridge.posting(documents[1]).state == "waiting"
    assert not engine.advance(run.pk, run.slice_number)  # too early
    assert dispatcher.wake_runs() == 0

    SyncRun.objects.filter(pk=run.pk).update(not_before=timezone.now())
    type(connection.administration).objects.update(counters={})
    assert dispatcher.wake_runs() == 1
    bridge.work_off(run)
    settled(box, connection, documents)


def test_a_day_limit_leaves_the_rest_waiting_and_one_follow_up_sends_it(box, connection):
    documents = three(connection)
    box.fault("rate_day", method="POST", path=ENTRIES, skip=1, times=1)

    run = bridge.sync(connection)

    assert run.is_finished
    assert run.counters["sales"]["posted"] == 1
    assert [(bridge.posting(d).state, bridge.posting(d).reason_code) for d in documents[1:]] == [
        ("waiting", "SYS-701"),
        ("waiting", "SYS-701"),
    ]
    connection.refresh_from_db()
    assert connection.follow_up_at > timezone.now()
    assert Issue.objects.open().get(code="SYS-701").cause_key == "connection:limit"
    assert dispatcher.start_follow_ups() == 0

    type(connection.administration).objects.update(counters={})
    Connection.objects.update(follow_up_at=timezone.now())
    assert dispatcher.start_follow_ups() == 1
    assert dispatcher.start_follow_ups() == 0
    bridge.work_off(SyncRun.objects.latest("pk"))
    settled(box, connection, documents)


def test_the_error_budget_is_never_spent(box, connection):
    """Ten refused calls an hour block the key; ours stop at eight, say so, and leave the rest waiting."""
    party = factories.PartyFactory()
    documents = [factories.booked_invoice(entity=connection.entity, party=party) for _ in range(9)]
    box.fault("status", status=404, method="POST", path=ENTRIES, times=50)
    before = box.last_request()

    bridge.sync(connection)

    refused = [r for r in box.requests(before) if r["method"] == "POST" and ENTRIES in r["path"]]
    assert 0 < len(refused) <= 8
    box.call("faults", method="DELETE")
    assert not box.entries().keys() & {d.number for d in documents}
    assert {bridge.posting(d).state for d in documents} <= {"waiting", "refused", "blocked"}


def test_exchanges_keep_no_secret_and_no_address(box, connection):
    party = factories.PartyFactory(email="geheim@klant.example", iban="BE68539007547034")
    factories.booked_invoice(entity=connection.entity, party=party)
    bridge.sync(connection)
    connection.grant.refresh_from_db()
    text = "\n".join(f"{e.url}\n{e.request}\n{e.answer}" for e in Exchange.objects.all())
    assert "crm/Accounts" in text
    for secret in ("geheim@klant.example", "BE68539007547034", str(connection.grant.access_token), "demo-secret"):
        assert secret not in text
