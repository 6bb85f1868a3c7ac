"""What customers and the network say of documents that we handed over: found, kept, and the delivery's state moved on.

Comes in by the same ways as expenses. An answer is believed where it is addressed to the entity that sent the document
and comes from whom it went to; any other is refused with the reason, and kept like every refused file. A state never
goes back (`peppol/statuses.py`): a late answer is kept and changes nothing. Source: domain rules 15.6.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable
from dataclasses import asdict

from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from crm import audit
from crm.numbers import enterprise_number_of, normalise_enterprise_number, normalise_vat_number

from ...models import (
    CompanyEntity,
    DeliveryResponse,
    DeliveryState,
    IncomingAccess,
    PeppolDelivery,
    ResponseCode,
)
from ...peppol.document import Identifier, Party
from ...peppol.reading import NotReadable
from ...peppol.reading.responses import Response
from ..log import log_document
from .addressing import Numbers, endpoint_text, numbers_of, numbers_of_entity

logger = logging.getLogger(__name__)

_BY_CUSTOMER = {
    ResponseCode.RECEIVED: DeliveryState.RECEIVER_ACKNOWLEDGED,
    ResponseCode.IN_PROCESS: DeliveryState.RECEIVER_IS_PROCESSING,
    ResponseCode.ASKED: DeliveryState.RECEIVER_AWAITS_FEEDBACK,
    ResponseCode.ON_CONDITIONS: DeliveryState.RECEIVER_CONDITIONALLY_ACCEPTED,
    ResponseCode.REFUSED: DeliveryState.RECEIVER_REJECTED,
    ResponseCode.ACCEPTED: DeliveryState.RECEIVER_ACCEPTED,
    ResponseCode.PAID: DeliveryState.RECEIVER_PAID,
}
_BY_NETWORK = {
    ResponseCode.RECEIVED: DeliveryState.APPLICATION_ACKNOWLEDGED,
    ResponseCode.ACCEPTED: DeliveryState.APPLICATION_ACCEPTED,
    ResponseCode.REFUSED: DeliveryState.APPLICATION_REJECTED,
}
# From which states each may come. A state before an answer is one of ours; the network speaks before the customer.
_OURS = (DeliveryState.SENDING, DeliveryState.SENDING_FAILED, DeliveryState.SENT)
_IN_ORDER = (
    DeliveryState.APPLICATION_ACKNOWLEDGED,
    DeliveryState.APPLICATION_ACCEPTED,
    DeliveryState.APPLICATION_REJECTED,
    DeliveryState.RECEIVER_ACKNOWLEDGED,
    DeliveryState.RECEIVER_IS_PROCESSING,
    DeliveryState.RECEIVER_AWAITS_FEEDBACK,
    DeliveryState.RECEIVER_CONDITIONALLY_ACCEPTED,
    DeliveryState.RECEIVER_REJECTED,
    DeliveryState.RECEIVER_ACCEPTED,
    DeliveryState.RECEIVER_PAID,
)
# After which nothing more is believed.
_LAST = (DeliveryState.RECEIVER_REJECTED, DeliveryState.RECEIVER_PAID)
# What cannot both be: what came second moves nothing, and asks for a person.
_YES = frozenset({DeliveryState.RECEIVER_ACCEPTED, DeliveryState.RECEIVER_PAID})
# What asks for a person.
ASKING = frozenset(
    {
        DeliveryState.APPLICATION_REJECTED,
        DeliveryState.RECEIVER_REJECTED,
        DeliveryState.RECEIVER_AWAITS_FEEDBACK,
        DeliveryState.RECEIVER_CONDITIONALLY_ACCEPTED,
    }
)


def state_of(response: Response) -> DeliveryState:
    """What the answer says of the delivery. Paid in part is accepted: it is not paid."""
    if response.is_network:
        return _BY_NETWORK[ResponseCode(response.code)]
    if response.code == ResponseCode.PAID and response.is_part_payment:
        return DeliveryState.RECEIVER_ACCEPTED
    return _BY_CUSTOMER[ResponseCode(response.code)]


def states_before(state: DeliveryState) -> tuple[DeliveryState, ...]:
    """The states from which a delivery may come to this one; a question may be asked again."""
    earlier = (known for known in _IN_ORDER[: _IN_ORDER.index(state)] if known not in _LAST)
    again = (state,) if state == DeliveryState.RECEIVER_AWAITS_FEEDBACK else ()
    return (*_OURS, *earlier, *again)


def answered_before(digest: str) -> DeliveryResponse | None:
    """The answer that this very file was; None: it is new."""
    found = DeliveryResponse.objects.filter(sha256=digest).defer("content")
    return found.select_related("delivery__document").first()


def find_delivery(response: Response, access: IncomingAccess | None) -> PeppolDelivery | NotReadable:
    """The delivery that is answered, or why none is: nobody knows the document, or it is another's to speak of."""
    about = Q(document__number=response.document)
    if response.is_network:
        about |= Q(message_id=response.document)
    found = list(
        PeppolDelivery.objects.defer("content").filter(about).select_related("document__entity").order_by("pk")[:50]
    )
    if not found:
        text = gettext_noop(
            "It answers %(number)s, which was not handed over to Peppol here. Look whether you sent it with another program."
        )
        return _refusal("response-unknown", text, number=response.document[:80])
    if access is not None:
        found = [row for row in found if row.document.entity_id == access.entity_id]
    # The network answers whoever sent the message, which may be the access point, and not the entity.
    named = [row for row in found if response.is_network and row.message_id == response.document]
    found = named or [row for row in found if _is_addressed(response, row.document.entity)]
    if len(found) != 1:
        text = gettext_noop(
            "It answers %(number)s and is addressed to %(receiver)s, which is not the entity that sent it. Ask the sender for a right one."
        )
        return _refusal(
            "response-address", text, number=response.document[:80], receiver=str(response.receiver or "–")[:80]
        )
    (delivery,) = found
    if not response.is_network and not _is_from_customer(response, delivery):
        text = gettext_noop(
            "It answers %(number)s and comes from %(sender)s, but the document went to %(receiver)s. Ask your customer whether it is theirs."
        )
        return _refusal(
            "response-sender",
            text,
            number=response.document[:80],
            sender=str(response.sender or "–")[:80],
            receiver=delivery.receiver,
        )
    return delivery


