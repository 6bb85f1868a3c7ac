"""Sales documents: drafts that become final, numbered and frozen by booking.

Frozen after booking: number, dates, snapshots, lines, VAT, totals, currency. What may still change goes through
`invoicing.services`, logged: a line's ledger account until the document is sent, the party key by a merge,
payment state. Amounts are positive for what the kind says; an invoice may have a negative total.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from ..errors import FrozenDocument
from ..freezing import MUTABLE_DOCUMENT_FIELDS, MUTABLE_LINE_FIELDS
from .entities import CompanyEntity, FiscalYear
from .frozen import DocumentGuard, FileGuard, FrozenPart, LineGuard, PartGuard, frozen_text
from .ledger import LedgerAccount
from .terms import PaymentTerm
from .vat import VatRateVersion


class SalesKind(models.TextChoices):
    INVOICE = "invoice", _("Invoice")
    CREDIT_NOTE = "credit_note", _("Credit note")


class DocumentStatus(models.TextChoices):
    DRAFT = "draft", _("Draft")
    BOOKED = "booked", _("Booked")


class PaymentState(models.TextChoices):
    OPEN = "open", _("Open")
    PARTLY_PAID = "partly_paid", _("Partly paid")
    PAID = "paid", _("Paid")


class SalesDocumentQuerySet(DocumentGuard["SalesDocument"]):
    def booked(self) -> SalesDocumentQuerySet:
        return self.filter(status=DocumentStatus.BOOKED)

    def drafts(self) -> SalesDocumentQuerySet:
        return self.filter(status=DocumentStatus.DRAFT)


class SalesDocument(models.Model):
    kind = models.CharField(
        _("kind"), max_length=12, choices=SalesKind.choices, default=SalesKind.INVOICE, editable=False
    )
    status = models.CharField(
        _("status"), max_length=8, choices=DocumentStatus.choices, default=DocumentStatus.DRAFT, editable=False
    )
    # Both have no index of their own: longer ones begin with them.
    entity = models.ForeignKey(
        CompanyEntity,
        verbose_name=_("entity"),
        on_delete=models.PROTECT,
        related_name="sales_documents",
        db_index=False,
    )
    party = models.ForeignKey(
        "crm.Party",
        verbose_name=_("customer"),
        on_delete=models.PROTECT,
        related_name="sales_documents",
        db_index=False,
    )
    date = models.DateField(_("date"))
    due_date = models.DateField(_("due date"), null=True, blank=True)
    payment_term = models.ForeignKey(
        PaymentTerm, verbose_name=_("payment term"), null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    currency = models.CharField(_("currency"), max_length=3, default="EUR")
    exchange_rate = models.DecimalField(
        _("exchange rate"),
        max_digits=14,
        decimal_places=6,
        default=Decimal(1),
        validators=[MinValueValidator(Decimal("0.000001"))],
        help_text=_("Units of the entity's currency for one unit of the document's currency."),
    )
    credited_invoice = models.ForeignKey(
        "self",
        verbose_name=_("credited invoice"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="credit_notes",
    )
    customer_reference = models.CharField(_("customer's reference"), max_length=60, blank=True)
    note = models.TextField(_("note on the document"), blank=True)
    language = models.CharField(_("language"), max_length=2, blank=True)

    # Given out at booking, frozen from then on.
    fiscal_year = models.ForeignKey(
        FiscalYear, null=True, blank=True, editable=False, on_delete=models.PROTECT, related_name="documents"
    )
    sequence = models.PositiveIntegerField(null=True, blank=True, editable=False)
    number = models.CharField(_("number"), max_length=40, blank=True, editable=False, db_index=True)
    structured_communication = models.CharField(
        _("structured communication"), max_length=20, blank=True, editable=False
    )
    booked_at = models.DateTimeField(_("booked at"), null=True, blank=True, editable=False)
    booked_by = models.CharField(_("booked by"), max_length=150, blank=True, editable=False)
    seller_snapshot = models.JSONField(default=dict, blank=True, editable=False)
    buyer_snapshot = models.JSONField(default=dict, blank=True, editable=False)
    buyer_name = models.CharField(_("customer at booking"), max_length=200, blank=True, editable=False)
    net_total = models.DecimalField(_("net"), max_digits=14, decimal_places=2, default=Decimal("0.00"), editable=False)
    vat_total = models.DecimalField(_("VAT"), max_digits=14, decimal_places=2, default=Decimal("0.00"), editable=False)
    total = models.DecimalField(_("total"), max_digits=14, decimal_places=2, default=Decimal("0.00"), editable=False)

    # Follows the books; only services change it.
    payment_state = models.CharField(
        _("payment"), max_length=12, choices=PaymentState.choices, default=PaymentState.OPEN, editable=False
    )
    paid_amount = models.DecimalField(
        _("paid"), max_digits=14, decimal_places=2, default=Decimal("0.00"), editable=False
    )
    paid_on = models.DateField(_("paid on"), null=True, blank=True, editable=False)
    paid_source = models.CharField(_("paid according to"), max_length=10, blank=True, editable=False)

    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    objects = SalesDocumentQuerySet.as_manager()

    class Meta:
        verbose_name = _("sales document")
        verbose_name_plural = _("sales documents")
        ordering = ["-date", "-pk"]
        indexes = [
            models.Index(fields=["entity", "status", "date", "id"], name="invoicing_doc_scope"),
            # The lists: one kind, the newest first, whole or of what is filtered most.
            models.Index(fields=["kind", "-date", "-id"], name="invoicing_doc_list"),
            models.Index(fields=["party", "kind", "-date", "-id"], name="invoicing_doc_party"),
            models.Index(fields=["entity", "kind", "-date", "-id"], name="invoicing_doc_entity"),
            models.Index(fields=["payment_state", "kind", "-date", "-id"], name="invoicing_doc_payment"),
            models.Index(
                fields=["kind", "-date", "-id"], condition=Q(status=DocumentStatus.DRAFT), name="invoicing_doc_drafts"
            ),
            models.Index(
                fields=["kind", "date", "due_date"],
                condition=Q(status=DocumentStatus.BOOKED) & ~Q(payment_state=PaymentState.PAID),
                name="invoicing_doc_unpaid",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["fiscal_year", "kind", "sequence"],
                condition=Q(sequence__isnull=False),
                name="invoicing_doc_sequence_unique",
            ),
            models.UniqueConstraint(
                fields=["entity", "number"], condition=~Q(number=""), name="invoicing_doc_number_unique"
            ),
            models.UniqueConstraint(
                fields=["structured_communication"],
                condition=~Q(structured_communication=""),
                name="invoicing_doc_structured_unique",
            ),
            models.CheckConstraint(
                condition=Q(status="draft", number="", sequence__isnull=True)
                | (Q(status="booked", sequence__isnull=False, fiscal_year__isnull=False) & ~Q(number="")),
                name="invoicing_doc_number_at_booking",
            ),
        ]

    def __str__(self) -> str:
        return self.number or f"{self.get_kind_display()} ({self.get_status_display()})"

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Save a draft, or of a booked document only what services may change (named in `update_fields`)."""
        fields: Iterable[str] | None = kwargs.get("update_fields")
        if fields is None or not set(fields) <= MUTABLE_DOCUMENT_FIELDS:
            number = self._stored_number()
            if number:
                raise FrozenDocument(frozen_text(number))
            if self.status == DocumentStatus.BOOKED:
                raise FrozenDocument(gettext("Documents become booked by booking a draft, one number after the other."))
        super().save(*args, **kwargs)

    def clean(self) -> None:
        """Say it as a form error where a form is the way to a booked document."""
        super().clean()
        if self._stored_number():
            raise ValidationError(frozen_text(self.number), code="frozen")

    def delete(self, *args: Any, **kwargs: Any) -> tuple[int, dict[str, int]]:
        number = self._stored_number()
        if number:
            raise FrozenDocument(frozen_text(number))
        return super().delete(*args, **kwargs)

    def _stored_number(self) -> str:
        """The number in the database if the document is booked there, whatever this object says; else empty."""
        if self.pk is None or self._state.adding:
            return ""
        booked = SalesDocument._base_manager.filter(pk=self.pk, status=DocumentStatus.BOOKED)
        return booked.values_list("number", flat=True).first() or ""

    @property
    def is_booked(self) -> bool:
        return self.status == DocumentStatus.BOOKED

    @property
    def is_credit_note(self) -> bool:
        return self.kind == SalesKind.CREDIT_NOTE

    @property
    def open_amount(self) -> Decimal:
        """What is not paid yet, in the document's currency; never below zero."""
        return max(abs(self.total) - self.paid_amount, Decimal("0.00"))


