"""The whole set-up in a browser: signed in at the tool, a right that is missing, interrupted, clicked twice, no script."""

from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from integrations.models import Connection, ConnectionStatus, NotificationPreference, RunState, SyncRun
from invoicing.models import CompanyEntity
from tests import bridge, factories

from .steps import label, panel, sync, wait_for_the_queue
from .test_every_page import PHONE

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

STEPS = [
    "Situation", "Sign in", "Access check", "Administration", "Start date and journals", "VAT codes",
    "Ledger accounts", "Import of customers", "Automatic sync", "Check and finish",
]  # fmt: skip
BOOKS = "Brugpijlertje Digitaal bv"
SAVE, STOP = "Save and continue", "Save and stop"


@pytest.fixture
def entity(people) -> CompanyEntity:
    """An entity with two booked invoices of this year, its own VAT rates and a standard term; nothing connected."""
    for code in bridge.VAT_CODES:
        factories.vat_rate(code)
    factories.PaymentTermFactory(code="30d", name="30 days", days=30, is_default=True)
    today = timezone.localdate()
    found = factories.EntityFactory(name="Brugpijlertje Digitaal", vat_number="BE1987000062", years=())
    factories.FiscalYearFactory(entity=found, year=today.year, next_invoice_number=101)
    company = factories.CompanyFactory(name="Garage Peeters BV")
    for code in ("21", "6"):
        factories.booked_invoice(entity=found, party=company, day=today, lines=[factories.line("100", code=code)])
    return found


def begin(page: Page, entity: CompanyEntity, tool: str = "Exact Online") -> None:
    """From the entity's page to the first step."""
    page.get_by_role("navigation", name="Sections").get_by_role("link", name="Accounting").click()
    panel(page, tool).get_by_role("link", name="Connect", exact=True).click()
    expect(page.get_by_label("Entity")).to_have_value(str(entity.pk))
    page.get_by_role("button", name="Start the set-up").click()
    at(page, "Situation")


def at(page: Page, step: str) -> None:
    """The set-up shows this step."""
    expect(page.get_by_text(f"Step {STEPS.index(step) + 1} of {len(STEPS)}: {step}")).to_have_count(1)


def go_on(page: Page, step: str, button: str = SAVE) -> None:
    """Leave a step; the one after it opens."""
    page.get_by_role("button", name=button, exact=True).click()
    at(page, STEPS[STEPS.index(step) + 1])


def sign_in(page: Page) -> None:
    """At the tool's own page, and back."""
    page.get_by_role("button", name="Sign in at Exact Online").click()
    expect(page.get_by_role("heading", name="Exact Online (sandbox)")).to_be_visible()
    page.get_by_label("User name").fill("demo")
    page.get_by_label("Password").fill("demo")
    page.get_by_role("button", name="Allow").click()


def choose_books(page: Page) -> None:
    """Choose the administration; its lists are fetched while one looks."""
    page.get_by_role("radio", name=BOOKS).check()
    page.get_by_role("button", name=SAVE).click()
    at(page, "Start date and journals")


