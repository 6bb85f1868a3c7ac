"""The pages of segments, the list that a segment chooses, its export, and who may do what."""

import csv
import io

import pytest
from django.contrib.admin.models import LogEntry
from django.db import connection as database
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from openpyxl import load_workbook

from crm.models import Company, Segment, Tag
from integrations.models import PartyLink
from tests import factories

pytestmark = pytest.mark.django_db
IMPORTED = {"match": "all", "rules": [{"field": "tags", "operator": "contains", "value": "Exact Online Import"}]}


def url_of(name: str, *args, query: str = "") -> str:
    return reverse(f"admin:crm_{name}", args=args) + query


def make(name="Imported", **fields) -> Segment:
    return Segment.objects.create(name=name, rules=fields.pop("rules", IMPORTED), **fields)


@pytest.fixture
def imported() -> list[Company]:
    tag = Tag.objects.create(name="Exact Online Import")
    return [factories.CompanyFactory(name=name, tags=[tag]) for name in ("Alfa", "=1+1", "Omega")]


def names(client, url: str) -> list[str]:
    answer = client.get(url)
    assert answer.status_code == 200
    return sorted(str(row) for row in answer.context["cl"].result_list)


def form(rules, **fields):
    return {
        "name": "My segment", "kind": "company", "shared": "on", "match": "all", "do": "save",
        "field": [r[0] for r in rules], "operator": [r[1] for r in rules], "value": [r[2] for r in rules], **fields,
    }  # fmt: skip


def test_a_segment_is_made_rule_by_rule_without_script(world, imported, sign_in, people):
    client = sign_in("staff")
    add = url_of("segment_add")
    page = client.post(add, form([], do="add", new_field="tags")).content.decode()
    assert 'name="operator"' in page
    assert not Segment.objects.exists()
    page = client.post(add, form([("tags", "contains", "Exact Online Import")], do="add", new_field="created"))
    assert [row.field for row in page.context["form"].rows] == ["tags", "created"]
    assert page.context["form"].rows[0].value == "Exact Online Import"
    two = [("tags", "contains", "Exact Online Import"), ("created", "last_days", "x")]
    page = client.post(add, form(two))
    assert "Created: fill in a whole number from 1 to 3650." in page.content.decode()
    assert not Segment.objects.exists()
    page = client.post(add, form(two, do="remove-1"))
    assert [row.field for row in page.context["form"].rows] == ["tags"]
    answer = client.post(add, form(two[:1]))
    segment = Segment.objects.get()
    assert answer["Location"] == url_of("segment_change", segment.pk)
    assert (segment.name, segment.kind, segment.rules, segment.owner) == (
        "My segment",
        "company",
        IMPORTED,
        people["staff"],
    )
    shown = client.get(answer["Location"]).content.decode()
    assert url_of("company_changelist", query=f"?segment={segment.pk}") in shown
    assert "<b>3</b>" in shown
    about = LogEntry.objects.filter(content_type__model="segment", object_id=str(segment.pk))
    assert about.filter(change_message="Added.").count() == 1


def test_a_name_is_taken_once_and_rules_are_needed(imported, sign_in):
    client = sign_in("staff")
    make("My segment")
    assert "already exists" in client.post(url_of("segment_add"), form([("city", "empty", "")])).content.decode()
    page = client.post(url_of("segment_add"), form([], name="Nobody")).content.decode()
    assert "a segment without rules would hold everybody" in page
    assert Segment.objects.count() == 1


def test_the_live_count_is_that_of_the_page_as_it_stands(world, imported, sign_in):
    client = sign_in("accountant")
    rules = [("tags", "contains", "exact online")]
    answer = client.post(url_of("segment_count"), form(rules, kind=""))
    found = answer.context["fitting"]
    assert (found.companies, found.contacts) == (3, 0)
    assert client.post(url_of("segment_count"), form([("city", "is", "")])).context["fitting"] is None
    assert client.get(url_of("segment_count")).status_code == 405
    gone = make("Gone", rules={"match": "all", "rules": [{"field": "tags", "operator": "has", "value": "0"}]})
    assert "What was chosen may be gone" in client.get(url_of("segment_change", gone.pk)).content.decode()


