"""Entry points of the queue. A task carries ids, may come twice, and then does nothing twice."""

from __future__ import annotations

import logging

from ..models import DuplicateJob, PartyKind
from . import certain, jobs, table

logger = logging.getLogger(__name__)


def work(job_id: int) -> None:
    """Go on with a job; one that is done, or does not exist, is left alone."""
    job = jobs.begin(job_id)
    if job is None:
        return
    try:
        _go_on(job)
    except Exception:
        logger.exception("work on duplicates failed", extra={"job": job_id, "what": job.what})
        jobs.stumble(job_id)


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
