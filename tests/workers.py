"""Worker processes on a test's own database and sandbox, to be killed at will, and what finishes their work."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from integrations.models import Connection, SyncRun
from tests import bridge

ROOT = Path(__file__).resolve().parents[1]
# Long enough for every call and short enough to wait for.
WAITS = {
    "BOEKBRUG_LEASE_SECONDS": 3,
    "BOEKBRUG_REQUEST_DEADLINE_SECONDS": 1,
    "BOEKBRUG_QUIET_SECONDS": 0,
    "BOEKBRUG_DISPATCH_SECONDS": 1,
}


def environment(
    process_env: Mapping[str, str], settings: Any, tools: Mapping[str, str], **waits: int
) -> dict[str, str]:
    """What a worker process needs; this process waits as little as it does. `tools`: settings that name the sandbox."""
    waits = {**WAITS, **waits}
    for name, value in waits.items():
        setattr(settings, name, value)
    numbers = {name: str(value) for name, value in waits.items()}
    return {**process_env, "BOEKBRUG_ENV": "test", **tools, **numbers}


def start(env: Mapping[str, str], *command: str, **options: Any) -> subprocess.Popen[bytes]:
    """A process in a group of its own; without `command` it works off every connection's sync and ends."""
    return subprocess.Popen(
        [sys.executable, *(command or ("manage.py", "sync", "--wait"))],
        cwd=ROOT,
        env=dict(env),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
        **options,
    )


def kill(worker: subprocess.Popen[bytes]) -> None:
    if worker.poll() is None:
        os.kill(worker.pid, signal.SIGKILL)
    worker.wait(timeout=10)


def finish(connection: Connection) -> None:
    """What the dispatcher and the next worker do: wait for the dead lease, go on, and sync once more."""
    for run in SyncRun.objects.unfinished().filter(connection=connection):
        end = time.monotonic() + 60
        while not run.is_finished:
            assert time.monotonic() < end, f"the run is stuck in {run.step}, {run.state}"
            before = run.slice_number
            bridge.cut_short(run)
            bridge.work_off_once(run)
            run.refresh_from_db()
            if run.slice_number == before and not run.is_finished:
                time.sleep(0.2)
    bridge.sync(connection)
