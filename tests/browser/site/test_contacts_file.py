"""A file of contacts, as an office has one: uploaded, its columns said, looked at, imported, and taken back."""

import re

import pytest
from playwright.sync_api import Page, expect

from crm.models import CompanyContact, Contact, ImportBatch
from tests import factories

from .test_every_page import PHONE

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

# A header that nobody knows, a company that is not here, and semicolons as a Belgian Excel writes them.
FILE = (
    "Voornaam;Achternaam;E-mail;Bedrijf;Functie;Toestel\n"
    "Ann;Claes;ann@peeters.example;Garage Peeters BV;Boekhouding;09 555 01 20\n"
    "Cas;Nys;cas@peeters.example;garage peeters bv;;\n"
    "Eva;Smet;eva@weg.example;Bakkerij Weg;;\n"
)
DESK = {"width": 1280, "height": 900}


def people() -> dict[str, list[tuple[str, str]]]:
    """Everybody's phone number and role, by name."""
    return {
        contact.name: [(contact.phone, place.role) for place in CompanyContact.objects.filter(person=contact)]
        for contact in Contact.objects.all()
    }


def at_both_widths(page: Page, visit, words: str) -> None:
    page.set_viewport_size(PHONE)
    visit.keep(page, f"{words}-phone")
    page.set_viewport_size(DESK)
    visit.keep(page, words)


def test_contacts_are_uploaded_mapped_imported_and_taken_back(site, company, visit):
    ann = factories.ContactFactory(first_name="Ann", last_name="Claes", email="ann@peeters.example", phone="")
    before = people()
    page = visit("boss", "/crm/contact/")
    page.get_by_role("link", name="Import a file").click()
    page.get_by_label(re.compile("^File")).set_input_files(
        {"name": "contacten.csv", "mimeType": "text/csv", "buffer": FILE.encode("cp1252")}
    )
    page.get_by_role("button", name="Upload and continue").click()

    expect(page.get_by_text("5 of 6 recognised.")).to_be_visible()
    page.get_by_label("Toestel").select_option(label="Phone")
    at_both_widths(page, visit, "columns")
    page.get_by_role("button", name="Continue").click()

    run = page.get_by_role("button", name="Add 1 and edit 1")
    expect(run).to_be_visible()
    expect(page.get_by_text("Bakkerij Weg").first).to_be_visible()
    at_both_widths(page, visit, "preview")
    assert people() == before  # nothing is written by looking
    run.click()

    expect(page.get_by_text(re.compile("Imported .* by "))).to_be_visible()
    at_both_widths(page, visit, "result")
    assert people() == {"Ann Claes": [("09 555 01 20", "Boekhouding")], "Cas Nys": [("", "")]}
    assert {place.company_id for place in CompanyContact.objects.all()} == {company.pk}

    page.get_by_role("link", name="Undo this import").click()
    expect(page.get_by_role("definition").first).to_have_text("1")
    page.get_by_role("button", name="Undo this import").click()
    expect(page.get_by_text("1 deleted again, 1 put back.")).to_be_visible()
    at_both_widths(page, visit, "undone")
    assert people() == before
    ann.refresh_from_db()
    assert (ann.phone, ImportBatch.objects.get().state) == ("", "undone")
