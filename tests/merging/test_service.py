"""Merging two parties and taking them apart: what is chosen, what moves, what is refused."""

from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.utils import timezone

from crm import merging, signals
from crm.binning import move_to_recycle_bin, restore
from crm.merging import MergeRefused, Outcome, Side
from crm.models import CompanyContact, DuplicatePair, ImportBatch, ImportRow, Merge, PairState, Party, VatType
from invoicing.models import SalesDocument
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def by():
    return factories.UserFactory()


def pair(**loser):
    """Two companies; the second differs from the first as said, and is empty otherwise."""
    winner = factories.PartyFactory(name="Brouwerij De Kraan NV", email="boekhouding@dekraan.example")
    blank = dict.fromkeys(("vat_number", "enterprise_number", "street", "postcode", "city", "country", "language"), "")
    return winner, factories.PartyFactory(**{"name": winner.name, "vat_type": VatType.UNKNOWN, **blank, **loser})


def row(plan, key):
    return next(row for row in plan.rows if row.key == key)


def test_filled_beats_empty_and_what_contradicts_is_the_winners_unless_chosen(by):
    winner, loser = pair(
        name="De Kraan Brouwerij", email="info@dekraan.example", phone="+32 9 555 01 20", website="https://x.example"
    )
    plan = merging.plan(winner, loser)
    assert [one.key for one in plan.conflicts] == ["name", "email"]
    assert [one.key for one in plan.filled] == ["phone", "website"]

    done = merging.merge(winner=winner, loser=loser, choices={"email": Side.LOSER}, by=by)

    winner.refresh_from_db()
    loser.refresh_from_db()
    assert (winner.name, winner.email, winner.phone) == (
        "Brouwerij De Kraan NV", "info@dekraan.example", "+32 9 555 01 20"
    )  # fmt: skip
    assert (loser.merged_into, loser.email) == (winner, "info@dekraan.example")
    assert loser.deleted_at is not None
    assert done.taken == {"email": "info@dekraan.example", "phone": "+32 9 555 01 20", "website": "https://x.example"}
    messages = list(LogEntry.objects.order_by("pk").values_list("object_id", "change_message", "user"))
    assert messages == [
        (str(winner.pk), "De Kraan Brouwerij was merged into this one.", by.pk),
        (str(loser.pk), "Merged into Brouwerij De Kraan NV.", by.pk),
    ]


def test_an_address_is_taken_whole_or_completed_and_never_mixed(by):
    winner, loser = pair(street="Kaai 9", city="Gent")
    winner.street = winner.postcode = ""
    winner.save()
    assert row(merging.plan(winner, loser), "address").outcome is Outcome.CONFLICT  # Brugge here, Gent there
    merging.merge(winner=winner, loser=loser, by=by)
    winner.refresh_from_db()
    assert (winner.street, winner.postcode, winner.city, winner.country) == ("", "", "Brugge", "BE")

    other = factories.PartyFactory(name=winner.name, street="Steenstraat 4", postcode="8000", email="")
    assert row(merging.plan(winner, other), "address").outcome is Outcome.TAKEN
    merging.merge(winner=winner, loser=other, by=by, choices={"vat_number": Side.WINNER})
    winner.refresh_from_db()
    assert (winner.street, winner.postcode, winner.city) == ("Steenstraat 4", "8000", "Brugge")


def test_the_other_address_is_taken_with_its_blanks(by):
    winner, loser = pair(street="Rue Haute 2", city="Namur", country="BE")
    merging.merge(winner=winner, loser=loser, choices={"address": Side.LOSER}, by=by)
    winner.refresh_from_db()
    assert (winner.street, winner.postcode, winner.city) == ("Rue Haute 2", "", "Namur")


def test_spelling_of_a_phone_or_an_address_of_mail_is_no_conflict(by):
    winner, loser = pair(phone="+32 (9) 555 01 20", email="Boekhouding@DeKraan.example")
    winner.phone = "+3295550120"
    winner.save()
    assert merging.plan(winner, loser).conflicts == []


