"""The work list as rows: what a look adds and drops, what a person's word outlives, and merging the certain ones."""

from __future__ import annotations

import pytest
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from crm import duplicates, merging
from crm.binning import move_to_recycle_bin, restore
from crm.duplicates import certain, jobs, table, tasks, verdicts
from crm.duplicates.reasons import Reason
from crm.models import DuplicateJob, DuplicatePair, Merge, PairState, Party
from integrations.models import Administration, PartyLink
from tests import factories

pytestmark = pytest.mark.django_db

KRAAN, OTHER, THIRD = "BE0417710407", "BE0428759497", "BE0403019261"
MOL = {"street": "Kerkstraat 12", "postcode": "2400", "city": "Mol", "country": "BE"}


def company(name: str, **fields):
    return factories.CompanyFactory(name=name, **{"vat_number": "", **MOL, **fields})


def pairs(**conditions):
    rows = DuplicatePair.objects.filter(**conditions)
    return [(pair.first.name, pair.second.name, pair.reasons[0], pair.certain) for pair in rows]


def twins(name: str = "De Kraan", number: str = KRAAN):
    return company(f"Brouwerij {name} NV", vat_number=number), company(f"{name} Brouwerij", vat_number=number)


def test_a_look_fills_the_list_and_a_second_one_changes_nothing():
    twins()
    company("Hotel Duinzicht NV")
    company("Hotel Duinzigt")
    factories.ContactFactory()
    counts = duplicates.refresh()
    assert (counts.parties, counts.open, counts.certain, counts.new) == (5, 2, 1, 2)
    before = list(DuplicatePair.objects.values())
    assert before[0]["reasons"][0] == Reason.VAT
    assert duplicates.refresh().new == 0
    assert list(DuplicatePair.objects.values()) == before


def test_what_is_gone_merged_or_different_now_leaves_the_list():
    one, other = twins()
    third = company("Hotel Duinzicht")
    fourth = company("Hotel Duinzicht BV")
    fifth, sixth = twins("Anker", OTHER)
    duplicates.refresh()
    assert DuplicatePair.objects.count() == 3
    move_to_recycle_bin(parties=[fourth], by=None)
    Party.objects.filter(pk=other.pk).update(vat_number=THIRD, enterprise_number="")
    merging.merge(winner=fifth, loser=sixth, by=None)
    duplicates.refresh()
    assert pairs() == []
    assert {one.name, third.name} <= set(Party.objects.live().values_list("name", flat=True))


def test_a_pair_that_was_set_aside_is_not_asked_about_again():
    user = factories.UserFactory()
    company("Hotel Duinzicht NV")
    company("Hotel Duinzigt")
    duplicates.refresh()
    pair = DuplicatePair.objects.get()
    assert verdicts.set_aside(pair=pair, by=user)
    assert not verdicts.set_aside(pair=pair, by=user)
    duplicates.refresh()
    assert DuplicatePair.objects.get().state == PairState.SET_ASIDE
    # Nothing pairs the two any more; what was said of them is kept all the same.
    Party.objects.filter(pk=pair.second_id).update(name="Iets Anders", name_key="iets anders")
    duplicates.refresh()
    assert DuplicatePair.objects.get().set_aside_by == user
    assert verdicts.take_back(pair=pair, by=user)
    assert DuplicatePair.objects.get().state == PairState.OPEN


def test_one_that_was_set_aside_is_asked_about_once_more_when_it_becomes_certain():
    one, other = company("Hotel Duinzicht NV"), company("Hotel Duinzicht")
    duplicates.refresh()
    verdicts.set_aside(pair=DuplicatePair.objects.get(), by=None)
    Party.objects.filter(pk__in=[one.pk, other.pk]).update(vat_number=KRAAN)
    duplicates.refresh()
    assert pairs(state=PairState.OPEN) == [(one.name, other.name, Reason.VAT, True)]
    verdicts.set_aside(pair=DuplicatePair.objects.get(), by=None)
    duplicates.refresh()
    assert pairs(state=PairState.OPEN) == []


def test_a_look_costs_the_same_queries_for_any_number_of_companies():
    def queries() -> int:
        with CaptureQueriesContext(database) as captured:
            duplicates.refresh()
        return len(captured)

    twins()
    queries()
    few = queries()
    for n in range(30):
        company(f"Winkel nummer {n}")
    twins("Anker", OTHER)
    queries()
    assert queries() == few


