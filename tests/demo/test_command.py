"""The demo as a person starts it: real processes, the real worker, the sandbox over HTTP."""

import html
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from config.demo import surroundings
from config.environment import BASE_DIR

pytestmark = pytest.mark.slow
MANAGE = str(BASE_DIR / "manage.py")
SECONDS = 150


def own_environment() -> dict[str, str]:
    """The environment of a person's shell: nothing of what the tests set for themselves."""
    foreign = ("BOEKBRUG_", "DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE")
    return {
        **{name: value for name, value in os.environ.items() if not name.startswith(foreign)},
        "BOEKBRUG_ENV_FILE": os.devnull,
        "PYTHONUNBUFFERED": "1",
    }


def processes_of(directory: Path) -> list[str]:
    """The command lines of all living processes that were started for a demo in `directory`."""
    mark = f"BOEKBRUG_VAR_DIR={directory}".encode()
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if mark in (process / "environ").read_bytes().split(b"\0"):
                found.append((process / "cmdline").read_bytes().replace(b"\0", b" ").decode())
        except OSError:
            continue  # ended meanwhile, or somebody else's
    return found


def test_once_comes_out_as_planned():
    ended = subprocess.run(
        [sys.executable, MANAGE, "demo", "--once", "--json"],
        env=own_environment(), capture_output=True, text=True, timeout=SECONDS, check=False,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    result = json.loads(ended.stdout)
    assert (result["ok"], result["deviations"]) == (True, [])
    states = {
        one["tool"]: dict(Counter(document["state"] for document in one["documents"])) for one in result["connections"]
    }
    assert states == {
        "exact": {"posted": 57, "blocked": 11, "not_in_scope": 2},
        "octopus": {"posted": 37, "blocked": 7, "not_in_scope": 1},
        "twinfield": {"posted": 26, "blocked": 7, "refused": 1, "not_in_scope": 1},
        "yuki": {"posted": 18, "blocked": 6, "not_in_scope": 2},
    }
    assert {one["tool"]: set(one["expenses"].values()) for one in result["connections"]} == {
        tool: {"posted"} for tool in states
    }
    assert {len(one["expenses"]) for one in result["connections"]} == {3}
    totals = {one["tool"]: one["totals"] for one in result["connections"]}
    assert totals == {
        "exact": {
            "EUR": {"ours": "1551906.84", "books": "1551906.84"},
            "GBP": {"ours": "770.76", "books": "770.76"},
            "USD": {"ours": "1785.00", "books": "1785.00"},
        },
        "octopus": {"EUR": {"ours": "96846.54", "books": "96846.54"}},
        "twinfield": {
            "EUR": {"ours": "22135.96", "books": "22135.96"},
            "GBP": {"ours": "795.00", "books": "795.00"},
        },
        "yuki": {"EUR": {"ours": "180852.74", "books": "180852.74"}},
    }
    paid = {}
    for one in result["connections"]:
        counted = Counter(document["payment"] for document in one["documents"])
        paid[one["tool"]] = (counted["paid"], counted["partly_paid"], one["payments_made"])
    assert paid == {"exact": (27, 10, 37), "octopus": (17, 6, 23), "twinfield": (11, 5, 16), "yuki": (8, 2, 11)}
    assert "Everything is as planned" in ended.stderr


ANOTHER_PLAN = """
import dataclasses, os, sys
from django.core.management import execute_from_command_line
os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
from config.demo import plan

real = plan.documents("E1")
def other(document):
    if document.number == "2026/0016":
        return dataclasses.replace(document, expect={"exact-be": plan.Expectation("blocked", ("APP-103",))})
    if document.number == "2026/0002":
        return dataclasses.replace(document, expect={"exact-be": plan.Expectation("posted")})
    return document
planned = {"E1": tuple(map(other, real)), "E2": plan.documents("E2"), "E3": plan.documents("E3")}
planned["E4"] = plan.documents("E4")
plan.documents = planned.__getitem__
execute_from_command_line([sys.argv[1], "demo", "--once"])
"""


def test_once_fails_and_names_what_is_not_as_planned():
    around = surroundings.choose(once=True, directory=Path(), web_port=0, sandbox_port=0)
    ended = subprocess.run(
        [sys.executable, "-c", ANOTHER_PLAN, MANAGE],
        env=surroundings.environment(around, own_environment()),
        cwd=BASE_DIR, capture_output=True, text=True, timeout=SECONDS, check=False,
    )  # fmt: skip
    assert ended.returncode == 1, ended.stderr
    listed = [line.strip() for line in ended.stdout.splitlines() if line.startswith("  - ")]
    assert listed == [
        "- 2026/0002: is blocked (PER-502), planned posted",
        "- 2026/0016: is posted, planned blocked APP-103",
        "- 2026/0016: is in the books and should not be",
        "- 2026/0002: is not in the books",
        "- 2026/0016: payment is paid, planned open",
        "- 2026/0016: paid amount is 1.22, planned 0.00",
    ]
    assert "6 things are not as planned:" in ended.stdout
    assert not around.directory.exists()


class Serving:
    """A demo that goes on serving; `text` is what it printed until it was ready."""

    def __init__(self, directory: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, MANAGE, "demo", f"--directory={directory}", "--port=0", "--sandbox-port=0"],
            env=own_environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        lines = []
        assert self.process.stdout is not None
        for line in self.process.stdout:
            lines.append(line)
            if "Ready." in line:
                break
        self.text = "".join(lines)

    def __enter__(self) -> "Serving":
        return self

    def __exit__(self, *exc: object) -> None:
        if self.process.poll() is None:
            self.stop(signal.SIGTERM)
        assert self.process.stdout is not None
        self.process.stdout.close()

    def found(self, pattern: str) -> str:
        match = re.search(pattern, self.text)
        assert match, self.text
        return match[1]

    def stop(self, number: int) -> float:
        """Send a signal and return the seconds until it ended."""
        started = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(timeout=30)
        return time.monotonic() - started


@pytest.fixture
def directory(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path / "demo"
    assert processes_of(tmp_path / "demo") == []


def sign_in(site: str, username: str, password: str) -> requests.Session:
    browser = requests.Session()
    page = browser.get(f"{site}/login/", timeout=10)
    form = {"csrfmiddlewaretoken": browser.cookies["csrftoken"], "username": username, "password": password}
    answer = browser.post(page.url, data=form, allow_redirects=False, timeout=10)
    assert answer.status_code == 302, answer.text
    return browser


def pages_that_fail(browser: requests.Session, site: str, of_each: int) -> tuple[int, list[str]]:
    """Follow the links from the start page, so many of each kind; return how many pages there were and which failed."""
    waiting, kinds, failed = ["/"], Counter(), []
    seen = set(waiting)
    while waiting:
        address = waiting.pop(0)
        answer = browser.get(f"{site}{address}", timeout=30)
        if answer.status_code != 200:
            failed.append(f"{answer.status_code} {address}")
        for link in re.findall(r'href="(/[^"#]*)"', answer.text):
            link = html.unescape(link)
            kind = re.sub(r"\d+", "N", link.partition("?")[0])
            if link in seen or kinds[kind] == of_each or link.startswith(("/static/", "/logout/")):
                continue
            seen.add(link)
            kinds[kind] += 1
            waiting.append(link)
    return len(seen), failed


def test_it_serves_until_ctrl_c_and_starts_again_with_what_it_had(directory):
    with Serving(directory) as first:
        site = first.found(r"Boekbrug: (http://127\.0\.0\.1:\d+)")
        password = first.found(r"admin +(\S+)")
        assert len(processes_of(directory)) >= 4
        for username, of_each in (("admin", 3), ("staff", 1), ("accountant", 1)):
            browser = sign_in(site, username, first.found(rf"{username} +(\S+)"))
            pages, failed = pages_that_fail(browser, site, of_each)
            assert (failed, pages > 40) == ([], True), username
        assert first.stop(signal.SIGINT) < 10
        assert (first.process.returncode, processes_of(directory)) == (0, [])

    with Serving(directory) as second:
        assert "They stood there already." in second.text
        assert "Connecting" not in second.text
        assert second.found(r"posted +(\d+)") == "57"
        assert second.found(r"payments made there +(\d+)") == "0"
        assert second.found(r"admin +(\S+)") == password
        busy = subprocess.run(
            [sys.executable, MANAGE, "demo", f"--directory={directory}", "--port=0", "--sandbox-port=0"],
            env=own_environment(), capture_output=True, text=True, timeout=SECONDS, check=False,
        )  # fmt: skip
        assert busy.returncode == 1
        assert "A demo is running here already" in busy.stderr
        assert second.stop(signal.SIGTERM) < 10


@pytest.mark.parametrize("moment", ["Preparing", "Loading", "Connecting"])
def test_ctrl_c_at_any_moment_leaves_nothing_behind(moment, tmp_path):
    started = subprocess.Popen(
        [sys.executable, MANAGE, "demo", "--once"],
        env={**own_environment(), "TMPDIR": str(tmp_path)}, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert started.stdout is not None
    while moment not in (line := started.stdout.readline()):
        assert line, "it ended before"
    directory = next(tmp_path.glob("boekbrug-demo-*"))
    asked = time.monotonic()
    started.send_signal(signal.SIGINT)
    _, complaints = started.communicate(timeout=30)
    assert time.monotonic() - asked < 10
    assert (started.returncode, "Traceback" in complaints) == (130, False)
    assert (processes_of(directory), list(tmp_path.glob("boekbrug-demo-*"))) == ([], [])


def test_production_is_left_alone(directory):
    production = {
        **own_environment(),
        "BOEKBRUG_ENV": "production",
        "BOEKBRUG_SECRET_KEY": "x" * 60,
        "BOEKBRUG_ALLOWED_HOSTS": "boekbrug.example",
        "BOEKBRUG_FIELD_ENCRYPTION_KEYS": "dGVzdHMtb25seS10ZXN0cy1vbmx5LXRlc3RzLW9ubHk=",
        "BOEKBRUG_VAR_DIR": str(directory),
    }
    ended = subprocess.run(
        [sys.executable, MANAGE, "demo", f"--directory={directory}"],
        env=production, capture_output=True, text=True, timeout=SECONDS, check=False,
    )  # fmt: skip
    assert ended.returncode == 1
    assert "set to production" in ended.stderr
    assert not (directory / "boekbrug.sqlite3").exists()
