"""The site as it is really run: sandbox, web server and queue, each a process of its own, on the tests' database."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

import requests
from django.db import connection
from django_q.status import Stat

from config.environment import BASE_DIR
from tests import bridge
from tests.contract.profiles import PROFILES
from tests.contract.world import settings_of

MANAGE = str(BASE_DIR / "manage.py")
START_SECONDS = 60
STOP_SECONDS = 20
# No quiet time to sit out; a call may be held up by a fault for some seconds and still be answered in time.
SHORT_WAITS = {
    "BOEKBRUG_REQUEST_DEADLINE_SECONDS": "15",
    "BOEKBRUG_QUIET_SECONDS": "0",
    "BOEKBRUG_LEASE_SECONDS": "40",
}


class Box(bridge.Box):
    """The sandbox, and what only these tests do there."""

    def revoke(self) -> None:
        """End every sign-in at Exact Online, as the tool does when its user signs in elsewhere."""
        self.switch(new_consent_kills_old=True)
        back = "http://127.0.0.1/elsewhere"
        app = {"client_id": "demo-client", "redirect_uri": back}
        asked = {**app, "response_type": "code", "state": "elsewhere"}
        _state, code = self.consent(f"{self.base_url}/exact/api/oauth2/auth?{urlencode(asked)}")
        taken = {**app, "client_secret": "demo-secret", "grant_type": "authorization_code", "code": code}
        requests.post(f"{self.base_url}/exact/api/oauth2/token", data=taken, timeout=20).raise_for_status()
        self.switch(new_consent_kills_old=False)


@dataclass(frozen=True, slots=True)
class Site:
    """Where the site and its sandbox answer."""

    url: str
    box: Box


def tool_settings(sandbox_url: str) -> dict[str, str]:
    """What points the product to the sandbox; settings and environment have the same names for it."""
    return {name: value for profile in PROFILES for name, value in settings_of(profile, sandbox_url).items()}


@contextmanager
def running_site(folder: Path) -> Iterator[Site]:
    """Run the processes on free ports until the block ends; what they print lies in `folder`."""
    env = {"DATABASE_URL": _database_url(), "DJANGO_SETTINGS_MODULE": "config.settings", "PYTHONUNBUFFERED": "1"}
    with _process("sandbox", ["sandbox", "--port=0", "--no-limits"], env, folder) as read:
        sandbox_url = _wait_for(read, r"listening on (http://\S+)")
        env |= tool_settings(sandbox_url) | SHORT_WAITS
        with _process("serve", ["serve", "--bind=127.0.0.1:0"], env, folder) as read:
            url = _wait_for(read, r"Listening at: (http://[\d.:]+)")
            with urllib.request.urlopen(f"{url}/healthz", timeout=START_SECONDS) as answer:
                assert answer.status == 200
            _wait_for_queue(read)
            yield Site(url, Box(sandbox_url))


def _database_url() -> str:
    """The address of the tests' own database, as a child process takes it."""
    database = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{database['NAME']}"
    password = f":{database['PASSWORD']}" if database["PASSWORD"] else ""
    return f"postgres://{database['USER']}{password}@{database['HOST']}:{database['PORT'] or 5432}/{database['NAME']}"


@contextmanager
def _process(name: str, argv: list[str], env: Mapping[str, str], folder: Path) -> Iterator[Callable[[], str]]:
    """Run `manage.py <argv>`; yields a function that reads what it has printed so far."""
    log = folder / f"{name}.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, MANAGE, *argv],
            env={**os.environ, **env},
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def read() -> str:
        assert process.poll() is None, f"{name} ended: {log.read_text()}"
        return log.read_text()

    try:
        yield read
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def _wait_for(read: Callable[[], str], pattern: str) -> str:
    """Return the first group of the pattern as soon as the output has it."""
    end = time.monotonic() + START_SECONDS
    while not (found := re.search(pattern, read())):
        assert time.monotonic() < end, f"{pattern} did not appear in: {read()}"
        time.sleep(0.05)
    return found[1]


def _wait_for_queue(read: Callable[[], str]) -> None:
    """Wait until the cluster says in the cache that it works; it prints nothing."""
    end = time.monotonic() + START_SECONDS
    while not Stat.get_all():
        assert time.monotonic() < end, f"the queue did not start: {read()}"
        time.sleep(0.1)
