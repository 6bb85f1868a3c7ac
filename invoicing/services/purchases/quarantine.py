"""Out of quarantine: a person looked at a document that was kept apart, and says whose expense it is.

Dropping one is refusing it. A self-billed invoice stays: it is a sale of ours and never becomes an expense.
"""

from __future__ import annotations

from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _

from crm import audit

from ...errors import NotPossible
from ...models import CompanyEntity, FileRole, PurchaseDocument, PurchaseReview, Quarantine, ReviewState
from ...peppol.reading import Limits, Reading, read
from . import responding, self_billed
from .addressing import Numbers, find_entity, numbers_of
from .duplicates import identity_of, next_copy
from .proposals import propose
from .rates import note_rate
from .storing import KINDS, largest
from .suppliers import note_account


def read_again(document: PurchaseDocument) -> Reading | None:
    """The original file, read once more; None where there is none, or none that can be read."""
    file = document.files.filter(role=FileRole.ORIGINAL).first()
    if file is None:
        return None
    is_apart = document.quarantine == Quarantine.SELF_BILLING
    found = read(bytes(file.content), Limits(message=max(largest(), file.size)), takes_self_billed=is_apart)
    return found if isinstance(found, Reading) else None


def buyer_of(reading: Reading) -> tuple[str, Numbers]:
    """Name and numbers of the buyer that a document names."""
    return reading.document.buyer.called, numbers_of(reading.document.buyer, reading.receiver)


def likely_entity(reading: Reading) -> CompanyEntity | None:
    """The entity that the buyer's numbers name today: ours may have been filled in since."""
    return find_entity(buyer_of(reading)[1])[0]


@transaction.atomic
def lift_quarantine(
    *, document: PurchaseDocument, entity: CompanyEntity, reason: str, by: AbstractBaseUser | None
) -> PurchaseDocument:
    """Make a document in quarantine an expense of `entity` that waits for approval. In the history and the audit trail.

    NotPossible: no reason is given, it is self-billed, it is not in quarantine, or somebody decided meanwhile.
    """
    reason = " ".join(reason.split())[:200]
    if not reason:
        raise NotPossible(_("Say why it is an expense of yours all the same."))
    found = PurchaseDocument.objects.select_for_update().get(pk=document.pk)
    if not found.is_pending or not found.quarantine:
        raise NotPossible(_("%(document)s is not in quarantine any more.") % {"document": found})
    reading = read_again(found) if found.quarantine != Quarantine.SELF_BILLING else None
    if reading is None:
        raise NotPossible(_("This is a sale of yours: book it as an invoice, then refuse it here."))
    was = found.get_quarantine_display()
    found.entity, found.quarantine = entity, ""
    content = reading.document
    if self_billed.is_own(numbers_of(content.seller, reading.sender), entity):
        text = _("%(entity)s wrote it itself, so it is a sale and no expense of it. Refuse it here.")
        raise NotPossible(text % {"entity": entity})
    found.identity = identity_of(
        entity_id=entity.pk,
        supplier_key=found.supplier_key,
        kind=KINDS[content.kind],
        number_key=found.number_key,
        year=content.day.year,
    )
    found.copy_number = next_copy(found.identity)
    note_rate(found, content)
    note_account(found)
    try:
        with transaction.atomic():
            found.save()
    except IntegrityError as error:
        raise NotPossible(_("Try again: others are being stored right now.")) from error
    propose(found)
    words = _("Out of quarantine (%(was)s), for %(entity)s: %(reason)s") % {
        "was": was, "entity": entity, "reason": reason,
    }  # fmt: skip
    PurchaseReview.objects.create(
        document=found, state=ReviewState.PENDING, by=audit.actor_name(by), reason=words[:300]
    )
    audit.record(by=by, objects=[found], flag=audit.CHANGED, message=words)
    responding.note_receipt(found)
    return found
