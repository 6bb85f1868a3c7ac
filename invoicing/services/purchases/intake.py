"""From bytes to a purchase document: read, addressed, matched, stored in one transaction, or refused with a reason.

The same file is told and not stored again; the same document in another file is stored with a warning. A file that
cannot be read leaves nothing behind. Whatever way it came, it goes through `receive`.
"""

from __future__ import annotations

import enum
import hashlib
import logging
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext

from config.figures import amount, day
from crm import audit

from ...errors import NotPossible
from ...models import (
    CompanyEntity,
    DeliveryResponse,
    FileRole,
    IncomingAccess,
    PurchaseDocument,
    PurchaseFile,
    PurchaseKind,
    PurchasePayment,
    PurchaseSource,
    Quarantine,
    SalesDocument,
)
from ...peppol.document import Finding
from ...peppol.reading import Limits, NotReadable, Reading, read
from ...peppol.reading.responses import read_response
from . import responding, self_billed, suppliers
from .addressing import Numbers, find_entity, numbers_of
from .delivered import answered_before, find_delivery, note_response
from .duplicates import identity_of, next_copy
from .officially import official_findings
from .proposals import propose
from .quarantine import buyer_of, lift_quarantine, read_again
from .rates import note_rate
from .storing import KINDS, add_parts, fill, finding_rows, largest

logger = logging.getLogger(__name__)

_TRIES = 5


class Answer(enum.StrEnum):
    STORED = "stored"
    KNOWN = "known"  # this very file, or this very message, was received before
    REFUSED = "refused"
    QUEUED = "queued"  # stored, and read by a worker in a moment


@dataclass(frozen=True, slots=True, kw_only=True)
class Received:
    """What became of a file. `text` says it to people; `code` is stable, e.g. "doctype" or "known".

    `reason`: of a file that cannot be read, the sentence and its values, to be translated where it is shown.
    """

    answer: Answer
    document: PurchaseDocument | None = None
    sale: SalesDocument | None = None  # the document of ours that the file answers
    code: str = ""
    text: str = ""
    reason: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """How a file came: by whom, under what name, and for an access point through which token and as which message.

    `from_wire`: an access point brought it, whose token may be gone since; only UBL is taken from there.
    """

    name: str = ""
    by: AbstractBaseUser | None = None
    access: IncomingAccess | None = None
    message_id: str = ""
    entity: CompanyEntity | None = None  # chosen by a person: decides for a PDF, and between entities of one number
    from_wire: bool = False


def sentence(text: str, values: Mapping[str, Any]) -> str:
    """A sentence of the reader in the language of whoever reads it; a translation that lost a place is not shown."""
    try:
        return (
            gettext(text) % {name: _shown(name, value) for name, value in values.items()} if values else gettext(text)
        )
    except (KeyError, ValueError, TypeError):
        return text


_MONEY = frozenset({"stated", "expected", "base"})
_PLAIN_NUMBER = re.compile(r"-?\d{1,15}(\.\d{1,2})?")


def _shown(name: str, value: Any) -> Any:
    """An amount with its two decimals, as the reader's language writes it; anything else as it is."""
    return amount(Decimal(value)) if name in _MONEY and _PLAIN_NUMBER.fullmatch(str(value)) else value


def receive(*, data: bytes, delivery: Delivery) -> Received:
    """Take one file in. Never raises for what is in it. Stores all of it, in one transaction, or nothing."""
    digest = hashlib.sha256(data).hexdigest()
    known = known_before(digest, delivery)
    if known is not None:
        return _address_again(known, delivery) or known
    if data[:5] == b"%PDF-" and not (delivery.access or delivery.from_wire):
        return _keep_pdf(data, digest, delivery)
    found = read(data, Limits(message=largest()))
    if isinstance(found, NotReadable):
        if found.code == "self-billing":
            return _store(lambda: _apart(data, digest, delivery), digest, delivery)
        if found.code == "response":
            return _answered(data, delivery)
        return _refused(found, len(data))
    if delivery.access is not None and not delivery.message_id and found.message_id:
        # The envelope names the message where the header did not.
        delivery = replace(delivery, message_id=found.message_id[:200])
        if (known := known_before(digest, delivery)) is not None:
            return known
    findings = (*found.findings, *official_findings(found))
    return _store(lambda: _keep(data, found, findings, delivery), digest, delivery)


def _refused(found: NotReadable, size: int) -> Received:
    logger.info("document refused", extra={"reason": found.code, "bytes": size})
    return Received(
        answer=Answer.REFUSED,
        code=found.code,
        text=sentence(found.text, found.values),
        reason={"text": found.text, "values": dict(found.values)},
    )