def _refusal(code: str, text: str, **values: str) -> NotReadable:
    return NotReadable(code=code, text=text, values=values)


def _is_addressed(response: Response, entity: CompanyEntity) -> bool:
    return _share(_numbers((response.receiver,), entity.country), numbers_of_entity(entity))


def _is_from_customer(response: Response, delivery: PeppolDelivery) -> bool:
    """Whether it comes from where the document went, from the buyer's other address, or names the buyer as its own."""
    buyer = delivery.document.buyer_snapshot
    country = str(buyer.get("country", ""))
    vat = normalise_vat_number(str(buyer.get("vat_number", "")), country)
    enterprise = normalise_enterprise_number(str(buyer.get("enterprise_number", "")), country)
    known = Numbers(endpoint=delivery.receiver.lower(), vat=vat, enterprise=enterprise or enterprise_number_of(vat))
    return any(
        _share(_numbers((said,), country), known) for said in (response.sender, *response.buyers) if said is not None
    )


def _numbers(identifiers: Iterable[Identifier | None], country: str) -> Numbers:
    found = tuple(identifier for identifier in identifiers if identifier is not None)
    numbers = numbers_of(Party(endpoint=found[0] if found else None))
    return Numbers(endpoint=endpoint_text(found[0]) if found else "", vat=numbers.vat, enterprise=numbers.enterprise)


def _share(one: Numbers, other: Numbers) -> bool:
    return any(
        (mine := getattr(one, kind)) and mine == getattr(other, kind) for kind in ("endpoint", "vat", "enterprise")
    )


def note_response(
    *,
    response: Response,
    delivery: PeppolDelivery,
    data: bytes,
    access: IncomingAccess | None,
    by: AbstractBaseUser | None,
) -> tuple[DeliveryResponse, bool]:
    """Keep the answer and move the delivery on, in one transaction; False: the same was said before, nothing changed."""
    state = state_of(response)
    level = "network" if response.is_network else "customer"
    said = (level, str(response.sender or ""), response.number, response.document, response.code, response.words)
    identity = hashlib.sha256("\n".join(said).encode()).hexdigest()
    try:
        with transaction.atomic():
            counted = _move(delivery, state) or _stands_at(delivery, state)
            row = DeliveryResponse.objects.create(
                delivery=delivery,
                is_network=response.is_network,
                code=response.code,
                state=state,
                counted=counted,
                contradicts=not counted and _contradicts(delivery, state),
                sender=str(response.sender or "")[:120],
                sender_name=response.sender_name[:200],
                number=response.number[:200],
                said_on=response.day,
                reasons=[
                    {"list": reason["list_id"], "code": reason["code"], "text": reason["text"][:1000]}
                    for reason in map(asdict, response.reasons)
                ],
                words=response.words,
                identity=identity,
                sha256=response.sha256,
                content=data,
                access=access,
                received_by=(audit.actor_name(by) if access is None else str(access))[:150],
            )
            log_document(document=delivery.document, by=by, message=_log_words(row))
    except IntegrityError:
        known = DeliveryResponse.objects.filter(Q(identity=identity) | Q(sha256=response.sha256)).first()
        if known is None:
            raise
        return known, False
    logger.info("document answered", extra={"delivery": delivery.pk, "became": state.value, "counted": row.counted})
    return row, True


def _move(delivery: PeppolDelivery, state: DeliveryState) -> bool:
    """Set the delivery's state where it may come from its present one; False: it stays.

    An answer proves that the document arrived, whatever became of our own hand-over.
    """
    moved = PeppolDelivery.objects.filter(pk=delivery.pk, state__in=states_before(state))
    return moved.update(state=state, needs_person=state in ASKING, error="", changed_at=timezone.now()) == 1


def _contradicts(delivery: PeppolDelivery, state: DeliveryState) -> bool:
    """Whether the customer said the opposite before; then a person is asked, whoever of the two is believed."""
    opposite = _YES if state == DeliveryState.RECEIVER_REJECTED else {DeliveryState.RECEIVER_REJECTED}
    if state != DeliveryState.RECEIVER_REJECTED and state not in _YES:
        return False
    return PeppolDelivery.objects.filter(pk=delivery.pk, state__in=opposite).update(needs_person=True) == 1


def _stands_at(delivery: PeppolDelivery, state: DeliveryState) -> bool:
    return PeppolDelivery.objects.filter(pk=delivery.pk, state=state).exists()


def _log_words(row: DeliveryResponse) -> str:
    words = _("Peppol: %(state)s.") % {"state": row.get_state_display()}
    if row.words:
        words += f" {' '.join(row.words.split())}"
    if row.contradicts:
        words += " " + _("It contradicts what was said before, so it changes nothing here.")
    elif not row.counted:
        words += " " + _("It came after a later answer and changes nothing.")
    return words[:2000]


def attend(*, delivery: PeppolDelivery, by: AbstractBaseUser | None) -> None:
    """Note that a person dealt with what the answer asks for; a later answer may ask again."""
    with transaction.atomic():
        if PeppolDelivery.objects.filter(pk=delivery.pk, needs_person=True).update(needs_person=False):
            log_document(document=delivery.document, by=by, message=_("The answer through Peppol was dealt with."))
