"""A merge and the books: nothing is booked or made twice, payments go on, and every number stays known."""

import pytest
from django.utils import timezone

from crm import merging
from crm.merging import MergeRefused, Side
from crm.models import Party
from integrations import services
from integrations.exact.provider import ExactProvider
from integrations.models import Issue, PartyLink, Posting, ToolParty
from integrations.sync import claims
from integrations.sync.steps import parties as step
from invoicing.models import SalesDocument
from tests import bridge, factories

pytestmark = pytest.mark.django_db(transaction=True)


def merge(winner, loser, **choices):
    return merging.merge(winner=winner, loser=loser, choices=choices, by=None)


def number_key(connection):
    return f"number:{connection.administration_id}:both"


def party(**fields):
    """A company without numbers of its own, so that only our mark tells the relation."""
    return factories.PartyFactory(vat_number="", enterprise_number="", vat_type="unknown", postcode="", **fields)


def invoice(connection, one):
    return factories.booked_invoice(entity=connection.entity, party=Party.objects.get(pk=one.pk))


def writes(box, since):
    return [r["path"] for r in box.requests(since) if r["method"] not in ("GET",) and "oauth2" not in r["path"]]


def links(one):
    return list(PartyLink.objects.filter(party=one).order_by("pk").values_list("external_id", "primary"))


def postings():
    skipped = {"changed_at", "connection", "paid_here_open_there"}
    return [{k: v for k, v in row.items() if k not in skipped} for row in Posting.objects.order_by("pk").values()]


def test_two_numbers_the_chosen_one_serves_and_old_bookings_get_their_payment(box, connection):
    winner, loser = party(name="Kraan"), party(name="De Kraan")
    old, own = invoice(connection, loser), invoice(connection, winner)
    bridge.sync(connection)
    ids = {one.pk: PartyLink.objects.get(party=one).external_id for one in (winner, loser)}
    before, since = postings(), box.last_request()
    with pytest.raises(MergeRefused) as refused:
        merge(winner, loser)
    assert refused.value.code == "MRG-310"
    assert links(loser) == [(ids[loser.pk], True)]

    done = merge(winner, loser, **{number_key(connection): Side.LOSER})

    assert links(winner) == [(ids[winner.pk], False), (ids[loser.pk], True)]
    # Nothing is sent by a merge, no posting changes, and nothing goes out at the next sync.
    bridge.sync(connection)
    assert writes(box, since) == []
    assert postings() == before
    box.pay(old.number)
    box.pay(own.number)
    later = invoice(connection, winner)
    relations = len(box.parties())
    bridge.sync(connection)
    states = dict(SalesDocument.objects.values_list("number", "payment_state"))
    assert (states[old.number], states[own.number]) == ("paid", "paid")
    assert box.entries()[later.number]["party"] == ids[loser.pk]
    assert len(box.parties()) == relations
    assert bridge.assert_same_books(box, connection) == 3

    merging.undo(merge=done, by=None)
    assert (links(winner), links(loser)) == ([(ids[winner.pk], True)], [(ids[loser.pk], True)])
    again = invoice(connection, loser)
    bridge.sync(connection)
    assert box.entries()[again.number]["party"] == ids[loser.pk]
    assert len(box.parties()) == relations
    assert bridge.assert_same_books(box, connection) == 4


def test_a_number_alone_moves_and_the_merged_fields_go_out_with_the_next_document(box, connection):
    winner, loser = party(name="Kraan", email="new@example.com"), party(name="De Kraan")
    invoice(connection, loser)
    bridge.sync(connection)
    external_id = PartyLink.objects.get(party=loser).external_id
    merge(winner, loser)
    assert links(winner) == [(external_id, True)]
    relations = len(box.parties())
    later = invoice(connection, winner)
    bridge.sync(connection)
    assert len(box.parties()) == relations
    (there,) = [p for p in box.parties() if p["id"] == external_id]
    assert (there["name"], there["email"]) == ("Kraan", "new@example.com")
    assert box.entries()[later.number]["party"] == external_id


