"""Step 3: customers and suppliers of waiting documents get their place in the tool; found before created, once only.

A creation is committed as a link without external id before the call and completed right after it; what was
begun and not answered is looked for by our own mark before anything is created again. Source: design 5;
domain rules 8 and 18.3; APP-219, PAR-640, PAR-641.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from django.db import IntegrityError
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils import timezone

from crm.models import Party

from ...base.errors import AccessDenied, AdministrationGone, AuthorisationLost, LeaseLost, RateLimited
from ...base.provider import Capability
from ...base.records import ExternalRef, NotTried, Outcome, PartyData, PartyRole, Posted, Refused
from ...models import PartyLink, Posting, PostingState, ToolParty
from .. import mirror
from ..partylinks import (
    ROLE_OPEN,
    begin,
    complete,
    forget,
    held,
    is_itself,
    link_role,
    promote_seconds,
    quiet_until,
    role_open,
    unbegin,
)
from ..planning import party_data, party_hash
from ..problems import Problem
from ..sides import PURCHASES, SALES, SIDES, Side
from ..silence import notice_silence
from ..slices import Slice

logger = logging.getLogger(__name__)

PAGE = 500


@dataclass(slots=True)
class _Work:
    """One call to make: create or update, with the link row that records it."""

    side: Side
    party: Party
    data: PartyData
    link: PartyLink
    creates: bool


def run(turn: Slice) -> bool:
    # First the customers: a relation that is both is then made once, and becomes a supplier by a second call.
    return all(_follow_deletions(turn, side) and _serve_side(turn, side) for side in SIDES)


def _serve_side(turn: Slice, side: Side) -> bool:
    """Serve the parties of one side from where the slice before stopped; False when this one is over first."""
    if side is PURCHASES and Capability.PURCHASES_AS_FILES in turn.tool.capabilities:
        return True  # whoever books the file over there finds or makes the supplier
    after = int(turn.cursor.get(_place_of(side), 0))
    while True:
        page = list(_parties_of_waiting(turn, side).filter(pk__gt=after).order_by("pk")[:PAGE])
        if page and not _serve(turn, side, page):
            return False
        if len(page) < PAGE:
            return True
        after = page[-1].pk
        turn.cursor[_place_of(side)] = after
        if turn.is_over:
            return False


def _place_of(side: Side) -> str:
    """Where the run remembers how far it came."""
    return "parties" if side is SALES else "suppliers"


def _parties_of_waiting(turn: Slice, side: Side) -> QuerySet[Party]:
    waiting = Posting.objects.filter(
        connection=turn.connection, state=PostingState.WAITING, **{side.party_path: OuterRef("pk")}
    )
    return Party.objects.filter(Exists(waiting))


def _follow_deletions(turn: Slice, side: Side) -> bool:
    """Where a document was refused because its party is gone there (PAR-641), ask the list of relations.

    What that lists as deleted is unlinked, and its documents are offered again with a new relation.
    """
    refused = Posting.objects.filter(
        side.of_postings, connection=turn.connection, state=PostingState.REFUSED, reason_code="PAR-641"
    )
    asked: list[str] = turn.cursor.setdefault("deletions", [])
    if side.name in asked or not refused.exists():
        return True
    if not mirror.refresh(turn):
        return False
    asked.append(side.name)
    links = PartyLink.objects.filter(
        administration=turn.administration, party__in=refused.values(side.party_path)
    ).exclude(external_id="")
    known = list(links)
    gone = _gone(turn, [link.external_id for link in known])
    for link in known:
        if link.external_id in gone:
            forget(turn, link)
    for posting in refused.exclude(**{f"{side.party_path}__tool_links__in": links}):
        Posting.objects.filter(turn.lease.held(), pk=posting.pk, state=PostingState.REFUSED).update(
            state=PostingState.WAITING, reason_code="", reason_params={}, vendor_text="", issue=None
        )
        turn.count_document(posting.kind, "to_send")
    return True


def _serve(turn: Slice, side: Side, parties: list[Party]) -> bool:
    """Link, update or create each of `parties`; False when the slice is over first (it then begins again here)."""
    links = {
        link.party_id: link
        for link in PartyLink.objects.filter(
            administration=turn.administration, party__in=parties, primary=True, role__in=side.link_roles
        )
    }
    gone = _gone(turn, [link.external_id for link in links.values() if link.external_id])
    for party_id in [p for p, link in links.items() if link.external_id in gone]:
        forget(turn, links.pop(party_id))
    links |= promote_seconds(turn, [party for party in parties if party.pk not in links], side.link_roles)
    _see_roles(turn, side, [link for link in links.values() if link.external_id and not side.has_role(link)])
    updates: list[_Work] = []
    unlinked: list[Party] = []
    for party in parties:
        link = links.get(party.pk)
        if link is None or not link.external_id:
            unlinked.append(party)
            continue
        data = party_data(party, external_id=link.external_id, roles=_roles_of(side, link))
        fingerprint = party_hash(data)
        # None of its fields were sent, as they were found over there; nor are they now.
        is_role_open = link.sent_hash == role_open(fingerprint)
        is_sent = link.sent_hash == fingerprint or (is_role_open and side is PURCHASES)
        if (is_sent and side.has_role(link)) or _refused_before(turn, side, party, link):
            continue
        if _travels(turn) and link.code and side.has_role(link) and not is_role_open:
            continue  # its fields go with the document
        if is_sent or is_role_open:
            data = _only_role(turn, side, party, link.external_id)
        updates.append(_Work(side=side, party=party, data=data, link=link, creates=False))
    works = updates
    if unlinked:
        begun = any(link.sent_at is not None for link in links.values() if not link.external_id)
        # A creation that a dead worker began may have arrived after the mirror was last read.
        if (begun or not mirror.is_fresh(turn)) and not mirror.refresh(turn):
            return False
        works = updates + list(_place(turn, side, unlinked, links))
    return _save(turn, works)


def _see_roles(turn: Slice, side: Side, links: list[PartyLink]) -> None:
    """Note on links what their relations became over there meanwhile, as the mirror has it."""
    if not links:
        return
    has_role = {"administration": turn.administration, side.role_column: True}
    seen = set(
        ToolParty.objects.filter(external_id__in=[link.external_id for link in links], **has_role).values_list(
            "external_id", flat=True
        )
    )
    # Where a customer's fields or code still have to go there, that is what the mark on the link is for.
    there = [link for link in links if link.external_id in seen and not link.sent_hash.startswith(ROLE_OPEN)]
    for link in there:
        setattr(link, side.role_column, True)
    PartyLink.objects.filter(pk__in=[link.pk for link in there]).update(**{side.role_column: True})


def _roles_of(side: Side, link: PartyLink) -> frozenset[PartyRole]:
    """What a relation is, and what it becomes with the next call."""
    return frozenset(one.role for one in SIDES if one is side or one.has_role(link))


def _new_link(turn: Slice, side: Side, party: Party) -> PartyLink:
    """The link of a relation that is to be made, or was found."""
    return PartyLink(
        administration=turn.administration,
        party=party,
        role=link_role(turn.tool, (side.role,)),
        is_customer=side is SALES,
        is_supplier=side is PURCHASES,
    )


def _gone(turn: Slice, external_ids: Sequence[str]) -> set[str]:
    """External ids that the tool itself listed as deleted."""
    return set(
        ToolParty.objects.filter(
            administration=turn.administration, external_id__in=external_ids, deleted=True
        ).values_list("external_id", flat=True)
    )


def _place(turn: Slice, side: Side, parties: list[Party], pending: dict[int, PartyLink]) -> Iterator[_Work]:
    """Link what the mirror holds; yield the creations, and the roles to give, that need a call."""
    found = mirror.find(turn.administration, parties)
    if Capability.SEPARATE_ROLE_CODES in turn.tool.capabilities:
        # The supplier of a customer's name is another relation there.
        found = {pk: [hit for hit in hits if side.role in hit.roles] for pk, hits in found.items()}
    if any(not hits for hits in found.values()):
        mirror.prove(turn, [party for party in parties if not found[party.pk]], side.role)
    made = _made_by_us(turn, side, parties)
    free = mirror.free_numbers(turn, [party for party in parties if not found[party.pk]])
    for party in parties:
        hits = _in_use(found[party.pk])
        link = pending.get(party.pk)
        if len(hits) > 1:
            names = ", ".join(f"{hit.code} {hit.name}".strip() for hit in hits[:5])
            _hold_up(
                turn,
                side,
                party,
                Problem(
                    code="APP-219",
                    cause_key=f"party:{party.pk}",
                    params={"party": party.name, "relations": names},
                    party_id=party.pk,
                ),
            )
        elif hits:
            work = _adopt(turn, side, party, hits[0], link)
            if work is not None:
                yield work
        elif link is not None and link.sent_at is not None and timezone.now() < quiet_until(link.sent_at):
            # Begun, not answered, not there yet: too early to begin again.
            turn.count("parties", "unclear")
        elif link is None or not _refused_before(turn, side, party, link):
            numbers = mirror.numbers(party)
            twin = next((made[number] for number in numbers if number in made), None)
            if twin is not None and twin.pk != party.pk:
                # The relation of that number is not in the mirror yet; a second one would be a duplicate over there.
                _hold_up(turn, side, party, _taken(party, "", twin))
                continue
            made.update(dict.fromkeys(numbers, party))
            row = link or _new_link(turn, side, party)
            if _travels(turn):
                _give_code(turn, party, row)
            else:
                # One that was begun before may stand there under a name or mark that the mirror does not know it by.
                data = party_data(party, roles=frozenset({side.role}))
                data = replace(data, is_new=party.pk in free and row.sent_at is None)
                yield _Work(side=side, party=party, data=data, link=row, creates=True)


def _in_use(hits: list[ExternalRef]) -> list[ExternalRef]:
    """Of several relations that fit, the only one that is not blocked: the others were put aside by a person there."""
    usable = [hit for hit in hits if not hit.blocked]
    return usable if len(usable) == 1 else hits


def _made_by_us(turn: Slice, side: Side, parties: list[Party]) -> dict[tuple[str, str], Party]:
    """Parties with a number of `parties` whose relation we made, or began to make, by that number."""
    numbers = {number for party in parties for number in mirror.numbers(party)}
    links = PartyLink.objects.filter(
        Q(party__vat_number__in=[value for kind, value in numbers if kind == "vat"])
        | Q(party__enterprise_number__in=[value for kind, value in numbers if kind == "enterprise"]),
        ~Q(external_id="") | Q(sent_at__isnull=False),
        administration=turn.administration,
        matched_by__in=("", "reference"),
        role__in=side.link_roles,
    )
    return {number: link.party for link in links.select_related("party") for number in mirror.numbers(link.party)}


def _taken(party: Party, external_id: str, other: Party | None) -> Problem:
    """The relation that would be the party's is already that of another: no two share one."""
    return Problem(
        code="IMP-306",
        cause_key=f"party:{party.pk}",
        params={"external_id": external_id, "party": other.name if other else ""},
        party_id=party.pk,
    )


