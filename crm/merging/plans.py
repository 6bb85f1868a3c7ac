"""What a merge would do, for the page that asks before it; nothing is written."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from ..models import Party
from . import fields
from .registry import relations
from .rows import Move, Outcome, Row, Side

__all__ = ["Move", "Outcome", "Plan", "Row", "Side", "plan"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    winner: Party
    loser: Party
    rows: Sequence[Row]
    moves: Sequence[Move] = ()

    def of(self, *outcomes: Outcome) -> list[Row]:
        return [row for row in self.rows if row.outcome in outcomes]

    @property
    def conflicts(self) -> list[Row]:
        return self.of(Outcome.CONFLICT)

    @property
    def filled(self) -> list[Row]:
        """What the winner gets without being asked."""
        return self.of(Outcome.TAKEN, Outcome.ADDED)

    @property
    def equal(self) -> list[Row]:
        return self.of(Outcome.EQUAL)

    @property
    def seen(self) -> str:
        """A fingerprint of the values that a person looked at when choosing."""
        return hashlib.sha256(
            repr([(row.key, row.winner, row.loser, row.outcome.value) for row in self.rows]).encode()
        ).hexdigest()[:32]


def plan(winner: Party, loser: Party, *, with_moves: bool = True) -> Plan:
    """Compare the two. A constant number of queries, whatever hangs on them."""
    rows = [*fields.rows(winner, loser)]
    moves: list[Move] = []
    for relation in relations():
        rows += relation.rows(winner, loser)
        if with_moves:
            moves += relation.moves(winner, loser)
    return Plan(winner=winner, loser=loser, rows=rows, moves=moves)
