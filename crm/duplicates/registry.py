"""What another app knows of customers and the finder wants to know; it registers here in `ready()`."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable

# () -> (what is equal, id of the party) of the parties that share a number in an administration.
Shared = Callable[[], Iterable[tuple[str, int]]]
# ids -> (id of the party, administration and role, number there), of each one's first numbers.
Numbers = Callable[[Collection[int]], Iterable[tuple[int, str, str]]]

_shared: list[Shared] = []
_numbers: list[Numbers] = []


def register(*, shared: Shared, numbers: Numbers) -> None:
    if shared not in _shared:
        _shared.append(shared)
        _numbers.append(numbers)


def shared_ids() -> list[tuple[str, int]]:
    return [pair for source in _shared for pair in source()]


def numbers_of(ids: Collection[int]) -> dict[int, dict[str, str]]:
    """For each party its number by administration and role."""
    found: dict[int, dict[str, str]] = {pk: {} for pk in ids}
    for source in _numbers:
        for party_id, where, number in source(ids):
            found[party_id][where] = number
    return found
