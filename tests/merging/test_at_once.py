"""Two people at the same pair at the same moment: one merge, and the other one is told."""

import pytest

from crm import merging
from crm.merging import MergeRefused
from crm.models import Merge, Party
from invoicing.models import SalesDocument
from tests import factories
from tests.domain.test_numbering_concurrent import at_once

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]


def merging_of(winner, loser, by):
    def job():
        try:
            return merging.merge(winner=winner, loser=loser, by=by).pk
        except MergeRefused as refused:
            return str(refused)

    return job


def pair():
    winner, loser = (
        factories.PartyFactory(name="Kraan", vat_number="", enterprise_number="", phone=phone) for phone in ("", "1")
    )
    for _ in range(3):
        factories.booked_invoice(party=loser)
    return winner, loser


def outcome(answers):
    return sorted("merged" if isinstance(answer, int) else "told" for answer in answers)


@pytest.mark.parametrize("turned", [False, True])
def test_one_wins_and_the_other_is_told(turned):
    for _ in range(4):
        winner, loser = pair()
        people = [factories.UserFactory(), factories.UserFactory()]
        one, other = (winner, loser), (loser, winner) if turned else (winner, loser)
        answers = at_once(merging_of(*one, people[0]), merging_of(*other, people[1]))
        assert outcome(answers) == ["merged", "told"]
        (text,) = [answer for answer in answers if isinstance(answer, str)]
        assert "has been merged into" in text
        merge = Merge.objects.get(winner__in=(winner, loser))
        assert set(SalesDocument.objects.filter(party__in=(winner, loser)).values_list("party", flat=True)) == {
            merge.winner_id
        }
        assert Party.objects.live().filter(pk__in=(winner.pk, loser.pk)).get().pk == merge.winner_id


def test_a_double_click_is_one_merge():
    winner, loser = pair()
    by = factories.UserFactory()
    answers = at_once(*(merging_of(winner, loser, by) for _ in range(2)))
    assert answers[0] == answers[1] == Merge.objects.get().pk


def test_a_ring_of_three_leaves_one_way_each():
    a, b, c = (factories.PartyFactory(name=name, vat_number="", enterprise_number="") for name in "ABC")
    by = factories.UserFactory()
    at_once(*(merging_of(winner, loser, by) for winner, loser in ((a, b), (b, c), (c, a))))
    (survivor,) = Party.objects.live().filter(pk__in=(a.pk, b.pk, c.pk))
    assert set(Party.objects.filter(merged_into=survivor)) == {a, b, c} - {survivor}


def test_undone_twice_at_once_is_undone_once():
    winner, loser = pair()
    done = merging.merge(winner=winner, loser=loser, by=None)
    people = [factories.UserFactory(), factories.UserFactory()]
    at_once(*(lambda by=by: merging.undo(merge=done, by=by) for by in people))
    assert SalesDocument.objects.filter(party=loser).count() == 3
    assert Party.objects.live().filter(pk__in=(winner.pk, loser.pk)).count() == 2


def test_a_document_made_meanwhile_is_not_left_behind():
    """A draft that is being stored for the loser makes the merge wait, or is made after it and refused or moved."""
    winner, loser = pair()
    entity = factories.EntityFactory()
    answers = at_once(merging_of(winner, loser, None), lambda: factories.draft_invoice(entity=entity, party=loser).pk)
    assert isinstance(answers[0], int)
    draft = SalesDocument.objects.get(pk=answers[1])
    assert draft.party_id == winner.pk or merging.as_survivor(draft.party).pk == winner.pk
