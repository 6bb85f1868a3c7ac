"""Finds pairs of parties that may be one, among compact rows of them. Pure: no database, no clock.

Compared are parties that share a number (VAT, enterprise, external ID, IBAN), a way to reach them (address, e-mail,
telephone, domain), or, within a place, a piece of their names (`blocks`). Of these `judging` says which may be one.

A valid number that differs tells two apart, whatever their names. Certain is a pair with an equal valid VAT or
enterprise number, names alike, no different place, and nothing else that contradicts: of a VAT group and of the branches
of one company the numbers are equal, too.
"""

from __future__ import annotations

import gc
from collections import defaultdict
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import chain
from operator import attrgetter

from . import blocks
from .branches import Branches
from .judging import FoundPair, Judge
from .rows import Entry, Row

__all__ = ["FoundPair", "Row", "find"]

_ID, _VAT, _ENTERPRISE, _IBAN = map(attrgetter, ("id", "vat", "enterprise", "iban"))
_EMAIL, _DOMAIN, _PHONE = map(attrgetter, ("email", "domain", "phone"))
_TOWN, _AREA, _STREET = map(attrgetter, ("town", "area", "street"))


def find(rows: Iterable[Row], *, external_ids: Iterable[tuple[str, int]] = ()) -> list[FoundPair]:
    """Return the pairs among `rows` that may be one, in the order of their ids; the order of `rows` does not matter.

    `external_ids`: (what is equal, id of the party) for those that share a number in an administration.
    Parties of different kinds are never paired.
    """
    by_kind: dict[str, list[Entry]] = defaultdict(list)
    found: list[FoundPair] = []
    with _no_collecting():
        for row in rows:
            by_kind[row[1]].append(Entry(row))
        shared: dict[str, list[int]] = defaultdict(list)
        for key, party_id in external_ids:
            shared[key].append(party_id)
        for kind in sorted(by_kind):
            found += _among(kind, by_kind.pop(kind), shared)
    return sorted(found)


@contextmanager
def _no_collecting() -> Iterator[None]:
    """Without looking for cycles: there are none among the many small things made here, and looking took a fifth of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _among(kind: str, entries: list[Entry], shared: dict[str, list[int]]) -> Iterable[FoundPair]:
    entries.sort(key=_ID)
    numbers = [*blocks.groups(entries, _VAT), *blocks.groups(entries, _ENTERPRISE)]
    phones = blocks.groups(entries, _PHONE)
    domains = blocks.groups(entries, _DOMAIN)
    linked = list(_linked(entries, shared))
    judge = Judge(
        kind, entries, Branches(numbers=numbers, phones=phones, domains=domains), {(a.id, b.id) for a, b in linked}
    )
    reached = [*blocks.groups(entries, _IBAN), *blocks.groups(entries, _EMAIL), *phones]
    if kind != "person":
        reached += domains
    found: dict[tuple[int, int], FoundPair] = {}
    for a, b in chain(linked, chain.from_iterable(map(blocks.neighbours, numbers))):
        if (pair := judge.pair(a, b, by_number=True)) is not None:
            found[pair[:2]] = pair
    for a, b in chain(
        chain.from_iterable(map(blocks.alike, reached)),
        _in_one_place(entries),
        blocks.without_place(entries) if kind != "person" else (),
    ):
        if (a.id, b.id) not in found and (pair := judge.pair(a, b)) is not None:
            found[pair[:2]] = pair
    return found.values()


def _linked(entries: list[Entry], shared: dict[str, list[int]]) -> Iterator[blocks.Pair]:
    if not shared:
        return
    by_id = {entry.id: entry for entry in entries}
    for ids in shared.values():
        yield from blocks.neighbours([by_id[party_id] for party_id in sorted(set(ids)) if party_id in by_id])


def _in_one_place(entries: list[Entry]) -> Iterator[blocks.Pair]:
    for group in blocks.groups(entries, _TOWN):
        for house in blocks.groups(group, _STREET):
            yield from blocks.in_one_house(house)
        yield from blocks.alike_in_town(group)
    for group in blocks.groups(entries, _AREA):
        # The town may be written in another way, or not at all.
        if len({entry.town for entry in group}) > 1:
            houses = (blocks.in_one_house(house) for house in blocks.groups(group, _STREET))
            for a, b in chain(blocks.alike_in_town(group), *houses):
                if a.town != b.town:
                    yield a, b
