"""By every rule the right company, nobody twice, and nothing written before it is wanted."""

import pytest
from django.db.models import Model

from config.admin.exports import CSV
from crm.admin import export
from crm.binning import move_to_recycle_bin
from crm.importing import fields, services
from crm.importing.errors import ImportRefused
from crm.models import Company, Contact, ImportState, Party, RememberedHeader, Tag
from integrations.models import Administration, PartyLink, ToolParty
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
A, B, C = "BE0428759497", "BE0403170701", "BE0404616494"


def company(name: str, **values):
    return factories.CompanyFactory(name=name, **{"vat_number": "", "enterprise_number": "", "postcode": "", **values})


def outcome(told, match, *facts):
    """Outcome by row number, as the preview's own samples say."""
    rows = told.batch.summary["samples"][f"{match}:{','.join(facts)}"]
    return {
        row["row"]: (kind, row["notes"][0]["reason"] if row["notes"] else "")
        for kind, found in rows.items()
        for row in found
    }


@pytest.mark.parametrize(
    ("header", "meaning"),
    [
        ("Name", "name"), ("Naam", "name"), ("Nom", "name"), ("External ID", "external_id"), ("Extern ID", "external_id"),
        ("Accounting package customer number", "external_id"), ("Octopus ID", "external_id"),
        ("Btw-nummer", "vat_number"), ("Numéro de TVA", "vat_number"), ("VAT number", "vat_number"),
        ("Ondernemingsnummer", "enterprise_number"), ("KBO", "enterprise_number"), ("KvK-nummer", "enterprise_number"),
        ("Code postal", "postcode"), ("Plaats", "city"), ("Pays", "country"), ("E-mailadres", "email"),
        ("Téléphone", "phone"), ("Leverancier", "is_supplier"), ("Betalingstermijn", "payment_term"), ("Peppol-ID", "peppol_id"),
        ("Schoenmaat", ""),
    ],
)  # fmt: skip
def test_headers_are_recognised(header, meaning):
    assert fields.guess("company", [header], [], []).mapping[0]["field"] == meaning


def test_what_a_person_said_of_a_header_is_remembered(story):
    told = story().table(["Naam", "Ref."], [["X", "1000"]])
    assert told.meanings == ["name", ""]
    told.count(meanings=["name", "postcode"])
    assert RememberedHeader.objects.get(header_key="ref").field == "postcode"
    assert story().table(["Ref.", "Naam"], [["1", "Y"]]).meanings == ["postcode", "name"]


def test_the_table_of_rules(story):
    first = company("Garage Peeters", vat_number=A, postcode="1000", email="Info@Peeters.be")
    company("Garage Peeters", vat_number=B, postcode="9000")
    told = story().table(
        ["Name", "VAT number", "Postcode", "E-mail"],
        [
            ["GARAGE PEETERS", A, "1000", ""],
            ["Garage Pééters", "", "", "info@peeters.be"],
            ["Garage Peeters", C, "1000", ""],
            ["Iets nieuws", "", "", ""],
        ],
    ).count()  # fmt: skip
    assert outcome(told, "all", "vat_number") == {
        2: ("edited", ""), 3: ("added", ""), 4: ("added", ""), 5: ("added", ""),
    }  # fmt: skip
    assert outcome(told, "all", "email")[3] == ("edited", "")
    # A namesake with another VAT number is somebody else; without a number both are meant.
    assert [outcome(told, "all", "name")[row][0] for row in (2, 3, 4, 5)] == ["edited", "ambiguous", "added", "added"]
    # The same name at the same place with another VAT number is somebody else.
    assert outcome(told, "first", "vat_number", "name_postcode") == {
        2: ("edited", ""), 3: ("added", ""), 4: ("added", ""), 5: ("added", ""),
    }  # fmt: skip
    told.by_rule("any", "vat_number", "email")
    assert outcome(told, "any", "vat_number", "email")[3] == ("ambiguous", "same-party")
    told.by_rule("all", "vat_number", "name")
    assert outcome(told, "all", "vat_number", "name")[2][0] == "edited"
    first.refresh_from_db()
    assert first.name == "Garage Peeters"


def test_a_preview_writes_nothing(story):
    company("Garage Peeters", vat_number=A)
    told = story().table(["Name", "VAT number", "Tags"], [["Peeters", A, "New tag"], ["Nieuw", "", "Other"]])
    before = _tables()
    told.count().by_rule("any", "name", "vat_number")
    assert _tables() == before


def _tables() -> dict[str, list]:
    models: list[type[Model]] = [Party, Tag, PartyLink, ToolParty, Party.tags.through]
    return {model.__name__: sorted(map(str, model._base_manager.values_list())) for model in models}


def test_of_rows_that_name_one_new_company_the_first_adds_it(story):
    told = (
        story()
        .table(
            ["Name", "VAT number", "Postcode"],
            [["Nieuw", A, ""], ["Nieuw BV", A, ""], ["Elders", "", "1"], ["elders", "", "1"]],
        )
        .count()
    )
    assert outcome(told, "all", "vat_number") == {
        2: ("added", ""), 3: ("ambiguous", "row-twice"), 4: ("added", ""), 5: ("ambiguous", "row-twice"),
    }  # fmt: skip
    assert told.by_rule("all", "vat_number").write().result == {"added": 2, "ambiguous": 2}
    assert Company.objects.count() == 2