def _travels(turn: Slice) -> bool:
    """Whether the tool makes and changes relations with the documents that name them."""
    return Capability.CONTACTS_INLINE in turn.tool.capabilities


def _give_code(turn: Slice, party: Party, link: PartyLink) -> None:
    """Our own mark becomes the code by which the tool makes the relation with its first document, and finds it later."""
    link.external_id = link.code = party.mark
    link.linked_at = timezone.now()
    try:
        with held(turn):
            if not is_itself(party.pk):
                return  # it went into another one meanwhile
            link.save()
    except IntegrityError:
        return  # a person linked it meanwhile
    turn.count("parties", "with_documents")


def _refused_before(turn: Slice, side: Side, party: Party, link: PartyLink) -> bool:
    """Whether the tool said no to exactly these fields; the documents are then held up without asking again."""
    if not link.refused_hash or link.refused_hash != party_hash(party_data(party)):
        return False
    changed_at = turn.administration.catalogue_changed_at
    if changed_at is not None and link.refused_at is not None and changed_at > link.refused_at:
        return False
    _hold_up(turn, side, party, _refusal(party, link.refused_code, link.refused_text))
    return True


def _refusal(party: Party, code: str, text: str) -> Problem:
    return Problem(
        code=code,
        cause_key=f"party:{party.pk}",
        params={"party": party.name, "text": text},
        party_id=party.pk,
        vendor_text=text,
    )


