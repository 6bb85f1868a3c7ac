"""What an export of invoices and credit notes holds: one line per document, with its way into the books."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from config.admin.exports import Column
from config.states import label_for
from integrations import standing

from ..models import SalesDocument
from .columns import payment_state_of


def _vat_number(document: SalesDocument) -> str:
    """That of the booking, since the customer's may have changed."""
    kept = document.buyer_snapshot if document.is_booked else {}
    return str(kept.get("vat_number", document.party.vat_number))


def _payment(document: SalesDocument) -> str:
    if not document.is_booked or not document.total:
        return ""
    return str(label_for("payment", payment_state_of(document)).word)


def _posting(document: SalesDocument) -> str:
    found = standing.standing_of(document)
    return str((label_for("posting", found.label) if found.state else label_for("document", "draft")).word)


def _booking(document: SalesDocument) -> str:
    posting = standing.standing_of(document).posting
    return f"{posting.journal} {posting.number}".strip() if posting is not None else ""


COLUMNS = [
    Column(_("number"), lambda document: document.number),
    Column(_("entity"), lambda document: str(document.entity)),
    Column(_("customer"), lambda document: document.buyer_name or str(document.party)),
    Column(_("VAT number"), _vat_number),
    Column(_("external ID"), standing.external_id_of),
    Column(_("customer's reference"), lambda document: document.customer_reference),
    Column(_("date"), lambda document: document.date),
    Column(_("due date"), lambda document: document.due_date),
    Column(_("currency"), lambda document: document.currency),
    Column(_("net"), lambda document: document.net_total),
    Column(_("VAT"), lambda document: document.vat_total),
    Column(_("total"), lambda document: document.total),
    Column(_("open amount"), lambda document: document.open_amount if document.is_booked else None),
    Column(_("payment"), _payment),
    Column(_("paid on"), lambda document: document.paid_on),
    Column(_("posting"), _posting),
    Column(_("number in the tool"), _booking),
]
