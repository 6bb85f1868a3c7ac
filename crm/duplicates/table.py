"""The work list as rows: found again as a whole, or for the parties that changed. What a person said of a pair stays."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from django.db import transaction
from django.db.models import Q

from ..models import DuplicatePair, PairState, Party, PartyKind
from . import jobs, registry
from .finder import FoundPair, Row, find
from .nearness import near_condition

_BATCH = 2_000
# More changed parties than this are looked at together with all the others, in the background.
MOST_AT_ONCE = 200
# Of one changed party's candidates.
_MOST_CANDIDATES = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """What a look found: parties looked at, pairs to look at, how many of them are certain, how many are new."""

    parties: int = 0
    open: int = 0
    certain: int = 0
    new: int = 0

    def __add__(self, other: Counts) -> Counts:
        return Counts(
            parties=self.parties + other.parties,
            open=self.open + other.open,
            certain=self.certain + other.certain,
            new=self.new + other.new,
        )


def refresh(kind: str | None = None) -> Counts:
    """Find all pairs anew and bring the table in step; of one kind of parties, or of both.

    Reading and comparing happen outside any transaction, writing in one. The number of queries does not depend on
    the number of parties, but for the batches in which pairs are written.
    """
    counts = Counts()
    for one in [kind] if kind else list(PartyKind.values):
        rows = _Counted(_rows(Q(kind=one)))
        found = find(rows, external_ids=registry.shared_ids())
        counts += _write(one, found, rows.number)
    return counts


class _Counted:
    """Rows that are read once, and how many they were."""

    def __init__(self, rows: Iterator[Row]) -> None:
        self._rows, self.number = rows, 0

    def __iter__(self) -> Iterator[Row]:
        for row in self._rows:
            self.number += 1
            yield row


def refresh_for(parties: Iterable[Party], *, at_once: int = MOST_AT_ONCE) -> None:
    """Bring the pairs of these parties in step: cheaply for a few, in the background for more than `at_once`."""
    ids = {party.pk for party in parties}
    if len(ids) > at_once:
        jobs.ask_for_look(by=None)
        return
    if not ids:
        return
    changed = list(_rows(Q(pk__in=ids)))
    partners: set[int] = set()
    touching = Q(first__in=ids) | Q(second__in=ids)
    for pair in DuplicatePair.objects.filter(touching).values_list("first_id", "second_id"):
        partners.update(pair)
    around = {row.id: row for row in changed}
    for row in changed:
        for other in _rows(near_condition(row, row.kind) & ~Q(pk__in=ids), most=_MOST_CANDIDATES):
            around[other.id] = other
    for other in _rows(Q(pk__in=partners - around.keys())):
        around[other.id] = other
    found = [pair for pair in find(around.values(), external_ids=registry.shared_ids()) if {*pair[:2]} & ids]
    with transaction.atomic():
        _bring_in_step(DuplicatePair.objects.filter(touching), found)


def _rows(condition: Q, most: int = 0) -> Iterator[Row]:
    found = Party.objects.live().filter(condition).order_by().values_list(*Row._fields)
    if most:
        found = found[:most]
    return map(Row._make, found.iterator(chunk_size=2_000))


def _write(kind: str, found: Sequence[FoundPair], parties: int) -> Counts:
    with transaction.atomic():
        new = _bring_in_step(DuplicatePair.objects.filter(kind=kind), found)
        left = DuplicatePair.objects.filter(kind=kind, state=PairState.OPEN)
        certain = list(left.values_list("certain", flat=True))
    return Counts(parties=parties, open=len(certain), certain=sum(certain), new=new)


def _bring_in_step(rows: object, found: Sequence[FoundPair]) -> int:
    """Make the open pairs among `rows` those that were found; returns how many are new.

    One that was set aside stays so, unless it became certain since: then it is asked about once more.
    """
    have = {(pair.first_id, pair.second_id): pair for pair in rows}  # type: ignore[attr-defined]
    changed, new = [], []
    for pair in found:
        known = have.pop((pair.first, pair.second), None)
        if known is None:
            new.append(pair)
            continue
        if known.state == PairState.SET_ASIDE and not (pair.certain and not known.certain):
            continue
        values = (list(pair.reasons), pair.score, pair.certain)
        if values != (known.reasons, known.score, known.certain):
            known.reasons, known.score, known.certain = values
            known.state = PairState.OPEN
            changed.append(known)
    gone = [pair.pk for pair in have.values() if pair.state == PairState.OPEN]
    for start in range(0, len(gone), _BATCH):
        DuplicatePair.objects.filter(pk__in=gone[start : start + _BATCH], state=PairState.OPEN).delete()
    if changed:
        DuplicatePair.objects.bulk_update(changed, ["reasons", "score", "certain", "state"], batch_size=500)
    # Who was merged or deleted while the names were compared is no longer offered.
    alive = _alive({pk for pair in new for pk in pair[:2]})
    wanted = [pair for pair in new if pair.first in alive and pair.second in alive]
    DuplicatePair.objects.bulk_create(
        (
            DuplicatePair(
                first_id=pair.first, second_id=pair.second, kind=pair.kind, reasons=list(pair.reasons),
                score=pair.score, certain=pair.certain,
            )
            for pair in wanted
        ),
        batch_size=_BATCH,
        ignore_conflicts=True,
    )  # fmt: skip
    return len(wanted)


def _alive(ids: Collection[int]) -> set[int]:
    found: set[int] = set()
    ordered = sorted(ids)
    for start in range(0, len(ordered), _BATCH * 5):
        found.update(
            Party.objects.live().filter(pk__in=ordered[start : start + _BATCH * 5]).values_list("pk", flat=True)
        )
    return found
