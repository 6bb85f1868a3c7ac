"""What points to a party within customers: roles at companies, tags, pairs of duplicates, merges and imports."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ..models import CompanyContact, DuplicatePair, PairState, Party
from .registry import Job, Kept, Keys, Relation, Stays, register
from .rows import Move


class _Places(Relation):
    """A person's places at companies, from one end. One that the winner has already goes, and is made again by an undo."""

    def __init__(self, end: str, other: str, label: Any) -> None:
        super().__init__(f"crm.CompanyContact.{end}")
        self.end, self.other, self.label = end, other, label

    def moves(self, winner: Party, loser: Party) -> Iterable[Move]:
        ours = CompanyContact.objects.filter(**{self.end: winner}).values(self.other)
        rows = CompanyContact.objects.filter(**{self.end: loser}).exclude(**{f"{self.other}__in": ours})
        number = rows.exclude(**{self.other: winner}).count()
        if number or (self.end == "person") == winner.is_person:
            yield Move(label=self.label, count=number)

    def move(self, job: Job) -> Kept:
        own = {getattr(row, f"{self.other}_id"): row for row in CompanyContact.objects.filter(**{self.end: job.winner})}
        moved: list[int] = []
        doubled: list[dict[str, Any]] = []
        roles: dict[int, str] = {}
        for row in CompanyContact.objects.filter(**{self.end: job.loser}).order_by("pk"):
            other = getattr(row, f"{self.other}_id")
            twin = own.get(other)
            if twin is None and other != job.winner.pk:
                moved.append(row.pk)
                continue
            doubled.append({"pk": row.pk, "company": row.company_id, "person": row.person_id, "role": row.role})
            if twin is not None and row.role and not twin.role:
                CompanyContact.objects.filter(pk=twin.pk).update(role=row.role)
                roles[twin.pk] = row.role
        CompanyContact.objects.filter(pk__in=moved).update(**{self.end: job.winner})
        CompanyContact.objects.filter(pk__in=[row["pk"] for row in doubled]).delete()
        if not moved and not doubled:
            return None
        return {"moved": moved, "doubled": doubled, "roles": [[pk, role] for pk, role in roles.items()]}

    def move_back(self, job: Job, kept: Kept) -> Iterator[str]:
        rows = CompanyContact.objects.filter(pk__in=kept["moved"], **{self.end: job.winner})
        left = len(kept["moved"]) - rows.update(**{self.end: job.loser})
        for pk, role in kept["roles"]:
            CompanyContact.objects.filter(pk=pk, role=role).update(role="")
        there = set(Party.objects.filter(pk__in=_ends(kept["doubled"])).values_list("pk", flat=True))
        taken = set(CompanyContact.objects.filter(**{self.end: job.loser}).values_list(self.other, flat=True))
        for row in kept["doubled"]:
            if row[self.other] in there and row[self.other] not in taken:
                ends = {"company_id": row["company"], "person_id": row["person"]}
                CompanyContact.objects.create(pk=_free(CompanyContact, row["pk"]), role=row["role"], **ends)
            else:
                left += 1
        if left:
            yield _("%(label)s: %(n)d changed since and left as they are.") % {"label": self.label, "n": left}


class _Tags(Relation):
    """The winner gets the tags that it lacks; the loser keeps its own, as it is hidden."""

    def __init__(self) -> None:
        super().__init__("crm.Party.tags")

    def move(self, job: Job) -> Kept:
        own = set(job.winner.tags.values_list("pk", flat=True))
        added = sorted(set(job.loser.tags.values_list("pk", flat=True)) - own)
        job.winner.tags.add(*added)
        return added

    def move_back(self, job: Job, kept: Kept) -> Iterator[str]:
        job.winner.tags.remove(*kept)
        return iter(())


