"""A document with everything its totals depend on, loaded once and written back as one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from config.fingerprints import fingerprint

from .. import amounts, terms
from ..models import DocumentDiscount, SalesDocument, SalesLine, SalesVatTotal
from .inputs import DiscountInput

# What the columns of amounts hold; SQLite would store more without a word.
LARGEST = Decimal("999999999999.99")

_RELATED = ("entity", "party", "payment_term", "credited_invoice")


@dataclass(frozen=True, slots=True, kw_only=True)
class Contents:
    """Lines carry their fresh `net`, and those in `changed` had another; nothing is written yet."""

    document: SalesDocument
    lines: list[SalesLine]
    changed: list[SalesLine]
    discounts: list[DocumentDiscount]
    totals: amounts.DocumentTotals[int]  # rates are ids of VAT rate versions
    due_date: date


def locked(document: SalesDocument) -> SalesDocument:
    """Read the document again with what hangs on it; on PostgreSQL nobody else changes it before our commit."""
    rows: QuerySet[SalesDocument] = SalesDocument.objects.select_related(*_RELATED)
    # Only the document: nullable joins cannot be locked, and the party belongs to others.
    return rows.select_for_update(of=("self",)).get(pk=document.pk)


def unlocked(document: SalesDocument) -> SalesDocument:
    return SalesDocument.objects.select_related(*_RELATED).get(pk=document.pk)


def load(document: SalesDocument) -> Contents:
    """Compute the contents from the stored lines and discounts; two queries."""
    lines = list(document.lines.select_related("vat_rate__rate", "ledger_account").order_by("position", "pk"))
    discounts = list(document.discounts.order_by("position", "pk"))
    return compute(document, lines, discounts)


def compute(document: SalesDocument, lines: list[SalesLine], discounts: list[DocumentDiscount]) -> Contents:
    """Compute nets, totals and due date; no query beyond the relations that are not loaded yet.

    ValidationError: an amount of more than twelve digits before the comma.
    """
    changed = []
    for line in lines:
        net = amounts.line_net(line.quantity, line.unit_price, line.discount)
        if net != line.net:
            line.net = net
            changed.append(line)
    totals = amounts.document_totals(
        [
            amounts.AmountLine(rate=line.vat_rate_id, percentage=line.vat_rate.percentage, net=line.net)
            for line in lines
        ],
        [discount.percentage for discount in discounts],
    )
    computed = [line.net for line in lines] + [rate.lines_net for rate in totals.rates] + [totals.net, totals.total]
    if any(abs(amount) > LARGEST for amount in computed):
        words = _("The amounts of this document are too large. Look for a slip, or spread them over more documents.")
        raise ValidationError(words, code="too-large")
    return Contents(
        document=document,
        lines=lines,
        changed=changed,
        discounts=discounts,
        totals=totals,
        due_date=due_date_of(document),
    )


def due_date_of(document: SalesDocument) -> date:
    """The due date: by the payment term; without one the date a person entered, else 14 days on."""
    term = document.payment_term
    if term is not None:
        return terms.due_date(document.date, term.kind, term.days)
    return document.due_date or terms.due_date(document.date)


def vat_total_rows(contents: Contents) -> list[SalesVatTotal]:
    """The rows per VAT rate that belong to the totals, not saved."""
    return [
        SalesVatTotal(
            document=contents.document,
            vat_rate_id=rate.rate,
            lines_net=rate.lines_net,
            discount=rate.discount,
            base=rate.base,
            vat=rate.vat,
        )
        for rate in contents.totals.rates
    ]


def mark_of(contents: Contents) -> str:
    """A mark of all that booking makes final: the same as long as a draft would be booked with the same contents."""
    document = contents.document
    totals = contents.totals
    return fingerprint(
        (document.kind, document.entity_id, str(document.entity), document.party_id, str(document.party)),
        (document.date, contents.due_date, document.payment_term_id, document.credited_invoice_id),
        (document.currency, document.exchange_rate, document.language, document.customer_reference, document.note),
        [
            (line.description, line.quantity, line.unit_price, line.discount, line.vat_rate_id, line.ledger_account_id)
            for line in contents.lines
        ],
        [(discount.description, discount.percentage) for discount in contents.discounts],
        [(rate.rate, rate.percentage, rate.base, rate.vat) for rate in totals.rates],
        (totals.net, totals.vat, totals.total),
    )


def write_parts(contents: Contents) -> None:
    """Store the nets of the lines and the rows per VAT rate of a draft, as far as they changed."""
    if contents.changed:
        SalesLine.objects.bulk_update(contents.changed, ["net"], batch_size=500)
    wanted = vat_total_rows(contents)
    stored = contents.document.vat_totals.order_by("pk")
    if [_values(row) for row in stored] != [_values(row) for row in wanted]:
        stored.delete()
        SalesVatTotal.objects.bulk_create(wanted)


def _values(row: SalesVatTotal) -> tuple[object, ...]:
    return row.vat_rate_id, row.lines_net, row.discount, row.base, row.vat


def new_lines(document: SalesDocument, inputs: list[SalesLine]) -> list[SalesLine]:
    """Number the lines by their order, check their own fields and store them."""
    for position, line in enumerate(inputs, start=1):
        line.document = document
        line.position = position
        # Keys are checked by the database; without them this costs no query per line.
        line.clean_fields(exclude=["document", "vat_rate", "ledger_account"])
    return SalesLine.objects.bulk_create(inputs)


def new_discounts(document: SalesDocument, inputs: list[DiscountInput]) -> list[DocumentDiscount]:
    rows = [
        DocumentDiscount(document=document, position=position, percentage=d.percentage, description=d.description)
        for position, d in enumerate(inputs, start=1)
    ]
    for row in rows:
        row.clean_fields(exclude=["document"])
    return DocumentDiscount.objects.bulk_create(rows)
