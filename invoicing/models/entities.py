"""Own legal entities and their fiscal years, which hand out the numbers."""

from __future__ import annotations

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ..references import prefixes_may_clash


class CompanyEntity(models.Model):
    """An own company that issues documents."""

    name = models.CharField(_("name"), max_length=200, unique=True)
    country = models.CharField(_("country"), max_length=2)
    vat_number = models.CharField(_("VAT number"), max_length=24, blank=True)
    enterprise_number = models.CharField(_("enterprise number"), max_length=24, blank=True)
    peppol_id = models.CharField(_("Peppol ID"), max_length=60, blank=True)
    currency = models.CharField(_("currency"), max_length=3, default="EUR")
    language = models.CharField(_("language"), max_length=2, default="nl")
    street = models.CharField(_("street and number"), max_length=200, blank=True)
    postcode = models.CharField(_("postcode"), max_length=16, blank=True)
    city = models.CharField(_("city"), max_length=100, blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    bookkeeping_email = models.EmailField(_("bookkeeping e-mail"), blank=True)
    # The address that a person said to be the bookkeeping's; another one has to be confirmed again.
    confirmed_bookkeeping_email = models.EmailField(blank=True, editable=False)
    mails_expenses = models.BooleanField(
        _("e-mail approved expenses by itself"),
        default=False,
        help_text=_("To the bookkeeping e-mail, save Peppol documents that go through a connection."),
    )
    answers_suppliers = models.BooleanField(
        _("tell suppliers what becomes of their e-invoices"),
        default=False,
        help_text=_(
            "Through Peppol: that an expense was received, approved or refused, and why. Needs a Peppol ID and an access"
            " point. A supplier that demands an answer is told without this as well."
        ),
    )
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    iban = models.CharField(_("IBAN"), max_length=34, blank=True)
    bic = models.CharField(_("BIC"), max_length=11, blank=True)
    logo = models.ImageField(_("logo"), upload_to="logos/", blank=True)
    default_payment_term = models.ForeignKey(
        "invoicing.PaymentTerm",
        verbose_name=_("default payment term"),
        null=True,
        blank=True,
        on_delete=models.SET_NULL,
        related_name="+",
    )
    created_at = models.DateTimeField(_("created"), auto_now_add=True)

    class Meta:
        verbose_name = _("entity")
        verbose_name_plural = _("entities")
        ordering = ["name"]

    def __str__(self) -> str:
        return self.name

    def clean(self) -> None:
        """Refuse another country: rates, numbers and the books hang on it (domain rules 1)."""
        super().clean()
        stored = CompanyEntity.objects.filter(pk=self.pk).values_list("country", flat=True).first()
        if stored is not None and stored != self.country:
            raise ValidationError({"country": gettext("The country of an entity cannot be changed.")})


class FiscalYear(models.Model):
    """A numbering period of an entity. Numbers are gap-free per entity, fiscal year and kind."""

    entity = models.ForeignKey(
        CompanyEntity, verbose_name=_("entity"), on_delete=models.PROTECT, related_name="fiscal_years"
    )
    label = models.CharField(_("name"), max_length=20)
    start = models.DateField(_("first day"))
    end = models.DateField(_("last day"))
    invoice_prefix = models.CharField(_("prefix of invoice numbers"), max_length=20)
    credit_note_prefix = models.CharField(_("prefix of credit note numbers"), max_length=20)
    next_invoice_number = models.PositiveIntegerField(_("next invoice number"), default=1)
    next_credit_note_number = models.PositiveIntegerField(_("next credit note number"), default=1)
    is_closed = models.BooleanField(_("closed"), default=False)

    class Meta:
        verbose_name = _("fiscal year")
        verbose_name_plural = _("fiscal years")
        ordering = ["entity", "-start"]
        constraints = [
            models.UniqueConstraint(fields=["entity", "label"], name="invoicing_fiscalyear_label_unique"),
            models.UniqueConstraint(
                fields=["entity", "invoice_prefix"], name="invoicing_fiscalyear_invoice_prefix_unique"
            ),
            models.UniqueConstraint(
                fields=["entity", "credit_note_prefix"], name="invoicing_fiscalyear_credit_prefix_unique"
            ),
            models.CheckConstraint(condition=Q(end__gt=F("start")), name="invoicing_fiscalyear_end_after_start"),
            # One number may not mean an invoice and a credit note: it is our reference in the books.
            models.CheckConstraint(
                condition=~Q(invoice_prefix=F("credit_note_prefix")), name="invoicing_fiscalyear_prefixes_differ"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.entity} {self.label}"

    def clean(self) -> None:
        """Refuse what would leave a gap, give one number twice, or leave a date with two fiscal years."""
        super().clean()
        if self.start and self.end and self.end <= self.start:
            raise ValidationError({"end": gettext("The last day has to come after the first day.")})
        others = list(FiscalYear.objects.filter(entity_id=self.entity_id).exclude(pk=self.pk))
        if self.start and self.end and any(o.start <= self.end and o.end >= self.start for o in others):
            raise ValidationError(gettext("Another fiscal year of this entity has some of these days."))
        prefixes = [(o.invoice_prefix, o.credit_note_prefix) for o in others]
        for field, mine in (("invoice_prefix", self.invoice_prefix), ("credit_note_prefix", self.credit_note_prefix)):
            if any(prefixes_may_clash(mine, theirs) for pair in prefixes for theirs in pair):
                raise ValidationError({field: gettext("With this prefix two documents could get the same number.")})
        if prefixes_may_clash(self.invoice_prefix, self.credit_note_prefix):
            text = gettext("Invoices and credit notes need prefixes that cannot give the same number.")
            raise ValidationError({"credit_note_prefix": text})
        self._refuse_gap()

    def _refuse_gap(self) -> None:
        """A start number is free until the first document of its kind is booked; from then on booking counts."""
        stored = FiscalYear.objects.filter(pk=self.pk).first()
        if stored is None:
            return
        for field, kind in (("next_invoice_number", "invoice"), ("next_credit_note_number", "credit_note")):
            if getattr(stored, field) != getattr(self, field) and self.documents.filter(kind=kind).exists():
                raise ValidationError(
                    {field: gettext("Numbers were given out already; the next one follows by itself.")}
                )
        changed = any(getattr(stored, f) != getattr(self, f) for f in ("start", "end", "entity_id"))
        if changed and self.documents.exclude(date__gte=self.start, date__lte=self.end, entity=self.entity_id).exists():
            raise ValidationError(gettext("Booked documents of this fiscal year would fall outside it."))
