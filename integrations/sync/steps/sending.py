"""Sending what steps 4 and 5 have in common: waiting documents go to the tool in order, each at most once.

What was sent and never answered is looked for first; nothing is sent again before the tool, past its quiet
time, says that it is not there. Source: design section 5 "Posting"; SYS-703, SYS-705, NUM-520.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import islice
from typing import Any, cast

from django.db import IntegrityError
from django.db.models import F
from django.utils import timezone

from crm.models import Party

from ...base.errors import (
    AccessDenied,
    AdministrationGone,
    AuthorisationLost,
    BatchRefused,
    IntegrationError,
    LeaseLost,
    RateLimited,
)
from ...base.provider import Capability, ReadingProvider, TakingProvider
from ...base.records import (
    Absent,
    Document,
    ExternalRef,
    FilesLeft,
    NotTried,
    NumberTaken,
    Outcome,
    PartyData,
    Posted,
    Refused,
    Unclear,
)
from ...models import PartyLink, Posting, PostingState
from .. import claims
from ..numbering import Numbers, is_numbered, stopped_journals
from ..partylinks import ROLE_OPEN
from ..planning import party_data, party_hash
from ..problems import Problem
from ..selection import loaded_by_id
from ..sides import PURCHASES, SALES, Side, Source
from ..silence import notice_silence
from ..slices import Slice
from .files import (
    Contents,
    columns_of_files,
    count_refusals,
    files_of,
    note_files,
    takes_no_more,
    with_contents,
    without_files,
)
from .plan import Placed, place
from .unclear import EXISTS_CODES, look_at_taken, look_for_unclear, open_difference, without_set_aside

logger = logging.getLogger(__name__)

PAGE = 100
# How often documents get other numbers in vain, when somebody else books in the same journal meanwhile.
_RENUMBERINGS = 3
_Item = tuple[Posting, Document, str]  # with the fingerprint of what is sent


def send(turn: Slice, side: Side) -> bool:
    """Send what waits of one side, look at what is unclear; True when all of that is done."""
    if not look_for_unclear(turn):
        return False
    turn.cursor.pop("put_back", None)  # what was put back until here goes out below
    _see_booked(turn)  # nothing yet: drops the count that a dead worker left
    try:
        finished = _send_waiting(turn, side)
    finally:
        _see_booked(turn)
    if not finished:
        return False
    # One look for all that went out: where it is read in lists, each look costs the same.
    return look_for_unclear(turn) and look_at_taken(turn) and _let_journals_go_on(turn)


def _send_waiting(turn: Slice, side: Side) -> bool:
    """Send from where the slice before stopped; False when this one is over first."""
    while True:
        postings = _next_page(turn, side)
        if postings and not _send_page(turn, side, postings):
            return False
        if len(postings) < PAGE:
            return True
        first, *rest = side.place_of(postings[-1].document)
        turn.cursor[side.name] = [first.isoformat(), *rest]
        if turn.is_over:
            return False


def _let_journals_go_on(turn: Slice) -> bool:
    """Offer again in this run what waited for a booking of its journal that is clear now."""
    if turn.cursor.pop("held_journal", None) and not stopped_journals(turn):
        turn.cursor["put_back"] = True
    return True


def _next_page(turn: Slice, side: Side) -> list[Posting]:
    rows = Posting.objects.filter(side.of_postings, connection=turn.connection, state=PostingState.WAITING)
    place = turn.cursor.get(side.name)
    if place:
        rows = rows.filter(side.behind(place))
    order = [f"{side.field}__{name}" for name in side.order]
    return list(rows.select_related(side.field).order_by(*order)[:PAGE])


# --- sending ------------------------------------------------------------------------------------------------------


def _send_page(turn: Slice, side: Side, postings: list[Posting]) -> bool:
    """Send a page of waiting postings; False when the slice is over first."""
    size = max(1, turn.tool.limits.documents_per_call)
    numbers = Numbers(turn) if is_numbered(turn) else None
    takes_files = Capability.ATTACHMENTS_WITH_BOOKING in turn.tool.capabilities
    ids = [side.document_id(posting) for posting in postings] if takes_files else []
    contents = with_contents(turn.connection, side, ids)
    ready = iter(_ready(turn, side, postings))
    while batch := list(islice(ready, size)):
        if turn.is_over:
            return False
        batch = [item for item in batch if item[0].attempts == 0 or _may_go_again(turn, *item)]
        batch = [_with_files(turn, item, contents.get(side.document_id(item[0]))) for item in batch]
        if numbers is None:
            _send_batch(turn, batch)
        else:
            _send_numbered(turn, numbers, batch)
        turn.show_progress()
    return True


def _with_files(turn: Slice, item: _Item, contents: Contents | None) -> _Item:
    """The booking with what goes along: made as late as this, since the files of a page may be many."""
    if contents is None:
        return item
    posting, booking, payload_hash = item
    booking = replace(booking, attachments=files_of(contents))
    left = cast("TakingProvider", turn.provider).files_left(booking)
    return posting, replace(booking, files_left=left), payload_hash


def _as_files_go(turn: Slice, item: _Item) -> _Item:
    """The booking without its files where the tool refused those of several others."""
    posting, document, payload_hash = item
    left = takes_no_more(turn) if document.attachments else ""
    return (posting, without_files(document, FilesLeft(text=left)), payload_hash) if left else item


def _ready(turn: Slice, side: Side, postings: list[Posting]) -> list[_Item]:
    """Postings that can go now, with their booking; one whose party has no place there yet keeps waiting.

    Everything is checked again as in the plan: a person may have offered a document since, that the plan never saw.
    """
    capabilities = turn.tool.capabilities
    ids = [side.document_id(posting) for posting in postings]
    documents = loaded_by_id(side, ids)
    needs_party = not (side is PURCHASES and Capability.PURCHASES_AS_FILES in capabilities)
    links = _party_links(turn, side, documents.values()) if needs_party else {}
    in_order = [documents[pk] for pk in ids if pk in documents]
    ready: list[_Item] = []
    for placed in place(in_order, turn.connection, turn.books, side):
        posting, booking = placed.posting, placed.planned.document
        setattr(posting, side.field, placed.document)
        party = side.party_of(placed.document)
        link = links.get(party.pk) if party is not None else None
        if posting.state != PostingState.WAITING or booking is None:
            _hold(turn, placed)
        elif link is None and needs_party:
            turn.count_document(posting.kind, side.missing_party)
        else:
            if link is not None and party is not None:
                booking = replace(booking, party=ExternalRef(external_id=link.external_id, code=link.code))
                if Capability.CONTACTS_INLINE in capabilities:
                    booking = replace(booking, party_data=_inline_data(party, link))
            ready.append((posting, booking, placed.planned.payload_hash))
    return ready


def _party_links(turn: Slice, side: Side, documents: Iterable[Source]) -> dict[int, PartyLink]:
    """Links of the documents' parties to relations that are known to be what this side needs them for."""
    parties = {party.pk for document in documents if (party := side.party_of(document)) is not None}
    links = PartyLink.objects.filter(
        administration=turn.administration, party__in=parties, primary=True, role__in=side.link_roles
    ).exclude(external_id="")
    if side is SALES:
        links = links.exclude(sent_hash__startswith=ROLE_OPEN)
    return {link.party_id: link for link in links if side.has_role(link)}