def test_names_of_people_go_together(by):
    winner = factories.ContactFactory(first_name="An", last_name="Peeters")
    loser = factories.ContactFactory(first_name="Anna", last_name="Peeters")
    merging.merge(winner=winner, loser=loser, choices={"name": Side.LOSER}, by=by)
    stored = Party.objects.get(pk=winner.pk)
    assert (stored.first_name, stored.last_name, stored.name, stored.name_key) == (
        "Anna", "Peeters", "Anna Peeters", "anna peeters"
    )  # fmt: skip


def test_tags_roles_and_notes_are_united(by):
    winner, loser = pair(notes="Calls on Monday.", is_supplier=True, is_customer=False)
    winner.notes = "Pays late."
    winner.save()
    mine, theirs, both = (factories.TagFactory() for _ in range(3))
    winner.tags.set([mine, both])
    loser.tags.set([theirs, both])
    merging.merge(winner=winner, loser=loser, by=by)
    winner.refresh_from_db()
    assert set(winner.tags.all()) == {mine, theirs, both}
    assert (winner.is_customer, winner.is_supplier, winner.notes) == (True, True, "Pays late.\n\nCalls on Monday.")


def test_documents_move_and_say_what_they_said(by):
    winner, loser = pair()
    draft, booked = factories.draft_invoice(party=loser), factories.booked_invoice(party=loser)
    before = SalesDocument.objects.filter(pk=booked.pk).values().get()
    moves = {str(move.label): move.count for move in merging.plan(winner, loser).moves}
    assert moves["Invoices and credit notes"] == 2

    done = merging.merge(winner=winner, loser=loser, by=by)

    after = SalesDocument.objects.filter(pk=booked.pk).values().get()
    assert after.pop("updated_at") > before.pop("updated_at")
    assert after == {**before, "party_id": winner.pk}
    assert SalesDocument.objects.get(pk=draft.pk).party_id == winner.pk
    assert done.moved["invoicing.SalesDocument.party"] == [draft.pk, booked.pk]
    entry = LogEntry.objects.get(object_id=str(booked.pk), object_repr=str(booked), user=by)
    assert entry.change_message == f"Customer: {loser.name} → {winner.name}."


def test_contacts_move_without_doubles(by):
    winner, loser = pair()
    an, bo, cas = (factories.ContactFactory() for _ in range(3))
    CompanyContact.objects.create(company=winner, person=an)
    doubled = CompanyContact.objects.create(company=loser, person=an, role="Buyer")
    CompanyContact.objects.create(company=loser, person=bo, role="Boss")
    other = factories.PartyFactory()
    CompanyContact.objects.create(company=other, person=cas)

    done = merging.merge(winner=winner, loser=loser, by=by)
    rows = CompanyContact.objects.order_by("person_id").values_list("company_id", "person_id", "role")
    assert list(rows) == [(winner.pk, an.pk, "Buyer"), (winner.pk, bo.pk, "Boss"), (other.pk, cas.pk, "")]

    merging.undo(merge=done, by=by)
    rows = CompanyContact.objects.order_by("company_id", "person_id").values_list("company_id", "person_id", "role")
    assert list(rows) == [
        (winner.pk, an.pk, ""), (loser.pk, an.pk, "Buyer"), (loser.pk, bo.pk, "Boss"), (other.pk, cas.pk, "")
    ]  # fmt: skip
    assert CompanyContact.objects.filter(pk=doubled.pk).exists()


def test_pairs_of_duplicates_follow_and_what_was_set_aside_stays_so(by):
    winner, loser = pair()
    third, fourth = factories.PartyFactory(), factories.PartyFactory()

    def make(one, other, **fields):
        first, second = sorted((one, other), key=lambda party: party.pk)
        return DuplicatePair.objects.create(first=first, second=second, kind="company", **fields)

    make(winner, loser)
    open_pair = make(winner, third)
    make(loser, third, state=PairState.SET_ASIDE, set_aside_by=by, set_aside_at=timezone.now())
    moved = make(loser, fourth, certain=True, score=90)
    before = list(DuplicatePair.objects.order_by("pk").values())

    done = merging.merge(winner=winner, loser=loser, by=by)
    assert set(DuplicatePair.objects.values_list("pk", "first", "second", "state", "certain")) == {
        (open_pair.pk, winner.pk, third.pk, PairState.SET_ASIDE, False),
        (moved.pk, winner.pk, fourth.pk, PairState.OPEN, False),
    }

    merging.undo(merge=done, by=by)
    assert list(DuplicatePair.objects.order_by("pk").values()) == before


