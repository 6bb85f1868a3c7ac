"""Ledger accounts as invoice lines choose them; those of a connected entity come from its bookkeeping tool."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from .entities import CompanyEntity


class LedgerAccountKind(models.TextChoices):
    REVENUE = "revenue", _("Revenue")
    COST = "cost", _("Cost")
    OTHER = "other", _("Other")


class LedgerAccount(models.Model):
    entity = models.ForeignKey(
        CompanyEntity, verbose_name=_("entity"), on_delete=models.PROTECT, related_name="ledger_accounts"
    )
    code = models.CharField(_("code"), max_length=30)
    name = models.CharField(_("name"), max_length=200)
    kind = models.CharField(
        _("kind"), max_length=10, choices=LedgerAccountKind.choices, default=LedgerAccountKind.REVENUE
    )
    active = models.BooleanField(_("active"), default=True)
    from_tool = models.BooleanField(_("from the bookkeeping tool"), default=False, editable=False)

    class Meta:
        verbose_name = _("ledger account")
        verbose_name_plural = _("ledger accounts")
        ordering = ["entity", "code"]
        constraints = [models.UniqueConstraint(fields=["entity", "code"], name="invoicing_ledgeraccount_code_unique")]

    def __str__(self) -> str:
        return f"{self.code} {self.name}"
