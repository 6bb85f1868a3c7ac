"""The set-up of every other tool in a browser, from its card on the entity's page to the first invoice in its books."""

import re

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from integrations.models import Connection
from integrations.registry import get_tool
from invoicing.models import CompanyEntity
from tests import factories
from tests.contract import world
from tests.contract.profiles import PROFILES, Profile

from .steps import label, sync
from .test_wizard_story import SAVE, begin

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

OTHERS = [profile for profile in PROFILES if profile.key != "exact"]
# What the books of the sandbox are called, and how its own person signs in at a page of the tool.
BOOKS = {"octopus": "Steenlopertje", "twinfield": "Wadvlindertje Handel B.V.", "yuki": "Brugpijlertje"}


@pytest.fixture
def entity(profile: Profile, people) -> CompanyEntity:
    for code in profile.vat_codes:
        factories.vat_rate(code, profile.country)
    factories.PaymentTermFactory(code="30d", name="30 days", days=30, is_default=True)
    today = timezone.localdate()
    found = factories.EntityFactory(name="Linde Studio", country=profile.country, years=())
    factories.FiscalYearFactory(entity=found, year=today.year, next_invoice_number=101)
    company = factories.CompanyFactory(name="Garage Peeters", country=profile.country)
    lines = [factories.line("100", country=profile.country)]
    factories.booked_invoice(entity=found, party=company, day=today, lines=lines)
    return found


@pytest.fixture(params=OTHERS, ids=str)
def profile(request: pytest.FixtureRequest) -> Profile:
    found: Profile = request.param
    return found


def step(page: Page) -> str:
    """The title of the step that is shown."""
    words = page.get_by_text(re.compile(r"^Step \d+ of \d+: ")).first.text_content() or ""
    return words.split(": ", 1)[1].strip()


def sign_in(page: Page, profile: Profile) -> None:
    if profile.credentials:
        for name, value in profile.credentials.items():
            page.locator(f"[name={name}]").fill(value)
        page.get_by_role("button", name=f"Sign in at {get_tool(profile.key).label}").click()
        return
    page.get_by_role("button", name=f"Sign in at {get_tool(profile.key).label}").click()
    page.get_by_label("User name").fill("demo")
    page.get_by_label("Password").fill("demo")
    page.get_by_role("button", name="Allow").click()


def test_from_its_card_to_the_first_invoice_in_the_books(profile, entity, site, visit):
    box = world.ToolBox(site.box.base_url, profile)
    box.switch(**profile.switches)
    boss = visit("boss", f"/invoicing/companyentity/{entity.pk}/change/")
    begin(boss, entity, get_tool(profile.key).label)
    boss.get_by_role("radio", name="Both hold customers and invoices").check()
    boss.get_by_role("button", name=SAVE).click()
    expect(boss.get_by_role("heading", name="Sign in", exact=True)).to_be_visible()
    visit.keep(boss, "sign-in")
    sign_in(boss, profile)
    expect(boss.get_by_role("radio", name=re.compile(BOOKS[profile.key])).first).to_be_visible()
    visit.keep(boss, "administration")
    boss.get_by_role("radio", name=re.compile(BOOKS[profile.key])).first.check()
    boss.get_by_role("button", name=SAVE).click()
    if boss.get_by_role("checkbox", name=re.compile("belong to")).count():
        boss.get_by_role("checkbox", name=re.compile("belong to")).check()
        boss.get_by_role("button", name=SAVE).click()
    expect(boss.get_by_label("From which day on?")).to_be_visible()
    seen = []
    for _ in range(8):
        here = step(boss)
        seen.append(here)
        visit.keep(boss, here.replace(" ", "-").lower())
        if here == "Check and finish":
            break
        if here == "Ledger accounts":
            boss.get_by_label("Default ledger account").select_option(value=profile.accounts["21"])
        if here == "VAT codes":
            # Whatever is left to a person.
            for choice in boss.get_by_role("row").filter(has_text="21%").get_by_role("combobox").all()[:1]:
                choice.select_option(value=profile.vat_codes["21"])
        boss.get_by_role("button", name=SAVE, exact=True).click()
        expect(boss.get_by_text(re.compile(f"^Step \\d+ of \\d+: {here}$"))).to_have_count(0)
    assert seen[-1] == "Check and finish", seen
    boss.get_by_role("button", name="Switch the connection on").click()
    expect(label(boss, "Connected").first).to_be_visible()
    sync(boss)
    visit.keep(boss, "after-the-first-sync")
    connection = Connection.objects.get(entity=entity)
    documents = list(entity.sales_documents.all())
    assert connection.administration.tool == profile.key
    world.assert_books(box, documents)
