"""Handing a booked document to the Peppol access point: by hand, when it is allowed, and once.

What leaves is kept before it leaves. A try that broke off may have left: a person looks at the access point first, and
it is repeated with the very same bytes. One that surely failed is written anew, with what was corrected since.
"""

from __future__ import annotations

import hashlib
import logging
from datetime import datetime, timedelta

from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from crm.audit import actor_name
from crm.numbers import is_valid_enterprise_number

from ..errors import NotPossible
from ..issued import Issued
from ..models import DeliveryState, PeppolDelivery, SalesDocument
from ..peppol.access import Message, NotTaken
from ..peppol.addresses import endpoint_of
from ..peppol.composing import compose
from ..peppol.document import Identifier
from ..peppol.writing import write
from ..printing import render
from .access import access_point
from .issuing import file_stem, issued, required, sentences
from .log import log_document

logger = logging.getLogger(__name__)

# A hand-over that says nothing for so long has broken off; whether it left, nobody here can tell.
BROKEN_OFF = timedelta(minutes=5)


def may_hand_over_here() -> bool:
    """Whether this installation has an access point."""
    return access_point() is not None


def delivery_of(document: SalesDocument) -> PeppolDelivery | None:
    """What became of the document on the network, without its contents; None: it was never handed over."""
    return PeppolDelivery.objects.defer("content").filter(document_id=document.pk).first()


def reasons_against(document: SalesDocument) -> tuple[str, ...]:
    """Return why the document may not be handed over, as sentences; empty: it may (domain rules 15.5)."""
    delivery = delivery_of(document)
    if delivery is not None and not _repeatable(timezone.now()).filter(pk=delivery.pk).exists():
        return (_under_way(document),)
    if access_point() is None:
        return (_("This installation has no Peppol access point. Whoever runs it can set one up."),)
    record = issued(document)
    return (*_rule_reasons(record), *sentences(compose(record).problems), *_unregistered(record))


def is_registered(document: SalesDocument) -> bool | None:
    """Whether the customer takes documents over the network; None: nobody here can tell."""
    receiver, point = endpoint_of(issued(document).buyer), access_point()
    return point.is_registered(receiver) if point is not None and receiver is not None else None


def _unregistered(record: Issued) -> tuple[str, ...]:
    """Why the network cannot deliver it, where that is known for sure (domain rules 15.5)."""
    receiver, point = endpoint_of(record.buyer), access_point()
    if receiver is None or point is None or point.is_registered(receiver) is not False:
        return ()
    text = _("%(customer)s is not registered on Peppol as %(address)s. Send the PDF by e-mail.")
    return (text % {"customer": record.buyer.name, "address": receiver},)


def _rule_reasons(record: Issued) -> tuple[str, ...]:
    seller, buyer = record.seller, record.buyer
    if seller.country != "BE":
        text = _("Only Belgian entities send through Peppol here, and %(entity)s is none. Send the PDF by e-mail.")
        return (text % {"entity": seller.name},)
    if not seller.peppol_id:
        text = _("%(entity)s has no Peppol ID, so it does not send through Peppol. Fill it in under Entities.")
        return (text % {"entity": seller.name},)
    number = buyer.enterprise_number or buyer.vat_number.removeprefix("BE")
    if buyer.country != "BE" or not is_valid_enterprise_number(number, "BE"):
        text = _("%(customer)s is no Belgian company with a valid VAT or enterprise number. Send the PDF.")
        return (text % {"customer": buyer.name},)
    return ()


