"""Payment terms as a document carries them; due dates are computed in `invoicing.terms`."""

from __future__ import annotations

from django.core.validators import MaxValueValidator
from django.db import models
from django.utils.translation import gettext_lazy as _


class PaymentTermKind(models.TextChoices):
    CASH = "cash", _("Cash")
    AFTER_INVOICE_DATE = "after_invoice_date", _("Days after invoice date")
    END_OF_MONTH = "end_of_month", _("Days, then end of month")


class PaymentTerm(models.Model):
    code = models.CharField(_("code"), max_length=20, unique=True)
    name = models.CharField(_("name"), max_length=120)
    kind = models.CharField(
        _("kind"), max_length=20, choices=PaymentTermKind.choices, default=PaymentTermKind.AFTER_INVOICE_DATE
    )
    days = models.PositiveSmallIntegerField(_("days"), default=14, validators=[MaxValueValidator(365)])
    direct_debit = models.BooleanField(_("direct debit"), default=False)
    is_default = models.BooleanField(_("default"), default=False)
    active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("payment term")
        verbose_name_plural = _("payment terms")
        ordering = ["kind", "days", "code"]

    def __str__(self) -> str:
        return self.name
