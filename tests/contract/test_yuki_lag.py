"""Yuki shows what it took only after a while: the sync waits for it by itself, and nothing goes out twice."""

from dataclasses import replace
from datetime import timedelta

import pytest

from integrations import registry
from integrations.models import Issue, Posting, RunState
from integrations.sync import engine
from integrations.yuki import unsure
from tests import bridge, factories

from . import world
from .profiles import PROFILES

pytestmark = pytest.mark.django_db(transaction=True)

YUKI = [one for one in PROFILES if one.key == "yuki"]
BEHIND, QUIET = 2, 3


@pytest.fixture
def slow(box, settings, monkeypatch):
    """Every list of Yuki is two seconds behind, and said to be three."""
    settings.BOEKBRUG_REQUEST_DEADLINE_SECONDS = 1
    shown = replace(registry.TOOLS["yuki"], limits=replace(registry.TOOLS["yuki"].limits, quiet_seconds=QUIET))
    monkeypatch.setattr(registry, "TOOLS", {**registry.TOOLS, "yuki": shown})
    readings = replace(unsure.DEFAULT_READINGS, processing=timedelta(seconds=QUIET))
    monkeypatch.setattr(unsure, "DEFAULT_READINGS", readings)
    box.switch(transactions_delay_seconds=BEHIND, open_delay_seconds=BEHIND, archive_delay_seconds=BEHIND)
    return box


def documents_of(connection, profile, count: int):
    company = factories.CompanyFactory(country=profile.country)
    return [factories.booked_invoice(entity=connection.entity, day=profile.day, party=company) for _ in range(count)]


def bookings_sent(box) -> int:
    return sum(":ProcessSalesInvoices>" in (row["body"] or "") for row in box.requests())


@pytest.mark.parametrize("profile", YUKI, ids=str, indirect=True)
@pytest.mark.parametrize("lost", [False, True], ids=["answered", "answer lost"])
def test_what_shows_up_late_is_waited_for(connection, profile, slow, lost):
    documents = documents_of(connection, profile, 3)
    if lost:
        slow.fault("drop_after", **profile.writes)
    run = bridge.services.start_sync(connection)
    assert engine.advance(run.pk, run.slice_number)
    run.refresh_from_db()
    assert (run.state, run.waits_for, Issue.objects.count()) == (RunState.POSTPONED, "check", 0)
    assert {one.label for one in Posting.objects.all()} == {"unclear" if lost else "processing"}
    bridge.work_off(run)
    assert Issue.objects.count() == 0
    world.assert_books(slow, documents)
    assert bookings_sent(slow) == 1
    assert set(Posting.objects.values_list("attempts", flat=True)) == {1}


@pytest.mark.parametrize("profile", YUKI, ids=str, indirect=True)
def test_what_never_arrived_goes_again_after_the_quiet_time(connection, profile, slow):
    documents = documents_of(connection, profile, 3)
    slow.fault("status", status=500, **profile.writes)
    bridge.sync(connection)
    bridge.sync(connection)
    world.assert_books(slow, documents)
    assert bookings_sent(slow) == 2
    assert set(Posting.objects.values_list("attempts", flat=True)) == {2}
