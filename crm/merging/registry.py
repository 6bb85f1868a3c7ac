"""What points to a party, and what a merge does with it. Every relation of every app is named here, by its own app."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.apps import apps
from django.contrib.auth.models import AbstractBaseUser
from django.db.models import Model
from django.utils.translation import ngettext

from ..models import Party
from .rows import Move, Row, Words

_BATCH = 500

Kept = Any  # JSON: what a relation needs to move back


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A merge under way, or its undoing: both parties are locked until the transaction ends."""

    winner: Party
    loser: Party
    by: AbstractBaseUser | None
    choices: Mapping[str, str] = field(default_factory=dict)


class Relation:
    """A foreign key or many-to-many relation to a party: `name` is "app.Model.field" of its model."""

    name: str

    def __init__(self, name: str) -> None:
        self.name = name

    def rows(self, winner: Party, loser: Party) -> Iterable[Row]:
        """What the two have to be compared by, beside their fields."""
        return ()

    def moves(self, winner: Party, loser: Party) -> Iterable[Move]:
        """What the page tells before a merge."""
        return ()

    def move(self, job: Job) -> Kept:
        """Let the rows point to the winner; what is returned is kept, and given to `move_back`. Falsy: nothing moved."""
        raise NotImplementedError

    def move_back(self, job: Job, kept: Kept) -> Iterator[str]:
        """Let what moved point to the loser again; yields a sentence for what is no longer there to be moved."""
        raise NotImplementedError


class Stays(Relation):
    """Rows that keep pointing to the party that went; `why` says what makes that right."""

    def __init__(self, name: str, *, why: str) -> None:
        super().__init__(name)
        self.why = why

    def move(self, job: Job) -> Kept:
        return None

    def move_back(self, job: Job, kept: Kept) -> Iterator[str]:
        return iter(())


class Keys(Relation):
    """Rows with a plain foreign key and no other rule: the keys of those that moved are kept."""

    def __init__(self, name: str, *, label: Words = "", text: Words = "") -> None:
        super().__init__(name)
        self.label, self.text = label, text

    @property
    def model(self) -> type[Model]:
        app, model, __ = self.name.split(".")
        return apps.get_model(app, model)

    @property
    def field(self) -> str:
        return self.name.split(".")[2]

    def moves(self, winner: Party, loser: Party) -> Iterable[Move]:
        if self.label:
            number = self.model._base_manager.filter(**{self.field: loser}).count()
            yield Move(label=self.label, count=number, text=self.text)

    def move(self, job: Job) -> Kept:
        rows = self.model._base_manager.filter(**{self.field: job.loser})
        keys = list(rows.order_by("pk").values_list("pk", flat=True))
        self.change(keys, job.loser, job.winner, job.by)
        return keys

    def move_back(self, job: Job, kept: Kept) -> Iterator[str]:
        moved = self.change(kept, job.winner, job.loser, job.by)
        if left := len(kept) - moved:
            words = ngettext(
                "%(n)d of %(what)s is no longer with %(party)s and stays where it is.",
                "%(n)d of %(what)s are no longer with %(party)s and stay where they are.",
                left,
            )
            yield words % {"n": left, "what": self.model._meta.verbose_name_plural, "party": job.winner}

    def change(self, keys: list[int], before: Party, after: Party, by: AbstractBaseUser | None) -> int:
        """Let those of `keys` that point to `before` point to `after`; how many did."""
        moved = 0
        for batch in batches(keys):
            rows = self.model._base_manager.filter(pk__in=batch, **{self.field: before})
            moved += rows.update(**{self.field: after})
        return moved


_relations: dict[str, Relation] = {}


def register(*named: Relation) -> None:
    """Say what becomes of relations to a party; saying it again replaces what was said."""
    for relation in named:
        _relations[relation.name] = relation


def relations() -> list[Relation]:
    """All named relations, in the order in which they were."""
    return list(_relations.values())


def batches(keys: list[int]) -> Iterator[list[int]]:
    for start in range(0, len(keys), _BATCH):
        yield keys[start : start + _BATCH]
