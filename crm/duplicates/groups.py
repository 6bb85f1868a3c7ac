"""Pairs that hang together, as groups: three or more records of one company are looked at together. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Edge(NamedTuple):
    """A pair as groups are made of it: its key, and the two parties."""

    pk: int
    first: int
    second: int


def groups_of(edges: Iterable[Edge]) -> list[list[Edge]]:
    """Return the groups in the order of their first pair, each with the pairs that hold it together, the first ones first.

    A pair that only says again what earlier ones imply is left out, so a group of n parties has n - 1 pairs.
    """
    parent: dict[int, int] = {}

    def root(party: int) -> int:
        parent.setdefault(party, party)
        while parent[party] != party:
            parent[party] = parent[parent[party]]
            party = parent[party]
        return party

    kept: list[Edge] = []
    for edge in edges:
        a, b = root(edge.first), root(edge.second)
        if a != b:
            parent[b] = a
            kept.append(edge)
    found: dict[int, list[Edge]] = {}
    for edge in kept:
        found.setdefault(root(edge.first), []).append(edge)
    return list(found.values())
