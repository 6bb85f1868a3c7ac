"""From a document that was read to the rows that keep it. What does not fit our columns is refused, never cut."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal

from django.conf import settings
from django.utils.translation import gettext_lazy as _

from crm.numbers import normalise_iban

from ...errors import NotPossible
from ...models import (
    FileRole,
    LineNature,
    PurchaseDocument,
    PurchaseFile,
    PurchaseKind,
    PurchaseLine,
    PurchaseVatTotal,
)
from ...peppol.document import AllowanceCharge, Document, Finding, Kind, Line, TaxCategory

_CENT = Decimal("0.01")
_TOO_LARGE = Decimal(10) ** 12
_FINE = Decimal("0.00000001")
_TOO_MANY = Decimal(10) ** 16
KINDS = {Kind.INVOICE: PurchaseKind.INVOICE, Kind.CREDIT_NOTE: PurchaseKind.CREDIT_NOTE}
FINDINGS = 200
_CURRENCY = 3  # letters of its code
_BATCH = 500


def largest() -> int:
    """Bytes that one document may have."""
    size: int = settings.BOEKBRUG_PEPPOL_MAX_MB
    return size * 1024 * 1024


def cents(value: Decimal | None) -> Decimal:
    """The amount in cents. NotPossible: larger than any invoice is."""
    if value is None:
        return Decimal("0.00")
    if abs(value) >= _TOO_LARGE:
        raise NotPossible(_("An amount of this document is too large to be stored."))
    return value.quantize(_CENT, ROUND_HALF_UP)


def fine(value: Decimal | None) -> Decimal | None:
    """A quantity or price, at most eight decimals; None where it is missing or larger than can be."""
    if value is None or abs(value) >= _TOO_MANY:
        return None
    return value.quantize(_FINE, ROUND_HALF_UP)


def percent(category: TaxCategory) -> Decimal | None:
    value = category.percent
    if value is None or not 0 <= value < 1000:
        return None
    return value.quantize(Decimal("0.0001"), ROUND_HALF_UP)


def currency_of(document: Document) -> str:
    """The document's currency. NotPossible: it is none; cut to three letters, another one might stand there."""
    if len(document.currency) > _CURRENCY:
        raise NotPossible(_("The currency of this document is no code of three letters."))
    return document.currency


def fill(row: PurchaseDocument, document: Document) -> None:
    """Take over the head of a document; changes the object only."""
    totals = document.totals
    row.kind = KINDS[document.kind]
    row.number = document.number[:200]
    row.date = document.day
    row.due_date = document.day_due
    row.currency = currency_of(document)
    row.net_total = cents(totals.net)
    row.vat_total = cents(totals.vat)
    row.total = cents(totals.total)
    row.prepaid = cents(totals.prepaid)
    row.rounding = cents(totals.rounding)
    row.payable = cents(totals.payable)
    row.payment_reference = document.payment_reference[:200]
    row.payment_terms = document.payment_terms[:2000]
    row.is_direct_debit = document.is_direct_debit
    row.iban = normalise_iban(document.accounts[0])[:40] if document.accounts else ""
    row.order_reference = document.references.order[:200]
    row.preceding = [preceding.number[:200] for preceding in document.references.preceding[:20]]
    row.note = document.note[:5000]
    row.customization = document.customization[:300]
    row.profile = document.profile[:200]
    row.type_code = document.type_code[:4]


def finding_rows(findings: tuple[Finding, ...]) -> list[dict[str, object]]:
    """As they are stored; the sentence is translated and filled in where it is shown."""
    return [
        {"code": f.code, "level": f.level.value, "text": f.text, "place": f.place, "values": dict(f.values)}
        for f in findings[:FINDINGS]
    ]


def add_parts(row: PurchaseDocument, document: Document) -> None:
    """Store lines, totals per VAT rate and attachments of a document that is stored."""
    lines = [*_lines(document.lines), *_on_the_whole(document.allowances)]
    for position, line in enumerate(lines, start=1):
        line.document, line.position = row, position
    PurchaseLine.objects.bulk_create(lines, batch_size=_BATCH)
    PurchaseVatTotal.objects.bulk_create(
        PurchaseVatTotal(
            document=row,
            category=part.category.code[:4],
            percent=percent(part.category),
            base=cents(part.base),
            vat=cents(part.vat),
            exemption=(part.category.exemption_reason or part.category.exemption_code)[:500],
        )
        for part in document.subtotals
    )
    PurchaseFile.objects.bulk_create(
        PurchaseFile(
            document=row,
            role=FileRole.ATTACHMENT,
            name=attachment.name[:120],
            media_type=attachment.mime[:100],
            content=attachment.content,
            size=len(attachment.content),
        )
        for attachment in document.attachments
        if attachment.content
    )


def _lines(lines: tuple[Line, ...]) -> Iterator[PurchaseLine]:
    for line in lines:
        words = line.name if line.description in ("", line.name) else f"{line.name}\n{line.description}".strip()
        yield PurchaseLine(
            nature=LineNature.LINE,
            description=words[:2000],
            quantity=fine(line.quantity),
            unit=line.unit[:10],
            unit_price=fine(line.price / line.base_quantity if line.price and line.base_quantity else line.price),
            net=cents(line.net),
            vat_category=line.category.code[:4],
            vat_percent=percent(line.category),
        )


def _on_the_whole(parts: tuple[AllowanceCharge, ...]) -> Iterator[PurchaseLine]:
    """Discounts and charges of the whole document, as lines: so the lines add up to the net total."""
    for part in parts:
        yield PurchaseLine(
            nature=LineNature.CHARGE if part.is_charge else LineNature.ALLOWANCE,
            description=part.reason[:2000],
            net=cents(part.amount if part.is_charge else -part.amount),
            vat_category=part.category.code[:4] if part.category else "",
            vat_percent=percent(part.category) if part.category else None,
        )