def _inline_data(party: Party, link: PartyLink) -> PartyData:
    """What goes along of a customer: everything that changed since it was last sent, else only who it is."""
    data = party_data(party, external_id=link.external_id)
    if link.sent_hash != party_hash(data):
        return data
    return PartyData(reference=data.reference, name=data.name, is_person=data.is_person, external_id=link.external_id)


def _note_contact(turn: Slice, document: Document) -> None:
    """The tool took the customer's fields with the document: they are not sent again until they change."""
    data = document.party_data
    if data is not None and data.country:
        PartyLink.objects.filter(
            administration=turn.administration, external_id=document.party.external_id, primary=True
        ).update(sent_hash=party_hash(data), refused_hash="", refused_code="", refused_text="")


def _may_go_again(turn: Slice, posting: Posting, document: Document, payload_hash: str) -> bool:
    """Look before a second attempt, whatever became of the first: a refusal may have been a booking all the same."""
    posting.sent = claims.facts_of_attempt(document, posting)
    finding = without_set_aside(posting, turn.provider.find_document(claims.query_of(posting)))
    if isinstance(finding, Absent):
        return True
    if not claims.mark_sending([(posting, document, payload_hash)], turn.lease)[0]:
        return False
    # It stands there, or something does that nobody can tell from it: decided like any unanswered call.
    claims.record(
        posting,
        turn.lease,
        state=PostingState.UNCLEAR,
        reason_code="SYS-703",
        not_before=None,
        sent=claims.given_up(posting),
    )
    turn.count_document(posting.kind, "unclear")
    return False


