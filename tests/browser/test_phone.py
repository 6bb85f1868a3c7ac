"""A phone: the buttons at the top and the figures of a card keep out of each other's way, in every language."""

import pytest
from django.conf import settings
from django.urls import reverse
from playwright.sync_api import Page, expect

from tests import factories
from tests.admin.conftest import connect, post

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

WIDTH = 390
# Edges of the sidebar's button, the title, and each button: what comes later may not begin before the former ends.
OVERLAPS = """() => {
  const parts = [...document.querySelectorAll('#header-inner button, #header-inner a, #header-inner summary')]
    .filter(part => part.offsetParent && !part.closest('.bb-bell-panel'))
    .map(part => ({words: part.innerText, box: part.getBoundingClientRect()}))
    .filter(part => part.box.width > 2)
    .sort((one, other) => one.box.left - other.box.left);
  return parts.filter((part, place) => place && part.box.left < parts[place - 1].box.right - 1).map(part => part.words)
    .concat(parts.filter(part => part.box.right > innerWidth).map(part => part.words));
}"""
# A label that is wider than its cell stands on its neighbour.
TOO_WIDE = """cells => cells.filter(cell => {
  const label = document.createElement('span');
  const style = getComputedStyle(cell, '::before');
  label.textContent = cell.dataset.label || '';
  label.style.cssText = `display:block;width:min-content;font:${style.font};white-space:${style.whiteSpace}`;
  document.body.append(label);
  const wide = label.getBoundingClientRect().width;
  label.remove();
  return style.content !== 'none' && wide > cell.getBoundingClientRect().width + 8;
}).map(cell => cell.dataset.label)"""


@pytest.fixture
def phone(enter, page: Page, request):
    page.set_viewport_size({"width": WIDTH, "height": 844})
    page.set_extra_http_headers({"Accept-Language": request.param})
    entity = factories.EntityFactory(name="Linde Studio BV")
    post(factories.booked_invoice(entity=entity, lines=[factories.line()]), connect(entity))
    enter("root")
    assert page.locator("html").get_attribute("lang") == request.param
    return page


@pytest.mark.parametrize("phone", [code for code, _name in settings.LANGUAGES], indirect=True)
def test_the_top_and_the_cards_fit(phone: Page, live_server):
    assert phone.locator(".is-figures td[data-label]").count() >= 6
    assert phone.locator(".is-figures td[data-label]").evaluate_all(TOO_WIDE) == []
    for name in ("index", "invoicing_invoice_changelist", "invoicing_creditnote_changelist"):
        phone.goto(live_server.url + reverse(f"admin:{name}"))
        button = phone.locator(".bb-sync")
        expect(button).to_be_visible()
        assert button.inner_text().strip() != ""
        assert phone.evaluate(OVERLAPS) == [], name
