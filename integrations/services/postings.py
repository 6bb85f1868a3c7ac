"""What a person may decide about a posting. Every verb is a conditional update, logged on the document.

A posting that is being sent belongs to its worker; no verb touches it. Source: N-02, N-26; NUM-520, PAY-722.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from crm import audit
from invoicing.models import PurchaseDocument

from ..base.provider import Capability
from ..base.records import Absent, BookedTotals, CannotTell, DocumentKind, DocumentQuery, DocumentRef, Found
from ..models import IN_BOOKS, BookedReference, PartyLink, Posting, PostingState, ToolParty
from ..registry import get_tool
from ..sync import claims
from ..sync.books import load_books
from ..sync.issues import IssueBook, settle_issues
from ..sync.problems import Problem
from ..sync.purchase_planning import MAILED, reference_there
from ..sync.selection import loaded_by_id
from ..sync.sides import side_of
from ..sync.steps.files import CODE as FILES_REFUSED
from .connecting import opened

_NOT_IN_BOOKS = (PostingState.WAITING, PostingState.BLOCKED, PostingState.REFUSED, PostingState.GONE)
_FILES_AGAIN = "files_again"  # in `Posting.sent`


class PostingError(Exception):
    """A decision that the posting's state does not allow; the text says why."""


def retry(*, posting: Posting, user: AbstractBaseUser | None) -> None:
    """Offer a blocked or refused document again at the next sync, its customer or supplier included.

    Of one that is held up because it went by e-mail (APP-223): send it all the same.
    """
    PartyLink.objects.filter(
        administration_id=posting.administration_id, party=side_of(posting).party_of(posting.document)
    ).update(refused_hash="")
    _forget_what_is_gone(posting)
    was_mailed = posting.reason_code == MAILED
    _move(
        posting,
        user,
        _("Sent to the books although it went by e-mail") if was_mailed else _("Retry"),
        (PostingState.BLOCKED, PostingState.REFUSED),
        state=PostingState.WAITING,
        reason_code="",
        reason_params={},
        vendor_text="",
        payload_hash="",
        issue=None,
        **({"sent": {**posting.sent, claims.ALSO_MAILED: "yes"}} if was_mailed else {}),
    )


def _forget_what_is_gone(posting: Posting) -> None:
    """Before another try: drop a link, or a booking found in the books, that no longer stands in the tool."""
    side = side_of(posting)
    links = PartyLink.objects.filter(
        administration_id=posting.administration_id,
        party=side.party_of(posting.document),
        role__in=side.link_roles,
        primary=True,
    )
    if posting.reason_code == "PAR-641":
        # The words of a refusal alone unlink nobody; the tool's own list of relations does.
        gone = ToolParty.objects.filter(administration_id=posting.administration_id, deleted=True)
        links.filter(external_id__in=gone.values("external_id")).delete()
    external_id = posting.reason_params.get("external_id", "")
    standing = BookedReference.objects.filter(administration_id=posting.administration_id, external_id=external_id)
    if external_id and standing.exists() and isinstance(_ask(posting, external_id), Absent):
        standing.delete()


def exclude(*, posting: Posting, reason: str, user: AbstractBaseUser | None) -> None:
    """Keep a document out of the books for good, with a reason. Not for one that may already be there."""
    if not reason.strip():
        raise PostingError(_("Give a reason."))
    _move(
        posting,
        user,
        _("Excluded: %(reason)s") % {"reason": reason.strip()},
        _NOT_IN_BOOKS,
        state=PostingState.EXCLUDED,
        reason_code="",
        reason_params={"reason": reason.strip()[:300]},
        excluded_by=audit.actor_name(user)[:150],
        issue=None,
    )


def include(*, posting: Posting, user: AbstractBaseUser | None) -> None:
    """Take an exclusion back; the next sync plans the document again.

    PostingError: the document stands in another administration, and is not booked a second time.
    """
    name = posting.reason_params.get("already_in")
    if name and _others_in_books(posting):
        raise PostingError(_("It stands in the books of %(name)s and is not booked a second time.") % {"name": name})
    _move(
        posting,
        user,
        _("No longer excluded"),
        (PostingState.EXCLUDED,),
        state=PostingState.WAITING,
        reason_code="",
        reason_params={},
        excluded_by="",
        issue=None,
        **(_afresh(posting) if posting.external_id else {"sent": {**posting.sent, "included": "yes"}}),
    )


def _others_in_books(posting: Posting) -> bool:
    side = side_of(posting)
    rows = Posting.objects.filter(**{side.field: side.document_id(posting)}, state__in=IN_BOOKS)
    return rows.exclude(pk=posting.pk).exists()


