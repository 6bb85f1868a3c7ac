"""What a supplier is told of its e-invoice: that it was received, and what was decided. Each status once.

A row says what is to be told; a worker hands it to the access point. Receipt is told at once. A decision waits, so that
one made by mistake is taken back before anybody heard of it: why, says `peppol/statuses.py`. What surely failed is
tried again; what broke off may have left, and waits for a person. Source: domain rules 15.1.
"""

from __future__ import annotations

import logging
import uuid
from datetime import date, datetime, timedelta

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _
from django_q.tasks import async_task

from crm import audit

from ...errors import NotPossible
from ...models import (
    IncomingAccess,
    PurchaseDocument,
    PurchaseKind,
    ResponseCode,
    ReviewState,
    SupplierResponse,
    SupplierResponseState,
)
from ...peppol.access import Message, NotTaken
from ...peppol.addresses import is_in_use, parse_peppol_id
from ...peppol.document import Identifier
from ...peppol.reading.responses import Response
from ...peppol.responses import PROFILE, WITH_RESPONSE, InvoiceResponse, Named, write_response
from ...peppol.statuses import OTHER, REFUSED, may_follow
from ..access import access_point

logger = logging.getLogger(__name__)

SEND_ONE = "invoicing.services.purchases.responding.send_response"
SEND_DUE = "invoicing.services.purchases.responding.send_due"
# Where entities answer suppliers over the network.
_COUNTRIES = ("BE", "NL")
# Waits after each failure; after the last one a person is asked.
_WAITS = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 240, 720, 720, 720, 720))
_AT_ONCE = 100
_DECISIONS = {ResponseCode.ACCEPTED: ReviewState.APPROVED, ResponseCode.REFUSED: ReviewState.REFUSED}
_GONE = (SupplierResponseState.SENDING, SupplierResponseState.SENT)
_VAT_SCHEME = "99"


# --- Whether a supplier is told -----------------------------------------------------------------------------------


def demands_response(document: PurchaseDocument) -> bool:
    """Whether the supplier asked for an answer through the network."""
    return document.profile == WITH_RESPONSE


def is_answered(document: PurchaseDocument) -> bool:
    """Whether the supplier is told what becomes of it."""
    return _is_wanted(document) and not why_untold(document)


def _is_wanted(document: PurchaseDocument) -> bool:
    entity = document.entity
    return entity is not None and (entity.answers_suppliers or demands_response(document))


def why_untold(document: PurchaseDocument) -> str:
    """Why the supplier cannot be told through the network, in a sentence; empty: it can."""
    entity = document.entity
    if not document.is_peppol or entity is None or document.quarantine:
        return _("It is no e-invoice of ours.")
    if access_point() is None:
        return _("This installation has no Peppol access point. Tell the supplier yourself.")
    if entity.country not in _COUNTRIES or parse_peppol_id(entity.peppol_id) is None:
        return _("%(entity)s has no Peppol ID. Fill it in under Entities, or tell the supplier yourself.") % {
            "entity": entity
        }
    if document.copy_number:
        return _(
            "A document with this number came before, and an answer names the number alone. Tell the supplier yourself."
        )
    if not document.number or _address_of(document) is None:
        return _("It does not say to which Peppol address an answer goes. Tell the supplier yourself.")
    return ""


def _address_of(document: PurchaseDocument) -> Identifier | None:
    """Where the supplier is on the network: from the envelope, else from the document, as written there."""
    seen = document.supplier_snapshot
    known, written = str(seen.get("endpoint", "")), str(seen.get("address", ""))
    found = parse_peppol_id(written if written.lower() == known else known)
    if found is None or not is_in_use(found.scheme):
        return None
    if found.scheme.startswith(_VAT_SCHEME):
        return Identifier(scheme=found.scheme, value=found.value.upper())
    return found


# --- What is to be told -------------------------------------------------------------------------------------------


def note_receipt(document: PurchaseDocument) -> None:
    """Have the supplier told that the document arrived; in the caller's transaction, nothing where it is not told."""
    if is_answered(document):
        _note(document, ResponseCode.RECEIVED, by=None)


def note_decision(document: PurchaseDocument, by: AbstractBaseUser | None, *, reason_code: str = OTHER) -> None:
    """Have the supplier told of the decision, after a while; in the caller's transaction.

    `reason_code`: of a refusal, beside the words that the person gave. Nothing where the supplier is not told, or was
    told something after which this cannot follow.
    """
    code = next((code for code, review in _DECISIONS.items() if review == document.review), None)
    if code is None or not is_answered(document) or not may_follow(_told(document), code):
        return
    refused = code == ResponseCode.REFUSED
    _note(
        document,
        code,
        by=by,
        wait=timedelta(minutes=settings.BOEKBRUG_PEPPOL_RESPONSE_MINUTES),
        reason_code=reason_code if refused else "",
        reason=document.refusal_reason if refused else "",
    )