def test_a_number_deleted_there_gives_way_to_the_second_one(box, connection):
    winner, loser = party(name="Kraan"), party(name="De Kraan")
    for one in (winner, loser):
        invoice(connection, one)
    bridge.sync(connection)
    ids = {one.pk: PartyLink.objects.get(party=one).external_id for one in (winner, loser)}
    merge(winner, loser, **{number_key(connection): Side.WINNER})
    ToolParty.objects.update_or_create(
        administration=connection.administration, external_id=ids[winner.pk],
        defaults={"deleted": True, "last_seen_at": timezone.now()},
    )  # fmt: skip
    relations = len(box.parties())
    later = invoice(connection, winner)
    bridge.sync(connection)
    assert links(winner) == [(ids[loser.pk], True)]
    assert box.entries()[later.number]["party"] == ids[loser.pk]
    assert len(box.parties()) == relations
    assert not Issue.objects.open().exists()


# --- a sync at the same moment ------------------------------------------------------------------------------------


@pytest.fixture
def around(monkeypatch):
    """Do something just before, or just after, the tool is asked to make relations; once."""

    def patch(*, before=None, after=None):
        original, todo = ExactProvider.save_parties, [1]

        def save_parties(self, batch):
            now = todo and todo.pop()
            if now and before:
                before()
            outcomes = original(self, batch)
            if now and after:
                after()
            return outcomes

        monkeypatch.setattr(ExactProvider, "save_parties", save_parties)

    return patch


@pytest.mark.parametrize("moment", ["before", "after"])
@pytest.mark.parametrize("which", ["loser", "winner"])
def test_a_creation_on_its_way_is_not_made_again_after_a_merge(box, connection, around, moment, which):
    """The call for one of both is under way: its answer finds the link wherever it went."""
    winner, loser = party(name="Kraan"), party(name="De Kraan")
    invoice(connection, loser if which == "loser" else winner)
    before = len(box.parties())
    around(**{moment: lambda: merge(winner, loser)})
    bridge.sync(connection)
    later = invoice(connection, winner)
    bridge.sync(connection)

    assert len(box.parties()) == before + 1
    ((external_id, primary),) = links(winner)
    assert (bool(external_id), primary) == (True, True)
    assert box.entries()[later.number]["party"] == external_id
    assert {p.state for p in Posting.objects.all()} == {"posted"}
    assert bridge.assert_same_books(box, connection) == 2


def test_both_waiting_and_merged_before_the_second_is_made(box, connection, around):
    """The sync read both before the merge; the second creation is refused by the link that moved."""
    winner, loser = party(name="Kraan"), party(name="De Kraan")
    documents = [invoice(connection, one) for one in (winner, loser)]
    before = len(box.parties())
    around(after=lambda: merge(winner, loser))
    bridge.sync(connection)
    bridge.sync(connection)
    assert len(box.parties()) == before + 1
    assert {box.entries()[d.number]["party"] for d in documents} == {PartyLink.objects.get(party=winner).external_id}
    assert bridge.assert_same_books(box, connection) == 2
    assert not PartyLink.objects.filter(party=loser).exists()


@pytest.mark.parametrize("waiting", ["both", "loser"])
def test_merged_after_the_sync_read_them_and_before_it_began(box, connection, monkeypatch, waiting):
    """What was read is out of date at the last moment before the call: nothing is made for one that went."""
    winner, loser = party(name="Kraan"), party(name="De Kraan")
    documents = [invoice(connection, loser)] + ([invoice(connection, winner)] if waiting == "both" else [])
    before = len(box.parties())
    original, todo = step.begin, [1]

    def begin(turn, link):
        if todo and todo.pop():
            merge(winner, loser)
        return original(turn, link)

    monkeypatch.setattr(step, "begin", begin)
    bridge.sync(connection)
    bridge.sync(connection)
    assert len(box.parties()) == before + 1
    assert {box.entries()[d.number]["party"] for d in documents} == {PartyLink.objects.get(party=winner).external_id}
    assert not PartyLink.objects.filter(party=loser).exists()
    assert {p.state for p in Posting.objects.all()} == {"posted"}


