"""The running site for a whole folder of tests, and windows in which people of each role are signed in."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.apps import apps
from django.contrib.auth.management import create_permissions
from django.contrib.auth.models import User
from django.contrib.contenttypes.models import ContentType
from django.core.cache import caches
from django.test import Client
from django_q.models import Schedule
from playwright.sync_api import ConsoleMessage, Page, expect

from config.environment import BASE_DIR
from crm.models import Company
from integrations.models import Connection
from integrations.sync.heartbeat import beat
from invoicing.models import CompanyEntity
from tests import bridge, factories

from .processes import Site, running_site, tool_settings
from .steps import wait_for_the_queue

# Two slow cores share a browser, a web server, a queue and the sandbox.
PATIENCE = 20_000
# Each story leaves what its people saw here, to be looked at; never compared.
STORIES = BASE_DIR / "var" / "stories"


@pytest.fixture(scope="package")
def _site(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Of this folder only: its queue would take the tasks of tests that work them off themselves."""
    expect.set_options(timeout=PATIENCE)
    with django_db_blocker.unblock():
        # Neither the night's sync nor the dispatcher's half minute may come between.
        Schedule.objects.all().delete()
        with running_site(tmp_path_factory.mktemp("site")) as site:
            yield site


@pytest.fixture(scope="package")
def content_types(_site: Site, django_db_blocker: Any) -> list[ContentType]:
    """The rows that the site's processes found when they started, and remember by their ids."""
    with django_db_blocker.unblock():
        return list(ContentType.objects.all())


@pytest.fixture(autouse=True)
def site(transactional_db: None, _site: Site, content_types: list[ContentType], settings: Any) -> Iterator[Site]:
    """The running site with empty tables and a fresh sandbox, to which this process points as well."""
    if set(content_types) != set(ContentType.objects.all()):
        # The test before emptied the tables; what fills them again gives out other ids.
        ContentType.objects.all().delete()
        ContentType.objects.bulk_create(content_types)
        ContentType.objects.clear_cache()
        for app in apps.get_app_configs():
            create_permissions(app, verbosity=0)
    _site.box.call("reset", {})
    _site.box.switch(limits=False)
    for name, value in tool_settings(_site.box.base_url).items():
        setattr(settings, name, value)
    settings.BOEKBRUG_QUIET_SECONDS = 0
    # It counts the rows of the test before.
    caches["default"].clear()
    beat("worker")
    yield _site
    _site.box.call("faults", method="DELETE")
    wait_for_the_queue()


class Visitor:
    """Opens windows for people, gathers what their browsers complain about, and keeps pictures of what they saw."""

    def __init__(self, site: Site, people: dict[str, User], new_context: Any, folder: Path) -> None:
        self.site, self._people, self._new_context = site, people, new_context
        self.complaints: list[str] = []
        self._folder, self._pictures = folder, 0
        self._windows: list[tuple[str, Page]] = []

    def keep(self, page: Page, words: str) -> None:
        """Keep a picture of the whole page as it stands."""
        self._pictures += 1
        page.screenshot(path=self._folder / f"{self._pictures:02}-{words}.png", full_page=True)

    def keep_the_ends(self) -> None:
        """Keep a picture of every window that is still open."""
        for name, page in self._windows:
            if not page.is_closed():
                self.keep(page, f"end-{name}")

    def __call__(self, name: str, path: str = "/", **options: Any) -> Page:
        """A window of its own in which the person of that name is signed in, at `path`."""
        context = self._new_context(**options)
        client = Client()
        client.force_login(self._people[name], backend="django.contrib.auth.backends.ModelBackend")
        cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": self.site.url}
        context.add_cookies([cookie])
        page = context.new_page()
        page.set_default_timeout(PATIENCE)
        told = self.complaints.append

        def console(message: ConsoleMessage) -> None:
            # The tool's own sign-in page is not ours.
            if message.type == "error" and message.location["url"].startswith(self.site.url):
                told(f"{name}: {message.text} {message.location['url']}")

        page.on("console", console)
        page.on("pageerror", lambda error: told(f"{name}: {error}"))
        page.goto(self.site.url + path)
        self._windows.append((name, page))
        return page


@pytest.fixture
def visit(site: Site, people: dict[str, User], new_context: Any, request: pytest.FixtureRequest) -> Iterator[Visitor]:
    """Sign people in; no browser may have complained at the end."""
    visitor = Visitor(site, people, new_context, STORIES / re.sub(r"[^\w-]+", "-", request.node.name).strip("-"))
    yield visitor
    visitor.keep_the_ends()
    assert visitor.complaints == []


@pytest.fixture
def entity(people: dict[str, User]) -> CompanyEntity:
    """Its numbers begin at 101: below that, one stands in the sandbox's books already."""
    entity = factories.EntityFactory(name="Linde Studio BV", years=())
    factories.FiscalYearFactory(entity=entity, next_invoice_number=101)
    return entity


@pytest.fixture
def company(people: dict[str, User]) -> Company:
    return factories.CompanyFactory(name="Garage Peeters BV")


@pytest.fixture
def connection(site: Site, entity: CompanyEntity, people: dict[str, User]) -> Connection:
    """The entity, connected with every setting made, ready to sync."""
    return bridge.connect(site.box, entity, user=people["boss"])
