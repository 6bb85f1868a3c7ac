"""Taking over the relations of a tool: recognised before added, doubtful ones left alone, twice adds nobody."""

import pytest
from django.contrib.admin.models import LogEntry
from django.utils import timezone

from crm.models import Party
from crm.numbers import normalise_vat_number
from integrations import services
from integrations.models import PartyLink, RunState, SyncRun, ToolParty
from integrations.services import wizard
from integrations.sync.steps import importing
from tests import bridge, factories


@pytest.fixture
def connection(box, db):
    return bridge.connect(box)


def take_over(connection, user=None) -> SyncRun:
    return bridge.work_off(services.start_import(connection=connection, user=user))


def vat_of(row: dict) -> str:
    """A relation's VAT number as our side stores it."""
    return normalise_vat_number(row["vat_number"], row["country"])


def wanted(box) -> list[dict]:
    """The relations of the sandbox's books that are in use, prospects as well."""
    return [row for row in box.parties() if not row["blocked"]]


def test_everybody_is_added_once_with_tag_and_number(connection, box):
    Party.objects.all().delete()
    boss = factories.UserFactory()
    there = {row["id"]: row for row in wanted(box)}
    run = take_over(connection, boss)
    assert run.state in (RunState.SUCCEEDED, RunState.WITH_ISSUES)
    counts = run.counters["import"]
    added = counts["added"]
    assert added + counts.get("doubtful", 0) + counts.get("wrong", 0) == len(there)
    links = PartyLink.objects.filter(administration=connection.administration)
    assert links.count() == added == Party.objects.count()
    for link in links.select_related("party"):
        row = there[link.external_id]
        assert link.party.name == " ".join(row["name"].split())
        assert link.code == row["code"]
    assert set(Party.objects.values_list("tags__name", flat=True)) == {"Exact Online Import"}
    assert LogEntry.objects.filter(user=boss, change_message="Imported: Exact Online Import").count() == added
    # The list of relations is read by now: a sync asks for changes only.
    connection.administration.refresh_from_db()
    assert connection.administration.party_cursor
    assert ToolParty.objects.filter(administration=connection.administration).count() == counts["read"]

    again = take_over(connection)
    assert again.counters["import"].get("added", 0) == 0
    assert again.counters["import"]["known"] == added
    assert Party.objects.count() == added


def test_known_ones_are_recognised_and_keep_what_they_have(connection, box):
    """Domain rules 13.9: tag and number, other fields only where they are empty."""
    row = next(row for row in wanted(box) if row["vat_number"] and row["city"])
    mine = factories.CompanyFactory(
        name="My own name for it", vat_number=vat_of(row), street="Mine 1", postcode=row["postcode"], city="", phone="1"
    )
    take_over(connection)
    link = PartyLink.objects.get(party=mine)
    assert (link.external_id, link.matched_by) == (row["id"], "VAT number")
    mine.refresh_from_db()
    assert (mine.name, mine.street, mine.phone) == ("My own name for it", "Mine 1", "1")
    assert mine.city == row["city"]
    assert [tag.name for tag in mine.tags.all()] == ["Exact Online Import"]
    entries = LogEntry.objects.filter(object_id=str(mine.pk)).values_list("change_message", flat=True)
    assert any(message.startswith("Filled from Exact Online:") and "city" in message for message in entries)
    calls = box.last_request()
    factories.booked_invoice(entity=connection.entity, party=mine, lines=[factories.line("100")])
    bridge.sync(connection)
    writes = [r for r in box.requests(calls) if r["method"] != "GET" and "Accounts" in r["path"]]
    assert writes == []  # linked, and the same over there until it changes here


def test_another_address_is_not_mixed_into_ours(connection, box):
    row = next(row for row in wanted(box) if row["vat_number"] and row["city"] and row["postcode"])
    mine = factories.CompanyFactory(vat_number=vat_of(row), street="", postcode="9999 ZZ", city="", country="NL")
    take_over(connection)
    mine.refresh_from_db()
    assert PartyLink.objects.filter(party=mine).exists()
    assert (mine.street, mine.postcode, mine.city, mine.country) == ("", "9999 ZZ", "", "NL")


