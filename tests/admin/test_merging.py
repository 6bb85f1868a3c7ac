"""Merging on the pages: the action of the list, the button, the choices, the way back; and who may."""

import pytest
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.urls import reverse

from crm import duplicates
from crm.admin.merging import merge_url
from crm.models import Company, DuplicatePair, Merge, PairState, Party
from integrations.models import PartyLink
from tests import factories

LIST = reverse("admin:crm_company_changelist")


def page(client, url, **query):
    return client.get(url, query, follow=True).content.decode()


def select(client, *parties, **more):
    data = {"action": "merge_selected", ACTION_CHECKBOX_NAME: [party.pk for party in parties], **more}
    return client.post(LIST, data)


def confirm(client, winner, loser, follow=True, **data):
    return client.post(merge_url(winner), {"with": loser.pk, **data}, follow=follow)


@pytest.fixture
def twin(world):
    return factories.CompanyFactory(
        name="De Kraan Brouwerij", vat_number="", enterprise_number="", phone="+32 9 555 01 20", street="Markt 1"
    )


def test_from_the_list_to_the_merge_and_back(world, twin, sign_in, people):
    client = sign_in("staff")
    assert 'value="merge_selected"' in page(client, LIST)
    answer = select(client, twin, world.company)
    url = answer["Location"]
    assert url == merge_url(Party.objects.get(pk=world.company.pk), twin, next=LIST)  # the one with documents stays
    shown = page(client, url)
    assert "1 value differs" in shown
    assert 'name="choice-name"' in shown
    assert "Merge into Brouwerij De Kraan NV" in shown
    assert '<ins class="bb-taken">+32 9 555 01 20</ins>' in shown

    answer = confirm(client, world.company, twin, next=LIST, **{"choice-name": "loser"})

    assert answer.redirect_chain == [(LIST, 302)]
    said = answer.content.decode()
    assert "was merged into" in said
    merge = Merge.objects.get()
    assert reverse("admin:crm_merge_change", args=[merge.pk]) in said
    assert merge.by == people["staff"]
    world.company.refresh_from_db()
    assert (world.company.name, world.company.phone) == ("De Kraan Brouwerij", "+32 9 555 01 20")


def test_the_merge_can_be_undone_from_the_page_of_the_one_that_stays(world, twin, sign_in):
    client = sign_in("staff")
    confirm(client, world.company, twin)
    merge = Merge.objects.get()
    own = page(client, reverse("admin:crm_company_change", args=[world.company.pk]))
    details = reverse("admin:crm_merge_change", args=[merge.pk])
    assert details in own
    undo = reverse("admin:crm_merge_undo", args=[merge.pk])
    assert undo in page(client, details)
    assert client.get(undo).status_code == 405

    answer = client.post(undo, follow=True).content.decode()

    assert "are two again" in answer
    assert Company.objects.filter(pk=twin.pk).exists()
    assert "Undone" in page(client, reverse("admin:crm_merge_changelist"))
    assert undo not in page(client, details)


def test_old_links_lead_to_the_one_that_stays(world, twin, sign_in):
    client = sign_in("staff")
    confirm(client, world.company, twin)
    for name in ("admin:crm_company_change", "admin:crm_party_change"):
        answer = client.get(reverse(name, args=[twin.pk]), follow=True)
        assert answer.redirect_chain[-1][0] == reverse("admin:crm_company_change", args=[world.company.pk])
        assert "De Kraan Brouwerij was merged into Brouwerij De Kraan NV." in answer.content.decode()


