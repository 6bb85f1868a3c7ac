"""A booked document as it goes to its customer: its record, its PDF and its e-invoice, made when they are asked for.

Nothing is stored: everything they say was frozen by booking, so that they can be made again and are the same; the logo
alone is that of today, and only where
an e-invoice is delivered follows the present Peppol IDs.
"""

from __future__ import annotations

import logging
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, cast

from django.db.models import Prefetch, QuerySet
from django.utils.translation import gettext as _

from ..errors import NotPossible
from ..issued import Issued, IssuedDiscount, IssuedLine, Rate, RateTotal, Side
from ..models import DocumentDiscount, SalesDocument, SalesLine, SalesVatTotal, VatRateVersion
from ..peppol.composing import Composed, compose
from ..peppol.document import Document, Finding, Kind
from ..peppol.writing import write
from ..printing import render
from ..snapshots import rate_snapshot

logger = logging.getLogger(__name__)

PDF = "application/pdf"
XML = "application/xml"

_UNSAFE = re.compile(r"[^A-Za-z0-9_-]+")
_SIDE = ("name", "street", "postcode", "city", "country", "vat_number", "enterprise_number", "email", "phone", "iban", "bic")  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class IssuedFile:
    """A file for the customer or the books."""

    name: str
    media_type: str
    content: bytes


class NoEInvoice(NotPossible):
    """There can be no e-invoice of this document; `problems` are the reasons, as sentences."""

    def __init__(self, problems: tuple[str, ...]) -> None:
        self.problems = problems
        super().__init__(" ".join(problems))


def issuable(documents: QuerySet[SalesDocument]) -> QuerySet[SalesDocument]:
    """Load with the documents what their files are made of: some queries more, however many documents."""
    lines: QuerySet[Any] = SalesLine.objects.select_related("vat_rate__rate").order_by("position", "pk")
    totals: QuerySet[Any] = SalesVatTotal.objects.select_related("vat_rate__rate").order_by("pk")
    discounts: QuerySet[Any] = DocumentDiscount.objects.order_by("position", "pk")
    return documents.select_related("entity", "party", "payment_term", "credited_invoice").prefetch_related(
        Prefetch("lines", lines), Prefetch("vat_totals", totals), Prefetch("discounts", discounts)
    )


def issued(document: SalesDocument) -> Issued:
    """Return the record of a booked document. NotPossible: a draft has no number to print."""
    if not document.is_booked:
        raise NotPossible(_("Book the document first: a draft has no number and can still change."))
    loaded = cast(dict[str, Any], getattr(document, "_prefetched_objects_cache", {}))
    if not {"lines", "vat_totals", "discounts"} <= loaded.keys():
        document = issuable(SalesDocument.objects.all()).get(pk=document.pk)
    credited = document.credited_invoice
    kept = document.seller_snapshot
    rates = kept.get("rates", {})
    # What was booked before these were kept says what stands there today.
    term, is_direct_debit = str(kept.get("term", "")), bool(kept.get("is_direct_debit"))
    if "term" not in kept and document.payment_term is not None:
        term, is_direct_debit = str(document.payment_term), document.payment_term.direct_debit
    return Issued(
        kind=Kind.CREDIT_NOTE if document.is_credit_note else Kind.INVOICE,
        number=document.number,
        day=document.date,
        day_due=document.due_date,
        seller=_side(document.seller_snapshot, document.entity.peppol_id),
        buyer=_side(document.buyer_snapshot, document.party.peppol_id),
        lines=tuple(
            IssuedLine(
                description=line.description,
                quantity=line.quantity,
                unit_price=line.unit_price,
                discount=line.discount,
                net=line.net,
                rate=_rate(line.vat_rate, rates),
            )
            for line in document.lines.all()
        ),
        rates=tuple(
            RateTotal(rate=_rate(total.vat_rate, rates), lines_net=total.lines_net, base=total.base, vat=total.vat)
            for total in document.vat_totals.all()
        ),
        discounts=tuple(
            IssuedDiscount(percentage=discount.percentage, description=discount.description)
            for discount in document.discounts.all()
        ),
        net=document.net_total,
        vat=document.vat_total,
        total=document.total,
        currency=document.currency,
        home_currency=str(document.seller_snapshot.get("currency") or document.entity.currency),
        exchange_rate=document.exchange_rate,
        note=document.note,
        customer_reference=document.customer_reference,
        structured_communication=document.structured_communication,
        credited_number=credited.number if credited is not None else "",
        credited_day=credited.date if credited is not None else None,
        term=term,
        is_direct_debit=is_direct_debit,
        language=document.language or str(document.buyer_snapshot.get("language") or document.entity.language),
        logo=_logo(document),
    )