def test_two_of_ours_for_one_relation_are_left_to_a_person(connection, box):
    row = next(row for row in wanted(box) if row["vat_number"])
    twins = [factories.CompanyFactory(vat_number=vat_of(row)) for _ in range(2)]
    run = take_over(connection)
    assert run.state == RunState.WITH_ISSUES
    assert run.counters["import"]["doubtful"] >= 1
    assert not PartyLink.objects.filter(party__in=twins).exists()
    assert not Party.objects.exclude(pk__in=[t.pk for t in twins]).filter(vat_number=vat_of(row)).exists()
    named = [entry[0] for entry in run.cursor["import"]["doubtful"]]
    assert any(row["name"] in name for name in named)


def test_a_namesake_with_another_vat_number_is_somebody_else(connection, box):
    row = next(row for row in wanted(box) if row["vat_number"] and row["postcode"])
    other = factories.CompanyFactory(name=row["name"], postcode=row["postcode"], vat_number="BE0403170701")
    take_over(connection)
    assert not PartyLink.objects.filter(party=other).exists()
    assert Party.objects.filter(name=other.name).count() == 2


def test_a_page_that_is_read_twice_adds_nobody_twice(connection, monkeypatch):
    """What a crash between storing a page and saving the cursor looks like."""
    real = importing._take_over
    monkeypatch.setattr(importing, "_take_over", lambda *args: (real(*args), real(*args)))
    run = take_over(connection)
    assert Party.objects.filter(tags__name="Exact Online Import").count() == run.counters["import"]["added"]
    ids = PartyLink.objects.values_list("external_id", flat=True)
    assert len(ids) == len(set(ids))


def test_it_goes_on_in_the_next_slice_where_it_stopped(connection, box, settings):
    settings.BOEKBRUG_SLICE_SECONDS = 0
    whole = len(wanted(box))
    run = take_over(connection)
    counts = run.counters["import"]
    assert counts["added"] + counts.get("doubtful", 0) + counts.get("wrong", 0) == whole


def test_no_sync_starts_while_it_goes_on_and_none_of_its_marks_are_set(connection):
    run = services.start_import(connection=connection, user=None)
    with pytest.raises(services.AlreadyRunning):
        services.start_sync(connection)
    bridge.work_off(run)
    connection.refresh_from_db()
    assert connection.first_success_at is None
    assert bridge.sync(connection).is_finished


def test_a_silent_tool_postpones_it_and_loses_nothing(connection, box):
    box.fault("status", status=503, path="Accounts", times=1)
    run = take_over(connection)
    assert run.state in (RunState.SUCCEEDED, RunState.WITH_ISSUES)
    assert run.counters["import"]["added"] > 0


def test_what_is_not_valid_here_is_left_empty_and_persons_become_contacts():
    from integrations.base.records import PartyRecord, PartyRole

    record = PartyRecord(
        external_id="1", code="1", name="  Jan   de Boer ", is_person=True, vat_number="BE0123", email="no address",
        website="javascript:alert(1)", country="BE", language="nl", roles=frozenset({PartyRole.CUSTOMER}),
    )  # fmt: skip
    party = importing._party_of(record)
    assert (party.vat_number, party.email, party.website) == ("", "", "")
    assert (party.first_name, party.last_name, party.is_person) == ("Jan de", "Boer", True)
    assert importing._party_of(PartyRecord(external_id="2", code="2", name="  ")) is None


def test_nothing_is_sent_before_an_import_that_was_asked_for_has_come_to_its_end(connection):
    """S-044: done, or explicitly skipped."""
    wizard.remember(connection=connection, import_relations=True)
    with pytest.raises(services.ImportFirst):
        services.start_sync(connection)
    failed = services.start_import(connection=connection, user=None)
    with pytest.raises(services.AlreadyRunning):
        services.start_sync(connection)
    SyncRun.objects.filter(pk=failed.pk).update(state=RunState.STOPPED, finished_at=timezone.now())
    with pytest.raises(services.ImportFirst):
        services.start_sync(connection)
    take_over(connection)
    assert services.start_sync(connection).trigger == "manual"


def test_a_person_goes_on_without_the_import(connection):
    wizard.remember(connection=connection, import_relations=True)
    boss = factories.UserFactory()
    services.go_on_without_import(connection=connection, user=boss)
    connection.refresh_from_db()
    assert not services.import_is_owed(connection)
    assert services.start_sync(connection).trigger == "manual"
    services.go_on_without_import(connection=connection, user=boss)
    assert LogEntry.objects.filter(user=boss, change_message="Goes on without importing relations").count() == 1
