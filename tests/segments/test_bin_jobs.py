"""Many that go into the recycle bin, out of it, or for good in the background: whole as far as it went, and gone on with."""

import time
from datetime import timedelta

import pytest
from django.contrib.admin.models import LogEntry
from django.urls import reverse
from django.utils import timezone

from crm import binning, binning_jobs
from crm.admin import bulk
from crm.models import BinJob, BinnedParty, Company, Party
from integrations.models import Administration, PartyLink
from tests import factories, workers

COMPANIES = reverse("admin:crm_company_changelist")
BIN = reverse("admin:crm_binnedparty_changelist")
WORK = reverse("admin:crm_binnedparty_work")

# Does the second batch, says so by a file, and holds its transaction open.
PROGRAM = """
import sys, time, pathlib, django
django.setup()
from crm import binning_jobs
binning_jobs.BATCH = 4
done = binning_jobs._STEPS["bin"]
batches = []
def slow(parties, by):
    counts = done(parties, by)
    batches.append(parties)
    if len(batches) == 2:
        pathlib.Path(sys.argv[2]).touch()
        time.sleep(60)
    return counts
binning_jobs._STEPS["bin"] = slow
binning_jobs.work(int(sys.argv[1]))
"""


@pytest.fixture
def queued(monkeypatch) -> list[int]:
    """What was handed to the queue."""
    found: list[int] = []
    monkeypatch.setattr("crm.jobs.async_task", lambda _work, key, **kwargs: found.append(key))
    return found


@pytest.fixture
def small(monkeypatch) -> None:
    """More than two go in the background, two at a time."""
    monkeypatch.setattr(bulk, "IN_BACKGROUND", 2)
    monkeypatch.setattr("crm.admin.recycle_bin.IN_BACKGROUND", 2)
    monkeypatch.setattr(binning_jobs, "BATCH", 2)


def press(client, url, action, **fields):
    return client.post(url, {"action": action, "select_across": "1", "_selected_action": ["1"], **fields})


def confirm(client, url, action, **fields):
    """Look at the page that asks, and confirm what it showed."""
    asked = press(client, url, action)
    seen = asked.context["seen"] if asked.context is not None and "seen" in asked.context else ""
    return press(client, url, action, confirmed="1", seen=seen, **fields)


@pytest.mark.django_db
def test_out_and_back_and_gone_with_what_is_kept_told(sign_in, queued, small, django_capture_on_commit_callbacks):
    boss = sign_in("boss")
    parties = [factories.CompanyFactory(name=f"Company {n}") for n in range(5)]
    factories.booked_invoice(party=parties[3])
    with django_capture_on_commit_callbacks(execute=True):
        answer = confirm(boss, COMPANIES, "bin_selected")
    assert answer["Location"] == WORK
    job = BinJob.objects.get()
    assert queued == [job.pk]
    assert not BinnedParty.objects.exists()  # not in the request
    page = boss.get(WORK).content.decode()
    assert "0 of 5" in page
    assert "hx-trigger" in page
    assert "0 of 5" in boss.get(BIN).content.decode()
    # A second one does not begin meanwhile, and says so.
    answer = confirm(boss, COMPANIES, "bin_selected")
    assert "Nothing was begun" in boss.get(answer["Location"]).content.decode()

    binning_jobs.work(job.pk)
    binning_jobs.work(job.pk)
    job.refresh_from_db()
    assert (job.done, job.changed, job.kept) == (5, 4, 1)
    assert BinnedParty.objects.count() == 4
    assert LogEntry.objects.filter(change_message="Moved to the recycle bin.").count() == 4
    page = boss.get(WORK).content.decode()
    assert "4 went to the recycle bin." in page
    assert "Company 3 is kept: sales documents point to it." in page
    assert "hx-trigger" not in page.partition('id="bin-jobs"')[2].partition(">")[0]

    press(boss, BIN, "restore_selected")
    binning_jobs.work(BinJob.objects.get(finished_at=None).pk)
    assert not BinnedParty.objects.exists()
    binning.move_to_recycle_bin(parties=parties, by=None)
    assert confirm(boss, BIN, "purge_selected")["Location"] == WORK
    assert BinnedParty.objects.count() == 4
    binning_jobs.work(BinJob.objects.get(finished_at=None).pk)
    assert list(Party.objects.filter(pk__in=[party.pk for party in parties])) == [Party.objects.get(pk=parties[3].pk)]
    assert "4 were deleted for good." in boss.get(WORK).content.decode()


