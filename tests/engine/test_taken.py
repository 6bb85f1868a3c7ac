"""What a tool took and does not show yet: said as it is, looked at once for all, never sent again by itself."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from integrations.base.provider import Capability, Limits
from integrations.messages import posting_reason
from integrations.models import Connection, Issue, Posting, RunState, SyncRun
from integrations.services import not_the_same
from integrations.sync import engine
from integrations.sync.slices import Slice
from tests import bridge, factories
from tests.engine import memory_tool
from tests.engine.memory_tool import MemoryBooks

pytestmark = pytest.mark.django_db(transaction=True)

QUIET = 900


@pytest.fixture
def books(monkeypatch, settings) -> MemoryBooks:
    settings.BOEKBRUG_REQUEST_DEADLINE_SECONDS = 1
    settings.BOEKBRUG_QUIET_SECONDS = 0
    settings.BOEKBRUG_LEASE_SECONDS = 20
    books = MemoryBooks(
        capabilities=frozenset({Capability.FIND_BY_DAYS}),
        limits=Limits(documents_per_call=2, quiet_seconds=QUIET),
        says_no_totals=True,
    )
    memory_tool.install(monkeypatch, books)
    return books


@pytest.fixture
def connection(books) -> Connection:
    return memory_tool.connect(books)


def invoices(connection, count: int = 1, **fields):
    day = timezone.localdate()
    return [factories.booked_invoice(entity=connection.entity, day=day, **fields) for _ in range(count)]


def past_the_quiet_time(connection) -> None:
    """As if the documents had gone out long ago."""
    long_ago = timezone.now() - timedelta(seconds=2 * QUIET)
    for posting in Posting.objects.filter(connection=connection, state="unclear"):
        posting.sent["given_up"] = long_ago.isoformat()
        Posting.objects.filter(pk=posting.pk).update(sent=posting.sent, sent_at=long_ago, not_before=None)


def counters(run: SyncRun) -> dict[str, int]:
    return {name: count for name, count in run.counters["sales"].items() if count and name != "to_send"}


def test_what_was_taken_is_looked_at_after_the_last_batch(books, connection):
    invoices(connection, 5)
    run = bridge.sync(connection)
    assert [name for name, _ in books.calls if name in ("post", "days", "find")] == [
        *["days", "post", "post", "post", "days", "days"], *["find"] * 5,
    ]  # fmt: skip
    assert books.called("days")[-1] == {timezone.localdate()}
    assert run.state == RunState.SUCCEEDED
    assert counters(run) == {"planned": 5, "posted": 5}
    for posting in Posting.objects.all():
        assert (posting.state, posting.label, posting.external_id) == ("posted", "posted", f"B-{posting.reference}")
        assert posting.tool_totals["total"] == "121.00"
        assert not {"booked", "accounts", "party_code", "vat_totals"} & set(posting.sent)


def test_until_it_is_seen_it_is_said_to_be_processed_and_another_sync_looks(books, connection):
    books.is_behind = True
    [invoice] = invoices(connection)
    before = timezone.now()
    run = bridge.sync(connection)
    # The run is over, so that others may begin; nobody has anything to do.
    assert (run.state, Issue.objects.count()) == (RunState.WITH_ISSUES, 0)
    assert counters(run) == {"planned": 1, "taken": 1, "left": 1}
    posting = Posting.objects.get()
    assert (posting.state, posting.label, posting.external_id, posting.number) == ("unclear", "processing", "", "")
    connection.refresh_from_db()
    assert connection.follow_up_at == posting.not_before
    assert before + timedelta(seconds=QUIET) <= posting.not_before <= timezone.now() + timedelta(seconds=QUIET + 1)
    words = posting_reason(posting)
    assert f"took invoice {invoice.number}" in words.sentence
    assert "is processing it" in words.sentence
    assert "Next look at what was booked: " in words.advice
    assert words.who == "nobody"

    # Nobody looks before that moment, and nothing goes out again.
    calls = len(books.called("find"))
    bridge.sync(connection)
    assert (len(books.called("find")), len(books.called("post"))) == (calls, 1)

    books.is_behind = False
    past_the_quiet_time(connection)
    run = bridge.sync(connection)
    posting.refresh_from_db()
    assert (run.state, posting.state, posting.attempts) == (RunState.SUCCEEDED, "posted", 1)
    assert counters(run) == {"posted": 1}
    assert len(books.called("post")) == 1


def test_a_sooner_sync_stays_the_sooner_one(books, connection):
    books.is_behind = True
    tonight = timezone.now() + timedelta(seconds=60)
    invoices(connection)
    run = bridge.services.start_sync(connection)
    Connection.objects.filter(pk=connection.pk).update(follow_up_at=tonight)
    bridge.work_off(run)
    connection.refresh_from_db()
    assert connection.follow_up_at == tonight


def test_a_short_wait_keeps_the_run_open(books, connection, monkeypatch):
    monkeypatch.setattr(engine, "_LONGEST_WAIT", timedelta(hours=1))
    books.is_behind = True
    invoices(connection)
    run = bridge.services.start_sync(connection)
    engine.advance(run.pk, run.slice_number)
    run.refresh_from_db()
    connection.refresh_from_db()
    assert (run.state, run.waits_for, connection.follow_up_at) == (RunState.POSTPONED, "check", None)


def test_what_took_a_whole_slice_to_read_is_used_in_it(books, connection, monkeypatch):
    """However long reading lasts: the first look reads, the others need no call, so the next slice reads nothing."""
    read = memory_tool.MemoryProvider.find_document

    def slowly(self, query):
        monkeypatch.setattr(Slice, "is_over", property(lambda turn: True))
        return read(self, query)

    monkeypatch.setattr(memory_tool.MemoryProvider, "find_document", slowly)
    invoices(connection, 5)
    run = bridge.services.start_sync(connection)
    engine.advance(run.pk, run.slice_number)
    assert set(Posting.objects.values_list("state", flat=True)) == {"posted"}
    assert len(books.called("find")) == 5


def test_what_it_took_and_never_shows_is_a_persons_and_never_sent_again(books, connection):
    invoices(connection)
    books.is_behind = True
    bridge.sync(connection)
    books.is_behind = False
    lost = dict(books.booked)
    books.booked.clear()
    past_the_quiet_time(connection)
    run = bridge.sync(connection)
    posting = Posting.objects.get()
    assert (run.state, posting.state, posting.label) == (RunState.WITH_ISSUES, "unclear", "unclear")
    assert Issue.objects.open().get().params["taken"] == "missing"
    assert "does not show it" in posting_reason(posting).sentence
    bridge.sync(connection)
    assert len(books.called("post")) == 1
    # It is asked about once in each sync; when it turns up the issue closes by itself.
    books.booked.update(lost)
    run = bridge.sync(connection)
    posting.refresh_from_db()
    assert (run.state, posting.state, Issue.objects.open().count()) == (RunState.SUCCEEDED, "posted", 0)


def test_what_it_booked_otherwise_shows_as_a_difference(books, connection):
    books.remarks = ("another ledger account",)
    invoices(connection)
    bridge.sync(connection)
    posting = Posting.objects.get()
    assert (posting.state, posting.reason_code, posting.reason_params) == (
        "differs", "SYS-704", {"what": "another ledger account"},
    )  # fmt: skip
    assert posting.issue is not None


def test_amounts_are_compared_with_what_was_sent_per_vat_code(books, connection, monkeypatch):
    """Also when the document would be built otherwise by now."""
    real = memory_tool._totals

    def totals(document):
        sums = real(document)
        moved = (replace(sums.per_vat_code[0], base=Decimal("99.99"), vat=Decimal("21.01")),)
        return replace(sums, net=Decimal("99.99"), vat=Decimal("21.01"), per_vat_code=moved)

    monkeypatch.setattr(memory_tool, "_totals", totals)
    invoices(connection)
    bridge.sync(connection)
    posting = Posting.objects.get()
    assert (posting.state, posting.reason_code) == ("differs", "APP-209")
    assert posting.reason_params == {"what": "net", "ours": "100.00", "theirs": "99.99", "difference": "-0.01"}


def test_a_crash_after_the_answer_leaves_it_to_the_next_worker(books, connection):
    """The next run looks before it sends anything anew, and its own documents share that look."""
    books.is_behind = True
    invoices(connection, 2)
    bridge.sync(connection)
    books.is_behind = False
    past_the_quiet_time(connection)
    invoices(connection, 1)
    books.calls.clear()
    bridge.sync(connection)
    assert [name for name, _ in books.calls if name in ("post", "find")] == ["post", "find", "find", "find"]
    assert set(Posting.objects.values_list("state", flat=True)) == {"posted"}


def test_a_lost_answer_is_asked_about_by_itself_after_the_quiet_time(books, connection):
    [invoice] = invoices(connection)
    books.lose_answer_of, books.is_behind = str(invoice.number), True
    bridge.sync(connection)
    posting = Posting.objects.get()
    assert (posting.state, posting.label, Issue.objects.count()) == ("unclear", "unclear", 0)
    words = posting_reason(posting)
    assert "may still be processing it" in words.sentence
    assert "Next look at" in words.advice
    connection.refresh_from_db()
    assert connection.follow_up_at == posting.not_before > timezone.now() + timedelta(seconds=QUIET - 60)

    # Afterwards the tool's word counts: still no answer is a question for a person.
    past_the_quiet_time(connection)
    bridge.sync(connection)
    posting.refresh_from_db()
    assert (posting.state, posting.issue.code) == ("unclear", "SYS-703")
    books.is_behind = False
    bridge.sync(connection)
    posting.refresh_from_db()
    assert (posting.state, posting.attempts, len(books.called("post"))) == ("posted", 1, 1)


def test_a_person_who_says_that_it_is_another_booking_ends_the_tools_word(books, connection):
    books.is_behind = True
    invoices(connection)
    bridge.sync(connection)
    posting = Posting.objects.get()
    not_the_same(posting=posting, external_id="B-other", user=None)
    posting.refresh_from_db()
    assert (posting.is_taken, posting.label) == (False, "unclear")
