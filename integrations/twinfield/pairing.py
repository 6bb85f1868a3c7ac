"""Which item of an answer is which item that was sent. Pure.

Order was the same in every capture, and nobody promises it: an item counts as ours by what it is, and the place only
decides between equals. Source: vendor notes, `result`, `msgtype`, `msg`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Hashable, Sequence
from typing import TypeVar

from .markup import Node

Item = TypeVar("Item")


def pair(
    sent: Sequence[Item],
    answered: Sequence[Node],
    mark_of_sent: Callable[[Item], Hashable],
    mark_of_answer: Callable[[Node], Hashable],
) -> list[Node | None]:
    """For each item that was sent its answer, None where there is none or more than one could be it.

    Items of equal marks go by their order, but only when as many came back as were sent.
    """
    by_mark: dict[Hashable, list[Node]] = defaultdict(list)
    for node in answered:
        by_mark[mark_of_answer(node)].append(node)
    wanted: dict[Hashable, int] = defaultdict(int)
    for item in sent:
        wanted[mark_of_sent(item)] += 1
    taken: dict[Hashable, int] = defaultdict(int)
    found: list[Node | None] = []
    for item in sent:
        mark = mark_of_sent(item)
        candidates = by_mark.get(mark, [])
        if len(candidates) != wanted[mark]:
            found.append(None)
            continue
        found.append(candidates[taken[mark]])
        taken[mark] += 1
    return found
