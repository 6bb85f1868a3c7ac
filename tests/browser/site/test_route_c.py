"""Route C as the customers' guide tells it: whom the tool knows is imported, exported, deleted, and merged in by a file.

Source: S-044 to S-071. Of ours one is in the tool under its name, without a number here, and one under another spelling; two
are recognised at once; one is unknown there until the sync brings it.
"""

import re
from pathlib import Path

import pytest
from openpyxl import load_workbook
from playwright.sync_api import Page, expect

from crm.models import BinnedParty, Company, Party
from integrations.models import PartyLink
from tests import bridge, factories

from .steps import sync, wait_for_the_queue

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

JOINER = "Schrijnwerkerij Bois-Clair"
KEPT_COLUMNS = {"name", "VAT number", "External ID in Brugpijlertje Digitaal bv"}
BAKER, MOUSE, PRINTER, STRANGER = (
    "Bakkerij Zonnekorrel",
    "Havenmuis Logistics",
    "Drukkerij Inktvlek",
    "Nergens Bekend BV",
)


@pytest.fixture
def ours(connection) -> dict[str, Company]:
    """As an office has them before it connects: names, here and there a number, and an invoice each."""
    blank = {"vat_number": "", "enterprise_number": "", "postcode": "", "city": "", "street": ""}
    found = {
        BAKER: factories.CompanyFactory(name=BAKER, email="els@zonnekorrel.example", **blank),
        MOUSE: factories.CompanyFactory(name=MOUSE, **blank),
        PRINTER: factories.CompanyFactory(name=PRINTER, vat_number="BE1900414892"),
        STRANGER: factories.CompanyFactory(name=STRANGER),
    }
    for party in found.values():
        factories.booked_invoice(entity=connection.entity, party=party, lines=[factories.line("100")])
    # Recognised as well, and without documents.
    found[JOINER] = factories.CompanyFactory(name=JOINER, vat_number="BE1900828529", notes="Rings before nine.")
    return found


def go(page: Page, name: str) -> None:
    """By the menu."""
    page.get_by_role("navigation", name="Menu").get_by_role("link", name=name, exact=True).click()


def run_on_all(page: Page, action: str) -> None:
    page.locator("#action-toggle").check()
    everything = page.get_by_role("link", name=re.compile("^Select all"))
    if everything.is_visible():
        everything.click()
    page.locator("select[name=action]").select_option(label=action)
    page.get_by_role("button", name="Run").click()


def trimmed(source: Path, target: Path) -> None:
    """What a person does in Excel: delete the columns that would overwrite newer data."""
    book = load_workbook(source)
    sheet = book.active
    for place in range(sheet.max_column, 0, -1):
        if sheet.cell(1, place).value not in KEPT_COLUMNS:
            sheet.delete_cols(place)
    assert {cell.value for cell in sheet[1]} == KEPT_COLUMNS
    book.save(target)


def numbers() -> dict[str, str]:
    """The number in the tool by the name of who has it."""
    return dict(PartyLink.objects.filter(primary=True).exclude(external_id="").values_list("party__name", "code"))


