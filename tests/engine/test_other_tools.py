"""What the engine does for tools that differ from Exact Online: numbering, whole refusals, customers inline, quotas."""

from datetime import timedelta

import pytest
from django.utils import timezone

from integrations import services
from integrations.base.errors import RateLimited
from integrations.base.provider import Capability, Limits
from integrations.base.records import PartyRecord
from integrations.models import (
    Administration,
    CallCounter,
    Grant,
    Issue,
    PartyLink,
    Posting,
    RunState,
    RunTrigger,
    SyncRun,
)
from integrations.services import ConnectError
from integrations.sync import quotas
from integrations.sync.opening import AdministrationSession
from integrations.sync.runs import NotReady
from tests import bridge, factories
from tests.engine import memory_tool
from tests.engine.memory_tool import MemoryBooks

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def short_waits(settings):
    settings.BOEKBRUG_REQUEST_DEADLINE_SECONDS = 1
    settings.BOEKBRUG_QUIET_SECONDS = 0
    settings.BOEKBRUG_LEASE_SECONDS = 20


def ready(monkeypatch, **fields):
    books = MemoryBooks(**fields)
    memory_tool.install(monkeypatch, books)
    return books, memory_tool.connect(books)


def invoices(connection, count: int = 1, **fields):
    day = timezone.localdate()
    return [factories.booked_invoice(entity=connection.entity, day=day, **fields) for _ in range(count)]


def states(connection) -> dict[str, str]:
    return dict(Posting.objects.filter(connection=connection).values_list("reference", "state"))


# --- numbers given by the caller ----------------------------------------------------------------------------------------


def test_documents_get_the_next_numbers_of_their_journal(monkeypatch, short_waits):
    books, connection = ready(monkeypatch)
    docs = invoices(connection, 3)
    bridge.sync(connection)
    assert [books.numbered["V1", n].reference for n in (1, 2, 3)] == [d.number for d in docs]
    assert {p.reference: p.number for p in Posting.objects.all()} == {d.number: str(n) for n, d in enumerate(docs, 1)}
    assert books.called("last number") == [("V1", "7")]  # asked once, then counted
    assert all(posted.number.book_year == "7" for [posted] in books.called("post"))


def test_a_number_that_somebody_else_took_is_given_anew_after_a_look(monkeypatch, short_waits):
    books, connection = ready(monkeypatch)
    first, second = invoices(connection, 2)
    bridge.sync(connection)

    def taken_meanwhile(self, journal, book_year, ask=memory_tool.MemoryProvider.last_number):
        found = ask(self, journal, book_year)
        books.numbered[journal, found + 1] = books.numbered[journal, found]  # a colleague books by hand
        return found

    monkeypatch.setattr(memory_tool.MemoryProvider, "last_number", taken_meanwhile)
    [third] = invoices(connection)
    books.calls.clear()
    bridge.sync(connection)
    assert [posted[0].number.number for posted in books.called("post")] == [3, 4]
    assert books.called("find") == [third.number]
    assert bridge.posting(third).number == "4"
    assert set(states(connection).values()) == {"posted"}
    assert {first.number, second.number, third.number} == set(books.booked)


def test_a_refused_one_leaves_no_gap_in_the_numbers_of_its_batch(monkeypatch, short_waits):
    books, connection = ready(monkeypatch, limits=Limits(documents_per_call=10))
    docs = invoices(connection, 6)
    bad = {docs[1].number, docs[4].number}
    books.refuse = lambda document: document.reference in bad
    books_refused_one_by_one = memory_tool.MemoryProvider.post_documents

    def one_by_one(self, batch):
        return [outcome for one in batch for outcome in books_refused_one_by_one(self, [one])]

    monkeypatch.setattr(memory_tool.MemoryProvider, "post_documents", one_by_one)
    bridge.sync(connection)
    good = [document.number for document in docs if document.number not in bad]
    assert [books.numbered["V1", n].reference for n in range(1, 5)] == good
    assert states(connection) == dict.fromkeys(good, "posted") | dict.fromkeys(bad, "refused")
    assert {p.reference: p.number for p in Posting.objects.filter(state="posted")} == {
        reference: str(n) for n, reference in enumerate(good, 1)
    }


