"""What may change after booking: a line's account until the document is sent, the party of a merge."""

import pytest
from django.contrib.admin.models import LogEntry

from invoicing import freezing, services
from invoicing.models import SalesDocument
from invoicing.services import AlreadySent, NotPossible
from tests import factories as f

pytestmark = pytest.mark.django_db


@pytest.fixture
def sent_ids(monkeypatch):
    """Stands in for the bridge, which registers its own answer the same way."""
    ids = set()
    monkeypatch.setattr(freezing, "_sent_lookups", [])
    freezing.register_sent_lookup(lambda asked: ids & set(asked))
    return ids


@pytest.mark.parametrize("make", [f.draft_invoice, f.booked_invoice])
def test_the_account_of_a_line(sent_ids, make):
    user = f.UserFactory(username="els")
    document = make()
    line = document.lines.get()
    first = f.LedgerAccountFactory(entity=document.entity)
    second = f.LedgerAccountFactory(entity=document.entity, code="701000", name="Services")
    services.change_line_account(line=line, account=first, by=user)
    services.change_line_account(line=line, account=second, by=user)
    services.change_line_account(line=line, account=second, by=user)
    assert document.lines.get().ledger_account == second
    entries = LogEntry.objects.filter(user=user).order_by("pk")
    assert [entry.change_message for entry in entries] == [
        "Ledger account of line 1: – → 700000 Sales.",
        "Ledger account of line 1: 700000 Sales → 701000 Services.",
    ]


def test_the_account_stays_once_the_document_is_sent(sent_ids):
    document = f.booked_invoice()
    account = f.LedgerAccountFactory(entity=document.entity)
    sent_ids.add(document.pk)
    with pytest.raises(AlreadySent, match="2026/0001 was sent to the bookkeeping already"):
        services.change_line_account(line=document.lines.get(), account=account, by=None)
    assert document.lines.get().ledger_account is None
    assert not freezing.is_sent(f.booked_invoice())


def test_accounts_of_others_and_inactive_ones(sent_ids):
    document = f.booked_invoice()
    for account in (
        f.LedgerAccountFactory(entity=f.EntityFactory()),
        f.LedgerAccountFactory(entity=document.entity, active=False),
    ):
        with pytest.raises(NotPossible):
            services.change_line_account(line=document.lines.get(), account=account, by=None)
    assert document.lines.get().ledger_account is None


def test_the_party_of_a_merge_and_the_buyer_of_then():
    user = f.UserFactory()
    document = f.booked_invoice(party=f.PartyFactory(name="Loser"))
    winner = f.PartyFactory(name="Winner")
    services.change_party(document=document, party=winner, by=user)
    stored = SalesDocument.objects.get(pk=document.pk)
    assert (stored.party, stored.buyer_name, stored.buyer_snapshot["name"]) == (winner, "Loser", "Loser")
    assert LogEntry.objects.get(user=user).change_message == "Customer: Loser → Winner."
    services.change_party(document=document, party=winner, by=user)
    assert LogEntry.objects.filter(user=user).count() == 1
