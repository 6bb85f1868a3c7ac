"""Work on many rows that goes on in the background: asked for once, continued by another worker when one died.

A task carries the id of its job. One that comes twice finds the job done, or moves on from where it stands.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone
from django_q.tasks import async_task

logger = logging.getLogger(__name__)

# A job without a sign of life for this long lost its worker, or its task.
_SILENT = timedelta(minutes=3)
_KEPT = 20


class Jobs:
    """Jobs of one model, of which one of each kind (`what`) goes on at a time, by a constraint. `work`: its task."""

    def __init__(self, model: Any, *, work: str, name: str) -> None:
        self.model, self.work, self.name = model, work, name

    def ask(self, job: Any) -> Any:
        """Have a job done; the one of its kind that is under way already is returned instead."""
        running = self.under_way(job.what)
        if running is not None:
            return running
        try:
            with transaction.atomic():
                job.save()
                transaction.on_commit(lambda: self.queue(job.pk))
        except IntegrityError:
            running = self.under_way(job.what)
            if running is None:
                raise
            return running
        return job

    def under_way(self, what: str) -> Any:
        return self.model.objects.filter(what=what, finished_at=None).first()

    def last(self, what: str) -> Any:
        """The newest finished one."""
        return self.model.objects.filter(what=what, finished_at__isnull=False).select_related("by").first()

    def pick_up(self) -> None:
        """Queue the jobs that nobody has worked on for a while."""
        for pk, beat_at, asked_at in self.model.objects.filter(finished_at=None).values_list(
            "pk", "beat_at", "asked_at"
        ):
            if (beat_at or asked_at) < timezone.now() - _SILENT:
                self.queue(pk)

    def begin(self, job_id: int) -> Any:
        """Take a job on, with a sign of life; None for one that is done, does not exist, or is given up now.

        One whose workers die, or that fails, is begun again when it has been silent for a while, and given up after
        some times: a job that is under way for ever would keep all others from beginning.
        """
        unfinished = self.model.objects.filter(pk=job_id, finished_at=None)
        unfinished.update(beat_at=timezone.now(), tries=F("tries") + 1)
        job = unfinished.select_related("by").first()
        if job is not None and job.tries > job.MOST_TRIES:
            self.give_up(job)
            return None
        return job

    def got_on(self) -> dict[str, Any]:
        """The columns that a worker writes together with what it has done."""
        return {"tries": 0, "beat_at": timezone.now()}

    def stumble(self, job_id: int) -> None:
        """Note that a job failed; it is begun again later, or given up where that was its last time."""
        unfinished = self.model.objects.filter(pk=job_id, finished_at=None)
        unfinished.filter(tries=0).update(tries=1)  # it got on this time, and failed behind that
        job = unfinished.first()
        if job is not None and job.tries >= job.MOST_TRIES:
            self.give_up(job)

    def give_up(self, job: Any) -> None:
        """End a job that does not get on; its tries say so."""
        logger.error("a job was given up", extra={"job": job.pk, "what": job.what, "work": self.work})
        self._end(job)

    def finish(self, job: Any) -> None:
        """Note the end of a job."""
        job.tries = 0
        self._end(job)

    def _end(self, job: Any) -> None:
        """Store it as it is; only the last ones are kept."""
        job.finished_at = timezone.now()
        job.save()
        old = self.model.objects.filter(what=job.what, finished_at__isnull=False).order_by("-pk")
        self.model.objects.filter(pk__in=list(old.values_list("pk", flat=True)[_KEPT:])).delete()

    def queue(self, job_id: int) -> None:
        """Queue the next slice of a job."""
        try:
            async_task(self.work, job_id, task_name=f"{self.name}-{job_id}")
        except Exception:
            logger.exception("the queue did not take a job; it is picked up later", extra={"job": job_id})
