"""The numbers that parties have in an administration, as an import sees them.

They belong to the bridge, which this package does not know: the bridge registers who keeps them when it starts.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from ..models import Party


@dataclass(frozen=True, slots=True)
class Relation:
    """A relation of the tool. `holder`: the party that is linked to it, by its first or a second number."""

    external_id: str
    shown: str  # the number as people read it there
    holder: int | None = None


class Numbers(Protocol):
    """The numbers of one administration."""

    name: str

    def find(self, typed: Collection[str]) -> dict[str, list[Relation]]:
        """The relations that each typed number may mean; a number that means none is left out."""

    def current(self, party_ids: Collection[int]) -> dict[int, Relation]:
        """The first number of each party that has one."""

    def link(self, pairs: Sequence[tuple[Party, Relation]]) -> None:
        """Make each relation its party's first number, in the caller's transaction."""

    def snapshot(self, party_ids: Collection[int]) -> dict[int, list[dict[str, Any]]]:
        """All links of each party here, as `restore` takes them back; values of JSON."""

    def restore(self, before: Mapping[int, list[dict[str, Any]]]) -> None:
        """Give each party the links it had, in the caller's transaction. Raises TakenMeanwhile."""


class TakenMeanwhile(Exception):
    """Another party has the number now; `party_ids` are those that cannot have theirs back."""

    def __init__(self, party_ids: Collection[int]) -> None:
        super().__init__("a number is another party's now")
        self.party_ids = frozenset(party_ids)


class NoNumbers:
    """What is asked where nobody keeps numbers, or the file has none."""

    name = ""

    def find(self, typed: Collection[str]) -> dict[str, list[Relation]]:
        return {}

    def current(self, party_ids: Collection[int]) -> dict[int, Relation]:
        return {}

    def link(self, pairs: Sequence[tuple[Party, Relation]]) -> None:
        return None

    def snapshot(self, party_ids: Collection[int]) -> dict[int, list[dict[str, Any]]]:
        return {}

    def restore(self, before: Mapping[int, list[dict[str, Any]]]) -> None:
        return None


_keepers: list[Callable[[int], Numbers]] = []


def register(keeper: Callable[[int], Numbers]) -> None:
    """Have `keeper` asked for the numbers of an administration, given its key."""
    if keeper not in _keepers:
        _keepers.append(keeper)


def numbers_of(administration_id: int | None) -> Numbers:
    """The numbers of the administration; without one, or without a keeper, there are none."""
    return _keepers[0](administration_id) if _keepers and administration_id is not None else NoNumbers()