def pdf_of(document: SalesDocument) -> IssuedFile:
    """Return the PDF of a booked document. NotPossible: it is a draft."""
    record = issued(document)
    return IssuedFile(name=f"{file_stem(document)}.pdf", media_type=PDF, content=render(record))


def einvoice_of(document: SalesDocument) -> IssuedFile:
    """Return the e-invoice of a booked document, its PDF inside. NotPossible: a draft; NoEInvoice: with the reasons."""
    return files_of(document)[1]


def files_of(document: SalesDocument) -> tuple[IssuedFile, IssuedFile]:
    """Return PDF and e-invoice; the PDF is made once. Errors as `einvoice_of`."""
    record = issued(document)
    stem = file_stem(document)
    pdf = IssuedFile(name=f"{stem}.pdf", media_type=PDF, content=render(record))
    made = required(compose(record, pdf=pdf.content, pdf_name=pdf.name))
    return pdf, IssuedFile(name=f"{stem}.xml", media_type=XML, content=write(made))


def required(composed: Composed) -> Document:
    """Return the composed record. NoEInvoice: there is none."""
    if composed.document is None:
        raise NoEInvoice(sentences(composed.problems))
    return composed.document


def einvoice_problems(document: SalesDocument) -> tuple[str, ...]:
    """Return why a booked document has no e-invoice, as sentences; empty when it has one."""
    return sentences(compose(issued(document)).problems)


def sentences(findings: tuple[Finding, ...]) -> tuple[str, ...]:
    """Findings in the language of who reads them."""
    return tuple(_(finding.text) % dict(finding.values) if finding.values else _(finding.text) for finding in findings)


def file_stem(document: SalesDocument) -> str:
    """The name of a document's files without their ending: kind and number, safe on every system."""
    kind = "credit-note" if document.is_credit_note else "invoice"
    return f"{kind}-{_UNSAFE.sub('-', document.number).strip('-') or document.pk}"


def _side(snapshot: dict[str, Any], peppol_id_now: str) -> Side:
    known = {field: str(snapshot.get(field) or "") for field in _SIDE}
    # Where it is delivered is an address and not a part of what was agreed: the one of today, which may be corrected.
    return Side(**known, peppol_id=peppol_id_now or str(snapshot.get("peppol_id") or ""))


def _rate(version: VatRateVersion, kept: dict[str, dict[str, str]]) -> Rate:
    """The rate as it was written down at booking; as it is today where that was not done yet."""
    said = kept.get(str(version.pk)) or rate_snapshot(version)
    return Rate(
        code=said["code"],
        category=said["category"],
        percent=Decimal(said["percent"]),
        exemption_code=said["exemption_code"],
        legal_note=said["legal_note"],
    )


def _logo(document: SalesDocument) -> bytes | None:
    """The entity's logo; a file that went missing costs the logo and not the document."""
    logo = document.entity.logo
    if not logo:
        return None
    try:
        with logo.open("rb") as file:
            return bytes(file.read())
    except OSError:
        logger.warning("logo cannot be read", extra={"entity": document.entity_id})
        return None
