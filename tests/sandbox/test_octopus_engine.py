"""A whole sync with Octopus: the engine on our side, the sandbox on the other, HTTP between them."""

import json
from collections import Counter
from datetime import date, timedelta
from decimal import Decimal

import pytest
from django.utils import timezone

from crm.models import Party
from integrations import registry, services
from integrations.admin.progress import loaded, view_of
from integrations.base.errors import Rejected
from integrations.models import Administration, CallCounter, Connection, Exchange, Issue, PartyLink, Posting, SyncRun
from integrations.octopus.client import OctopusClient
from integrations.octopus.matching import external_number
from integrations.octopus.provider import OctopusProvider
from integrations.octopus.tool import OCTOPUS
from integrations.sandbox.octopus.auth import SOFTWARE_HOUSE
from integrations.sync import mirror, slices
from invoicing.models import DocumentFile, VatRate
from tests import bridge, factories, workers
from tests.sandbox.octopus_box import QUARTERS

pytestmark = pytest.mark.django_db(transaction=True)

DOSSIER = int(QUARTERS)
CODES = {"21": "21", "6": "06", "MC": "MC"}
ACCOUNTS = {"21": "700100", "6": "700120", "MC": "700500"}
DAY = date(2026, 5, 11)


@pytest.fixture
def connection(octopus, settings, monkeypatch):
    monkeypatch.setitem(registry.TOOLS, "octopus", OCTOPUS)
    monkeypatch.setattr(settings, "BOEKBRUG_OCTOPUS_BASE_URL", octopus.url, raising=False)
    monkeypatch.setattr(settings, "BOEKBRUG_OCTOPUS_CLIENT_ID", SOFTWARE_HOUSE, raising=False)
    settings.BOEKBRUG_REQUEST_DEADLINE_SECONDS = 2
    settings.BOEKBRUG_QUIET_SECONDS = 0
    settings.BOEKBRUG_LEASE_SECONDS = 20
    octopus.switch(limits=True)
    user = factories.UserFactory()
    for code in CODES:
        factories.vat_rate(code)
    connection = services.start_connection(entity=factories.EntityFactory(), tool="octopus", site="be", user=user)
    credentials = {"user": "demo@U1", "password": "demo"}
    connection = services.log_in(connection=connection, credentials=credentials, user=user)
    connection = services.choose_administration(connection=connection, external_id=QUARTERS, user=user)
    services.load_lists(connection=connection)
    services.save_settings(
        connection=connection,
        user=user,
        start_date=date(2026, 4, 1),
        journals={"invoice": "V1", "credit_note": "V2", "purchase_invoice": "A1", "purchase_credit_note": "A2"},
        discount_account="708000",
    )
    ids = dict(VatRate.objects.filter(country="BE", entity=None).values_list("code", "pk"))
    services.link_vat(connection=connection, direction="sales", links={ids[c]: v for c, v in CODES.items()}, user=user)
    services.link_ledger(
        connection=connection, direction="sales", links={ids[c]: v for c, v in ACCOUNTS.items()}, user=user
    )
    return services.finish_setup(connection=connection, user=user)


def invoices(connection, count=1, **fields):
    return [factories.booked_invoice(entity=connection.entity, day=DAY, **fields) for _ in range(count)]


def states(connection):
    return dict(Posting.objects.filter(connection=connection).values_list("reference", "state"))


def sales(octopus):
    found = {}
    for row in octopus.books()["entries"]:
        if row["kind"] == "sales":
            assert row["reference"] not in found, f"{row['reference']} stands twice in the books"
            found[row["reference"]] = row
    return found