def _afresh(posting: Posting) -> dict[str, Any]:
    """Columns of a posting whose booking is gone: nothing of it may mislead the next look-up."""
    return {
        "external_id": "",
        "number": "",
        "fiscal_year": "",
        "tool_totals": {},
        "posted_at": None,
        "attached_at": None,
        "sent_at": None,
        "key": uuid.uuid4(),
        "sent": {"was": posting.external_id or posting.sent.get("was", ""), "included": "yes"},
    }


def send_again(*, posting: Posting, user: AbstractBaseUser | None) -> None:
    """Book a document anew whose booking was deleted in the tool (PAY-722). It gets a new number there."""
    _move(
        posting,
        user,
        _("Send again"),
        (PostingState.GONE,),
        state=PostingState.WAITING,
        reason_code="",
        reason_params={},
        vendor_text="",
        issue=None,
        **_afresh(posting),
    )


def is_seen_nowhere(posting: Posting) -> bool:
    """Whether the tool can say no more about a posting without an answer, so that a person has to."""
    return posting.state == PostingState.UNCLEAR and posting.reason_params.get("seen") == "nowhere"


def send_unseen(*, posting: Posting, user: AbstractBaseUser | None) -> None:
    """A person looked in the tool: what went there without an answer is not there. The next sync looks once more.

    PostingError: the tool was not asked yet, or may still say something.
    """
    if not is_seen_nowhere(posting):
        raise PostingError(_("This document cannot be sent again now: its state changed meanwhile."))
    _move(
        posting,
        user,
        _("Looked for in the tool and not found there: send again"),
        (PostingState.UNCLEAR,),
        state=PostingState.WAITING,
        reason_code="",
        reason_params={},
        vendor_text="",
        not_before=None,
        sent_at=None,
        issue=None,
    )


def attach_again(*, posting: Posting, user: AbstractBaseUser | None) -> None:
    """Try the files of a booking again with the next sync, where they go beside it (SYS-708); the booking stays."""
    if not may_attach_again(posting):
        raise PostingError(_("Its files were not refused, or the tool takes files only together with a booking."))
    notes = [note for note in posting.notes if note["code"] != FILES_REFUSED]
    sent = {**posting.sent, _FILES_AGAIN: "yes"}
    _move(posting, user, _("Attach again"), (PostingState.POSTED,), attached_at=None, notes=notes, sent=sent)


def files_go_again(posting: Posting) -> bool:
    """Whether a person asked for the files of a booking, and no sync was there since."""
    return posting.state == PostingState.POSTED and posting.attached_at is None and _FILES_AGAIN in posting.sent


def may_attach_again(posting: Posting) -> bool:
    """Whether files of a booking stayed here that may still go beside it."""
    takes = Capability.ATTACHMENTS_AFTER_BOOKING in get_tool(posting.connection.tool).capabilities
    return takes and posting.state == PostingState.POSTED and any(n["code"] == FILES_REFUSED for n in posting.notes)


def not_the_same(*, posting: Posting, external_id: str, user: AbstractBaseUser | None) -> None:
    """A person compared: the booking there is another document; ours may go in under the same number.

    An unclear posting stays unclear: the next look-up passes that booking by.
    """
    unclear = posting.state == PostingState.UNCLEAR
    _move(
        posting,
        user,
        _("Not the same booking as %(id)s") % {"id": external_id},
        (PostingState.UNCLEAR,) if unclear else (PostingState.BLOCKED, PostingState.REFUSED),
        state=PostingState.UNCLEAR if unclear else PostingState.WAITING,
        reason_code="SYS-703" if unclear else "",
        reason_params={},
        not_before=None,
        issue=None,
        sent={**claims.seen(posting), "not_the_same": f"{posting.sent.get('not_the_same', '')} {external_id}".strip()},
    )


def link_to_existing(*, posting: Posting, external_id: str, user: AbstractBaseUser | None) -> Posting:
    """Take a booking that already stands in the tool as this document's own.

    Its totals are compared like after sending: a difference becomes `differs`, never a second booking.
    PostingError: the booking is unknown, or belongs to another document.
    """
    states = (PostingState.BLOCKED, PostingState.REFUSED, PostingState.UNCLEAR, PostingState.GONE)
    if posting.state not in states:
        raise PostingError(_("This document cannot be linked now: its state changed meanwhile."))
    ref, totals, differences = _existing(posting, external_id)
    if (
        Posting.objects.filter(administration_id=posting.administration_id, external_id=ref.external_id)
        .exclude(pk=posting.pk)
        .exists()
    ):
        raise PostingError(_("That booking already belongs to another document."))
    document = _planned(posting)
    sent = claims.sent_facts(document, posting) if document is not None else _facts(posting)
    posting.sent = sent
    columns = claims.booked_columns(posting, document, ref, totals)
    if columns["state"] == PostingState.POSTED and differences:
        columns.update(state=PostingState.DIFFERS, reason_code="SYS-704", reason_params={"what": differences})
    if columns["state"] == PostingState.DIFFERS:
        params = {str(name): str(value) for name, value in columns["reason_params"].items()}
        problem = Problem(
            code=columns["reason_code"],
            cause_key=f"differs:{posting.reference}",
            params={**params, "reference": posting.reference},
        )
        columns.pop("issue", None)
        columns["issue_id"] = IssueBook(posting.connection_id).id_for(problem)
    _move(
        posting,
        user,
        _("Linked to booking %(number)s") % {"number": ref.number or external_id},
        states,
        sent=sent,
        **columns,
    )
    return Posting.objects.get(pk=posting.pk)


