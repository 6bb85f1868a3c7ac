"""Issues: one per root cause. They open when something is blocked and close by themselves."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from .connection import Connection


class IssueQuerySet(models.QuerySet["Issue"]):
    def open(self) -> IssueQuerySet:
        return self.filter(resolved_at__isnull=True)


class Issue(models.Model):
    connection = models.ForeignKey(
        Connection, verbose_name=_("connection"), on_delete=models.CASCADE, related_name="issues"
    )
    code = models.CharField(_("code"), max_length=10)
    cause_key = models.CharField(max_length=200)  # what makes two problems the same one: "vat-rate:12", "party:9"
    params = models.JSONField(default=dict, blank=True)
    party = models.ForeignKey(
        "crm.Party", verbose_name=_("party"), null=True, blank=True, on_delete=models.SET_NULL, related_name="issues"
    )
    vendor_text = models.TextField(_("the tool's own words"), blank=True)
    count = models.PositiveIntegerField(_("documents"), default=0)
    first_seen_at = models.DateTimeField(_("first seen"))
    last_seen_at = models.DateTimeField(_("last seen"))
    resolved_at = models.DateTimeField(_("resolved"), null=True, blank=True)

    objects = IssueQuerySet.as_manager()

    class Meta:
        verbose_name = _("issue")
        verbose_name_plural = _("issues")
        ordering = ["-last_seen_at"]
        constraints = [
            models.UniqueConstraint(
                fields=["connection", "code", "cause_key"],
                condition=Q(resolved_at__isnull=True),
                name="integrations_issue_one_open_per_cause",
            ),
        ]

    def __str__(self) -> str:
        return self.code