def test_more_than_the_bound_is_said_in_words(imported, sign_in, monkeypatch):
    monkeypatch.setattr("crm.segments.choosing.COUNT_BOUND", 2)
    page = url_of("segment_change", make().pk)
    assert "more than 2" in sign_in("staff").get(page).content.decode()
    # Among very many the bound is lower.
    monkeypatch.setattr("crm.segments.choosing.COUNT_BOUND_AMONG_MANY", 1)
    monkeypatch.setattr("crm.segments.choosing.MANY", 0)
    assert "more than 1" in sign_in("staff").get(page).content.decode()


def test_the_pages_of_a_segment_hold_each_row_once_in_the_order_of_names(world, imported, sign_in, monkeypatch):
    monkeypatch.setattr("crm.admin.parties.PartyListAdmin.list_per_page", 2)
    client, segment = sign_in("staff"), make()
    url = url_of("company_changelist", query=f"?segment={segment.pk}")
    assert [names(client, f"{url}&p={page}") for page in (1, 2)] == [["=1+1", "Alfa"], ["Omega"]]
    assert "3 companies" in client.get(url).content.decode()
    # Of more than are counted the first ones are shown.
    monkeypatch.setattr("crm.admin.searching.SegmentPaginator.bound", 2)
    page = client.get(url).content.decode()
    assert names(client, url) == ["=1+1", "Alfa"]
    assert "There are more than 2 rows" in page


def test_the_list_holds_the_segment_and_searching_stays_within(world, imported, sign_in):
    client = sign_in("accountant")
    segment = make()
    url = url_of("company_changelist", query=f"?segment={segment.pk}")
    assert names(client, url) == ["=1+1", "Alfa", "Omega"]
    assert names(client, url + "&q=alf") == ["Alfa"]
    assert names(client, url + "&view=suppliers") == []
    page = client.get(url).content.decode()
    assert "Segment Imported" in page
    assert "Tags contain “Exact Online Import”" in page
    assert names(client, url_of("contact_changelist", query=f"?segment={segment.pk}")) == []


def test_a_segment_that_cannot_be_used_shows_nobody(world, imported, sign_in, people):
    client = sign_in("boss")
    private = make("Hers", shared=False, owner=people["staff"])
    broken = make("Broken", rules={"match": "all", "rules": [{"field": "tags", "operator": "has_not", "value": "0"}]})
    contacts = make(
        "Contacts",
        kind="person",
        rules={"match": "all", "rules": [{"field": "city", "operator": "filled", "value": ""}]},
    )
    for wanted in (private.pk, broken.pk, contacts.pk, 0, "x", "9" * 40, "1%20OR%201"):
        url = url_of("company_changelist", query=f"?segment={wanted}")
        assert names(client, url) == [], wanted
        answer = client.post(url, {"action": "export_csv", "select_across": "1", "_selected_action": ["1"]})
        rows = answer.getvalue().decode().splitlines() if answer.streaming else []
        assert len(rows) <= 1, wanted
    assert (
        "What was chosen may be gone"
        in client.get(url_of("company_changelist", query=f"?segment={broken.pk}")).content.decode()
    )


def test_a_private_segment_is_its_owners(sign_in, people):
    private = make("Hers", shared=False, owner=people["staff"])
    change = url_of("segment_change", private.pk)
    assert sign_in("staff").get(change).status_code == 200
    boss = sign_in("boss")
    assert boss.get(change).status_code == 302
    assert boss.post(change, form([("city", "empty", "")])).status_code == 302
    assert boss.post(url_of("segment_copy", private.pk)).status_code == 404
    assert "Hers" not in boss.get(url_of("segment_changelist")).content.decode()
    private.refresh_from_db()
    assert private.rules == IMPORTED


def test_a_copy_is_ones_own(sign_in, people):
    shared = make(owner=people["boss"])
    client = sign_in("staff")
    for n in (1, 2):
        client.post(url_of("segment_copy", shared.pk))
        copy = Segment.objects.latest("pk")
        assert (copy.name, copy.shared, copy.owner, copy.rules) == (
            f"Imported (copy {n})",
            False,
            people["staff"],
            IMPORTED,
        )


def test_the_accountant_looks_and_changes_nothing(imported, sign_in):
    client = sign_in("accountant")
    segment = make()
    page = client.get(url_of("segment_change", segment.pk)).content.decode()
    assert "Add rule" not in page
    assert client.post(url_of("segment_change", segment.pk), form([("city", "empty", "")])).status_code == 403
    assert client.post(url_of("segment_copy", segment.pk)).status_code == 403
    segment.refresh_from_db()
    assert segment.rules == IMPORTED


