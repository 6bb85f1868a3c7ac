"""What is said over the network of a document that was delivered: of ours by customers, of theirs by us."""

from __future__ import annotations

from datetime import timedelta

from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from .deliveries import DeliveryState, PeppolDelivery
from .incoming import IncomingAccess
from .purchases import PurchaseDocument

# A message that is being handed over for so long has broken off; whether it left, nobody here can tell.
RESPONSE_BROKEN_OFF = timedelta(minutes=5)


class ResponseCode(models.TextChoices):
    """A status of an invoice, as the network writes it, in the order in which they may follow (peppol/statuses.py)."""

    RECEIVED = "AB", pgettext_lazy("e-invoice", "received")
    IN_PROCESS = "IP", pgettext_lazy("e-invoice", "being processed")
    ASKED = "UQ", pgettext_lazy("e-invoice", "asks something")
    ON_CONDITIONS = "CA", pgettext_lazy("e-invoice", "accepted on conditions")
    REFUSED = "RE", pgettext_lazy("e-invoice", "refused")
    ACCEPTED = "AP", pgettext_lazy("e-invoice", "accepted")
    PAID = "PD", pgettext_lazy("e-invoice", "paid")


class DeliveryResponse(models.Model):
    """One answer to a document of ours, by the customer or by the network on the way there. Added and never changed."""

    delivery = models.ForeignKey(PeppolDelivery, on_delete=models.PROTECT, related_name="responses")
    is_network = models.BooleanField(default=False)
    code = models.CharField(max_length=2, choices=ResponseCode.choices)
    # What the delivery became by it; `counted` False: a later answer was here before, or it went back.
    state = models.CharField(max_length=32, choices=DeliveryState.choices)
    counted = models.BooleanField()
    # Refused after it was accepted or paid, or the other way round: a person asks which one holds.
    contradicts = models.BooleanField(default=False)
    sender = models.CharField(max_length=120, blank=True)
    sender_name = models.CharField(max_length=200, blank=True)
    number = models.CharField(max_length=200)  # of the message, as its sender numbers them
    said_on = models.DateField(null=True)
    reasons = models.JSONField(default=list)  # [{"list", "code", "text"}]
    words = models.TextField(blank=True)
    # Of sender, number, document, status and words: one that says nothing new is the same answer.
    identity = models.CharField(max_length=64, unique=True)
    sha256 = models.CharField(max_length=64, unique=True)
    content = models.BinaryField()
    access = models.ForeignKey(IncomingAccess, null=True, on_delete=models.SET_NULL, related_name="+")
    received_at = models.DateTimeField(auto_now_add=True)
    received_by = models.CharField(max_length=150, blank=True)

    class Meta:
        verbose_name = _("answer to an e-invoice")
        verbose_name_plural = _("answers to e-invoices")
        default_permissions = ()
        ordering = ["delivery", "-received_at", "-pk"]

    def __str__(self) -> str:
        return f"{self.delivery_id} {self.code}"


class SupplierResponseState(models.TextChoices):
    WAITING = "waiting", pgettext_lazy("answer", "Waiting")
    SENDING = "sending", pgettext_lazy("answer", "Sending")
    SENT = "sent", pgettext_lazy("answer", "Told")
    FAILED = "failed", pgettext_lazy("answer", "Failed")
    WITHDRAWN = "withdrawn", pgettext_lazy("answer", "Withdrawn")


class SupplierResponseQuerySet(models.QuerySet["SupplierResponse"]):
    def for_people(self) -> SupplierResponseQuerySet:
        """Answers that a person has to see to: given up, or broken off on their way."""
        broken_off = Q(state=SupplierResponseState.SENDING, changed_at__lt=timezone.now() - RESPONSE_BROKEN_OFF)
        return self.filter(broken_off | Q(state=SupplierResponseState.FAILED))


class SupplierResponse(models.Model):
    """One status of an expense that its supplier is told through the access point, once.

    A decision waits until `not_before`, so that one taken back by then is never told.
    """

    document = models.ForeignKey(PurchaseDocument, on_delete=models.CASCADE, related_name="responses")
    code = models.CharField(max_length=2, choices=ResponseCode.choices)
    state = models.CharField(max_length=9, choices=SupplierResponseState.choices, default=SupplierResponseState.WAITING)
    number = models.CharField(max_length=60, unique=True)  # of the message, and its key at the access point
    decided_on = models.DateField()
    reason_code = models.CharField(max_length=3, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    not_before = models.DateTimeField()
    attempts = models.PositiveSmallIntegerField(default=0)
    error = models.TextField(blank=True)
    receiver = models.CharField(max_length=120, blank=True)
    content = models.BinaryField(default=bytes)
    message_id = models.CharField(max_length=200, blank=True)
    by = models.CharField(max_length=150)
    created_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(auto_now=True)
    sent_at = models.DateTimeField(null=True)

    objects = SupplierResponseQuerySet.as_manager()

    class Meta:
        verbose_name = _("answer to a supplier")
        verbose_name_plural = _("answers to suppliers")
        default_permissions = ()
        ordering = ["document", "pk"]
        indexes = [
            models.Index(
                fields=["not_before"], condition=Q(state=SupplierResponseState.WAITING), name="invoicing_srp_due"
            ),
            models.Index(
                fields=["document"],
                condition=Q(state__in=[SupplierResponseState.SENDING, SupplierResponseState.FAILED]),
                name="invoicing_srp_people",
            ),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["document", "code"],
                condition=~Q(state=SupplierResponseState.WITHDRAWN),
                name="invoicing_srp_told_once",
            )
        ]

    def __str__(self) -> str:
        return f"{self.document_id} {self.code}"

    @property
    def is_unclear(self) -> bool:
        """Whether handing it over broke off, so that nobody here knows whether it left."""
        return self.state == SupplierResponseState.SENDING and self.changed_at < timezone.now() - RESPONSE_BROKEN_OFF