def _answered(data: bytes, delivery: Delivery) -> Received:
    """Take in what somebody says of a document of ours; without a document that it can mean it is refused."""
    response = read_response(data, Limits(message=largest()))
    if isinstance(response, NotReadable):
        return _refused(response, len(data))
    if response.is_network and (told := responding.note_network(response, delivery.access)) is not None:
        words = gettext("What the network said of an answer to the supplier of %(document)s is noted.")
        text = words % {"document": told.document}
        return Received(answer=Answer.STORED, document=told.document, code="response", text=text)
    found = find_delivery(response, delivery.access)
    if isinstance(found, NotReadable):
        return _refused(found, len(data))
    row, is_new = note_response(response=response, delivery=found, data=data, access=delivery.access, by=delivery.by)
    if not is_new:
        return _known_answer(row)
    text = gettext("What was said of %(document)s is noted: %(state)s.")
    words = text % {"document": found.document, "state": row.get_state_display()}
    return Received(answer=Answer.STORED, sale=found.document, code="response", text=words)


def _known_answer(row: DeliveryResponse) -> Received:
    words = gettext("This answer was received before. Nothing changes.")
    return Received(answer=Answer.KNOWN, sale=row.delivery.document, code="known", text=words)


def known_before(digest: str, delivery: Delivery) -> Received | None:
    """What is told of a file that is a document already, or of another one under its message id; None: it is new."""
    if (answer := answered_before(digest)) is not None:
        return _known_answer(answer)
    same = Q(sha256=digest)
    if delivery.message_id and delivery.access is not None:
        same |= Q(access=delivery.access, message_id=delivery.message_id)
    # One look at both: between two of them somebody else may have stored the very same file.
    found = {row.sha256: row for row in PurchaseDocument.objects.filter(same).select_related("entity")}
    if (by_file := found.get(digest)) is not None:
        text = gettext("%(document)s was received before, on %(day)s. It is not stored again.")
        words = text % {"document": by_file, "day": day(timezone.localtime(by_file.received_at).date())}
        if by_file.quarantine and by_file.is_pending:
            words += " " + gettext("It is in quarantine: %(reason)s.") % {
                "reason": by_file.get_quarantine_display().lower()
            }
        return Received(answer=Answer.KNOWN, document=by_file, code="known", text=words)
    if found:
        words = gettext("Another file was received under this message id. Send it under an id of its own.")
        return Received(answer=Answer.REFUSED, document=next(iter(found.values())), code="message-id", text=words)
    return None


def _address_again(known: Received, delivery: Delivery) -> Received | None:
    """Out of quarantine where the same file comes by a way that settles whose it is; None: it stays as it is."""
    row = known.document
    if known.answer is not Answer.KNOWN or row is None or not row.quarantine or not row.is_pending:
        return None
    reading = read_again(row)
    if reading is None:
        return None
    wanted = delivery.access.entity if delivery.access is not None else None
    entity, _why = find_entity(buyer_of(reading)[1], wanted=wanted, chosen=delivery.entity)
    if entity is None:
        return None
    try:
        reason = gettext("received again, and its numbers name this entity")
        row = lift_quarantine(document=row, entity=entity, reason=reason, by=delivery.by)
    except NotPossible:
        return None  # somebody decided about it in this moment
    return Received(answer=Answer.STORED, document=row, code="stored", text=_words(row))


def _store(keep: Any, digest: str, delivery: Delivery) -> Received:
    """Run `keep` in a transaction; where a constraint says that another got there first, look again."""
    for _attempt in range(_TRIES):
        try:
            with transaction.atomic():
                row: PurchaseDocument = keep()
        except IntegrityError:
            known = known_before(digest, delivery)
            if known is not None:
                return known
            continue  # two files of one document at once: the second takes the next copy number
        except NotPossible as error:
            return Received(answer=Answer.REFUSED, code="not-possible", text=str(error))
        logger.info("document received", extra={"purchase": row.pk, "quarantine": row.quarantine})
        return Received(answer=Answer.STORED, document=row, code=row.quarantine or "stored", text=_words(row))
    return Received(answer=Answer.REFUSED, code="busy", text=gettext("Try again: others are being stored right now."))


def _words(row: PurchaseDocument) -> str:
    if row.quarantine:
        text = gettext("%(document)s is kept in quarantine: %(reason)s.")
        return text % {"document": row, "reason": row.get_quarantine_display().lower()}
    return gettext("%(document)s is received.") % {"document": row}


