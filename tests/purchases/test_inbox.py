"""The inbox folder: what is taken, what is left, where each file ends."""

import os
import time
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django_q.models import Schedule

from config.schedules import sync_schedules
from invoicing.models import IncomingFile, PurchaseDocument
from invoicing.services import purchases
from tests.purchases.ubl import ubl

pytestmark = [pytest.mark.django_db]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "inbox"
    folder.mkdir()
    return folder


def put(folder: Path, name: str, data: bytes, age: int = 60) -> Path:
    path = folder / name
    path.write_bytes(data)
    then = time.time() - age
    os.utime(path, (then, then))
    return path


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_files_end_where_they_belong(entity, folder):
    data = ubl(buyer_vat=entity.vat_number)
    put(folder, "a.xml", data)
    put(folder, "b.xml", data, age=50)
    put(folder, "c.xml", b"<!DOCTYPE x><x/>")
    put(folder, "packed.zip", b"PK\x03\x04")
    report = purchases.read_inbox(folder)
    assert (report.stored, report.known, report.failed) == (1, 1, 2)
    assert names(folder / "done") == ["a.xml", "b.xml"]
    assert names(folder / "failed") == ["c.xml", "c.xml.txt", "packed.zip", "packed.zip.txt"]
    assert len((folder / "failed" / "c.xml.txt").read_text()) > 10
    assert names(folder / "work") == []
    assert PurchaseDocument.objects.count() == 1
    # Refused ones are seen in the program too, not only by whoever looks into the folder.
    assert sorted(IncomingFile.objects.values_list("name", "state")) == [
        ("c.xml", "refused"),
        ("packed.zip", "refused"),
    ]


def test_files_that_are_still_written_are_left(entity, folder):
    data = ubl(buyer_vat=entity.vat_number)
    put(folder, "young.xml", data, age=0)
    for name in ("big.part", "big.tmp", ".hidden.xml"):
        put(folder, name, data)
    assert purchases.read_inbox(folder).stored == 0
    assert {"young.xml", "big.part", "big.tmp", ".hidden.xml"} <= set(names(folder))


def test_a_link_out_of_the_folder_is_not_read(entity, folder, tmp_path):
    outside = put(tmp_path, "secret.xml", ubl(buyer_vat=entity.vat_number))
    (folder / "link.xml").symlink_to(outside)
    then = time.time() - 60
    os.utime(folder / "link.xml", (then, then), follow_symlinks=False)
    assert purchases.read_inbox(folder).failed == 1
    assert not PurchaseDocument.objects.exists()
    assert outside.exists()


def test_a_file_whose_worker_died_is_taken_up_again(entity, folder, monkeypatch):
    purchases.read_inbox(folder)
    left = put(folder / "work", "1700000000000000000-a.xml", ubl(buyer_vat=entity.vat_number))
    assert purchases.read_inbox(folder).stored == 0
    assert left.exists()
    monkeypatch.setattr("invoicing.services.purchases.inbox.LOST_SECONDS", -1)
    assert purchases.read_inbox(folder).stored == 1
    assert names(folder / "done") == ["a.xml"]


def test_the_same_name_twice_loses_neither(entity, folder):
    for number in ("1", "2"):
        put(folder, "a.xml", ubl(buyer_vat=entity.vat_number, number=number))
        purchases.read_inbox(folder)
    assert names(folder / "done") == ["a-1.xml", "a.xml"]
    assert PurchaseDocument.objects.count() == 2


def test_a_file_that_is_too_large_is_not_read_whole(entity, folder, settings):
    settings.BOEKBRUG_PEPPOL_MAX_MB = 1
    put(folder, "a.xml", b"x" * 1_100_000)
    assert purchases.read_inbox(folder).failed == 1


def test_the_command_and_the_schedule(entity, folder, settings):
    put(folder, "a.xml", ubl(buyer_vat=entity.vat_number))
    out = StringIO()
    call_command("read_inbox", str(folder), stdout=out)
    assert out.getvalue() == "1 received, 0 known already, 0 refused\n"
    with pytest.raises(CommandError):
        call_command("read_inbox", str(folder / "none"))
    assert not Schedule.objects.filter(name="Inbox").exists()
    settings.BOEKBRUG_PEPPOL_INBOX_DIR = str(folder)
    sync_schedules()
    assert Schedule.objects.get(name="Inbox").func == "integrations.sync.tasks.inbox"
    settings.BOEKBRUG_PEPPOL_INBOX_DIR = ""
    sync_schedules()
    assert not Schedule.objects.filter(name="Inbox").exists()
    assert purchases.read_inbox().stored == 0


@pytest.mark.parametrize("name", ["x" * 251 + ".xml", "é" * 125 + ".xml", "a." + "b" * 250])
def test_a_long_name_is_no_reason_to_leave_a_file(entity, folder, name):
    put(folder, name, ubl(buyer_vat=entity.vat_number))
    put(folder, "y" * 251 + ".xml", b"rubbish")
    report = purchases.read_inbox(folder)
    assert (report.stored, report.failed) == (1, 1)
    assert len(names(folder / "failed")) == 2
    assert names(folder / "work") == []


def test_a_file_that_cannot_be_moved_is_counted_and_the_next_one_is_read(entity, folder, monkeypatch):
    put(folder, "fixed.xml", b"x", age=90)
    put(folder, "good.xml", ubl(buyer_vat=entity.vat_number))
    rename = os.rename

    def refuse(source, target):
        if Path(source).name == "fixed.xml":
            raise PermissionError(source)
        rename(source, target)

    monkeypatch.setattr(os, "rename", refuse)
    report = purchases.read_inbox(folder)
    assert (report.stored, report.failed) == (1, 1)
