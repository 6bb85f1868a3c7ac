"""Undoing: what was there is there again; what was changed or used since stays, and is listed."""

from datetime import timedelta

import pytest
from django.utils import timezone
from hypothesis import HealthCheck, given
from hypothesis import settings as generated
from hypothesis import strategies as some

from crm.importing import services, working
from crm.importing.errors import ImportRefused
from crm.models import Company, DuplicateJob, ImportBatch, Party, Tag
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
NAMES = ["Garage Peeters", "Bakkerij Zoë", "Café de Kroon", "Nieuw BV", "Dubbel"]
CELLS = some.tuples(
    some.sampled_from([*NAMES, ""]), some.sampled_from(["", "BE0428759497", "BE0403170701", "fout"]),
    some.sampled_from(["", "1000", "9000"]), some.sampled_from(["", "016 1", "+32 2"]), some.sampled_from(["", "a, b", "B"]),
    some.sampled_from(["", "BE", "Nederland"]),
)  # fmt: skip


def everything() -> tuple[list, list]:
    columns = [field.attname for field in Party._meta.concrete_fields if field.name != "updated_at"]
    return list(Party.objects.order_by("pk").values_list(*columns)), sorted(
        Party.tags.through.objects.values_list("party_id", "tag__name")
    )


@generated(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=some.lists(CELLS, min_size=1, max_size=8).filter(lambda rows: any(map(any, rows))),
    rule=some.sampled_from(["name", "vat_number", "name_postcode"]),
    blank=some.booleans(),
)
def test_import_and_undo_leave_what_was_there(story, rows, rule, blank):
    Party.objects.all().delete()
    for n, name in enumerate([NAMES[0], NAMES[1], NAMES[4], NAMES[4]]):
        party = factories.CompanyFactory(
            name=name, vat_number="BE0428759497" if n == 0 else "", postcode="1000", phone="1"
        )
        party.tags.add(Tag.objects.get_or_create(name="b")[0])
    before = everything()
    told = story().table(["Name", "VAT number", "Postcode", "Phone", "Tags", "Country"], rows)
    told.count(blank_empty=blank).by_rule("all", rule).write()
    assert sum(told.result.values()) == len([row for row in rows if any(row)]) == told.batch.outcomes.count()
    told.undo()
    assert told.batch.summary["undone"]["kept"] == 0
    assert everything() == before


def test_what_was_changed_or_used_since_stays(story):
    names = ["Bewerkt", "Terug"]
    for name in names:
        factories.CompanyFactory(name=name, phone="0")
    rows = [[name, "9"] for name in (*names, "Nieuw", "Nieuw veranderd", "Nieuw met factuur")]
    told = story().table(["Name", "Phone"], rows).count().by_rule("all", "name").write()
    Company.objects.filter(name="Bewerkt").update(phone="8")
    Company.objects.filter(name="Nieuw veranderd").update(city="Gent")
    factories.booked_invoice(party=Company.objects.get(name="Nieuw met factuur"))
    told.undo()
    assert told.batch.summary["undone"] == {"restored": 1, "deleted": 1, "kept": 3}
    assert {p.name: p.phone for p in Company.objects.filter(name__in=[row[0] for row in rows])} == {
        "Bewerkt": "8", "Terug": "0", "Nieuw veranderd": "9", "Nieuw met factuur": "9",
    }  # fmt: skip
    reasons = {row.name: row.notes[-1]["reason"] for row in told.batch.outcomes.filter(undone=False)}
    assert reasons == {
        "Bewerkt": "kept-changed", "Nieuw veranderd": "kept-changed", "Nieuw met factuur": "kept-used",
    }  # fmt: skip


def test_duplicates_are_looked_for_again_after_an_undo(story):
    told = story().table(["Name"], [["Nieuw"]]).count().write()
    DuplicateJob.objects.all().delete()
    told.undo()
    assert DuplicateJob.objects.filter(what=DuplicateJob.What.LOOK, finished_at=None).exists()


def test_too_late(story, settings):
    told = story().table(["Name"], [["Nieuw"]]).count().write()
    ImportBatch.objects.update(imported_at=timezone.now() - timedelta(days=30, minutes=1))
    with pytest.raises(ImportRefused, match="IMP-309"):
        services.start_undo(batch=told.batch, by=told.by)
    assert Company.objects.count() == 1
    settings.BOEKBRUG_IMPORT_UNDO_DAYS = 31
    assert told.undo().batch.state == "undone"


def test_an_undo_twice_has_the_effect_of_once(story):
    told = story().table(["Name"], [["Nieuw"]]).count().write().undo()
    assert services.start_undo(batch=told.batch, by=told.by) is False
    working.work(told.batch.pk)
    assert told.batch.outcomes.get().undone
