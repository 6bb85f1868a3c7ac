"""Purchases that a person types: receipts, and invoices on paper or as a PDF. They never go through a connection."""

from __future__ import annotations

import hashlib
import io
from dataclasses import dataclass
from datetime import date as Day
from decimal import Decimal

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.utils.translation import gettext as _
from PIL import Image

from crm import audit
from crm.models import Party

from ...errors import NotPossible
from ...models import (
    CompanyEntity,
    FileRole,
    LedgerAccount,
    MatchedBy,
    PurchaseDocument,
    PurchaseFile,
    PurchaseLine,
    PurchasePayment,
    PurchaseSource,
    PurchaseVatTotal,
    ReviewState,
    VatRateVersion,
)
from .duplicates import duplicates_of
from .intake import file_name
from .proposals import propose
from .storing import largest

_MAGIC = {
    b"%PDF-": ("application/pdf", ".pdf"),
    b"\x89PNG\r\n": ("image/png", ".png"),
    b"\xff\xd8\xff": ("image/jpeg", ".jpg"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class TypedPurchase:
    """What a person typed; `vat` is the amount on the paper, which is not computed again."""

    kind: str
    entity: CompanyEntity
    supplier: Party | None
    supplier_name: str
    number: str
    date: Day
    due_date: Day | None
    currency: str
    description: str
    total: Decimal
    vat: Decimal
    vat_rate: VatRateVersion | None
    ledger_account: LedgerAccount | None
    paid: bool = False


@transaction.atomic
def save_typed(
    *,
    typed: TypedPurchase,
    by: AbstractBaseUser | None,
    document: PurchaseDocument | None = None,
    file: tuple[str, bytes] | None = None,
) -> PurchaseDocument:
    """Store what a person typed, as a new document or over an undecided one that did not come as UBL. Logged.

    NotPossible: it is decided about, came as UBL, or the file is no PDF or picture or is here already.
    """
    is_new = document is None
    if document is None:
        row = PurchaseDocument(source=PurchaseSource.MANUAL, received_by=audit.actor_name(by))
    else:
        row = PurchaseDocument.objects.select_for_update().get(pk=document.pk)
        if not row.is_pending or row.is_peppol:
            raise NotPossible(_("%(document)s can no longer be changed.") % {"document": row})
    _fill(row, typed)
    if file is not None:
        media_type, ending = check_file(data=file[1], document=document)
        row.sha256 = hashlib.sha256(file[1]).hexdigest()
    try:
        with transaction.atomic():
            row.save()
    except IntegrityError as error:
        raise NotPossible(_("This file was received before.")) from error
    _note_copy(row)
    _write_line(row, typed)
    if file is not None:
        row.files.all().delete()
        name, data = file
        PurchaseFile.objects.create(
            document=row, role=FileRole.ORIGINAL, name=file_name(name, ending), media_type=media_type, content=data,
            size=len(data),
        )  # fmt: skip
    words = _("Added.") if is_new else _("Changed.")
    audit.record(by=by, objects=[row], flag=audit.ADDED if is_new else audit.CHANGED, message=words)
    return row


def _fill(row: PurchaseDocument, typed: TypedPurchase) -> None:
    row.kind = typed.kind
    row.entity = typed.entity
    row.supplier = typed.supplier
    row.matched_by = MatchedBy.PERSON if typed.supplier is not None else ""
    row.supplier_name = (typed.supplier.name if typed.supplier is not None else typed.supplier_name)[:200]
    party = typed.supplier
    if party is not None and party.enterprise_number:
        row.supplier_key = f"enterprise:{party.enterprise_number}"
    elif party is not None and party.vat_number:
        row.supplier_key = f"vat:{party.vat_number}"
    else:
        row.supplier_key = f"name:{row.supplier_name.casefold()}"[:120]
    row.number, row.date, row.due_date, row.currency = typed.number, typed.date, typed.due_date, typed.currency
    row.total, row.vat_total, row.net_total = typed.total, typed.vat, typed.total - typed.vat
    row.payable = typed.total
    row.payment_state = PurchasePayment.PAID if typed.paid else PurchasePayment.OPEN
    row.paid_amount = typed.total if typed.paid else Decimal("0.00")
    row.paid_on = typed.date if typed.paid else None
    row.identity = ""  # typed by a person: a number typed wrongly must not stop the right one


def _note_copy(row: PurchaseDocument) -> None:
    """Mark a paper as perhaps received twice where the same supplier, number and amount stand there already."""
    others = [other for other in duplicates_of(row) if other.review != ReviewState.REFUSED and other.total == row.total]
    row.copy_number = 1 if others else 0
    row.save(update_fields=["copy_number"])


def _write_line(row: PurchaseDocument, typed: TypedPurchase) -> None:
    rate = typed.vat_rate
    row.lines.all().delete()
    row.vat_totals.all().delete()
    line = PurchaseLine.objects.create(
        document=row,
        position=1,
        description=typed.description,
        net=row.net_total,
        vat_category=rate.rate.category if rate else "",
        vat_percent=rate.percentage if rate else None,
        ledger_account=typed.ledger_account,
        vat_rate=rate.rate if rate else None,
    )
    PurchaseVatTotal.objects.create(
        document=row, category=line.vat_category, percent=line.vat_percent, base=row.net_total, vat=row.vat_total
    )
    if typed.ledger_account is None:
        propose(row, with_rates=False)


def _is_picture(data: bytes) -> bool:
    """Whether the bytes are a whole picture and not only begin like one."""
    try:
        with Image.open(io.BytesIO(data), formats=("PNG", "JPEG")) as picture:
            picture.verify()
    except (OSError, SyntaxError, ValueError, Image.DecompressionBombError):
        return False
    return True


def check_file(*, data: bytes, document: PurchaseDocument | None = None) -> tuple[str, str]:
    """Return type and ending of a file by what is in it. NotPossible: of no kind that is mailed, too large, or known."""
    found = PurchaseDocument.objects.filter(sha256=hashlib.sha256(data).hexdigest())
    if document is not None:
        found = found.exclude(pk=document.pk)
    if (other := found.first()) is not None:
        raise NotPossible(_("This file was received before, as %(document)s.") % {"document": other})
    if len(data) > largest():
        raise NotPossible(_("The file is larger than %(size)d MB.") % {"size": settings.BOEKBRUG_PEPPOL_MAX_MB})
    for magic, kind in _MAGIC.items():
        if data.startswith(magic) and (kind[1] == ".pdf" or _is_picture(data)):
            return kind
    raise NotPossible(_("Attach a PDF, or a picture as PNG or JPEG."))
