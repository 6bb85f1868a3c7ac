"""Many at once from a list: a tag, the recycle bin, and out of it again; each behind a page with the numbers."""

import re

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse

from crm import binning, tagging
from crm.admin import bulk
from crm.models import BinnedParty, Company, Party, Segment, Tag
from integrations.models import PartyLink, ReleasedLink
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def segment(world) -> Segment:
    """Four companies: one with an invoice, one with a number in the tool."""
    tag = Tag.objects.create(name="Exact Online Import")
    parties = [factories.CompanyFactory(name=name, tags=[tag]) for name in ("Alfa", "Beta", "Gamma", "Delta")]
    factories.booked_invoice(entity=world.entity, party=parties[1])
    PartyLink.objects.create(
        administration=world.connection.administration, party=parties[0], external_id="g7", matched_by="import"
    )
    return Segment.objects.create(
        name="Imported",
        rules={"match": "all", "rules": [{"field": "tags", "operator": "contains", "value": "Import"}]},
    )


def list_of(segment) -> str:
    return reverse("admin:crm_company_changelist") + f"?segment={segment.pk}"


def press(client, url, action, **fields):
    some = Company.objects.order_by("pk").first() or BinnedParty.objects.order_by("pk").first()
    data = {"action": action, "select_across": "1", "_selected_action": [some.pk], **fields}
    return client.post(url, data)


def confirm(client, url, action, **fields):
    """Look at the page that asks, and confirm what it showed."""
    asked = press(client, url, action)
    seen = asked.context["seen"] if asked.context is not None and "seen" in asked.context else ""
    return press(client, url, action, confirmed="1", seen=seen, **fields)


def test_the_whole_segment_goes_to_the_bin_save_what_has_documents(world, segment, sign_in):
    client = sign_in("boss")
    url = list_of(segment)
    before = Party.objects.live().count()
    page = press(client, url, "bin_selected").content.decode()
    assert "3 go to the recycle bin" in page
    assert "1 is kept" in page
    assert "Beta is kept: sales documents point to it." in page
    assert Party.objects.live().count() == before  # asked first

    # What the page itself sends.
    form = re.search(r'<form method="post" class="bb-inline-form">.*?</form>', page, re.DOTALL).group(0)
    answer = client.post(url, dict(re.findall(r'name="(\w+)" value="(\w+)"', form)))
    assert answer.status_code == 302
    assert set(BinnedParty.objects.values_list("name", flat=True)) == {"Alfa", "Gamma", "Delta"}
    assert Party.objects.live().count() == before - 3
    assert ReleasedLink.objects.get().party.name == "Alfa"
    page = client.get(url).content.decode()
    assert "3 are in the recycle bin." in page
    assert "1 has documents or bookings and was kept: Beta is kept" in page
    # A second time there is nobody left to go.
    assert "Nobody: all of them have documents" in press(client, url, "bin_selected").content.decode()

    # Back again, with the number.
    bin_url = reverse("admin:crm_binnedparty_changelist")
    client.post(bin_url, {"action": "restore_selected", "select_across": "1", "_selected_action": ["1"]})
    assert Party.objects.live().count() == before
    assert PartyLink.objects.get(external_id="g7").party.name == "Alfa"


def test_who_was_here_before_an_import_stays_unless_all_are_meant(segment, sign_in):
    client = sign_in("boss")
    PartyLink.objects.filter(external_id="g7").update(matched_by="VAT number")
    for matched_by, party in (("import", "Gamma"), ("file", "Delta")):
        link = PartyLink.objects.get(external_id="g7")
        link.pk, link.party, link.external_id, link.matched_by = (
            None,
            Company.objects.get(name=party),
            party,
            matched_by,
        )
        link.save()
    url = list_of(segment)
    page = press(client, url, "bin_selected").content.decode()
    assert "2 go to the recycle bin" in page
    assert "1 of them was here before the import" in page
    assert "Move all 3" in page
    confirm(client, url, "bin_selected", leave="known")
    assert set(BinnedParty.objects.values_list("name", flat=True)) == {"Gamma", "Delta"}
    confirm(client, url, "bin_selected")
    assert BinnedParty.objects.filter(name="Alfa").exists()


def test_a_list_that_changed_meanwhile_is_shown_anew(segment, sign_in):
    client = sign_in("boss")
    tag = Tag.objects.get(name="Exact Online Import")
    url = list_of(segment)
    first = press(client, url, "bin_selected")
    # As many as before, and another one among them.
    factories.CompanyFactory(name="Late", tags=[tag])
    Company.objects.get(name="Gamma").tags.clear()
    page = press(client, url, "bin_selected", confirmed="1", seen=first.context["seen"])
    assert "The list has changed meanwhile" in page.content.decode()
    assert "Late" in page.content.decode()
    assert not BinnedParty.objects.exists()
    press(client, url, "bin_selected", confirmed="1", seen=page.context["seen"])
    assert set(BinnedParty.objects.values_list("name", flat=True)) == {"Alfa", "Delta", "Late"}


def test_who_got_a_document_meanwhile_is_shown_anew_before_anybody_goes(segment, sign_in):
    client = sign_in("boss")
    url = list_of(segment)
    first = press(client, url, "bin_selected")
    factories.booked_invoice(party=Party.objects.get(name="Gamma"))
    page = press(client, url, "bin_selected", confirmed="1", seen=first.context["seen"]).content.decode()
    assert "The list has changed meanwhile" in page
    assert "2 go to the recycle bin" in page
    assert not BinnedParty.objects.exists()


