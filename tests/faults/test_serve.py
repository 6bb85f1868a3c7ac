"""`manage.py serve` as it is really run: gunicorn and a queue cluster under the launcher."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from integrations.sync.heartbeat import beat

pytestmark = [pytest.mark.both_databases, pytest.mark.slow]


def free_port():
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return found.getsockname()[1]


def descendants(pid):
    """Every living process below `pid`, whatever session it leads."""
    parents = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except (FileNotFoundError, ProcessLookupError):
                continue
            if fields[0] != "Z":
                parents[int(entry.name)] = int(fields[1])
    found, level = set(), {pid}
    while level:
        level = {child for child, parent in parents.items() if parent in level}
        found |= level
    return found


def get(url):
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as exc:
        return exc.code, exc.read().decode()
    except OSError:
        return None, ""


def wait_for(condition, seconds=40):
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():
            return
        time.sleep(0.1)
    raise AssertionError("did not happen in time")


@pytest.fixture
def served(process_env, tmp_path):
    port = free_port()
    log = (tmp_path / "log").open("w+")
    process = subprocess.Popen(
        [sys.executable, "manage.py", "serve", "--bind", f"127.0.0.1:{port}"],
        env=process_env,
        stdout=log,
        stderr=subprocess.STDOUT,
        start_new_session=True,
    )
    try:
        yield process, f"http://127.0.0.1:{port}", lambda: (tmp_path / "log").read_text()
    finally:
        below = descendants(process.pid) if process.poll() is None else set()
        if process.poll() is None:
            process.kill()
            process.wait()
        for pid in below:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        log.close()


def test_it_serves_works_and_stops_within_seconds_leaving_nothing(served):
    process, url, log = served
    wait_for(lambda: get(f"{url}/healthz")[0] == 200)
    # The sentinel, two workers, the monitor and the pusher below the queue's leader; one web worker below gunicorn.
    wait_for(lambda: len(descendants(process.pid)) >= 8)
    assert get(f"{url}/readyz")[0] == 503
    beat("worker")
    assert get(f"{url}/readyz") == (
        200,
        '{"ready": true, "environment": "test", "parts": '
        '{"database": "ok", "broker": "ok", "worker": "ok", "runs": "ok"}}',
    )
    status, page = get(f"{url}/login/")
    assert status == 200
    assert "Boekbrug" in page
    assert get(f"{url}/static/unfold/css/styles.css")[0] == 200
    below = descendants(process.pid)
    started = time.monotonic()
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=20) == 0, log()
    assert time.monotonic() - started < 10
    wait_for(lambda: not any(Path(f"/proc/{pid}").exists() for pid in below), seconds=5)


def test_a_killed_queue_comes_back(served):
    process, url, log = served
    wait_for(lambda: get(f"{url}/healthz")[0] == 200)
    wait_for(lambda: len(descendants(process.pid)) >= 8)

    def leader():
        return [pid for pid in descendants(process.pid) if b"qcluster" in Path(f"/proc/{pid}/cmdline").read_bytes()]

    before = set(leader())
    os.kill(min(before), signal.SIGKILL)
    wait_for(lambda: len(set(leader()) - before) >= 5)
    assert get(f"{url}/healthz")[0] == 200
    assert not before & set(leader()), log()
