"""What stands in our own database after a sync, in the records that `check` compares."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count

from integrations.messages import posting_reason
from integrations.models import Connection, PartyLink, Posting
from invoicing.models import SalesDocument

from .check import OurDocument


@dataclass(frozen=True, slots=True)
class Customers:
    """Customers of an administration: found there, or created by the sync."""

    linked: int
    created: int


def our_documents(connection: Connection) -> dict[str, OurDocument]:
    """Return every document of the connection's entity by its number, or a draft's order."""
    sent = Posting.objects.filter(administration=connection.administration)
    postings = {posting.sales_document_id: posting for posting in sent.select_related("connection", "sales_document")}
    found = SalesDocument.objects.filter(entity=connection.entity).prefetch_related("vat_totals__vat_rate__rate")
    return {
        document.number or document.customer_reference: _ours(document, postings.get(document.pk)) for document in found
    }


def _ours(document: SalesDocument, posting: Posting | None) -> OurDocument:
    reason = posting_reason(posting) if posting else None
    return OurDocument(
        name=document.number or document.customer_reference,
        booked=document.is_booked,
        credit_note=document.is_credit_note,
        currency=document.currency,
        total=document.total,
        per_rate={row.vat_rate.rate.code: (row.base, row.vat) for row in document.vat_totals.all()},
        state=posting.state if posting else "",
        code=posting.reason_code if posting else "",
        reason=reason.sentence if reason else "",
        headline=reason.headline if reason else "",
        notes=tuple(note["code"] for note in posting.notes) if posting else (),
        external_id=posting.external_id if posting else "",
        number_in_tool=posting.number if posting else "",
        payment_state=document.payment_state,
        paid_amount=document.paid_amount,
    )


def customers(connection: Connection) -> Customers:
    """Return how many customers were found in the tool and how many the sync created there."""
    links = PartyLink.objects.filter(administration=connection.administration).exclude(external_id="")
    counted = dict(links.values_list("matched_by").annotate(n=Count("pk")))
    created = sum(number for how, number in counted.items() if how in ("", "reference"))
    return Customers(linked=sum(counted.values()) - created, created=created)
