"""What every bench of the sync needs: a scratch database, a sandbox process, counters. Nothing is left behind."""

from __future__ import annotations

import argparse
import json
import os
import resource
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any


def arguments(description: str, **defaults: int) -> argparse.ArgumentParser:
    """A parser with the options all benches share and one whole-number option per default."""
    parser = argparse.ArgumentParser(description=description)
    for name, value in defaults.items():
        parser.add_argument(f"--{name.replace('_', '-')}", type=int, default=value)
    parser.add_argument("--database", choices=["sqlite", "postgres"], default="sqlite")
    parser.add_argument("--json", action="store_true", help="one JSON object on standard output")
    return parser


@contextmanager
def scratch_database(kind: str) -> Iterator[None]:
    """Point Django to an empty database of `kind` with all migrations applied, and drop it afterwards."""
    with tempfile.TemporaryDirectory(prefix="boekbrug-bench-") as folder:
        os.environ["BOEKBRUG_ENV"] = "test"
        os.environ["BOEKBRUG_VAR_DIR"] = folder
        os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
        if kind == "sqlite":
            os.environ["DATABASE_URL"] = f"sqlite:///{Path(folder) / 'bench.sqlite3'}"
            with _migrated():
                yield
            return
        server = os.environ.get("TEST_DATABASE_URL", "postgres://postgres@127.0.0.1:5432/postgres")
        base, name = server.rpartition("/")[0], f"boekbrug_bench_{secrets.token_hex(4)}"
        import psycopg

        with psycopg.connect(server, autocommit=True) as admin:
            admin.execute(f'CREATE DATABASE "{name}"')
        try:
            os.environ["DATABASE_URL"] = f"{base}/{name}"
            with _migrated():
                yield
        finally:
            with psycopg.connect(server, autocommit=True) as admin:
                admin.execute(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')


@contextmanager
def _migrated() -> Iterator[None]:
    import django

    django.setup()
    from django.core.management import call_command
    from django.db import connections

    call_command("migrate", verbosity=0)
    try:
        yield
    finally:
        connections.close_all()


@contextmanager
def sandbox(*options: str) -> Iterator[str]:
    """A sandbox in a process of its own; its address. The settings of the bridge point to it."""
    process = subprocess.Popen(
        [sys.executable, "-m", "integrations.sandbox", "--port", "0", "--no-limits", *options],
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        line = process.stdout.readline() if process.stdout else ""
        address = line.rsplit(" ", 1)[-1].strip()
        from django.conf import settings

        settings.BOEKBRUG_EXACT_BASE_URL = f"{address}/exact"
        settings.BOEKBRUG_EXACT_CLIENT_ID = "demo-client"
        settings.BOEKBRUG_EXACT_CLIENT_SECRET = "demo-secret"
        yield address
    finally:
        process.terminate()
        process.wait(timeout=20)


def is_durable() -> bool:
    """Whether a commit survives a power cut on this database."""
    from django.db import connection

    with connection.cursor() as cursor:
        if connection.vendor == "sqlite":
            cursor.execute("PRAGMA synchronous")
            return int(cursor.fetchone()[0]) >= 2
        cursor.execute("SHOW synchronous_commit")
        commit = cursor.fetchone()[0]
        cursor.execute("SHOW fsync")
        return bool(commit != "off" and cursor.fetchone()[0] == "on")


def commit_ms(rounds: int = 60) -> float:
    """Median milliseconds of one durable commit of a one-row change."""
    from django.db import transaction
    from django.utils import timezone

    from integrations.models import Heartbeat

    Heartbeat.objects.get_or_create(name="bench", defaults={"beat_at": timezone.now()})
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        with transaction.atomic(durable=True):
            Heartbeat.objects.filter(name="bench").update(beat_at=timezone.now())
        times.append((time.perf_counter() - started) * 1000)
    return sorted(times)[len(times) // 2]


class QueryCounter:
    """Counts statements, savepoints and commits aside, by their first word."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, execute: Callable[..., Any], sql: str, params: Any, many: bool, context: Any) -> Any:
        self.count += 1
        return execute(sql, params, many, context)


@contextmanager
def counted_queries() -> Iterator[QueryCounter]:
    from django.db import connection

    counter = QueryCounter()
    with connection.execute_wrapper(counter):
        yield counter


def cpu_seconds() -> float:
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


def peak_mb() -> float:
    """Largest resident size of this process so far, in MB.

    On Linux as the kernel counts it for this program alone: what getrusage says includes the process that started it.
    """
    try:
        status = Path("/proc/self/status").read_text("ascii")
        return int(status.partition("VmHWM:")[2].split()[0]) / 1024
    except (OSError, IndexError):
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def show(figures: dict[str, Any], as_json: bool) -> None:
    if as_json:
        print(json.dumps(figures))
        return
    width = max(len(name) for name in figures)
    for name, value in figures.items():
        print(f"{name:<{width}}  {value}")