def _keep(data: bytes, found: Reading, findings: tuple[Finding, ...], delivery: Delivery) -> PurchaseDocument:
    document = found.document
    seller = numbers_of(document.seller, found.sender)
    wanted = delivery.access.entity if delivery.access is not None else None
    entity, quarantine = find_entity(numbers_of(document.buyer, found.receiver), wanted=wanted, chosen=delivery.entity)
    if entity is not None and self_billed.is_own(seller, entity):
        # Who sells is who buys: nothing that could be booked as it stands.
        quarantine = Quarantine.SELF_BILLING
    row = _new(found.sha256, delivery, entity=entity, quarantine=quarantine, source=PurchaseSource.PEPPOL)
    row.message_id = delivery.message_id[:200] if delivery.access is not None else ""
    row.payment_state = PurchasePayment.OPEN
    fill(row, document)
    note_rate(row, document)
    row.findings = finding_rows(findings)
    _set_supplier(row, seller, snapshot=suppliers.snapshot_of(document, seller))
    row.identity = identity_of(
        entity_id=entity.pk if entity else None,
        supplier_key=row.supplier_key,
        kind=KINDS[document.kind],
        number_key="".join(document.number.split()).upper(),
        year=document.day.year,
    )
    row.copy_number = next_copy(row.identity)
    row.save()
    add_parts(row, document)
    _add_original(row, data, delivery, media_type="application/xml", ending=".xml")
    propose(row)
    audit.record(by=delivery.by, objects=[row], flag=audit.ADDED, message=gettext("Received."))
    responding.note_receipt(row)
    return row


def _set_supplier(row: PurchaseDocument, seller: Numbers, *, snapshot: dict[str, Any]) -> None:
    row.supplier_snapshot = snapshot
    row.supplier_name = str(snapshot["name"])
    row.supplier_key = (seller.strongest or f"name:{row.supplier_name.casefold()}")[:120]
    match = suppliers.match_supplier(numbers=seller, accounts=list(snapshot["accounts"]))
    if match.party is not None:
        row.supplier, row.matched_by = match.party, match.by
        suppliers.note_account(row)


def _apart(data: bytes, digest: str, delivery: Delivery) -> PurchaseDocument:
    """Keep a self-billed invoice, which is a sale of ours: nobody's expense, and not to be lost either.

    What stands in it is shown, but nothing is matched or proposed: no supplier, no duplicate, no accounts.
    """
    found = read(data, Limits(message=largest()), takes_self_billed=True)
    entity = delivery.access.entity if delivery.access is not None else None
    if entity is None and isinstance(found, Reading):
        entity = self_billed.parties_of(found).of_seller
    row = _new(digest, delivery, entity=entity, quarantine=Quarantine.SELF_BILLING, source=PurchaseSource.PEPPOL)
    row.message_id = delivery.message_id[:200]
    shown = isinstance(found, Reading) and self_billed.note_content(row, found)
    row.save()
    if shown and isinstance(found, Reading):
        add_parts(row, found.document)
    _add_original(row, data, delivery, media_type="application/xml", ending=".xml")
    audit.record(by=delivery.by, objects=[row], flag=audit.ADDED, message=gettext("Received."))
    return row


def _keep_pdf(data: bytes, digest: str, delivery: Delivery) -> Received:
    """A PDF says nothing to us: it waits for a person to type what it holds, and never goes through a connection."""
    if len(data) > largest():
        text = gettext("The file is larger than %(size)d MB.") % {"size": largest() // (1024 * 1024)}
        return Received(answer=Answer.REFUSED, code="too-large", text=text)
    entity = delivery.entity or _only_entity()
    if entity is None:
        text = gettext("Choose the entity that this PDF is for; unlike a Peppol file it does not say so itself.")
        return Received(answer=Answer.REFUSED, code="no-entity", text=text)

    def keep() -> PurchaseDocument:
        row = _new(digest, delivery, entity=entity, quarantine="", source=PurchaseSource.UPLOAD)
        row.kind = PurchaseKind.RECEIPT
        row.currency = entity.currency
        row.save()
        _add_original(row, data, delivery, media_type="application/pdf", ending=".pdf")
        audit.record(by=delivery.by, objects=[row], flag=audit.ADDED, message=gettext("Received."))
        return row

    return _store(keep, digest, delivery)


def _only_entity() -> CompanyEntity | None:
    found = list(CompanyEntity.objects.all()[:2])
    return found[0] if len(found) == 1 else None


def _new(
    digest: str, delivery: Delivery, *, entity: CompanyEntity | None, quarantine: str, source: str
) -> PurchaseDocument:
    return PurchaseDocument(
        entity=entity,
        quarantine=quarantine,
        source=source,
        sha256=digest,
        access=delivery.access,
        date=timezone.localdate(),
        received_by=audit.actor_name(delivery.by) if delivery.access is None else str(delivery.access)[:150],
    )


def _add_original(row: PurchaseDocument, data: bytes, delivery: Delivery, *, media_type: str, ending: str) -> None:
    PurchaseFile.objects.create(
        document=row,
        role=FileRole.ORIGINAL,
        name=file_name(delivery.name, ending),
        media_type=media_type,
        content=data,
        size=len(data),
    )


def file_name(name: str, ending: str) -> str:
    """A name that is safe to offer for download: no folders, no control signs, and the ending of what is inside."""
    base = name.replace("\\", "/").rpartition("/")[2]
    base = "".join(sign for sign in base if sign.isprintable() and sign not in '"<>|:*?').strip(". ")
    stem = base[: -len(ending)] if ending and base.lower().endswith(ending) else base
    return f"{stem[:100] or 'document'}{ending}"