def test_invoices_go_there_once_and_their_payments_come_back(octopus, connection):
    docs = invoices(connection, 3)
    bridge.sync(connection)
    assert states(connection) == {d.number: "posted" for d in docs}
    books = sales(octopus)
    assert [books[d.number]["number"] for d in docs] == [2, 3, 4]
    assert [Decimal(books[d.number]["total"]) for d in docs] == [d.total for d in docs]
    assert [bridge.posting(d).external_id for d in docs] == ["4/V1/2", "4/V1/3", "4/V1/4"]
    assert {link.external_id for link in PartyLink.objects.all()} == {books[d.number]["party_code"] for d in docs}
    octopus.control("pay", reference=docs[0].number, date="2026-06-01")
    octopus.control("pay", reference=docs[1].number, amount="10.00", date="2026-06-01")
    bridge.sync(connection)
    for one in docs:
        one.refresh_from_db()
    assert [d.payment_state for d in docs] == ["paid", "partly_paid", "open"]
    assert len(sales(octopus)) == 7 + 3
    assert not Issue.objects.open().exists()


def test_what_a_quiet_sync_costs(octopus, connection):
    invoices(connection, 3)
    bridge.sync(connection)
    Exchange.objects.all().delete()
    bridge.sync(connection)
    spent = Counter(Exchange.objects.values_list("operation", flat=True))
    assert spent["balancings/modified"] == 1
    assert sum(spent.values()) <= 4, spent


def test_what_a_batch_costs(octopus, connection):
    Exchange.objects.all().delete()
    customer = factories.CompanyFactory()
    invoices(connection, 12, party=customer)
    bridge.sync(connection)
    spent = Counter(Exchange.objects.values_list("operation", flat=True))
    assert (spent["buysellbookings/save"], spent["relations/save"], spent["journals"]) == (12, 1, 1)
    # What stands there before the first sending (a call a bookyear), and one reading back for all twelve.
    assert spent["buysellbookings/modified"] <= 4
    assert sum(spent.values()) - 12 - 2 <= 15, spent


def test_a_lost_answer_books_once_and_the_journal_goes_on(octopus, connection):
    first, second = invoices(connection, 2)
    octopus.fault("drop_after", method="POST", path=r"/buysellbookings$")
    bridge.sync(connection)
    bridge.sync(connection)
    assert states(connection) == {first.number: "posted", second.number: "posted"}
    books = sales(octopus)
    assert [books[d.number]["number"] for d in (first, second)] == [2, 3]


def test_somebody_books_by_hand_at_the_same_time(octopus, connection):
    docs = invoices(connection, 2)
    bridge.sync(connection)
    octopus.control(
        "book",
        division=DOSSIER,
        relation=2,
        date="2026-05-02",
        reference="by hand",
        lines=[["700100", "21", "1", "0.21"]],
    )
    docs += invoices(connection, 2)
    bridge.sync(connection)
    books = sales(octopus)
    assert [books[d.number]["number"] for d in docs] == [2, 3, 5, 6]
    assert set(states(connection).values()) == {"posted"}


def test_a_refused_document_stops_itself_only(octopus, connection):
    customer = factories.CompanyFactory()
    docs = invoices(connection, 3, party=customer)
    body = {"errorCode": -950, "errorMessage": "Iets anders."}
    octopus.fault("status", path=r"/buysellbookings$", status=400, body=body, body_contains=docs[1].number)
    bridge.sync(connection)
    assert states(connection) == {docs[0].number: "posted", docs[1].number: "refused", docs[2].number: "posted"}
    books = sales(octopus)
    assert [books[d.number]["number"] for d in (docs[0], docs[2])] == [2, 3]


# --- files that go with the booking -----------------------------------------------------------------------------------


class WorkerDies(BaseException):
    """Nothing catches it, like the end of a process."""


def with_file(document, size=40, name="plan.pdf"):
    """With one file of its own; PDF and e-invoice are left out, since drawing them takes its time."""
    Connection.objects.update(attach_since=None)
    DocumentFile.objects.create(document=document, name=name, content=b"%PDF-" + b"x" * size)
    return document


def dies_behind_booking(connection, monkeypatch, call=1):
    """The worker dies when this call that books was answered, before it keeps the answer; another one goes on."""
    book, calls = OctopusClient.book, []

    def booked_and_dead(self, payload):
        calls.append(payload)
        try:
            return book(self, payload)
        finally:
            if len(calls) == call:
                raise WorkerDies

    with monkeypatch.context() as patched:
        patched.setattr(OctopusClient, "book", booked_and_dead)
        with pytest.raises(WorkerDies):
            bridge.sync(connection)
    next_worker(connection)