class InvoiceManager(models.Manager["Invoice"]):
    def get_queryset(self) -> models.QuerySet[Invoice]:
        return SalesDocumentQuerySet(self.model, using=self._db).filter(kind=SalesKind.INVOICE)  # type: ignore[return-value]


class CreditNoteManager(models.Manager["CreditNote"]):
    def get_queryset(self) -> models.QuerySet[CreditNote]:
        return SalesDocumentQuerySet(self.model, using=self._db).filter(kind=SalesKind.CREDIT_NOTE)  # type: ignore[return-value]


class Invoice(SalesDocument):
    objects = InvoiceManager()  # type: ignore[assignment,misc]

    class Meta:
        proxy = True
        verbose_name = _("invoice")
        verbose_name_plural = _("invoices")


class CreditNote(SalesDocument):
    objects = CreditNoteManager()  # type: ignore[assignment,misc]

    class Meta:
        proxy = True
        verbose_name = _("credit note")
        verbose_name_plural = _("credit notes")


class SalesLine(FrozenPart):
    mutable = MUTABLE_LINE_FIELDS

    document = models.ForeignKey(
        SalesDocument, verbose_name=_("document"), on_delete=models.CASCADE, related_name="lines"
    )
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    description = models.TextField(_("description"))
    quantity = models.DecimalField(_("quantity"), max_digits=14, decimal_places=4, default=Decimal(1))
    unit_price = models.DecimalField(_("unit price"), max_digits=16, decimal_places=6)
    discount = models.DecimalField(
        _("discount %"),
        max_digits=5,
        decimal_places=2,
        default=Decimal(0),
        validators=[MinValueValidator(0), MaxValueValidator(100)],
    )
    vat_rate = models.ForeignKey(VatRateVersion, verbose_name=_("VAT rate"), on_delete=models.PROTECT, related_name="+")
    ledger_account = models.ForeignKey(
        LedgerAccount,
        verbose_name=_("ledger account"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    net = models.DecimalField(_("net"), max_digits=14, decimal_places=2, default=Decimal("0.00"), editable=False)

    objects = LineGuard.as_manager()

    class Meta:
        verbose_name = _("line")
        verbose_name_plural = _("lines")
        ordering = ["document", "position", "pk"]
        constraints = [
            models.CheckConstraint(condition=Q(discount__gte=0, discount__lte=100), name="invoicing_line_discount")
        ]

    def __str__(self) -> str:
        return self.description[:60]


class DocumentDiscount(FrozenPart):
    """A percentage on the whole document, applied in order of position (domain rules 18.1)."""

    document = models.ForeignKey(SalesDocument, on_delete=models.CASCADE, related_name="discounts")
    position = models.PositiveSmallIntegerField(_("position"), default=0)
    description = models.CharField(_("description"), max_length=120, blank=True)
    percentage = models.DecimalField(
        _("percentage"), max_digits=5, decimal_places=2, validators=[MinValueValidator(0), MaxValueValidator(100)]
    )

    objects = PartGuard.as_manager()

    class Meta:
        verbose_name = _("document discount")
        verbose_name_plural = _("document discounts")
        ordering = ["document", "position", "pk"]
        constraints = [
            models.CheckConstraint(
                condition=Q(percentage__gt=0, percentage__lte=100), name="invoicing_discount_percentage"
            )
        ]

    def __str__(self) -> str:
        return f"{self.percentage.normalize():f} %"


class SalesVatTotal(FrozenPart):
    """Totals of one VAT rate of a document, written at every save of a draft and frozen at booking."""

    document = models.ForeignKey(SalesDocument, on_delete=models.CASCADE, related_name="vat_totals")
    vat_rate = models.ForeignKey(
        VatRateVersion, verbose_name=_("VAT rate"), on_delete=models.PROTECT, related_name="vat_totals"
    )
    lines_net = models.DecimalField(_("net of the lines"), max_digits=14, decimal_places=2)
    discount = models.DecimalField(_("document discount"), max_digits=14, decimal_places=2, default=Decimal("0.00"))
    base = models.DecimalField(_("taxable amount"), max_digits=14, decimal_places=2)
    vat = models.DecimalField(_("VAT"), max_digits=14, decimal_places=2)

    objects = PartGuard.as_manager()

    class Meta:
        verbose_name = _("total per VAT rate")
        verbose_name_plural = _("totals per VAT rate")
        ordering = ["document", "pk"]
        constraints = [models.UniqueConstraint(fields=["document", "vat_rate"], name="invoicing_vattotal_rate_unique")]

    def __str__(self) -> str:
        return f"{self.vat_rate}: {self.vat}"


class DocumentFile(FrozenPart):
    """A file that travels with a document to the books (a PDF, a UBL), kept byte for byte.

    One may be added after booking, when there is a number to print; none of a booked document is changed.
    """

    may_be_added = True

    document = models.ForeignKey(SalesDocument, on_delete=models.CASCADE, related_name="files")
    name = models.CharField(_("name"), max_length=120)
    media_type = models.CharField(_("type"), max_length=80, default="application/pdf")
    content = models.BinaryField(editable=False)
    added_at = models.DateTimeField(_("added"), auto_now_add=True)

    objects = FileGuard.as_manager()

    class Meta:
        verbose_name = _("file")
        verbose_name_plural = _("files")
        ordering = ["document", "name"]
        constraints = [models.UniqueConstraint(fields=["document", "name"], name="invoicing_file_name_unique")]

    def __str__(self) -> str:
        return self.name