def test_empty_cells_change_nothing_unless_asked(story):
    one = company("Garage Peeters", vat_number=A, phone="016 1", city="Leuven")
    rows = [["Garage Peeters", A, "", "Gent"]]
    headers = ["Name", "VAT number", "Phone", "City"]
    story().table(headers, rows).count().by_rule("all", "vat_number").write()
    one.refresh_from_db()
    assert (one.phone, one.city) == ("016 1", "Gent")
    story().table(headers, rows).count(blank_empty=True).by_rule("all", "vat_number").write()
    one.refresh_from_db()
    assert (one.phone, one.name) == ("", "Garage Peeters")


def test_bad_values_make_a_row_wrong_and_say_which(story):
    told = story().table(
        ["Name", "E-mail", "Country", "IBAN", "Customer"],
        [["A", "no mail", "", "", ""], ["B", "", "Nergensland", "", ""], ["C", "", "", "BE00", ""], ["D", "", "", "", "misschien"],
         ["", "", "BE", "", ""], ["E", "e@example.com", "België", "BE68 5390 0754 7034", "ja"]],
    )  # fmt: skip
    told.count(meanings=["name", "email", "country", "iban", "is_customer"]).write()
    assert told.result == {"wrong": 5, "added": 1}
    assert [note["params"]["kind"] for row in (2, 3, 4, 5) for note in told.row(row).notes] == [
        "email", "country", "iban", "yes-no",
    ]  # fmt: skip
    assert told.row(6).notes[0]["reason"] == "no-name"
    assert Company.objects.get(name="E").iban == "BE68539007547034"


def test_the_recycle_bin_is_not_matched_and_named(story):
    gone = company("Garage Peeters", vat_number=A)
    move_to_recycle_bin(parties=[gone], by=None)
    told = story().table(["Name", "VAT number"], [["Garage Peeters", A]]).count()
    assert outcome(told, "all", "vat_number") == {2: ("added", "binned")}


def test_a_person_decides_of_a_row_that_fits_two(story):
    two = [company("Dubbel BV", phone="1"), company("Dubbel BV", phone="2")]
    told = story().table(["Name", "Phone"], [["Dubbel BV", "9"]]).count()
    assert told.counts("all", "name") == {"ambiguous": 1}
    services.decide(batch=told.batch, decisions={"2": two[1].pk})
    told.work().write()
    two[0].refresh_from_db()
    two[1].refresh_from_db()
    assert (two[0].phone, two[1].phone) == ("1", "9")


def test_contacts_by_first_and_last_name(story):
    story().table(["Voornaam", "Achternaam", "Telefoon"], [["An", "De Smet", "1"]], kind="person").count().write()
    made = Contact.objects.get()
    assert (made.name, made.first_name, made.last_name, made.phone) == ("An De Smet", "An", "De Smet", "1")
    story().table(["Naam", "Telefoon"], [["an de smet", "2"]], kind="person").count().write()
    made = Contact.objects.get()
    assert (made.phone, made.name) == ("2", "an de smet")


def test_columns_must_say_something(story):
    told = story().table(["Naam", "Stad"], [["X", "Y"]])
    for meanings, reason in (
        (["", "city"], "no-column"),
        (["name", "name"], "twice"),
        (["name", "external_id"], "no-administration"),
    ):
        with pytest.raises(ImportRefused) as caught:
            services.set_up(batch=told.batch, meanings=meanings, administration_id=None, blank_empty=False)
        assert caught.value.reason == reason
    assert services.cancel(batch=told.batch, by=told.by)
    told.batch.refresh_from_db()
    assert told.batch.state == ImportState.CANCELLED


def test_our_own_export_comes_back_as_it_is(story, django_user_model, tmp_path):
    books = Administration.objects.create(
        tool="octopus", site="be", external_id="1", name="Books of Linde", country="BE"
    )
    one = company("=Garage+", vat_number=A, enterprise_number=A[2:], phone="+32 16 1", postcode="3000", country="BE")
    one.tags.add(Tag.objects.create(name="Exact Online Import"))
    company("Zonder nummer", country="NL")
    ToolParty.objects.create(administration=books, external_id="9", code="9", last_seen_at=one.created_at)
    PartyLink.objects.create(administration=books, party=one, external_id="9", code="9")
    columns = export.columns()
    with (tmp_path / "x.csv").open("w+b") as file:
        parties = export.with_their_facts(Company.objects.order_by("pk"))
        CSV.write(file, [str(c.title) for c in columns], ([c.value(party) for c in columns] for party in parties))
        file.seek(0)
        told = story().upload(file.read())
    assert "" not in told.meanings
    assert told.batch.administration_id == books.pk
    told.count()
    assert told.counts("all", "name") == {"unchanged": 2}
