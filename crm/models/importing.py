"""ImportBatch: one file of customers, how it was read, what it would do, and what it did, row by row."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from .party import Party, PartyKind


class ImportState(models.TextChoices):
    UPLOADED = "uploaded", _("To set up")
    COUNTING = "counting", _("Counting")
    READY = "ready", _("To confirm")
    IMPORTING = "importing", _("Importing")
    DONE = "done", _("Imported")
    FAILED = "failed", _("Failed")
    UNDOING = "undoing", _("Undoing")
    UNDONE = "undone", _("Undone")
    CANCELLED = "cancelled", _("Cancelled")


class RowOutcome(models.TextChoices):
    ADDED = "added", _("Added")
    EDITED = "edited", _("Edited")
    UNCHANGED = "unchanged", _("Unchanged")
    AMBIGUOUS = "ambiguous", _("Ambiguous")
    WRONG = "wrong", _("Wrong")


class ImportBatch(models.Model):
    kind = models.CharField(_("kind"), max_length=10, choices=PartyKind.choices, default=PartyKind.COMPANY)
    file = models.FileField(_("file"), upload_to="imports/%Y/%m/", max_length=200)
    file_name = models.CharField(_("file"), max_length=200)  # as the person's own machine calls it
    size = models.PositiveIntegerField(_("size"), default=0)  # bytes
    # How the file was read: {"format", "sheet", "encoding", "delimiter"}.
    reading = models.JSONField(default=dict, blank=True)
    rows = models.PositiveIntegerField(_("rows"), default=0)  # without the headers
    # [{"header": str, "field": str}], an empty field: the column is left out.
    mapping = models.JSONField(default=list, blank=True)
    # {"match": "all" | "any", "fields": [str]} that is chosen.
    criterion = models.JSONField(default=dict, blank=True)
    blank_empty = models.BooleanField(_("empty cells empty the field"), default=False)
    # The administration that the column of external IDs belongs to.
    administration = models.ForeignKey(
        "integrations.Administration", verbose_name=_("administration"), null=True, blank=True,
        on_delete=models.PROTECT, related_name="+",
    )  # fmt: skip
    state = models.CharField(_("state"), max_length=10, choices=ImportState.choices, default=ImportState.UPLOADED)
    done_rows = models.PositiveIntegerField(default=0)  # of the work under way
    # Per criterion the number of rows per outcome, and what the page shows beside it.
    summary = models.JSONField(default=dict, blank=True)
    error = models.JSONField(default=dict, blank=True)  # {"code", "reason", "params"} of the catalogue
    # Whose task works on it now, and when that task last said so; one that is silent for long is dead.
    worker = models.CharField(max_length=32, blank=True, editable=False)
    worker_seen_at = models.DateTimeField(null=True, editable=False)
    tries = models.PositiveSmallIntegerField(default=0, editable=False)  # of the step under way
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("by"), null=True, on_delete=models.SET_NULL, related_name="+"
    )
    created_at = models.DateTimeField(_("uploaded"), auto_now_add=True)
    imported_at = models.DateTimeField(_("imported"), null=True, editable=False)
    undone_at = models.DateTimeField(_("undone"), null=True, editable=False)

    class Meta:
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        ordering = ["-created_at", "-pk"]

    def __str__(self) -> str:
        return self.file_name


class ImportRow(models.Model):
    """What one row of the file did: the values before and after of what it changed."""

    batch = models.ForeignKey(ImportBatch, on_delete=models.CASCADE, related_name="outcomes")
    number = models.PositiveIntegerField()  # in the file, the headers are row 1
    outcome = models.CharField(max_length=10, choices=RowOutcome.choices)
    party = models.ForeignKey(Party, null=True, on_delete=models.SET_NULL, related_name="+")
    name = models.CharField(max_length=200, blank=True)  # as the file or the party says it, for lists and search
    found_by = models.CharField(max_length=40, blank=True)
    old = models.JSONField(default=dict, blank=True)
    new = models.JSONField(default=dict, blank=True)
    # Codes of the catalogue with their values: [{"code", "params"}]; also why an undo left the row alone.
    notes = models.JSONField(default=list, blank=True)
    undone = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("row of an import")
        verbose_name_plural = _("rows of imports")
        ordering = ["number"]
        indexes = [models.Index(fields=["batch", "outcome", "number"], name="crm_importrow_outcome")]
        constraints = [models.UniqueConstraint(fields=["batch", "number"], name="crm_importrow_unique")]

    def __str__(self) -> str:
        return f"{self.number}: {self.name}"


class RememberedHeader(models.Model):
    """What a person said a header means; the next file with it begins with that."""

    kind = models.CharField(max_length=10, choices=PartyKind.choices)
    header_key = models.CharField(max_length=120)  # `crm.names.name_key` of the header
    field = models.CharField(max_length=40, blank=True)

    class Meta:
        verbose_name = _("remembered header")
        verbose_name_plural = _("remembered headers")
        constraints = [models.UniqueConstraint(fields=["kind", "header_key"], name="crm_rememberedheader_unique")]

    def __str__(self) -> str:
        return self.header_key
