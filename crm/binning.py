"""The recycle bin: parties that are hidden, can come back, and can be deleted for good.

What documents or bookings point to stays where it is and is listed (domain rules 13.13, catalogue MRG-312). Whatever
protects its party from deletion counts as such, save for rows that an app lets go by itself (`let_go`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import PROTECT, Exists, Model, OuterRef, Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from . import audit
from .models import BinnedParty, Party
from .services import as_page
from .signals import parties_binned, parties_restored

BATCH = 500

# Models whose rows do not hold a party back, with those among them that do all the same.
_let_go: dict[type[Model], Q | None] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class BinOutcome:
    """What moved to the recycle bin, and what was kept with the reason."""

    moved: tuple[Party, ...] = ()
    kept: tuple[tuple[Party, str], ...] = ()


@dataclass(slots=True)
class ManyOutcome:
    """The same for many, batch by batch: a number, and the first of those that were kept with the reason."""

    moved: int = 0
    kept: int = 0
    named: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True, kw_only=True)
class RestoreOutcome:
    restored: tuple[Party, ...] = ()
    # What did not come back with them, in sentences.
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class PurgeOutcome:
    deleted: int = 0
    kept: tuple[tuple[Party, str], ...] = ()


def let_go(model: type[Model], *, unless: Q | None = None) -> None:
    """Say that rows of `model` release a party that goes into the bin, save those that fit `unless`.

    Called by the app that owns the model when it is ready; it listens to `parties_binned`.
    """
    _let_go[model] = unless


@transaction.atomic
def move_to_recycle_bin(*, parties: Iterable[Party], by: AbstractBaseUser | None) -> BinOutcome:
    """Hide parties from lists and choices; they can be restored. One transaction, logged.

    Those that documents or bookings point to are kept and listed with the reason (domain rules 13.13).
    """
    rows = list(
        Party.objects.select_for_update().filter(pk__in=[p.pk for p in parties], deleted_at=None).order_by("pk")
    )
    used = _used([party.pk for party in rows])
    moved = [party for party in rows if party.pk not in used]
    Party.objects.filter(pk__in=[party.pk for party in moved]).update(deleted_at=timezone.now())
    if moved:
        parties_binned.send(sender=Party, parties=moved)
    _log(moved, by=by, flag=audit.DELETED, message=_("Moved to the recycle bin."))
    kept = tuple((party, _kept_words(party, used[party.pk])) for party in rows if party.pk in used)
    return BinOutcome(moved=tuple(moved), kept=kept)


def move_many_to_recycle_bin(*, ids: Sequence[int], by: AbstractBaseUser | None, names: int = 50) -> ManyOutcome:
    """The same for any number of parties, a transaction and the same number of queries for each `BATCH` of them.

    What a crash cuts short is whole as far as it went; doing it again does the rest. `names`: how many of those that
    were kept are told with the reason.
    """
    outcome = ManyOutcome()
    for chunk in _chunks(ids):
        done = move_to_recycle_bin(parties=[Party(pk=pk) for pk in chunk], by=by)
        outcome.moved += len(done.moved)
        outcome.kept += len(done.kept)
        outcome.named += [reason for _party, reason in done.kept[: names - len(outcome.named)]]
    return outcome


@transaction.atomic
def restore(*, parties: Iterable[Party], by: AbstractBaseUser | None) -> RestoreOutcome:
    """Take parties out of the recycle bin, those that are in it. One transaction, logged.

    What they had to leave behind stands in the remarks and in their history, e.g. a number in a bookkeeping tool that
    another party has by now.
    """
    wanted = [party.pk for party in parties]
    rows = list(
        Party.objects.select_for_update()
        .filter(pk__in=wanted, deleted_at__isnull=False, merged_into=None)
        .order_by("pk")
    )
    Party.objects.filter(pk__in=[party.pk for party in rows]).update(deleted_at=None)
    for party in rows:
        party.deleted_at = None
    _log(rows, by=by, flag=audit.CHANGED, message=_("Restored from the recycle bin."))
    left: dict[int, list[str]] = {}
    if rows:
        for _receiver, answer in parties_restored.send(sender=Party, parties=rows):
            sentences: dict[int, list[str]] = answer or {}  # type: ignore[assignment]  # as `signals` says
            for key, told in sentences.items():
                left.setdefault(key, []).extend(told)
    for party in rows:
        for sentence in left.get(party.pk, ()):
            _log([party], by=by, flag=audit.CHANGED, message=sentence)
    remarks = tuple(sentence for party in rows for sentence in left.get(party.pk, ()))
    return RestoreOutcome(restored=tuple(rows), remarks=remarks)


@transaction.atomic
def purge(*, parties: Iterable[Party], by: AbstractBaseUser | None) -> PurgeOutcome:
    """Delete parties in the recycle bin for good, with those that went into them by a merge. One transaction, logged.

    Kept, with the reason: what documents or bookings point to, also by one that was merged into it.
    """
    rows = list(BinnedParty.objects.select_for_update().filter(pk__in=[p.pk for p in parties]).order_by("pk"))
    family = _with_absorbed([party.pk for party in rows])
    used = _used([member for members in family.values() for member in members])
    held = {
        party.pk: next(used[member] for member in family[party.pk] if member in used)
        for party in rows
        if used.keys() & family[party.pk]
    }
    going = [party for party in rows if party.pk not in held]
    _log(going, by=by, flag=audit.DELETED, message=_("Deleted for good."))
    Party.objects.filter(pk__in=[member for party in going for member in family[party.pk]]).delete()
    kept = tuple((party, _kept_words(party, held[party.pk])) for party in rows if party.pk in held)
    return PurgeOutcome(deleted=len(going), kept=kept)


def kept_condition() -> Q:
    """Those that would be kept, as a condition on parties."""
    found = Q()
    for model, name, unless in _protecting():
        rows = model._base_manager.filter(**{name: OuterRef("pk")})
        found |= Q(Exists(rows.filter(unless) if unless is not None else rows))
    return found


def kept_words(parties: Sequence[Party]) -> list[str]:
    """Why each of these would be kept; one query per kind of row that keeps them."""
    used = _used([party.pk for party in parties])
    return [_kept_words(party, used[party.pk]) for party in parties if party.pk in used]


def _used(ids: list[int]) -> dict[int, str]:
    """For each party that must stay: the plural name of what protects it. One query per kind of protecting row."""
    found: dict[int, str] = {}
    for model, name, unless in _protecting():
        users: QuerySet[Model] = model._base_manager.filter(**{f"{name}__in": ids}).order_by()
        if unless is not None:
            users = users.filter(unless)
        for pk in users.values_list(name, flat=True).distinct():
            found.setdefault(pk, str(model._meta.verbose_name_plural))
    return found


def _protecting() -> Iterator[tuple[type[Model], str, Q | None]]:
    """Model, name of the field, and condition of the rows that keep the party they point to."""
    for relation in Party._meta.related_objects:
        if relation.on_delete is not PROTECT:
            continue
        model: type[Model] = relation.related_model
        if model not in _let_go:
            yield model, relation.field.name, None
        elif (unless := _let_go[model]) is not None:
            yield model, relation.field.name, unless


def _with_absorbed(ids: list[int]) -> dict[int, set[int]]:
    """For each party itself and all that went into it, also by way of another."""
    family = {pk: {pk} for pk in ids}
    owner = {pk: pk for pk in ids}
    level = ids
    while level:
        rows = Party.objects.filter(merged_into__in=level).exclude(pk__in=list(owner))
        found = dict(rows.values_list("pk", "merged_into_id"))
        for pk, into in found.items():
            owner[pk] = owner[into]
            family[owner[pk]].add(pk)
        level = list(found)
    return family


def _chunks(ids: Sequence[int]) -> Iterator[Sequence[int]]:
    for start in range(0, len(ids), BATCH):
        yield ids[start : start + BATCH]


def _kept_words(party: Party, what: str) -> str:
    return _("%(party)s is kept: %(what)s point to it.") % {"party": party, "what": what}


def _log(rows: Sequence[Party], *, by: AbstractBaseUser | None, flag: int, message: str) -> None:
    if rows:
        audit.record(by=by, objects=[as_page(party) for party in rows], flag=flag, message=message)
