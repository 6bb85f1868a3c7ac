"""Runs of the sync, the log of calls, and the heartbeats of workers."""

from __future__ import annotations

import enum

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from .connection import Administration, Connection


class RunTrigger(models.TextChoices):
    MANUAL = "manual", _("By hand")
    NIGHTLY = "nightly", _("Nightly")
    SETUP = "setup", _("Set-up")
    IMPORT = "import", _("Import")


class RunState(models.TextChoices):
    QUEUED = "queued", _("Queued")
    RUNNING = "running", _("Running")
    POSTPONED = "postponed", pgettext_lazy("run", "Waits")
    SUCCEEDED = "succeeded", _("Succeeded")
    WITH_ISSUES = "with_issues", _("With issues")
    STOPPED = "stopped", _("Stopped")


class WaitsFor(enum.StrEnum):
    """What a postponed run waits for, as its cursor says."""

    LIMIT = "limit"  # calls allowed again
    ANSWER = "answer"  # a tool that is silent
    CHECK = "check"  # the moment at which what was on its way can be looked for


UNFINISHED = (RunState.QUEUED, RunState.RUNNING, RunState.POSTPONED)


class RunStep(models.TextChoices):
    CATALOGUE = "catalogue", _("lists of the tool")
    PLAN = "plan", _("planning")
    PARTIES = "parties", _("customers")
    SALES = "sales", _("sales documents")
    PURCHASES = "purchases", _("purchases")
    SETTLEMENTS = "settlements", _("payments")
    CLOSE = "close", _("closing")
    # Of an import alone, which has no other step.
    IMPORT = "import", _("relations of the tool")


class SyncRunQuerySet(models.QuerySet["SyncRun"]):
    def unfinished(self) -> SyncRunQuerySet:
        return self.filter(state__in=UNFINISHED)


class SyncRun(models.Model):
    """One sync of one connection, worked off in slices. At most one unfinished per connection, by constraint."""

    connection = models.ForeignKey(
        Connection, verbose_name=_("connection"), on_delete=models.CASCADE, related_name="runs"
    )
    trigger = models.CharField(_("started"), max_length=10, choices=RunTrigger.choices)
    started_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        verbose_name=_("started by"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    state = models.CharField(_("state"), max_length=12, choices=RunState.choices, default=RunState.QUEUED)
    step = models.CharField(_("step"), max_length=12, choices=RunStep.choices, default=RunStep.CATALOGUE)
    slice_number = models.PositiveIntegerField(_("slice"), default=1)
    cursor = models.JSONField(default=dict, blank=True)
    counters = models.JSONField(default=dict, blank=True)
    not_before = models.DateTimeField(_("goes on at"), null=True, blank=True)
    worked_at = models.DateTimeField(null=True, blank=True, editable=False)  # a worker really had it then
    handed_on_at = models.DateTimeField(null=True, blank=True)
    error_code = models.CharField(_("stopped by"), max_length=10, blank=True)
    error_params = models.JSONField(default=dict, blank=True)
    error_text = models.TextField(blank=True)
    created_at = models.DateTimeField(_("started at"), auto_now_add=True)
    finished_at = models.DateTimeField(_("finished at"), null=True, blank=True)
    announced_at = models.DateTimeField(null=True, blank=True, editable=False)  # people were told what came of it

    objects = SyncRunQuerySet.as_manager()

    class Meta:
        verbose_name = _("run")
        verbose_name_plural = _("runs")
        ordering = ["-pk"]
        indexes = [models.Index(fields=["state", "not_before"], name="integrations_run_due")]
        constraints = [
            models.UniqueConstraint(
                fields=["connection"],
                condition=Q(state__in=["queued", "running", "postponed"]),
                name="integrations_run_one_unfinished",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.connection} {self.created_at:%Y-%m-%d %H:%M}"

    @property
    def is_finished(self) -> bool:
        return self.state not in UNFINISHED

    @property
    def waits_for(self) -> str:
        """What a postponed run waits for; empty for any other, and where its cursor does not say."""
        return str(self.cursor.get("waits_for", "")) if self.state == RunState.POSTPONED else ""

    def counted(self, item: str, *what: str) -> int:
        """The counters of an item kind ("sales", "purchases") in all these words together; never below zero."""
        row: dict[str, int] = self.counters.get(item) or {}
        return max(sum(row.get(one, 0) for one in what), 0)

    @property
    def shown_state(self) -> str:
        """The state as people see it: a wait with its reason."""
        return f"{self.state}_{self.waits_for}" if self.waits_for else self.state


class Exchange(models.Model):
    """Redacted summary of one call, kept 30 days."""

    administration = models.ForeignKey(
        Administration, null=True, blank=True, on_delete=models.CASCADE, related_name="exchanges"
    )
    run = models.ForeignKey(SyncRun, null=True, blank=True, on_delete=models.CASCADE, related_name="exchanges")
    at = models.DateTimeField(_("at"), db_index=True)
    operation = models.CharField(_("operation"), max_length=60)
    method = models.CharField(_("method"), max_length=8)
    url = models.CharField(_("address"), max_length=600)
    status = models.PositiveSmallIntegerField(_("status"), null=True, blank=True)
    ms = models.PositiveIntegerField(_("milliseconds"))
    request = models.TextField(_("request"), blank=True)
    answer = models.TextField(_("answer"), blank=True)
    error = models.CharField(_("error"), max_length=120, blank=True)

    class Meta:
        verbose_name = _("call")
        verbose_name_plural = _("calls")
        ordering = ["-pk"]

    def __str__(self) -> str:
        return f"{self.operation} {self.status or self.error}"


class Heartbeat(models.Model):
    """The last sign of life of something that should keep going."""

    name = models.CharField(max_length=60, unique=True)
    beat_at = models.DateTimeField()

    class Meta:
        verbose_name = _("heartbeat")
        verbose_name_plural = _("heartbeats")

    def __str__(self) -> str:
        return self.name