def _adopt(turn: Slice, side: Side, party: Party, hit: ExternalRef, link: PartyLink | None) -> _Work | None:
    """Link `party` to the one relation found. Its fields over there stay as they are, save for a missing role."""
    if hit.blocked:
        problem = Problem(
            code="PAR-640",
            cause_key=f"party:{party.pk}",
            params={"party": party.name, "relation": f"{hit.code} {hit.name}".strip(), "blocked": "yes"},
            party_id=party.pk,
        )
        _hold_up(turn, side, party, problem)
        return None
    # One of ours is what we made it for, which may have been the other side.
    has_role = side.role in hit.roles or (hit.matched_by == "reference" and not hit.roles)
    # Where documents name their customer by code, a relation without one gets ours before the first document.
    needs_role = not has_role or (_travels(turn) and not hit.code)
    # Found by our own mark: an earlier creation of ours, whose fields may be older than today's. They go out again.
    fingerprint = "" if hit.matched_by == "reference" else party_hash(party_data(party))
    columns = {
        "external_id": hit.external_id,
        "code": hit.code,
        "matched_by": hit.matched_by,
        "sent_hash": role_open(fingerprint) if needs_role and side is SALES else fingerprint,
        "sent_at": None,
        "linked_at": timezone.now(),
        **{one.role_column: has_role if one is side else one.role in hit.roles for one in SIDES},
    }
    row = link or _new_link(turn, side, party)
    try:
        if row.pk is None:
            with held(turn):
                if not is_itself(party.pk):
                    return None  # it went into another one meanwhile
                row = PartyLink.objects.create(
                    administration=turn.administration, party=party, role=row.role, **columns
                )
        elif not complete(turn, row, **columns):
            return None  # a person linked it meanwhile
    except IntegrityError:
        other = (
            PartyLink.objects.filter(administration=turn.administration, external_id=hit.external_id)
            .select_related("party")
            .first()
        )
        _hold_up(turn, side, party, _taken(party, hit.code or hit.external_id, other.party if other else None))
        return None
    turn.count("parties", "linked")
    if not needs_role:
        return None
    for name, value in columns.items():
        setattr(row, name, value)
    data = _only_role(turn, side, party, hit.external_id)
    return _Work(side=side, party=party, data=data, link=row, creates=False)