def test_the_export_holds_the_segment_with_external_ids_and_no_formula(world, imported, sign_in):
    client = sign_in("accountant")
    PartyLink.objects.create(
        administration=world.connection.administration, party=imported[0], external_id="g7", code="70042"
    )
    url = url_of("company_changelist", query=f"?segment={make().pk}")
    answer = client.post(url, {"action": "export_csv", "select_across": "1", "_selected_action": [imported[0].pk]})
    rows = list(csv.DictReader(io.StringIO(answer.getvalue().decode("utf-8-sig"))))
    title = f"External ID in {world.connection.administration.name}"
    assert [(row["name"], row[title]) for row in rows] == [("'=1+1", ""), ("Alfa", "70042"), ("Omega", "")]
    assert {row["tags"] for row in rows} == {"Exact Online Import"}
    answer = client.post(url, {"action": "export_xlsx", "select_across": "1", "_selected_action": [imported[0].pk]})
    sheet = load_workbook(io.BytesIO(answer.getvalue())).active
    assert [row[0] for row in sheet.iter_rows(min_row=2, values_only=True)] == ["'=1+1", "Alfa", "Omega"]


def test_filters_by_tag_country_and_external_id(world, sign_in):
    client = sign_in("accountant")
    books = world.connection.administration.pk
    away = factories.CompanyFactory(name="Away", country="NL", city="")

    def found(query: str) -> list[str]:
        return names(client, url_of("company_changelist", query=query))

    assert found(f"?tags__id__exact={world.tag.pk}") == ["Brouwerij De Kraan NV"]
    assert found("?tags__id__exact=0") == found("?tags__id__exact=x") == []
    assert found("?country=NL") == ["Away"]
    assert found("?external_id=yes") == found(f"?external_id=in-{books}") == ["Brouwerij De Kraan NV"]
    assert found("?external_id=no") == found(f"?external_id=not-{books}") == ["Away"]
    assert found("?external_id=in-x") == found("?external_id=in-0") == []
    choices = client.get(url_of("company_changelist")).context["cl"].filter_specs
    countries = next(spec for spec in choices if getattr(spec, "parameter_name", "") == "country")
    assert countries.lookup_choices == [("BE", "Belgium"), ("NL", "Netherlands")]
    assert away.country == "NL"


def test_a_search_that_fits_too_many_shows_some_and_says_so(world, sign_in, monkeypatch):
    monkeypatch.setattr("crm.admin.searching.SearchedPaginator.bound", 5)
    client = sign_in("boss")
    for n in range(9):
        factories.CompanyFactory(name=f"Peeters {n}")
    url = url_of("company_changelist", query="?q=peeters")
    shown = names(client, url)
    assert len(shown) == len(set(shown)) == 5
    assert all(name.startswith("Peeters") for name in shown)
    page = client.get(url).content.decode()
    assert "More than 5 fit; these are some of them." in page
    monkeypatch.setattr("crm.admin.searching.SearchedPaginator.bound", 9)
    assert len(names(client, url)) == 9
    # What is done to all that fit is done to those that are not listed, too, and the page says so.
    monkeypatch.setattr("crm.admin.searching.SearchedPaginator.bound", 5)
    monkeypatch.setattr("crm.admin.parties.CompanyAdmin.list_per_page", 3)
    assert "Select all that fit, more than 5" in client.get(url).content.decode()
    answer = client.post(url, {"action": "export_csv", "select_across": "1", "_selected_action": [world.company.pk]})
    assert len(answer.getvalue().decode().splitlines()) == 10


def test_the_pages_cost_the_same_whatever_the_rows(world, imported, sign_in):
    client = sign_in("boss")
    segment = make()
    pages = [
        url_of("segment_changelist"), url_of("segment_change", segment.pk),
        url_of("company_changelist", query=f"?segment={segment.pk}"), url_of("binnedparty_changelist"),
    ]  # fmt: skip

    def counts() -> list[int]:
        found = []
        for url in pages:
            client.get(url)
            with CaptureQueriesContext(database) as captured:
                assert client.get(url).status_code == 200
            found.append(len(captured))
        return found

    from django.utils import timezone

    factories.CompanyFactory(deleted_at=timezone.now())
    before = counts()
    tag = Tag.objects.get(name="Exact Online Import")
    for n in range(20):
        make(f"More {n}")
        factories.CompanyFactory(tags=[tag])
        factories.CompanyFactory(deleted_at=timezone.now())
    assert counts() == before