def test_a_changed_company_is_compared_at_once_and_only_what_concerns_it_changes():
    one, other = twins()
    company("Hotel Duinzicht NV")
    hotel = company("Duinzigt Hotel")
    duplicates.refresh_for([one])
    assert pairs() == [(one.name, other.name, Reason.VAT, True)]
    duplicates.refresh_for([hotel])
    assert len(pairs()) == 2
    Party.objects.filter(pk=other.pk).update(vat_number=OTHER, enterprise_number="")
    duplicates.refresh_for([Party.objects.get(pk=other.pk)])
    assert len(pairs()) == 1


def test_who_comes_out_of_the_recycle_bin_is_compared_again(django_capture_on_commit_callbacks):
    one, other = twins()
    move_to_recycle_bin(parties=[other], by=None)
    duplicates.refresh()
    assert pairs() == []
    with django_capture_on_commit_callbacks(execute=True):
        restore(parties=[other], by=None)
    assert pairs() == [(one.name, other.name, Reason.VAT, True)]


def test_of_many_that_are_restored_the_look_goes_on_in_the_background(monkeypatch, django_capture_on_commit_callbacks):
    monkeypatch.setattr("crm.apps._FEW", 1)
    monkeypatch.setattr("crm.jobs.async_task", lambda *args, **kwargs: None)
    gone = twins()
    move_to_recycle_bin(parties=gone, by=None)
    with django_capture_on_commit_callbacks(execute=True):
        restore(parties=gone, by=None)
    assert pairs() == []
    tasks.work(jobs.under_way(DuplicateJob.What.LOOK).pk)
    assert len(pairs()) == 1


def test_a_merge_that_is_undone_leaves_two_to_compare(django_capture_on_commit_callbacks):
    one, other = twins()
    with django_capture_on_commit_callbacks(execute=True):
        merge = merging.merge(winner=one, loser=other, by=None)
    duplicates.refresh()
    assert pairs() == []
    with django_capture_on_commit_callbacks(execute=True):
        merging.undo(merge=merge, by=None)
    assert pairs() == [(one.name, other.name, Reason.VAT, True)]


def test_a_relation_of_a_tool_that_two_have_pairs_them():
    one, other = company("De Kraan"), company("Iets Anders", postcode="9000", city="Gent", street="Kaai 1")
    books = Administration.objects.create(tool="octopus", site="be", external_id="1", name="Books")
    PartyLink.objects.create(administration=books, party=one, external_id="218", code="218")
    PartyLink.objects.create(administration=books, party=other, external_id="0218", code="218")
    duplicates.refresh()
    assert pairs() == [(one.name, other.name, Reason.EXTERNAL_ID, False)]


def test_who_has_more_documents_stays_and_what_contradicts_is_left_to_a_person():
    one, other = twins()
    factories.booked_invoice(party=other)
    left, right = twins("Anker", OTHER)
    Party.objects.filter(pk=left.pk).update(email="info@anker.be")
    Party.objects.filter(pk=right.pk).update(email="bestellingen@anker.be")
    duplicates.refresh()
    proposal = certain.propose()
    assert [(found.winner.pk, found.loser.pk) for found in proposal.merges] == [(other.pk, one.pk)]
    assert [(found.winner.pk, found.against) for found in proposal.left_out] == [(left.pk, ("E-mail",))]


def test_two_numbers_in_one_administration_are_left_to_a_person():
    one, other = twins()
    books = Administration.objects.create(tool="octopus", site="be", external_id="1", name="Books")
    PartyLink.objects.create(administration=books, party=one, external_id="1", code="1")
    PartyLink.objects.create(administration=books, party=other, external_id="2", code="2")
    duplicates.refresh()
    proposal = certain.propose()
    assert proposal.merges == ()
    assert len(proposal.left_out[0].against) == 1


def test_proposing_costs_the_same_queries_for_any_number_of_pairs():
    def queries() -> int:
        with CaptureQueriesContext(database) as captured:
            certain.propose()
        return len(captured)

    twins()
    duplicates.refresh()
    few = queries()
    for n in range(6):
        twins(f"Molen{chr(97 + n) * 3}", factories.vat_number_be(500 + n))
    duplicates.refresh()
    assert len(certain.propose().merges) == 7
    assert queries() == few


def confirmed(number: int = 3) -> DuplicateJob:
    for n in range(number):
        twins(f"Molen{chr(97 + n) * 3}", factories.vat_number_be(500 + n))
    duplicates.refresh()
    proposal = certain.propose()
    assert len(proposal.merges) == number
    return DuplicateJob.objects.create(
        what=DuplicateJob.What.MERGE, pairs=[[found.winner.pk, found.loser.pk] for found in proposal.merges]
    )


