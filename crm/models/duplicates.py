"""Pairs of parties that may be one: the work list of the duplicate finder, and what a person said of them."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from .jobs import BackgroundJob
from .party import Party, PartyKind


class PairState(models.TextChoices):
    OPEN = "open", _("To look at")
    SET_ASIDE = "set_aside", _("Set aside")


class PairQuerySet(models.QuerySet["DuplicatePair"]):
    def of_the_living(self) -> PairQuerySet:
        """Pairs of parties that are neither deleted nor merged, the surest first."""
        found = self.filter(first__deleted_at=None, second__deleted_at=None)
        return found.order_by("-certain", "-score", "pk")


class DuplicatePair(models.Model):
    """Two parties of one kind, the one with the smaller key first. Set aside: a person said that they are two."""

    first = models.ForeignKey(Party, on_delete=models.CASCADE, related_name="+")
    second = models.ForeignKey(Party, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(_("kind"), max_length=10, choices=PartyKind.choices)
    # Keys of `crm.duplicates.reasons`, the strongest first.
    reasons = models.JSONField(_("reasons"), default=list)
    score = models.PositiveSmallIntegerField(_("score"), default=0)  # 0 to 100
    # An equal valid identifier and no conflicting one; a name alone never makes a pair certain.
    certain = models.BooleanField(_("certain"), default=False)
    state = models.CharField(_("state"), max_length=10, choices=PairState.choices, default=PairState.OPEN)
    found_at = models.DateTimeField(_("found"), auto_now_add=True)
    set_aside_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    set_aside_at = models.DateTimeField(_("set aside"), null=True, editable=False)

    objects = PairQuerySet.as_manager()

    class Meta:
        verbose_name = _("possible duplicate")
        verbose_name_plural = _("duplicates")
        ordering = ["-certain", "-score", "pk"]
        indexes = [models.Index(fields=["state", "-certain", "-score", "id"], name="crm_pair_work_list")]
        constraints = [
            models.UniqueConstraint(fields=["first", "second"], name="crm_pair_unique"),
            models.CheckConstraint(condition=models.Q(first__lt=models.F("second")), name="crm_pair_in_order"),
        ]

    def __str__(self) -> str:
        return f"{self.first} / {self.second}"


class DuplicateJob(BackgroundJob):
    """Work on duplicates that goes on in the background: looking for them, or merging all certain ones."""

    class What(models.TextChoices):
        LOOK = "look", _("Looking for duplicates")
        MERGE = "merge", _("Merging certain duplicates")

    what = models.CharField(max_length=10, choices=What.choices)
    # Of a merge what a person confirmed, pair by pair: [[key that stays, key that goes]].
    pairs = models.JSONField(default=list, blank=True)
    done = models.PositiveIntegerField(default=0)  # of these, from the first on
    merged = models.PositiveIntegerField(default=0)
    # Why some were left alone after all: [[key that stays, key that goes, sentence]], the first ones.
    left = models.JSONField(default=list, blank=True)
    left_out = models.PositiveIntegerField(default=0)
    companies = models.PositiveIntegerField(default=0)  # that were looked at
    contacts = models.PositiveIntegerField(default=0)

    class Meta:
        verbose_name = _("work on duplicates")
        verbose_name_plural = _("work on duplicates")
        default_permissions = ()
        ordering = ["-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["what"], condition=models.Q(finished_at=None), name="crm_duplicatejob_one_at_a_time"
            )
        ]

    def __str__(self) -> str:
        return str(self.get_what_display())
