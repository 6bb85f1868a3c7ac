"""A person signs in with a real browser; the page obeys its own security policy."""

import re

import pytest
from django.contrib.auth.models import User
from playwright.sync_api import Page, expect

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PASSWORD = "anker-boter-dijk-42"


@pytest.fixture
def complaints(page: Page) -> list[str]:
    """What the browser complains about: refused by the policy, errors of scripts, answers that failed."""
    found: list[str] = []
    page.on("console", lambda message: found.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: found.append(str(error)))
    page.on("response", lambda answer: found.append(f"{answer.status} {answer.url}") if answer.status >= 400 else None)
    return found


def sign_in(page: Page, address: str, password: str) -> None:
    page.goto(f"{address}/login/")
    page.get_by_label("Username").fill("lotte")
    page.locator("input[name=password]").fill(password)
    page.get_by_role("button", name="Log in").click()


def test_signing_in_leads_to_the_start_and_nothing_leaves_this_site(page, live_server, complaints):
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    User.objects.create_superuser("lotte", password=PASSWORD)
    sign_in(page, live_server.url, PASSWORD)
    expect(page).to_have_url(f"{live_server.url}/")
    expect(page.get_by_role("link", name=re.compile("Users$"))).to_be_visible()
    assert complaints == []
    assert [url for url in asked if not url.startswith((live_server.url, "data:"))] == []


def test_a_wrong_password_says_so(page, live_server):
    User.objects.create_superuser("lotte", password=PASSWORD)
    sign_in(page, live_server.url, "wrong-password")
    expect(page.get_by_text(re.compile("Please enter the correct username and password"))).to_be_visible()


def test_too_many_attempts_are_told_in_plain_words(page, live_server):
    User.objects.create_superuser("lotte", password=PASSWORD)
    for _attempt in range(5):
        sign_in(page, live_server.url, "wrong-password")
    expect(page.get_by_text("Too many attempts", exact=True)).to_be_visible()
    expect(page.get_by_text(re.compile("Wait 15 minutes and try again."))).to_be_visible()
