"""Connect, send, look, pay, delete: the same for every tool."""

import pytest

from integrations import services
from integrations.base.provider import Capability
from integrations.models import (
    Journal,
    PartyLink,
    Posting,
    RunState,
    ToolLedgerAccount,
    VatCode,
)
from integrations.registry import get_tool
from invoicing.models import SalesDocument
from tests import bridge, factories

from . import documents, world

pytestmark = pytest.mark.django_db(transaction=True)


def invoices(connection, profile, count: int = 1, **fields) -> list[SalesDocument]:
    fields.setdefault("day", profile.day)
    return [factories.booked_invoice(entity=connection.entity, **fields) for _ in range(count)]


def reload(document: SalesDocument) -> SalesDocument:
    return SalesDocument.objects.get(pk=document.pk)


def test_connecting_brings_every_list(connection, profile, box):
    capabilities = get_tool(profile.key).capabilities
    assert connection.status == "connected"
    administration = connection.administration
    assert {profile.discount_account, *profile.accounts.values()} <= set(
        ToolLedgerAccount.objects.filter(administration=administration, active=True).values_list("code", flat=True)
    )
    codes = VatCode.objects.filter(administration=administration, active=True, inclusive=False)
    assert set(profile.vat_codes.values()) <= set(codes.values_list("code", flat=True))
    offered = Journal.objects.filter(administration=administration, active=True, kind="sales")
    assert offered.exists() == (Capability.JOURNALS in capabilities)
    chosen = {r.external_id: r.is_open for r in services.list_administrations(connection=connection)}
    assert chosen[profile.administration]
    assert services.check_access(connection=connection) is not None
    assert box.entries().keys() & set(SalesDocument.objects.values_list("number", flat=True)) == set()


def test_two_hundred_mixed_documents_stand_there_to_the_cent_and_only_once(connection, profile, box):
    made = documents.mixed(connection.entity, profile)
    assert len(made) == 200
    run = bridge.sync(connection)
    assert run.state == RunState.SUCCEEDED, (run.counters, run.error_code)
    world.assert_books(box, made)
    entries, parties = box.entries(), box.parties()
    since = box.last_request()
    again = bridge.sync(connection)
    assert again.state == RunState.SUCCEEDED
    assert (box.entries(), box.parties()) == (entries, parties)
    assert len(box.requests(since)) <= 8


def test_a_customer_is_made_once_and_changed_when_ours_changes(connection, profile, box):
    company = factories.CompanyFactory(country=profile.country, street="Oude Weg 1")
    before = len(box.parties())
    invoices(connection, profile, 2, party=company)
    bridge.sync(connection)
    link = PartyLink.objects.get(party=company)
    [there] = [row for row in box.parties() if row["name"] == company.name]
    assert link.external_id
    assert there["street"] == "Oude Weg 1"
    type(company).objects.filter(pk=company.pk).update(street="Nieuwe Weg 2")
    [third] = invoices(connection, profile, party=company)
    bridge.sync(connection)
    [there] = [row for row in box.parties() if row["name"] == company.name]
    assert there["street"] == "Nieuwe Weg 2"
    assert len(box.parties()) == before + 1
    assert PartyLink.objects.get(party=company).external_id == link.external_id
    world.assert_books(box, [third])


def test_a_customer_whom_the_books_know_is_recognised(connection, profile, box):
    known = next(
        row for row in box.parties() if row["vat_number"] and row["is_customer"] and not row["blocked"]
        and (row["country"] or profile.country) == profile.country
    )  # fmt: skip
    company = factories.CompanyFactory(
        name=known["name"], vat_number="".join(c for c in known["vat_number"] if c.isalnum()), country=profile.country
    )
    before = len(box.parties())
    [document] = invoices(connection, profile, party=company)
    bridge.sync(connection)
    world.assert_books(box, [document])
    assert len(box.parties()) == before
    link = PartyLink.objects.get(party=company)
    assert link.matched_by == "VAT number"


def test_paid_partly_paid_and_overpaid_come_back(connection, profile, box):
    paid, part, over, untouched = invoices(connection, profile, 4)
    bridge.sync(connection)
    box.pay(paid.number)
    box.pay(part.number, "21.00")
    bridge.sync(connection)
    assert [reload(d).payment_state for d in (paid, part, over, untouched)] == ["paid", "partly_paid", "open", "open"]
    assert reload(paid).paid_on is not None
    box.pay(part.number, str(part.total - 21))
    box.pay(over.number)
    bridge.sync(connection)
    assert [reload(d).payment_state for d in (paid, part, over, untouched)] == ["paid", "paid", "paid", "open"]
    # Paid is never taken back by a sync.
    box.verb("unpay", reference=paid.number)
    bridge.sync(connection)
    assert reload(paid).payment_state == "paid"


def test_a_booking_deleted_there_is_said_and_never_silently_sent_again(connection, profile, box):
    gone, stays = invoices(connection, profile, 2)
    bridge.sync(connection)
    box.verb("delete_entry", reference=gone.number)
    for _ in range(2):
        bridge.sync(connection)
    assert gone.number not in box.entries()
    assert bridge.posting(stays).state == "posted"
    posting = bridge.posting(gone)
    if posting.state == "posted":
        # The tool's lists of changes do not name it: the button on the document asks for that very booking.
        services.refresh_from_tool(posting=posting, user=factories.UserFactory())
        posting.refresh_from_db()
    assert posting.state == "gone"
    services.send_again(posting=posting, user=factories.UserFactory())
    bridge.sync(connection)
    world.assert_books(box, [gone, stays])


def test_what_already_stands_there_under_our_number_is_asked_about(connection, profile, box):
    [first] = invoices(connection, profile)
    bridge.sync(connection)
    # Another installation books in the same administration, unaware of this one.
    Posting.objects.all().delete()
    type(connection).objects.filter(pk=connection.pk).update(first_success_at=None)
    type(connection.administration).objects.update(references_since=None)
    bridge.sync(connection)
    assert first.number in box.entries()  # once, or reading them fails
    posting = bridge.posting(first)
    assert posting.state in ("blocked", "unclear")
    assert posting.issue.code.startswith("NUM-")
