"""Work on many rows that goes on in the background: asked for once, continued by another worker when one died.

A task carries the id of its job. One that comes twice finds the job done, or moves on from where it stands.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from typing import Any

from django.db import IntegrityError, transaction
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

    def finish(self, job: Any) -> None:
        """Note the end of a job; only the last ones are kept."""
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
