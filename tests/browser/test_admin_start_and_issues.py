"""The start page on wide and narrow windows, and the text for the accountant with and without script."""

import re
from datetime import date

import pytest
from django.urls import reverse
from django.utils import timezone
from playwright.sync_api import Page, expect

from integrations.models import Connection, Issue, PostingState
from tests import factories
from tests.admin.conftest import connect, post

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def connection(clerk: Page) -> Connection:
    """A posted invoice of today's month, and one that waits for a period to be opened."""
    today = timezone.localdate()
    entity = factories.EntityFactory(name="Linde Studio BV", years=(today.year, today.year + 1))
    connection = connect(entity)
    lines = [factories.line(account=factories.LedgerAccountFactory(entity=entity))]
    party = factories.CompanyFactory(name="Hotel Duinzicht NV")
    first = date(today.year, today.month, 1)
    post(factories.booked_invoice(entity=entity, party=party, lines=lines, day=first), connection)
    now = timezone.now()
    issue = Issue.objects.create(
        connection=connection, code="PER-502", cause_key="period:x", params={"period": "2026-10"}, count=1,
        first_seen_at=now, last_seen_at=now,
    )  # fmt: skip
    held = factories.booked_invoice(entity=entity, party=party, lines=lines, day=first)
    post(held, connection, PostingState.BLOCKED, reason_code="PER-502", issue=issue)
    return connection


def issues(page: Page, connection: Connection) -> None:
    page.goto(page.url.rstrip("/") + reverse("admin:integrations_connection_issues", args=[connection.pk]))


def test_the_text_for_the_accountant_is_copied_whole(clerk: Page, connection: Connection):
    clerk.context.grant_permissions(["clipboard-read", "clipboard-write"])
    issues(clerk, connection)
    button = clerk.get_by_role("button", name="Copy for my accountant")
    button.click()
    expect(clerk.get_by_role("button", name="Copied")).to_be_visible()
    copied = clerk.evaluate("navigator.clipboard.readText()")
    assert copied == clerk.locator("[id^=copy-]").text_content()
    for words in ("Linde Studio BV", "Exact Online", "Hotel Duinzicht NV, 121.00 EUR", "Could you reopen the period"):
        assert words in copied, words


def test_where_the_clipboard_is_refused_the_text_stands_selected(clerk: Page, connection: Connection):
    clerk.add_init_script("Object.defineProperty(navigator, 'clipboard', {value: {writeText: () => Promise.reject()}})")
    issues(clerk, connection)
    expect(clerk.locator("[id^=copy-]")).to_be_hidden()
    clerk.get_by_role("button", name="Copy for my accountant").click()
    expect(clerk.locator("[id^=copy-]")).to_be_visible()
    assert "Could you reopen the period" in clerk.evaluate("String(window.getSelection())")


def test_without_script_the_text_opens_and_no_dead_button_is_shown(clerk: Page, connection: Connection, new_context):
    address = clerk.url
    bare = new_context(java_script_enabled=False)
    bare.add_cookies(clerk.context.cookies())
    page = bare.new_page()
    page.goto(address.rstrip("/") + reverse("admin:integrations_connection_issues", args=[connection.pk]))
    expect(page.get_by_role("button", name="Copy for my accountant")).to_have_count(0)
    page.get_by_text("Text for the accountant").click()
    expect(page.get_by_text("Could you reopen the period in Exact Online")).to_be_visible()


@pytest.mark.parametrize(("width", "months"), [(1280, 12), (700, 12), (390, 6)])
def test_a_phone_shows_six_months_and_every_width_fits(width: int, months: int, clerk: Page, connection: Connection):
    clerk.set_viewport_size({"width": width, "height": 900})
    clerk.reload()
    drawing = clerk.get_by_role("img", name=re.compile("^Posted and paid amounts per month"))
    expect(drawing).to_have_count(1)
    expect(drawing.locator("text[text-anchor=middle]")).to_have_count(months)
    assert drawing.locator("rect:has(title)").count() == 2 * months
    assert clerk.evaluate("document.documentElement.scrollWidth") <= width
    box = drawing.bounding_box()
    assert box is not None
    assert box["x"] + box["width"] <= width
    clerk.get_by_text("Show as a table").click()
    expect(clerk.get_by_role("cell", name="121.00").first).to_be_visible()
    assert clerk.evaluate("document.documentElement.scrollWidth") <= width
