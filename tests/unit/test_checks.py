"""System checks: what would lose a booking or open a ledger is refused, and a sound installation is not."""

import os
import subprocess
import sys

import pytest
from django.core.checks import run_checks
from django.db import connection

from config.checks import check_durability, check_production, check_queue, check_times, is_loopback


def ids(found):
    return [message.id for message in found]


@pytest.mark.parametrize(
    "url",
    [
        "http://localhost:9100/exact",
        "https://LOCALHOST.",
        "http://127.0.0.1",
        "http://127.8.9.1:80",
        "http://[::1]:9100",
        "http://0.0.0.0:1",
        "http://demo.localhost",
    ],
)
def test_loopback(url):
    assert is_loopback(url)


@pytest.mark.parametrize("url", ["https://start.exactonline.be", "https://10.0.0.1", "https://localhost.example", ""])
def test_not_loopback(url):
    assert not is_loopback(url)


def test_nothing_is_asked_outside_production(settings):
    settings.IS_PRODUCTION = False
    settings.BOEKBRUG_EXACT_BASE_URL = "http://127.0.0.1:9100/exact"
    assert check_production(None) == []


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("BOEKBRUG_EXACT_BASE_URL", "", []),
        ("BOEKBRUG_EXACT_BASE_URL", "https://start.exactonline.be", []),
        ("BOEKBRUG_EXACT_BASE_URL", "http://127.0.0.1:9100/exact", ["boekbrug.E003"]),
        ("BOEKBRUG_EXACT_BASE_URL", "http://books.example", ["boekbrug.E004"]),
        ("DEBUG", True, ["boekbrug.E002"]),
        ("BOEKBRUG_INSECURE_HTTP", True, ["boekbrug.W001"]),
    ],
)
def test_production(settings, name, value, expected):
    settings.IS_PRODUCTION = True
    settings.BOEKBRUG_EXACT_BASE_URL = ""
    setattr(settings, name, value)
    assert ids(check_production(None)) == expected


@pytest.mark.parametrize(("keys", "expected"), [([], ["boekbrug.E001"]), (["short"], ["boekbrug.E001"])])
def test_no_key_is_an_error(settings, keys, expected):
    settings.BOEKBRUG_FIELD_ENCRYPTION_KEYS = keys
    assert [m.id for m in run_checks(tags=["security"]) if m.id.startswith("boekbrug")] == expected


@pytest.mark.parametrize(
    ("broker", "url", "expected"),
    [
        ("orm", "", []),
        ("redis", "redis://x", []),
        ("redis", "", ["boekbrug.E006"]),
        ("rabbit", "", ["boekbrug.E005"]),
    ],
)
def test_broker(settings, broker, url, expected):
    settings.BOEKBRUG_BROKER, settings.REDIS_URL = broker, url
    assert ids(check_queue(None)) == expected


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({}, []),
        ({"BOEKBRUG_LEASE_SECONDS": 0}, ["boekbrug.E007"]),
        ({"BOEKBRUG_LEASE_SECONDS": 61}, ["boekbrug.E013"]),
        ({"BOEKBRUG_SLICE_SECONDS": 90}, ["boekbrug.E008"]),
        ({"BOEKBRUG_DISPATCH_SECONDS": 60}, ["boekbrug.E012"]),
        ({"BOEKBRUG_NIGHTLY_HOUR": 24}, ["boekbrug.E009"]),
    ],
)
def test_times(settings, changed, expected):
    for name, value in changed.items():
        setattr(settings, name, value)
    assert ids(check_times(None)) == expected


@pytest.mark.both_databases
@pytest.mark.django_db
def test_the_database_in_use_is_durable():
    assert check_durability(None, databases=["default"]) == []


@pytest.mark.both_databases
@pytest.mark.django_db(transaction=True)
def test_less_than_durable_is_an_error():
    weaker, full = (
        ("PRAGMA synchronous=NORMAL", "PRAGMA synchronous=FULL")
        if connection.vendor == "sqlite"
        else ("SET synchronous_commit = off", "SET synchronous_commit = on")
    )
    with connection.cursor() as cursor:
        cursor.execute(weaker)
        try:
            assert ids(check_durability(None, databases=["default"])) == ["boekbrug.E010"]
        finally:
            cursor.execute(full)


PRODUCTION = {
    "BOEKBRUG_ENV": "production",
    "BOEKBRUG_SECRET_KEY": "Qm9la2JydWc-9x7T4kP2vN8sL5wR3yH6jD1fG0aZcXbVtUeIoM",
    "BOEKBRUG_FIELD_ENCRYPTION_KEYS": "dGVzdHMtb25seS10ZXN0cy1vbmx5LXRlc3RzLW9ubHk=",
    "BOEKBRUG_ALLOWED_HOSTS": "books.example",
    "BOEKBRUG_ENV_FILE": "/nonexistent",
    "DJANGO_SETTINGS_MODULE": "config.settings",
}


OURS = ("BOEKBRUG_", "DATABASE_", "REDIS_", "DJANGO_")


def production_env(var_dir, **changed):
    """The environment of a production process, whatever this one has."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(OURS)}
    return {**kept, **PRODUCTION, "BOEKBRUG_VAR_DIR": str(var_dir), **changed}


def deploy_check(tmp_path, **changed):
    return subprocess.run(
        [sys.executable, "manage.py", "check", "--deploy", "--fail-level", "WARNING", "--database", "default"],
        env=production_env(tmp_path, **changed),
        capture_output=True,
        text=True,
        check=False,
    )


def test_production_settings_pass_the_deploy_check(tmp_path):
    ended = deploy_check(tmp_path)
    assert ended.returncode == 0, ended.stdout + ended.stderr


def test_production_against_a_sandbox_does_not(tmp_path):
    ended = deploy_check(tmp_path, BOEKBRUG_EXACT_BASE_URL="http://127.0.0.1:9100/exact")
    assert ended.returncode != 0
    assert "bookings would go to a sandbox on this machine" in ended.stderr
