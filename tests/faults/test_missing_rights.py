"""A user who may not see something gets an empty list, not a refusal; nothing is concluded from that."""

from datetime import timedelta

import pytest
from django.utils import timezone

from integrations import services
from integrations.messages import connection_reason, issue_text
from integrations.models import Connection, Issue, Journal, PartyLink, SettlementItem, ToolLedgerAccount
from tests import bridge, factories

pytestmark = pytest.mark.django_db(transaction=True)


def forbid(box: bridge.Box, resource: str, *actions: str, allowed: bool = False) -> None:
    box.call(
        "rights",
        {"user": "demo", "resource": resource, "actions": list(actions or ("GET",)), "allowed": allowed},
    )


@pytest.mark.parametrize(
    ("resource", "model"), [("financial/Journals", Journal), ("bulk/Financial/GLAccounts", ToolLedgerAccount)]
)
def test_an_emptied_list_deactivates_nothing_and_names_the_right(box, connection, resource, model):
    active = model.objects.filter(active=True).count()
    assert active > 5
    document = factories.booked_invoice(entity=connection.entity)
    forbid(box, resource)
    forbid(box, "financial/GLAccounts")

    run = bridge.sync(connection)

    assert model.objects.filter(active=True).count() == active
    assert (run.state, run.error_code) == ("stopped", "AUT-403")
    issue = Issue.objects.open().get()
    assert "view financial master data" in issue_text(issue).sentence
    assert document.number not in box.entries()

    forbid(box, resource, allowed=True)
    forbid(box, "financial/GLAccounts", allowed=True)
    bridge.sync(connection)
    assert bridge.posting(document).state == "posted"
    assert not Issue.objects.open().exists()


def test_an_emptied_list_of_relations_creates_nobody_twice(box, connection):
    known = next(p for p in box.parties() if p["vat_number"])
    party = factories.PartyFactory(name=known["name"], vat_number="BE1900139037", enterprise_number="")
    document = factories.booked_invoice(entity=connection.entity, party=party)
    for resource in ("crm/Accounts", "sync/CRM/Accounts", "bulk/CRM/Accounts"):
        forbid(box, resource)

    before = len(box.parties())
    run = bridge.sync(connection)
    assert (run.state, run.error_code) == ("stopped", "AUT-403")
    assert len(box.parties()) == before
    assert not PartyLink.objects.exists()

    for resource in ("crm/Accounts", "sync/CRM/Accounts", "bulk/CRM/Accounts"):
        forbid(box, resource, allowed=True)
    bridge.sync(connection)
    assert bridge.posting(document).state == "posted"
    assert len(box.parties()) == before


def test_bookings_that_may_not_be_seen_are_not_made_again(box, connection):
    for _ in range(10):
        document = factories.booked_invoice(entity=connection.entity)
    assert document.number in box.entries()  # entered by hand before we came
    for resource in ("salesentry/SalesEntries", "purchaseentry/PurchaseEntries"):
        forbid(box, resource)

    run = bridge.sync(connection)

    assert (run.state, run.error_code) == ("stopped", "AUT-403")
    assert len(box.entries()) == 7
    for resource in ("salesentry/SalesEntries", "purchaseentry/PurchaseEntries"):
        forbid(box, resource, allowed=True)
    bridge.sync(connection)
    assert bridge.posting(document).reason_code == "NUM-520"
    assert len(box.entries()) == 16


def test_an_unclear_booking_that_may_not_be_seen_stays_unclear(box, connection):
    document = factories.booked_invoice(entity=connection.entity)
    box.fault("drop_after", method="POST", path="salesentry/SalesEntries", times=1)
    bridge.sync(connection)
    assert bridge.posting(document).state == "posted"  # looked up in the same run
    second = factories.booked_invoice(entity=connection.entity)
    box.fault("drop_after", method="POST", path="salesentry/SalesEntries", times=1)
    box.fault("empty_list", method="GET", path="salesentry/SalesEntries", times=50)
    forbid(box, "salesentry/SalesEntries", "GET")
    bridge.sync(connection)

    posting = bridge.posting(second)
    assert (posting.state, posting.attempts) == ("unclear", 1)
    box.call("faults", method="DELETE")
    forbid(box, "salesentry/SalesEntries", "GET", allowed=True)
    bridge.sync(connection)
    posting.refresh_from_db()
    assert (posting.state, posting.attempts) == ("posted", 1)
    assert bridge.assert_same_books(box, connection) == 2


def test_emptied_payments_change_nothing(box, connection):
    paid, unpaid = (factories.booked_invoice(entity=connection.entity) for _ in range(2))
    bridge.sync(connection)
    box.pay(paid.number)
    bridge.sync(connection)
    rows = SettlementItem.objects.count()
    forbid(box, "sync/Cashflow/PaymentTerms")
    box.pay(unpaid.number)
    bridge.sync(connection)
    for document, state in ((paid, "paid"), (unpaid, "open")):
        document.refresh_from_db()
        assert document.payment_state == state
    assert SettlementItem.objects.count() == rows

    forbid(box, "sync/Cashflow/PaymentTerms", allowed=True)
    bridge.sync(connection)
    unpaid.refresh_from_db()
    assert unpaid.payment_state == "paid"


def test_an_administration_that_is_no_longer_open_stops_the_connection(box, connection):
    factories.booked_invoice(entity=connection.entity)
    box.call(
        "access", {"user": "demo", "division": int(bridge.DIVISION), "allowed": False, "reason": "NoDivisionAccess"}
    )

    run = bridge.sync(connection)

    connection.refresh_from_db()
    assert (run.error_code, connection.status) == ("AUT-404", "reconnect_needed")
    words = connection_reason(connection)
    assert words is not None
    assert (
        words.sentence
        == "Administration “Brugpijlertje Digitaal bv” of Exact Online is no longer open to this sign-in."
    )


def test_wrong_credentials_are_said_and_nothing_is_stored(box, settings):
    settings.BOEKBRUG_EXACT_CLIENT_SECRET = "wrong"
    user = factories.UserFactory()
    connection = services.start_connection(entity=factories.EntityFactory(), tool="exact", site="be", user=user)
    url = services.begin_sign_in(connection=connection, user=user, redirect_uri=bridge.RETURN_TO)
    state, code = box.consent(url)
    from integrations.base.errors import IntegrationError

    with pytest.raises(IntegrationError):
        services.complete_sign_in(state=state, code=code, user=user)
    connection.refresh_from_db()
    assert connection.grant is None
    with pytest.raises(services.ConnectError, match="already used"):
        services.complete_sign_in(state=state, code=code, user=user)


def test_a_sign_in_belongs_to_one_person_and_ten_minutes(box):
    user, other = factories.UserFactory(), factories.UserFactory()
    connection = services.start_connection(entity=factories.EntityFactory(), tool="exact", site="be", user=user)
    url = services.begin_sign_in(connection=connection, user=user, redirect_uri=bridge.RETURN_TO)
    state, code = box.consent(url)
    with pytest.raises(services.ConnectError, match="no longer valid"):
        services.complete_sign_in(state=state, code=code, user=other)
    connection.sign_in_attempts.update(created_at=timezone.now() - timedelta(minutes=11))
    with pytest.raises(services.ConnectError, match="no longer valid"):
        services.complete_sign_in(state=state, code=code, user=user)
    assert Connection.objects.get().grant is None
