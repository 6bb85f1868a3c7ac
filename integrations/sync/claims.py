"""Claim, send, record: the three short moves by which a posting changes on its way into the books.

Every write is conditional on the posting's state and on the lease's token; the claim and the record are each a
durable commit of their own. Source: design section 5 "Posting"; style guide 4.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import F
from django.utils import timezone

from ..base.provider import Capability, Limits
from ..base.records import BookedTotals, Document, DocumentKind, DocumentNumber, DocumentQuery, DocumentRef, VatTotal
from ..base.signin import Tool
from ..models import IN_BOOKS, Posting, PostingState, SettlementItem
from .leases import Lease
from .sides import SIDES, Source

# A person wants it in the books although it went to the bookkeeping by e-mail.
ALSO_MAILED = "also_mailed"
_KEPT = ("not_the_same", "was", "included", ALSO_MAILED)
# The number that was given last; a look-up before the next attempt reads what stands under it.
_NUMBER = ("book_year", "number")
# What is kept of a document that the tool said it booked, until somebody saw what: the tool's id of it, and what to
# compare. Never kept beyond that.
TAKEN = "booked"
# Which files went along in the call whose booking is looked for.
_FILES = ("files", "files_left")
_WORDS = 300
_OF_TAKEN = (TAKEN, "party_code", "accounts", "vat_totals")


def mark_sending(batch: Sequence[tuple[Posting, Document, str]], lease: Lease) -> list[bool]:
    """Commit the intention to send each (posting, document, payload hash) before the call.

    False for a posting that is no longer waiting, whose document changed since it was loaded, or whose
    administration another worker serves now.
    """
    now = timezone.now()
    claimed: list[bool] = []
    with transaction.atomic(durable=True):
        fresh = _changed_at([posting for posting, _, _ in batch])
        for posting, document, payload_hash in batch:
            own = posting.document
            if fresh.get((type(own), own.pk)) != own.updated_at:
                claimed.append(False)
                continue
            changed = Posting.objects.filter(lease.held(), pk=posting.pk, state=PostingState.WAITING).update(
                state=PostingState.SENDING,
                payload_hash=payload_hash,
                fencing_token=lease.token,
                sent_at=now,
                attempts=F("attempts") + 1,
                sent=sent_facts(document, posting),
                reason_code="",
                reason_params={},
                # What waits is in no books: a number left from a booking that is gone would mislead the look-up.
                external_id="",
                number="",
                fiscal_year="",
                tool_totals={},
                posted_at=None,
                changed_at=now,
            )
            claimed.append(changed == 1)
    return claimed


def _changed_at(postings: Sequence[Posting]) -> dict[tuple[type[Source], int], datetime]:
    """When the documents of `postings` last changed, locked until the claim is committed.

    A person may give a line another account until the claim. Their change locks the document and moves `updated_at`;
    a booking built before it is not sent.
    """
    found: dict[tuple[type[Source], int], datetime] = {}
    for side in SIDES:
        ids = [side.document_id(posting) for posting in postings if side.owns(posting)]
        if ids:
            rows = side.model._default_manager.select_for_update().filter(pk__in=ids).order_by("pk")
            found |= {(side.model, pk): at for pk, at in rows.values_list("pk", "updated_at")}
    return found


def record(posting: Posting, lease: Lease, **columns: Any) -> bool:
    """Commit what became of a posting that this lease sent, alone. False: somebody else has taken it over."""
    with transaction.atomic(durable=True):
        changed = Posting.objects.filter(pk=posting.pk, state=PostingState.SENDING, fencing_token=lease.token).update(
            changed_at=timezone.now(), **columns
        )
    return changed == 1


def resolve(posting: Posting, lease: Lease, **columns: Any) -> bool:
    """Commit what a look-up found out about an unclear posting. False: it is not unclear any more."""
    with transaction.atomic(durable=True):
        changed = Posting.objects.filter(lease.held(), pk=posting.pk, state=PostingState.UNCLEAR).update(
            changed_at=timezone.now(), **columns
        )
    return changed == 1


def take_over_abandoned(administration_id: int, lease: Lease) -> int:
    """Turn what a dead worker left in sending into unclear; only a newer lease may do that.

    Its call may have begun long after its claim, so the quiet time counts from now.
    """
    abandoned = Posting.objects.filter(
        lease.held(), administration_id=administration_id, state=PostingState.SENDING, fencing_token__lt=lease.token
    )
    taken = 0
    for posting in list(abandoned):
        taken += abandoned.filter(pk=posting.pk).update(
            state=PostingState.UNCLEAR,
            reason_code="SYS-705",
            reason_params={},
            not_before=None,
            sent=given_up(posting),
            changed_at=timezone.now(),
        )
    return taken


# --- what a look-up compares --------------------------------------------------------------------------------------


def sent_facts(document: Document, posting: Posting | None = None) -> dict[str, str]:
    """What has to be equal before a booking in the tool counts as this one; a person's comparison is kept."""
    names = _KEPT if document.number is not None else _KEPT + _NUMBER
    kept = {name: posting.sent[name] for name in names if name in posting.sent} if posting is not None else {}
    if document.number is not None:
        kept |= {"book_year": document.number.book_year, "number": str(document.number.number)}
    if document.attachments:
        kept["files"] = str(len(document.attachments))
    if document.files_left:
        kept["files_left"] = document.files_left[:_WORDS]
    return kept | {
        "reference": document.reference,
        "kind": document.kind.value,
        "party": document.party.external_id,
        "date": document.date.isoformat(),
        "total": str(document.total),
        "currency": document.currency,
        "journal": document.journal,
    }


