"""A customer's external ID on its page: seen and changed by account admins, at any time, refused where taken."""

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse
from django.utils import timezone

from integrations import services
from integrations.models import Administration, Connection, LinkRole, PartyLink, Posting, ToolParty
from integrations.sync.partylinks import ROLE_OPEN
from tests import factories

from .conftest import connect

FIELD = 'name="number"'


@pytest.fixture
def books(world) -> Administration:
    """The world's administration with three relations as the tool has them."""
    administration = world.connection.administration
    for external_id, code, is_customer in (("guid", "1042", True), ("guid-2", "2000", True), ("guid-3", "3000", False)):
        ToolParty.objects.create(
            administration=administration, external_id=external_id, code=code, name=f"Relation {code}",
            is_customer=is_customer, is_supplier=not is_customer, last_seen_at=timezone.now(),
        )  # fmt: skip
    return administration


def page_of(party) -> str:
    kind = "contact" if party.is_person else "company"
    return reverse(f"admin:crm_{kind}_change", args=[party.pk])


def change(client, party, connection, number):
    kind = "contact" if party.is_person else "company"
    url = reverse(f"admin:crm_{kind}_relation", args=[party.pk])
    return client.post(url, {"connection": connection.pk, "number": number}, follow=True).content.decode()


def number_of(party) -> str:
    return PartyLink.objects.get(party=party, primary=True).external_id


@pytest.mark.parametrize("kind", ["company", "contact"])
def test_an_account_admin_changes_the_number_and_the_history_says_so(kind, world, books, sign_in, people):
    party = getattr(world, kind)
    before = PartyLink.objects.filter(party=party).first()
    boss = sign_in("boss")
    assert FIELD in boss.get(page_of(party)).content.decode()

    page = change(boss, party, world.connection, " 2000 ")

    assert "is relation 2000 now" in page
    link = PartyLink.objects.get(party=party)
    assert (link.external_id, link.code, link.matched_by, link.role) == ("guid-2", "2000", "person", LinkRole.BOTH)
    entry = LogEntry.objects.latest("pk")
    assert entry.user == people["boss"]
    shown = before.code if before else "–"
    assert entry.change_message == f"External ID in {books.name}: {shown} → 2000"
    history = boss.get(reverse(f"admin:crm_{kind}_history", args=[party.pk])).content.decode()
    assert entry.change_message in history


@pytest.mark.parametrize("role", ["staff", "accountant"])
@pytest.mark.parametrize("kind", ["company", "contact"])
def test_others_neither_see_nor_change_the_number_on_the_page_and_read_it_in_the_list_of_invoices(
    kind, role, world, books, sign_in
):
    """S-047: on the pages of companies and contacts for account admins alone."""
    party = getattr(world, kind)
    PartyLink.objects.filter(party=world.company).update(party=party)
    client = sign_in(role)
    page = client.get(page_of(party)).content.decode()
    assert "Latest documents" in page
    assert "1042" not in page
    assert "In the bookkeeping" not in page
    assert FIELD not in page
    boss = sign_in("boss").get(page_of(party)).content.decode()
    assert "1042" in boss
    assert "In the bookkeeping" in boss
    PartyLink.objects.filter(party=party).update(party=world.company)
    assert "1042" in client.get(reverse("admin:invoicing_invoice_changelist")).content.decode()
    url = reverse("admin:crm_company_relation", args=[world.company.pk])
    assert client.post(url, {"connection": world.connection.pk, "number": "2000"}).status_code == 403
    assert number_of(world.company) == "guid"


@pytest.mark.parametrize("role", list(LinkRole))
@pytest.mark.parametrize("primary", [True, False])
def test_a_number_of_another_party_is_refused_whatever_its_role_there(role, primary, world, books, sign_in):
    other = factories.CompanyFactory(name="Zagerij Oost BV")
    PartyLink.objects.create(
        administration=books, party=other, external_id="guid-2", code="2000", role=role, primary=primary
    )
    logged = LogEntry.objects.count()

    page = change(sign_in("boss"), world.company, world.connection, "2000")

    assert "External ID 2000 is already used by Zagerij Oost BV. Nothing was changed." in page
    assert number_of(world.company) == "guid"
    assert number_of(other) == "guid-2" if primary else not PartyLink.objects.filter(party=other, primary=True).exists()
    assert LogEntry.objects.count() == logged


def test_the_database_refuses_what_two_people_take_at_once(world, books, monkeypatch):
    """The look finds nothing the first time, as it does where the other person has not saved yet."""
    other = factories.CompanyFactory(name="Zagerij Oost BV")
    PartyLink.objects.create(administration=books, party=other, external_id="guid-2", code="2000")
    from integrations.services import parties

    real, asked = parties._refuse_taken, []
    monkeypatch.setattr(parties, "_refuse_taken", lambda *args: asked.append(1) or (len(asked) > 1 and real(*args)))

    with pytest.raises(services.ConnectError, match="already used by Zagerij Oost BV"):
        services.change_external_id(connection=world.connection, party=world.company, number="2000", user=None)
    assert len(asked) == 2
    assert number_of(world.company) == "guid"


