"""What every work that goes on in the background has; how it goes on stands in `crm.jobs`."""

from __future__ import annotations

from datetime import timedelta
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.utils import timezone

# Who works on a job gives a sign of life more often than this.
_AT_WORK = timedelta(minutes=1)


class BackgroundJob(models.Model):
    """A work of one kind (`what`), of which one goes on at a time."""

    MOST_TRIES: ClassVar[int] = 3

    by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    # Begun in a row without getting on; after so many the job is given up.
    tries = models.PositiveSmallIntegerField(default=0, editable=False)
    asked_at = models.DateTimeField(auto_now_add=True)
    beat_at = models.DateTimeField(null=True, editable=False)  # last sign of life of who works on it
    finished_at = models.DateTimeField(null=True, editable=False)

    class Meta:
        abstract = True

    @property
    def has_stumbled(self) -> bool:
        """Whether it did not get on the last time it was begun, and waits to be begun again."""
        silent = self.beat_at is not None and self.beat_at < timezone.now() - _AT_WORK
        return self.finished_at is None and (self.tries > 1 or bool(self.tries and silent))

    @property
    def was_given_up(self) -> bool:
        return self.finished_at is not None and self.tries >= self.MOST_TRIES
