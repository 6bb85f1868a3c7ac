"""Two windows at duplicates: what one decided is known in the other before it does anything."""

import pytest
from django.urls import reverse
from lxml import html

from crm import duplicates, merging
from crm.admin.merging import merge_url
from crm.models import DuplicatePair, Merge, PairState, Party
from tests import factories

from .test_stale_confirmations import shown

pytestmark = [pytest.mark.django_db]

DUPLICATES = reverse("admin:crm_duplicatepair_changelist")


@pytest.fixture
def twin(world):
    return factories.CompanyFactory(name=world.company.name, vat_number="", enterprise_number="", street="")


@pytest.fixture
def pair(world, twin):
    duplicates.refresh()
    return DuplicatePair.objects.get(first=min(world.company.pk, twin.pk), second=max(world.company.pk, twin.pk))


def merge_form(answer):
    """Address and fields that the page of two sends."""
    form = html.fromstring(answer.content).get_element_by_id("merge-form")
    return form.get("action") or answer.request["PATH_INFO"], dict(form.form_values())


def test_whoever_did_not_see_not_the_same_is_asked_before_two_are_merged(world, twin, sign_in):
    second = sign_in("boss")
    where, fields = merge_form(second.get(merge_url(world.company, twin)))
    sign_in("staff").post(merge_url(world.company), {"with": twin.pk, "apart": "1"})
    answer = second.post(where, fields, follow=True)
    assert not Merge.objects.exists()
    assert "Nothing was merged: staff said that" in shown(answer)
    assert "that these are not the same" in shown(answer)
    second.post(*merge_form(answer))
    assert Merge.objects.count() == 1


def test_the_same_two_the_other_way_round_after_one_of_them_went(world, twin, sign_in):
    client = sign_in("staff")
    where, fields = merge_form(client.get(merge_url(twin, world.company)))
    merging.merge(winner=Party.objects.get(pk=world.company.pk), loser=Party.objects.get(pk=twin.pk), by=None)
    answer = client.post(where, fields, follow=True)
    assert answer.redirect_chain == [(reverse("admin:crm_company_change", args=[world.company.pk]), 302)]
    assert "has been merged into Brouwerij De Kraan NV already. Nothing was changed." in shown(answer)
    assert client.get(reverse("admin:crm_company_merge", args=[999999])).status_code == 404
    assert client.get(reverse("admin:crm_contact_merge", args=[twin.pk])).status_code == 404


@pytest.mark.parametrize("verb", ["set_aside", "take_back"])
def test_a_verdict_on_a_pair_of_which_one_went_meanwhile(verb, world, twin, pair, sign_in):
    client = sign_in("staff")
    sent = {"parties": f"{pair.first_id}-{pair.second_id}"}
    assert f'name="parties" value="{sent["parties"]}"' in client.get(DUPLICATES).content.decode()
    merging.merge(winner=Party.objects.get(pk=world.company.pk), loser=Party.objects.get(pk=twin.pk), by=None)
    answer = client.post(reverse(f"admin:crm_duplicatepair_{verb}", args=[pair.pk]), sent, follow=True)
    assert answer.redirect_chain == [(DUPLICATES, 302)]
    assert "has been merged into Brouwerij De Kraan NV already. Nothing was changed." in shown(answer)


def test_a_pair_that_is_another_one_by_now_is_not_set_aside(world, twin, sign_in):
    third = factories.CompanyFactory(name="Kraanwerken", vat_number="", enterprise_number="")
    pair = DuplicatePair.objects.create(first=Party(pk=twin.pk), second=Party(pk=third.pk), kind="company")
    merging.merge(winner=Party.objects.get(pk=world.company.pk), loser=Party.objects.get(pk=twin.pk), by=None)
    pair.refresh_from_db()
    assert {pair.first_id, pair.second_id} == {world.company.pk, third.pk}
    answer = sign_in("staff").post(
        reverse("admin:crm_duplicatepair_set_aside", args=[pair.pk]), {"parties": f"{twin.pk}-{third.pk}"}, follow=True
    )
    pair.refresh_from_db()
    assert pair.state == PairState.OPEN
    assert "has been merged into" in shown(answer)


def test_a_pair_that_does_not_stand_in_the_list_any_more(world, sign_in):
    answer = sign_in("staff").post(reverse("admin:crm_duplicatepair_set_aside", args=[999999]), follow=True)
    assert "These two do not stand in the list any more." in shown(answer)
