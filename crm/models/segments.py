"""Segments: saved sets of rules that choose parties."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from .party import Party, PartyKind, PartyQuerySet


class Segment(models.Model):
    """Which parties: of a kind or of both, that fit all or any of some rules (`crm.segments` reads them)."""

    name = models.CharField(_("name"), max_length=80, unique=True)
    kind = models.CharField(_("kind"), max_length=10, choices=PartyKind.choices, blank=True)
    # {"match": "all" | "any", "rules": [{"field": str, "operator": str, "value": Any}]}
    rules = models.JSONField(_("rules"), default=dict, blank=True)
    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("made by"), null=True, blank=True, on_delete=models.SET_NULL,
        related_name="+",
    )  # fmt: skip
    shared = models.BooleanField(_("for everyone"), default=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        verbose_name = _("segment")
        verbose_name_plural = _("segments")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name


class BinManager(models.Manager["BinnedParty"]):
    def get_queryset(self) -> models.QuerySet[Any]:
        return PartyQuerySet(self.model, using=self._db).filter(deleted_at__isnull=False, merged_into=None)


class BinnedParty(Party):
    """A party in the recycle bin; one that went into another is not in it."""

    objects = BinManager()  # type: ignore[assignment,misc]

    class Meta:
        proxy = True
        verbose_name = _("party in the recycle bin")
        verbose_name_plural = _("recycle bin")
