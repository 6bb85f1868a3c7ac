"""A run from outside: what it costs, what it leaves behind, and what doing things twice does."""

import uuid
from datetime import timedelta

import pytest
from django.db import connection as db
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from integrations import services
from integrations.models import Administration, Connection, Exchange, Issue, PartyLink, Posting, SyncRun
from integrations.sync import dispatcher, engine, gates, leases
from integrations.sync.books import load_books
from integrations.sync.steps import files, plan
from integrations.tools import get_tool
from invoicing.models import DocumentFile, SalesDocument
from tests import bridge, factories

pytestmark = pytest.mark.django_db(transaction=True)


def writes(box, since=0):
    return [r for r in box.requests(since) if r["method"] != "GET" and "/api/v1/" in r["path"]]


def test_a_sync_with_nothing_new_costs_eight_calls_at_most(box, connection):
    party = factories.PartyFactory()
    for _ in range(12):
        factories.booked_invoice(entity=connection.entity, party=party)
    first = bridge.sync(connection)
    assert first.counters["calls"]["all"] <= 12 + 1 + 15 + first.counters["parties"]["mirror_calls"]
    since = box.last_request()
    run = bridge.sync(connection)
    assert (writes(box, since), len(box.requests(since)) <= 8) == ([], True), len(box.requests(since))
    assert run.counters["calls"]["all"] == len(box.requests(since))


def test_invariant_8_everything_done_twice_has_the_effect_of_once(box, connection):
    documents = [factories.booked_invoice(entity=connection.entity) for _ in range(3)]
    rate = factories.vat_rate("21").rate_id
    for _ in range(2):
        services.link_vat(connection=connection, direction="sales", links={rate: "4"}, user=None)
        services.save_settings(connection=connection, user=None, start_date=bridge.START)
        services.finish_setup(connection=connection, user=None)
        services.load_lists(connection=connection)
    run = services.start_sync(connection)
    while not run.is_finished:
        slice_number = run.slice_number
        assert engine.advance(run.pk, slice_number)
        assert not engine.advance(run.pk, slice_number)
        run.refresh_from_db()
    assert run.state == "succeeded"
    after = box.entries(), box.parties()
    assert bridge.assert_same_books(box, connection) == len(documents)
    bridge.sync(connection)
    assert (box.entries(), box.parties()) == after


def test_a_follow_up_starts_once_and_the_night_is_spread(box, connection):
    bridge.sync(connection)
    Connection.objects.update(follow_up_at=timezone.now() - timedelta(seconds=1), automatic_sync=True)
    assert (dispatcher.start_follow_ups(), dispatcher.start_follow_ups()) == (1, 0)
    run = SyncRun.objects.unfinished().get()
    assert run.trigger == "nightly"
    bridge.work_off(run)
    assert dispatcher.plan_night() == 1
    connection.refresh_from_db()
    wait = (connection.follow_up_at - timezone.now()).total_seconds()
    assert -2 < wait - dispatcher.spread_seconds(connection.pk) < 2


def test_a_deactivated_connection_sends_nothing_even_with_a_run_in_the_queue(box, connection):
    document = factories.booked_invoice(entity=connection.entity)
    run = services.start_sync(connection)
    Connection.objects.update(status="deactivated")
    since = box.last_request()
    engine.advance(run.pk, run.slice_number)
    run.refresh_from_db()
    assert (run.state, box.requests(since)) == ("stopped", [])
    assert document.number not in box.entries()
    with pytest.raises(services.NotReady):
        services.start_sync(connection)


def test_a_data_error_ends_the_run_visibly_instead_of_repeating_it(box, connection, monkeypatch):
    document = factories.booked_invoice(entity=connection.entity)
    other = factories.booked_invoice(entity=connection.entity)
    bridge.sync(connection)
    # Somebody linked the other document's booking to this one by its id: the same booking comes back twice.
    Posting.objects.filter(sales_document=document).update(
        state="unclear", external_id="", reason_code="SYS-703", posted_at=None
    )
    entry = box.entries()[document.number]["entry_id"]
    Posting.objects.filter(sales_document=other).update(external_id=entry)

    run = bridge.sync(connection, slices=40)

    posting = bridge.posting(document)
    assert (run.state, posting.state, posting.reason_code) == ("with_issues", "unclear", "NUM-520")
    assert posting.issue.count == 1


