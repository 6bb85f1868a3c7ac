"""Looking for duplicates, and merging the certain ones, in the background; how jobs go on stands in `crm.jobs`."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.models import AbstractBaseUser

from ..jobs import Jobs
from ..models import DuplicateJob

WORK = "crm.duplicates.tasks.work"
_jobs = Jobs(DuplicateJob, work=WORK, name="duplicates")


def ask_for_look(*, by: AbstractBaseUser | None) -> DuplicateJob:
    """Have duplicates looked for; a look that is under way already is that look."""
    return _ask(DuplicateJob(what=DuplicateJob.What.LOOK, by=by))  # type: ignore[misc]


def ask_for_merges(*, pairs: list[tuple[int, int]], by: AbstractBaseUser | None) -> DuplicateJob:
    """Have these pairs merged, (stays, goes) each; while that goes on no other is begun."""
    return _ask(DuplicateJob(what=DuplicateJob.What.MERGE, by=by, pairs=[list(pair) for pair in pairs]))  # type: ignore[misc]


def under_way(what: str) -> DuplicateJob | None:
    found: DuplicateJob | None = _jobs.under_way(what)
    return found


def last(what: str) -> DuplicateJob | None:
    """The newest finished one."""
    found: DuplicateJob | None = _jobs.last(what)
    return found


def pick_up() -> None:
    """Queue the jobs that nobody has worked on for a while."""
    _jobs.pick_up()


def begin(job_id: int) -> DuplicateJob | None:
    """Take a job on; None for one that is done, does not exist, or is given up now."""
    found: DuplicateJob | None = _jobs.begin(job_id)
    return found


def stumble(job_id: int) -> None:
    """Note that a job failed."""
    _jobs.stumble(job_id)


def got_on() -> dict[str, Any]:
    """The columns that a worker writes together with what it has done."""
    return _jobs.got_on()


def hand_on(job: DuplicateJob) -> None:
    """Queue the next slice of a job that is not at its end."""
    _jobs.queue(job.pk)


def finish(job: DuplicateJob) -> None:
    """Note the end of a job; only the last ones are kept."""
    _jobs.finish(job)


def _ask(job: DuplicateJob) -> DuplicateJob:
    asked: DuplicateJob = _jobs.ask(job)
    return asked