def test_the_bin_and_tags_take_nothing_for_confirmed_that_was_not_shown(segment, sign_in):
    client = sign_in("boss")
    url, bin_url = list_of(segment), reverse("admin:crm_binnedparty_changelist")
    seen = press(client, url, "tag_selected").context["seen"]
    factories.CompanyFactory(name="Late", tags=[Tag.objects.get(name="Exact Online Import")])
    Company.objects.get(name="Gamma").tags.clear()
    page = press(client, url, "tag_selected", confirmed="1", seen=seen, what="add", tag="Checked").content.decode()
    assert "The list has changed meanwhile" in page
    assert not Tag.objects.filter(name="Checked").exists()

    binning.move_to_recycle_bin(parties=Party.objects.filter(name="Late"), by=None)
    seen = press(client, bin_url, "purge_selected").context["seen"]
    binning.restore(parties=Party.objects.filter(name="Late"), by=None)
    binning.move_to_recycle_bin(parties=Party.objects.filter(name="Delta"), by=None)
    page = press(client, bin_url, "purge_selected", confirmed="1", seen=seen).content.decode()
    assert "has changed meanwhile" in page
    assert BinnedParty.objects.get().name == "Delta"


def test_only_the_selected_ones_go(segment, sign_in):
    client = sign_in("boss")
    wanted = Company.objects.filter(name__in=("Gamma", "Delta"))
    data = {
        "action": "bin_selected",
        "_selected_action": [party.pk for party in wanted],
        "confirmed": "1",
    }
    asked = client.post(list_of(segment), data)
    client.post(list_of(segment), {**data, "seen": asked.context["seen"]})
    assert set(BinnedParty.objects.values_list("name", flat=True)) == {"Gamma", "Delta"}


def test_more_than_the_bound_goes_in_turns(segment, sign_in, monkeypatch):
    monkeypatch.setattr(bulk, "MANY_AT_ONCE", 2)
    client = sign_in("boss")
    page = press(client, list_of(segment), "bin_selected").content.decode()
    assert "These are the first 2 of more." in page
    confirm(client, list_of(segment), "bin_selected")
    assert set(BinnedParty.objects.values_list("name", flat=True)) == {"Alfa"}  # Beta has its invoice


@pytest.mark.parametrize("role", ["staff", "accountant"])
def test_others_delete_nobody_in_bulk_and_see_no_bin(role, segment, sign_in):
    client = sign_in(role)
    assert "bin_selected" not in client.get(list_of(segment)).content.decode()
    confirm(client, list_of(segment), "bin_selected")
    assert not BinnedParty.objects.exists()
    assert client.get(reverse("admin:crm_binnedparty_changelist")).status_code == 403
    assert client.post(reverse("admin:crm_binnedparty_changelist"), {"action": "purge_selected"}).status_code == 403


def test_deleting_for_good_asks_with_the_number_first(segment, sign_in):
    client = sign_in("boss")
    confirm(client, list_of(segment), "bin_selected")
    bin_url = reverse("admin:crm_binnedparty_changelist")
    page = press(client, bin_url, "purge_selected").content.decode()
    assert "Delete 3 for good?" in page
    assert BinnedParty.objects.count() == 3
    confirm(client, bin_url, "purge_selected")
    assert not BinnedParty.objects.exists()
    assert not Party.objects.filter(name__in=("Alfa", "Gamma", "Delta")).exists()
    assert not ReleasedLink.objects.exists()
    assert LogEntry.objects.filter(change_message="Deleted for good.").count() == 3


def test_a_tag_is_set_on_a_whole_segment_and_taken_off_by_an_admin(segment, sign_in):
    url = list_of(segment)
    staff, boss = sign_in("staff"), sign_in("boss")
    assert "4 are selected" in press(staff, url, "tag_selected").content.decode()
    assert not Tag.objects.filter(name="Checked").exists()
    confirm(staff, url, "tag_selected", what="add", tag=" Checked ")
    assert set(Company.objects.filter(tags__name="Checked").values_list("name", flat=True)) == {
        "Alfa",
        "Beta",
        "Gamma",
        "Delta",
    }
    assert LogEntry.objects.filter(change_message="Tag added: Checked").count() == 4
    confirm(staff, url, "tag_selected", what="add", tag="CHECKED")
    assert LogEntry.objects.filter(change_message="Tag added: Checked").count() == 4
    assert Tag.objects.filter(name__iexact="checked").count() == 1

    refused = confirm(staff, url, "tag_selected", what="remove", tag="Checked")
    assert refused.status_code == 403
    confirm(boss, url, "tag_selected", what="remove", tag="checked")
    assert not Company.objects.filter(tags__name="Checked").exists()
    assert Company.objects.filter(tags__name="Exact Online Import").count() == 4
    for fields, words in (
        ({"what": "remove", "tag": "nope"}, "There is no tag “nope”."), ({"what": "add", "tag": " "}, "Fill in a tag."),
        ({"what": "add", "tag": "x" * 81}, "at most 80"),
    ):  # fmt: skip
        page = confirm(boss, url, "tag_selected", **fields).content.decode()
        assert words in page, fields
    assert not Tag.objects.filter(name="x").exists()


def test_tagging_leaves_the_bin_alone(world):
    from django.utils import timezone

    tag = factories.TagFactory(name="T")
    binned = factories.CompanyFactory(deleted_at=timezone.now())
    assert tagging.tag_parties(ids=[binned.pk, world.company.pk], tag=tag, by=None) == 1
