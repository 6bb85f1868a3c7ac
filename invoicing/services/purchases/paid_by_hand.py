"""Paid, said by a person: where the books cannot tell, or there are none. Never sent to a tool; no sync takes it back."""

from __future__ import annotations

from datetime import date

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from config.figures import day
from crm import audit

from ...errors import NotPossible
from ...models import PurchaseDocument, PurchasePayment, ReviewState
from ...payment_state import ZERO


@transaction.atomic
def mark_paid(*, document: PurchaseDocument, on: date, by: AbstractBaseUser | None) -> PurchaseDocument:
    """Call an approved document paid in full on that day. Logged. NotPossible: not approved, paid already, or tomorrow."""
    found = PurchaseDocument.objects.select_for_update().get(pk=document.pk)
    if found.review != ReviewState.APPROVED:
        raise NotPossible(_("%(document)s is not approved.") % {"document": found})
    if found.payment_state == PurchasePayment.PAID:
        raise NotPossible(_("%(document)s is paid already.") % {"document": found})
    if on > timezone.localdate():
        raise NotPossible(_("The day of the payment lies in the future."))
    found.payment_state, found.paid_amount, found.paid_on = PurchasePayment.PAID, found.total, on
    found.save()
    words = _("Marked as paid on %(day)s.") % {"day": day(on)}
    audit.record(by=by, objects=[found], flag=audit.CHANGED, message=words)
    return found


@transaction.atomic
def mark_open(*, document: PurchaseDocument, by: AbstractBaseUser | None) -> PurchaseDocument:
    """Take "paid" back, whoever said it. Logged. The books may say it again when something changes there."""
    found = PurchaseDocument.objects.select_for_update().get(pk=document.pk)
    if found.payment_state != PurchasePayment.PAID:
        raise NotPossible(_("%(document)s is not paid.") % {"document": found})
    found.payment_state, found.paid_amount, found.paid_on = PurchasePayment.OPEN, ZERO, None
    found.save()
    audit.record(by=by, objects=[found], flag=audit.CHANGED, message=_("Marked as not paid."))
    return found
