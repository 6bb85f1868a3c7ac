"""The recycle bin and the numbers in the tools: let go, given back, never taken from another."""

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm import binning
from crm.models import BinnedParty, Company, CompanyContact, Merge, Party
from integrations.models import Administration, PartyLink, ReleasedLink, ToolParty
from tests import bridge, factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def books(db) -> Administration:
    return Administration.objects.create(tool="exact", site="be", external_id="A1", name="Books", country="BE")


def give_link(books, party, external_id="guid-1", **fields) -> PartyLink:
    return PartyLink.objects.create(
        administration=books, party=party, external_id=external_id, code=f"C{external_id}", matched_by="import",
        sent_hash="h", linked_at=timezone.now(), **fields,
    )  # fmt: skip


def binned(*parties) -> binning.BinOutcome:
    return binning.move_to_recycle_bin(parties=parties, by=None)


def restored(*parties) -> binning.RestoreOutcome:
    return binning.restore(parties=parties, by=None)


def links_of(party) -> list[tuple]:
    rows = PartyLink.objects.filter(party=party).order_by("external_id")
    return list(rows.values_list("external_id", "code", "role", "primary", "matched_by", "sent_hash"))


def test_a_party_with_a_number_and_no_documents_goes_and_comes_back_with_it(books):
    party = factories.CompanyFactory()
    give_link(books, party)
    give_link(books, party, "guid-2", primary=False)
    before = links_of(party)
    assert [p.pk for p in binned(party).moved] == [party.pk]
    assert links_of(party) == []
    outcome = restored(party)
    assert (len(outcome.restored), outcome.remarks) == (1, ())
    assert links_of(party) == before
    assert not ReleasedLink.objects.exists()
    assert links_of(party)[0][0] == "guid-1"


def test_a_number_that_another_has_meanwhile_stays_there_and_it_is_told(books):
    party, other = factories.CompanyFactory(name="Old"), factories.CompanyFactory(name="New")
    give_link(books, party)
    give_link(books, party, "guid-2", primary=False)
    binned(party)
    give_link(books, other, "guid-1", role="customer")  # in another role, and theirs all the same
    outcome = restored(party)
    assert outcome.remarks == ("Old came back without number Cguid-1 in Books: New has it now.",)
    assert [row[0] for row in links_of(party)] == ["guid-2"]
    assert [row[0] for row in links_of(other)] == ["guid-1"]
    assert LogEntry.objects.filter(object_id=str(party.pk), change_message=outcome.remarks[0]).count() == 1


def test_a_number_whose_relation_is_gone_there_stays_away(books):
    party = factories.CompanyFactory(name="Old")
    give_link(books, party)
    binned(party)
    ToolParty.objects.create(administration=books, external_id="guid-1", deleted=True, last_seen_at=timezone.now())
    assert restored(party).remarks == ("Old came back without number Cguid-1: that relation is gone from Books.",)
    assert links_of(party) == []


def test_two_that_had_one_number_in_turn_come_back_and_the_first_one_has_it(books):
    first, second = factories.CompanyFactory(name="First"), factories.CompanyFactory(name="Second")
    give_link(books, first)
    binned(first)
    give_link(books, second)
    binned(second)
    outcome = restored(first, second)
    assert outcome.remarks == ("Second came back without number Cguid-1 in Books: First has it now.",)
    assert [row[0] for row in links_of(first)] == ["guid-1"]
    assert links_of(second) == []


def test_a_first_number_comes_back_as_a_second_one_where_there_is_another_first(books):
    party = factories.CompanyFactory()
    give_link(books, party)
    binned(party)
    give_link(books, party, "guid-9")
    restored(party)
    assert {(row[0], row[3]) for row in links_of(party)} == {("guid-1", False), ("guid-9", True)}


def test_documents_and_a_creation_under_way_keep_their_party(books):
    used, begun, refused = (factories.CompanyFactory(name=name) for name in ("Used", "Begun", "Refused"))
    factories.draft_invoice(party=used)
    give_link(books, used)
    PartyLink.objects.create(administration=books, party=begun, sent_at=timezone.now())
    PartyLink.objects.create(administration=books, party=refused, refused_code="X", refused_at=timezone.now())
    outcome = binned(used, begun, refused)
    assert [p.name for p in outcome.moved] == ["Refused"]
    assert [why for _p, why in outcome.kept] == [
        "Used is kept: sales documents point to it.", "Begun is kept: links of parties point to it.",
    ]  # fmt: skip
    assert [row[0] for row in links_of(used)] == ["guid-1"]
    assert not ReleasedLink.objects.exists()  # a link without a number is nothing to come back to


def test_the_condition_finds_whom_the_bin_keeps(books):
    parties = [factories.CompanyFactory() for _ in range(6)]
    factories.draft_invoice(party=parties[0])
    factories.booked_invoice(party=parties[1])
    give_link(books, parties[2])
    PartyLink.objects.create(administration=books, party=parties[3], sent_at=timezone.now())
    foretold = set(Party.objects.filter(binning.kept_condition()).values_list("pk", flat=True))
    assert foretold == {p.pk for p, _why in binned(*parties).kept} == {parties[n].pk for n in (0, 1, 3)}


