"""Runs the whole suite: all tests on SQLite, then the database-bound ones again on PostgreSQL.

`python -m tests.run [pytest options]`, on all cores (at most four) unless the options say `-n`; whoever is done first
takes over tests of the others, since slow ones lie together. The last line has the sums of both runs in pytest's own
form, and the exit status is not zero when either failed. Without PostgreSQL the second run is left out and its tests show as skipped,
unless BOEKBRUG_REQUIRE_SERVICES=1, which makes that an error.
"""

import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree

from tests import machine

# Exit statuses of pytest that mean "nothing went wrong": all passed, nothing collected.
GOOD = (0, 5)
WORDS = ("failed", "passed", "skipped", "error")


def run(title: str, selection: list[str], options: list[str], **extra: str) -> tuple[int, Counter[str]]:
    """Run pytest once and return its exit status and the number of tests per outcome."""
    print(f"--- {title} ---", flush=True)
    with tempfile.TemporaryDirectory(dir=machine.quick_directory(), prefix="boekbrug-run-") as folder:
        report = Path(folder) / "report.xml"
        spread = (
            []
            if any(option.startswith("-n") for option in options)
            else ["-n", "auto", "--maxprocesses=4", "--dist=worksteal"]
        )
        command = [sys.executable, "-m", "pytest", *spread, *selection, f"--junit-xml={report}", *options]
        # Databases and other files of the tests, and those of the processes that they start.
        status = subprocess.run(command, env={**os.environ, "TMPDIR": folder, **extra}, check=False).returncode
        return status, count(report)


def count(report: Path) -> Counter[str]:
    """Return the number of tests per outcome in a JUnit report; empty when pytest ended before writing one."""
    found: Counter[str] = Counter()
    if not report.exists():
        return found
    for case in ElementTree.parse(report).iter("testcase"):
        outcome = {child.tag for child in case} & {"failure", "error", "skipped"}
        if "error" in outcome:
            found["error"] += 1
        elif "failure" in outcome:
            found["failed"] += 1
        elif outcome:
            found["skipped"] += 1
        else:
            found["passed"] += 1
    return found


def summary(found: Counter[str], seconds: float) -> str:
    """Return the closing line, in the form that pytest prints."""
    parts = [
        f"{found[word]} {word}{'s' if word == 'error' and found[word] > 1 else ''}" for word in WORDS if found[word]
    ]
    text = f" {', '.join(parts) or 'no tests ran'} in {seconds:.2f}s "
    return text.center(100, "=")


def main(options: list[str]) -> int:
    """Run both halves and return the exit status of the whole."""
    started = time.monotonic()
    postgres = machine.postgres_url()
    half, total = run("SQLite", ["-m", "not postgres"] if postgres else [], options)
    statuses = [half]
    if postgres:
        half, found = run("PostgreSQL", ["-m", "postgres or both_databases"], options, DATABASE_URL=postgres)
        statuses.append(half)
        total += found
    print(summary(total, time.monotonic() - started), flush=True)
    bad = [status for status in statuses if status not in GOOD]
    return bad[0] if bad else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