def _facts(posting: Posting) -> dict[str, str]:
    """What a later look-up compares, from the document itself, where its booking cannot be built now."""
    document = posting.document
    return {
        "party": "",
        "journal": posting.journal,
        **posting.sent,
        "reference": _reference_there(posting),
        "kind": posting.kind,
        "date": document.date.isoformat(),
        "total": str(abs(document.total)),
        "currency": document.currency,
    }


def _existing(posting: Posting, external_id: str) -> tuple[DocumentRef, BookedTotals | None, str]:
    """The booking, its totals, and what else about it differs from ours, in words."""
    known = BookedReference.objects.filter(administration_id=posting.administration_id)
    row = known.filter(external_id=external_id).first()
    if row is None:
        # People read numbers, not ids; one number in two journals is no answer.
        numbered = list(known.filter(number=external_id)[:2])
        row = numbered[0] if len(numbered) == 1 else None
    # What was read back then may be deleted by now: the tool itself is asked, its figures are the ones compared.
    wanted = row.external_id if row is not None else external_id
    finding = _ask(posting, wanted)
    if isinstance(finding, Found):
        return finding.ref, finding.totals, "; ".join(finding.remarks)
    if isinstance(finding, CannotTell):
        place = next((n for n, c in enumerate(finding.candidates) if c.external_id == wanted), None)
        if place is not None:
            totals = finding.totals[place] if place < len(finding.totals) else None
            if totals is None and row is not None and row.total is not None:
                totals = BookedTotals(total=abs(row.total))
            return finding.candidates[place], totals, finding.reason
    if isinstance(finding, Absent) and row is not None:
        row.delete()
    raise PostingError(_("That booking was not found in the administration."))


def refresh_from_tool(*, posting: Posting, user: AbstractBaseUser | None) -> str:
    """Read the booking now: "found", "gone" (the posting becomes gone) or "unknown"."""
    if posting.state not in IN_BOOKS:
        raise PostingError(_("This document is not in the books yet."))
    finding = _ask(posting, posting.external_id)
    if isinstance(finding, Found):
        return "found"
    if isinstance(finding, Absent):
        with transaction.atomic():
            _move(
                posting,
                user,
                _("No longer in the tool"),
                IN_BOOKS,
                state=PostingState.GONE,
                reason_code="PAY-722",
                reason_params={"number": posting.number, "reference": posting.reference},
                **claims.let_go(posting, get_tool(posting.connection.tool)),
            )
        return "gone"
    return "unknown"


def _ask(posting: Posting, external_id: str) -> Any:
    document = posting.document
    facts = posting.sent
    query = DocumentQuery(
        key=str(posting.key),
        reference=_reference_there(posting),
        kind=DocumentKind(posting.kind),
        party_external_id=facts.get("party", ""),
        date=document.date,
        total=abs(Decimal(facts.get("total", document.total))),
        currency=document.currency,
        journal=posting.journal,
        external_id=external_id,
        sent_at=posting.sent_at,
    )
    with opened(posting.connection) as provider:
        return provider.find_document(query)


def _planned(posting: Posting) -> Any:
    """The booking as it would be sent, for the comparison; None when something else is in its way."""
    side = side_of(posting)
    key = side.document_id(posting)
    books = load_books(posting.connection, get_tool(posting.connection.tool))
    return side.plan(loaded_by_id(side, [key])[key], books, key=str(posting.key), reference=posting.reference).document


def _reference_there(posting: Posting) -> str:
    """What the booking goes by in the tool: our own number, or the supplier's."""
    if not isinstance(posting.document, PurchaseDocument):
        return posting.reference
    limits = get_tool(posting.connection.tool).limits
    return posting.sent.get("reference") or reference_there(posting.document, limits)


def _move(posting: Posting, user: AbstractBaseUser | None, message: str, states: Iterable[str], **columns: Any) -> None:
    """Change the posting if it is still in one of `states`, log it on the document, and settle the issues."""
    allowed = list(states)
    with transaction.atomic():
        changed = Posting.objects.filter(pk=posting.pk, state__in=allowed).update(changed_at=timezone.now(), **columns)
        if not changed:
            raise PostingError(_("The state of this document changed meanwhile. Look at the page again."))
        audit.record(by=user, objects=[posting.document, posting], flag=audit.CHANGED, message=message)
        settle_issues(posting.connection, run_succeeded=False)
    posting.refresh_from_db()
