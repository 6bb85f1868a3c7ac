"""Branches: shops in several towns with one number, telephone or domain. Each is a customer of its own. Pure."""

from __future__ import annotations

from collections.abc import Iterable

from .places import town_words
from .rows import Entry

Group = list[Entry]
# More than these in more than two towns.
_MOST = 3


class Branches:
    """What branches share, among those with one number, one telephone, or one domain."""

    def __init__(self, *, numbers: Iterable[Group], phones: Iterable[Group], domains: Iterable[Group]) -> None:
        self._spread: set[str] = set()
        self._numbers: set[str] = set()
        for group in numbers:
            towns = _towns(group)
            if len(towns) > 1:
                self._spread.update(_numbers(group))
            if len(towns) > 2 and len(group) > _MOST:
                self._numbers.update(_numbers(group))
        self._phones = {group[0].phone for group in phones if _are_branches(group)}
        self._domains = {group[0].domain for group in domains if _are_branches(group)}

    def have_number(self, entry: Entry) -> bool:
        """Whether others with its number are in another town: branches, or one that moved."""
        return entry.vat in self._spread or entry.enterprise in self._spread

    def are_two(self, a: Entry, b: Entry) -> bool:
        """Whether two in two towns are branches: more of them have their number, or they are named by their towns."""
        if a.vat in self._numbers or a.enterprise in self._numbers:
            return True
        mine, yours = _brand(a), _brand(b)
        return mine == yours and (len(mine) < len(a.words) or len(yours) < len(b.words))

    def share_phone(self, entry: Entry) -> bool:
        return entry.phone in self._phones

    def share_domain(self, entry: Entry) -> bool:
        return entry.domain in self._domains


def _are_branches(group: Group) -> bool:
    return len(group) > _MOST and len(_towns(group)) > 2


def _numbers(group: Group) -> set[str]:
    """The number that all of a group have."""
    shared = {group[0].vat, group[0].enterprise}
    return {number for number in shared - {""} if all(number in (entry.vat, entry.enterprise) for entry in group)}


def _towns(group: Group) -> set[str]:
    return {entry.town for entry in group} - {""}


def _brand(entry: Entry) -> list[str]:
    small = town_words(entry.city)
    return sorted(word for word in entry.words if word not in small)
