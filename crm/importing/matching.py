"""Whom of ours each row may be, for all criteria at once: one walk through the parties, however many rules are tried."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from ..models import Party, Tag
from ..names import postcode_key
from .criteria import ALL, FIRST, NAMES, Criterion
from .fields import ASIDE, AT_COMPANY, EXTERNAL_ID, TAGS
from .numbers import Numbers, Relation
from .places import Places, places_of
from .rows import Row

_CHUNK = 2_000
_WALK = 5_000
Index = dict[str, tuple[int, ...]]


@dataclass(slots=True)
class Known:
    """What of a party an import compares: its values by field, in the order of `Book.fields`."""

    values: tuple[Any, ...]
    vat_number: str
    tags: tuple[str, ...] = ()
    relation: Relation | None = None
    places: Places = field(default_factory=list)


@dataclass(slots=True)
class Book:
    """The parties that any row may be, found by each fact; and those of the recycle bin."""

    fields: tuple[str, ...]
    live: dict[str, Index] = field(default_factory=dict)
    binned: dict[str, Index] = field(default_factory=dict)
    parties: dict[int, Known] = field(default_factory=dict)
    names: dict[int, str] = field(default_factory=dict)  # of parties that are told about and not compared

    def find(self, row: Row, criterion: Criterion) -> tuple[tuple[int, ...], str]:
        """The parties that the row may be by this criterion, and the fact that found them."""
        if len(criterion.facts) == 1:
            fact = criterion.facts[0]
            return self._by(row, fact), fact
        if criterion.match == FIRST:
            for fact in criterion.facts:
                if found := self._by(row, fact):
                    return found, fact
            return (), ""
        sets = [set(self._by(row, fact)) for fact in criterion.facts]
        together = set.intersection(*sets) if criterion.match == ALL else set.union(*sets)
        return tuple(sorted(together)), ",".join(criterion.facts)

    def find_binned(self, row: Row, criterion: Criterion) -> int | None:
        """A party of the recycle bin that one of the criterion's facts fits."""
        for fact in criterion.facts:
            found = self.binned.get(fact, {}).get(row.keys.get(fact, ""))
            if found:
                return found[0]
        return None

    def _by(self, row: Row, fact: str) -> tuple[int, ...]:
        key = row.keys.get(fact)
        found = self.live.get(fact, {}).get(key, ()) if key else ()
        if found and fact in NAMES and (number := row.keys.get("vat_number")):
            # A namesake with another VAT number is somebody else, whatever the criterion is.
            return tuple(pk for pk in found if self.parties[pk].vat_number in ("", number))
        return found


def make_book(
    kind: str, rows: Collection[Row], facts: Iterable[str], fields: Collection[str], numbers: Numbers
) -> Book:
    """Read the parties that share a fact with a row: first the facts of all, then the values of those that do."""
    facts = [*facts]
    columns = tuple(key for key in fields if key not in ASIDE)
    book = Book(columns)
    wanted = {fact: {row.keys[fact] for row in rows if fact in row.keys} for fact in facts}
    _walk(kind, book, wanted)
    held = {row.relation.holder: row.relation for row in rows if row.relation and row.relation.holder is not None}
    if EXTERNAL_ID in facts:
        _index_numbers(kind, book, held)
    pks = {pk for index in book.live.values() for found in index.values() for pk in found}
    _load(book, pks, TAGS in fields)
    if EXTERNAL_ID in fields:
        for pk, relation in numbers.current(pks).items():
            book.parties[pk].relation = relation
    if set(AT_COMPANY) & set(fields):
        for pk, at in places_of(pks).items():
            book.parties[pk].places = at
    told = {pk for index in book.binned.values() for found in index.values() for pk in found} | set(held)
    for chunk in _chunks(sorted(told)):
        book.names.update(Party.objects.filter(pk__in=chunk).values_list("pk", "name"))
    return book


def _walk(kind: str, book: Book, wanted: Mapping[str, set[str]]) -> None:
    """Note who has one of the wanted keys. Reads a few columns of every party, and keeps what fits."""
    facts = [fact for fact in wanted if fact != EXTERNAL_ID and wanted[fact]]
    if not facts:
        return
    live: dict[str, dict[str, list[int]]] = {fact: {} for fact in facts}
    binned: dict[str, dict[str, list[int]]] = {fact: {} for fact in facts}
    columns = ("pk", "deleted_at", "merged_into_id", "name_key", "postcode", "vat_number", "enterprise_number", "email")
    vat, enterprise, email, name, place = (
        wanted.get(fact, set()) if fact in facts else set()
        for fact in ("vat_number", "enterprise_number", "email", "name", "name_postcode")
    )
    names = name | {key.partition("|")[0] for key in place}
    parties = Party.objects.filter(kind=kind).order_by("pk").values_list(*columns)
    for pk, deleted, merged, known_as, postcode, number, registered, address in parties.iterator(chunk_size=_WALK):
        found: list[tuple[str, str]] = []
        if number in vat:
            found.append(("vat_number", number))
        if registered in enterprise:
            found.append(("enterprise_number", registered))
        if email and address and (folded := address.casefold()) in email:
            found.append(("email", folded))
        if known_as in names:
            if known_as in name:
                found.append(("name", known_as))
            if postcode and (key := f"{known_as}|{postcode_key(postcode)}") in place:
                found.append(("name_postcode", key))
        if not found or merged is not None:
            continue
        index = binned if deleted else live
        for fact, key in found:
            index[fact].setdefault(key, []).append(pk)
    book.live |= {fact: {key: tuple(pks) for key, pks in index.items()} for fact, index in live.items()}
    book.binned |= {fact: {key: tuple(pks) for key, pks in index.items()} for fact, index in binned.items()}


def _index_numbers(kind: str, book: Book, held: Mapping[int, Relation]) -> None:
    index: Index = {}
    for chunk in _chunks(sorted(held)):
        live = Party.objects.filter(pk__in=chunk, kind=kind, deleted_at=None)
        for pk in live.values_list("pk", flat=True):
            index[held[pk].external_id] = (pk,)
    book.live[EXTERNAL_ID] = index


def _load(book: Book, pks: Collection[int], with_tags: bool) -> None:
    for chunk in _chunks(sorted(pks)):
        rows = Party.objects.filter(pk__in=chunk).values_list("pk", "name", "vat_number", *_attributes(book.fields))
        for pk, name, vat_number, *values in rows:
            book.parties[pk] = Known(tuple(values), vat_number)
            book.names[pk] = name
        if with_tags:
            for pk, tags in tags_of(chunk).items():
                book.parties[pk].tags = tags


def tags_of(pks: Collection[int]) -> dict[int, tuple[str, ...]]:
    """The names of each party's tags."""
    found: dict[int, list[str]] = {}
    rows = Tag.objects.filter(parties__in=pks).order_by("name").values_list("parties__pk", "name")
    for pk, name in rows:
        if pk in pks:
            found.setdefault(pk, []).append(name)
    return {pk: tuple(names) for pk, names in found.items()}


def _attributes(fields: Iterable[str]) -> list[str]:
    return ["payment_term_id" if key == "payment_term" else key for key in fields]


def _chunks(pks: list[int]) -> Iterable[list[int]]:
    return (pks[start : start + _CHUNK] for start in range(0, len(pks), _CHUNK))
