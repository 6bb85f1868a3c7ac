"""Letting go of bookings when a connection is deactivated: nothing changes in the books, our links to them end.

Documents dated from a chosen day on then count as not sent, so that another tool can take them. What stood in the
books is remembered: should this connection come back, each of them is asked about ("link to existing?") instead of
being posted a second time. Source: S-164; domain rules 14.10.
"""

from __future__ import annotations

import uuid
from datetime import date

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from ..models import IN_BOOKS, Administration, BookedReference, Connection, Posting, PostingState, SettlementItem
from ..sync.steps.plan import reference_key

_BATCH = 500
_COLUMNS = [
    "state", "reason_code", "reason_params", "vendor_text", "external_id", "journal", "number", "fiscal_year",
    "tool_totals", "posted_at", "sent_at", "attached_at", "payload_hash", "paid_here_open_there", "issue", "key", "sent",
    "changed_at",
]  # fmt: skip


@transaction.atomic
def release(connection: Connection, since: date) -> int:
    """End the links of documents dated `since` or later; returns how many. In the caller's transaction.

    What is being sent, or was sent without an answer, keeps its state: whether it stands in the books is not known.
    """
    dated = Q(sales_document__date__gte=since) | Q(purchase_document__date__gte=since)
    rows = Posting.objects.filter(dated, connection=connection, state__in=IN_BOOKS)
    postings = list(rows.select_related("sales_document", "purchase_document").order_by("pk"))
    for start in range(0, len(postings), _BATCH):
        _release(postings[start : start + _BATCH])
    if postings:
        # Should the connection come back, the books are read again before anything is sent.
        Administration.objects.filter(pk=connection.administration_id or 0).update(references_since=None)
    return len(postings)


def _release(postings: list[Posting]) -> None:
    BookedReference.objects.bulk_create(
        [_remembered(posting) for posting in postings if posting.external_id],
        update_conflicts=True,
        unique_fields=["administration", "external_id"],
        update_fields=["reference", "reference_key", "kind", "party_external_id", "date", "total", "journal", "number"],
    )
    SettlementItem.objects.filter(posting__in=postings).update(posting=None)
    now = timezone.now()
    for posting in postings:
        posting.sent = {"was": posting.external_id}
        posting.key = uuid.uuid4()
        posting.state = PostingState.WAITING
        posting.external_id = posting.journal = posting.number = posting.fiscal_year = ""
        posting.reason_code = posting.vendor_text = posting.payload_hash = ""
        posting.reason_params, posting.tool_totals = {}, {}
        posting.posted_at = posting.sent_at = posting.attached_at = posting.issue = None
        posting.paid_here_open_there = False
        posting.changed_at = now
    Posting.objects.bulk_update(postings, _COLUMNS, batch_size=_BATCH)


def _remembered(posting: Posting) -> BookedReference:
    document = posting.document
    # What it goes by there: of a purchase the supplier's number.
    reference = str(posting.sent.get("reference") or posting.reference)[:60]
    return BookedReference(
        administration_id=posting.administration_id,
        external_id=posting.external_id,
        reference=reference,
        reference_key=reference_key(reference),
        kind=posting.kind,
        party_external_id=str(posting.sent.get("party", ""))[:60],
        date=document.date,
        total=document.total,
        currency=document.currency,
        journal=posting.journal,
        number=posting.number,
    )