def hand_over(*, document: SalesDocument, by: AbstractBaseUser | None, looked: bool = False) -> PeppolDelivery:
    """Hand the e-invoice to the access point and return what became of it; `state` is SENT or SENDING_FAILED.

    `looked`: a person looked at the access point and did not find there what broke off.

    Call it outside a transaction: what leaves is committed first. NotPossible: it may not be, or was handed over.
    """
    against = reasons_against(document)
    if against:
        raise NotPossible(" ".join(against))
    if not looked and PeppolDelivery.objects.filter(document_id=document.pk, state=DeliveryState.SENDING).exists():
        raise NotPossible(_("Nothing says that it left. Look at your access point before you hand it over again."))
    point = access_point()
    if point is None:
        raise NotPossible(_("This installation has no Peppol access point. Whoever runs it can set one up."))
    record = issued(document)
    sender, receiver = endpoint_of(record.seller), endpoint_of(record.buyer)
    if sender is None or receiver is None:
        raise NotPossible(_("The document says not where it goes. Fill in the Peppol ID of both sides."))
    delivery = _claimed(document, record, receiver, by)
    message = Message(
        key=f"{file_stem(document)}-{document.pk}", xml=bytes(delivery.content), sender=sender, receiver=receiver
    )
    try:
        delivery.message_id = point.send(message)[:200]
        delivery.state, delivery.error = DeliveryState.SENT, ""
    except NotTaken as error:
        logger.warning("document not handed over", extra={"document": document.pk}, exc_info=True)
        delivery.state, delivery.error = DeliveryState.SENDING_FAILED, str(error)
    with transaction.atomic():
        _keep(delivery)
        if delivery.state == DeliveryState.SENT:
            words = _("Handed over to Peppol, for %(receiver)s.") % {"receiver": delivery.receiver}
            log_document(document=document, by=by, message=words)
    logger.info("document handed over", extra={"document": document.pk, "state": delivery.state})
    return delivery


def _keep(delivery: PeppolDelivery) -> None:
    """Keep what became of it. An answer may have come before: then the delivery is further already, and stays there."""
    outcome = {"message_id": delivery.message_id, "changed_at": timezone.now()}
    sending = PeppolDelivery.objects.filter(pk=delivery.pk, state=DeliveryState.SENDING)
    if not sending.update(state=delivery.state, error=delivery.error, **outcome):
        PeppolDelivery.objects.filter(pk=delivery.pk).update(**outcome)


def _claimed(
    document: SalesDocument, record: Issued, receiver: Identifier, by: AbstractBaseUser | None
) -> PeppolDelivery:
    """The one delivery of the document, with what leaves; ours to send from here on. NotPossible: it is somebody else's."""
    now = timezone.now()
    delivery = PeppolDelivery.objects.filter(document_id=document.pk).first()
    if delivery is not None and delivery.state != DeliveryState.SENDING_FAILED:
        if _repeatable(now).filter(pk=delivery.pk).update(state=DeliveryState.SENDING, changed_at=now) != 1:
            raise NotPossible(_under_way(document))
        return delivery
    pdf = render(record)
    content = write(required(compose(record, pdf=pdf, pdf_name=f"{file_stem(document)}.pdf")))
    what = {
        "receiver": str(receiver)[:120],
        "content": content,
        "sha256": hashlib.sha256(content).hexdigest(),
        "handed_over_by": actor_name(by)[:150],
    }
    if delivery is not None:
        failed = PeppolDelivery.objects.filter(pk=delivery.pk, state=DeliveryState.SENDING_FAILED)
        if failed.update(state=DeliveryState.SENDING, changed_at=now, **what) != 1:
            raise NotPossible(_under_way(document))
        return PeppolDelivery.objects.get(pk=delivery.pk)
    try:
        with transaction.atomic():
            return PeppolDelivery.objects.create(document_id=document.pk, **what)
    except IntegrityError as error:
        raise NotPossible(_under_way(document)) from error


def _repeatable(now: datetime) -> QuerySet[PeppolDelivery]:
    """Deliveries that may be tried again: refused by the access point, or broken off without a word."""
    broken_off = Q(state=DeliveryState.SENDING, changed_at__lt=now - BROKEN_OFF)
    return PeppolDelivery.objects.filter(broken_off | Q(state=DeliveryState.SENDING_FAILED))


def _under_way(document: SalesDocument) -> str:
    return _("%(document)s is being handed over, or was already. Look at its page again in a moment.") % {
        "document": document
    }
