"""Recycle bin, restoring and deleting for good of many, in the background: batch by batch, each in one transaction.

The batch and the count that says it is done are written together: what a dead worker cut short is as it was, and the
next one goes on from there. Two workers at once do each batch once.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import translation

from . import binning
from .jobs import Jobs
from .models import BinJob, Party

logger = logging.getLogger(__name__)

WORK = "crm.binning_jobs.work"
BATCH = binning.BATCH
_SLICE_SECONDS = 20.0
_KEPT_REMARKS = 200
_jobs = Jobs(BinJob, work=WORK, name="recycle-bin")

Step = Callable[[Sequence[Party], AbstractBaseUser | None], tuple[int, int, list[str]]]


def ask(*, what: str, keys: Sequence[int], by: AbstractBaseUser | None) -> BinJob | None:
    """Have this done to the parties of `keys`; None while another one of its kind goes on."""
    job = BinJob(what=what, keys=list(keys), by=by, language=translation.get_language() or "")  # type: ignore[misc]
    asked: BinJob = _jobs.ask(job)
    return asked if asked is job else None


def pick_up() -> None:
    """Queue the jobs that nobody has worked on for a while."""
    _jobs.pick_up()


def work(job_id: int) -> None:
    """Go on with a job for some seconds; one that is done, or does not exist, is left alone."""
    job = _jobs.begin(job_id)
    if job is None:
        return
    end = time.monotonic() + _SLICE_SECONDS
    while job.done < job.total:
        try:
            with translation.override(job.language or None):
                is_done = _do_batch(job)
            if not is_done:
                return  # another worker goes on with it
        except Exception:
            logger.exception("a batch for the recycle bin failed", extra={"job": job_id, "done": job.done})
            _jobs.stumble(job_id)
            return
        job.refresh_from_db()
        if time.monotonic() > end:
            break
    if job.done >= job.total:
        _jobs.finish(job)
    else:
        _jobs.queue(job.pk)


def _do_batch(job: BinJob) -> bool:
    """Do the next batch; False, with nothing changed, where somebody else did it."""
    keys = job.keys[job.done : job.done + BATCH]
    with transaction.atomic():
        changed, kept, remarks = _STEPS[job.what]([Party(pk=pk) for pk in keys], job.by)
        moved = BinJob.objects.filter(pk=job.pk, done=job.done, finished_at=None).update(
            done=job.done + len(keys),
            changed=job.changed + changed,
            kept=job.kept + kept,
            remarks=[*job.remarks, *remarks][:_KEPT_REMARKS],
            **_jobs.got_on(),
        )
        if not moved:
            transaction.set_rollback(True)
    return bool(moved)


def _bin(parties: Sequence[Party], by: AbstractBaseUser | None) -> tuple[int, int, list[str]]:
    done = binning.move_to_recycle_bin(parties=parties, by=by)
    return len(done.moved), len(done.kept), [reason for _party, reason in done.kept]


def _restore(parties: Sequence[Party], by: AbstractBaseUser | None) -> tuple[int, int, list[str]]:
    done = binning.restore(parties=parties, by=by)
    return len(done.restored), 0, list(done.remarks)


def _purge(parties: Sequence[Party], by: AbstractBaseUser | None) -> tuple[int, int, list[str]]:
    done = binning.purge(parties=parties, by=by)
    return done.deleted, len(done.kept), [reason for _party, reason in done.kept]


_STEPS: dict[str, Step] = {BinJob.What.BIN: _bin, BinJob.What.RESTORE: _restore, BinJob.What.PURGE: _purge}
