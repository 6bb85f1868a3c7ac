"""What an import would do, for every criterion side by side. Nothing is written but the batch's own summary.

Source: S-065; rules 13.3 and 13.4; pages 4.9.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from ..models import ImportBatch, RowOutcome
from . import criteria, places
from .criteria import Criterion
from .deciding import Comparer, Decision, decide
from .matching import Book, make_book
from .numbers import Numbers, numbers_of
from .rows import Row, mapped_fields, read_rows, resolve_numbers

# Rows that a page shows of each outcome; the others are in the file of differences.
SHOWN = 50
_CLIP = 120  # characters of a value that are shown
_REASONS = 8  # kinds of reasons that a page tells
LEFT_OUT = (RowOutcome.AMBIGUOUS, RowOutcome.WRONG)
_STEP = 2_000  # rows between two looks at the progress
Progress = Callable[[int], None]


@dataclass(slots=True)
class Prepared:
    """A file read and matched: what deciding about its rows needs."""

    rows: list[Row]
    book: Book
    comparer: Comparer
    offered: list[Criterion]


def read_all(batch: ImportBatch, numbers: Numbers, progress: Progress | None = None) -> list[Row]:
    """All rows of the file with their external IDs looked up. Raises ImportRefused."""
    rows: list[Row] = []
    for row in read_rows(batch):
        rows.append(row)
        if progress is not None and len(rows) % _STEP == 0:
            progress(len(rows))
    resolve_numbers(rows, numbers)
    places.resolve(rows, numbers)
    return rows


def match(batch: ImportBatch, rows: list[Row], numbers: Numbers) -> Prepared:
    """Match the rows with the parties of now."""
    fields = mapped_fields(batch)
    if batch.kind == "person" and {"first_name", "last_name"} & set(fields):
        fields = [key for key in fields if key != "name"]
    facts = criteria.facts_of(fields)
    book = make_book(batch.kind, rows, facts, fields, numbers)
    comparer = Comparer(book, blank_empty=batch.blank_empty)
    return Prepared(rows, book, comparer, criteria.offered(fields, criteria.from_json(batch.criterion)))


def prepare(batch: ImportBatch, progress: Progress | None = None) -> Prepared:
    numbers = numbers_of(batch.administration_id)
    return match(batch, read_all(batch, numbers, progress), numbers)


def summarise(prepared: Prepared, decisions: dict[str, Any]) -> dict[str, Any]:
    """Counts and first rows per criterion, and how many rows lack a value to be found by (IMP-304)."""
    found: dict[str, Any] = {"criteria": [], "samples": {}, "reasons": {}}
    if warned := [row for row in prepared.rows if row.warned and not row.wrong]:
        found["warned"] = {"rows": len(warned), "row": warned[0].number, "note": warned[0].warned[0]}
    for criterion in prepared.offered:
        counts: Counter[str] = Counter()
        samples: dict[str, list[dict[str, Any]]] = {}
        reasons = Reasons()
        for decision in decide(prepared.rows, prepared.book, criterion, prepared.comparer, decisions):
            counts[decision.outcome] += 1
            reasons.note(decision)
            kept = samples.setdefault(decision.outcome, [])
            if len(kept) < SHOWN:
                kept.append(shown(decision, prepared.book))
        facts = frozenset(criterion.facts)
        lacking = sum(1 for row in prepared.rows if facts.isdisjoint(row.keys))
        found["criteria"].append({**criterion.as_json(), "counts": dict(counts), "lacking": lacking})
        found["reasons"][criterion.key] = reasons.told()
        found["samples"][criterion.key] = samples
    return found


class Reasons:
    """Why rows are left out: the kinds of reasons, how many rows each concerns, and the first of them."""

    def __init__(self) -> None:
        self._rows: Counter[tuple[str, ...]] = Counter()
        self._first: dict[tuple[str, ...], tuple[int, dict[str, Any]]] = {}

    def note(self, decision: Decision) -> None:
        if decision.outcome not in LEFT_OUT:
            return
        for note in decision.notes:
            params = note.get("params", {})
            key = (note["code"], note.get("reason", ""), params.get("field", ""), params.get("kind", ""))
            self._rows[key] += 1
            self._first.setdefault(key, (decision.row.number, note))

    def told(self) -> list[dict[str, Any]]:
        """The most frequent first."""
        return [
            {"rows": count, "row": self._first[key][0], "note": self._first[key][1]}
            for key, count in self._rows.most_common(_REASONS)
        ]


def shown(decision: Decision, book: Book) -> dict[str, Any]:
    """A row as the pages keep it, its long texts cut."""
    return {
        "row": decision.row.number,
        "name": (book.names.get(decision.party, "") if decision.party else "") or decision.row.name[:_CLIP],
        "party": decision.party,
        "by": decision.found_by,
        "changes": [[key, _clip(old), _clip(new)] for key, (old, new) in decision.changes.items()],
        "notes": [_named(note, book) for note in decision.notes],
    }


def decisions_of(batch: ImportBatch) -> Iterator[tuple[Decision, Book]]:
    """All rows under the chosen criterion, as they would go now."""
    criterion = criteria.from_json(batch.criterion)
    if criterion is None:
        return
    prepared = prepare(batch)
    for decision in decide(
        prepared.rows, prepared.book, criterion, prepared.comparer, batch.criterion.get("decisions")
    ):
        yield decision, prepared.book


def chosen_counts(batch: ImportBatch) -> dict[str, int]:
    """The counted numbers of the chosen criterion, by outcome."""
    wanted = criteria.from_json(batch.criterion)
    for one in batch.summary.get("criteria", []):
        if criteria.from_json(one) == wanted:
            return {outcome: one["counts"].get(outcome, 0) for outcome in RowOutcome.values}
    return dict.fromkeys(RowOutcome.values, 0)


def _clip(value: Any) -> Any:
    return f"{value[:_CLIP]}…" if isinstance(value, str) and len(value) > _CLIP else value


def _named(note: dict[str, Any], book: Book) -> dict[str, Any]:
    """A note with the names of the parties that it speaks of."""
    parties = note.get("params", {}).get("parties")
    if not parties:
        return note
    return {**note, "params": {**note["params"], "names": [[pk, book.names.get(pk, "")] for pk in parties]}}
