"""The list of duplicates, the preview of merging all certain ones, and the hint while a customer is typed."""

from __future__ import annotations

import pytest
from django.core.cache import cache
from django.db import connection as database
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from config import badges
from crm import duplicates
from crm.duplicates import tasks
from crm.models import Company, DuplicateJob, DuplicatePair, Merge, PairState
from integrations.models import PartyLink
from tests import factories

pytestmark = pytest.mark.django_db

KRAAN = "BE0417710407"
MOL = {"street": "Kerkstraat 12", "postcode": "2400", "city": "Mol", "country": "BE"}
LIST = reverse("admin:crm_duplicatepair_changelist")
CERTAIN = reverse("admin:crm_duplicatepair_certain")


@pytest.fixture(autouse=True)
def no_memory():
    cache.clear()


def company(name: str, **fields):
    return factories.CompanyFactory(name=name, **{"vat_number": "", **MOL, **fields})


@pytest.fixture
def kraan():
    """A certain pair, of which the second has a document and a number in a tool; and a pair by its name."""
    one, other = company("De Kraan Brouwerij", vat_number=KRAAN), company("Brouwerij De Kraan NV", vat_number=KRAAN)
    company("Hotel Duinzicht NV")
    company("Hotel Duinzigt")
    factories.booked_invoice(party=other)
    duplicates.refresh()
    return one, other


def text(answer) -> str:
    assert answer.status_code == 200
    return " ".join(answer.content.decode().split())


def test_the_list_says_who_why_and_how_many_documents(world, sign_in, kraan):
    one, other = kraan
    PartyLink.objects.create(
        administration=world.connection.administration, party=one, external_id="g2", code="877", role="both"
    )
    answer = sign_in("staff").get(LIST)
    page = text(answer)
    row = answer.context["groups"][0][0]
    assert (row.one.party.pk, row.other.party.pk, row.documents) == (other.pk, one.pk, "1 and 0")
    assert row.why == "Same VAT number"
    assert row.other.facts == f"Mol, {KRAAN}, Exact Online 877"
    assert answer.context["groups"][1][0].why == "Name 86% alike, same postcode"
    merge = reverse("admin:crm_company_merge", args=[other.pk])
    assert f"{merge}?with={one.pk}&amp;next=" in page
    assert [(chip.title, chip.count) for chip in answer.context["chips"]] == [("To look at", 2), ("Certain", 1), ("Set aside", 0)]  # fmt: skip
    assert sign_in("staff").get(f"{LIST}?view=certain").context["page"].paginator.count == 1


def test_not_the_same_goes_to_set_aside_and_can_be_taken_back(world, sign_in, kraan):
    client = sign_in("staff")
    pair = DuplicatePair.objects.get(certain=True)
    answer = client.post(reverse("admin:crm_duplicatepair_set_aside", args=[pair.pk]), {"next": f"{LIST}?p=1"})
    assert (answer.status_code, answer["Location"]) == (302, f"{LIST}?p=1")
    pair.refresh_from_db()
    assert (pair.state, pair.set_aside_by.username) == (PairState.SET_ASIDE, "staff")
    assert "Look at it again" in text(client.get(f"{LIST}?view=aside"))
    client.post(reverse("admin:crm_duplicatepair_take_back", args=[pair.pk]))
    pair.refresh_from_db()
    assert pair.state == PairState.OPEN


def test_three_that_belong_together_are_one_group(world, sign_in):
    for name in ("Brouwerij De Kraan NV", "De Kraan Brouwerij", "Brouwerij Kraan"):
        company(name, vat_number=KRAAN)
    duplicates.refresh()
    assert DuplicatePair.objects.count() == 3
    groups = sign_in("staff").get(LIST).context["groups"]
    assert [len(group) for group in groups] == [2]


def test_a_list_that_nobody_has_looked_for_says_so(world, sign_in):
    page = text(sign_in("staff").get(LIST))
    assert "Not looked for yet" in page
    assert "No duplicates found" not in page
    assert "Look now" in page
    assert "Look now" not in text(sign_in("accountant").get(LIST))
    tasks.work(duplicates.ask_for_look(by=None).pk)
    assert "Not looked for yet" not in text(sign_in("staff").get(LIST))


def test_the_button_counts_only_what_it_merges(world, sign_in, kraan):
    one, other = kraan
    client = sign_in("boss")
    assert "Merge all certain ones (1)" in text(client.get(LIST))
    Company.objects.filter(pk=one.pk).update(email="one@example.com")
    Company.objects.filter(pk=other.pk).update(email="other@example.com")
    assert "0 pairs are merged" in text(client.get(CERTAIN))
    assert "Merge all certain ones" not in text(client.get(LIST))


def test_an_empty_list_says_among_how_many(world, sign_in):
    tasks.work(duplicates.ask_for_look(by=None).pk)
    number = Company.objects.count()
    assert f"No duplicates found among {number} compan" in text(sign_in("accountant").get(LIST))