def next_worker(connection):
    """What the dispatcher does once the dead worker's lease is over."""
    administration = Administration.objects.filter(pk=connection.administration_id)
    administration.update(lease_until=timezone.now() - timedelta(seconds=1))
    workers.finish(connection)


def files_and_notes(octopus, document):
    posting = bridge.posting(document)
    assert (posting.state, posting.attached_at is not None) == ("posted", True)
    return sales(octopus)[document.number]["files"], [note["params"]["text"] for note in posting.notes]


def test_a_worker_that_dies_behind_a_booking_with_its_files(octopus, connection, monkeypatch):
    one = with_file(*invoices(connection))
    dies_behind_booking(connection, monkeypatch)
    assert files_and_notes(octopus, one) == (["plan.pdf"], [])


def test_refused_files_are_said_although_the_worker_dies_behind_the_booking(octopus, connection, monkeypatch):
    """The first call was refused for its file, the second booked without it, and nobody kept the second one's answer."""
    one = with_file(*invoices(connection))
    octopus.switch(file_bytes=10)
    dies_behind_booking(connection, monkeypatch, call=2)
    assert files_and_notes(octopus, one) == ([], ["De bijlage is te groot."])


def test_a_refused_file_goes_along_after_all_where_the_worker_died_behind_the_refusal(octopus, connection, monkeypatch):
    one = with_file(*invoices(connection))
    octopus.switch(file_bytes=10)
    book = OctopusClient.book

    def refused_and_dead(self, payload):
        with pytest.raises(Rejected):
            book(self, payload)
        raise WorkerDies

    with monkeypatch.context() as patched:
        patched.setattr(OctopusClient, "book", refused_and_dead)
        with pytest.raises(WorkerDies):
            bridge.sync(connection)
    octopus.switch(file_bytes=None)
    next_worker(connection)
    assert files_and_notes(octopus, one) == (["plan.pdf"], [])


def test_a_file_above_our_limit_is_said_although_the_worker_dies(octopus, connection, monkeypatch):
    one = with_file(with_file(*invoices(connection)), size=5 * 1024 * 1024, name="large.pdf")
    dies_behind_booking(connection, monkeypatch)
    assert files_and_notes(octopus, one) == (["plan.pdf"], ["large.pdf is larger than 5 MB"])


def test_files_that_are_refused_again_and_again_are_sent_no_more(octopus, connection):
    """Each refusal costs two of the day's bookings."""
    octopus.switch(file_bytes=10)
    documents = [with_file(one) for one in invoices(connection, 6, party=factories.CompanyFactory())]
    Exchange.objects.all().delete()
    bridge.sync(connection)
    assert [files_and_notes(octopus, one) for one in documents] == [([], ["De bijlage is te groot."])] * 6
    assert Exchange.objects.filter(operation="buysellbookings/save").count() == 6 + 3


def test_a_period_that_is_closed_is_known_before_anything_is_sent(octopus, connection):
    octopus.control("close_period", division=DOSSIER, bookyear=4, until=202602, journals=["V1", "V2"])
    octopus.control("limits", clear=True)
    services.load_lists(connection=connection)
    (one,) = invoices(connection)
    bridge.sync(connection)
    posting = bridge.posting(one)
    assert (posting.state, posting.reason_code) == ("blocked", "PER-501")


def test_a_booking_deleted_there_is_gone_here(octopus, connection):
    (one,) = invoices(connection)
    bridge.sync(connection)
    octopus.control("pay", reference=one.number, amount="1.00", date="2026-06-01")
    bridge.sync(connection)
    octopus.control("delete_entry", reference=one.number)
    bridge.sync(connection)
    posting = bridge.posting(one)
    assert (posting.state, posting.reason_code) == ("gone", "PAY-722")