def _note(
    document: PurchaseDocument,
    code: ResponseCode,
    *,
    by: AbstractBaseUser | None,
    wait: timedelta = timedelta(),
    reason_code: str = "",
    reason: str = "",
) -> None:
    try:
        with transaction.atomic():
            row = SupplierResponse.objects.create(
                document=document,
                code=code,
                number=_new_number(),
                decided_on=timezone.localdate(),
                reason_code=reason_code,
                reason=reason[:300],
                not_before=timezone.now() + wait,
                by=audit.actor_name(by)[:150],
            )
    except IntegrityError:
        return  # it is told, or about to be
    if not wait:
        transaction.on_commit(lambda: _queue(SEND_ONE, row.pk))


def _new_number() -> str:
    return f"response-{uuid.uuid4().hex}"


def withdraw_decision(document: PurchaseDocument) -> None:
    """Leave a decision untold that is taken back; what left meanwhile stays told (`told_decision`)."""
    waiting = SupplierResponse.objects.filter(document_id=document.pk, code__in=_DECISIONS)
    waiting.filter(state__in=(SupplierResponseState.WAITING, SupplierResponseState.FAILED)).update(
        state=SupplierResponseState.WITHDRAWN, changed_at=timezone.now()
    )


def told_decision(document: PurchaseDocument) -> SupplierResponse | None:
    """The decision that the supplier knows, or may know."""
    found = SupplierResponse.objects.filter(document_id=document.pk, code__in=_DECISIONS, state__in=_GONE)
    return found.defer("content").order_by("-pk").first()


def is_told_otherwise(document: PurchaseDocument) -> bool:
    """Whether the supplier knows another decision than the one that holds, or one that was taken back."""
    told = told_decision(document)
    return told is not None and _DECISIONS[ResponseCode(told.code)] != document.review


def _told(document: PurchaseDocument) -> list[str]:
    gone = SupplierResponse.objects.filter(document_id=document.pk, state__in=_GONE)
    return list(gone.values_list("code", flat=True))


# --- Telling it ---------------------------------------------------------------------------------------------------


def queue_due() -> None:
    """Have told what is due; called at each look of the dispatcher."""
    if access_point() is not None and _due().exists():
        _queue(SEND_DUE)


def send_due() -> int:
    """Tell what is due, the oldest first, at most 100; returns how many suppliers were told. A task too."""
    return sum(send_response(pk) for pk in list(_due().order_by("pk").values_list("pk", flat=True)[:_AT_ONCE]))


def send_response(pk: int) -> bool:
    """Hand one answer to the access point; False where it did not leave. A task: may come twice, tells once."""
    point = access_point()
    row = _due().filter(pk=pk).select_related("document__entity").first()
    if row is None or point is None:
        return False
    document = row.document
    if not _still_holds(row):
        SupplierResponse.objects.filter(pk=pk, state=SupplierResponseState.WAITING).update(
            state=SupplierResponseState.WITHDRAWN, changed_at=timezone.now()
        )
        return False
    message = _message(row)
    if message is None:
        _failed(row, why_untold(document))
        return False
    if not _claimed(row, message):
        return False
    try:
        message_id = point.send(message)
    except NotTaken as error:
        logger.warning("answer not handed over", extra={"response": pk}, exc_info=True)
        _failed(row, str(error))
        return False
    _sent(row, message, message_id)
    return True


def _still_holds(row: SupplierResponse) -> bool:
    """Whether it is still to be told: the decision stands, nothing later was told, and the entity wants it yet."""
    document = row.document
    decided = _DECISIONS.get(ResponseCode(row.code), document.review)
    return decided == document.review and may_follow(_told(document), row.code) and _is_wanted(document)


def _due() -> QuerySet[SupplierResponse]:
    return SupplierResponse.objects.filter(state=SupplierResponseState.WAITING, not_before__lte=timezone.now())


def _claimed(row: SupplierResponse, message: Message) -> bool:
    """Commit what leaves before it leaves; False: it was taken back, or another worker has it.

    The decision is looked at in the same statement: one that is taken back in this moment leaves no more. It must not
    be joined to: Django would look our own row's state up in a subquery, which PostgreSQL does not look at again when
    it waited for another's change of the row.
    """
    decision = _DECISIONS.get(ResponseCode(row.code))
    waiting = SupplierResponse.objects.filter(pk=row.pk, state=SupplierResponseState.WAITING)
    if decision is not None:
        waiting = waiting.filter(Exists(PurchaseDocument.objects.filter(pk=OuterRef("document_id"), review=decision)))
    return (
        waiting.update(
            state=SupplierResponseState.SENDING,
            attempts=row.attempts + 1,
            content=message.xml,
            receiver=str(message.receiver)[:120],
            changed_at=timezone.now(),
        )
        == 1
    )


