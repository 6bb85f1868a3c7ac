"""A person keeps a document out of the books in the very moment in which the plan holds it back: the person's word stays."""

import threading
import time
from datetime import date
from types import SimpleNamespace

import pytest
from django.db import connection as database
from django.db import connections, transaction

from integrations.base.records import DocumentKind
from integrations.models import Administration, Connection, ConnectionStatus, Posting, PostingState
from integrations.sync import leases
from integrations.sync.sides import PURCHASES
from integrations.sync.steps import plan
from invoicing.models import CompanyEntity, PurchaseDocument
from tests import factories

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres]


@pytest.fixture
def turn():
    entity: CompanyEntity = factories.EntityFactory()
    books = Administration.objects.create(tool="exact", site="be", external_id="1", name="Books", country="BE")
    connected = Connection.objects.create(
        entity=entity,
        tool="exact",
        administration=books,
        status=ConnectionStatus.CONNECTED,
        start_date=date(2026, 6, 1),
    )
    document = PurchaseDocument.objects.create(entity=entity, date=date(2026, 1, 1), source="peppol", number="1")
    Posting.objects.create(
        connection=connected, administration=books, purchase_document=document,
        kind=DocumentKind.PURCHASE_INVOICE.value, reference="mark 1", state=PostingState.WAITING,
    )  # fmt: skip
    return SimpleNamespace(
        lease=leases.claim(books.pk), connection=connected, books=SimpleNamespace(start_date=connected.start_date)
    )


def waits_for_a_lock() -> bool:
    with database.cursor() as cursor:
        cursor.execute("SELECT pg_stat_clear_snapshot()")
        cursor.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"
        )
        return bool(cursor.fetchone()[0])


@pytest.mark.parametrize(
    "hold_back", [lambda turn: plan._leave_out_earlier(turn, PURCHASES), plan._leave_out_undecided]
)
def test_what_a_person_excludes_while_the_plan_waits_stays_excluded(turn, hold_back):
    def plans() -> None:
        try:
            hold_back(turn)
        finally:
            connections.close_all()

    worker = threading.Thread(target=plans)
    with transaction.atomic():
        Posting.objects.update(state=PostingState.EXCLUDED)
        worker.start()
        until = time.monotonic() + 30
        while not waits_for_a_lock() and worker.is_alive() and time.monotonic() < until:
            time.sleep(0.01)
        assert waits_for_a_lock()
    worker.join(30)
    assert Posting.objects.get().state == PostingState.EXCLUDED