def test_a_deleted_booking_that_nobody_paid_is_found_out_within_a_day(octopus, connection):
    (one,) = invoices(connection)
    bridge.sync(connection)
    administration = Administration.objects.get()
    cursor = json.loads(administration.settlement_cursor)
    Administration.objects.update(settlement_cursor=json.dumps({**cursor, "deleted_on": "2026-01-01"}))
    octopus.control("delete_entry", reference=one.number)
    bridge.sync(connection)
    assert bridge.posting(one).state == "gone"


def test_credit_notes_and_discounts_in_their_own_journal(octopus, connection):
    customer = factories.CompanyFactory()
    lines = [factories.line("33.33"), factories.line("12.345", code="6", quantity="3"), factories.line("50", code="MC")]
    invoice = factories.booked_invoice(
        entity=connection.entity, day=DAY, party=customer, lines=lines, discounts=["2.5", "1"]
    )
    note = factories.booked_credit_note(entity=connection.entity, day=DAY, party=customer, lines=lines[:2])
    bridge.sync(connection)
    assert states(connection) == {invoice.number: "posted", note.number: "posted"}
    books = sales(octopus)
    assert (Decimal(books[invoice.number]["total"]), books[invoice.number]["journal"]) == (invoice.total, "V1")
    assert (Decimal(books[note.number]["total"]), books[note.number]["journal"]) == (-note.total, "V2")
    octopus.control("match", reference=invoice.number, division=DOSSIER, **{"with": note.number})
    bridge.sync(connection)
    invoice.refresh_from_db()
    note.refresh_from_db()
    assert (invoice.payment_state, note.payment_state) == ("partly_paid", "paid")


def test_a_journal_that_somebody_has_open_is_tried_again(octopus, connection):
    octopus.control("lock_journal", division=DOSSIER, journal="V1")
    (one,) = invoices(connection)
    bridge.sync(connection)
    posting = bridge.posting(one)
    assert (posting.state, posting.reason_code) == ("waiting", "JRN-513")
    assert one.number not in sales(octopus)
    octopus.control("lock_journal", division=DOSSIER, journal="V1", locked=False)
    bridge.sync(connection)
    assert bridge.posting(one).state == "posted"


def test_a_password_that_was_changed_is_tried_once(octopus, connection):
    octopus.control("password", password="new")
    octopus.control("token", revoke=True)
    invoices(connection)
    bridge.sync(connection)
    connection.refresh_from_db()
    assert connection.status == "reconnect_needed"
    assert octopus.control("password")["failed"] == 1


def test_a_relation_whose_answer_was_lost_is_made_once(octopus, connection):
    octopus.fault("drop_after", method="PUT", path="/relations")
    (one,) = invoices(connection)
    bridge.sync(connection)
    bridge.sync(connection)
    assert states(connection) == {one.number: "posted"}
    assert len([row for row in octopus.books()["parties"] if row["name"] == one.party.name]) == 1


def test_the_number_of_a_deleted_booking_is_given_out_again(octopus, connection):
    (one,) = invoices(connection)
    bridge.sync(connection)
    octopus.control("pay", reference=one.number, amount="1.00", date="2026-06-01")
    bridge.sync(connection)
    octopus.control("delete_entry", reference=one.number)
    bridge.sync(connection)
    (two,) = invoices(connection)
    bridge.sync(connection)
    assert sales(octopus)[two.number]["number"] == 2
    assert (bridge.posting(one).state, bridge.posting(two).state) == ("gone", "posted")


def test_a_number_freed_by_the_button_of_a_document_goes_to_the_next_one_unpaid(octopus, connection):
    (one,) = invoices(connection)
    bridge.sync(connection)
    octopus.control("pay", reference=one.number, amount="1.00", date="2026-06-01")
    bridge.sync(connection)
    octopus.control("delete_entry", reference=one.number)
    posting = bridge.posting(one)
    assert services.refresh_from_tool(posting=posting, user=factories.UserFactory()) == "gone"
    assert (posting.external_id, posting.state) == ("", "gone")
    (two,) = invoices(connection)
    bridge.sync(connection)
    two.refresh_from_db()
    assert (bridge.posting(two).state, two.payment_state, two.paid_amount) == ("posted", "open", 0)


