"""Contact persons of an import: recognised before added, doubtful ones left alone, nothing ends because of them."""

from types import SimpleNamespace

import pytest
from django.db import connection as django_connection
from django.db import transaction
from django.test.utils import CaptureQueriesContext

from crm import merging
from crm.models import CompanyContact, Party
from crm.numbers import normalise_vat_number
from integrations import services
from integrations.base.records import ContactRecord
from integrations.models import ContactLink, Notification, PartyLink, RunState, SyncRun
from integrations.registry import get_tool
from integrations.services import notifying
from integrations.services.notices import notice_of
from integrations.sync.steps import persons
from tests import bridge, factories

CODE = "1"


@pytest.fixture
def connection(box, db):
    return bridge.connect(box)


def take_over(connection, user=None) -> SyncRun:
    return bridge.work_off(services.start_import(connection=connection, user=user))


def employ(box, **values) -> str:
    """Somebody at Exact adds a contact person to the first account; its key."""
    return box.call("contact", {"division": bridge.DIVISION, "code": CODE, "values": values})["id"]


def company() -> Party:
    return Party.objects.get(tool_links__code=CODE)


def test_who_works_there_already_is_recognised_and_what_is_empty_is_filled(connection, box):
    take_over(connection)
    mine = factories.ContactFactory(first_name="Jan", last_name="Peeters", email="", phone="09 1")
    CompanyContact.objects.create(company=company(), person=mine)
    key = employ(box, FirstName="Jan", LastName="Peeters", BusinessEmail="jan@bakkerij.example", Phone="2",
                 JobTitleDescription="Owner")  # fmt: skip
    run = take_over(connection)
    assert run.counters["contacts"] == {"read": 1, "linked": 1}
    mine.refresh_from_db()
    assert (mine.email, mine.phone) == ("jan@bakkerij.example", "09 1")
    assert [tag.name for tag in mine.tags.all()] == ["Exact Online Import"]
    assert CompanyContact.objects.get(person=mine).role == "Owner"
    assert ContactLink.objects.get(external_id=key).party_id == mine.pk


def test_the_same_address_and_name_is_the_same_person_at_one_company_more(connection, box):
    mine = factories.ContactFactory(first_name="Jan", last_name="Peeters", email="Jan@Bakkerij.example")
    employ(box, FirstName="Jan", LastName="Peeters", Email="jan@bakkerij.example")
    take_over(connection)
    assert Party.objects.filter(name="Jan Peeters").count() == 1
    assert CompanyContact.objects.get(person=mine).company == company()


def test_a_namesake_with_another_address_is_somebody_else(connection, box):
    take_over(connection)
    mine = factories.ContactFactory(first_name="Jan", last_name="Peeters", email="father@bakkerij.example")
    CompanyContact.objects.create(company=company(), person=mine)
    employ(box, FirstName="Jan", LastName="Peeters", Email="son@bakkerij.example")
    run = take_over(connection)
    assert run.counters["contacts"]["added"] == 1
    assert company().people.count() == 2


def test_one_who_may_be_two_of_ours_is_left_to_a_person_and_named(connection, box):
    take_over(connection)
    for _ in range(2):
        mine = factories.ContactFactory(first_name="Jan", last_name="Peeters", email="")
        CompanyContact.objects.create(company=company(), person=mine)
    employ(box, FirstName="Jan", LastName="Peeters")
    boss = factories.UserFactory()
    run = take_over(connection, boss)
    assert (run.state, run.counters["contacts"]) == (RunState.WITH_ISSUES, {"read": 1, "doubtful": 1})
    assert run.cursor["import"]["doubtful"] == [["Jan Peeters", "Jan Peeters, Jan Peeters", "name"]]
    assert company().people.count() == 2
    assert not ContactLink.objects.exists()


def test_one_who_stands_there_twice_is_one_here(connection, box):
    for _ in range(2):
        employ(box, FirstName="Jan", LastName="Peeters")
    run = take_over(connection)
    assert (run.counters["contacts"]["added"], ContactLink.objects.count()) == (1, 2)
    assert company().people.count() == 1
    assert take_over(connection).counters["contacts"] == {"read": 2, "known": 2}


def test_whose_company_is_left_to_a_person_waits_for_it(connection, box):
    row = next(row for row in box.parties() if row["code"].strip() == CODE)
    number = normalise_vat_number(row["vat_number"], row["country"])
    twins = [factories.CompanyFactory(vat_number=number) for _ in range(2)]
    employ(box, FirstName="Jan", LastName="Peeters")
    run = take_over(connection)
    assert run.counters["contacts"] == {"read": 1, "left_out": 1}
    twins[1].delete()
    assert take_over(connection).counters["contacts"]["added"] == 1
    assert [place.person.name for place in twins[0].people.all()] == ["Jan Peeters"]