def test_route_c_from_the_import_to_the_last_external_id(site, connection, ours, visit, tmp_path):
    boss = visit("boss", f"/integrations/connection/{connection.pk}/synchronisation/")
    expect(boss.get_by_text("0 of 4 invoices have a customer with external ID.")).to_be_visible()
    # S-044 to S-046: the import adds whom it does not recognise, with a tag.
    boss.get_by_role("button", name="Start the import").click()
    wait_for_the_queue()
    boss.reload()
    boss.locator("p", has_text="Last import").get_by_role("link").click()
    visit.keep(boss, "import-from-the-tool")
    imported = Party.objects.live().filter(tags__name="Exact Online Import")
    assert {PRINTER, JOINER} <= set(imported.values_list("name", flat=True))  # they have its tag, too
    companies = imported.filter(kind="company").exclude(name__in=(PRINTER, JOINER)).count()
    assert Company.objects.filter(name=BAKER).count() == 2
    assert numbers()[PRINTER] == "2"

    # S-056: a segment of all that were imported.
    go(boss, "Segments")
    boss.get_by_role("link", name="New segment").first.click()
    boss.get_by_label("Name *").fill("From Exact")
    boss.get_by_label("What the new rule looks at").select_option(label="Tags")
    boss.get_by_role("button", name="Add rule").click()
    boss.get_by_label("Tags", exact=True).fill("Exact Online Import")
    boss.get_by_role("button", name="Save").last.click()
    expect(boss.get_by_text("The segment From Exact is saved.")).to_be_visible()
    visit.keep(boss, "segment")
    boss.get_by_role("link", name="Show the list").first.click()
    visit.keep(boss, "imported")

    # S-059: exported with the external IDs.
    with boss.expect_download() as download:
        run_on_all(boss, "Export to Excel")
    exported, file = tmp_path / "exported.xlsx", tmp_path / "Imported from Exact.xlsx"
    download.value.save_as(exported)

    # S-060: and deleted.
    boss.goto(boss.url)
    run_on_all(boss, "Move to the recycle bin")
    visit.keep(boss, "who-goes")
    # Whom the import only recognised is ours, and stays.
    expect(boss.get_by_text("1 of them was here before the import")).to_contain_text(JOINER)
    boss.get_by_role("button", name=f"Move {companies} to the recycle bin").click()
    expect(boss.get_by_text(f"{companies} are in the recycle bin.")).to_be_visible()
    visit.keep(boss, "deleted")
    assert set(Company.objects.values_list("name", flat=True)) == set(ours)
    assert BinnedParty.objects.count() == companies
    assert numbers().keys() & set(ours) == {PRINTER, JOINER}

    # S-061 to S-065: trimmed, and looked at by several rules before anything is written.
    trimmed(exported, file)
    go(boss, "Imports")
    boss.get_by_role("link", name="Import a file").first.click()
    boss.locator("input[type=file]").set_input_files(file)
    boss.get_by_role("button", name="Upload and continue").click()
    expect(boss.get_by_text("3 of 3 recognised")).to_be_visible()
    visit.keep(boss, "columns")
    boss.get_by_role("button", name="Continue").click()
    expect(boss.get_by_role("heading", name="How should rows find your companies?")).to_be_visible()
    visit.keep(boss, "preview")
    boss.get_by_role("radio", name="VAT number, else name", exact=True).check()
    boss.get_by_role("button", name="Use this rule").click()
    visit.keep(boss, "preview-by-vat-number-or-name")
    # One is found by its name; two there share a VAT number of which only one may be added.
    boss.get_by_role("button", name=f"Add {companies - 2} and edit 1").click()
    # S-066 to S-068.
    expect(boss.get_by_text(re.compile("^Imported .* by boss"))).to_be_visible()
    visit.keep(boss, "imported-by-file")
    assert numbers()[BAKER] == "1"
    assert Company.objects.get(name=BAKER).email == "els@zonnekorrel.example"  # its column was not in the file

    boss.get_by_role("navigation", name="Rows by what became of them").get_by_role("link", name="Added").click()
    visit.keep(boss, "added")
    row = boss.get_by_role("row", name=re.compile("Havenmuis Logistiek"))
    row.get_by_role("link", name="Merge with…").click()
    visit.keep(boss, "merge-with-whom")
    boss.get_by_role("row", name=re.compile(MOUSE)).get_by_role("link", name="Compare").click()
    visit.keep(boss, "merge")
    # The one with the invoice stays, whichever the way began with.
    boss.get_by_role("button", name=f"Merge into {MOUSE}").click()
    expect(boss.get_by_text(f"Havenmuis Logistiek was merged into {MOUSE}.")).to_be_visible()
    visit.keep(boss, "merged")
    assert numbers()[MOUSE] == "6"
    # Back where the others wait.
    expect(boss).to_have_url(re.compile("/crm/importbatch/"))

    # S-069 to S-071: one is lacking, whom the tool does not know; the next sync adds it there.
    boss.goto(f"{site.url}/integrations/connection/{connection.pk}/change/")
    expect(boss.get_by_text("3 of 4 invoices have a customer with external ID.")).to_be_visible()
    before = len(site.box.parties())
    sync(boss)
    expect(boss.get_by_text("4 of 4 invoices have a customer with external ID.")).to_be_visible()
    visit.keep(boss, "complete")
    assert set(ours) <= numbers().keys()
    assert [row["name"] for row in site.box.parties()].count(STRANGER) == 1
    assert len(site.box.parties()) == before + 1
    assert bridge.assert_same_books(site.box, connection) == 4
