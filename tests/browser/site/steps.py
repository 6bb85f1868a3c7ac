"""What people do again and again, and how a test waits for the queue."""

import re

from django_q.models import OrmQ
from playwright.sync_api import Locator, Page, expect

from integrations.models import SyncRun
from tests.bridge import wait_until

PATIENCE_SECONDS = 40


def wait_for_the_queue() -> None:
    """Wait until every run has ended and everybody has been told: the task of its last slice is gone then."""
    wait_until(lambda: not SyncRun.objects.unfinished().exists() and not OrmQ.objects.exists(), PATIENCE_SECONDS)


def sync(page: Page) -> None:
    """Press Sync, wait until the run has ended, and show the new figures."""
    page.get_by_role("button", name="Sync", exact=True).click()
    expect(page.get_by_text(re.compile("^Sync of .* started"))).to_be_visible()
    wait_for_the_queue()
    page.reload()


def label(within: Page | Locator, words: str) -> Locator:
    """The coloured label of a state, its picture aside."""
    return within.locator(".bb-label", has_text=re.compile(f"{words}$"))


def panel(page: Page, heading: str) -> Locator:
    """The panel under this heading."""
    return page.locator(".bb-panel", has=page.get_by_role("heading", name=heading, exact=True))
