"""Every tool at once, on two workers: tools do not wait for each other, and within a tool's books one call follows the
other."""

import itertools
import os
import signal
import subprocess
from collections.abc import Iterator

import pytest

from integrations import services
from integrations.models import RunState, SyncRun
from tests import bridge, workers

from . import documents, world
from .profiles import PROFILES
from .world import ToolBox

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.postgres, pytest.mark.slow]

DOCUMENTS = 20


@pytest.fixture
def boxes(fresh, settings) -> list[ToolBox]:
    return [world.tool_box(profile, fresh.base_url, settings) for profile in PROFILES]


@pytest.fixture
def two_workers(process_env, boxes, settings) -> Iterator[subprocess.Popen[bytes]]:
    tools = {n: v for box in boxes for n, v in world.settings_of(box.profile, box.base_url).items()}
    env = workers.environment(
        process_env,
        settings,
        tools,
        BOEKBRUG_WORKERS=2,
        BOEKBRUG_SLICE_SECONDS=1,
        BOEKBRUG_LEASE_SECONDS=20,
        BOEKBRUG_REQUEST_DEADLINE_SECONDS=5,
    )
    cluster = workers.start({**env, "BOEKBRUG_BROKER": "orm"}, "manage.py", "qcluster")
    yield cluster
    cluster.terminate()
    try:
        cluster.wait(timeout=20)
    except subprocess.TimeoutExpired:
        os.killpg(cluster.pid, signal.SIGKILL)
        cluster.wait(timeout=10)


def test_four_tools_are_served_at_once_and_each_by_one(boxes, two_workers):
    assert len(boxes) == len(PROFILES) > 1
    made = {}
    for box in boxes:
        connection = world.connect(box)
        made[connection] = documents.mixed(connection.entity, box.profile, DOCUMENTS)
    before = boxes[0].last_request()
    # Long enough to be seen, and far shorter than a slice.
    boxes[0].call("faults", {"kind": "delay", "seconds": 0.03, "when": "before", "times": 100_000})

    runs = [services.start_sync(connection).pk for connection in made]
    bridge.wait_until(lambda: not SyncRun.objects.unfinished().exists() or two_workers.poll() is not None, 120)
    boxes[0].call("faults", method="DELETE")

    assert two_workers.poll() is None
    assert {run.connection.tool: run.state for run in SyncRun.objects.filter(pk__in=runs)} == {
        box.profile.key: RunState.SUCCEEDED for box in boxes
    }
    for box, its_documents in zip(boxes, made.values(), strict=True):
        world.assert_books(box, its_documents)

    calls = {box.profile.key: box.requests(before) for box in boxes}
    calls = {tool: [row for row in rows if row["fault"] == "delay"] for tool, rows in calls.items()}
    for tool, rows in calls.items():
        assert len(rows) >= 5, tool
        assert [(a, b) for a, b in itertools.pairwise(rows) if a["finished"] > b["time"]] == []
    for tool, rows in calls.items():
        others = [row for other, its_rows in calls.items() if other != tool for row in its_rows]
        assert any(a["time"] < b["finished"] and b["time"] < a["finished"] for a in rows for b in others), tool