# --- relations made without a look of their own ---------------------------------------------------------------


def relation_calls():
    rows = Exchange.objects.filter(operation__startswith="relations").order_by("pk")
    return [name.removeprefix("relations").strip("/") for name in rows.values_list("operation", flat=True)]


def test_new_customers_cost_one_call_each(octopus, connection):
    Exchange.objects.all().delete()
    docs = invoices(connection, 3)
    bridge.sync(connection)
    assert states(connection) == {d.number: "posted" for d in docs}
    assert relation_calls() == ["", "modified", "save", "save", "save"]


def test_where_inactive_relations_are_not_shown_each_customer_is_looked_for(octopus, connection):
    octopus.switch(changes_show_inactive=False)
    Exchange.objects.all().delete()
    (one,) = invoices(connection)
    twin = factories.CompanyFactory(name="Librairie L'Encrier Percé srl", postcode="5000")
    (held,) = invoices(connection, party=twin)
    bridge.sync(connection)
    assert relation_calls() == ["", "modified", "search", "save", "search"]
    assert states(connection) == {one.number: "posted", held.number: "blocked"}
    assert bridge.posting(held).reason_code == "PAR-649"
    assert len([row for row in octopus.books()["parties"] if row["name"] == twin.name]) == 1


def test_an_inactive_relation_is_not_made_a_second_time(octopus, connection):
    twin = factories.CompanyFactory(name="Librairie L'Encrier Percé srl", postcode="5000")
    (held,) = invoices(connection, party=twin)
    bridge.sync(connection)
    assert (bridge.posting(held).state, bridge.posting(held).reason_code) == ("blocked", "PAR-640")
    assert len([row for row in octopus.books()["parties"] if row["name"] == twin.name]) == 1


def test_an_inactive_twin_steps_back_for_the_relation_in_use(octopus, connection):
    twins = [
        {"name": "Twin", "postalCode": "9000", "external_id": n, "active": n == 7, "client": True} for n in (6, 7, 8)
    ]
    octopus.control("seed", division=DOSSIER, relations=twins)
    (one,) = invoices(connection, party=factories.CompanyFactory(name="Twin", postcode="9000", vat_number=""))
    bridge.sync(connection)
    assert states(connection) == {one.number: "posted"}
    assert sales(octopus)[one.number]["party_code"] == "27"


@pytest.mark.parametrize("active", [True, False])
def test_a_stranger_with_our_number_keeps_its_data(octopus, connection, active):
    (one,) = invoices(connection)
    number = external_number(one.party.mark)
    octopus.control(
        "seed", division=DOSSIER, relations=[{"name": "A stranger", "external_id": number, "active": active}]
    )
    before = octopus.relation_row("A stranger")
    bridge.sync(connection)
    assert states(connection) == {one.number: "posted"}
    assert octopus.relation_row("A stranger") == before
    assert octopus.relation_row(one.party.name)["external_id"] == external_number(one.party.mark, 1)


def test_after_an_unclear_creation_there_is_a_look_before_the_next_one(octopus, connection):
    """The mark was cut and the customer changed since: only the number says whose relation it is."""
    octopus.switch(search_field_length=8)
    octopus.fault("drop_after", method="PUT", path="/relations")
    (one,) = invoices(connection, party=factories.CompanyFactory(vat_number="", postcode="9000"))
    run = services.start_sync(connection)
    while not PartyLink.objects.filter(external_id="", sent_at__isnull=False).exists():
        assert bridge.work_off_once(run)
    Party.objects.filter(pk=one.party_id).update(name="Another name", name_key="another name")
    Exchange.objects.all().delete()
    bridge.work_off(run)
    assert "search" in relation_calls()
    assert states(connection) == {one.number: "posted"}
    assert len(octopus.books()["parties"]) == 26


