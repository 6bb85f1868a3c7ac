"""Entry points of the queue. A task carries ids, may come twice, and then does nothing twice."""

from __future__ import annotations

import logging

from django.db.models import F
from django.utils import timezone

from ..models import DuplicateJob, PartyKind
from . import certain, jobs, table

logger = logging.getLogger(__name__)


def work(job_id: int) -> None:
    """Go on with a job; one that is done, or does not exist, is left alone.

    One that fails, or whose workers die, is begun again when it has been silent for a while, and given up after some
    times: a job that is under way for ever would keep all others from beginning.
    """
    unfinished = DuplicateJob.objects.filter(pk=job_id, finished_at=None)
    unfinished.update(beat_at=timezone.now(), tries=F("tries") + 1)
    job = unfinished.select_related("by").first()
    if job is None:
        return
    if job.tries > DuplicateJob.MOST_TRIES:
        logger.error("work on duplicates was given up", extra={"job": job_id, "what": job.what})
        jobs.finish(job)
        return
    try:
        _go_on(job)
    except Exception:
        logger.exception("work on duplicates failed", extra={"job": job_id, "what": job.what})


def _go_on(job: DuplicateJob) -> None:
    if job.what == DuplicateJob.What.LOOK:
        job.companies = table.refresh(PartyKind.COMPANY).parties
        job.contacts = table.refresh(PartyKind.PERSON).parties
        jobs.finish(job)
    elif certain.work(job):
        jobs.finish(job)
        jobs.ask_for_look(by=None)
    elif job.done < len(job.pairs):
        jobs.hand_on(job)


def nightly() -> None:
    """Look for duplicates among all; also where nobody asks, as whatever changes a party may make one."""
    jobs.ask_for_look(by=None)
