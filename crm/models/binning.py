"""BinJob: many parties that go into the recycle bin, out of it, or for good, in the background."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from .jobs import BackgroundJob


class BinJob(BackgroundJob):
    """What a person confirmed, and how far it is: of `keys` the first `done` are decided."""

    class What(models.TextChoices):
        BIN = "bin", _("Moving to the recycle bin")
        RESTORE = "restore", _("Restoring from the recycle bin")
        PURGE = "purge", _("Deleting for good")

    what = models.CharField(max_length=10, choices=What.choices)
    keys = models.JSONField(default=list, blank=True)
    done = models.PositiveIntegerField(default=0)
    changed = models.PositiveIntegerField(default=0)  # that went where they should
    kept = models.PositiveIntegerField(default=0)
    remarks = models.JSONField(default=list, blank=True)  # the first sentences on what was kept or left behind
    language = models.CharField(max_length=10, blank=True)  # of who asked, for the sentences

    class Meta:
        verbose_name = _("work on the recycle bin")
        verbose_name_plural = _("work on the recycle bin")
        default_permissions = ()
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["what"], condition=models.Q(finished_at=None), name="crm_binjob_one_at_a_time"
            )
        ]

    def __str__(self) -> str:
        return str(self.get_what_display())

    @property
    def total(self) -> int:
        return len(self.keys)