def _send_numbered(turn: Slice, numbers: Numbers, batch: list[_Item]) -> None:
    """Send documents under the next numbers of their journals; renumber one only after a look at what stands there."""
    waiting, in_vain = batch, 0
    while waiting:
        for posting, document, _hash in waiting:
            if not numbers.may_go(document):
                _let_wait(turn, posting, document)
        waiting = [item for item in waiting if numbers.may_go(item[1])]
        given = numbers.give([document for _, document, _ in waiting])
        sent = _send_batch(turn, [(item[0], one, item[2]) for item, one in zip(waiting, given, strict=True)])
        outcomes = {posting.pk: (document, outcome) for (posting, document, _), outcome in sent}
        again: list[_Item] = []
        for item in waiting:
            document, outcome = outcomes.get(item[0].pk, (item[1], None))
            if isinstance(outcome, Posted):
                numbers.taken(document)
            elif isinstance(outcome, Unclear):
                numbers.stop(document)
            elif isinstance(outcome, NumberTaken):
                numbers.learn(document, outcome.last)
                if _may_go_again(turn, item[0], document, item[2]):
                    again.append((item[0], document, item[2]))
                else:
                    numbers.stop(document)
            elif isinstance(outcome, NotTried) and not outcome.code:
                again.append(item)  # its number was meant to follow one that was not taken
        in_vain = in_vain + 1 if len(again) == len(waiting) else 0
        if in_vain == _RENUMBERINGS:
            # Somebody else is booking there as fast as we are: later, when the journal is quiet.
            turn.cursor["put_back"] = True
            return
        waiting = again


def _let_wait(turn: Slice, posting: Posting, document: Document) -> None:
    """Say on the document why it does not go although nothing is wrong with it."""
    Posting.objects.filter(turn.lease.held(), pk=posting.pk, state=PostingState.WAITING).update(
        reason_code="NUM-524", reason_params={"journal": document.journal}, changed_at=timezone.now()
    )
    turn.cursor["held_journal"] = True
    turn.count_document(posting.kind, "waiting_for_journal")


def _send_batch(turn: Slice, batch: list[_Item]) -> list[tuple[_Item, Outcome]]:
    """Claim, send, record. Returns those that could be claimed with what was recorded, in their order."""
    if not batch:
        return []
    batch = [_as_files_go(turn, item) for item in batch]
    claimed = [item for item, ours in zip(batch, claims.mark_sending(batch, turn.lease), strict=True) if ours]
    if len(claimed) < len(batch) and not turn.lease.is_held():
        raise LeaseLost("another worker serves this administration now")
    if not claimed:
        return []
    outcomes: Sequence[Outcome]
    try:
        outcomes = turn.provider.post_documents([document for _, document, _ in claimed])
    except (RateLimited, AuthorisationLost, AccessDenied, AdministrationGone, LeaseLost) as exc:
        # By the provider's contract these come before anything was booked. Where our own count stopped the call it was
        # no attempt, and nothing has to be looked for before the next one.
        untried = {"attempts": F("attempts") - 1} if isinstance(exc, RateLimited) and exc.counted else {}
        for posting, _, _ in claimed:
            claims.record(posting, turn.lease, state=PostingState.WAITING, sent_at=None, **untried)
        raise
    except BatchRefused as exc:
        if len(claimed) > 1:
            return _send_in_halves(turn, claimed)
        outcomes = [Refused(code=exc.code, text=exc.vendor_text or str(exc), vendor_code=exc.vendor_code)]
    except IntegrationError as exc:
        outcomes = [Unclear(text=str(exc))] * len(claimed)
    recorded = [
        (item, _note_outcome(turn, item[0], item[1], outcome)) for item, outcome in zip(claimed, outcomes, strict=True)
    ]
    notice_silence(turn, outcomes)
    return [part for item, outcome in recorded for part in _without_refused_files(turn, item, outcome)]