def test_the_list_costs_the_same_for_any_number_of_pairs(world, sign_in, kraan):
    client = sign_in("boss")

    def queries() -> int:
        client.get(LIST)
        with CaptureQueriesContext(database) as captured:
            client.get(LIST)
        return len(captured)

    few = queries()
    for n in range(12):
        name, number = f"Molen{chr(97 + n) * 3}", factories.vat_number_be(700 + n)
        company(f"Garage {name}", vat_number=number), company(f"{name} Garage BV", vat_number=number)
    duplicates.refresh()
    assert DuplicatePair.objects.count() == 14
    assert queries() == few


def test_who_only_looks_gets_no_buttons_and_may_press_none(world, sign_in, kraan):
    client = sign_in("accountant")
    page = text(client.get(LIST))
    assert "Not the same" not in page
    assert "Look again" not in page
    pair = DuplicatePair.objects.first()
    for name, args in (("set_aside", [pair.pk]), ("take_back", [pair.pk]), ("look", []), ("certain", [])):
        assert client.post(reverse(f"admin:crm_duplicatepair_{name}", args=args)).status_code == 403, name
    assert client.get(CERTAIN).status_code == 403
    assert sign_in("nobody").get(LIST).status_code == 403
    assert DuplicatePair.objects.filter(state=PairState.OPEN).count() == 2


def test_nothing_changes_by_looking_at_an_address(world, sign_in, kraan):
    client = sign_in("boss")
    pair = DuplicatePair.objects.first()
    for name, args in (("set_aside", [pair.pk]), ("take_back", [pair.pk]), ("look", [])):
        assert client.get(reverse(f"admin:crm_duplicatepair_{name}", args=args)).status_code == 405
    client.get(CERTAIN)
    assert DuplicateJob.objects.count() == Merge.objects.count() == 0


def test_all_certain_ones_are_shown_first_and_then_merged(world, sign_in, kraan):
    one, other = kraan
    client = sign_in("staff")
    page = client.get(CERTAIN)
    assert [(row["winner"].pk, row["loser"].pk) for row in page.context["merges"]] == [(other.pk, one.pk)]
    seen = {"seen": page.context["seen"]}
    # As many pairs as the page showed, and the other way round: who stays was not seen.
    factories.booked_invoice(party=one)
    refused = client.post(CERTAIN, seen, follow=True)
    assert "Nothing was merged: the list has changed since this page was opened." in text(refused)
    assert [(row["winner"].pk, row["loser"].pk) for row in refused.context["merges"]] == [(one.pk, other.pk)]
    assert DuplicateJob.objects.count() == 0
    seen = {"seen": refused.context["seen"]}
    client.post(CERTAIN, seen)
    client.post(CERTAIN, seen)
    job = DuplicateJob.objects.get()
    assert job.by.username == "staff"
    tasks.work(job.pk)
    assert Merge.objects.get().by.username == "staff"
    assert "1 pair was merged" in text(client.get(LIST))


def test_looking_again_is_work_of_the_background(world, sign_in, kraan):
    answer = sign_in("staff").post(reverse("admin:crm_duplicatepair_look"))
    assert answer["Location"] == LIST
    assert DuplicateJob.objects.get().what == DuplicateJob.What.LOOK


def test_the_menu_and_the_start_count_what_is_to_look_at(world, sign_in, kraan):
    assert badges.open_duplicates(RequestFactory().get("/")) == "2"
    assert "Look at 2 possible duplicates" in text(sign_in("staff").get(reverse("admin:index")))
    assert "possible duplicates" not in text(sign_in("accountant").get(reverse("admin:index")))


def test_the_hint_names_who_may_exist_already(world, sign_in, kraan):
    url = reverse("admin:crm_company_likely")
    client = sign_in("staff")
    answer = client.get(url, {"name": "Kraan Brouwerij", "postcode": "2400"})
    assert "This may exist already" in text(answer)
    assert "De Kraan Brouwerij" in text(answer)
    assert client.get(url, {"name": "Iets heel anders"}).content == b""
    assert client.get(reverse("admin:crm_contact_likely"), {"last_name": "Kraan Brouwerij"}).content == b""
    assert sign_in("accountant").get(url, {"name": "Kraan"}).status_code == 403


def test_saving_one_that_may_exist_says_so_with_a_way_to_merge(world, sign_in, kraan):
    client = sign_in("staff")
    fields = {
        "name": "Kraan Brouwerij <b>", "vat_number": "BE 0417.710.407", "vat_type": "unknown", "is_customer": "on",
        "country": "BE", "people-TOTAL_FORMS": "0", "people-INITIAL_FORMS": "0",
    }  # fmt: skip
    answer = client.post(reverse("admin:crm_company_add"), fields, follow=True)
    page = text(answer)
    new = Company.objects.latest("pk")
    assert new.vat_number == KRAAN
    assert "Kraan Brouwerij &lt;b&gt; may exist already" in page
    assert f"with={new.pk}" in page
    # The work list knows it at once.
    assert DuplicatePair.objects.filter(second=new).count() == 2
    assert "may exist already" not in text(client.post(reverse("admin:crm_company_change", args=[new.pk]), fields, follow=True))  # fmt: skip
