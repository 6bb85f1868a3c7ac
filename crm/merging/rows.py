"""The rows of a comparison: what both sides have under one name, and what becomes of it."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from django.utils.functional import Promise

Words = str | Promise


class Side(enum.StrEnum):
    """The party that stays, or the one that goes into it."""

    WINNER = "winner"
    LOSER = "loser"


class Outcome(enum.StrEnum):
    EQUAL = "equal"  # on both sides, or only on the one that stays
    TAKEN = "taken"  # only on the other side: it fills a blank
    ADDED = "added"  # both are kept, e.g. tags
    CONFLICT = "conflict"  # a person chooses


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """`winner` and `loser` are as people read them; empty: that side has none."""

    key: str
    label: Words
    winner: str
    loser: str
    outcome: Outcome
    # Said beside the value of the side that goes, e.g. that a number stays known.
    remark: Words = ""
    # Nothing is preselected for other programs: a merge without this choice is refused (MRG-310).
    must_choose: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Move:
    """What goes along to the party that stays: how many of what, or a sentence instead of a number."""

    label: Words
    count: int = 0
    text: Words = ""