def test_one_who_left_there_is_not_taken_over(connection, box):
    employ(box, FirstName="Jan", LastName="Peeters", EndDate="2020-01-31")
    assert "contacts" not in take_over(connection).counters


def test_a_person_that_went_into_another_one_is_that_one_until_it_is_undone(connection, box):
    key = employ(box, FirstName="Jan", LastName="Peeters")
    take_over(connection)
    loser = Party.objects.get(name="Jan Peeters")
    winner = factories.ContactFactory(first_name="Johan", last_name="Peeters")
    merged = merging.merge(winner=winner, loser=loser, choices={"name": "winner"}, by=None)
    assert take_over(connection).counters["contacts"] == {"read": 1, "known": 1}
    assert ContactLink.objects.get(external_id=key).party_id == winner.pk
    merging.undo(merge=merged, by=None)
    assert ContactLink.objects.get(external_id=key).party_id == loser.pk


def test_a_tool_that_does_not_show_them_ends_no_import_and_it_is_said(connection, box):
    """Companies are in; who may not see contact persons reads so, and may sync all the same."""
    employ(box, FirstName="Jan", LastName="Peeters")
    box.fault("status", status=403, path="sync/CRM/Contacts", times=1)
    boss = factories.UserFactory()
    run = take_over(connection, boss)
    assert run.state == RunState.WITH_ISSUES
    assert run.counters["import"]["added"] > 0
    assert run.cursor["import"]["unread"]
    notifying.announce_run(run.pk)
    notice = notice_of(Notification.objects.get(user=boss))
    assert "not all could be read; see the run" in notice.detail
    assert not services.import_is_owed(connection)
    assert take_over(connection).counters["contacts"]["added"] == 1


def test_a_tool_that_is_silent_at_them_is_asked_again_and_nothing_else_is_read_twice(connection, box):
    employ(box, FirstName="Jan", LastName="Peeters")
    box.fault("status", status=503, path="sync/CRM/Contacts", times=1)
    since = box.last_request()
    run = take_over(connection)
    assert (run.state, run.counters["contacts"]["added"]) == (RunState.SUCCEEDED, 1)
    asked = [one["path"] for one in box.requests(since) if one["method"] == "GET"]
    assert sum("sync/CRM/Accounts" in path for path in asked) == 1


def test_no_person_at_all_counts_only_with_the_right_to_see_them(connection, box):
    box.call("rights", {"resource": "crm/Contacts", "allowed": False})
    run = take_over(connection)
    assert (run.state, run.cursor["import"]["unread"]["right"]) == (RunState.WITH_ISSUES, "manage accounts")


def test_it_goes_on_behind_the_page_that_is_in_and_reads_the_relations_once(connection, box, settings):
    settings.BOEKBRUG_SLICE_SECONDS = 0
    employ(box, FirstName="Jan", LastName="Peeters")
    since = box.last_request()
    run = take_over(connection)
    assert run.counters["contacts"]["added"] == 1
    asked = [one["path"] for one in box.requests(since) if one["method"] == "GET"]
    assert sum("sync/CRM/Accounts" in path for path in asked) == 1
    assert sum("sync/CRM/Contacts" in path for path in asked) == 1


def test_a_page_costs_the_same_number_of_queries_whatever_it_holds(connection):
    """Design, section 8."""
    take_over(connection)
    links = list(PartyLink.objects.filter(administration=connection.administration)[:20])
    turn = SimpleNamespace(
        administration=connection.administration, tool=get_tool("exact"), run=SimpleNamespace(started_by=None),
        count=lambda *args: None,
    )  # fmt: skip

    def queries(names: list[str]) -> int:
        records = [
            ContactRecord(
                external_id=f"{name}-{link.pk}", company_external_id=link.external_id, name=name, role="Owner",
                email=f"{name}@{link.pk}.example".replace(" ", "."),
            )
            for link in links for name in names
        ]  # fmt: skip
        # Somebody of ours among them, without a role.
        mine = factories.ContactFactory(first_name="", last_name=names[0], email="")
        CompanyContact.objects.create(company=links[0].party, person=mine)
        with CaptureQueriesContext(django_connection) as seen, transaction.atomic():
            assert persons.take_over(turn, records, "Exact Online Import") == []
        return len(seen)

    queries(["Iris Pas"])  # what is asked once and remembered
    few = queries(["Jan Maes"])
    assert queries(["An Nys", "Bo Nys", "Cas Nys", "Dirk Nys", "Eva Nys", "Fien Nys", "Gust Nys"]) == few
