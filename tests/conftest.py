"""Which tests run where, and the fixtures that all kinds of tests share."""

import os
from collections.abc import Iterator
from typing import Any

import hypothesis
import pytest
from django.conf import settings
from django.db import connection
from django.utils import translation

from tests import machine

# Playwright's own loop makes Django believe that it runs inside async code; it does not.
os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"

hypothesis.settings.register_profile("boekbrug", deadline=None, print_blob=True)
hypothesis.settings.load_profile("boekbrug")


def on_postgres() -> bool:
    return "postgresql" in settings.DATABASES["default"]["ENGINE"]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Skip what this machine or this database cannot show, with a plain reason; where services are required, fail."""
    for item in items:
        reason = None
        if item.get_closest_marker("postgres") and not on_postgres():
            reason = (
                "needs PostgreSQL: `make test` runs it there"
                if machine.postgres_url()
                else "no PostgreSQL answers at TEST_DATABASE_URL or 127.0.0.1:5432"
            )
        elif item.get_closest_marker("redis") and not machine.redis_url():
            reason = "no Redis answers at TEST_REDIS_URL or 127.0.0.1:6379"
        elif item.get_closest_marker("browser") and not machine.chromium():
            reason = "no Chromium on this machine"
        if reason:
            item.add_marker(pytest.mark.skip(reason=reason))


def pytest_sessionstart(session: pytest.Session) -> None:
    if not machine.services_required():
        return
    missing = [
        name
        for name, found in (
            ("PostgreSQL", machine.postgres_url()),
            ("Redis", machine.redis_url()),
            ("Chromium", machine.chromium()),
        )
        if not found
    ]
    if missing:
        raise pytest.UsageError(f"BOEKBRUG_REQUIRE_SERVICES=1, but this machine lacks: {', '.join(missing)}")


@pytest.fixture(autouse=True)
def _own_language() -> Iterator[None]:
    """What language a page was asked in stays with its thread; the next test begins with the usual one."""
    yield
    translation.activate(settings.LANGUAGE_CODE)


@pytest.fixture
def redis_url() -> Iterator[str]:
    """The address of an empty Redis database; emptied again afterwards."""
    import redis

    url = machine.redis_url()
    assert url, "mark the test with @pytest.mark.redis"
    client = redis.Redis.from_url(url)
    client.flushdb()
    yield url
    client.flushdb()
    client.close()


@pytest.fixture
def process_env(transactional_db: None) -> dict[str, str]:
    """The environment for a child process (`manage.py ...`) that works on this test's own database.

    The test must commit what the child reads, hence the transactional database.
    """
    database = connection.settings_dict
    if connection.vendor == "sqlite":
        url = f"sqlite:///{database['NAME']}"
    else:
        password = f":{database['PASSWORD']}" if database["PASSWORD"] else ""
        url = (
            f"postgres://{database['USER']}{password}@{database['HOST']}:{database['PORT'] or 5432}/{database['NAME']}"
        )
    return {**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "config.settings", "PYTHONUNBUFFERED": "1"}


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Start the machine's own Chromium; --no-sandbox because continuous integration runs as root."""
    return {**browser_type_launch_args, "executable_path": machine.chromium(), "args": ["--no-sandbox"]}
