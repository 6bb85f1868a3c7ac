"""How a document with several items becomes their outcomes. Pure but for the call it is given.

Each item of an answer has its own `result`, whatever the root says: what was taken stays taken when a neighbour is
refused. What stops the connection is raised, but only while nothing was sent. Source: vendor notes, errors; design 5.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from ..base.errors import BatchRefused, IntegrationError, OutcomeUnknown, ProtocolSurprise, Unreachable
from ..base.records import NotTried, Outcome, Refused, Unclear
from .markup import Node, attribute, children, element, name_of
from .refusals import DEFAULT_CODE, Message, catalogue_code, messages_of, words_of
from .values import Unsendable

Item = TypeVar("Item")


@dataclass(frozen=True, slots=True)
class Batch(Generic[Item]):
    """How items of one kind travel: their element, the answer that belongs to each, and what it means."""

    root: str
    build: Callable[[Item], Node]
    pair: Callable[[Sequence[Item], Sequence[Node]], list[Node | None]]
    taken: Callable[[Item, Node], Outcome]


def send(items: Sequence[Item], batch: Batch[Item], write: Callable[[Node], Node], size: int) -> list[Outcome]:
    """The outcomes of the items, in their order; `size` items a call.

    Raises BatchRefused when a call with several items was refused as such and nothing was sent before it, and what
    stops the connection before anything was sent; afterwards the rest is NotTried.
    """
    outcomes: dict[int, Outcome] = {}
    ready: list[tuple[int, Node]] = []
    for place, item in enumerate(items):
        try:
            ready.append((place, batch.build(item)))
        except Unsendable as exc:
            outcomes[place] = Refused(code=exc.code, text=exc.text)
    sent = False
    for start in range(0, len(ready), size):
        part = ready[start : start + size]
        own = [items[place] for place, _ in part]
        try:
            found = _send_part(own, [node for _, node in part], batch, write)
        except IntegrationError as exc:
            if not sent:
                raise
            for place, _ in ready[start:]:
                outcomes[place] = NotTried(reason=str(exc))
            break
        sent = True
        outcomes.update({place: outcome for (place, _), outcome in zip(part, found, strict=True)})
    return [outcomes[place] for place in range(len(items))]


def _send_part(
    items: Sequence[Item], nodes: Sequence[Node], batch: Batch[Item], write: Callable[[Node], Node]
) -> list[Outcome]:
    try:
        answer = write(element(batch.root, *nodes))
    except OutcomeUnknown as exc:
        return [Unclear(text=str(exc))] * len(items)
    except Unreachable as exc:
        return [NotTried(reason=str(exc))] * len(items)
    except BatchRefused as exc:
        if len(items) > 1:
            raise
        return [_refused_by(exc)]
    except ProtocolSurprise as exc:
        if exc.status is None or exc.status < 400:
            return [Unclear(text=str(exc))] * len(items)  # a redirect: who knows what stood behind it
        return [_refused_by(exc)] * len(items)
    answered = list(children(answer, batch.root.removesuffix("s")))
    if _is_whole_refusal(answer, answered):
        messages = messages_of(answer)
        words = words_of(messages)
        refusal = BatchRefused(words, code=catalogue_code(messages), vendor_text=words)
        if len(items) > 1:
            raise refusal
        return [_refused_by(refusal)]
    if name_of(answer) != batch.root:
        return [Unclear(text="another answer than expected")] * len(items)
    pairs = batch.pair(items, answered)
    return [
        Unclear(text="the answer does not say what became of it") if node is None else _outcome(item, node, batch)
        for item, node in zip(items, pairs, strict=True)
    ]


def _is_whole_refusal(answer: Node, answered: Sequence[Node]) -> bool:
    """Whether the document was refused as such: a message on its root, and no item with a result of its own."""
    refused = attribute(answer, "result") == "0" and attribute(answer, "msg")
    return bool(refused) and not any(attribute(node, "result") for node in answered)


def _outcome(item: Item, node: Node, batch: Batch[Item]) -> Outcome:
    match attribute(node, "result"):
        case "1":
            return batch.taken(item, node)
        case "0":
            return refused(messages_of(node))
    return Unclear(text="the answer states no result")


def refused(messages: Sequence[Message]) -> Refused:
    """A refusal in the tool's own words, under our code."""
    return Refused(
        code=catalogue_code(messages),
        text=words_of(messages) or "refused without a reason",
        vendor_code=messages[0].place if messages else "",
    )


def _refused_by(exc: IntegrationError) -> Refused:
    return Refused(
        code=exc.code or DEFAULT_CODE,
        text=exc.vendor_text or str(exc),
        vendor_code=exc.vendor_code or str(exc.status or ""),
    )
