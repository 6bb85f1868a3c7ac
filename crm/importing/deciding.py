"""What becomes of each row under one criterion: added, edited, unchanged, ambiguous or wrong. Nothing is written here.

No two rows write to one party, and of rows that name one new party only the first adds it. Source: rules 13.3 to 13.6.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from ..models import RowOutcome
from . import places
from .criteria import ALL, FIRST, NAMES, Criterion
from .fields import EXTERNAL_ID, TAGS
from .matching import Book, Known
from .rows import Row

Changes = dict[str, tuple[Any, Any]]  # field: (value now, value after)
# Where an empty cell would take something that a party cannot be without.
_NEVER_EMPTY = frozenset(
    {"name", "first_name", "last_name", "is_customer", "is_supplier", "vat_type", EXTERNAL_ID, TAGS}
)
_SHOWN_CANDIDATES = 5
NEW, LEAVE = "new", "leave"
Decisions = Mapping[str, Any]  # of a person, by row number: the key of a party, NEW or LEAVE


@dataclass(slots=True)
class Decision:
    row: Row
    outcome: str
    party: int | None = None
    found_by: str = ""
    changes: Changes = field(default_factory=dict)
    notes: list[dict[str, Any]] = field(default_factory=list)


class Comparer:
    """Compares rows with parties, each pair once however many criteria find it."""

    def __init__(self, book: Book, *, blank_empty: bool) -> None:
        self._book, self._blank = book, blank_empty
        self._seen: dict[tuple[int, int], Changes] = {}

    def changes(self, row: Row, pk: int) -> Changes:
        key = (row.number, pk)
        found = self._seen.get(key)
        if found is None:
            found = self._seen[key] = compare(row, self._book.parties[pk], self._book.fields, blank_empty=self._blank)
        return found


def compare(row: Row, known: Known, fields: Sequence[str], *, blank_empty: bool) -> Changes:
    """What the row would change of the party; an empty cell changes nothing unless that was asked for."""
    found: Changes = {}
    for key, old in zip(fields, known.values, strict=True):
        if key not in row.values:
            continue
        new = row.values[key]
        if new in ("", None) and (not blank_empty or key in _NEVER_EMPTY):
            continue
        if new != old and not (key == "email" and str(new).casefold() == str(old).casefold()):
            found[key] = (old, new)
    if tags := row.values.get(TAGS):
        has = {tag.casefold() for tag in known.tags}
        if more := [tag for tag in tags if tag.casefold() not in has]:
            found[TAGS] = (list(known.tags), [*known.tags, *more])
    if row.relation is not None:
        now = known.relation
        if now is None or now.external_id != row.relation.external_id:
            found[EXTERNAL_ID] = (now.shown if now else "", row.relation.shown)
    return found | places.changes(row.place, known.places, blank_empty=blank_empty)


def decide(
    rows: Sequence[Row], book: Book, criterion: Criterion, comparer: Comparer, decisions: Decisions | None = None
) -> Iterator[Decision]:
    """One decision per row, in the order of the file."""
    decisions = decisions or {}
    found = [_candidates(row, book, criterion, decisions) for row in rows]
    hits = Counter(pks[0] for pks, _fact in found if len(pks) == 1)
    rows_of: dict[int, list[int]] = {pk: [] for pk, count in hits.items() if count > 1}
    for row, (pks, _fact) in zip(rows, found, strict=True):
        if len(pks) == 1 and pks[0] in rows_of:
            rows_of[pks[0]].append(row.number)
    numbers = Counter(row.relation.external_id for row in rows if row.relation is not None)
    new: dict[str, int] = {}
    for row, (pks, fact) in zip(rows, found, strict=True):
        yield _decide(row, pks, fact, book, criterion, comparer, rows_of, numbers, new, decisions)


def _candidates(row: Row, book: Book, criterion: Criterion, decisions: Decisions) -> tuple[tuple[int, ...], str]:
    if row.wrong:
        return (), ""
    if not decisions:
        return book.find(row, criterion)
    wish = decisions.get(str(row.number))
    if wish in (NEW, LEAVE):
        return (), ""
    pks, fact = book.find(row, criterion)
    return ((wish,), "person") if wish in pks else (pks, fact)


def _decide(
    row: Row, pks: tuple[int, ...], fact: str, book: Book, criterion: Criterion, comparer: Comparer,
    rows_of: Mapping[int, list[int]], numbers: Counter[str], new: dict[str, int], decisions: Decisions,
) -> Decision:  # fmt: skip
    if row.wrong:
        return Decision(row, RowOutcome.WRONG, notes=row.wrong)
    wish = decisions.get(str(row.number)) if decisions else None
    if wish == LEAVE:
        return Decision(row, RowOutcome.AMBIGUOUS, notes=[_note("IMP-305", "left-out")])
    if len(pks) > 1:
        params = {"count": len(pks), "parties": list(pks[:_SHOWN_CANDIDATES])}
        return Decision(row, RowOutcome.AMBIGUOUS, found_by=fact, notes=[_note("IMP-305", "several", **params)])
    pk = pks[0] if pks else None
    if pk is not None and pk in rows_of:
        note = _note("IMP-305", "same-party", rows=rows_of[pk][:10], count=len(rows_of[pk]), parties=[pk])
        return Decision(row, RowOutcome.AMBIGUOUS, pk, fact, notes=[note])
    if row.relation is not None:
        if row.relation.holder not in (None, pk):
            params = {"number": row.relation.shown, "party": book.names.get(row.relation.holder or 0, "")}
            return Decision(row, RowOutcome.WRONG, pk, fact, notes=[_note("IMP-306", "taken", **params)])
        if numbers[row.relation.external_id] > 1:
            note = _note("IMP-306", "number-twice", number=row.relation.shown)
            return Decision(row, RowOutcome.WRONG, pk, fact, notes=[note])
    if pk is not None:
        changes = comparer.changes(row, pk)
        return Decision(row, RowOutcome.EDITED if changes else RowOutcome.UNCHANGED, pk, fact, changes, [*row.warned])
    return _decide_new(row, book, criterion, new, asked=wish == NEW)


def _decide_new(row: Row, book: Book, criterion: Criterion, new: dict[str, int], *, asked: bool) -> Decision:
    if not row.keys.get("name"):
        return Decision(row, RowOutcome.WRONG, notes=[_note("IMP-303", "no-name")])
    same = {f"{fact}={row.keys[fact]}" for fact in _telling(row, criterion) if fact in row.keys}
    earlier = min((new[key] for key in same if key in new), default=None)
    if earlier is not None and not asked:
        return Decision(row, RowOutcome.AMBIGUOUS, notes=[_note("IMP-305", "row-twice", row=earlier)])
    for key in same:
        new.setdefault(key, row.number)
    changes: Changes = {key: ("", value) for key, value in row.values.items() if value not in ("", None, [])}
    if row.relation is not None:
        changes[EXTERNAL_ID] = ("", row.relation.shown)
    changes |= places.changes(row.place, [], blank_empty=False)
    binned = book.find_binned(row, criterion)
    notes = [] if binned is None else [_note("IMP-305", "binned", party=book.names.get(binned, ""))]
    return Decision(row, RowOutcome.ADDED, changes=changes, notes=[*notes, *row.warned])


def _telling(row: Row, criterion: Criterion) -> set[str]:
    """The facts by which two new rows are one: those of the criterion, a number, else a name in one place."""
    facts = set() if criterion.match == ALL and len(criterion.facts) > 1 else set(criterion.facts)
    if numbered := {"vat_number", "enterprise_number"} & set(row.keys):
        # Two with one name and different numbers are two, unless the name alone is what rows are found by.
        return (facts - set(NAMES) if criterion.match == FIRST else facts) | numbered
    return facts | {"name_postcode" if "name_postcode" in row.keys else "name"}


def _note(code: str, reason: str, **params: Any) -> dict[str, Any]:
    return {"code": code, "reason": reason, "params": params}
