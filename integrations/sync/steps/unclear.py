"""What was sent and never answered: looked for in the tool, sent again only when it provably is not there.

And what the tool took without saying what it booked: looked at in the same way, and never sent again by itself.
Source: design section 5 "Posting"; SYS-703, SYS-705, NUM-520.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import cast

from django.db.models import Q, QuerySet
from django.db.models.functions import Coalesce
from django.utils import timezone

from ...base.provider import Capability, DaysProvider
from ...base.records import Absent, CannotTell, Document, DocumentQuery, DocumentRef, Finding, Found
from ...models import Posting, PostingState
from .. import claims
from ..problems import Problem
from ..selection import loaded_by_id
from ..sides import SIDES, side_of
from ..slices import Slice
from .files import columns_of_found

PAGE = 500
EXISTS_CODES = frozenset({"NUM-520", "NUM-521", "NUM-522"})


def look_for_unclear(turn: Slice) -> bool:
    """Ask the tool about every posting whose outcome is unknown; True when all were asked.

    Where the tool could not tell, a person is asked to, and the tool once per run.
    """
    claims.take_over_abandoned(turn.administration.pk, turn.lease)
    return _look_at(turn, _unclear(turn).exclude(sent__has_key=claims.TAKEN), "asked_all")


def look_at_taken(turn: Slice) -> bool:
    """Ask the tool what it booked of everything that it took, in this run or before; True when all were asked."""
    return _look_at(turn, _unclear(turn).filter(sent__has_key=claims.TAKEN), "asked_taken")


def _unclear(turn: Slice) -> QuerySet[Posting]:
    return Posting.objects.filter(connection=turn.connection, state=PostingState.UNCLEAR)


def _look_at(turn: Slice, postings: QuerySet[Posting], asked: str) -> bool:
    """Look at those that are due. `asked`: where the run remembers that it asked about all of them once."""
    due = postings.filter(Q(not_before__isnull=True) | Q(not_before__lte=timezone.now()))
    if turn.cursor.get(asked):
        due = due.exclude(not_before__isnull=True, issue__isnull=False)
    by_days = None
    if Capability.FIND_BY_DAYS in turn.tool.capabilities:
        by_days = cast("DaysProvider", turn.provider)
        days = due.order_by().values_list(Coalesce(*(f"{side.field}__date" for side in SIDES)), flat=True).distinct()
        by_days.expect_days(sorted(days))
    # Where changes are asked for since a moment, the first answer then holds the others too.
    keys = list(due.order_by("sent_at", "pk").values_list("pk", flat=True))
    for start in range(0, len(keys), PAGE):
        for posting in due.filter(pk__in=keys[start : start + PAGE]).order_by("sent_at", "pk"):
            query = claims.query_of(posting)
            # What took a slice to read is used up in it: the next one would have to read it again.
            if turn.is_over and not (by_days is not None and by_days.has_read(query.date)):
                return False
            _look(turn, posting, query)
        turn.lease.renew()
    turn.cursor[asked] = True
    return True


def _look(turn: Slice, posting: Posting, query: DocumentQuery) -> None:
    asked_at = timezone.now()
    finding = without_set_aside(posting, turn.provider.find_document(query))
    if isinstance(finding, Found) and _is_anothers(posting, finding.ref):
        finding = CannotTell(reason="the booking belongs to another document", candidates=(finding.ref,))
    if isinstance(finding, Found):
        amounts = claims.amounts_of_taken(posting) or _as_sent(turn, posting)
        columns = claims.booked_columns(posting, amounts, finding.ref, finding.totals, finding.remarks)
        if columns["state"] == PostingState.DIFFERS:
            open_difference(turn, posting, columns)
        if posting.is_taken:
            columns["sent"] = claims.seen(posting)
        else:
            # They went along in the call that booked it, or it was written down before that they would not.
            columns |= columns_of_found(turn, posting)
        if claims.resolve(posting, turn.lease, **columns):
            turn.count_document(posting.kind, "posted" if columns["state"] == PostingState.POSTED else "differs")
            if posting.is_taken:
                _no_longer_taken(turn, posting)
            else:
                turn.count_document(posting.kind, "found")
    elif posting.is_taken and not (isinstance(finding, CannotTell) and finding.candidates):
        _not_shown(turn, posting, asked_at)
    elif isinstance(finding, Absent):
        _not_there(turn, posting, asked_at)
    elif (
        isinstance(finding, CannotTell)
        and finding.is_early
        and asked_at < claims.quiet_until(posting, turn.tool.limits)
    ):
        _wait(turn, posting)
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
                **({"seen": "nowhere"} if finding.is_final else {}),
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


def _wait(turn: Slice, posting: Posting) -> None:
    """Ask again by itself once the tool's quiet time is over; until then nobody has to do anything."""
    columns: dict[str, object] = {"not_before": claims.quiet_until(posting, turn.tool.limits), "issue": None}
    if posting.reason_code not in EXISTS_CODES:
        columns["reason_params"] = {"taken": "yes"} if posting.is_taken else {"early": "yes"}
    claims.resolve(posting, turn.lease, **columns)


def _not_shown(turn: Slice, posting: Posting, asked_at: datetime) -> None:
    """The tool took it, and does not show it. Within its quiet time that says nothing; later a person is asked.

    It is not sent again: a tool that said so has booked it, and somebody there may have deleted it since.
    """
    if asked_at < claims.quiet_until(posting, turn.tool.limits):
        _wait(turn, posting)
        return
    problem = Problem(
        code="SYS-703",
        cause_key=f"unclear:{posting.reference}",
        params={"reference": posting.reference, "taken": "missing"},
    )
    claims.resolve(
        posting,
        turn.lease,
        reason_code=problem.code,
        reason_params=problem.params,
        issue_id=turn.issues.id_for(problem),
        not_before=None,
    )


def _no_longer_taken(turn: Slice, posting: Posting) -> None:
    """Count what was read back as answered once, in the run that sent it; another run never counted it as taken."""
    if turn.counters.get(turn.part_of(posting.kind), {}).get("taken"):
        turn.count_document(posting.kind, "taken", -1)


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
    quiet_until = claims.quiet_until(posting, turn.tool.limits)
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
    turn.cursor.pop(side_of(posting).name, None)
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
    side = side_of(posting)
    key = side.document_id(posting)
    document = loaded_by_id(side, [key]).get(key)
    if document is None:
        return None
    planned = side.plan(document, turn.books, key=str(posting.key), reference=posting.reference)
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