def _without_refused_files(turn: Slice, item: _Item, outcome: Outcome) -> list[tuple[_Item, Outcome]]:
    """What becomes of a document whose files were refused: booked without them, which is committed with its claim."""
    posting, document, payload_hash = item
    if not isinstance(outcome, FilesLeft):
        return [(item, outcome)]
    return _send_batch(turn, [(posting, without_files(document, outcome), payload_hash)])


def _note_outcome(turn: Slice, posting: Posting, document: Document, outcome: Outcome) -> Outcome:
    """Record an outcome; a booking whose figures are shown later stays in sending until the end of the slice.

    A worker that dies before leaves it to be looked for like any other.
    """
    count_refusals(turn, document, outcome)
    if isinstance(outcome, Posted) and outcome.totals is None and Capability.READ_BACK in turn.tool.capabilities:
        if outcome.files_left or document.files_left:
            note_files(turn, posting, document, outcome.files_left)
        turn.booked.append((posting, document))
        turn.count_document(posting.kind, "booked")
        return outcome
    return _record(turn, posting, document, outcome)


def _see_booked(turn: Slice) -> None:
    """Read back together what this slice booked, and record it as it stands; what is not to be seen is unclear."""
    booked, turn.booked = turn.booked, []
    for row in turn.counters.values():
        row.pop("booked", None)  # also what a worker counted that died before it saw them
    if not booked:
        return
    provider = cast("ReadingProvider", turn.provider)
    outcomes = provider.read_back([document for _, document in booked])
    for (posting, document), outcome in zip(booked, outcomes, strict=True):
        if isinstance(_record(turn, posting, document, outcome), Unclear) and is_numbered(turn):
            Numbers(turn).stop(document)
    turn.show_progress()


def _send_in_halves(turn: Slice, claimed: list[_Item]) -> list[tuple[_Item, Outcome]]:
    """The tool took none because of one of them: find that one by halving, so that its neighbours still go."""
    for posting, document, _ in claimed:
        _record(turn, posting, document, NotTried(reason="the whole call was refused"))
    middle = len(claimed) // 2
    return _send_batch(turn, claimed[:middle]) + _send_batch(turn, claimed[middle:])


