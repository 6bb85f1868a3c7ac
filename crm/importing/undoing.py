"""Taking an import back, in one transaction: what was changed since stays, and is listed. Source: N-09; rule 13.7."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator
from typing import Any

from django.db.models import PROTECT, Model
from django.utils import timezone
from django.utils.translation import gettext as _

from .. import audit, bulk
from ..models import CompanyContact, ImportBatch, ImportRow, Merge, Party, RowOutcome, Tag
from ..names import name_key
from . import places, snapshots
from .fields import ASIDE, COMPANY, EXTERNAL_ID, TAGS
from .numbers import Numbers, TakenMeanwhile, numbers_of
from .writing import log

BATCH = 1_000
# In `old` and `new` beside the columns of a party.
_ASIDE = frozenset({*ASIDE, "links", "places"})


def undo(batch: ImportBatch) -> dict[str, int]:
    """Put back what the batch changed and delete what it added; the counts of what was undone and what was kept.

    To be called inside a transaction that holds the batch.
    """
    numbers = numbers_of(batch.administration_id)
    counts = {"restored": 0, "deleted": 0, "kept": 0}
    rows = batch.outcomes.filter(undone=False).order_by("number")
    # The added ones first: a number that one of them took is free again for the one that had it.
    for group in _groups(rows.filter(outcome=RowOutcome.ADDED)):
        done = _delete(batch, group, numbers)
        counts["deleted"] += done
        counts["kept"] += len(group) - done
    for group in _groups(rows.filter(outcome=RowOutcome.EDITED)):
        done = _restore(batch, group, numbers)
        counts["restored"] += done
        counts["kept"] += len(group) - done
    return counts


def _groups(rows: Any) -> Iterator[list[ImportRow]]:
    """Rows in groups, by their number: those that were worked on are not asked for again."""
    last = 0
    while group := list(rows.filter(number__gt=last)[:BATCH]):
        last = group[-1].number
        yield group


# --- What was edited ---


def _restore(batch: ImportBatch, rows: list[ImportRow], numbers: Numbers) -> int:
    columns = sorted({column for row in rows for column in row.new if column not in _ASIDE} | {"name", "deleted_at"})
    locked = Party.objects.select_for_update().filter(pk__in=[row.party_id for row in rows if row.party_id])
    parties = {
        found[0]: dict(zip(columns, found[1:], strict=True))
        for found in locked.order_by("pk").values_list("pk", *columns)
    }
    tags = snapshots.tags_of({row.party_id for row in rows if row.party_id and TAGS in row.new})
    links = numbers.snapshot([row.party_id for row in rows if row.party_id and "links" in row.new])
    at = places.places_of([row.party_id for row in rows if row.party_id and "places" in row.new])
    back: list[tuple[ImportRow, int]] = []
    for row in rows:
        pk = row.party_id or 0
        party = parties.get(pk)
        if party is None or party["deleted_at"] is not None:
            row.notes = [*row.notes, _kept("gone")]
        elif changed := _changed(row, party, tags.get(pk, ()), links.get(pk, []), at.get(pk, [])):
            row.notes = [*row.notes, _kept("changed", fields=changed)]
        else:
            back.append((row, pk))
    taken = _give_back_numbers(back, numbers)
    back = [(row, pk) for row, pk in back if pk not in taken]
    updates: dict[tuple[str, ...], list[tuple[Any, ...]]] = {}
    now = timezone.now()
    for row, pk in back:
        row.undone = True
        values = {column: value for column, value in row.old.items() if column not in _ASIDE}
        if values:
            if "name" in values:
                values["name_key"] = name_key(values["name"])[:200]
            values["updated_at"] = now
            updates.setdefault(tuple(values), []).append((*values.values(), pk))
    for names, changes in updates.items():
        bulk.update_many(Party, names, changes)
    _untag(back)
    places.restore({pk: row.old["places"] for row, pk in back if "places" in row.old})
    for row in rows:
        if not row.undone and row.party_id in taken:
            row.notes = [*row.notes, _kept("number-taken")]
    _save(rows)
    message = _("The import of the file %(file)s was undone.") % {"file": batch.file_name}
    log(batch, audit.CHANGED, [(pk, row.old.get("name") or parties[pk]["name"], message) for row, pk in back])
    return len(back)


def _changed(
    row: ImportRow, party: dict[str, Any], tags: Iterable[str], links: list[dict[str, Any]], at: places.Places
) -> list[str]:
    """The fields of the row that no longer hold what the import wrote."""
    changed = [column for column, value in row.new.items() if column not in _ASIDE and party[column] != value]
    if TAGS in row.new:
        has = {tag.casefold() for tag in tags}
        if not all(tag.casefold() in has for tag in row.new[TAGS]):
            changed.append(TAGS)
    if "links" in row.new and _named(links) != _named(row.new["links"]):
        changed.append(EXTERNAL_ID)
    if "places" in row.new and at != row.new["places"]:
        changed.append(COMPANY)
    return ["payment_term" if column == "payment_term_id" else column for column in changed]


def _named(links: Iterable[dict[str, Any]]) -> list[tuple[Any, ...]]:
    """Which relations of the tool the links name; what a sync notes of its sending is no change."""
    return sorted((link["role"], link["external_id"], link["code"], link["primary"]) for link in links)


def _give_back_numbers(back: list[tuple[ImportRow, int]], numbers: Numbers) -> frozenset[int]:
    """Restore the links that stood before; the parties that cannot have theirs, since another one has them now."""
    before = {pk: row.old["links"] for row, pk in back if "links" in row.old}
    if not before:
        return frozenset()
    try:
        numbers.restore(before)
    except TakenMeanwhile as error:
        numbers.restore({pk: links for pk, links in before.items() if pk not in error.party_ids})
        return error.party_ids
    return frozenset()


def _untag(back: list[tuple[ImportRow, int]]) -> None:
    """Take away the tags that the import added, in one statement per tag."""
    parties: dict[str, list[int]] = {}
    for row, pk in back:
        had = {tag.casefold() for tag in row.old.get(TAGS, [])}
        for tag in row.new.get(TAGS, []):
            if tag.casefold() not in had:
                parties.setdefault(tag, []).append(pk)
    for tag in Tag.objects.filter(name__in=list(parties)):
        Party.tags.through.objects.filter(tag=tag, party_id__in=parties[tag.name]).delete()


# --- What was added ---


def _delete(batch: ImportBatch, rows: list[ImportRow], numbers: Numbers) -> int:
    parties = Party.objects.select_for_update().in_bulk([row.party_id for row in rows if row.party_id])
    now = snapshots.snapshots(parties.values())
    links = numbers.snapshot([row.party_id for row in rows if row.party_id and "links" in row.new])
    at = places.places_of([row.party_id for row in rows if row.party_id])
    unused = _without_use(set(parties))
    gone: list[Party] = []
    for row in rows:
        party = parties.get(row.party_id or 0)
        new = {column: value for column, value in row.new.items() if column not in _ASIDE or column == TAGS}
        if TAGS in new:
            new[TAGS] = sorted(new[TAGS])
        if party is None:
            row.undone = True  # deleted for good by somebody: there is nothing left to take back
        elif party.deleted_at is not None:
            row.notes = [*row.notes, _kept("gone")]
        elif changed := _changed_since(row, new, now[party.pk], links.get(party.pk, []), at.get(party.pk, [])):
            row.notes = [*row.notes, _kept("changed", fields=changed)]
        elif party.pk not in unused:
            row.notes = [*row.notes, _kept("used")]
        else:
            row.undone = True
            gone.append(party)
    if any("links" in row.new for row in rows):
        numbers.restore({party.pk: [] for party in gone})
    message = _("The import of the file %(file)s was undone; it had added this one.") % {"file": batch.file_name}
    log(batch, audit.DELETED, [(party.pk, party.name, message) for party in gone])
    for row in rows:
        if row.undone:
            row.party = None
    _save(rows)
    Party.objects.filter(pk__in=[party.pk for party in gone]).delete()
    return sum(row.undone for row in rows)


def _changed_since(
    row: ImportRow, new: dict[str, Any], now: dict[str, Any], links: list[dict[str, Any]], at: places.Places
) -> list[str]:
    """The fields of an added party that are no longer as the import left them."""
    changed = sorted(column for column in {*new, *now} if new.get(column) != now.get(column))
    if _named(links) != _named(row.new.get("links", [])):
        changed.append(EXTERNAL_ID)
    if at != row.new.get("places", []):
        changed.append(COMPANY)
    return ["payment_term" if column == "payment_term_id" else column for column in changed]


def _without_use(pks: set[int]) -> set[int]:
    """Those of the parties that nothing points to which would be lost: documents, contacts, merges.

    Links to tools are counted by what the import knows of them: one that it did not set is a change.
    """
    used: set[int] = set()
    for relation in Party._meta.related_objects:
        model: type[Model] = relation.related_model
        if relation.on_delete is not PROTECT and model not in (CompanyContact, Merge):
            continue
        if model is CompanyContact and relation.field.name == "person":
            continue  # where a contact works is compared with what the import wrote
        if model._meta.label == "integrations.PartyLink":
            continue
        used |= _pointed_at(model, relation.field.name, pks)
    return pks - used - _linked_elsewhere(pks)


def _linked_elsewhere(pks: set[int]) -> set[int]:
    """Parties with more links to tools than the import can have set: one of its administration."""
    found: set[int] = set()
    for relation in Party._meta.related_objects:
        model: type[Model] = relation.related_model
        if model._meta.label == "integrations.PartyLink":
            rows = model._base_manager.filter(party__in=pks).values_list("party_id", flat=True)
            seen: set[int] = set()
            for pk in rows:
                (found if pk in seen else seen).add(pk)
    return found


def _pointed_at(model: type[Model], field: str, pks: Collection[int]) -> set[int]:
    rows = model._base_manager.filter(**{f"{field}__in": pks}).order_by()
    return set(rows.values_list(f"{field}_id", flat=True))


def _kept(reason: str, **params: Any) -> dict[str, Any]:
    return {"code": "IMP-309", "reason": f"kept-{reason}", "params": params}


def _save(rows: list[ImportRow]) -> None:
    """Most rows were put back and point to their party still: of them nothing else changes."""
    put_back = [row.pk for row in rows if row.undone and row.party_id]
    ImportRow.objects.filter(pk__in=put_back).update(undone=True)
    others = [row for row in rows if not row.undone or not row.party_id]
    bulk.update_many(
        ImportRow, ["undone", "notes", "party_id"], ((row.undone, row.notes, row.party_id, row.pk) for row in others)
    )