def facts_of_attempt(document: Document, posting: Posting) -> dict[str, str]:
    """What a look-up before another attempt compares: the booking as it is now, its files as they went before."""
    facts = {name: value for name, value in sent_facts(document, posting).items() if name not in _FILES}
    return facts | {name: posting.sent[name] for name in _FILES if name in posting.sent}


def given_up(posting: Posting) -> dict[str, str]:
    """What was sent, with the moment we stopped waiting: the call may have begun long after its claim."""
    return {**posting.sent, "given_up": timezone.now().isoformat()}


def taken(posting: Posting, document: Document, ref: DocumentRef) -> dict[str, str]:
    """What was sent, with what is compared once the tool shows what it booked."""
    data = document.party_data
    return given_up(posting) | {
        TAKEN: ref.external_id,
        "party_code": document.party.code or (data.reference if data is not None else ""),
        "accounts": "\n".join(sorted({line.ledger_account.code for line in document.lines if line.net})),
        "vat_totals": json.dumps([[row.vat_code, str(row.base), str(row.vat)] for row in document.vat_totals]),
    }


def seen(posting: Posting) -> dict[str, str]:
    """What was sent, without what was kept only until somebody saw what the tool booked."""
    return {name: value for name, value in posting.sent.items() if name not in _OF_TAKEN}


@dataclass(frozen=True, slots=True, kw_only=True)
class SentAmounts:
    """The amounts of a document as it was sent, whatever became of it here since."""

    net: Decimal
    vat: Decimal
    total: Decimal
    vat_totals: tuple[VatTotal, ...]


def amounts_of_taken(posting: Posting) -> SentAmounts | None:
    """The amounts that were kept with a document that the tool took; None for any other."""
    kept = posting.sent.get("vat_totals")
    if kept is None:
        return None
    rows = tuple(VatTotal(vat_code=code, base=Decimal(base), vat=Decimal(vat)) for code, base, vat in json.loads(kept))
    return SentAmounts(
        net=sum((row.base for row in rows), Decimal("0.00")),
        vat=sum((row.vat for row in rows), Decimal("0.00")),
        total=Decimal(posting.sent["total"]),
        vat_totals=rows,
    )


def query_of(posting: Posting) -> DocumentQuery:
    """The look-up of a posting that was sent."""
    facts: dict[str, str] = posting.sent
    is_taken = posting.is_taken
    return DocumentQuery(
        key=str(posting.key),
        reference=facts["reference"],
        kind=DocumentKind(facts["kind"]),
        party_external_id=facts["party"],
        date=date.fromisoformat(facts["date"]),
        total=Decimal(facts["total"]),
        currency=facts["currency"],
        journal=facts["journal"],
        external_id=posting.external_id if posting.state in IN_BOOKS else facts.get(TAKEN, ""),
        number=_number_of(facts),
        sent_at=posting.sent_at,
        is_booked=is_taken,
        party_code=facts.get("party_code", ""),
        accounts=tuple(facts.get("accounts", "").splitlines()) if is_taken else (),
    )


