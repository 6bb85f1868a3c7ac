"""A worker that is slower than its lease, or dies with a fresh token in hand: what it may no longer write."""

import threading
from datetime import timedelta

import pytest
from django.db import connections
from django.utils import timezone

from integrations import services
from integrations.models import Administration, Connection, Grant, PartyLink, SyncRun
from integrations.sync import engine
from integrations.sync.tokens import GrantTokens
from tests import bridge, factories

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]


class Died(BaseException):
    """As sudden as a SIGKILL for everything that would tidy up."""


def test_invariant_6_a_token_is_stored_before_it_is_used(box, connection, monkeypatch):
    """A worker that dies with the new pair in hand has not used it; one person signs in, and all goes on."""
    document = factories.booked_invoice(entity=connection.entity)
    links = list(connection.vat_links.order_by("pk").values_list("rate", "vat_code"))
    box.call("clock", {"advance_seconds": 700})
    past = timezone.now() - timedelta(seconds=60)
    Grant.objects.update(expires_at=past, refresh_from=past)
    since = box.last_request()

    def die(*args, **kwargs):
        raise Died

    with monkeypatch.context() as patch:
        patch.setattr(GrantTokens, "store", die)
        with pytest.raises(Died):
            bridge.sync(connection)
    calls = box.requests(since)
    assert [(r["path"].rpartition("/")[2], r["status"]) for r in calls] == [("token", 200)]

    Grant.objects.update(refresh_lease_until=past)
    (run,) = SyncRun.objects.unfinished()
    bridge.work_off(run)
    run.refresh_from_db()
    connection.refresh_from_db()
    assert (run.state, run.error_code, connection.status) == ("stopped", "AUT-401", "reconnect_needed")
    connection = bridge.sign_in(connection, box, factories.UserFactory())
    assert list(connection.vat_links.order_by("pk").values_list("rate", "vat_code")) == links
    run = bridge.sync(connection)
    assert (run.state, bridge.posting(document).state) == ("succeeded", "posted")


def steal(administration_id: int) -> None:
    Administration.objects.filter(pk=administration_id).update(lease_until=timezone.now() - timedelta(seconds=1))


def test_a_relation_whose_worker_lost_its_lease_is_found_and_not_made_twice(box, connection, settings):
    settings.BOEKBRUG_QUIET_SECONDS = 2
    document = factories.booked_invoice(entity=connection.entity)
    box.fault("delay", seconds=1.5, when="after", method="POST", path="crm/Accounts")
    run = services.start_sync(connection)
    slow = threading.Thread(target=lambda: (engine.advance(run.pk, 1), connections.close_all()))
    slow.start()
    bridge.wait_until(lambda: PartyLink.objects.filter(sent_at__isnull=False).exists())
    bridge.wait_until(lambda: any(p["name"] == document.party.name for p in box.parties()))
    steal(connection.administration_id)

    bridge.work_off(SyncRun.objects.get(pk=run.pk))
    slow.join(20)

    assert len([p for p in box.parties() if p["name"] == document.party.name]) == 1
    link = PartyLink.objects.get()
    assert box.entries()[document.number]["party"] == link.external_id
    assert bridge.assert_same_books(box, connection) == 1


def test_a_person_who_links_during_the_call_is_not_overwritten(box, connection):
    document = factories.booked_invoice(entity=connection.entity)
    bridge.sync(connection)
    chosen = PartyLink.objects.get().external_id
    PartyLink.objects.all().delete()
    other = factories.booked_invoice(entity=connection.entity)
    box.fault("delay", seconds=1, when="after", method="POST", path="crm/Accounts")
    run = services.start_sync(connection)
    slow = threading.Thread(target=lambda: (engine.advance(run.pk, 1), connections.close_all()))
    slow.start()
    bridge.wait_until(lambda: PartyLink.objects.filter(party=other.party, sent_at__isnull=False).exists())
    services.link_party(
        connection=Connection.objects.get(pk=connection.pk), party=other.party, external_id=chosen, user=None
    )
    slow.join(20)
    bridge.work_off(SyncRun.objects.get(pk=run.pk))

    assert PartyLink.objects.get(party=other.party).external_id == chosen
    assert box.entries()[other.number]["party"] == chosen
    assert box.entries()[document.number]["party"] == chosen
