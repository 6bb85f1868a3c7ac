"""Writing what a file says, in one transaction: all of it or nothing. Source: S-066; rules 13.5 and 13.6.

Rows are matched anew inside the transaction, so that what changed since the preview counts. Parties are written by
`crm.bulk`, many times as fast as `bulk_update`, and no column beside those of the file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models.functions import Lower
from django.utils import timezone
from django.utils.translation import gettext as _

from .. import audit, bulk
from .. import parties as rules
from ..models import Company, Contact, ImportBatch, ImportRow, Party, PartyKind, RowOutcome, Tag, VatType
from ..names import name_key
from ..services import home_countries
from . import criteria, places, preview
from .deciding import Changes, Decision, decide
from .errors import ImportRefused
from .fields import ASIDE, COMPANY, EXTERNAL_ID, ROLE, TAGS, label_of
from .numbers import Numbers, Relation, numbers_of
from .rows import Row
from .snapshots import snapshot

BATCH = 1_000
_NAMES = ("name", "first_name", "last_name")
_ROW = ("batch_id", "number", "outcome", "party_id", "name", "found_by", "notes", "old", "new", "undone")


def write(batch: ImportBatch, rows: list[Row]) -> dict[str, int]:
    """Write the rows under the batch's criterion and keep what each did; returns the counts by outcome.

    To be called inside a transaction that holds the batch. Raises ImportRefused where no criterion is chosen.
    """
    criterion = criteria.from_json(batch.criterion)
    if criterion is None:
        raise ImportRefused("IMP-304", "no-criterion")
    numbers = numbers_of(batch.administration_id)
    prepared = preview.match(batch, rows, numbers)
    writer = _Writer(batch, numbers)
    waiting: list[Decision] = []
    for decision in decide(
        prepared.rows, prepared.book, criterion, prepared.comparer, batch.criterion.get("decisions")
    ):
        waiting.append(decision)
        if len(waiting) >= BATCH:
            writer.write(waiting, prepared.book.names)
            waiting = []
    writer.write(waiting, prepared.book.names)
    return dict(writer.counts)


class _Writer:
    """Writes decisions in groups; what concerns the whole file is read once."""

    def __init__(self, batch: ImportBatch, numbers: Numbers) -> None:
        self.batch, self.numbers = batch, numbers
        self.home = home_countries()
        self.tags: dict[str, Tag] = {}
        self.counts: Counter[str] = Counter()

    def write(self, decisions: Sequence[Decision], names: dict[int, str]) -> None:
        added = [found for found in decisions if found.outcome == RowOutcome.ADDED]
        edited = [found for found in decisions if found.outcome == RowOutcome.EDITED]
        self._know_tags([*added, *edited])
        kept = {**self._add(added), **self._edit(edited)}
        for found in decisions:
            self.counts[found.outcome] += 1
            if found.row.number not in kept:
                name = names.get(found.party or 0, "") or found.row.name
                kept[found.row.number] = self._row(found, name, found.party, {}, {})
        bulk.insert_many(ImportRow, _ROW, kept.values())

    def _row(
        self, found: Decision, name: str, party_id: int | None, old: dict[str, Any], new: dict[str, Any]
    ) -> tuple[Any, ...]:
        """The columns of `_ROW`."""
        return (
            self.batch.pk, found.row.number, found.outcome, party_id, name[:200], found.found_by[:40], found.notes,
            old, new, False,
        )  # fmt: skip

    def _add(self, decisions: Sequence[Decision]) -> dict[int, tuple[Any, ...]]:
        parties = [self._new(found.row) for found in decisions]
        Party.objects.bulk_create(parties, batch_size=BATCH)
        self._tag((party.pk, found.row.values.get(TAGS, [])) for party, found in zip(parties, decisions, strict=True))
        pairs = [
            (party, found.row.relation)
            for party, found in zip(parties, decisions, strict=True)
            if found.row.relation is not None
        ]
        after = self._link(pairs)[1]
        places.write(
            (party.pk, found.row.place)
            for party, found in zip(parties, decisions, strict=True)
            if found.row.place is not None
        )
        rows = {}
        for party, found in zip(parties, decisions, strict=True):
            tags = [self.tags[tag.casefold()].name for tag in found.row.values.get(TAGS, [])]
            new = snapshot(party, tags) | _number(found.row.relation, after.get(party.pk)) | _place(found.row.place)
            rows[found.row.number] = self._row(found, party.name, party.pk, {}, new)
        message = _("Added from the file %(file)s.") % {"file": self.batch.file_name}
        self._log(audit.ADDED, [(party.pk, party.name, message) for party in parties])
        return rows

    def _new(self, row: Row) -> Party:
        party = Party(kind=self.batch.kind)
        _fill(party, row.values)
        rules.normalise(party)
        party.name_key = name_key(party.name)[:200]
        if party.vat_type == VatType.UNKNOWN:
            party.vat_type = rules.default_vat_type(
                is_person=party.is_person, country=party.country, vat_number=party.vat_number, home_countries=self.home
            )
        return party

    def _edit(self, decisions: Sequence[Decision]) -> dict[int, tuple[Any, ...]]:
        columns = _touched(self.batch.kind, decisions)
        # Locked, and compared once more: what somebody saved since the matching is what the row finds.
        parties = Party.objects.select_for_update().filter(pk__in=[found.party for found in decisions]).order_by("pk")
        now_there = {row[0]: row[1:] for row in parties.values_list("pk", *columns)}
        updates: dict[tuple[str, ...], list[tuple[Any, ...]]] = {}
        old: dict[int, dict[str, Any]] = {}
        new: dict[int, dict[str, Any]] = {}
        tags, messages, linked = [], [], []
        now = timezone.now()
        for found in decisions:
            pk = found.party or 0
            current = dict(zip(columns, now_there[pk], strict=True))
            values = _after(self.batch.kind, current, found.changes)
            old[pk], new[pk] = {column: current[column] for column in values}, values
            if values:
                written = {**values, "updated_at": now}
                if "name" in values:
                    written["name_key"] = name_key(values["name"])[:200]
                updates.setdefault(tuple(written), []).append((*written.values(), pk))
            if EXTERNAL_ID in found.changes and found.row.relation is not None:
                linked.append((pk, found.row.relation))
            if TAGS in found.changes:
                tags.append((pk, found.changes[TAGS][1]))
            messages.append((pk, values.get("name", current["name"]), self._message(found)))
        for names, rows in updates.items():
            bulk.update_many(Party, names, rows)
        self._tag(tags)
        links_before, links_after = self._link_by_key(linked)
        at_before, at_after = self._place([found for found in decisions if {COMPANY, ROLE} & found.changes.keys()])
        kept = {}
        for found, (pk, name, _message) in zip(decisions, messages, strict=True):
            for key in {EXTERNAL_ID, TAGS, COMPANY, ROLE} & found.changes.keys():
                old[pk][key], new[pk][key] = found.changes[key]
            if EXTERNAL_ID in new[pk]:
                old[pk]["links"], new[pk]["links"] = links_before.get(pk, []), links_after.get(pk, [])
            if pk in at_after:
                old[pk]["places"], new[pk]["places"] = at_before.get(pk, []), at_after[pk]
            kept[found.row.number] = self._row(found, name, pk, old[pk], new[pk])
        self._log(audit.CHANGED, messages)
        return kept

    def _link_by_key(self, linked: Sequence[tuple[int, Relation]]) -> tuple[dict[int, Any], dict[int, Any]]:
        """Links carry a mark of what the tool has of a party, so these parties are read whole, as they are now."""
        parties = Party.objects.in_bulk([pk for pk, _relation in linked])
        return self._link([(parties[pk], relation) for pk, relation in linked])

    def _link(self, pairs: Sequence[tuple[Party, Relation]]) -> tuple[dict[int, Any], dict[int, Any]]:
        """Link the pairs; the links of each party before and after."""
        if not pairs:
            return {}, {}
        ids = [party.pk for party, _relation in pairs]
        before = self.numbers.snapshot(ids)
        self.numbers.link(pairs)
        return before, self.numbers.snapshot(ids)

    def _place(self, decisions: Sequence[Decision]) -> tuple[dict[int, places.Places], dict[int, places.Places]]:
        """Put contacts at companies; the places of each before and after."""
        named = [(found.party or 0, found.row.place) for found in decisions if found.row.place is not None]
        if not named:
            return {}, {}
        pks = [pk for pk, _place in named]
        before = places.places_of(pks)
        places.write(named)
        return before, places.places_of(pks)

    def _know_tags(self, decisions: Iterable[Decision]) -> None:
        """Find the tags that rows name, and make those that nobody has made yet."""
        wanted = {tag.casefold(): tag for found in decisions for tag in found.row.values.get(TAGS, [])}
        missing = {key: tag for key, tag in wanted.items() if key not in self.tags}
        if not missing:
            return
        self._read_tags(missing)
        fresh = [Tag(name=tag) for key, tag in missing.items() if key not in self.tags]
        if fresh:
            Tag.objects.bulk_create(fresh, ignore_conflicts=True)
            self._read_tags(missing)

    def _read_tags(self, wanted: dict[str, str]) -> None:
        lowered = Tag.objects.annotate(lowered=Lower("name"))
        for tag in lowered.filter(lowered__in=[name.lower() for name in wanted.values()]):
            self.tags[tag.name.casefold()] = tag

    def _tag(self, named: Iterable[tuple[int, Iterable[str]]]) -> None:
        through = Party.tags.through
        rows = [
            through(party_id=pk, tag_id=found.pk)
            for pk, names in named
            for name in names
            if (found := self.tags.get(name.casefold())) is not None
        ]
        through.objects.bulk_create(rows, batch_size=BATCH, ignore_conflicts=True)

    def _message(self, found: Decision) -> str:
        fields = ", ".join(label_of(key) for key in found.changes)
        words = _("Changed from the file %(file)s: %(fields)s.") % {"file": self.batch.file_name, "fields": fields}
        if EXTERNAL_ID in found.changes:
            before, after = found.changes[EXTERNAL_ID]
            words += " " + _("External ID in %(administration)s: %(before)s → %(after)s") % {
                "administration": self.numbers.name, "before": before or "–", "after": after,
            }  # fmt: skip
        return words

    def _log(self, flag: int, rows: Sequence[tuple[int, str, str]]) -> None:
        log(self.batch, flag, rows)


def log(batch: ImportBatch, flag: int, rows: Sequence[tuple[int, str, str]]) -> None:
    """One log entry per (key, name, message) in the history of the batch's companies or contacts."""
    page = Contact if batch.kind == PartyKind.PERSON else Company
    audit.record_rows(by=batch.by, model=page, flag=flag, rows=rows)


