"""VAT rates with dated percentages. Links to a tool's VAT codes point to the rate, so they survive a change."""

from __future__ import annotations

from datetime import date
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ..errors import FrozenDocument
from .entities import CompanyEntity


class VatCategory(models.TextChoices):
    """UBL duty or tax category (UNCL5305 subset used by EN 16931)."""

    S = "S", _("Standard")
    AE = "AE", _("Reverse charge")
    K = "K", _("Intra-Community supply")
    G = "G", _("Export outside the EU")
    E = "E", _("Exempt")
    O = "O", _("Not subject to VAT")  # noqa: E741 - the code list's own letter
    Z = "Z", _("Zero rated")


class VatRate(models.Model):
    """A rate of a country, or one entity's own (OSS and the like)."""

    country = models.CharField(_("country"), max_length=2)
    entity = models.ForeignKey(
        CompanyEntity,
        verbose_name=_("only for entity"),
        null=True,
        blank=True,
        on_delete=models.CASCADE,
        related_name="own_vat_rates",
    )
    code = models.CharField(_("code"), max_length=20)
    name = models.CharField(_("name"), max_length=120)
    category = models.CharField(_("category"), max_length=2, choices=VatCategory.choices, default=VatCategory.S)
    exemption_code = models.CharField(_("exemption code"), max_length=30, blank=True)
    legal_note = models.TextField(_("legal note on the document"), blank=True)
    is_default = models.BooleanField(_("default"), default=False)
    active = models.BooleanField(_("active"), default=True)

    class Meta:
        verbose_name = _("VAT rate")
        verbose_name_plural = _("VAT rates")
        ordering = ["country", "code"]
        constraints = [
            models.UniqueConstraint(
                fields=["country", "code"],
                condition=Q(entity__isnull=True),
                name="invoicing_vatrate_country_code_unique",
            ),
            models.UniqueConstraint(
                fields=["entity", "code"],
                condition=Q(entity__isnull=False),
                name="invoicing_vatrate_entity_code_unique",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.code} ({self.country})"


# Closing a version and moving its first day change no booked document; its percentage and rate would.
_MUTABLE_WHEN_USED = frozenset({"valid_from", "valid_to"})
_USED = Q(vat_totals__document__status="booked")


def _used_text() -> str:
    return gettext("Booked documents use this percentage. End it with a last day and add a new one.")


class VatRateVersionQuerySet(models.QuerySet["VatRateVersion"]):
    def on(self, day: date) -> VatRateVersionQuerySet:
        """Versions valid on `day`."""
        return self.filter(Q(valid_to__isnull=True) | Q(valid_to__gte=day), valid_from__lte=day)

    def update(self, **kwargs: Any) -> int:
        if not set(kwargs) <= _MUTABLE_WHEN_USED and self.order_by().filter(_USED).exists():
            raise FrozenDocument(_used_text())
        return super().update(**kwargs)

    update.alters_data = True  # type: ignore[attr-defined]


class VatRateVersion(models.Model):
    """The percentage of a rate during a period; both days belong to it."""

    rate = models.ForeignKey(VatRate, verbose_name=_("VAT rate"), on_delete=models.PROTECT, related_name="versions")
    percentage = models.DecimalField(
        _("percentage"), max_digits=5, decimal_places=2, validators=[MinValueValidator(0), MaxValueValidator(100)]
    )
    valid_from = models.DateField(_("valid from"))
    valid_to = models.DateField(_("valid to"), null=True, blank=True)

    objects = VatRateVersionQuerySet.as_manager()

    class Meta:
        verbose_name = _("percentage of a VAT rate")
        verbose_name_plural = _("percentages of VAT rates")
        ordering = ["rate", "-valid_from"]
        constraints = [
            models.UniqueConstraint(fields=["rate", "valid_from"], name="invoicing_vatrateversion_from_unique"),
            models.CheckConstraint(
                condition=Q(valid_to__isnull=True) | Q(valid_to__gte=F("valid_from")),
                name="invoicing_vatrateversion_to_after_from",
            ),
            models.CheckConstraint(
                condition=Q(percentage__gte=0, percentage__lte=100), name="invoicing_vatrateversion_percentage"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rate.code} {self.percentage.normalize():f} %"

    def save(self, *args: Any, **kwargs: Any) -> None:
        if self._would_change_booked():
            raise FrozenDocument(_used_text())
        super().save(*args, **kwargs)

    def clean(self) -> None:
        super().clean()
        if self._would_change_booked():
            raise ValidationError(_used_text(), code="frozen")
        others = VatRateVersion.objects.filter(rate_id=self.rate_id).exclude(pk=self.pk)
        if self.valid_from and others.filter(self._overlapping()).exists():
            raise ValidationError(gettext("Another percentage of this rate holds on some of these days."))

    def _overlapping(self) -> Q:
        still_valid = Q(valid_to__isnull=True) | Q(valid_to__gte=self.valid_from)
        return still_valid & Q(valid_from__lte=self.valid_to) if self.valid_to else still_valid

    def _would_change_booked(self) -> bool:
        if self._state.adding or self.pk is None:
            return False
        same = Q(percentage=self.percentage, rate_id=self.rate_id)
        return VatRateVersion._base_manager.filter(~same & _USED, pk=self.pk).exists()