def test_all_certain_ones_are_merged_and_each_can_be_undone():
    job = confirmed()
    tasks.work(job.pk)
    job.refresh_from_db()
    assert (job.done, job.merged, job.left_out) == (3, 3, 0)
    assert job.finished_at is not None
    assert Party.objects.live().count() == 3
    merging.undo(merge=Merge.objects.first(), by=None)
    assert Party.objects.live().count() == 4


def test_the_same_task_twice_merges_once():
    job = confirmed()
    tasks.work(job.pk)
    tasks.work(job.pk)
    assert Merge.objects.count() == 3


def test_a_worker_that_died_in_between_leaves_work_that_goes_on_where_it_stood():
    job = confirmed()
    winner, loser = job.pairs[0]
    # Merged, and dead before it was counted.
    merging.merge(winner=Party.objects.get(pk=winner), loser=Party.objects.get(pk=loser), by=None)
    tasks.work(job.pk)
    job.refresh_from_db()
    assert (job.merged, job.left_out) == (3, 0)
    assert Merge.objects.count() == 3


def test_what_changed_since_it_was_confirmed_is_left_alone_with_a_sentence():
    job = confirmed(2)
    winner, loser = job.pairs[0]
    Party.objects.filter(pk=winner).update(email="info@molen.be")
    Party.objects.filter(pk=loser).update(email="jan@molen.be")
    verdicts.set_aside(pair=DuplicatePair.objects.get(first_id=min(job.pairs[1])), by=None)
    tasks.work(job.pk)
    job.refresh_from_db()
    assert (job.merged, job.left_out) == (0, 2)
    assert "E-mail" in job.left[0][2]
    assert Merge.objects.count() == 0


def test_a_look_is_asked_for_once_and_a_lost_one_is_queued_again(monkeypatch, django_capture_on_commit_callbacks):
    queued = []
    monkeypatch.setattr("crm.jobs.async_task", lambda *args, **kwargs: queued.append(args))
    with django_capture_on_commit_callbacks(execute=True):
        job = jobs.ask_for_look(by=None)
        assert jobs.ask_for_look(by=None) == job
    assert queued == [(jobs.WORK, job.pk)]
    jobs.pick_up()
    assert len(queued) == 1
    DuplicateJob.objects.update(asked_at=timezone.now() - timezone.timedelta(minutes=10))
    jobs.pick_up()
    assert len(queued) == 2
    twins()
    tasks.work(job.pk)
    assert jobs.under_way(DuplicateJob.What.LOOK) is None
    assert jobs.last(DuplicateJob.What.LOOK).companies == 2
    assert DuplicatePair.objects.count() == 1


def test_who_may_exist_already():
    one = company("Brouwerij De Kraan NV", vat_number=KRAAN)
    company("Bakkerij Peeters", postcode="9000", city="Gent")

    def found(**typed):
        return [(hint.party.name, hint.reason) for hint in duplicates.likely(**{"name": "", **typed})]

    assert found(vat_number="BE 0417.710.407") == [(one.name, Reason.VAT)]
    assert found(vat_number="0417.710.407") == [(one.name, Reason.VAT)]
    assert found(name="De Kraan brouwerij", postcode="2400") == [(one.name, Reason.NAME_POSTCODE)]
    assert found(name="brouwerij de kr") == [(one.name, Reason.NAME_ONLY)]
    assert found(name="Bakkerij Petersen") == []
    assert found(name="Bakkerij Peters") == [("Bakkerij Peeters", Reason.NAME_ONLY)]
    assert found(name="Ba") == []
    assert duplicates.likely(name=one.name, exclude=one.pk) == []


def test_a_look_that_fails_each_time_is_given_up_and_the_next_one_begins(monkeypatch):
    def broken(kind):
        raise RuntimeError("broken")

    monkeypatch.setattr(table, "refresh", broken)
    job = jobs.ask_for_look(by=None)
    for _ in range(DuplicateJob.MOST_TRIES):
        assert jobs.ask_for_look(by=None) == job
        tasks.work(job.pk)
    assert jobs.last(DuplicateJob.What.LOOK).was_given_up
    monkeypatch.undo()
    again = jobs.ask_for_look(by=None)
    assert again != job
    tasks.work(again.pk)
    assert not jobs.last(DuplicateJob.What.LOOK).was_given_up
