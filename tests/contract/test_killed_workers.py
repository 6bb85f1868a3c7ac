"""A worker killed at any moment: afterwards each document stands in the books once, whatever was under way."""

import random
import subprocess
import time
from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from django.utils import timezone

from integrations import services
from integrations.models import Administration, CallCounter, Connection, PartyLink, Posting, PostingState, SyncRun
from integrations.registry import get_tool
from invoicing.models import SalesDocument
from tests import bridge, factories, workers

from . import purchases, test_attaching, world
from .profiles import PROFILES, Profile
from .world import ToolBox

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

ROUNDS = 20
# One tool that gives its own numbers and one that takes ours; what differs between the databases shows with these.
ON_BOTH = ("exact", "octopus")
# What makes a tool take the same document a second time, where it is UNSURE whether it would refuse one. Octopus needs
# nothing: sent anew, a document gets the next number.
TAKES_TWICE: dict[str, dict[str, object]] = {
    "exact": {"entry_id_from_caller": False},
    "octopus": {},
    "twinfield": {"duplicates": "off"},
    "yuki": {"duplicate_references": "accept"},
}


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


each_tool = pytest.mark.parametrize(
    "profile",
    [
        pytest.param(one, id=one.key, marks=[pytest.mark.both_databases] if one.key in ON_BOTH else [])
        for one in PROFILES
    ],
    indirect=True,
)


@each_tool
def test_what_a_dead_worker_sent_is_looked_for_and_not_sent_again(connection, profile, box, crew):
    """Killed before the answer came, at a tool that would book the same document twice: only a look prevents it."""
    box.switch(**TAKES_TWICE[profile.key])
    documents = book(connection, profile)
    # What already stands in the books is read before the first sending, and would keep a second booking back as well.
    bridge.sync(connection)
    sent, *_ = new = book(connection, profile)
    box.fault("delay", **profile.writes, seconds=4, when="after", times=1)
    worker = crew.begin()
    bridge.wait_until(lambda: sent.number in box.entries() or worker.poll() is not None, seconds=30)
    workers.kill(worker)
    assert bridge.posting(sent).state == PostingState.SENDING
    time_passes(box, connection)
    assert sent.number in box.entries()

    workers.finish(connection)
    world.assert_books(box, documents + new)  # fails on an entry that stands twice


@each_tool
def test_a_purchase_of_a_dead_worker_is_looked_for_and_not_sent_again(connection, profile, box, crew):
    box.switch(**TAKES_TWICE[profile.key])
    known = purchases.purchase(connection, profile)
    bridge.sync(connection)
    sent = purchases.purchase(connection, profile, supplier=known.supplier)
    box.fault("delay", **purchases.writes(profile), seconds=4, when="after", times=1)
    worker = crew.begin()
    bridge.wait_until(lambda: sent.number in purchases.numbers_there(box) or worker.poll() is not None, seconds=30)
    workers.kill(worker)
    posting = Posting.objects.get(purchase_document=sent)
    assert posting.state == PostingState.SENDING
    time_passes(box, connection)

    workers.finish(connection)
    posting.refresh_from_db()
    assert posting.state == PostingState.POSTED
    there = purchases.numbers_there(box)
    assert [there.count(document.number) for document in (known, sent)] == [1, 1]


@pytest.mark.parametrize("profile", [one for one in PROFILES if one.key == "octopus"], ids=str, indirect=True)
def test_killed_before_a_slices_bookings_were_read_back(connection, profile, box, crew):
    """Forty answers came and none is recorded yet: each is found by one reading, and the journal goes on."""
    documents = book(connection, profile)
    bridge.sync(connection)
    customer = factories.CompanyFactory(country=profile.country)
    plans = [factories.Plan(party=customer, day=profile.day, lines=[factories.line("9.99")]) for _ in range(40)]
    pks = factories.booked_documents(connection.entity, plans)
    new = list(SalesDocument.objects.filter(pk__in=pks).order_by("sequence"))
    box.fault("delay", path="buysellbookings/modified", seconds=4, when="before", times=1)
    worker = crew.begin()
    bridge.wait_until(lambda: new[-1].number in box.entries() or worker.poll() is not None, seconds=30)
    workers.kill(worker)
    # It may have died before it asked: then its reading's delay must not fall upon the next worker's.
    box.call("faults", method="DELETE")
    assert Posting.objects.filter(state=PostingState.SENDING).count() == 40
    time_passes(box, connection)

    before = box.last_request()
    workers.finish(connection)
    world.assert_books(box, documents + new)
    readings = [row for row in box.requests(before) if "buysellbookings/modified" in row["path"]]
    assert len(readings) == 1


@each_tool
def test_files_of_a_dead_worker_lie_there_once(connection, profile, box, crew):
    """Killed while a file is on its way: nothing of it is lost, nothing lies there twice, the booking stands once."""
    if not {test_attaching.AFTER, test_attaching.WITH} & get_tool(profile.key).capabilities:
        pytest.skip("this tool takes no files beside a booking")
    services.save_settings(connection=connection, user=None, attach_files=True)
    documents = book(connection, profile)
    bridge.sync(connection)
    sent, *_ = new = book(connection, profile)
    box.fault("delay", **test_attaching.CARRIES.get(profile.key, profile.writes), seconds=4, when="after", times=1)
    worker = crew.begin()
    bridge.wait_until(lambda: sent.number in box.files() or worker.poll() is not None, seconds=30)
    workers.kill(worker)
    assert bridge.posting(sent).attached_at is None
    time_passes(box, connection)

    workers.finish(connection)
    world.assert_books(box, documents + new)
    assert box.files() == test_attaching.wanted(profile, *documents, *new)
    assert all(bridge.posting(one).attached_at is not None for one in new)


@each_tool
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
