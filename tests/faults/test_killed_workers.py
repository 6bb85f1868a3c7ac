"""A worker killed at any moment: afterwards every document stands in the books once, whatever was under way."""

import os
import random
import signal
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

import pytest

from integrations.models import Connection, PartyLink, Posting, SyncRun
from tests import bridge, factories

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]

ROOT = Path(__file__).resolve().parents[2]
ROUNDS = 20


@pytest.fixture
def worker_env(process_env, box, settings) -> dict[str, str]:
    """A child that works on this test's database and sandbox, with waits of a second."""
    # Long enough for every call and short enough to wait for.
    settings.BOEKBRUG_LEASE_SECONDS = 3
    settings.BOEKBRUG_REQUEST_DEADLINE_SECONDS = 1
    settings.BOEKBRUG_QUIET_SECONDS = 0
    settings.BOEKBRUG_DISPATCH_SECONDS = 1
    return {
        **process_env,
        "BOEKBRUG_ENV": "test",
        "BOEKBRUG_EXACT_BASE_URL": settings.BOEKBRUG_EXACT_BASE_URL,
        "BOEKBRUG_EXACT_CLIENT_ID": "demo-client",
        "BOEKBRUG_EXACT_CLIENT_SECRET": "demo-secret",
        "BOEKBRUG_LEASE_SECONDS": "3",
        "BOEKBRUG_REQUEST_DEADLINE_SECONDS": "1",
        "BOEKBRUG_QUIET_SECONDS": "0",
        "BOEKBRUG_DISPATCH_SECONDS": "1",
    }


def start_worker(env: dict[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "manage.py", "sync", "--wait"],
        cwd=ROOT,
        env=env,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )


def kill(worker: subprocess.Popen[bytes]) -> None:
    if worker.poll() is None:
        os.kill(worker.pid, signal.SIGKILL)
    worker.wait(timeout=10)


def finish(connection: Connection) -> None:
    """What the dispatcher and the next worker do: wait for the dead lease, go on, and sync once more."""
    for run in SyncRun.objects.unfinished().filter(connection=connection):
        end = time.monotonic() + 20
        while not run.is_finished:
            assert time.monotonic() < end, f"the run is stuck in {run.step}, {run.state}"
            before = run.slice_number
            bridge.work_off_once(run)
            run.refresh_from_db()
            if run.slice_number == before and not run.is_finished:
                time.sleep(0.2)
    bridge.sync(connection)


def check(box: bridge.Box, connection: Connection, documents: list) -> None:
    assert {p.state for p in Posting.objects.all()} == {"posted"}
    assert bridge.assert_same_books(box, connection) == len(documents)  # fails on an entry that stands twice
    numbers = [p["vat_number"] for p in box.parties() if p["vat_number"]]
    ours = [link.party.vat_number for link in PartyLink.objects.select_related("party")]
    assert ours
    assert [n for n in ours if numbers.count(n) != 1] == []
    assert not PartyLink.objects.filter(external_id="").exists()


@pytest.mark.parametrize(("path", "held"), [("salesentry/SalesEntries", "entry"), ("crm/Accounts", "relation")])
def test_killed_between_sending_and_recording(box, connection, worker_env, path, held):
    documents = [factories.booked_invoice(entity=connection.entity) for _ in range(3)]
    before = box.last_request()
    box.fault("delay", seconds=5, when="after", method="POST", path=path, skip=1, times=1)

    worker = start_worker(worker_env)
    end = time.monotonic() + 30
    while sum(1 for r in box.requests(before) if r["method"] == "POST" and path in r["path"]) < 2:
        # The log shows a request when it is answered; one that is held back shows in the books.
        if held == "entry" and documents[1].number in box.entries():
            break
        if held == "relation" and any(p["name"] == documents[1].party.name for p in box.parties()):
            break
        assert worker.poll() is None
        assert time.monotonic() < end
        time.sleep(0.02)
    kill(worker)
    if held == "entry":
        assert bridge.posting(documents[1]).state == "sending"
    else:
        assert PartyLink.objects.filter(external_id="", sent_at__isnull=False).count() == 1

    finish(connection)
    check(box, connection, documents)


def test_killed_at_twenty_random_moments(box, connection, worker_env):
    dice = random.Random(20261121)
    documents: list = []
    # One undisturbed run tells how long the work takes on this machine, from its first call to its last.
    documents += [factories.booked_invoice(entity=connection.entity) for _ in range(4)]
    before = box.last_request()
    start_worker(worker_env).wait(timeout=60)
    calls = box.requests(before)
    first, last = (datetime.fromisoformat(moment) for moment in (calls[0]["time"], calls[-1]["time"]))
    length = (last - first).total_seconds()
    # The demo books hold a booking under number 10, which would rightly be questioned.
    box.call("delete_entry", {"reference": "2026/0010", "division": int(bridge.DIVISION)})
    connection.administration.booked_references.all().delete()

    killed_working = 0
    for _ in range(ROUNDS):
        documents += [factories.booked_invoice(entity=connection.entity) for _ in range(4)]
        before = box.last_request()
        worker = start_worker(worker_env)
        end = time.monotonic() + 30
        while box.last_request() == before and worker.poll() is None:
            assert time.monotonic() < end, "the worker does not begin"
            time.sleep(0.01)
        time.sleep(length * dice.uniform(0, 0.9))
        kill(worker)
        killed_working += SyncRun.objects.unfinished().exists()

    finish(connection)
    check(box, connection, documents)
    assert killed_working >= 3, "hardly any round was killed while it worked; the timing says nothing"
