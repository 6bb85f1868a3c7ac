"""E-invoices handed to a Peppol access point: once per document, with what was handed over and what became of it."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from .documents import SalesDocument


class DeliveryState(models.TextChoices):
    """Where a document is on the network (domain rules 15.6)."""

    SENDING = "sending", _("Sending")
    SENDING_FAILED = "sending_failed", _("Sending failed")
    SENT = "sent", _("Sent")
    APPLICATION_ACKNOWLEDGED = "application_acknowledged", _("Acknowledged by the network")
    APPLICATION_ACCEPTED = "application_accepted", _("Accepted by the network")
    APPLICATION_REJECTED = "application_rejected", _("Rejected by the network")
    RECEIVER_ACKNOWLEDGED = "receiver_acknowledged", _("Acknowledged by the customer")
    RECEIVER_ACCEPTED = "receiver_accepted", _("Accepted by the customer")
    RECEIVER_REJECTED = "receiver_rejected", _("Rejected by the customer")
    RECEIVER_IS_PROCESSING = "receiver_is_processing", _("Being processed by the customer")
    RECEIVER_AWAITS_FEEDBACK = "receiver_awaits_feedback", _("The customer awaits an answer")
    RECEIVER_CONDITIONALLY_ACCEPTED = "receiver_conditionally_accepted", _("Accepted on conditions")
    RECEIVER_PAID = "receiver_paid", _("Paid according to the customer")


class PeppolDelivery(models.Model):
    """The one handing over of a booked document. `content` is the UBL as it left, byte for byte."""

    document = models.OneToOneField(
        SalesDocument, verbose_name=_("document"), on_delete=models.PROTECT, related_name="peppol_delivery"
    )
    state = models.CharField(
        _("state"), max_length=32, choices=DeliveryState.choices, default=DeliveryState.SENDING, editable=False
    )
    receiver = models.CharField(_("receiver"), max_length=120, editable=False)
    content = models.BinaryField(editable=False)
    sha256 = models.CharField(max_length=64, editable=False)
    message_id = models.CharField(_("message id"), max_length=200, blank=True, editable=False)
    error = models.TextField(_("what went wrong"), blank=True, editable=False)
    # An answer asks for a person; pressed away by one, or by a later answer that asks for nobody.
    needs_person = models.BooleanField(default=False, editable=False)
    handed_over_by = models.CharField(_("handed over by"), max_length=150, editable=False)
    created_at = models.DateTimeField(_("handed over"), auto_now_add=True)
    changed_at = models.DateTimeField(_("changed"), auto_now=True)

    class Meta:
        verbose_name = _("Peppol delivery")
        verbose_name_plural = _("Peppol deliveries")
        # Has no page of its own: who may work on a document may hand it over.
        default_permissions = ()
        indexes = [
            models.Index(fields=["document"], condition=models.Q(needs_person=True), name="invoicing_dlv_person"),
            models.Index(fields=["state"], name="invoicing_dlv_state"),
        ]

    def __str__(self) -> str:
        return f"{self.document}: {self.get_state_display()}"