def test_a_creation_that_is_tried_again_while_the_number_of_the_other_arrives(box, connection, monkeypatch):
    """The winner's link waits without a number since a refusal; a merge brings one at the last moment before the call."""
    winner, loser = party(name="Kraan"), party(name="De Kraan")
    invoice(connection, loser)
    bridge.sync(connection)
    number = PartyLink.objects.get(party=loser).external_id
    PartyLink.objects.create(administration=connection.administration, party=winner, role="both", refused_hash="x")
    document = invoice(connection, winner)
    before = len(box.parties())
    original, todo = step.begin, [1]

    def begin(turn, link):
        if todo and todo.pop():
            merge(winner, loser)
        return original(turn, link)

    monkeypatch.setattr(step, "begin", begin)
    bridge.sync(connection)
    bridge.sync(connection)
    assert not todo
    assert len(box.parties()) == before
    assert box.entries()[document.number]["party"] == number


def test_an_answer_lost_during_which_both_are_merged_is_found_by_the_mark_of_the_other(box, connection, around):
    winner, loser = party(name="Kraan"), party(name="De Kraan")
    document = invoice(connection, loser)
    before = len(box.parties())
    box.fault("drop_after", method="POST", path="crm/Accounts", times=1)
    around(after=lambda: merge(winner, loser))
    bridge.sync(connection)
    bridge.sync(connection)
    assert len(box.parties()) == before + 1
    assert box.entries()[document.number]["party"] == PartyLink.objects.get(party=winner).external_id


def test_a_booking_built_before_the_merge_is_built_anew(box, connection, monkeypatch):
    """Between looking up the customer's number and the claim, the document goes to another customer."""
    winner, loser = party(name="Kraan"), party(name="De Kraan")
    for one in (winner, loser):
        invoice(connection, one)
    bridge.sync(connection)
    ids = {one.pk: PartyLink.objects.get(party=one).external_id for one in (winner, loser)}
    document = invoice(connection, loser)
    original, todo = claims.mark_sending, [1]

    def mark_sending(batch, lease):
        if todo and todo.pop():
            merge(winner, loser, **{number_key(connection): Side.WINNER})
        return original(batch, lease)

    monkeypatch.setattr(claims, "mark_sending", mark_sending)
    bridge.sync(connection)
    bridge.sync(connection)
    assert box.entries()[document.number]["party"] == ids[winner.pk]
    assert bridge.assert_same_books(box, connection) == 3


def test_an_issue_follows_its_customer(box, connection):
    winner, loser = party(name="Kraan"), party(name="De Kraan")
    Party.objects.filter(pk=loser.pk).update(country="")
    blocked = invoice(connection, loser)
    bridge.sync(connection)
    assert bridge.posting(blocked).state == "blocked"
    done = merge(winner, loser)
    assert Issue.objects.open().get().party_id == winner.pk
    bridge.sync(connection)
    assert bridge.posting(blocked).state == "posted"
    assert not Issue.objects.open().exists()
    merging.undo(merge=done, by=None)


def test_a_person_cannot_link_one_that_went(box, connection):
    winner, loser = party(name="Kraan"), party(name="De Kraan")
    invoice(connection, winner)
    bridge.sync(connection)
    relation = PartyLink.objects.get(party=winner).external_id
    bridge.sync(connection)
    ToolParty.objects.get_or_create(
        administration=connection.administration, external_id=relation, defaults={"last_seen_at": timezone.now()}
    )
    stale = Party.objects.get(pk=loser.pk)
    merge(winner, loser)
    PartyLink.objects.all().delete()
    with pytest.raises(services.ConnectError, match="merged into another"):
        services.link_party(connection=connection, party=stale, external_id=relation, user=None)