def _record(turn: Slice, posting: Posting, document: Document, outcome: Outcome) -> Outcome:
    """Commit what became of a posting; returns the outcome as it counts."""
    posting.sent = claims.sent_facts(document, posting)
    if isinstance(outcome, Posted) and outcome.totals is None:
        # Booked, but nobody saw what: it is looked at before it counts as posted.
        if Capability.CALLER_NUMBERED not in turn.tool.capabilities:
            return _record_taken(turn, posting, document, outcome)
        # The next number follows it, so its journal stops until that look.
        outcome = Unclear(text="booked, its figures were not seen")
    if isinstance(outcome, Posted):
        columns = claims.booked_columns(posting, document, outcome.ref, outcome.totals, outcome.remarks)
        if columns["state"] == PostingState.DIFFERS:
            open_difference(turn, posting, columns)
        ours = _record_booking(turn, posting, columns | columns_of_files(turn, posting, document, outcome.files_left))
        _note_contact(turn, document)
        turn.count_document(posting.kind, "posted" if columns["state"] == PostingState.POSTED else "differs")
    elif isinstance(outcome, Refused) and not (outcome.code in EXISTS_CODES and posting.attempts > 0):
        problem = _refusal(posting, outcome)
        ours = claims.record(
            posting,
            turn.lease,
            state=PostingState.REFUSED,
            reason_code=problem.code,
            reason_params=problem.params,
            vendor_text=outcome.text,
            issue_id=turn.issues.id_for(problem),
            sent_at=None,
        )
        turn.count_document(posting.kind, "refused")
    elif isinstance(outcome, NotTried | NumberTaken | FilesLeft):
        told = {}
        if isinstance(outcome, NotTried) and outcome.code:
            told = {"reason_code": outcome.code, "reason_params": {"journal": document.journal}}
        ours = claims.record(posting, turn.lease, state=PostingState.WAITING, sent_at=None, **told)
        if not isinstance(outcome, FilesLeft):  # that one goes at once, without them
            turn.count_document(posting.kind, "not_tried")
    else:
        # Unclear; or "exists already" after an earlier attempt, which most likely was our own booking.
        ours = claims.record(
            posting,
            turn.lease,
            state=PostingState.UNCLEAR,
            reason_code=outcome.code if isinstance(outcome, Refused) else "SYS-703",
            vendor_text=outcome.text,
            not_before=None,
            sent=claims.given_up(posting),
        )
        turn.count_document(posting.kind, "unclear")
        outcome = Unclear(text=outcome.text)
    if not ours:
        raise LeaseLost("the posting was taken over")
    return outcome


def _record_taken(turn: Slice, posting: Posting, document: Document, outcome: Posted) -> Outcome:
    """Commit that the tool took it: neither to be sent again nor posted, until it was seen what was booked."""
    ours = claims.record(
        posting,
        turn.lease,
        state=PostingState.UNCLEAR,
        reason_code="SYS-703",
        reason_params={"taken": "yes"},
        not_before=None,
        sent=claims.taken(posting, document, outcome.ref),
        **columns_of_files(turn, posting, document, outcome.files_left),
    )
    if not ours:
        raise LeaseLost("the posting was taken over")
    _note_contact(turn, document)
    turn.count_document(posting.kind, "taken")
    return outcome


def _refusal(posting: Posting, outcome: Refused) -> Problem:
    """The problem of a refusal. Same code and same words are one cause; a number that exists is its own."""
    cause = f"refused:{outcome.text[:120]}" if outcome.code not in EXISTS_CODES else f"reference:{posting.reference}"
    params = {"text": outcome.text, "reference": posting.reference}
    return Problem(code=outcome.code, cause_key=cause, params=params, vendor_text=outcome.text)


def _record_booking(turn: Slice, posting: Posting, columns: dict[str, Any]) -> bool:
    """Commit a booking; one that another posting holds already is looked at, and a person decides."""
    try:
        return claims.record(posting, turn.lease, **columns)
    except IntegrityError:
        logger.exception(
            "a booking came back twice", extra={"posting": posting.pk, "external_id": columns["external_id"]}
        )
        return claims.record(
            posting,
            turn.lease,
            state=PostingState.UNCLEAR,
            reason_code="SYS-703",
            not_before=None,
            sent=claims.given_up(posting),
        )


def _hold(turn: Slice, placed: Placed) -> None:
    """Something changed between plan and sending; the posting is held up like in the plan."""
    problem = placed.planned.problem
    posting = placed.posting
    changed = Posting.objects.filter(turn.lease.held(), pk=posting.pk, state=PostingState.WAITING).update(
        state=posting.state,
        reason_code=posting.reason_code,
        reason_params=posting.reason_params,
        issue_id=turn.issues.id_for(problem) if problem is not None else None,
        changed_at=timezone.now(),
    )
    turn.count_document(posting.kind, posting.state, changed)
