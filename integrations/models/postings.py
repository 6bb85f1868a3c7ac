"""Postings: where each document stands on its way into the books, and what the books say back."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from ..base.records import DocumentKind
from .connection import Administration, Connection

if TYPE_CHECKING:
    from invoicing.models import PurchaseDocument, SalesDocument


class PostingState(models.TextChoices):
    WAITING = "waiting", _("Waiting")
    BLOCKED = "blocked", _("Blocked")
    SENDING = "sending", _("Sending")
    POSTED = "posted", _("Posted")
    REFUSED = "refused", _("Refused")
    UNCLEAR = "unclear", _("Unclear")
    DIFFERS = "differs", _("Differs")
    EXCLUDED = "excluded", _("Excluded")
    GONE = "gone", _("Gone")


IN_BOOKS = (PostingState.POSTED, PostingState.DIFFERS)
SENT = (PostingState.SENDING, PostingState.UNCLEAR, PostingState.POSTED, PostingState.DIFFERS)


class Posting(models.Model):
    """One document's booking in one administration. At most one per document and administration, by constraint."""

    # No relation but the issue has an index of its own: longer ones begin with them.
    connection = models.ForeignKey(
        Connection, verbose_name=_("connection"), on_delete=models.PROTECT, related_name="postings", db_index=False
    )
    administration = models.ForeignKey(
        Administration, on_delete=models.PROTECT, related_name="postings", db_index=False
    )
    # Of these two exactly one is set, by constraint.
    sales_document = models.ForeignKey(
        "invoicing.SalesDocument",
        verbose_name=_("document"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="postings",
        db_index=False,
    )
    purchase_document = models.ForeignKey(
        "invoicing.PurchaseDocument",
        verbose_name=_("expense"),
        null=True,
        blank=True,
        on_delete=models.PROTECT,
        related_name="postings",
        db_index=False,
    )
    kind = models.CharField(_("booked as"), max_length=24, choices=[(k.value, k.value) for k in DocumentKind])
    reference = models.CharField(_("our reference"), max_length=40)
    key = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    state = models.CharField(_("state"), max_length=10, choices=PostingState.choices, default=PostingState.WAITING)
    reason_code = models.CharField(_("reason"), max_length=10, blank=True)
    reason_params = models.JSONField(default=dict, blank=True)
    vendor_text = models.TextField(_("the tool's own words"), blank=True)
    notes = models.JSONField(default=list, blank=True)  # [{"code", "params"}]: what was remarked without blocking
    issue = models.ForeignKey(
        "integrations.Issue", null=True, blank=True, on_delete=models.SET_NULL, related_name="postings"
    )

    attempts = models.PositiveIntegerField(_("attempts"), default=0)
    fencing_token = models.BigIntegerField(default=0, editable=False)
    payload_hash = models.CharField(max_length=64, blank=True, editable=False)
    sent = models.JSONField(default=dict, blank=True, editable=False)  # what a look-up compares: party, total, date …
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True)
    not_before = models.DateTimeField(_("not before"), null=True, blank=True)

    external_id = models.CharField(_("id in the tool"), max_length=60, blank=True)
    journal = models.CharField(_("journal"), max_length=40, blank=True)
    number = models.CharField(_("number in the tool"), max_length=40, blank=True)
    fiscal_year = models.CharField(_("fiscal year in the tool"), max_length=10, blank=True)
    tool_totals = models.JSONField(default=dict, blank=True)
    posted_at = models.DateTimeField(_("posted at"), null=True, blank=True)
    attached_at = models.DateTimeField(_("files attached at"), null=True, blank=True)
    paid_here_open_there = models.BooleanField(_("paid here, open there"), default=False)
    excluded_by = models.CharField(_("excluded by"), max_length=150, blank=True)
    created_at = models.DateTimeField(_("created"), auto_now_add=True)
    changed_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        verbose_name = _("posting")
        verbose_name_plural = _("postings")
        ordering = ["-pk"]
        indexes = [
            models.Index(fields=["connection", "state", "id"], name="integrations_posting_state"),
            models.Index(fields=["sales_document", "state"], name="integrations_posting_document"),
            models.Index(
                fields=["purchase_document", "state"],
                condition=Q(purchase_document__isnull=False),
                name="integrations_posting_purchase",
            ),
            # For lists and searches over all connections. What is posted is nearly everything, and not looked for.
            models.Index(
                fields=["state", "sales_document"], condition=~Q(state="posted"), name="integrations_posting_open"
            ),
            models.Index(
                fields=["reference"], opclasses=["varchar_pattern_ops"], name="integrations_posting_reference"
            ),
            models.Index(fields=["number"], opclasses=["varchar_pattern_ops"], name="integrations_posting_number"),
            models.Index(fields=["external_id"], name="integrations_posting_external"),
            # Bookings that may still get their files.
            models.Index(
                fields=["connection", "posted_at"],
                condition=Q(state="posted", attached_at__isnull=True),
                name="integrations_posting_files",
            ),
            models.Index(
                fields=["sales_document"], condition=Q(paid_here_open_there=True), name="integrations_posting_paid_here"
            ),
        ]
        constraints = [
            models.CheckConstraint(
                condition=Q(sales_document__isnull=False, purchase_document__isnull=True)
                | Q(sales_document__isnull=True, purchase_document__isnull=False),
                name="integrations_posting_exactly_one_document",
            ),
            models.UniqueConstraint(
                fields=["administration", "sales_document"],
                condition=Q(sales_document__isnull=False),
                name="integrations_posting_sales_unique",
            ),
            models.UniqueConstraint(
                fields=["administration", "purchase_document"],
                condition=Q(purchase_document__isnull=False),
                name="integrations_posting_purchase_unique",
            ),
            models.UniqueConstraint(
                fields=["administration", "reference"], name="integrations_posting_reference_unique"
            ),
            models.UniqueConstraint(
                fields=["administration", "external_id"],
                condition=~Q(external_id=""),
                name="integrations_posting_external_unique",
            ),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def document(self) -> SalesDocument | PurchaseDocument:
        """What it books: a sales or a purchase document."""
        found: SalesDocument | PurchaseDocument | None = self.sales_document or self.purchase_document
        if found is None:
            raise ValueError("a posting without its document")
        return found

    @property
    def number_of_document(self) -> str:
        """The number on the document: our own, or the supplier's, which several suppliers may share."""
        return str(self.purchase_document) if self.purchase_document is not None else self.reference

    @property
    def is_taken(self) -> bool:
        """Whether the tool said that it booked it, and nobody saw yet what."""
        return self.state == PostingState.UNCLEAR and "booked" in self.sent

    @property
    def label(self) -> str:
        """The state as people read it: what the tool took is no doubt of theirs until they are asked."""
        return "processing" if self.is_taken and self.issue_id is None else self.state


class Unplaced(models.Model):
    """A booked document that has no posting anywhere. Triggers keep the rows (`integrations.unplaced`), nobody else."""

    document = models.OneToOneField(
        "invoicing.SalesDocument", primary_key=True, db_constraint=False, on_delete=models.DO_NOTHING, related_name="+"
    )
    entity = models.ForeignKey(
        "invoicing.CompanyEntity", db_constraint=False, db_index=False, on_delete=models.DO_NOTHING, related_name="+"
    )
    date = models.DateField()

    class Meta:
        verbose_name = _("document without a posting")
        verbose_name_plural = _("documents without a posting")
        default_permissions = ()
        indexes = [models.Index(fields=["entity", "date", "document"], name="integrations_unplaced_scope")]

    def __str__(self) -> str:
        return str(self.pk)


class BookedReference(models.Model):
    """A booking that stood in the books before our first send, read once per start date."""

    administration = models.ForeignKey(Administration, on_delete=models.CASCADE, related_name="booked_references")
    external_id = models.CharField(max_length=60)
    reference = models.CharField(max_length=60)
    reference_key = models.CharField(max_length=60)  # casefolded, without blanks
    kind = models.CharField(max_length=24, choices=[(k.value, k.value) for k in DocumentKind])
    party_external_id = models.CharField(max_length=60, blank=True)
    date = models.DateField()
    total = models.DecimalField(max_digits=14, decimal_places=2, null=True)
    currency = models.CharField(max_length=3, default="EUR")
    journal = models.CharField(max_length=40, blank=True)
    number = models.CharField(max_length=40, blank=True)

    class Meta:
        verbose_name = _("booking found in the tool")
        verbose_name_plural = _("bookings found in the tool")
        constraints = [
            models.UniqueConstraint(
                fields=["administration", "external_id"], name="integrations_bookedreference_unique"
            )
        ]
        indexes = [models.Index(fields=["administration", "reference_key"], name="integrations_booked_ref")]

    def __str__(self) -> str:
        return self.reference


class SettlementItem(models.Model):
    """A raw payment or matching row of the tool; payment state is computed from these and from nothing else."""

    administration = models.ForeignKey(Administration, on_delete=models.CASCADE, related_name="settlement_items")
    external_id = models.CharField(max_length=80)
    document_external_id = models.CharField(max_length=60)
    posting = models.ForeignKey(
        Posting, null=True, blank=True, on_delete=models.SET_NULL, related_name="settlement_items"
    )
    reference = models.CharField(max_length=60, blank=True)
    is_sales = models.BooleanField(default=True)
    amount = models.DecimalField(max_digits=14, decimal_places=2)
    settled = models.BooleanField(default=False)
    settled_on = models.DateField(null=True, blank=True)
    version = models.BigIntegerField(default=0)
    deleted = models.BooleanField(default=False)
    seen_at = models.DateTimeField()

    class Meta:
        verbose_name = _("settlement row")
        verbose_name_plural = _("settlement rows")
        constraints = [
            models.UniqueConstraint(fields=["administration", "external_id"], name="integrations_settlementitem_unique")
        ]
        indexes = [models.Index(fields=["administration", "document_external_id"], name="integrations_settlement_doc")]

    def __str__(self) -> str:
        return f"{self.reference} {self.amount}"
