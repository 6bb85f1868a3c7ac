"""Contacts from a file: at the company that the row names, with their role, or left out with the reason."""

import pytest
from django.utils import timezone

from crm.importing import fields, services
from crm.importing.errors import ImportRefused
from crm.importing.words import note_words, refusal_words
from crm.models import Company, CompanyContact, Contact
from integrations.models import Administration, PartyLink, ToolParty
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
HEADERS = ["Voornaam", "Achternaam", "Bedrijf", "Functie", "E-mail"]


def company(name: str, **values):
    return factories.CompanyFactory(name=name, **{"vat_number": "", "enterprise_number": "", **values})


def people() -> dict[str, list[tuple[str, str]]]:
    """Where everybody works, and as what."""
    found: dict[str, list[tuple[str, str]]] = {contact.name: [] for contact in Contact.objects.all()}
    for at in CompanyContact.objects.select_related("company", "person").order_by("company__name"):
        found[at.person.name].append((at.company.name, at.role))
    return found


@pytest.mark.parametrize(
    ("header", "meaning"),
    [
        ("Bedrijf", "company_name"), ("Company", "company_name"), ("Société", "company_name"), ("Naam", "name"),
        ("Functie", "role"), ("Job title", "role"), ("Fonction", "role"), ("Btw-nummer", "vat_number"),
        ("Btw-nummer bedrijf", "company_vat_number"), ("Extern ID bedrijf", "company_external_id"),
    ],
)  # fmt: skip
def test_headers_of_a_file_of_contacts(header, meaning):
    assert fields.guess("person", [header], [], []).mapping[0]["field"] == meaning


def test_contacts_come_to_their_company_with_their_role_and_leave_it_again(story):
    company("Garage Peeters")
    company("Café Zoë")
    ann = factories.ContactFactory(first_name="Ann", last_name="Claes", email="ann@example.com")
    bob = factories.ContactFactory(first_name="Bob", last_name="Maes", email="bob@example.com")
    CompanyContact.objects.create(company=Company.objects.get(name="Café Zoë"), person=ann, role="Owner")
    CompanyContact.objects.create(company=Company.objects.get(name="Café Zoë"), person=bob, role="Cook")
    before = people()
    rows = [
        ["Ann", "Claes", "GARAGE PEETERS", "Buyer", "ann@example.com"],
        ["Bob", "Maes", "cafe zoe", "Chef", "bob@example.com"],
        ["Cas", "Nys", "Garage Peeters", "", "cas@example.com"],
        ["Dirk", "Pas", "", "", "dirk@example.com"],
    ]
    told = story().table(HEADERS, rows, kind="person").count().by_rule("all", "email")
    assert people() == before
    told.write()
    assert told.result == {"edited": 2, "added": 2}
    assert people() == {
        "Ann Claes": [("Café Zoë", "Owner"), ("Garage Peeters", "Buyer")],
        "Bob Maes": [("Café Zoë", "Chef")],
        "Cas Nys": [("Garage Peeters", "")],
        "Dirk Pas": [],
    }
    again = story().table(HEADERS, rows, kind="person").count().by_rule("all", "email").write()
    assert again.result == {"unchanged": 4}
    told.undo()
    assert told.batch.summary["undone"] == {"restored": 2, "deleted": 2, "kept": 0}
    assert people() == before


def test_a_place_that_was_changed_since_stays(story):
    garage = company("Garage Peeters")
    rows = [["Cas", "Nys", "Garage Peeters", "Buyer", ""], ["Dirk", "Pas", "Garage Peeters", "", ""]]
    told = story().table(HEADERS, rows, kind="person").count().write()
    CompanyContact.objects.filter(person__last_name="Nys").update(role="Director")
    told.undo()
    assert told.batch.summary["undone"] == {"restored": 0, "deleted": 1, "kept": 1}
    assert people() == {"Cas Nys": [(garage.name, "Director")]}