def test_two_numbers_are_chosen_and_both_stay_known(world, twin, sign_in):
    client = sign_in("staff")
    PartyLink.objects.create(
        administration=world.connection.administration, party=twin, external_id="guid-2", code="2000"
    )
    shown = page(client, merge_url(world.company, twin))
    key = f"choice-number:{world.connection.administration_id}:both"
    assert f'name="{key}"' in shown
    assert "the other stays as a second number" in shown
    # Names are preselected, numbers are not.
    assert shown.count(" checked") == 1

    refused = confirm(client, world.company, twin, **{"choice-name": "loser"}).content.decode()
    assert "Both have a number in" in refused
    assert 'value="loser" aria-describedby="row-1" checked' in refused  # what was chosen is still chosen
    assert Merge.objects.count() == 0

    confirm(client, world.company, twin, **{key: "loser"})
    numbers = PartyLink.objects.filter(party=world.company).order_by("code").values_list("code", "primary")
    assert list(numbers) == [("1042", False), ("2000", True)]
    own = page(sign_in("boss"), reverse("admin:crm_company_change", args=[world.company.pk]))
    assert "second number" in own


def test_several_go_one_after_the_other(world, twin, sign_in):
    client = sign_in("staff")
    third = factories.CompanyFactory(name="Kraan")
    asked = select(client, twin, world.company, third).content.decode()
    assert "Which one stays?" in asked
    answer = select(client, twin, world.company, third, stays=third.pk)
    assert answer["Location"].startswith(merge_url(Party.objects.get(pk=third.pk)))
    shown = page(client, answer["Location"])
    assert "Others follow" in shown
    answer = confirm(client, third, world.company, then=str(twin.pk), next=LIST, follow=False)
    assert answer["Location"] == merge_url(Party.objects.get(pk=third.pk), twin, next=LIST)
    answer = confirm(client, third, twin, next=LIST)
    assert answer.redirect_chain == [(LIST, 302)]
    assert set(Party.objects.filter(merged_into=third)) == set(Party.objects.filter(pk__in=[twin.pk, world.company.pk]))


def test_too_few_and_too_many(world, sign_in):
    client = sign_in("staff")
    assert "Select two or more" in select(client, world.company).wsgi_request._messages._queued_messages[0].message
    many = [factories.CompanyFactory() for _ in range(11)]
    said = select(client, *many).wsgi_request._messages._queued_messages
    assert "at most 10" in said[0].message


def test_without_a_second_one_near_names_are_offered_and_others_searched_for(world, twin, sign_in):
    client = sign_in("staff")
    far = factories.CompanyFactory(name="Quite another")
    person = factories.ContactFactory(last_name="Brouwerij")
    shown = page(client, merge_url(world.company))
    assert merge_url(world.company, twin) in shown
    assert f"with={far.pk}" not in shown
    assert f"with={person.pk}" not in shown
    found = page(client, merge_url(world.company), q="quite")
    assert merge_url(world.company, far) in found
    assert "Nothing found" in page(client, merge_url(world.company), q="xyzzy")


@pytest.mark.parametrize("wanted", ["999999", "x", "self", "person", "binned"])
def test_whoever_cannot_be_merged_is_refused_kindly(wanted, world, twin, sign_in):
    client = sign_in("staff")
    pk = {"self": world.company.pk, "person": world.contact.pk, "binned": twin.pk}.get(wanted, wanted)
    if wanted == "binned":
        Party.objects.filter(pk=twin.pk).update(deleted_at="2026-01-01T00:00Z")
    for answer in (
        client.get(merge_url(world.company), {"with": pk}, follow=True),
        client.post(merge_url(world.company), {"with": pk}, follow=True),
    ):
        assert answer.status_code == 200
        assert "Choose another one" in answer.content.decode()
    assert Merge.objects.count() == 0


def test_whom_somebody_else_merged_meanwhile(world, twin, sign_in):
    confirm(sign_in("boss"), world.company, twin)
    said = confirm(sign_in("staff"), world.company, twin).content.decode()
    assert "has been merged into Brouwerij De Kraan NV already" in said
    assert Merge.objects.count() == 1


def test_swapped_sides(world, twin, sign_in):
    client = sign_in("staff")
    shown = page(client, merge_url(world.company, twin))
    assert merge_url(twin, Party.objects.get(pk=world.company.pk)) in shown


def test_a_strange_way_back_is_not_taken(world, twin, sign_in):
    answer = confirm(sign_in("staff"), world.company, twin, next="https://evil.example/")
    assert answer.redirect_chain == [(reverse("admin:crm_company_change", args=[world.company.pk]), 302)]


