"""External IDs from a file: they belong to an administration, to one party, and go back when the import is undone."""

import pytest
from django.utils import timezone

from crm.models import Company
from integrations.importing_numbers import BookNumbers
from integrations.models import Administration, Connection, PartyLink, Posting, ToolParty
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]


@pytest.fixture
def books():
    found = Administration.objects.create(tool="exact", site="be", external_id="1", name="Linde", country="BE")
    for n in range(1, 8):
        ToolParty.objects.create(
            administration=found, external_id=f"guid-{n}", code=str(n), name=f"R{n}", is_customer=True,
            last_seen_at=timezone.now(),
        )  # fmt: skip
    return found


def links():
    return sorted(PartyLink.objects.values_list("party__name", "external_id", "code", "primary"))


def test_numbers_are_set_changed_refused_and_given_back(story, books):
    names = ["Geen", "Ander", "Zelfde", "Bezet", "Onbekend"]
    made = {name: factories.CompanyFactory(name=name) for name in names}
    for name, n in (("Ander", 2), ("Zelfde", 3), ("Bezet", 4)):
        PartyLink.objects.create(
            administration=books, party=made[name], external_id=f"guid-{n}", code=str(n), role="both"
        )
    before = links()
    told = story().table(
        ["Naam", "Extern ID"],
        [["Geen", "1"], ["Ander", "guid-5"], ["Zelfde", "3"], ["Onbekend", "99"], ["Nieuw", "6"], ["Ook nieuw", "4"]],
    )
    assert told.batch.administration_id == books.pk
    told.count().by_rule("all", "name").write()
    assert told.result == {"edited": 2, "unchanged": 1, "wrong": 2, "added": 1}
    assert links() == sorted([
        ("Ander", "guid-5", "5", True), ("Bezet", "guid-4", "4", True), ("Geen", "guid-1", "1", True),
        ("Nieuw", "guid-6", "6", True), ("Zelfde", "guid-3", "3", True),
    ])  # fmt: skip
    assert (told.row(3).old["external_id"], told.row(3).new["external_id"]) == ("2", "5")
    assert told.row(5).notes[0]["reason"] == "number-unknown"
    assert told.row(7).notes[0]["reason"] == "taken"
    told.undo()
    assert told.batch.summary["undone"] == {"restored": 2, "deleted": 1, "kept": 0}
    assert links() == before
    assert not Company.objects.filter(name="Nieuw").exists()


def test_a_number_finds_its_company(story, books):
    one = factories.CompanyFactory(name="Oude naam", phone="")
    PartyLink.objects.create(administration=books, party=one, external_id="guid-2", code="2", role="both")
    told = story().table(["Extern ID", "Telefoon"], [["2", "016"]]).count()
    assert told.counts("all", "external_id") == {"edited": 1}
    told.write()
    one.refresh_from_db()
    assert (one.name, one.phone) == ("Oude naam", "016")


def test_one_number_in_two_rows_goes_to_neither(story, books):
    told = story().table(["Naam", "Extern ID"], [["A", "1"], ["B", "1"]]).count().by_rule("all", "name")
    assert told.write().result == {"wrong": 2}
    assert links() == []


def test_a_number_that_another_one_has_by_now_is_not_taken_back(story, books):
    one = factories.CompanyFactory(name="Ander")
    PartyLink.objects.create(administration=books, party=one, external_id="guid-2", code="2", role="both")
    told = story().table(["Naam", "Extern ID"], [["Ander", "5"]]).count().by_rule("all", "name").write()
    other = factories.CompanyFactory(name="Dief")
    PartyLink.objects.create(administration=books, party=other, external_id="guid-2", code="2", role="both")
    told.undo()
    assert told.batch.summary["undone"] == {"restored": 0, "deleted": 0, "kept": 1}
    assert told.row(2).notes[-1]["reason"] == "kept-number-taken"
    assert ("Ander", "guid-5", "5", True) in links()


def test_a_namesake_with_another_vat_number_keeps_both_its_numbers(story, books):
    mine, other = factories.vat_number_be(1), factories.vat_number_be(2)
    one = factories.CompanyFactory(name="Janssens", vat_number=mine)
    told = story().table(["Naam", "Btw-nummer", "Extern ID"], [["Janssens", other, "1"]])
    told.count().by_rule("all", "name").write()
    assert told.result == {"added": 1}
    one.refresh_from_db()
    assert one.vat_number == mine
    assert PartyLink.objects.get().party.vat_number == other