def test_a_company_that_is_unknown_or_may_be_several_is_not_guessed(story):
    company("Twin", vat_number="BE0428759497")
    company("Twin", vat_number="BE0403170701")
    factories.CompanyFactory(name="Gone", deleted_at="2026-11-01T00:00:00Z")
    told = story().table(
        ["Naam", "Company", "Company VAT number"],
        [
            ["Ann", "Twin", ""],
            ["Bob", "Nobody BV", ""],
            ["Cas", "Gone", ""],
            ["Dirk", "Twin", "BE0403170701"],
            ["Eva", "Twin", "BE0404616494"],
        ],
        kind="person",
    ).count().write()  # fmt: skip
    assert told.result == {"wrong": 4, "added": 1}
    assert people() == {"Dirk": [("Twin", "")]}
    assert CompanyContact.objects.get().company.vat_number == "BE0403170701"
    unknown = "is none of your companies; import or add the company first"
    assert {row.number: (row.notes[0]["code"], note_words(row.notes[0])) for row in told.batch.outcomes.filter(outcome="wrong")} == {
        2: ("IMP-305", "company: “Twin” fits 2 of your companies; tell it by its VAT number"),
        3: ("IMP-307", f"company: “Nobody BV” {unknown}"),
        4: ("IMP-307", f"company: “Gone” {unknown}"),
        6: ("IMP-307", f"VAT number of the company: “BE0404616494” {unknown}"),
    }  # fmt: skip


def test_the_company_by_its_external_id(story):
    books = Administration.objects.create(tool="exact", site="be", external_id="1", name="Linde", country="BE")
    garage = company("Garage Peeters")
    ToolParty.objects.create(
        administration=books,
        external_id="guid-7",
        code="7",
        name="Garage",
        is_customer=True,
        last_seen_at=timezone.now(),
    )
    PartyLink.objects.create(administration=books, party=garage, external_id="guid-7", code="7", role="both")
    told = story().table(["Naam", "Extern ID bedrijf"], [["Ann", "7"], ["Bob", "8"]], kind="person")
    told.count().write()
    assert told.result == {"added": 1, "wrong": 1}
    assert people() == {"Ann": [("Garage Peeters", "")]}


def test_a_role_needs_a_company(story):
    told = story().table(["Naam", "Functie"], [["Ann", "Buyer"]], kind="person")
    with pytest.raises(ImportRefused, match="IMP-303 role-alone"):
        services.set_up(batch=told.batch, meanings=told.meanings, administration_id=None, blank_empty=False)


@pytest.mark.parametrize(
    ("headers", "meanings"),
    [
        (["Voornaam", "Naam"], ["first_name", "last_name"]),
        (["Nom", "Prénom"], ["last_name", "first_name"]),
        (["Name", "First name", "Last name"], ["", "first_name", "last_name"]),
        (["Full name", "First name"], ["name", ""]),
        (["Naam", "E-mail"], ["name", "email"]),
    ],
)
def test_a_name_beside_a_first_name_is_the_last_name(headers, meanings):
    assert [column["field"] for column in fields.guess("person", headers, [], []).mapping] == meanings


def test_what_a_name_meant_beside_a_first_name_is_not_what_it_means_alone(story):
    story().table(["Voornaam", "Naam"], [["Kim", "Test"]], kind="person").count().write()
    assert Contact.objects.get().name == "Kim Test"
    assert story().table(["Naam"], [["Kim Test"]], kind="person").meanings == ["name"]


def test_a_whole_name_beside_a_part_of_it_is_refused(story):
    told = story().table(["Voornaam", "Naam"], [["Kim", "Test"]], kind="person")
    with pytest.raises(ImportRefused) as caught:
        told.count(meanings=["first_name", "name"])
    assert caught.value.reason == "name-and-parts"
    assert "Choose last name for that column" in refusal_words(caught.value)


def test_a_vat_number_of_two_companies_is_not_asked_for_again(story):
    for name in ("Garage Peeters", "Peeters Garage"):
        company(name, vat_number="BE0428759497")
    headers = ["Voornaam", "Achternaam", "Btw-nummer bedrijf"]
    told = story().table(headers, [["Ann", "Claes", "BE0428759497"]], kind="person").count().write()
    words = note_words(told.row(2).notes[0])
    assert words.endswith("fits 2 of your companies; merge them, or tell it by its external ID")
