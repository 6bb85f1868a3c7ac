"""A whole sync with Octopus: the engine on our side, the sandbox on the other, HTTP between them."""

import json
from collections import Counter
from datetime import date
from decimal import Decimal

import pytest

from integrations import registry, services
from integrations.models import Administration, Exchange, Issue, PartyLink, Posting
from integrations.octopus.tool import OCTOPUS
from integrations.sandbox.octopus.auth import SOFTWARE_HOUSE
from invoicing.models import VatRate
from tests import bridge, factories
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