def test_relations_read_too_long_ago_prove_nothing(octopus, connection, monkeypatch):
    """A colleague made the customer after the reading: a look finds it where the reading is too old."""
    monkeypatch.setattr(mirror, "FRESH", timedelta(0))
    (one,) = invoices(connection)
    run = services.start_sync(connection)
    seed = [{"name": one.party.name, "vatNr": one.party.vat_number, "client": True}]
    prove = mirror.prove

    def colleague_is_faster(*about):
        prove(*about)
        octopus.control("seed", division=DOSSIER, relations=seed)

    monkeypatch.setattr(mirror, "prove", colleague_is_faster)
    bridge.work_off(run)
    assert (bridge.posting(one).state, bridge.posting(one).reason_code) == ("blocked", "PAR-649")
    assert [row["name"] for row in octopus.books()["parties"]].count(one.party.name) == 1


def test_relations_are_read_again_while_many_are_made(octopus, connection, monkeypatch, settings):
    settings.BOEKBRUG_SLICE_SECONDS = 0.3
    octopus.fault("delay", seconds=0.12, when="after", times=100, method="PUT", path="/relations")
    docs = invoices(connection, 5)
    monkeypatch.setattr(mirror, "FRESH", timedelta(seconds=0.2))
    Exchange.objects.all().delete()
    bridge.sync(connection)
    assert states(connection) == {d.number: "posted" for d in docs}
    assert relation_calls().count("modified") > 1


# --- bookings seen together -----------------------------------------------------------------------------------


def readings():
    return Exchange.objects.filter(operation="buysellbookings/modified").count()


def test_all_bookings_of_a_slice_are_read_back_in_one_call(octopus, connection):
    bridge.sync(connection)
    customer = factories.CompanyFactory()
    invoices(connection, 1, party=customer)
    bridge.sync(connection)
    before = readings()
    docs = invoices(connection, 60, party=customer)
    bridge.sync(connection)
    assert set(states(connection).values()) == {"posted"}
    assert readings() - before == 1
    assert [sales(octopus)[d.number]["number"] for d in docs] == list(range(3, 63))


def test_bookings_that_cannot_be_read_back_are_looked_for_and_not_sent_again(octopus, connection):
    invoices(connection)
    bridge.sync(connection)
    octopus.fault("status", path="buysellbookings/modified", status=503, times=1)
    docs = invoices(connection, 30)
    bridge.sync(connection)
    assert set(states(connection).values()) == {"posted"}
    assert [sales(octopus)[d.number]["number"] for d in docs] == list(range(3, 33))


def test_what_a_days_quota_cuts_off_is_seen_before_the_day_ends(octopus, connection):
    octopus.control("limits", clear=True)
    docs = invoices(connection, 30, party=factories.CompanyFactory())
    CallCounter.objects.filter(name="buysellbookings/save").delete()
    owner = f"administration {connection.administration_id}"
    end = timezone.now() + timedelta(hours=5)
    CallCounter.objects.create(owner=owner, name="buysellbookings/save", calls=400, used=390, resets_at=end)
    bridge.sync(connection)
    found = states(connection)
    assert [found[d.number] for d in docs] == ["posted"] * 10 + ["waiting"] * 20
    assert set(Posting.objects.filter(state="waiting").values_list("attempts", flat=True)) <= {0, 1}
    assert len(sales(octopus)) == 7 + 10


def test_a_total_that_octopus_changed_differs_at_once(octopus, connection):
    """The figures are compared although they are seen later."""
    octopus.switch(comment_length=6)
    (one,) = invoices(connection)
    bridge.sync(connection)
    assert (bridge.posting(one).state, bridge.posting(one).reason_code) == ("differs", "SYS-704")


def test_progress_counts_what_was_taken_before_it_is_seen(octopus, connection, monkeypatch):
    invoices(connection, 30, party=factories.CompanyFactory())
    shown = []
    read_back = OctopusProvider.read_back

    def watched(self, documents):
        shown.append(view_of(loaded(SyncRun.objects.all()).get()).sales.sent)
        return read_back(self, documents)

    monkeypatch.setattr(slices, "_PROGRESS_SECONDS", 0)
    monkeypatch.setattr(OctopusProvider, "read_back", watched)
    run = bridge.sync(connection)
    assert shown == [30]
    assert view_of(run).sales.sent == 30
    assert "booked" not in run.counters["sales"]
