"""Mirrors of a tool's lists, per administration. Rows are never deleted; what is gone becomes inactive."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from ..base.records import AccountKind, JournalKind, PaymentMethod, SupplyKind, VatDirection
from .connection import Administration


class MirrorQuerySet(models.QuerySet[models.Model]):
    def active(self) -> MirrorQuerySet:
        return self.filter(active=True)


class Mirror(models.Model):
    """What every mirrored row has: the tool's id and code, and when it was last seen there."""

    external_id = models.CharField(max_length=60)
    code = models.CharField(_("code"), max_length=40)
    name = models.CharField(_("name"), max_length=200, blank=True)
    active = models.BooleanField(_("active"), default=True)
    last_seen_at = models.DateTimeField(_("last seen"))

    objects = MirrorQuerySet.as_manager()

    class Meta:
        abstract = True
        ordering = ["code"]

    def __str__(self) -> str:
        return f"{self.code} {self.name}".strip()


class Journal(Mirror):
    administration = models.ForeignKey(Administration, on_delete=models.CASCADE, related_name="journals")
    kind = models.CharField(_("kind"), max_length=20, choices=[(k.value, k.value) for k in JournalKind])
    vendor_type = models.CharField(max_length=40, blank=True)
    ledger_account_code = models.CharField(max_length=40, blank=True)

    class Meta(Mirror.Meta):
        verbose_name = _("journal")
        verbose_name_plural = _("journals")
        constraints = [
            models.UniqueConstraint(fields=["administration", "external_id"], name="integrations_journal_unique")
        ]


class ToolLedgerAccount(Mirror):
    administration = models.ForeignKey(Administration, on_delete=models.CASCADE, related_name="ledger_accounts")
    kind = models.CharField(_("kind"), max_length=10, choices=[(k.value, k.value) for k in AccountKind])
    vendor_type = models.CharField(max_length=40, blank=True)
    bookable = models.BooleanField(_("may be used on lines"), default=True)
    needs_cost_centre = models.BooleanField(_("needs a cost centre"), default=False)
    is_shown = models.BooleanField(default=True)  # inactive but shown: blocked there; inactive and not shown: gone

    class Meta(Mirror.Meta):
        verbose_name = _("ledger account of the tool")
        verbose_name_plural = _("ledger accounts of the tool")
        constraints = [
            models.UniqueConstraint(
                fields=["administration", "external_id"], name="integrations_toolledgeraccount_unique"
            )
        ]
        indexes = [models.Index(fields=["administration", "code"], name="integrations_account_code")]


class VatCode(Mirror):
    administration = models.ForeignKey(Administration, on_delete=models.CASCADE, related_name="vat_codes")
    percentage = models.DecimalField(_("percentage"), max_digits=6, decimal_places=3, null=True, blank=True)
    direction = models.CharField(_("direction"), max_length=10, choices=[(d.value, d.value) for d in VatDirection])
    inclusive = models.BooleanField(_("VAT included"), default=False)
    reverse_charge = models.BooleanField(_("reverse charge"), default=False)
    vendor_type = models.CharField(max_length=40, blank=True)
    country = models.CharField(max_length=2, blank=True)
    # Empty: not known.
    supply = models.CharField(max_length=12, blank=True, choices=[(k.value, k.value) for k in SupplyKind])
    # When more than code and name was last read.
    details_at = models.DateTimeField(null=True, blank=True, editable=False)

    class Meta(Mirror.Meta):
        verbose_name = _("VAT code of the tool")
        verbose_name_plural = _("VAT codes of the tool")
        constraints = [
            models.UniqueConstraint(fields=["administration", "external_id"], name="integrations_vatcode_unique")
        ]


class ToolPaymentTerm(Mirror):
    administration = models.ForeignKey(Administration, on_delete=models.CASCADE, related_name="payment_terms")
    days = models.IntegerField(_("days"), default=0)
    month_ends = models.IntegerField(_("month ends"), default=0)
    method = models.CharField(_("method"), max_length=20, choices=[(m.value, m.value) for m in PaymentMethod])
    has_discount = models.BooleanField(_("with discount"), default=False)

    class Meta(Mirror.Meta):
        verbose_name = _("payment term of the tool")
        verbose_name_plural = _("payment terms of the tool")
        constraints = [
            models.UniqueConstraint(
                fields=["administration", "external_id"], name="integrations_toolpaymentterm_unique"
            )
        ]


class FiscalPeriod(Mirror):
    administration = models.ForeignKey(Administration, on_delete=models.CASCADE, related_name="fiscal_periods")
    year = models.IntegerField(_("year"))
    period = models.IntegerField(_("period"))
    book_year = models.CharField(max_length=20, blank=True, editable=False)  # the tool's own key of the year
    start = models.DateField(_("first day"))
    end = models.DateField(_("last day"))
    closed = models.BooleanField(_("closed"), default=False)
    closed_journals = models.JSONField(default=list, blank=True)

    class Meta(Mirror.Meta):
        verbose_name = _("fiscal period")
        verbose_name_plural = _("fiscal periods")
        ordering = ["start"]
        constraints = [
            models.UniqueConstraint(fields=["administration", "external_id"], name="integrations_fiscalperiod_unique")
        ]
