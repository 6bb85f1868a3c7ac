"""Payments on sales documents: brought back from the tool, or entered by a person."""

from __future__ import annotations

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _


class PaymentSource(models.TextChoices):
    TOOL = "tool", _("Bookkeeping tool")
    MANUAL = "manual", _("By hand")


class Payment(models.Model):
    """An amount received on a document, positive in the document's currency. Never sent to a tool."""

    document = models.ForeignKey(
        "invoicing.SalesDocument", verbose_name=_("document"), on_delete=models.CASCADE, related_name="payments"
    )
    amount = models.DecimalField(_("amount"), max_digits=14, decimal_places=2)
    paid_on = models.DateField(_("date"))
    source = models.CharField(_("source"), max_length=10, choices=PaymentSource.choices)
    external_id = models.CharField(max_length=120, blank=True, editable=False)
    # The administration whose external id it is; kept as a number so that invoicing does not know the bridge.
    administration_ref = models.BigIntegerField(null=True, blank=True, editable=False)
    entered_by = models.CharField(_("entered by"), max_length=150, blank=True, editable=False)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("payment")
        verbose_name_plural = _("payments")
        ordering = ["paid_on", "pk"]
        constraints = [
            # Without a condition, so that an upsert can name it; payments by hand have no administration and so
            # never meet.
            models.UniqueConstraint(
                fields=["administration_ref", "external_id"], name="invoicing_payment_external_id_unique"
            ),
            models.CheckConstraint(
                condition=Q(source="manual", administration_ref__isnull=True, external_id="")
                | (Q(source="tool", administration_ref__isnull=False) & ~Q(external_id="")),
                name="invoicing_payment_source_has_its_key",
            ),
            models.CheckConstraint(condition=Q(amount__gt=0), name="invoicing_payment_amount_positive"),
        ]

    def __str__(self) -> str:
        return f"{self.amount} {self.paid_on}"