def _number_of(facts: Mapping[str, str]) -> DocumentNumber | None:
    if not facts.get("number"):
        return None
    return DocumentNumber(book_year=facts["book_year"], journal=facts["journal"], number=int(facts["number"]))


def quiet_until(posting: Posting, limits: Limits) -> datetime:
    """From when on "absent" is believed: the tool's quiet time after the request's deadline and our giving up."""
    silent = (posting.sent_at or timezone.now()) + timedelta(seconds=settings.BOEKBRUG_REQUEST_DEADLINE_SECONDS)
    given_up_at = posting.sent.get("given_up")
    if given_up_at:
        silent = max(silent, datetime.fromisoformat(given_up_at))
    return silent + timedelta(seconds=max(settings.BOEKBRUG_QUIET_SECONDS, limits.quiet_seconds))


# --- what is no longer booked -------------------------------------------------------------------------------------


def let_go(posting: Posting, tool: Tool) -> dict[str, Any]:
    """Columns of a posting whose booking was deleted. Call it in the transaction that writes them.

    Where callers give the numbers, a deleted one is free again and goes to another document: its id may then not stay
    here, and what was paid on it is not that document's.
    """
    if Capability.CALLER_NUMBERED not in tool.capabilities:
        return {}
    SettlementItem.objects.filter(
        administration_id=posting.administration_id, document_external_id=posting.external_id
    ).delete()
    return {"external_id": "", "sent": {**posting.sent, "was": posting.external_id}}


# --- what the tool booked -----------------------------------------------------------------------------------------


def booked_columns(
    posting: Posting,
    document_facts: Document | SentAmounts | None,
    ref: DocumentRef,
    totals: BookedTotals | None,
    remarks: Sequence[str] = (),
) -> dict[str, Any]:
    """Columns of a booking that stands: id, number, totals as the tool has them, and whether they are ours.

    `remarks`: what else the tool shows otherwise than it was sent.
    """
    difference = difference_of(document_facts, posting.sent, totals)
    columns: dict[str, Any] = {
        "external_id": ref.external_id,
        "number": ref.number,
        "journal": ref.journal or posting.sent.get("journal", ""),
        "fiscal_year": ref.fiscal_year,
        "posted_at": timezone.now(),
        "tool_totals": totals_as_json(totals),
        "not_before": None,
        "vendor_text": "",
        "state": PostingState.POSTED if difference is None else PostingState.DIFFERS,
        "reason_code": "" if difference is None else "APP-209",
        "reason_params": difference or {},
        "issue": None,
    }
    if remarks and difference is None:
        columns.update(state=PostingState.DIFFERS, reason_code="SYS-704", reason_params={"what": "; ".join(remarks)})
    return columns


def difference_of(
    document: Document | SentAmounts | None, sent: dict[str, str], totals: BookedTotals | None
) -> dict[str, str] | None:
    """What differs to the cent between ours and the tool's totals, or None. Unknown figures differ from nothing."""
    if totals is None:
        return None
    ours_total = document.total if document is not None else Decimal(sent["total"])
    pairs: list[tuple[str, Decimal, Decimal | None]] = [("total", ours_total, totals.total)]
    if document is not None:
        pairs += [("net", document.net, totals.net), ("vat", document.vat, totals.vat)]
        if totals.per_vat_code is not None:
            theirs = {row.vat_code: row for row in totals.per_vat_code}
            for row in document.vat_totals:
                there = theirs.pop(row.vat_code, None)
                pairs.append((f"base {row.vat_code}", row.base, there.base if there else Decimal("0.00")))
                pairs.append((f"VAT {row.vat_code}", row.vat, there.vat if there else Decimal("0.00")))
            pairs += [(f"base {code}", Decimal("0.00"), row.base) for code, row in theirs.items()]
    for what, ours, there_amount in pairs:
        if there_amount is not None and ours != there_amount:
            return {
                "what": what,
                "ours": str(ours),
                "theirs": str(there_amount),
                "difference": str(there_amount - ours),
            }
    return None


def totals_as_json(totals: BookedTotals | None) -> dict[str, Any]:
    if totals is None:
        return {}
    return {
        "net": _text(totals.net),
        "vat": _text(totals.vat),
        "total": _text(totals.total),
        "per_vat_code": [[row.vat_code, str(row.base), str(row.vat)] for row in totals.per_vat_code or ()],
    }


def _text(amount: Decimal | None) -> str | None:
    return None if amount is None else str(amount)
