"""A signed-in person in a real browser, and what the browser complains about."""

from collections.abc import Callable, Iterator

import pytest
from django.contrib.auth.models import User
from django.test import Client
from playwright.sync_api import Page

from tests import factories
from tests.admin.conftest import people, restore_roles  # noqa: F401 - fixtures
from tests.engine.conftest import _sandbox, box  # noqa: F401 - fixtures


@pytest.fixture
def complaints(page: Page) -> Iterator[list[str]]:
    """Refused by the policy, errors of scripts, answers that failed. A test that uses it must end without any."""
    found: list[str] = []
    page.on("console", lambda message: found.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: found.append(str(error)))
    page.on("response", lambda answer: found.append(f"{answer.status} {answer.url}") if answer.status >= 400 else None)
    yield found
    assert found == []


@pytest.fixture
def enter(page: Page, live_server, people: dict[str, User]) -> Callable[[str], Page]:  # noqa: F811
    """Put the person of that name into the browser, without the log-in page."""

    def as_person(name: str) -> Page:
        client = Client()
        client.force_login(people[name], backend="django.contrib.auth.backends.ModelBackend")
        cookie = {"name": "sessionid", "value": client.cookies["sessionid"].value, "url": live_server.url}
        page.context.add_cookies([cookie])
        page.goto(live_server.url)
        return page

    return as_person


@pytest.fixture
def clerk(enter: Callable[[str], Page], complaints: list[str]) -> Page:
    """The browser of somebody of the staff."""
    factories.PaymentTermFactory(is_default=True)
    return enter("staff")
