"""A person takes an approval back in the very moment in which a sync claims the document: exactly one of them wins."""

import threading
from datetime import date

import pytest
from django.db import connections

from integrations.base.records import AccountRef, Document, DocumentKind, ExternalRef, Line
from integrations.models import Administration, Connection, ConnectionStatus, Posting
from integrations.sync import claims, leases
from invoicing.errors import NotPossible
from invoicing.models import IncomingAccess
from invoicing.services import purchases
from tests.purchases.ubl import ubl

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]
ROUNDS = 8


def booking(document) -> Document:
    line = Line(
        description="", net=document.net_total, vat=document.vat_total, vat_code="1",
        ledger_account=AccountRef(external_id="1", code="1"),
    )  # fmt: skip
    return Document(
        key="key", reference=document.number, kind=DocumentKind.PURCHASE_INVOICE, journal="60", date=document.date,
        due_date=None, party=ExternalRef(external_id="1"), lines=(line,),
    )  # fmt: skip


def test_either_the_claim_or_the_person_wins_and_never_both(entity, supplier):
    books = Administration.objects.create(tool="exact", site="be", external_id="1", name="Books", country="BE")
    connection = Connection.objects.create(
        entity=entity,
        tool="exact",
        administration=books,
        status=ConnectionStatus.CONNECTED,
        start_date=date(2026, 1, 1),
    )
    lease = leases.claim(books.pk)
    seen = set()
    for number in range(ROUNDS):
        data = ubl(buyer_vat=entity.vat_number, number=str(number))
        document = purchases.receive(data=data, delivery=purchases.Delivery(name="a.xml")).document
        document = purchases.approve(document=document, by=None)
        document.refresh_from_db()
        posting = Posting.objects.create(
            connection=connection, administration=books, purchase_document=document, kind=DocumentKind.PURCHASE_INVOICE.value,
            reference=f"mark {document.pk}", state="waiting",
        )  # fmt: skip
        together = threading.Barrier(2)
        outcome: dict[str, bool] = {}

        def sync(posting=posting, document=document, together=together, outcome=outcome):
            together.wait()
            outcome["claimed"] = claims.mark_sending([(posting, booking(document), "hash")], lease)[0]
            connections.close_all()

        def person(document=document, together=together, outcome=outcome):
            together.wait()
            try:
                purchases.reopen(document=document, by=None, reason="Wrong")
                outcome["reopened"] = True
            except NotPossible:
                outcome["reopened"] = False
            connections.close_all()

        threads = [threading.Thread(target=each) for each in (sync, person)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(30)
        posting.refresh_from_db()
        document.refresh_from_db()
        assert outcome["claimed"] != outcome["reopened"]
        wanted = ("sending", "approved") if outcome["claimed"] else ("waiting", "pending")
        assert (posting.state, document.review) == wanted
        seen.add(outcome["claimed"])
    assert seen  # which of the two is faster is the machine's business


def test_the_same_file_handed_in_by_many_at_once_is_kept_once(entity):
    access = access_of(entity)
    data = ubl(buyer_vat=entity.vat_number)
    together = threading.Barrier(4)
    answers = []

    def hand_in():
        together.wait()
        answers.append(purchases.accept(data=data, access=access, message_id="m-1").answer)
        connections.close_all()

    threads = [threading.Thread(target=hand_in) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(answers) == ["known", "known", "known", "queued"]
    assert purchases.read_waiting() == 1


def access_of(entity):
    access = IncomingAccess(entity=entity, name="Access point")
    access.renew()
    access.save()
    return access