def test_a_lost_answer_stops_its_journal_until_it_is_clear(monkeypatch, short_waits):
    books, connection = ready(monkeypatch)
    lost, after = invoices(connection, 2)
    books.lose_answer_of = lost.number
    bridge.sync(connection)
    assert states(connection) == {lost.number: "posted", after.number: "posted"}
    numbers = [posted[0].number.number for posted in books.called("post")]
    assert numbers == [1, 2]  # nothing went out under 2 before it was known that 1 is ours
    order = [name for name, _what in books.calls if name in ("post", "find")]
    assert order[:3] == ["post", "find", "post"]


def test_what_stands_under_our_number_and_is_not_ours_is_never_overwritten(monkeypatch, short_waits):
    books, connection = ready(monkeypatch)
    lost, after = invoices(connection, 2)
    books.lose_answer_of = lost.number
    found = memory_tool.MemoryProvider.find_document

    def changed(self, query):
        if query.reference == lost.number:
            books.booked[lost.number] = memory_tool.other_total(books.numbered["V1", 1])
        return found(self, query)

    monkeypatch.setattr(memory_tool.MemoryProvider, "find_document", changed)
    bridge.sync(connection)
    assert states(connection) == {lost.number: "unclear", after.number: "waiting"}
    assert bridge.posting(after).reason_code == "NUM-524"
    assert len(books.called("post")) == 1


# --- batches --------------------------------------------------------------------------------------------------------------


def test_a_batch_refused_as_a_whole_is_halved_until_only_the_bad_one_is_left(monkeypatch, short_waits):
    books, connection = ready(
        monkeypatch, capabilities=frozenset({Capability.JOURNALS}), limits=Limits(documents_per_call=8)
    )
    docs = invoices(connection, 8)
    books.refuse = lambda document: document.reference == docs[5].number
    bridge.sync(connection)
    expected = {d.number: "posted" for d in docs} | {docs[5].number: "refused"}
    assert states(connection) == expected
    assert set(books.booked) == {d.number for d in docs} - {docs[5].number}
    assert len(books.called("post")) == 7  # 8, 4, 4, 2, 1, 1, 2


# --- customers that travel with their documents ----------------------------------------------------------------------------


INLINE = frozenset({Capability.CONTACTS_INLINE})


def test_a_new_customer_goes_along_under_our_own_code(monkeypatch, short_waits):
    books, connection = ready(monkeypatch, capabilities=INLINE)
    company = factories.CompanyFactory()
    invoices(connection, 1, party=company)
    bridge.sync(connection)
    link = PartyLink.objects.get(party=company)
    assert (link.external_id, link.code) == (company.mark, company.mark)
    [[posted]] = books.called("post")
    assert (posted.party.code, posted.party_data.name, posted.party_data.street) == (
        company.mark, company.name, company.street,
    )  # fmt: skip
    assert books.called("save") == []


def test_fields_go_along_again_only_after_they_changed(monkeypatch, short_waits):
    books, connection = ready(monkeypatch, capabilities=INLINE)
    company = factories.CompanyFactory()
    for street in ("", "", "Nieuwstraat 2"):
        if street:
            type(company).objects.filter(pk=company.pk).update(street=street)
        invoices(connection, 1, party=company)
        bridge.sync(connection)
    sent = [posted[0].party_data.street for posted in books.called("post")]
    assert sent == [company.street, "", "Nieuwstraat 2"]


