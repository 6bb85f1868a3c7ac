"""From a file to companies: found, changed, added, left alone; nothing written before it is wanted."""

import pytest
from django.contrib.admin.models import LogEntry

from crm.importing import services, working
from crm.models import Company, ImportRow, ImportState, Party
from tests import factories

pytestmark = [pytest.mark.django_db, pytest.mark.both_databases]
HEADERS = ["Naam", "Btw-nummer", "Postcode", "Telefoon"]


def company(name: str, **values):
    return factories.CompanyFactory(name=name, **{"vat_number": "", "enterprise_number": "", **values})


def test_rows_are_added_edited_and_left_alone(story):
    apotheek = company("Apotheek Sint-Anna", vat_number="BE0428759497", phone="")
    company("Bakkerij Van Acker", vat_number="BE0403170701", phone="02 1", postcode="1000")
    told = story().table(
        HEADERS,
        [
            ["Apotheek Sint-Anna", "BE 0428.759.497", "", "016 11 22 33"],
            ["Bakkerij Van Acker", "0403170701", "1000", "02 1"],
            ["Nieuw NV", "BE0404616494", "9000", ""],
            ["Fout BV", "BE0123456789", "", ""],
        ],
    ).count()  # fmt: skip
    assert told.meanings == ["name", "vat_number", "postcode", "phone"]
    assert told.counts("all", "vat_number") == {"edited": 1, "unchanged": 1, "added": 1, "wrong": 1}
    told.by_rule("all", "vat_number").write()
    assert told.batch.state == ImportState.DONE
    assert told.result == {"edited": 1, "unchanged": 1, "added": 1, "wrong": 1}
    apotheek.refresh_from_db()
    assert apotheek.phone == "016 11 22 33"
    new = Company.objects.get(name="Nieuw NV")
    assert (new.vat_number, new.enterprise_number, new.postcode) == ("BE0404616494", "0404616494", "9000")
    assert new.name_key == "nieuw nv"
    assert told.row(2).old == {"phone": ""}
    assert told.row(2).new == {"phone": "016 11 22 33"}
    assert LogEntry.objects.filter(object_id=str(apotheek.pk), change_message__contains="phone").exists()


def test_undo_puts_back_and_deletes(story):
    old = company("Apotheek Sint-Anna", vat_number="BE0428759497", phone="")
    before = Party.objects.values().get(pk=old.pk)
    told = story().table(HEADERS, [["Apotheek", "BE0428759497", "", "1"], ["Nieuw", "", "", ""]]).count()
    told.by_rule("all", "vat_number").write()
    assert Party.objects.count() == 2
    told.undo()
    assert told.batch.summary["undone"] == {"restored": 1, "deleted": 1, "kept": 0}
    after = Party.objects.values().get()
    assert {k: v for k, v in after.items() if k != "updated_at"} == {
        k: v for k, v in before.items() if k != "updated_at"
    }


def test_a_second_click_and_a_second_task_do_nothing(story):
    told = story().table(HEADERS, [["Nieuw", "", "", ""]]).count().write()
    assert services.start(batch=told.batch, by=told.by) is False
    working.work(told.batch.pk)
    assert Company.objects.count() == 1
    assert ImportRow.objects.count() == 1
