"""What this machine offers to tests: PostgreSQL, Redis, Chromium. Asked once per process."""

import functools
import os
import shutil
from pathlib import Path

import psycopg
import redis

DEFAULT_DATABASE_URL = "postgres://postgres@127.0.0.1:5432/postgres"
# Database 15, so that a Redis used for something else keeps its keys.
DEFAULT_REDIS_URL = "redis://127.0.0.1:6379/15"
# Memory that looks like a disk, and how much of it one run of all tests may need, several times over.
MEMORY_DISK = Path("/dev/shm")
ROOM = 4 * 2**30


def services_required() -> bool:
    """Return True where a missing service is an error and not a skip (`.ci/run` says so)."""
    return os.environ.get("BOEKBRUG_REQUIRE_SERVICES") == "1"


@functools.cache
def postgres_url() -> str | None:
    """Return the address of a PostgreSQL that answers, or None."""
    url = os.environ.get("TEST_DATABASE_URL", DEFAULT_DATABASE_URL)
    try:
        psycopg.connect(url, connect_timeout=3).close()
    except psycopg.OperationalError:
        return None
    return url


@functools.cache
def redis_url() -> str | None:
    """Return the address of a Redis that answers, or None."""
    url = os.environ.get("TEST_REDIS_URL", DEFAULT_REDIS_URL)
    try:
        client = redis.Redis.from_url(url, socket_connect_timeout=3)
        client.ping()
        client.close()
    except redis.RedisError:
        return None
    return url


@functools.cache
def chromium() -> str | None:
    """Return the path of the machine's own Chromium or Chrome, or None. No browser is ever downloaded."""
    chosen = os.environ.get("TEST_CHROMIUM")
    if chosen:
        return chosen if Path(chosen).is_file() else None
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if found := shutil.which(name):
            return found
    return None


def quick_directory() -> Path | None:
    """Return a directory in memory with plenty of room, or None; tests that commit there wait for no disk."""
    try:
        roomy = shutil.disk_usage(MEMORY_DISK).free > ROOM
    except OSError:
        return None
    return MEMORY_DISK if roomy and os.access(MEMORY_DISK, os.W_OK) else None
