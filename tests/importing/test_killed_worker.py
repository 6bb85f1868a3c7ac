"""A worker killed while it writes leaves nothing behind, and the dispatcher has the import done by another one, once."""

import time
from datetime import timedelta

import pytest
from django.utils import timezone

from crm.importing import services, working
from crm.importing.criteria import Criterion
from crm.importing.words import refusal_words
from crm.models import Company, ImportBatch, ImportRow, ImportState
from tests import workers

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.both_databases]
ROWS = 3_000
# Holds the transaction open where the last companies were written, and says so by a file.
PROGRAM = """
import sys, time, pathlib, django
django.setup()
from crm.importing import working, writing
done = writing.write
def slow(batch, rows):
    counts = done(batch, rows)
    pathlib.Path(sys.argv[2]).touch()
    time.sleep(60)
    return counts
writing.write = slow
working.work(int(sys.argv[1]))
"""


def test_killed_in_the_middle_of_writing(story, process_env, settings, tmp_path, queued):
    told = story().table(["Name"], [[f"Klant {n}"] for n in range(ROWS)]).count()
    assert services.start(batch=told.batch, by=told.by)
    mark = tmp_path / "written"
    env = {**process_env, "BOEKBRUG_ENV": "test", "BOEKBRUG_MEDIA_ROOT": str(settings.MEDIA_ROOT)}
    worker = workers.start(env, "-c", PROGRAM, str(told.batch.pk), str(mark))
    end = time.monotonic() + 60
    while not mark.exists():
        assert worker.poll() is None
        assert time.monotonic() < end
        time.sleep(0.05)
    workers.kill(worker)

    batch = ImportBatch.objects.get()
    assert (Company.objects.count(), ImportRow.objects.count(), batch.state) == (0, 0, ImportState.IMPORTING)
    # As long as the dead one may be alive nobody else begins.
    working.work(batch.pk)
    working.pick_up()
    assert Company.objects.count() == 0
    queued.clear()
    ImportBatch.objects.update(worker_seen_at=timezone.now() - working.SILENCE - timedelta(seconds=1))
    working.pick_up()
    assert queued == [batch.pk]
    working.work(batch.pk)
    working.work(batch.pk)
    assert (Company.objects.count(), ImportRow.objects.count()) == (ROWS, ROWS)
    assert ImportBatch.objects.get().state == ImportState.DONE


def test_a_task_that_the_queue_lost_is_queued_again(story, queued):
    told = story().table(["Name"], [["X"]]).count()
    services.start(batch=told.batch, by=told.by)
    queued.clear()
    working.pick_up()
    assert queued == []
    ImportBatch.objects.update(worker_seen_at=timezone.now() - working.UNTAKEN - timedelta(seconds=1))
    working.pick_up()
    working.pick_up()
    assert queued == [told.batch.pk]


def test_an_error_of_the_program_is_told_and_writes_nothing(story, monkeypatch):
    told = story().table(["Name"], [["X"]]).count()
    services.start(batch=told.batch, by=told.by)

    def broken(*args):
        Company.objects.create(name="half")
        raise RuntimeError("broken")

    monkeypatch.setattr("crm.importing.writing.write", broken)
    working.work(told.batch.pk)
    batch = ImportBatch.objects.get()
    assert (batch.state, batch.error["reason"], Company.objects.count()) == (ImportState.FAILED, "failed", 0)


def test_one_whose_workers_die_each_time_is_given_up_with_a_reason(story, queued):
    told = story().table(["Name"], [["X"]]).count()
    services.start(batch=told.batch, by=told.by)
    ImportBatch.objects.update(tries=working.TRIES)
    working.work(told.batch.pk)
    batch = ImportBatch.objects.get()
    assert (batch.state, batch.error["reason"], Company.objects.count()) == (ImportState.FAILED, "given-up", 0)
    assert "4 times" in refusal_words(batch.error)
    # Whoever tries again has all tries again.
    services.set_up(batch=batch, meanings=["name"], administration_id=None, blank_empty=False)
    working.work(batch.pk)
    assert ImportBatch.objects.get().state == ImportState.READY


def test_nothing_is_changed_under_an_import_that_began_in_another_window(story, queued):
    told = story().table(["Name", "E-mail"], [["X", "x@x.example"]]).count().by_rule("all", "name")
    stale = ImportBatch.objects.get()
    assert services.start(batch=told.batch, by=told.by)
    services.choose(batch=stale, criterion=Criterion("all", ("email",)))
    services.decide(batch=stale, decisions={"2": "leave"})
    services.set_up(batch=stale, meanings=["name", ""], administration_id=None, blank_empty=True)
    batch = ImportBatch.objects.get()
    assert (batch.state, batch.criterion["fields"], batch.blank_empty) == (ImportState.IMPORTING, ["name"], False)
    working.work(batch.pk)
    services.set_up(batch=stale, meanings=["name", ""], administration_id=None, blank_empty=True)
    assert ImportBatch.objects.get().state == ImportState.DONE
    assert Company.objects.get().email == "x@x.example"