@pytest.mark.parametrize("path", ["SalesEntries", "crm/Accounts"])
def test_a_silent_tool_is_left_alone_after_three_calls(box, connection, settings, path):
    """Nine documents do not become nine unclear ones: the run waits, and goes on when the tool is back."""
    settings.BOEKBRUG_REQUEST_DEADLINE_SECONDS = 2
    documents = [factories.booked_invoice(entity=connection.entity) for _ in range(9)]
    box.fault("drop_before", method="POST", path=path, times=1000)
    run = services.start_sync(connection)
    since = box.last_request()
    while not run.not_before:
        engine.advance(run.pk, run.slice_number)
        run.refresh_from_db()
        assert not run.is_finished
    assert run.waits_for == "answer"
    assert len([r for r in box.requests(since) if r["method"] == "POST" and path in r["path"]]) == 3
    assert Posting.objects.filter(state="unclear").count() <= 3

    box.call("faults", method="DELETE")
    bridge.work_off(run)
    bridge.sync(connection)
    assert {bridge.posting(d).state for d in documents} == {"posted"}
    assert bridge.assert_same_books(box, connection) == 9
    assert len([p for p in box.parties() if p["name"].startswith("Customer")]) == 9


def test_a_tool_that_cannot_be_reached_stops_the_run_in_the_end_and_says_so(box, connection, settings):
    document = factories.booked_invoice(entity=connection.entity)
    settings.BOEKBRUG_EXACT_BASE_URL = "http://127.0.0.1:9/exact"
    run = bridge.sync(connection)
    assert (run.state, run.error_code) == ("stopped", "SYS-703")
    assert [i.code for i in Issue.objects.open()] == ["SYS-703"]
    settings.BOEKBRUG_EXACT_BASE_URL = f"{box.base_url}/exact"
    run = bridge.sync(connection)
    assert (run.state, bridge.posting(document).state) == ("succeeded", "posted")
    assert not Issue.objects.open().exists()


def test_a_creation_that_a_limit_stopped_before_it_left_is_not_waited_for(box, connection, settings):
    settings.BOEKBRUG_QUIET_SECONDS = 3600
    document = factories.booked_invoice(entity=connection.entity)
    box.fault("rate_minute", method="POST", path="crm/Accounts")
    run = services.start_sync(connection)
    while not run.not_before:
        engine.advance(run.pk, run.slice_number)
        run.refresh_from_db()
    assert run.waits_for == "limit"
    assert not PartyLink.objects.filter(sent_at__isnull=False).exists()
    Administration.objects.update(counters={})
    SyncRun.objects.update(not_before=None)
    bridge.work_off(run)
    assert bridge.posting(document).state == "posted"


def test_counters_are_saved_before_the_next_worker_reads_them(box, connection, monkeypatch):
    """Otherwise two slices could each make seven errors where eight are allowed."""
    for _ in range(3):
        factories.booked_invoice(entity=connection.entity)
    body = {"error": {"code": "", "message": {"value": "Ongeldig: iets"}}}
    box.fault("status", method="POST", path="SalesEntries", status=400, body=body, times=2)
    box.fault("rate_minute", method="POST", path="SalesEntries")
    seen = []

    def hand_on_and_claim(*args, hand_on=engine.hand_on, **kwargs):
        done = hand_on(*args, **kwargs)
        next_lease = leases.claim(connection.administration_id)
        seen.append(Administration.objects.get(pk=connection.administration_id).counters)
        next_lease.release()
        return done

    monkeypatch.setattr(engine, "hand_on", hand_on_and_claim)
    run = services.start_sync(connection)
    engine.advance(run.pk, run.slice_number)

    (counters,) = seen
    assert len(counters["errors"]["salesentry/SalesEntries"]) == 2
    assert counters["minute"]["left"] == 0


