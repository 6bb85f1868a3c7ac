"""A worker killed at any moment: afterwards each document stands in the books once, whatever was under way."""

import random
import subprocess
import time
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from integrations.models import Administration, CallCounter, Connection, PartyLink, Posting, PostingState, SyncRun
from invoicing.models import SalesDocument
from tests import bridge, factories, workers

from . import world
from .profiles import PROFILES, Profile
from .world import ToolBox

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

ROUNDS = 20
# One tool that gives its own numbers and one that takes ours; what differs between the databases shows with these.
ON_BOTH = ("exact", "octopus")


class Workers:
    """One worker after the other; while one works, the next gets ready."""

    def __init__(self, env: dict[str, str]) -> None:
        self._env = env
        self._next = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        return workers.start(self._env, "-m", "tests.contract.worker", stdin=subprocess.PIPE)

    def begin(self) -> subprocess.Popen[bytes]:
        worker, self._next = self._next, self._start()
        assert worker.stdin is not None
        worker.stdin.write(b"begin\n")
        worker.stdin.close()
        return worker

    def close(self) -> None:
        workers.kill(self._next)


@pytest.fixture
def crew(process_env, profile: Profile, box: ToolBox, connection: Connection, settings) -> Iterator[Workers]:
    crew = Workers(workers.environment(process_env, settings, world.settings_of(profile, box.base_url)))
    yield crew
    crew.close()


def time_passes(box: ToolBox, connection: Connection) -> None:
    """What the dead worker sent has arrived, its lease is over, and the day's calls are counted anew."""
    time.sleep(0.05)
    bridge.wait_until(lambda: all(row["finished"] for row in box.requests()))
    CallCounter.objects.all().delete()
    mine = Administration.objects.filter(pk=connection.administration_id)
    mine.update(counters={})
    mine.filter(lease_until__isnull=False).update(lease_until=timezone.now() - timedelta(seconds=1))


def book(connection: Connection, profile: Profile) -> list[SalesDocument]:
    """Three documents of two new customers."""
    first, second = (factories.CompanyFactory(country=profile.country) for _ in range(2))
    return [
        factories.booked_invoice(entity=connection.entity, day=profile.day, party=party)
        for party in (first, second, first)
    ]


@pytest.mark.parametrize(
    "profile",
    [
        pytest.param(one, id=one.key, marks=[pytest.mark.both_databases] if one.key in ON_BOTH else [])
        for one in PROFILES
    ],
    indirect=True,
)
def test_killed_at_twenty_random_moments(connection, profile, box, crew):
    dice = random.Random(20261121)
    # An answer on its way is the dangerous moment; as it lasts, many a round is killed in it.
    box.fault("delay", **profile.writes, seconds=0.15, when="after", times=100_000)
    box.fault("delay", seconds=0.02, when="after", times=100_000)
    # One undisturbed run tells how long the work takes on this machine, from its first call to its last.
    documents = book(connection, profile)
    before = box.last_request()
    assert crew.begin().wait(timeout=60) == 0
    calls = box.requests(before)
    first, last = (datetime.fromisoformat(moment) for moment in (calls[0]["time"], calls[-1]["time"]))
    length = (last - first).total_seconds()

    killed_working = killed_sending = done = 0
    # On a machine that was slow while it was measured the moments come too late: then some more rounds.
    while done < ROUNDS or (done < 3 * ROUNDS and (killed_working < 3 or killed_sending < 1)):
        done += 1
        documents += book(connection, profile)
        before = box.last_request()
        worker = crew.begin()
        end = time.monotonic() + 30
        while box.last_request() == before and worker.poll() is None:
            assert time.monotonic() < end, "the worker does not begin"
            time.sleep(0.01)
        time.sleep(length * dice.uniform(0, 0.9))
        workers.kill(worker)
        killed_working += SyncRun.objects.unfinished().exists()
        killed_sending += Posting.objects.filter(state=PostingState.SENDING).exists()
        time_passes(box, connection)

    box.call("faults", method="DELETE")
    workers.finish(connection)
    world.assert_books(box, documents)
    names = [row["name"] for row in box.parties()]
    ours = {document.party.name for document in documents}
    assert {name: names.count(name) for name in ours if names.count(name) != 1} == {}
    assert not PartyLink.objects.filter(external_id="").exists()
    assert killed_working >= 3, "hardly any round was killed while it worked; the timing says nothing"
    assert killed_sending >= 1, "no round was killed while a document was under way"