def _only_role(turn: Slice, side: Side, party: Party, external_id: str) -> PartyData:
    """Nothing but the role, and our code where documents name their customer by it."""
    return PartyData(
        reference=party.mark if _travels(turn) else "",
        name="",
        roles=frozenset({side.role}),
        external_id=external_id,
        is_person=party.is_person,
    )


# --- calls --------------------------------------------------------------------------------------------------------


def _save(turn: Slice, works: list[_Work]) -> bool:
    size = max(1, turn.tool.limits.parties_per_call)
    for start in range(0, len(works), size):
        if turn.is_over:
            return False
        batch = [work for work in works[start : start + size] if not work.creates or begin(turn, work.link)]
        if not mirror.is_fresh(turn):
            for work in batch:
                work.data = replace(work.data, is_new=False)
        if batch:
            _call(turn, batch)
        turn.show_progress()
    return True


def _call(turn: Slice, batch: list[_Work]) -> None:
    try:
        outcomes = turn.provider.save_parties([work.data for work in batch])
    except (RateLimited, AuthorisationLost, AccessDenied, AdministrationGone, LeaseLost):
        # By the provider's contract these come before anything was sent.
        for work in batch:
            if work.creates:
                unbegin(work.link)
        raise
    for work, outcome in zip(batch, outcomes, strict=True):
        _record(turn, work, outcome)
    notice_silence(turn, outcomes)


def _record(turn: Slice, work: _Work, outcome: Outcome) -> None:
    link = work.link
    fingerprint = party_hash(party_data(work.party))
    if isinstance(outcome, Posted):
        only_role = not work.creates and not work.data.name
        done = complete(
            turn,
            link,
            external_id=outcome.ref.external_id or link.external_id,
            code=outcome.ref.number or link.code,
            linked_at=link.linked_at or timezone.now(),
            sent_at=None,
            # A role given to a found relation sent none of our fields; from now on a change of ours goes there.
            sent_hash=link.sent_hash if only_role and work.side is PURCHASES else fingerprint,
            refused_hash="",
            refused_code="",
            refused_text="",
            **{work.side.role_column: True},
        )
        if not done:
            logger.warning("a relation was saved and its link changed meanwhile", extra={"party": work.party.pk})
        turn.count("parties", "created" if work.creates else "updated")
    elif isinstance(outcome, Refused) and outcome.code == "PAR-641" and not work.creates:
        forget(turn, link)
        turn.cursor["mirror_fresh"] = False
        turn.cursor["unlinked"] = True
    elif isinstance(outcome, Refused):
        # Provably not made or not changed; the words are kept so that only a change is offered again.
        complete(
            turn,
            link,
            sent_at=None,
            refused_at=timezone.now(),
            refused_hash=fingerprint,
            refused_code=outcome.code,
            refused_text=outcome.text,
        )
        _hold_up(turn, work.side, work.party, _refusal(work.party, outcome.code, outcome.text))
        turn.count("parties", "refused")
    elif isinstance(outcome, NotTried):
        if work.creates:
            unbegin(link)
    else:
        turn.count("parties", "unclear")
        if not work.creates and not work.data.name:
            turn.cursor["unlinked"] = True  # whether it is a customer now is not known: again in this run


def _hold_up(turn: Slice, side: Side, party: Party, problem: Problem) -> None:
    """Block the party's waiting documents, and only those, with one issue."""
    issue_id = turn.issues.id_for(problem)
    waiting = Posting.objects.filter(
        turn.lease.held(), connection=turn.connection, state=PostingState.WAITING, **{side.party_path: party}
    )
    for kind in side.kinds:
        blocked = waiting.filter(kind=kind.value).update(
            state=PostingState.BLOCKED,
            reason_code=problem.code,
            reason_params=problem.params,
            vendor_text=problem.vendor_text,
            issue_id=issue_id,
            changed_at=timezone.now(),
        )
        turn.count_document(kind.value, "blocked", blocked)
        turn.count_document(kind.value, "to_send", -blocked)