def test_rows_of_an_import_keep_whom_they_made_and_lead_on(by):
    winner, loser = pair()
    batch = ImportBatch.objects.create(file="x.csv", file_name="x.csv")
    made = ImportRow.objects.create(batch=batch, number=2, outcome="added", party=loser)
    merging.merge(winner=winner, loser=loser, by=by)
    made.refresh_from_db()
    assert merging.as_survivor(made.party) == winner


def test_refusals_change_nothing(by):
    winner, loser = pair()
    person, binned = factories.ContactFactory(), factories.PartyFactory()
    move_to_recycle_bin(parties=[binned], by=by)
    logged = LogEntry.objects.count()
    for one, other, code, words in (
        (winner, winner, "", "two different"),
        (winner, person, "MRG-311", "same kind"),
        (winner, binned, "", "recycle bin"),
        (binned, winner, "", "recycle bin"),
    ):
        with pytest.raises(MergeRefused, match=words) as refused:
            merging.merge(winner=one, loser=other, by=by)
        assert refused.value.code == code
    with pytest.raises(MergeRefused, match="one of the two"):
        merging.merge(winner=winner, loser=loser, choices={"email": "Some other value"}, by=by)
    assert (Merge.objects.count(), LogEntry.objects.count()) == (0, logged)
    assert Party.objects.filter(merged_into=None).count() == 4


def test_values_that_changed_since_the_page_was_opened_are_not_merged_unseen(by):
    winner, loser = pair(email="info@dekraan.example")
    seen = merging.plan(winner, loser).seen
    loser.email = "other@dekraan.example"
    loser.save()
    with pytest.raises(MergeRefused, match="changed since this page"):
        merging.merge(winner=winner, loser=loser, choices={"email": Side.LOSER}, by=by, seen=seen)
    merging.merge(winner=winner, loser=loser, by=by, seen=merging.plan(winner, loser).seen)


def test_a_second_click_is_the_first_and_somebody_else_is_told(by):
    winner, loser = pair()
    first = merging.merge(winner=winner, loser=loser, by=by)
    assert merging.merge(winner=winner, loser=loser, by=by) == first
    with pytest.raises(MergeRefused, match="has been merged into Brouwerij"):
        merging.merge(winner=winner, loser=loser, by=factories.UserFactory())
    with pytest.raises(MergeRefused, match="has been merged into Brouwerij"):
        merging.merge(winner=loser, loser=winner, by=by)
    assert Merge.objects.count() == 1


def test_undo_gives_back_both_and_names_what_is_left(by):
    winner, loser = pair(phone="1", is_supplier=True)
    mine, moved, sold, gone = (factories.booked_invoice(party=party) for party in (winner, loser, loser, loser))
    draft = factories.draft_invoice(party=loser)
    done = merging.merge(winner=winner, loser=loser, by=by)
    later = factories.booked_invoice(party=Party.objects.get(pk=winner.pk))
    other = factories.PartyFactory()
    SalesDocument.objects.filter(pk=sold.pk).update(party=other)
    draft.delete()

    undone = merging.undo(merge=done, by=by)

    winner.refresh_from_db()
    loser.refresh_from_db()
    assert (winner.phone, winner.is_supplier, loser.merged_into, loser.deleted_at) == ("", False, None, None)
    of = dict(SalesDocument.objects.values_list("pk", "party_id"))
    assert of == {
        mine.pk: winner.pk, later.pk: winner.pk, moved.pk: loser.pk, gone.pk: loser.pk, sold.pk: other.pk
    }  # fmt: skip
    (left,) = undone.left
    assert "2 of" in left
    assert undone.merge.undone_by == by
    assert merging.undo(merge=done, by=by).left == ()
    again = merging.merge(winner=winner, loser=loser, by=by)
    assert again.pk != done.pk