def test_the_whole_set_up_until_the_first_invoice_is_in_the_books(site, entity, people, visit):
    boss = visit("boss", f"/invoicing/companyentity/{entity.pk}/change/")
    begin(boss, entity)
    boss.get_by_role("radio", name="Both hold customers and invoices").check()
    visit.keep(boss, "situation")
    go_on(boss, "Situation")
    visit.keep(boss, "sign-in")
    sign_in(boss)

    # The rights were looked at on the way back.
    at(boss, "Administration")
    visit.keep(boss, "administration")
    choose_books(boss)
    expect(boss.get_by_label("Journal for invoices")).to_have_value("70")
    boss.get_by_text("Journals that are not offered").click()
    expect(boss.get_by_text("75 Verkoopboek oud")).to_be_visible()
    boss.get_by_label("From which day on?").fill(timezone.localdate().isoformat())
    visit.keep(boss, "journals")
    go_on(boss, "Start date and journals")

    row = boss.get_by_role("row").filter(has_text="21%").first
    expect(row.get_by_role("combobox").first).to_have_value("4")
    expect(row.get_by_text("You decide.")).to_be_visible()
    visit.keep(boss, "vat-codes")
    go_on(boss, "VAT codes")

    expect(boss.get_by_label("Account for discounts")).to_have_value("708000")
    for rate, account in (("21%", "700000"), ("6%", "700020")):
        chosen = boss.get_by_role("row").filter(has_text=rate).first.get_by_role("combobox").first
        chosen.select_option(value=account)
    boss.get_by_label("Fill in the account of 2 existing lines").check()
    visit.keep(boss, "ledger-accounts")
    go_on(boss, "Ledger accounts")
    expect(boss.get_by_text("2 lines got their ledger account.")).to_be_visible()

    boss.get_by_role("radio", name="Only the customers of documents").check()
    visit.keep(boss, "customers")
    go_on(boss, "Import of customers")
    boss.get_by_label("Sync every night").check()
    boss.get_by_label("Tell me about new payments on invoices").check()
    visit.keep(boss, "automatic")
    go_on(boss, "Automatic sync")

    boss.get_by_role("button", name="Look into the books").click()
    expect(boss.get_by_text("None has a number of yours.")).to_be_visible()
    expect(boss.locator(".bb-figures > div", has_text="Documents ready").get_by_text("2", exact=True)).to_be_visible()
    visit.keep(boss, "check")
    assert [call for call in site.box.requests() if call["method"] == "POST" and "Entries" in call["path"]] == []
    boss.get_by_role("button", name="Switch the connection on").click()
    expect(label(boss, "Connected").first).to_be_visible()
    connection = Connection.objects.get(entity=entity)
    assert NotificationPreference.objects.get(user=people["boss"], connection=connection).on_payment

    sync(boss)
    visit.keep(boss, "after-the-first-sync")
    assert bridge.assert_same_books(site.box, connection) == 2
    connection.refresh_from_db()
    assert connection.automatic_sync


def test_a_missing_right_is_told_with_a_text_for_the_accountant(site, entity, visit):
    right = {"resource": "salesentry/SalesEntries", "actions": ["POST"]}
    site.box.call("rights", {**right, "allowed": False})
    boss = visit("boss", f"/invoicing/companyentity/{entity.pk}/change/")
    boss.context.grant_permissions(["clipboard-read", "clipboard-write"])
    begin(boss, entity)
    boss.get_by_role("radio", name="Exact Online is empty, or new").check()
    go_on(boss, "Situation")
    sign_in(boss)

    at(boss, "Access check")
    missing = boss.get_by_role("listitem").filter(has_text="Enter, modify and delete sales entries")
    expect(label(missing, "Missing")).to_be_visible()
    expect(boss.get_by_role("button", name="Continue", exact=True)).to_have_count(0)
    boss.get_by_role("button", name="Copy").click()
    expect(boss.get_by_role("button", name="Copied")).to_be_visible()
    copied = boss.evaluate("navigator.clipboard.readText()")
    assert all(words in copied for words in (entity.name, "Enter, modify and delete sales entries")), copied
    visit.keep(boss, "missing-right")

    boss.get_by_role("button", name="Check again").click()
    at(boss, "Access check")
    boss.goto(boss.url.replace("/access/", "/journals/"))
    expect(boss.get_by_text("First finish: Access check.")).to_be_visible()

    site.box.call("rights", {**right, "allowed": True})
    boss.get_by_role("button", name="Check again").click()
    expect(boss.get_by_text("None is missing.")).to_be_visible()
    go_on(boss, "Access check", "Continue")
    expect(boss.get_by_role("radio", name=BOOKS)).to_be_enabled()


