"""The menu at the width of a laptop: each name on one line, in every language."""

import pytest
from django.conf import settings
from django.urls import reverse
from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

ENTRIES = "#nav-sidebar ol a > span:not(.material-symbols-outlined):not(.bb-badge)"
# A text on two lines has two tops.
WRAPPED = """spans => spans.filter(span => {
  const range = document.createRange();
  range.selectNodeContents(span);
  return new Set([...range.getClientRects()].map(box => Math.round(box.top))).size > 1;
}).map(span => span.textContent)"""


@pytest.mark.parametrize("language", [code for code, _name in settings.LANGUAGES])
def test_no_name_takes_two_lines(language, enter, page: Page, live_server):
    page.set_viewport_size({"width": 1280, "height": 1000})
    page.set_extra_http_headers({"Accept-Language": language})
    enter("root")
    # On its own page an entry is bold, and wider.
    page.goto(live_server.url + reverse("admin:integrations_posting_changelist"))
    assert page.locator("html").get_attribute("lang") == language
    entries = page.locator(ENTRIES)
    assert entries.count() > 12
    assert entries.evaluate_all(WRAPPED) == []