@pytest.mark.django_db
@pytest.mark.parametrize("role", ["staff", "accountant"])
def test_others_do_not_look_at_it(role, sign_in):
    assert sign_in(role).get(WORK).status_code == 403


@pytest.mark.django_db
def test_a_worker_that_comes_late_changes_nothing(queued, small):
    parties = [factories.CompanyFactory() for _ in range(4)]
    job = binning_jobs.ask(what=BinJob.What.BIN, keys=[party.pk for party in parties], by=None)
    late = BinJob.objects.get(pk=job.pk)
    BinJob.objects.filter(pk=job.pk).update(done=2, changed=2)  # by another one, meanwhile
    assert not binning_jobs._do_batch(late)
    assert not BinnedParty.objects.exists()


@pytest.mark.django_db
def test_what_fails_is_tried_again_and_given_up_in_words(sign_in, queued, small, monkeypatch):
    parties = [factories.CompanyFactory() for _ in range(4)]
    job = binning_jobs.ask(what=BinJob.What.BIN, keys=[party.pk for party in parties], by=None)

    def broken(parties, by):
        if Company.objects.count() < 4:
            raise RuntimeError("broken")
        return done(parties, by)

    done = binning_jobs._STEPS["bin"]
    monkeypatch.setitem(binning_jobs._STEPS, "bin", broken)
    boss = sign_in("boss")
    for turn in range(3):
        binning_jobs.work(job.pk)
        assert BinnedParty.objects.count() == 2
        if turn < 2:
            BinJob.objects.update(beat_at=timezone.now() - timedelta(minutes=2))
            assert "is tried again" in boss.get(WORK).content.decode()
    job.refresh_from_db()
    assert job.was_given_up
    assert "It stopped after 2 of 4" in boss.get(BIN).content.decode()
    # The way is free for another one.
    assert binning_jobs.ask(what=BinJob.What.BIN, keys=[parties[3].pk], by=None) is not None


@pytest.mark.django_db
def test_one_whose_workers_die_each_time_is_given_up(queued, small, monkeypatch):
    """A worker that dies says nothing; the job is begun again some times, and then makes way for others."""
    party = factories.CompanyFactory()
    job = binning_jobs.ask(what=BinJob.What.BIN, keys=[party.pk], by=None)

    def dies(parties, by):
        raise KeyboardInterrupt

    monkeypatch.setitem(binning_jobs._STEPS, "bin", dies)
    for _ in range(BinJob.MOST_TRIES):
        with pytest.raises(KeyboardInterrupt):
            binning_jobs.work(job.pk)
    binning_jobs.work(job.pk)
    job.refresh_from_db()
    assert (job.was_given_up, job.done) == (True, 0)


@pytest.mark.django_db(transaction=True)
@pytest.mark.both_databases
def test_killed_in_the_middle_and_gone_on_with(process_env, queued, tmp_path):
    books = Administration.objects.create(tool="exact", site="be", external_id="A1", name="Books", country="BE")
    parties = [factories.CompanyFactory() for _ in range(10)]
    for party in parties:
        PartyLink.objects.create(administration=books, party=party, external_id=f"g{party.pk}")
    job = binning_jobs.ask(what=BinJob.What.BIN, keys=[party.pk for party in parties], by=None)
    mark = tmp_path / "second"
    worker = workers.start({**process_env, "BOEKBRUG_ENV": "test"}, "-c", PROGRAM, str(job.pk), str(mark))
    end = time.monotonic() + 60
    while not mark.exists():
        assert worker.poll() is None
        assert time.monotonic() < end
        time.sleep(0.05)
    workers.kill(worker)

    job.refresh_from_db()
    assert (job.done, job.changed) == (4, 4)
    assert (BinnedParty.objects.count(), PartyLink.objects.count()) == (4, 6)
    queued.clear()
    binning_jobs.pick_up()
    assert queued == []  # the worker may only be slow
    BinJob.objects.update(beat_at=timezone.now() - timedelta(minutes=4))
    binning_jobs.pick_up()
    assert queued == [job.pk]
    binning_jobs.work(job.pk)
    job.refresh_from_db()
    assert (job.done, job.changed, job.finished_at is not None) == (10, 10, True)
    assert (BinnedParty.objects.count(), PartyLink.objects.count()) == (10, 0)
    assert LogEntry.objects.filter(change_message="Moved to the recycle bin.").count() == 10