def _sent(row: SupplierResponse, message: Message, message_id: str) -> None:
    now = timezone.now()
    with transaction.atomic():
        SupplierResponse.objects.filter(pk=row.pk, state=SupplierResponseState.SENDING).update(
            state=SupplierResponseState.SENT, message_id=message_id[:200], error="", sent_at=now, changed_at=now
        )
        words = _("The supplier was told through Peppol: %(what)s.") % {"what": row.get_code_display()}
        audit.record(by=None, objects=[row.document], flag=audit.CHANGED, message=words)
    logger.info("supplier told", extra={"response": row.pk, "code": row.code})


def _failed(row: SupplierResponse, error: str) -> None:
    """It surely did not leave: it is tried again later, and in the end a person is asked."""
    now = timezone.now()
    tries = row.attempts + 1
    is_over = tries > len(_WAITS)
    SupplierResponse.objects.filter(
        pk=row.pk, state__in=(SupplierResponseState.WAITING, SupplierResponseState.SENDING)
    ).update(
        state=SupplierResponseState.FAILED if is_over else SupplierResponseState.WAITING,
        not_before=now if is_over else now + _WAITS[tries - 1],
        attempts=tries,
        error=error[:1000],
        changed_at=now,
    )


def _message(row: SupplierResponse) -> Message | None:
    document = row.document
    entity = document.entity
    sender = parse_peppol_id(entity.peppol_id) if entity is not None else None
    receiver = _address_of(document)
    if entity is None or sender is None or receiver is None:
        return None
    response = InvoiceResponse(
        number=row.number,
        day=_day(row.created_at),
        sender=Named(endpoint=sender, name=entity.name),
        receiver=Named(endpoint=receiver, name=document.supplier_name or str(receiver)),
        code=row.code,
        decided_on=row.decided_on,
        document_number=document.number,
        document_day=document.date,
        document_type=document.type_code or ("381" if document.kind == PurchaseKind.CREDIT_NOTE else "380"),
        profile=WITH_RESPONSE if demands_response(document) else PROFILE,
        reason_code=row.reason_code,
        reason=row.reason,
    )
    return Message(key=row.number, xml=write_response(response), sender=sender, receiver=receiver)


def _day(moment: datetime) -> date:
    return timezone.localdate(moment)


def note_network(response: Response, access: IncomingAccess | None) -> SupplierResponse | None:
    """Note what the network says of an answer of ours on its way; None: it says nothing of one.

    Turned down, the supplier did not get it, and a person is asked; anything else proves that it left.
    """
    named = Q(number=response.document) | (Q(message_id=response.document) & ~Q(message_id=""))
    rows = SupplierResponse.objects.filter(named).select_related("document").defer("content")
    if access is not None:
        rows = rows.filter(document__entity=access.entity_id)
    row = rows.first()
    if row is None:
        return None
    mine, now = SupplierResponse.objects.filter(pk=row.pk), timezone.now()
    if response.code == REFUSED:
        words = _("The network turned it down: %(why)s") % {"why": response.words or "–"}
        changed = mine.filter(state__in=_GONE).update(
            state=SupplierResponseState.FAILED,
            error=words[:1000],
            message_id=row.message_id or row.number,
            changed_at=now,
        )
        if changed:
            audit.record(by=None, objects=[row.document], flag=audit.CHANGED, message=words[:2000])
    else:
        mine.filter(state=SupplierResponseState.SENDING).update(
            state=SupplierResponseState.SENT, sent_at=now, changed_at=now
        )
    return row


def send_again(*, document: PurchaseDocument, pk: int, by: AbstractBaseUser | None, looked: bool = False) -> None:
    """Have an answer told that was given up, or of which nobody knows whether it left.

    `looked`: the person looked at the access point, and it is not there. NotPossible: it left, or is on its way.
    """
    now = timezone.now()
    row = SupplierResponse.objects.filter(document_id=document.pk, pk=pk).defer("content").first()
    if row is None:
        raise NotPossible(_("This answer is not there any more."))
    if row.is_unclear and not looked:
        raise NotPossible(_("Nothing says whether it left. Look at your access point before you send it again."))
    # What left before is another message now: under its number the access point would take it for the same.
    number = _new_number() if row.message_id else row.number
    again = SupplierResponse.objects.for_people().filter(pk=pk)
    if not again.update(
        state=SupplierResponseState.WAITING, number=number, message_id="", not_before=now, attempts=0, changed_at=now
    ):
        raise NotPossible(_("It is on its way, or was told already. Look at this page again in a moment."))
    words = _("Tell the supplier again: %(what)s.") % {"what": row.get_code_display()}
    audit.record(by=by, objects=[document], flag=audit.CHANGED, message=words)
    transaction.on_commit(lambda: _queue(SEND_ONE, pk))


def _queue(task: str, *args: int) -> None:
    try:
        async_task(task, *args, task_name="answer to a supplier")
    except Exception:
        # The dispatcher's next look queues it again.
        logger.exception("the queue did not take an answer to a supplier")
