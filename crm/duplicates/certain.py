"""Merging all certain pairs at once: what would happen, for the page that asks; and the work itself, pair by pair.

Only pairs that contradict each other in nothing are merged without a person: a value that differs, or two numbers in one
administration, leaves them on the list. Each merge is a merge of its own, in its own transaction, and can be undone.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Collection, Iterable
from dataclasses import dataclass

from django.apps import apps
from django.db.models import Count, Min, Q
from django.utils.translation import gettext as _

from .. import merging
from ..merging import fields
from ..models import DuplicateJob, DuplicatePair, PairState, Party
from . import jobs, registry
from .judging import are_in_one_street
from .names import likeness, words_of
from .rows import Entry, Row, phone_key

logger = logging.getLogger(__name__)

# Pairs of one round; the next round takes the others.
MOST_PAIRS = 5_000
_BATCH = 1_000
_SLICE_SECONDS = 20.0
_KEPT_SENTENCES = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposed:
    """One pair: who stays, who goes, and the words for what contradicts; with none it can be merged."""

    winner: Party
    loser: Party
    against: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    merges: tuple[Proposed, ...]
    left_out: tuple[Proposed, ...]


def propose() -> Proposal:
    """What merging all certain pairs would do. The number of queries grows with the batches only; nothing is written.

    Of two the one with more documents stays, then the one that a tool has known longer, then the older one.
    """
    live = Q(first__deleted_at=None, second__deleted_at=None)
    rows = DuplicatePair.objects.filter(live, certain=True, state=PairState.OPEN).order_by("-score", "pk")
    pairs = list(rows.values_list("first_id", "second_id")[:MOST_PAIRS])
    ids = sorted({pk for pair in pairs for pk in pair})
    parties = _parties(ids)
    rank = _ranks(ids)
    numbers = registry.numbers_of(ids)
    stays: dict[int, int] = {}  # who goes, and into whom
    keeps: set[int] = set()
    merges, left_out = [], []
    # The one that stays in most pairs comes first, so that a third goes into the same one.
    for first, second in sorted(pairs, key=lambda pair: min(rank[pair[0]], rank[pair[1]])):
        winner, loser = sorted((first, second), key=rank.__getitem__)
        if winner in stays or loser in stays or loser in keeps:
            continue  # of three: once these are merged, the rest is looked at again
        against = (*_against(parties[winner], parties[loser]), *_two_numbers(numbers[winner], numbers[loser]))
        proposed = Proposed(winner=parties[winner], loser=parties[loser], against=against)
        if against:
            left_out.append(proposed)
            continue
        stays[loser] = winner
        keeps.add(winner)
        merges.append(proposed)
    return Proposal(merges=tuple(merges), left_out=tuple(left_out))


def work(job: DuplicateJob) -> bool:
    """Merge the pairs of a job from where it stands, for at most some seconds; True when it is at its end.

    Two workers at once do each pair once: only who moves the job's count on counts it, and a merge that was done is
    not done again.
    """
    end = time.monotonic() + _SLICE_SECONDS
    while job.done < len(job.pairs):
        winner_id, loser_id = job.pairs[job.done]
        sentence = _merge(winner_id, loser_id, job)
        step = {"done": job.done + 1, "merged": job.merged + (not sentence), "left_out": job.left_out + bool(sentence)}
        left = [*job.left, [winner_id, loser_id, sentence]][:_KEPT_SENTENCES] if sentence else job.left
        moved = DuplicateJob.objects.filter(pk=job.pk, done=job.done, finished_at=None).update(
            **step, left=left, **jobs.got_on()
        )
        if not moved:
            return False  # another worker goes on with it
        job.refresh_from_db()
        if time.monotonic() > end:
            break
    return job.done >= len(job.pairs)


def _merge(winner_id: int, loser_id: int, job: DuplicateJob) -> str:
    """Merge one pair if it still is what was confirmed; returns why not, or nothing."""
    parties = {party.pk: party for party in _parties([winner_id, loser_id]).values()}
    if len(parties) < 2:
        return _("One of the two does not exist any more.")
    winner, loser = parties[winner_id], parties[loser_id]
    if loser.merged_into_id == winner_id:
        return ""
    pair = DuplicatePair.objects.filter(
        first_id=min(winner_id, loser_id), second_id=max(winner_id, loser_id), certain=True, state=PairState.OPEN
    )
    if not pair.exists():
        return _("They are not certain to be the same any more.")
    numbers = registry.numbers_of([winner_id, loser_id])
    against = (*_against(winner, loser), *_two_numbers(numbers[winner_id], numbers[loser_id]))
    if against:
        return _("They differ in: %(what)s.") % {"what": ", ".join(against)}
    try:
        merging.merge(winner=winner, loser=loser, by=job.by, knows_apart=False)
    except merging.MergeRefused as refused:
        return str(refused)
    return ""


def _parties(ids: Collection[int]) -> dict[int, Party]:
    found: dict[int, Party] = {}
    for some in _batches(ids):
        rows = Party.objects.filter(pk__in=some).select_related("payment_term").prefetch_related("tags")
        found |= {party.pk: party for party in rows}
    return found


def _ranks(ids: Collection[int]) -> dict[int, tuple[int, int, int]]:
    """What decides who stays: documents, the first link to a tool, age; the smallest stays."""
    documents = documents_of(ids)
    linked: dict[int, int | None] = {}
    for some in _batches(ids):
        rows = Party.objects.filter(pk__in=some).annotate(link=Min("tool_links__pk")).order_by()
        linked |= dict(rows.values_list("pk", "link"))
    return {pk: (-documents.get(pk, 0), linked.get(pk) or 2**62, pk) for pk in ids}


def documents_of(ids: Collection[int]) -> dict[int, int]:
    """How many invoices and credit notes each of these parties has; those without are left out."""
    model = apps.get_model("invoicing", "SalesDocument")
    found: dict[int, int] = {}
    for some in _batches(ids):
        rows = model._default_manager.filter(party__in=some).order_by().values("party").annotate(n=Count("pk"))
        found |= dict(rows.values_list("party", "n"))
    return found


def _batches(ids: Collection[int]) -> Iterable[list[int]]:
    ordered = sorted(ids)
    return (ordered[start : start + _BATCH] for start in range(0, len(ordered), _BATCH))


def _against(winner: Party, loser: Party) -> list[str]:
    """The names of the fields that contradict each other; the same written in another way does not."""
    rows = fields.rows(winner, loser)
    return [
        str(row.label) for row in rows if row.outcome is merging.Outcome.CONFLICT and not _same(row.key, winner, loser)
    ]


def _same(key: str, winner: Party, loser: Party) -> bool:
    if key == "name":
        return likeness(words_of(winner.name_key), words_of(loser.name_key)).score == 100
    if key == "address":
        return _same_address(winner, loser)
    if key == "phone":
        return bool(phone_key(winner.phone)) and phone_key(winner.phone) == phone_key(loser.phone)
    return False


def _same_address(winner: Party, loser: Party) -> bool:
    """Whether two addresses that are both filled are the same, written in another way."""
    if winner.country and loser.country and winner.country != loser.country:
        return False
    one, other = _entry(winner), _entry(loser)
    in_one_place = bool(one.area and one.area == other.area) or bool(one.city and one.city == other.city)
    return in_one_place and are_in_one_street(one, other) is not False


def _entry(party: Party) -> Entry:
    return Entry(Row(party.pk, *(getattr(party, name) for name in Row._fields[1:])))


def _two_numbers(ours: dict[str, str], theirs: dict[str, str]) -> list[str]:
    if any(ours[where] != theirs[where] for where in ours.keys() & theirs.keys()):
        return [_("Number in the bookkeeping")]
    return []


def begin(*, proposal: Proposal, by: object) -> DuplicateJob:
    """Have the proposed merges done in the background."""
    pairs = [(found.winner.pk, found.loser.pk) for found in proposal.merges]
    return jobs.ask_for_merges(pairs=pairs, by=by)  # type: ignore[arg-type]
