"""Purchase documents: what suppliers send us, and the way of each through review.

A document that came as UBL keeps what it said (`supplier_snapshot`, lines, totals) and the bytes it came in; a person
decides about it, and about its lines only where they are booked. Amounts are positive for what the kind says:
a credit note of 100.00 has the total 100.00 and the `signed_total` -100.00.
"""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from config.figures import day

from .entities import CompanyEntity
from .ledger import LedgerAccount
from .vat import VatRate

ZERO = Decimal("0.00")


class PurchaseKind(models.TextChoices):
    INVOICE = "invoice", _("Incoming invoice")
    CREDIT_NOTE = "credit_note", _("Incoming credit note")
    RECEIPT = "receipt", _("Receipt")


class PurchaseSource(models.TextChoices):
    """A valid UBL counts as Peppol by whatever route it came (domain rules 18.5)."""

    PEPPOL = "peppol", _("Peppol")
    UPLOAD = "upload", _("Upload")
    MANUAL = "manual", _("By hand")


class ReviewState(models.TextChoices):
    PENDING = "pending", _("To approve")
    APPROVED = "approved", pgettext_lazy("expense", "Approved")
    REFUSED = "refused", pgettext_lazy("expense", "Refused")


class PurchasePayment(models.TextChoices):
    UNKNOWN = "unknown", pgettext_lazy("payment", "Unknown")
    OPEN = "open", pgettext_lazy("payment", "Open")
    PARTLY_PAID = "partly_paid", _("Partly paid")
    PAID = "paid", pgettext_lazy("payment", "Paid")


class Quarantine(models.TextChoices):
    """Why a document that could be read is kept apart, and is nobody's expense until a person says so."""

    NOT_OURS = "not_ours", _("Not addressed to us")
    SEVERAL = "several", _("Addressed to more than one of our entities")
    OTHER_ENTITY = "other_entity", _("Delivered for another entity than it is addressed to")
    SELF_BILLING = "self_billing", _("Self-billing")


class MatchedBy(models.TextChoices):
    """What told us who the supplier is."""

    ENDPOINT = "endpoint", _("Peppol address")
    VAT = "vat", _("VAT number")
    ENTERPRISE = "enterprise", _("enterprise number")
    IBAN = "iban", _("bank account")
    PERSON = "person", _("choice of a person")


class RateFrom(models.TextChoices):
    """Where an exchange rate comes from."""

    DOCUMENT = "document", _("stated in the document")
    VAT = "vat", _("from the VAT that the document states in both currencies")
    PERSON = "person", _("entered by hand")


class PurchaseDocumentQuerySet(models.QuerySet["PurchaseDocument"]):
    def to_approve(self) -> PurchaseDocumentQuerySet:
        return self.filter(review=ReviewState.PENDING, quarantine="")

    def for_connector(self) -> PurchaseDocumentQuerySet:
        """What a connection sends: approved UBL documents. Nothing else ever goes that way (requirement S-139)."""
        return self.filter(review=ReviewState.APPROVED, source=PurchaseSource.PEPPOL, quarantine="")

    def left_to_people(self) -> PurchaseDocumentQuerySet:
        """Approved, and not sent by a connection, because it did not come as UBL."""
        return self.filter(review=ReviewState.APPROVED, quarantine="").exclude(source=PurchaseSource.PEPPOL)