def test_a_merged_party_is_not_in_the_bin_and_comes_back_by_no_restoring():
    winner, loser = factories.CompanyFactory(), factories.CompanyFactory()
    Party.objects.filter(pk=loser.pk).update(deleted_at=timezone.now(), merged_into=winner)
    assert not BinnedParty.objects.exists()
    assert restored(loser).restored == ()
    assert binning.purge(parties=[loser], by=None).deleted == 0
    assert Party.objects.filter(pk=loser.pk).exists()


def test_purging_takes_what_was_merged_into_it_and_keeps_what_documents_hold():
    gone, absorbed, deeper, held, live = (
        factories.CompanyFactory(name=n) for n in ("Gone", "In", "Deep", "Held", "Live")
    )
    Party.objects.filter(pk=absorbed.pk).update(deleted_at=timezone.now(), merged_into=gone)
    Party.objects.filter(pk=deeper.pk).update(deleted_at=timezone.now(), merged_into=absorbed)
    Merge.objects.create(winner=gone, loser=absorbed)
    contact = factories.ContactFactory()
    CompanyContact.objects.create(company=gone, person=contact)
    binned(gone)
    factories.draft_invoice(party=held)
    Party.objects.filter(pk=held.pk).update(deleted_at=timezone.now())  # as an older version could leave it
    outcome = binning.purge(parties=[gone, held, live], by=None)
    assert outcome.deleted == 1
    assert [why for _p, why in outcome.kept] == ["Held is kept: sales documents point to it."]
    assert set(Party.objects.values_list("name", flat=True)) == {"Held", "Live", contact.name}
    entry = LogEntry.objects.get(change_message="Deleted for good.")
    assert entry.object_repr == "Gone"
    assert not BinnedParty.objects.exclude(pk=held.pk).exists()


def test_many_cost_the_same_number_of_queries_per_batch(books, monkeypatch):
    monkeypatch.setattr(binning, "BATCH", 10)

    def queries(count: int) -> int:
        parties = [factories.CompanyFactory() for _ in range(count)]
        for party in parties:
            give_link(books, party, f"guid-{party.pk}")
        with CaptureQueriesContext(
            database,
        ) as captured:
            outcome = binning.move_many_to_recycle_bin(ids=[p.pk for p in parties], by=factories.UserFactory())
        assert outcome.moved == count
        with CaptureQueriesContext(database) as back:
            restored(*parties)
        assert Company.objects.filter(pk__in=[p.pk for p in parties]).count() == count
        queries.back = len(back)
        return len(captured)

    queries(1)  # content types are looked up once
    one, full = queries(1), queries(10)
    back = queries.back
    assert full == one
    assert queries(30) - full == 2 * (queries(20) - full)
    queries(5)
    assert queries.back == back


def test_restoring_makes_no_second_relation_in_the_tool(box, connection):
    """Route: linked by an import, deleted, restored, invoiced. Once with its number back, once with the number gone."""
    from integrations import services

    Party.objects.all().delete()
    bridge.work_off(services.start_import(connection=connection, user=None))
    relations = len(box.parties())
    own, other = [link.party for link in PartyLink.objects.exclude(party__vat_number="").select_related("party")[:2]]
    number = PartyLink.objects.get(party=own).external_id
    since = box.last_request()
    binned(own)
    restored(own)
    factories.booked_invoice(entity=connection.entity, party=own, lines=[factories.line("100")])
    bridge.sync(connection)
    assert PartyLink.objects.get(party=own).external_id == number

    # Restored without its number (nobody has it): the relation is found again by the facts, not made.
    lost = PartyLink.objects.get(party=other).external_id
    binned(other)
    ReleasedLink.objects.all().delete()
    restored(other)
    factories.booked_invoice(entity=connection.entity, party=other, lines=[factories.line("100")])
    bridge.sync(connection)
    assert PartyLink.objects.get(party=other).external_id == lost

    # Taken by another party meanwhile: the document waits for a person, and again nothing is made.
    third = (
        PartyLink.objects.exclude(party__in=[own, other]).exclude(party__vat_number="").select_related("party")[0].party
    )
    taken = PartyLink.objects.get(party=third).external_id
    binned(third)
    thief = factories.CompanyFactory(name="Thief")
    PartyLink.objects.create(administration=connection.administration, party=thief, external_id=taken)
    assert len(restored(third).remarks) == 1
    document = factories.booked_invoice(entity=connection.entity, party=third, lines=[factories.line("100")])
    bridge.sync(connection)
    assert not PartyLink.objects.filter(party=third).exclude(external_id="").exists()
    assert PartyLink.objects.get(party=thief).external_id == taken
    assert bridge.posting(document).state == "blocked"
    made = [r for r in box.requests(since) if r["method"] == "POST" and "/crm/Accounts" in r["path"]]
    assert (made, len(box.parties())) == ([], relations)