def test_a_relation_that_is_there_without_a_code_gets_ours_before_the_first_document(monkeypatch, short_waits):
    books, connection = ready(monkeypatch, capabilities=INLINE)
    company = factories.CompanyFactory()
    books.relations["G-1"] = PartyRecord(
        external_id="G-1", code="", name="Somebody", vat_number=company.vat_number, roles=memory_tool.BOTH
    )
    invoices(connection, 1, party=company)
    bridge.sync(connection)
    [[saved]] = books.called("save")
    assert (saved.external_id, saved.reference, saved.name) == ("G-1", company.mark, "")
    link = PartyLink.objects.get(party=company)
    assert (link.external_id, link.code) == ("G-1", company.mark)
    [[posted]] = books.called("post")
    assert posted.party.code == company.mark
    assert [name for name, _ in books.calls if name in ("save", "post")] == ["save", "post"]


def test_customers_and_suppliers_kept_apart_are_not_taken_for_doubles(monkeypatch, short_waits):
    apart = frozenset({Capability.JOURNALS, Capability.SEPARATE_ROLE_CODES})
    books, connection = ready(monkeypatch, capabilities=apart)
    company = factories.CompanyFactory()
    for external_id, role in (("DEB:1", "customer"), ("CRD:1", "supplier")):
        books.relations[external_id] = PartyRecord(
            external_id=external_id, code=external_id, name=company.name, vat_number=company.vat_number,
            roles=frozenset(r for r in memory_tool.BOTH if r.value == role),
        )  # fmt: skip
    invoices(connection, 1, party=company)
    bridge.sync(connection)
    link = PartyLink.objects.get(party=company)
    assert (link.external_id, link.role) == ("DEB:1", "customer")
    assert set(states(connection).values()) == {"posted"}


# --- payments that nothing explains ---------------------------------------------------------------------------------------


def test_a_booking_that_is_open_no_more_without_a_payment_is_a_question_for_a_person(monkeypatch, short_waits):
    books, connection = ready(monkeypatch)
    stands, deleted = invoices(connection, 2)
    bridge.sync(connection)
    books.unexplained = tuple(f"B-{document.number}" for document in (stands, deleted))
    del books.booked[deleted.number]
    bridge.sync(connection)
    assert states(connection) == {stands.number: "posted", deleted.number: "gone"}
    assert bridge.posting(stands).issue.code == "PAY-725"
    stands.refresh_from_db()
    assert stands.payment_state == "open"
    books.calls.clear()
    bridge.sync(connection)
    assert books.called("find") == []  # it was looked at
    books.unexplained = ()
    bridge.sync(connection)
    assert bridge.posting(stands).issue is None
    assert not Issue.objects.open().filter(code="PAY-725").exists()


# --- quotas of single operations ------------------------------------------------------------------------------------------


def test_lists_that_may_not_be_read_again_today_stay_as_they_are(monkeypatch, short_waits):
    books, connection = ready(monkeypatch, limits=memory_tool.twice_a_day("list vat-codes"))
    assert services.readings_left(connection).left == 1  # one was read to connect
    for left in (0, 0):
        invoices(connection)
        run = bridge.sync(connection)
        assert run.state == RunState.SUCCEEDED
        assert services.readings_left(connection).left == left
    assert len(books.called("list vat-codes")) == 2
    assert run.counters["catalogue"]["kept"] == 1
    with pytest.raises(RateLimited):
        services.load_lists(connection=connection)
    CallCounter.objects.update(resets_at=timezone.now() - timedelta(seconds=1))
    assert services.readings_left(connection).left == 2
    services.load_lists(connection=connection)


def test_a_quota_of_writing_leaves_the_rest_for_tomorrow_and_fetches_payments_all_the_same(monkeypatch, short_waits):
    books, connection = ready(monkeypatch, limits=memory_tool.twice_a_day("post"))
    docs = invoices(connection, 5)
    for day in (1, 2, 3):
        books.calls.clear()
        run = bridge.sync(connection)
        assert run.is_finished
        assert len(books.called("settlements")) == 1
        assert len(books.booked) == min(2 * day, 5)
        waiting = Posting.objects.filter(connection=connection, state="waiting")
        assert set(waiting.values_list("reason_code", flat=True)) <= {"SYS-701"}
        CallCounter.objects.update(resets_at=timezone.now() - timedelta(seconds=1))
    assert [books.numbered["V1", n].reference for n in range(1, 6)] == [d.number for d in docs]