class _Pairs(Relation):
    """Possible duplicates: that of the two is settled, those of the loser with others become the winner's.

    Whoever was said to be someone else than the loser is someone else than the winner now.
    """

    def __init__(self, name: str, *, does_both: bool) -> None:
        super().__init__(name)
        self.does_both = does_both

    def move(self, job: Job) -> Kept:
        if not self.does_both:
            return None  # a pair has two keys and moves once
        both = Q(first=job.loser) | Q(second=job.loser)
        pairs = list(DuplicatePair.objects.filter(both).order_by("pk"))
        if not pairs:
            return None
        own = {
            _other(pair, job.winner.pk): pair
            for pair in DuplicatePair.objects.filter(Q(first=job.winner) | Q(second=job.winner))
        }
        before = [_values(pair) for pair in pairs]
        set_aside: list[int] = []
        for pair in pairs:
            other = _other(pair, job.loser.pk)
            twin = own.get(other)
            if other == job.winner.pk or twin is not None:
                if twin is not None and other != job.winner.pk and _is_aside(pair) and not _is_aside(twin):
                    said = {"set_aside_by": pair.set_aside_by_id, "set_aside_at": pair.set_aside_at}
                    DuplicatePair.objects.filter(pk=twin.pk).update(state=PairState.SET_ASIDE, **said)
                    set_aside.append(twin.pk)
                pair.delete()
            else:
                first, second = sorted((job.winner.pk, other))
                # Whether it is certain depends on the winner's own numbers; the next search says.
                DuplicatePair.objects.filter(pk=pair.pk).update(first=first, second=second, certain=False)
        return {"before": before, "set_aside": set_aside}

    def move_back(self, job: Job, kept: Kept) -> Iterator[str]:
        open_again = {"state": PairState.OPEN, "set_aside_by": None, "set_aside_at": None}
        DuplicatePair.objects.filter(pk__in=kept["set_aside"]).update(**open_again)
        ends = {pk for row in kept["before"] for pk in (row["first_id"], row["second_id"])}
        there = set(Party.objects.filter(pk__in=ends).values_list("pk", flat=True))
        for row in kept["before"]:
            if row["first_id"] not in there or row["second_id"] not in there:
                continue
            values = {name: value for name, value in row.items() if name not in ("pk", "found_at")}
            present = DuplicatePair.objects.filter(pk=row["pk"]).filter(Q(first=job.winner) | Q(second=job.winner))
            if DuplicatePair.objects.filter(first=row["first_id"], second=row["second_id"]).exists():
                continue  # found again meanwhile
            if not present.update(**values):
                made = DuplicatePair.objects.create(pk=_free(DuplicatePair, row["pk"]), **values)
                DuplicatePair.objects.filter(pk=made.pk).update(found_at=row["found_at"])
        return iter(())


def _other(pair: DuplicatePair, party_id: int) -> int:
    return pair.second_id if pair.first_id == party_id else pair.first_id


def _is_aside(pair: DuplicatePair) -> bool:
    return pair.state == PairState.SET_ASIDE


def _values(pair: DuplicatePair) -> dict[str, Any]:
    names = [column.attname for column in DuplicatePair._meta.concrete_fields if not column.primary_key]
    values = {name: getattr(pair, name) for name in names}
    moments = {name: value.isoformat() for name, value in values.items() if hasattr(value, "isoformat")}
    return {"pk": pair.pk, **values, **moments}


def _ends(rows: list[dict[str, Any]]) -> set[int]:
    return {pk for row in rows for pk in (row["company"], row["person"])}


def _free(model: type[Any], pk: int) -> int | None:
    """The key that a row had, as long as no other has it now."""
    return None if model._base_manager.filter(pk=pk).exists() else pk


def register_own() -> None:
    """Called when the app is ready."""
    register(
        _Places("company", "person", gettext_lazy("Contacts")),
        _Places("person", "company", gettext_lazy("Companies")),
        _Tags(),
        # Who went into the loser before is in the winner now: old links and marks lead there in one step.
        Keys("crm.Party.merged_into"),
        _Pairs("crm.DuplicatePair.first", does_both=True),
        _Pairs("crm.DuplicatePair.second", does_both=False),
        Stays("crm.Merge.winner", why="history: who went into whom, and what an undo needs"),
        Stays("crm.Merge.loser", why="history: who went into whom, and what an undo needs"),
        Stays("crm.ImportRow.party", why="history: the undo of an import must not change whom it did not import"),
    )
