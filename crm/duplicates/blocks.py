"""Who is compared with whom: parties that share a number, an address, or in one place a piece of their names. Pure.

Every party stands in a handful of blocks and every block is compared within a bound, so the work grows with the number of
parties and not with its square.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Hashable, Iterable, Iterator, Sequence
from itertools import combinations
from operator import attrgetter

from .places import town_words
from .rows import Entry

Pair = tuple[Entry, Entry]

# A block of up to this many is compared each with each; in a larger one each with those that follow it in order.
_BLOCK = 16
# Of more parties with one number each is compared with those that stand next to it by name and place.
_NUMBER_BLOCK = 8
# Up to this many are compared without a look at the pieces of their names.
_FEW = 4
_NAME_AND_PLACE = attrgetter("sorted", "area", "id")


def groups(entries: Iterable[Entry], key: Callable[[Entry], Hashable]) -> list[list[Entry]]:
    """Those that share a key that is not empty, where there are two or more."""
    first: dict[Hashable, Entry] = {}
    found: dict[Hashable, list[Entry]] = {}
    for entry in entries:
        value = key(entry)
        if not value:
            continue
        if value not in first:
            first[value] = entry
        elif value in found:
            found[value].append(entry)
        else:
            found[value] = [first[value], entry]
    return list(found.values())


def neighbours(group: Sequence[Entry], most: int = _NUMBER_BLOCK, reach: int = 2) -> Iterable[Pair]:
    """Each with each of a small group; of a larger one each with those that follow it by name and place.

    A group comes in the order of its ids, and of a pair the smaller one is first.
    """
    if len(group) <= most:
        return combinations(group, 2)
    return _following(sorted(group, key=_NAME_AND_PLACE), reach)


def _following(ordered: Sequence[Entry], reach: int) -> Iterator[Pair]:
    for index, a in enumerate(ordered, 1):
        for b in ordered[index : index + reach]:
            yield (a, b) if a.id < b.id else (b, a)


def in_one_house(group: Sequence[Entry]) -> Iterable[Pair]:
    return neighbours(group, _BLOCK)


def alike(group: Sequence[Entry], small: Collection[str] = ()) -> Iterator[Pair]:
    """Pairs that may have names alike: all words but one agree, and how the rest begins or ends; or the letters do.

    `small`: words that say nothing there, as the name of the town.
    """
    if len(group) <= _FEW:
        yield from neighbours(group)
        return
    first: dict[str, Entry] = {}
    blocks: dict[str, list[Entry]] = {}
    single: dict[str, list[Entry]] = {}
    for entry in group:
        told = [word for word in entry.words if len(word) > 2 and word not in small]
        if len(told) < 2:
            single.setdefault(told[0] if told else entry.sorted, []).append(entry)
        for key in _keys(entry, told):
            if key not in first:
                first[key] = entry
            elif key not in blocks:
                if first[key] is not entry:
                    blocks[key] = [first[key], entry]
            elif blocks[key][-1] is not entry:
                blocks[key].append(entry)
    del first
    seen: set[tuple[int, int]] = set()
    for block in blocks.values():
        for pair in neighbours(block, _BLOCK, reach=6):
            ids = (pair[0].id, pair[1].id)
            if ids not in seen:
                seen.add(ids)
                yield pair
    for entry in group:
        if len(entry.words) > 1:
            for word in entry.words:
                if (names := single.get(word)) and len(names) <= _BLOCK:
                    for other in names:
                        ids = (entry.id, other.id) if entry.id < other.id else (other.id, entry.id)
                        if other is not entry and ids not in seen:
                            seen.add(ids)
                            yield (entry, other) if entry.id < other.id else (other, entry)


def alike_in_town(group: Sequence[Entry]) -> Iterator[Pair]:
    return alike(group, town_words(group[0].city))


def without_place(entries: Iterable[Entry]) -> Iterator[Pair]:
    """Those of one name where one of the two has no address to compare."""
    entries = list(entries)
    wanted: set[str] = {entry.sorted for entry in entries if not entry.town}
    for group in groups(entries, lambda entry: entry.sorted if entry.sorted in wanted else ""):
        yield from ((a, b) for a, b in neighbours(group) if not a.town or not b.town)


def _keys(entry: Entry, told: list[str]) -> list[str]:
    """What two names have in common that differ by a slip of the keyboard, a blank, the order of words, or a small word.

    A slip in a word leaves either how it begins or how it ends.
    """
    if len(told) == 2:
        one, other = told
        keys = [
            entry.glued, "".join(sorted(one + other)),
            f"{one} {other[:3]}", f"{one} >{other[-3:]}", f"{other} {one[:3]}", f"{other} >{one[-3:]}",
        ]  # fmt: skip
        if len(one) < 7:
            keys += (f"{other} {one[:2]}", f"{other} >{one[-2:]}")
        if len(other) < 7:
            keys += (f"{one} {other[:2]}", f"{one} >{other[-2:]}")
        return keys
    if len(told) > 2:
        told.sort()
        keys = [entry.glued, "".join(sorted("".join(told)))]
        for index, word in enumerate(told):
            rest = "".join(told[:index] + told[index + 1 :])
            keys += (f"{word} {rest[:3]}", f"{word} >{rest[-3:]}")
        return keys
    word = told[0] if told else "".join(entry.words)
    keys = [entry.glued, "".join(sorted(word)), f"<{word[:4]}", f">{word[-4:]}"]
    if len(word) < 9:
        keys += (f"<{word[:3]}", f">{word[-3:]}")
    return keys
