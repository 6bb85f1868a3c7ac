"""A person in a real browser: is told that a company may exist, sees the list, and says that two are not the same."""

import pytest
from django.urls import reverse
from playwright.sync_api import Page, expect

from crm import duplicates
from crm.models import DuplicatePair, PairState
from tests import factories
from tests.browser.conftest import box, clerk, complaints, enter, people  # noqa: F401 - fixtures
from tests.engine.conftest import _sandbox  # noqa: F401 - fixture

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_from_the_hint_to_a_pair_that_is_set_aside(clerk: Page, live_server):  # noqa: F811
    place = {"street": "Kerkstraat 12", "postcode": "2400", "city": "Mol", "country": "BE"}
    for name, number in (
        ("Brouwerij De Kraan NV", "BE0417710407"), ("De Kraan Brouwerij", "BE0417710407"),
        ("Hotel Duinzicht NV", ""), ("Hotel Duinzigt", ""),
    ):  # fmt: skip
        factories.CompanyFactory(name=name, vat_number=number, **place)
    duplicates.refresh()

    clerk.goto(live_server.url + reverse("admin:crm_company_add"))
    expect(clerk.get_by_text("This may exist already")).to_have_count(0)
    clerk.fill("#id_name", "Kraan brouwerij")
    expect(clerk.locator("#likely").get_by_role("link", name="Brouwerij De Kraan NV")).to_be_visible()

    clerk.goto(live_server.url + reverse("admin:crm_duplicatepair_changelist"))
    expect(clerk.get_by_role("link", name="Merge all certain ones (1)")).to_be_visible()
    clerk.get_by_role("button", name="Hotel Duinzicht NV and Hotel Duinzigt are not the same").click()
    expect(clerk.get_by_text("are kept as two")).to_be_visible()
    assert DuplicatePair.objects.get(certain=False).state == PairState.SET_ASIDE
    clerk.get_by_role("link", name="Merge Brouwerij De Kraan NV and De Kraan Brouwerij").click()
    expect(clerk.get_by_role("button", name="Merge into")).to_be_visible()
