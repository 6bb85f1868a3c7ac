"""Merge: what happened when one party went into another, kept so that it can be undone."""

from __future__ import annotations

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _

from .party import Party


class Merge(models.Model):
    """One party that went into another of its kind. The one that went stays in its table, hidden, and leads on."""

    winner = models.ForeignKey(Party, verbose_name=_("stays"), on_delete=models.CASCADE, related_name="merges_won")
    loser = models.ForeignKey(
        Party, verbose_name=_("went into it"), on_delete=models.CASCADE, related_name="merges_lost"
    )
    # {"winner": {field: value}, "loser": {field: value}} as both were before.
    before = models.JSONField(default=dict, editable=False)
    # {field: value} that the winner took over.
    taken = models.JSONField(default=dict, editable=False)
    # {"app.Model.field": [keys of rows that moved]}, and what a relation needs beside that to move back.
    moved = models.JSONField(default=dict, editable=False)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, verbose_name=_("by"), null=True, on_delete=models.SET_NULL, related_name="+"
    )
    at = models.DateTimeField(_("merged"), auto_now_add=True)
    undone_by = models.ForeignKey(settings.AUTH_USER_MODEL, null=True, on_delete=models.SET_NULL, related_name="+")
    undone_at = models.DateTimeField(_("undone"), null=True, editable=False)

    class Meta:
        verbose_name = _("merge")
        verbose_name_plural = _("merges")
        ordering = ["-at", "-pk"]
        constraints = [
            models.CheckConstraint(condition=~models.Q(winner=models.F("loser")), name="crm_merge_two_parties"),
            # Of two people who merge the same party at once, the second one's row is refused.
            models.UniqueConstraint(fields=["loser"], condition=models.Q(undone_at=None), name="crm_merge_once"),
        ]

    def __str__(self) -> str:
        return f"{self.loser} → {self.winner}"