@pytest.mark.parametrize(
    ("number", "words"),
    [("9999", "has no relation with number 9999"), ("  ", "Fill in the external ID."), ("4000", "has no relation")],
)
def test_a_number_that_is_none_is_refused(number, words, world, books, sign_in):
    ToolParty.objects.create(
        administration=books, external_id="guid-4", code="4000", deleted=True, last_seen_at=timezone.now()
    )
    assert words in change(sign_in("boss"), world.company, world.connection, number)
    assert number_of(world.company) == "guid"


def test_a_number_of_two_relations_is_refused(world, books, sign_in):
    ToolParty.objects.create(administration=books, external_id="guid-5", code="2000", last_seen_at=timezone.now())
    assert "has several relations with number 2000" in change(sign_in("boss"), world.company, world.connection, "2000")
    assert number_of(world.company) == "guid"


def test_the_same_number_again_changes_and_logs_nothing(world, books, sign_in):
    before = PartyLink.objects.values().get(party=world.company)
    logged = LogEntry.objects.count()
    change(sign_in("boss"), world.company, world.connection, "1042")
    assert PartyLink.objects.values().get(party=world.company) == before
    assert LogEntry.objects.count() == logged


def test_a_second_number_becomes_the_first_and_the_first_stays_known(world, books, sign_in):
    PartyLink.objects.create(
        administration=books, party=world.company, external_id="guid-2", code="2000", primary=False
    )
    change(sign_in("boss"), world.company, world.connection, "2000")
    links = PartyLink.objects.filter(party=world.company).values_list("external_id", "primary")
    assert sorted(links) == [("guid", False), ("guid-2", True)]


def test_a_number_that_was_booked_under_stays_known_as_a_second_one(world, books, sign_in):
    Posting.objects.filter(pk=world.posting.pk).update(sent={"party": "guid"})
    page = change(sign_in("boss"), world.company, world.connection, "2000")
    links = PartyLink.objects.filter(party=world.company).values_list("external_id", "code", "primary")
    assert sorted(links) == [("guid", "1042", False), ("guid-2", "2000", True)]
    assert "second number" in page
    change(sign_in("boss"), world.company, world.connection, "1042")
    assert number_of(world.company) == "guid"


@pytest.mark.parametrize("state", ["blocked", "refused", "waiting", "gone"])
def test_a_number_that_nothing_was_booked_under_is_let_go_of(state, world, books, sign_in):
    Posting.objects.update(sent={"party": "guid"}, state=state, issue=None)
    change(sign_in("boss"), world.company, world.connection, "2000")
    assert PartyLink.objects.get(party=world.company).external_id == "guid-2"


def test_a_second_number_of_the_wrong_customer_can_be_let_go_of_and_goes_to_the_right_one(
    world, books, sign_in, people
):
    Posting.objects.filter(pk=world.posting.pk).update(sent={"party": "guid"})
    boss = sign_in("boss")
    change(boss, world.company, world.connection, "2000")
    right = factories.CompanyFactory(name="Zagerij Oost BV")
    assert "already used by" in change(boss, right, world.connection, "1042")
    url = reverse("admin:crm_company_relation", args=[world.company.pk])
    release = {"connection": world.connection.pk, "second": "guid"}
    assert sign_in("staff").post(url, release).status_code == 403
    shown = boss.post(url, release, follow=True).content.decode()
    assert "1042 is no number of" in shown
    assert LogEntry.objects.latest("pk").change_message == f"Second number in {books.name} let go of: 1042"
    change(boss, right, world.connection, "1042")
    assert number_of(right) == "guid"
    # A first number is not let go of, and a second click does nothing.
    logged = LogEntry.objects.count()
    boss.post(url, {**release, "second": "guid-2"})
    boss.post(url, release)
    assert (number_of(world.company), LogEntry.objects.count()) == ("guid-2", logged)


def test_a_relation_that_is_no_customer_there_is_made_one_before_anything_is_booked_on_it(world, books, sign_in):
    change(sign_in("boss"), world.company, world.connection, "3000")
    assert PartyLink.objects.get(party=world.company).sent_hash.startswith(ROLE_OPEN)


def test_each_administration_has_its_own_number(world, books, sign_in):
    second = connect(factories.EntityFactory(name="Linde Bouw BV"))
    ToolParty.objects.create(
        administration=second.administration, external_id="guid", code="77", is_customer=True,
        last_seen_at=timezone.now(),
    )  # fmt: skip
    boss = sign_in("boss")
    page = boss.get(page_of(world.company)).content.decode()
    assert page.count(FIELD) == 2
    change(boss, world.company, second, "77")
    numbers = PartyLink.objects.filter(party=world.company).values_list("administration", "code")
    assert set(numbers) == {(books.pk, "1042"), (second.administration.pk, "77")}


def test_two_connections_of_one_administration_are_one_field(world, books, sign_in):
    entity = factories.EntityFactory()
    Connection.objects.create(entity=entity, tool="exact", site="be", administration=books, status="connected")
    assert sign_in("boss").get(page_of(world.company)).content.decode().count(FIELD) == 1


def test_an_administration_that_is_no_longer_connected_is_only_shown(world, books, sign_in):
    Connection.objects.update(status="deactivated")
    page = sign_in("boss").get(page_of(world.company)).content.decode()
    assert "1042" in page
    assert FIELD not in page