def test_what_a_sync_sent_since_is_no_change_and_is_not_forgotten(story, books):
    one = factories.CompanyFactory(name="Een", phone="0")
    old = PartyLink.objects.create(
        administration=books, party=one, external_id="guid-1", code="1", role="both", sent_hash="old"
    )
    told = story().table(["Naam", "Extern ID", "Telefoon"], [["Een", "2", "9"], ["Twee", "3", "9"]])
    told.count().by_rule("all", "name").write()
    assert told.result == {"edited": 1, "added": 1}
    PartyLink.objects.update(sent_hash="new", sent_at=timezone.now(), is_supplier=True)
    told.undo()
    assert told.batch.summary["undone"] == {"restored": 1, "deleted": 1, "kept": 0}
    link = PartyLink.objects.get()
    assert (link.pk, link.external_id, link.sent_hash) == (old.pk, "guid-1", "old")


def sent(party, books, number):
    """A document of the party that stands in the books under the number."""
    entity = factories.EntityFactory()
    connection = Connection.objects.create(
        entity=entity, tool="exact", site="be", administration=books, status="deactivated"
    )
    document = factories.booked_invoice(entity=entity, party=party)
    return Posting.objects.create(
        connection=connection, administration=books, sales_document=document, reference=f"{document.number}-{number}",
        kind="sales-invoice", state="posted", external_id=f"entry-{number}", sent={"party": number},
    )  # fmt: skip


def test_a_number_that_was_booked_under_stays_known_and_one_that_was_not_goes(story, books):
    used, unused = factories.CompanyFactory(name="Gebruikt"), factories.CompanyFactory(name="Vergist")
    for party, n in ((used, 1), (unused, 2)):
        PartyLink.objects.create(
            administration=books, party=party, external_id=f"guid-{n}", code=str(n), role="both", is_supplier=True
        )
    sent(used, books, "guid-1")
    sent(unused, books, "guid-7")
    before = links()
    told = story().table(["Naam", "Extern ID"], [["Gebruikt", "3"], ["Vergist", "4"]])
    told.count().by_rule("all", "name").write()
    assert links() == [
        ("Gebruikt", "guid-1", "1", False), ("Gebruikt", "guid-3", "3", True), ("Vergist", "guid-4", "4", True)
    ]  # fmt: skip
    assert PartyLink.objects.get(external_id="guid-1").is_supplier
    told.undo()
    assert told.batch.summary["undone"] == {"restored": 2, "deleted": 0, "kept": 0}
    assert links() == before


def test_undoing_keeps_the_number_that_was_booked_under_since_as_a_second_one(story, books):
    one = factories.CompanyFactory(name="Een")
    PartyLink.objects.create(administration=books, party=one, external_id="guid-1", code="1", role="both")
    told = story().table(["Naam", "Extern ID"], [["Een", "2"]]).count().by_rule("all", "name").write()
    sent(one, books, "guid-2")
    told.undo()
    assert links() == [("Een", "guid-1", "1", True), ("Een", "guid-2", "2", False)]


def test_a_link_put_back_keeps_what_was_sent_under_it_meanwhile(books):
    one = factories.CompanyFactory(name="Een")
    link = PartyLink.objects.create(
        administration=books, party=one, external_id="guid-1", code="1", role="both", sent_hash="old"
    )
    numbers = BookNumbers(books.pk)
    before = numbers.snapshot([one.pk])
    PartyLink.objects.filter(pk=link.pk).update(sent_hash="new", code="9")
    numbers.restore(before)
    link.refresh_from_db()
    assert (link.code, link.sent_hash) == ("1", "new")


def test_an_external_id_changed_by_hand_is_named_as_the_reason(story, books):
    told = story().table(["Naam", "Extern ID"], [["Twee", "3"]]).count().by_rule("all", "name").write()
    PartyLink.objects.update(external_id="guid-4", code="4")
    told.undo()
    row = told.batch.outcomes.get()
    assert row.notes[-1]["params"] == {"fields": ["external_id"]}
    assert Company.objects.filter(name="Twee").exists()