def _touched(kind: str, decisions: Sequence[Decision]) -> list[str]:
    """The columns that any of the changes writes, the name always among them."""
    keys = {key for found in decisions for key in found.changes if key not in ASIDE}
    names = _NAMES if kind == PartyKind.PERSON else _NAMES[:1]
    return sorted({"payment_term_id" if key == "payment_term" else key for key in keys} | set(names))


def _after(kind: str, current: dict[str, Any], changes: Changes) -> dict[str, Any]:
    """The columns that really change, with their new values; a contact's name and its two parts stay one."""
    values = {key: will for key, (_was, will) in changes.items() if key not in ASIDE}
    if kind == PartyKind.PERSON and values.keys() & set(_NAMES):
        party = Party(kind=kind, **{name: current[name] for name in _NAMES})
        _fill(party, {key: value for key, value in values.items() if key in _NAMES})
        values |= {name: getattr(party, name) for name in _NAMES}
    columns = {"payment_term_id" if key == "payment_term" else key: value for key, value in values.items()}
    return {column: value for column, value in columns.items() if value != current[column]}


def _fill(party: Party, values: dict[str, Any]) -> None:
    """Set the columns that the values name; a contact's name and its two parts stay one."""
    for key, value in values.items():
        if key in ASIDE or (value is None and key != "payment_term"):
            continue
        setattr(party, "payment_term_id" if key == "payment_term" else key, value)
    if party.kind == PartyKind.PERSON:
        if {"first_name", "last_name"} & set(values):
            party.name = f"{party.first_name} {party.last_name}".strip()[:200]
        elif values.get("name"):
            first, _blank, last = values["name"].rpartition(" ")
            party.first_name, party.last_name = first[:100], last[:100]


def _place(place: places.Place | None) -> dict[str, Any]:
    if place is None:
        return {}
    told = {COMPANY: place.name, "places": [[place.company, place.role or ""]]}
    return {**told, ROLE: place.role} if place.role else told


def _number(relation: Relation | None, links: Any) -> dict[str, Any]:
    return {} if relation is None else {EXTERNAL_ID: relation.shown, "links": links or []}