@pytest.mark.parametrize("role", ["accountant", "nobody"])
def test_who_may_not(role, world, twin, sign_in):
    client = sign_in(role)
    assert client.get(merge_url(world.company, twin)).status_code == 403
    assert confirm(client, world.company, twin).status_code == 403
    assert merge_url(world.company) not in page(client, reverse("admin:crm_company_change", args=[world.company.pk]))
    if role == "accountant":
        assert 'value="merge_selected"' not in page(client, LIST)
    assert Merge.objects.count() == 0


def test_the_page_asks_no_more_for_many_documents(world, twin, sign_in, django_assert_max_num_queries):
    client = sign_in("staff")
    url = merge_url(world.company, twin)
    client.get(url)
    for _ in range(5):
        factories.draft_invoice(party=twin, entity=world.entity)
        person = factories.ContactFactory()
        person.companies.create(company=twin)
        twin.tags.add(factories.TagFactory())
    with django_assert_max_num_queries(45):
        assert client.get(url).status_code == 200


def test_with_contacts_too(world, sign_in):
    other = factories.ContactFactory(first_name="Ann", last_name="Peeters")
    client = sign_in("staff")
    assert "Merge contacts" in page(client, merge_url(world.contact, other))
    confirm(client, world.contact, other, **{"choice-name": "loser"})
    assert Party.objects.get(pk=world.contact.pk).name == "Ann Peeters"


def test_not_the_same_is_remembered_and_offered_no_more(world, twin, sign_in, people):
    client = sign_in("staff")
    other = factories.CompanyFactory(name="Brouwerij De Kraan", vat_number="", enterprise_number="")
    shown = page(client, merge_url(world.company))
    assert shown.index("Brouwerij De Kraan</td>") < shown.index("De Kraan Brouwerij</td>")  # the likeliest first
    assert "Name alike" in shown
    answer = client.post(merge_url(world.company), {"with": twin.pk, "apart": "1", "next": LIST}, follow=True)
    assert answer.redirect_chain == [(LIST, 302)]
    assert "are kept as two" in answer.content.decode()
    pair = DuplicatePair.objects.get(state=PairState.SET_ASIDE)
    assert {pair.first_id, pair.second_id} == {world.company.pk, twin.pk}
    assert pair.set_aside_by == people["staff"]
    assert not Merge.objects.exists()
    shown = page(client, merge_url(world.company))
    assert "De Kraan Brouwerij</td>" not in shown
    assert "Brouwerij De Kraan</td>" in shown
    # A look for duplicates does not ask again, and whoever compares the two all the same is told.
    duplicates.refresh()
    assert DuplicatePair.objects.get(pk=pair.pk).state == PairState.SET_ASIDE
    assert "staff said" in page(client, merge_url(world.company, twin))
    assert other.pk not in (pair.first_id, pair.second_id)


def test_of_several_the_next_comes_after_not_the_same(world, twin, sign_in):
    third = factories.CompanyFactory(name="Kraan")
    answer = sign_in("staff").post(
        merge_url(world.company), {"with": twin.pk, "apart": "1", "then": str(third.pk), "next": LIST}
    )
    assert answer["Location"] == merge_url(Party.objects.get(pk=world.company.pk), third, next=LIST)


def test_the_older_one_stays_when_a_newer_one_looks_for_it(world, sign_in):
    added = factories.CompanyFactory(name="Brouwerij Kraan", vat_number="", enterprise_number="")
    shown = page(sign_in("staff"), merge_url(added))
    assert merge_url(Party.objects.get(pk=world.company.pk), added).replace("&", "&amp;") in shown


def test_who_only_reads_says_of_nobody_that_they_are_two(world, twin, sign_in):
    assert sign_in("accountant").post(merge_url(world.company), {"with": twin.pk, "apart": "1"}).status_code == 403
    assert not DuplicatePair.objects.filter(state=PairState.SET_ASIDE).exists()