def test_a_worker_that_lost_its_lease_saves_no_counters_and_no_links(box, connection):
    administration = connection.administration
    first = leases.claim(administration.pk)
    Administration.objects.filter(pk=administration.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    second = leases.claim(administration.pk)
    assert second.token == first.token + 1
    gate = gates.SliceGate(tool=get_tool("exact"), administration=administration, lease=first, run=None)
    gate.exhausted("day", timezone.now() + timedelta(days=1))
    gate.flush()
    administration.refresh_from_db()
    assert administration.counters.get("day", {}).get("left") != 0
    assert (first.release(), second.is_held(), second.release()) == (False, True, True)


# --- budgets ------------------------------------------------------------------------------------------------------


def book_many(connection, count):
    customers = [factories.PartyFactory() for _ in range(5)]
    lines = [factories.line("12.34"), factories.line("7", code="6")]
    plans = [factories.Plan(party=customers[n % 5], lines=lines, discounts=("2.5",)) for n in range(count)]
    factories.booked_documents(connection.entity, plans)


def without_demo_booking(box):
    """The demo's books hold an invoice under number 10, which would rightly be a question."""
    box.call("delete_entry", {"reference": "2026/0010", "division": int(bridge.DIVISION)})


def test_ten_queries_a_document_at_most(box, connection):
    without_demo_booking(box)
    book_many(connection, 5)
    bridge.sync(connection)
    party = SalesDocument.objects.first().party
    counts = []
    for number in (20, 60):
        plans = [factories.Plan(party=party, lines=[factories.line()]) for _ in range(number)]
        factories.booked_documents(connection.entity, plans)
        with CaptureQueriesContext(db) as queries:
            bridge.sync(connection)
        counts.append(len(queries))
    assert Posting.objects.filter(state="posted").count() == 85
    assert (counts[1] - counts[0]) / 40 <= 10


def test_planning_costs_fifteen_queries_per_five_hundred_documents(connection):
    def cost():
        books = load_books(connection, get_tool("exact"))
        with CaptureQueriesContext(db) as queries:
            placed = sum(1 for _ in plan.preview(connection, books))
        return len(queries), placed

    book_many(connection, 400)
    few, first = cost()
    book_many(connection, 1000)
    many, second = cost()
    assert (first, second) == (400, 1400)
    assert few <= 15
    assert many <= 45
    assert many - few <= 30


def test_payments_cost_the_same_number_of_queries_for_any_number(box, connection):
    without_demo_booking(box)
    documents = [factories.booked_invoice(entity=connection.entity) for _ in range(24)]
    bridge.sync(connection)

    def cost(paid):
        for document in paid:
            box.pay(document.number)
        with CaptureQueriesContext(db) as queries:
            bridge.sync(connection)
        return len(queries)

    assert cost(documents[2:]) - cost(documents[:2]) <= 2
    assert {d.payment_state for d in SalesDocument.objects.all()} == {"paid"}


# --- files --------------------------------------------------------------------------------------------------------


def attach(document, name="invoice.pdf", content=b"%PDF-1.7 small"):
    DocumentFile.objects.create(document=document, name=name, content=content)


def documents_there(box):
    books = box.call(f"books/exact?division={bridge.DIVISION}&parts=documents", method="GET")
    return books["divisions"][0]["documents"]


def test_a_file_goes_beside_its_booking_once(box, connection):
    document = factories.booked_invoice(entity=connection.entity)
    attach(document)
    bridge.sync(connection)
    bridge.sync(connection)
    (there,) = documents_there(box)
    assert box.entries()[document.number]["document"] == there["id"]
    assert bridge.posting(document).attached_at is not None


def test_a_refused_file_never_touches_the_booking(box, connection):
    document = factories.booked_invoice(entity=connection.entity)
    attach(document)
    box.fault("status", method="POST", path="documents/Documents", status=403, body="")
    run = bridge.sync(connection)
    posting = bridge.posting(document)
    assert (run.state, posting.state) == ("succeeded", "posted")
    assert [note["code"] for note in posting.notes] == ["SYS-708"]
    since = box.last_request()
    bridge.sync(connection)
    assert writes(box, since) == []
    assert bridge.assert_same_books(box, connection) == 1


def test_a_file_whose_answer_was_lost_is_tried_once_a_run_and_holds_up_no_other(box, connection):
    documents = [factories.booked_invoice(entity=connection.entity) for _ in range(3)]
    for document in documents:
        attach(document)
    box.fault("drop_before", method="POST", path="documents/Documents")
    bridge.sync(connection)
    assert [bridge.posting(d).attached_at is None for d in documents] == [True, False, False]
    bridge.sync(connection)
    assert bridge.posting(documents[0]).attached_at is not None


def test_every_document_of_a_large_run_gets_its_file(box, connection, monkeypatch):
    without_demo_booking(box)
    monkeypatch.setattr(files, "PAGE", 4)
    party = factories.PartyFactory()
    for _ in range(10):
        attach(factories.booked_invoice(entity=connection.entity, party=party))
    bridge.sync(connection)
    assert not Posting.objects.filter(attached_at=None).exists()


# --- what is written down -----------------------------------------------------------------------------------------


def test_invariant_9_exchange_records_hold_no_secret(box, connection, caplog):
    caplog.set_level("DEBUG")
    secret = uuid.uuid4().hex
    party = factories.PartyFactory(email=f"{secret}@example.com", phone="+32 470 11 22 33")
    factories.booked_invoice(entity=connection.entity, party=party)
    bridge.sync(connection)
    grant = connection.grant
    grant.refresh_from_db()
    written = "\n".join(f"{e.url} {e.request} {e.answer} {e.error}" for e in Exchange.objects.all()) + caplog.text
    for hidden in (secret, grant.access_token, grant.refresh_token, "demo-secret", "470 11 22 33"):
        assert hidden not in written
    assert Exchange.objects.filter(operation="salesentry/SalesEntries", method="POST", status=201).count() == 1


@pytest.mark.both_databases
def test_invariant_11_commits_that_protect_the_books_are_durable(connection):
    with db.cursor() as cursor:
        if db.vendor == "sqlite":
            cursor.execute("PRAGMA synchronous")
            assert cursor.fetchone()[0] == 2  # FULL
        else:
            cursor.execute("SHOW synchronous_commit")
            assert cursor.fetchone()[0] == "on"
