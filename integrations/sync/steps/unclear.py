"""What was sent and never answered: looked for in the tool, sent again only when it provably is not there.

Source: design section 5 "Posting"; SYS-703, SYS-705, NUM-520.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from django.db.models import Q
from django.utils import timezone

from invoicing.models import SalesDocument

from ...base.records import Absent, CannotTell, Document, DocumentRef, Finding, Found
from ...models import Posting, PostingState
from .. import claims
from ..planning import plan_document
from ..problems import Problem
from ..selection import loaded
from ..slices import Slice

EXISTS_CODES = frozenset({"NUM-520", "NUM-521", "NUM-522"})


def look_for_unclear(turn: Slice) -> bool:
    """Ask the tool about every posting whose outcome is unknown; True when all were asked.

    Where the tool could not tell, a person is asked to, and the tool once per run.
    """
    claims.take_over_abandoned(turn.administration.pk, turn.lease)
    now = timezone.now()
    due = Posting.objects.filter(connection=turn.connection, state=PostingState.UNCLEAR).filter(
        Q(not_before__isnull=True) | Q(not_before__lte=now)
    )
    if turn.cursor.get("asked_all"):
        due = due.exclude(not_before__isnull=True, issue__isnull=False)
    for posting in list(due.order_by("pk")):
        if turn.is_over:
            return False
        _look(turn, posting)
    turn.cursor["asked_all"] = True
    return True


def _look(turn: Slice, posting: Posting) -> None:
    asked_at = timezone.now()
    finding = without_set_aside(posting, turn.provider.find_document(claims.query_of(posting)))
    if isinstance(finding, Found) and _is_anothers(posting, finding.ref):
        finding = CannotTell(reason="the booking belongs to another document", candidates=(finding.ref,))
    if isinstance(finding, Found):
        columns = claims.booked_columns(posting, _as_sent(turn, posting), finding.ref, finding.totals)
        if columns["state"] == PostingState.DIFFERS:
            open_difference(turn, posting, columns)
        if claims.resolve(posting, turn.lease, **columns):
            turn.count_document(posting.kind, "posted" if columns["state"] == PostingState.POSTED else "differs")
            turn.count_document(posting.kind, "found")
    elif isinstance(finding, Absent):
        _not_there(turn, posting, asked_at)
    elif isinstance(finding, CannotTell):
        candidate = finding.candidates[0] if finding.candidates else None
        problem = Problem(
            code=turn.books.code("number-in-books") if candidate else "SYS-703",
            cause_key=f"unclear:{posting.reference}",
            params={
                "reference": posting.reference,
                "reason": finding.reason,
                "number": candidate.number if candidate else "",
                "journal": candidate.journal if candidate else "",
                "external_id": candidate.external_id if candidate else "",
            },
        )
        claims.resolve(
            posting,
            turn.lease,
            reason_code=problem.code,
            reason_params=problem.params,
            issue_id=turn.issues.id_for(problem),
            not_before=None,
        )


def without_set_aside(posting: Posting, finding: Finding) -> Finding:
    """A finding without the bookings that a person said are other documents; nothing left means absent."""
    aside = set(posting.sent.get("not_the_same", "").split())
    if isinstance(finding, Found) and finding.ref.external_id in aside:
        return Absent()
    if isinstance(finding, CannotTell) and finding.candidates:
        left = tuple(ref for ref in finding.candidates if ref.external_id not in aside)
        # What was shown proves that bookings may be seen, so an empty rest is a statement.
        return replace(finding, candidates=left) if left else Absent()
    return finding


def _not_there(turn: Slice, posting: Posting, asked_at: datetime) -> None:
    """The tool did not have it when asked: believed past the quiet time, and then it may go again."""
    quiet_until = claims.quiet_until(posting)
    if asked_at < quiet_until:
        claims.resolve(posting, turn.lease, not_before=quiet_until)
        return
    if posting.reason_code in EXISTS_CODES:
        # The tool said that the number exists, and shows nothing under it: a person has to look.
        problem = Problem(
            code=posting.reason_code,
            cause_key=f"reference:{posting.reference}",
            params={"reference": posting.reference, "text": posting.vendor_text},
            vendor_text=posting.vendor_text,
        )
        claims.resolve(
            posting,
            turn.lease,
            state=PostingState.REFUSED,
            reason_params=problem.params,
            issue_id=turn.issues.id_for(problem),
            not_before=None,
            sent_at=None,
        )
        turn.count_document(posting.kind, "refused")
        return
    claims.resolve(
        posting,
        turn.lease,
        state=PostingState.WAITING,
        reason_code="",
        reason_params={},
        vendor_text="",
        not_before=None,
        issue=None,
    )
    # It goes behind everything that was passed already; the order in the books is the tool's anyway.
    turn.cursor.pop("sales", None)
    turn.cursor["put_back"] = True


def _is_anothers(posting: Posting, ref: DocumentRef) -> bool:
    """Whether a booking is held by another posting; a person linked it by mistake, or the tool is confused."""
    return (
        Posting.objects.filter(administration_id=posting.administration_id, external_id=ref.external_id)
        .exclude(pk=posting.pk)
        .exists()
    )


def _as_sent(turn: Slice, posting: Posting) -> Document | None:
    """The booking as it was sent, so that it is compared per VAT code; None when it would be built otherwise now."""
    document = loaded(SalesDocument.objects.filter(pk=posting.sales_document_id or 0)).first()
    if document is None:
        return None
    planned = plan_document(document, turn.books, key=str(posting.key), reference=posting.reference)
    return planned.document if planned.payload_hash == posting.payload_hash else None


def open_difference(turn: Slice, posting: Posting, columns: dict[str, object]) -> None:
    """Give a booking whose figures are not ours its issue."""
    params = {str(k): str(v) for k, v in dict(columns["reason_params"]).items()}  # type: ignore[call-overload]
    problem = Problem(
        code=str(columns["reason_code"]),
        cause_key=f"differs:{posting.reference}",
        params={**params, "reference": posting.reference},
    )
    columns["issue_id"] = turn.issues.id_for(problem)
    columns.pop("issue", None)