class PurchaseDocument(models.Model):
    kind = models.CharField(_("kind"), max_length=12, choices=PurchaseKind.choices, default=PurchaseKind.INVOICE)
    source = models.CharField(_("source"), max_length=8, choices=PurchaseSource.choices, editable=False)
    # Null only in quarantine. No index of its own: a longer one begins with it.
    entity = models.ForeignKey(
        CompanyEntity,
        verbose_name=_("entity"),
        null=True,
        on_delete=models.PROTECT,
        related_name="purchase_documents",
        db_index=False,
    )
    supplier = models.ForeignKey(
        "crm.Party",
        verbose_name=_("supplier"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="purchase_documents",
        db_index=False,
    )
    matched_by = models.CharField(
        _("supplier known by"), max_length=12, choices=MatchedBy.choices, blank=True, editable=False
    )
    # As written: name, endpoint (in lower case), address (the same as written), vat_number, enterprise_number, street, postcode, city, country, email, accounts,
    # representative_vat; and the buyer's name.
    supplier_snapshot = models.JSONField(default=dict, blank=True, editable=False)
    supplier_name = models.CharField(_("supplier's name"), max_length=200, blank=True)
    # The strongest identifier of the supplier that the document bears, "vat:BE0123456749"; groups what one sender sent.
    supplier_key = models.CharField(max_length=120, blank=True, editable=False)

    number = models.CharField(_("number"), max_length=200, blank=True)
    number_key = models.CharField(max_length=200, blank=True, editable=False)  # without blanks, upper case
    date = models.DateField(_("date"))
    due_date = models.DateField(_("due date"), null=True, blank=True)
    currency = models.CharField(_("currency"), max_length=3, default="EUR")
    # Units of the entity's currency for one unit of the document's; null where nobody said yet, or both are the same.
    exchange_rate = models.DecimalField(
        _("exchange rate"), max_digits=18, decimal_places=8, null=True, blank=True, editable=False
    )
    rate_from = models.CharField(max_length=8, choices=RateFrom.choices, blank=True, editable=False)
    net_total = models.DecimalField(_("net"), max_digits=14, decimal_places=2, default=ZERO)
    vat_total = models.DecimalField(_("VAT"), max_digits=14, decimal_places=2, default=ZERO)
    total = models.DecimalField(_("total"), max_digits=14, decimal_places=2, default=ZERO)
    signed_total = models.DecimalField(
        _("total"), max_digits=14, decimal_places=2, default=ZERO, editable=False
    )  # credit notes below zero, so that a column of them adds up
    prepaid = models.DecimalField(_("paid in advance"), max_digits=14, decimal_places=2, default=ZERO, editable=False)
    rounding = models.DecimalField(_("rounding"), max_digits=14, decimal_places=2, default=ZERO, editable=False)
    payable = models.DecimalField(_("to pay"), max_digits=14, decimal_places=2, default=ZERO, editable=False)
    payment_reference = models.CharField(_("communication"), max_length=200, blank=True)
    payment_terms = models.TextField(_("payment terms"), blank=True, editable=False)
    is_direct_debit = models.BooleanField(_("direct debit"), default=False, editable=False)
    iban = models.CharField(_("bank account"), max_length=40, blank=True)
    order_reference = models.CharField(_("order"), max_length=200, blank=True, editable=False)
    preceding = models.JSONField(default=list, blank=True, editable=False)  # numbers of the invoices it credits
    note = models.TextField(_("note"), blank=True)

    # What it came as.
    message_id = models.CharField(max_length=200, blank=True, editable=False)
    access = models.ForeignKey(
        "invoicing.IncomingAccess", null=True, editable=False, on_delete=models.SET_NULL, related_name="+"
    )
    sha256 = models.CharField(max_length=64, blank=True, editable=False)
    # Receiver, supplier, kind, number and year, hashed: two with one identity are the same document or a mistake.
    identity = models.CharField(max_length=64, blank=True, editable=False)
    # Above nought: perhaps received twice. Of one identity each has its own; of what a person typed it says no more.
    copy_number = models.PositiveSmallIntegerField(default=0, editable=False)
    customization = models.CharField(max_length=300, blank=True, editable=False)
    profile = models.CharField(max_length=200, blank=True, editable=False)
    type_code = models.CharField(max_length=4, blank=True, editable=False)
    findings = models.JSONField(
        default=list, blank=True, editable=False
    )  # [{"code", "level", "text", "place", "values"}]
    quarantine = models.CharField(
        _("quarantine"), max_length=14, choices=Quarantine.choices, blank=True, editable=False
    )
    received_at = models.DateTimeField(_("received"), auto_now_add=True)
    received_by = models.CharField(_("received by"), max_length=150, blank=True, editable=False)

    # The bank account, compared with what was known of the supplier.
    iban_changed = models.BooleanField(_("bank account changed"), default=False, editable=False)
    known_iban = models.CharField(max_length=40, blank=True, editable=False)
    iban_checked_at = models.DateTimeField(null=True, editable=False)
    iban_checked_by = models.CharField(max_length=150, blank=True, editable=False)

    review = models.CharField(
        _("review"), max_length=8, choices=ReviewState.choices, default=ReviewState.PENDING, editable=False
    )
    reviewed_at = models.DateTimeField(_("decided"), null=True, editable=False)
    reviewed_by = models.CharField(_("decided by"), max_length=150, blank=True, editable=False)
    refusal_reason = models.CharField(_("reason of refusal"), max_length=300, blank=True, editable=False)

    # Follows the books, as with sales documents; a receipt may say itself that it is paid.
    payment_state = models.CharField(
        _("payment"), max_length=12, choices=PurchasePayment.choices, default=PurchasePayment.UNKNOWN
    )
    paid_amount = models.DecimalField(_("paid"), max_digits=14, decimal_places=2, default=ZERO, editable=False)
    paid_on = models.DateField(_("paid on"), null=True, blank=True, editable=False)
    updated_at = models.DateTimeField(_("changed"), auto_now=True)

    objects = PurchaseDocumentQuerySet.as_manager()

    class Meta:
        verbose_name = _("expense")
        verbose_name_plural = _("expenses")
        ordering = ["-date", "-pk"]
        permissions = [("approve_purchasedocument", _("Can approve and refuse expenses"))]
        indexes = [
            models.Index(fields=["-date", "-id"], name="invoicing_pur_list"),
            models.Index(fields=["entity", "review", "date", "id"], name="invoicing_pur_scope"),
            models.Index(fields=["review", "-date", "-id"], name="invoicing_pur_review"),
            models.Index(fields=["supplier", "-date", "-id"], name="invoicing_pur_supplier"),
            models.Index(fields=["supplier_key", "number_key"], name="invoicing_pur_key"),
            models.Index(fields=["number_key"], opclasses=["varchar_pattern_ops"], name="invoicing_pur_number"),
        ]
        constraints = [
            models.UniqueConstraint(fields=["sha256"], condition=~Q(sha256=""), name="invoicing_pur_file_once"),
            models.UniqueConstraint(
                fields=["identity", "copy_number"], condition=~Q(identity=""), name="invoicing_pur_identity_once"
            ),
            models.UniqueConstraint(
                fields=["access", "message_id"], condition=~Q(message_id=""), name="invoicing_pur_message_once"
            ),
            models.CheckConstraint(
                condition=Q(entity__isnull=False) | ~Q(quarantine=""), name="invoicing_pur_entity_or_quarantine"
            ),
            models.CheckConstraint(
                condition=Q(review=ReviewState.PENDING) | Q(quarantine="") | Q(review=ReviewState.REFUSED),
                name="invoicing_pur_quarantine_not_approved",
            ),
        ]

    def __str__(self) -> str:
        if self.number:
            return self.number
        return gettext("%(kind)s of %(date)s") % {"kind": self.get_kind_display(), "date": day(self.date)}

    def save(self, *args: Any, **kwargs: Any) -> None:
        """Keep the derived columns in step."""
        self.signed_total = -self.total if self.is_credit_note else self.total
        self.number_key = key_of_number(self.number)
        super().save(*args, **kwargs)

    @property
    def is_credit_note(self) -> bool:
        return self.kind == PurchaseKind.CREDIT_NOTE

    @property
    def is_peppol(self) -> bool:
        return self.source == PurchaseSource.PEPPOL

    @property
    def is_pending(self) -> bool:
        return self.review == ReviewState.PENDING

    @property
    def is_foreign(self) -> bool:
        """Whether it is in another currency than the entity's."""
        return self.entity is not None and self.currency != self.entity.currency

    @property
    def is_complete(self) -> bool:
        """Whether there is enough of a hand-entered one or a dropped PDF to decide about."""
        return self.is_peppol or bool(self.total and (self.supplier_id or self.supplier_name))


def key_of_number(number: str) -> str:
    """A document's number as it is compared: without blanks, upper case."""
    return "".join(number.split()).upper()[:200]


class LineNature(models.TextChoices):
    LINE = "line", _("Line")
    ALLOWANCE = "allowance", _("Discount")
    CHARGE = "charge", _("Charge")


class PurchaseLine(models.Model):
    """A line as the document says it, and where it is booked. A discount on the whole document is a line below zero."""

    document = models.ForeignKey(PurchaseDocument, on_delete=models.CASCADE, related_name="lines")
    position = models.PositiveIntegerField(_("position"), default=0)
    nature = models.CharField(max_length=10, choices=LineNature.choices, default=LineNature.LINE)
    description = models.TextField(_("description"), blank=True)
    # As they stand in the document, which knows no bound of decimals that we would.
    quantity = models.DecimalField(_("quantity"), max_digits=24, decimal_places=8, null=True, blank=True)
    unit = models.CharField(_("unit"), max_length=10, blank=True)
    unit_price = models.DecimalField(_("unit price"), max_digits=24, decimal_places=8, null=True, blank=True)
    net = models.DecimalField(_("net"), max_digits=14, decimal_places=2, default=ZERO)
    vat_category = models.CharField(_("VAT category"), max_length=4, blank=True)
    vat_percent = models.DecimalField(_("VAT %"), max_digits=7, decimal_places=4, null=True, blank=True)
    # Proposed when it arrives, chosen by whoever approves.
    ledger_account = models.ForeignKey(
        LedgerAccount,
        verbose_name=_("ledger account"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="+",
    )
    vat_rate = models.ForeignKey(
        VatRate, verbose_name=_("VAT rate"), null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    proposal = models.JSONField(default=dict, blank=True, editable=False)  # {"by", "count"}: why this account

    class Meta:
        verbose_name = _("line")
        verbose_name_plural = _("lines")
        default_permissions = ()
        ordering = ["document", "position", "pk"]

    def __str__(self) -> str:
        return self.description[:60]


class PurchaseVatTotal(models.Model):
    """What the document says per VAT category and percentage; its own amounts, not computed ones."""

    document = models.ForeignKey(PurchaseDocument, on_delete=models.CASCADE, related_name="vat_totals")
    category = models.CharField(_("VAT category"), max_length=4, blank=True)
    percent = models.DecimalField(_("VAT %"), max_digits=7, decimal_places=4, null=True, blank=True)
    base = models.DecimalField(_("taxable amount"), max_digits=14, decimal_places=2)
    vat = models.DecimalField(_("VAT"), max_digits=14, decimal_places=2)
    exemption = models.CharField(_("reason of exemption"), max_length=500, blank=True)

    class Meta:
        verbose_name = _("total per VAT rate")
        verbose_name_plural = _("totals per VAT rate")
        default_permissions = ()
        ordering = ["document", "pk"]

    def __str__(self) -> str:
        return f"{self.category} {self.percent or ''}: {self.vat}"


class FileRole(models.TextChoices):
    ORIGINAL = "original", _("Original file")
    ATTACHMENT = "attachment", _("Attachment")


class PurchaseFile(models.Model):
    """The bytes a document came in, and the files it brought along; neither is ever changed."""

    document = models.ForeignKey(PurchaseDocument, on_delete=models.CASCADE, related_name="files")
    role = models.CharField(max_length=10, choices=FileRole.choices, default=FileRole.ORIGINAL)
    name = models.CharField(_("name"), max_length=120)
    media_type = models.CharField(_("type"), max_length=100)
    content = models.BinaryField(editable=False)
    size = models.PositiveIntegerField(_("size"))
    added_at = models.DateTimeField(_("added"), auto_now_add=True)

    class Meta:
        verbose_name = _("file of an expense")
        verbose_name_plural = _("files of expenses")
        default_permissions = ()
        ordering = ["document", "-role", "pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["document"], condition=Q(role=FileRole.ORIGINAL), name="invoicing_pur_one_original"
            )
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def is_pdf(self) -> bool:
        return self.media_type == "application/pdf"


class PurchaseReview(models.Model):
    """One decision about a document; rows are added and never changed."""

    document = models.ForeignKey(PurchaseDocument, on_delete=models.CASCADE, related_name="reviews")
    state = models.CharField(max_length=8, choices=ReviewState.choices)
    by = models.CharField(max_length=150)
    at = models.DateTimeField(auto_now_add=True)
    reason = models.CharField(max_length=300, blank=True)
    # The accounts that the person says to have checked with the supplier, where they were others than before.
    checked_iban = models.CharField(max_length=200, blank=True)

    class Meta:
        verbose_name = _("decision about an expense")
        verbose_name_plural = _("decisions about expenses")
        default_permissions = ()
        ordering = ["-at", "-pk"]

    def __str__(self) -> str:
        return f"{self.get_state_display()} {self.by}"


class MailingState(models.TextChoices):
    SENDING = "sending", pgettext_lazy("e-mail", "Sending")
    CONFIRMED = "confirmed", pgettext_lazy("e-mail", "Sent")
    FAILED = "failed", pgettext_lazy("e-mail", "Failed")


# Errors of a mail that was given up although it may have left: its worker died, or the server took it and gave no answer.
MAILING_LOST, MAILING_UNANSWERED = "lost", "no answer"
# A mail that takes longer is sent by nobody any more.
MAILING_STALE = timedelta(minutes=15)


class PurchaseMailing(models.Model):
    """A document on its way to the bookkeeping's e-mail address. At most one of a document is under way or arrived."""

    document = models.ForeignKey(PurchaseDocument, on_delete=models.CASCADE, related_name="mailings")
    address = models.EmailField()
    state = models.CharField(max_length=10, choices=MailingState.choices, default=MailingState.SENDING)
    by = models.CharField(max_length=150)
    created_at = models.DateTimeField(auto_now_add=True)
    started_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)
    error = models.CharField(max_length=100, blank=True)

    class Meta:
        verbose_name = _("expense by e-mail")
        verbose_name_plural = _("expenses by e-mail")
        default_permissions = ()
        ordering = ["-created_at", "-pk"]
        constraints = [
            models.UniqueConstraint(
                fields=["document"], condition=~Q(state=MailingState.FAILED), name="invoicing_pur_mailed_once"
            )
        ]

    def __str__(self) -> str:
        return f"{self.address} {self.state}"

    @property
    def may_have_left(self) -> bool:
        """Whether the bookkeeping has it, gets it, or may have it."""
        return self.state != MailingState.FAILED or self.is_doubtful

    @property
    def is_stale(self) -> bool:
        """Whether it is under way for longer than any mail takes: its worker died, or the queue lost it."""
        since = self.started_at or self.created_at
        return self.state == MailingState.SENDING and since < timezone.now() - MAILING_STALE

    @property
    def is_doubtful(self) -> bool:
        """Whether it was given up without knowing that it did not arrive."""
        return self.state == MailingState.FAILED and self.error in (MAILING_LOST, MAILING_UNANSWERED)