def test_undo_is_refused_where_a_value_taken_over_was_changed(by):
    winner, loser = pair(phone="1", website="https://x.example")
    done = merging.merge(winner=winner, loser=loser, by=by)
    changed = Party.objects.get(pk=winner.pk)
    changed.phone = "2"
    changed.city = "Oostende"  # was not taken over, so it may change
    changed.save()
    with pytest.raises(MergeRefused, match="changed since: Phone"):
        merging.undo(merge=done, by=by)
    changed.phone = "1"
    changed.save()
    merging.undo(merge=done, by=by)
    changed.refresh_from_db()
    assert (changed.phone, changed.website, changed.city) == ("", "", "Oostende")


def test_undo_has_its_time(by, settings):
    winner, loser = pair()
    done = merging.merge(winner=winner, loser=loser, by=by)
    Merge.objects.update(at=timezone.now() - timedelta(days=30, minutes=1))
    done.refresh_from_db()
    assert not merging.can_be_undone(done)
    with pytest.raises(MergeRefused, match="30 days"):
        merging.undo(merge=done, by=by)
    settings.BOEKBRUG_MERGE_UNDO_DAYS = 31
    merging.undo(merge=done, by=by)


def test_a_chain_leads_to_its_end_and_is_undone_newest_first(by):
    a, b, c = (factories.PartyFactory(name=name, vat_number="", enterprise_number="") for name in "ABC")
    document = factories.booked_invoice(party=a)
    first = merging.merge(winner=b, loser=a, by=by)
    second = merging.merge(winner=c, loser=b, by=by)
    a.refresh_from_db()
    assert a.merged_into == c
    assert SalesDocument.objects.get(pk=document.pk).party_id == c.pk

    with pytest.raises(MergeRefused, match="Undo that merge first"):
        merging.undo(merge=first, by=by)
    merging.undo(merge=second, by=by)
    a.refresh_from_db()
    assert (a.merged_into, SalesDocument.objects.get(pk=document.pk).party_id) == (b, b.pk)
    merging.undo(merge=first, by=by)
    a.refresh_from_db()
    assert (a.merged_into, SalesDocument.objects.get(pk=document.pk).party_id) == (None, a.pk)


def test_two_that_went_into_one_and_changed_the_same_value_go_back_newest_first(by):
    winner, first = pair(phone="1")
    __, second = pair(phone="2")
    one = merging.merge(winner=winner, loser=first, by=by)
    two = merging.merge(winner=winner, loser=second, choices={"phone": Side.LOSER, "email": Side.WINNER}, by=by)
    with pytest.raises(MergeRefused, match="Undo that merge first"):
        merging.undo(merge=one, by=by)
    merging.undo(merge=two, by=by)
    merging.undo(merge=one, by=by)
    winner.refresh_from_db()
    assert winner.phone == ""


def test_what_was_merged_is_not_restored_from_the_bin(by):
    winner, loser = pair()
    merging.merge(winner=winner, loser=loser, by=by)
    assert restore(parties=[loser], by=by).restored == ()
    assert not Party.objects.live().filter(pk=loser.pk).exists()


@pytest.mark.django_db(transaction=True)
def test_others_are_told_after_the_commit(by):
    heard = []

    def listen(sender, merge, **kwargs):
        heard.append((sender, merge.pk, merge.undone_at is None))

    signals.parties_merged.connect(listen)
    signals.merge_undone.connect(listen)
    try:
        winner, loser = pair()
        done = merging.merge(winner=winner, loser=loser, by=by)
        merging.undo(merge=done, by=by)
    finally:
        signals.parties_merged.disconnect(listen)
        signals.merge_undone.disconnect(listen)
    assert heard == [(Party, done.pk, True), (Party, done.pk, False)]