def test_a_reserve_is_for_people(monkeypatch, short_waits):
    books, connection = ready(monkeypatch, limits=memory_tool.twice_a_day("settlements", calls=2, reserve=1))
    for trigger, asked in ((RunTrigger.NIGHTLY, 1), (RunTrigger.NIGHTLY, 1), (RunTrigger.MANUAL, 2)):
        run = services.start_sync(connection, trigger)
        bridge.work_off(run)
        assert len(books.called("settlements")) == asked
    assert SyncRun.objects.filter(state=RunState.STOPPED).count() == 0


def test_two_takers_never_take_more_than_there_is():
    limit = memory_tool.twice_a_day("x", calls=3).calls[0]
    owners = quotas.Owners(administration_id=1, grant_id=None)
    for _ in range(3):
        quotas.take(limit, owners, "x", for_person=False)
    with pytest.raises(RateLimited) as caught:
        quotas.take(limit, owners, "x", for_person=True)
    assert (caught.value.scope, caught.value.operation, caught.value.limit) == ("day", "x", 3)
    assert CallCounter.objects.get().used == 3


# --- signing in by what a person filled in ------------------------------------------------------------------------------


def test_credentials_are_kept_encrypted_and_used_for_the_next_session(monkeypatch, short_waits):
    books, connection = ready(monkeypatch)
    grant = Grant.objects.get()
    assert "right" in grant.credentials
    with_password = Grant.objects.extra(where=["credentials LIKE '%%right%%'"])
    assert not with_password.exists()  # what lies in the database is not the password
    Grant.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    books.calls.clear()
    bridge.sync(connection)
    assert books.called("log-in") == [{"user": "an", "password": "right"}]


def test_a_password_that_is_refused_is_never_tried_again_without_a_person(monkeypatch, short_waits):
    books, connection = ready(monkeypatch)
    Grant.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    books.password = "changed"
    books.calls.clear()
    assert bridge.sync(connection).state == RunState.STOPPED
    with pytest.raises(NotReady):
        bridge.sync(connection)
    assert len(books.called("log-in")) == 1
    connection.refresh_from_db()
    assert (connection.status, connection.status_code) == ("reconnect_needed", "AUT-407")
    user = factories.UserFactory()
    services.log_in(connection=connection, credentials={"user": "an", "password": "changed"}, user=user)
    connection.refresh_from_db()
    assert connection.status == "connected"
    assert bridge.sync(connection).state == RunState.SUCCEEDED


def test_a_refused_password_keeps_what_was_there(monkeypatch, short_waits):
    _books, connection = ready(monkeypatch)
    with pytest.raises(Exception, match="wrong password"):
        services.log_in(
            connection=connection, credentials={"user": "an", "password": "no"}, user=factories.UserFactory()
        )
    assert '"right"' in Grant.objects.get().credentials
    with pytest.raises(ConnectError, match="Fill in everything"):
        services.log_in(connection=connection, credentials={"user": "an"}, user=factories.UserFactory())
    assert bridge.sync(connection).state == RunState.SUCCEEDED


def test_a_session_of_the_administration_is_kept_between_slices_and_dropped_with_the_sign_in(monkeypatch):
    _books, connection = ready(monkeypatch)
    pk = connection.administration_id
    session = AdministrationSession(pk)
    assert session.get() == ""
    session.put("token", timezone.now() + timedelta(minutes=10))
    assert AdministrationSession(pk).get() == "token"
    assert not Administration.objects.extra(where=["session_token LIKE '%%token%%'"]).exists()
    session.put("old", timezone.now() + timedelta(seconds=5))
    assert AdministrationSession(pk).get() == ""  # too near its end to begin a call with
    session.put("token", timezone.now() + timedelta(minutes=10))
    services.log_in(
        connection=connection, credentials={"user": "an", "password": "right"}, user=factories.UserFactory()
    )
    assert AdministrationSession(pk).get() == ""