def test_who_stops_finds_everything_again_and_two_clicks_are_one(site, entity, visit):
    boss = visit("boss", f"/invoicing/companyentity/{entity.pk}/change/")
    begin(boss, entity)
    boss.get_by_role("radio", name="Both hold customers and invoices").check()
    boss.get_by_role("button", name=SAVE, exact=True).dblclick()
    at(boss, "Sign in")
    sign_in(boss)
    at(boss, "Administration")
    choose_books(boss)
    start = timezone.localdate() - timedelta(days=timezone.localdate().day - 1)
    boss.get_by_label("From which day on?").fill(start.isoformat())
    go_on(boss, "Start date and journals")
    boss.get_by_role("row").filter(has_text="6%").first.get_by_role("combobox").first.select_option(value="1")
    boss.get_by_role("button", name=STOP).click()
    expect(boss.get_by_text("it opens where you stopped")).to_be_visible()
    visit.keep(boss, "stopped")
    boss.context.close()

    # Another day, on a phone, by way of the entity.
    again = visit("boss", f"/invoicing/companyentity/{entity.pk}/change/", viewport=PHONE)
    again.get_by_role("navigation", name="Sections").get_by_role("link", name="Accounting").click()
    expect(label(again, "Configuration needed")).to_be_visible()
    again.get_by_role("link", name="Continue set-up").click()
    at(again, "Ledger accounts")
    visit.keep(again, "opened-again")
    again.get_by_role("link", name="Back", exact=True).click()
    at(again, "VAT codes")
    expect(again.get_by_role("row").filter(has_text="6%").first.get_by_role("combobox").first).to_have_value("1")
    again.get_by_role("link", name="Back", exact=True).click()
    expect(again.get_by_label("From which day on?")).to_have_value(start.isoformat())
    connection = Connection.objects.get(entity=entity)
    assert connection.status == ConnectionStatus.CONFIGURATION_NEEDED
    assert connection.vat_links.filter(direction="sales", vat_code__code="1").count() == 1


def test_a_consent_that_is_refused_at_the_tool_is_said_and_can_be_given_after_all(site, entity, visit):
    boss = visit("boss", f"/invoicing/companyentity/{entity.pk}/change/")
    begin(boss, entity)
    boss.get_by_role("radio", name="Both hold customers and invoices").check()
    go_on(boss, "Situation")
    boss.get_by_role("button", name="Sign in at Exact Online").click()
    boss.get_by_role("button", name="Refuse").click()
    at(boss, "Sign in")
    visit.keep(boss, "refused")
    expect(boss.get_by_text("Exact Online was not given permission. Sign in again and allow access.")).to_be_visible()
    sign_in(boss)
    at(boss, "Administration")


def test_without_script_every_step_is_a_form(site, entity, visit):
    boss = visit("boss", f"/invoicing/companyentity/{entity.pk}/change/", java_script_enabled=False)
    begin(boss, entity)
    boss.get_by_role("radio", name="Both hold customers and invoices").check()
    go_on(boss, "Situation")
    sign_in(boss)
    at(boss, "Administration")
    boss.get_by_role("radio", name=BOOKS).check()
    boss.get_by_role("button", name=SAVE).click()
    boss.get_by_role("button", name="Fetch the rest now").click()
    at(boss, "Start date and journals")
    for step in STEPS[4:9]:
        at(boss, step)
        if step == "Ledger accounts":
            boss.get_by_label("Default ledger account").select_option(value="700000")  # none is proposed
        boss.get_by_role("button", name=SAVE, exact=True).click()
    at(boss, "Check and finish")
    boss.get_by_role("button", name="Switch the connection on").click()
    expect(label(boss, "Connected").first).to_be_visible()
    boss.get_by_role("button", name="Sync", exact=True).click()
    wait_for_the_queue()
    run = SyncRun.objects.get(connection__entity=entity)
    assert run.state == RunState.SUCCEEDED, run.counters
