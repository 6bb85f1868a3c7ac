"""Whom a segment holds, and who sees it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.db.models import Q, QuerySet

from ..models import Party, PartyKind, Segment
from ..models.party import PartyQuerySet
from . import rules

# Parties that are counted; that there are more is said in words. Where there are very many, each one that fits may be
# found among a great many that do not.
COUNT_BOUND, COUNT_BOUND_AMONG_MANY = 10_000, 500
MANY = 200_000


@dataclass(frozen=True, slots=True)
class Fitting:
    """How many fit, each at most one more than the bound; None for a kind that the segment leaves out."""

    companies: int | None
    contacts: int | None
    bound: int = COUNT_BOUND


def visible_to(user: AbstractBaseUser | AnonymousUser) -> QuerySet[Segment]:
    """Shared segments, one's own, and those whose owner is gone."""
    return Segment.objects.filter(Q(shared=True) | Q(owner_id=user.pk) | Q(owner=None))


def parties_in(segment: Segment) -> PartyQuerySet:
    """The live parties that fit. Raises RulesBroken."""
    found = Party.objects.live().filter(rules.condition(segment.rules))
    return found.filter(kind=segment.kind) if segment.kind else found


def fitting(*, kind: str, data: Any) -> Fitting:
    """Count the live parties that rules choose; a query per kind, and one for the bound. Raises RulesBroken."""
    chosen = rules.condition(data)
    bound = _bound()
    counts = {
        wanted: bounded_count(Party.objects.live().filter(chosen, kind=wanted), bound) if kind in ("", wanted) else None
        for wanted in PartyKind.values
    }
    return Fitting(companies=counts[PartyKind.COMPANY], contacts=counts[PartyKind.PERSON], bound=bound)


def bounded_count(rows: QuerySet[Any], bound: int = COUNT_BOUND) -> int:
    """The number of rows, at most one more than the bound."""
    return rows.order_by()[: bound + 1].count()


def _bound() -> int:
    newest = Party.objects.order_by("-pk").values_list("pk", flat=True).first() or 0
    return COUNT_BOUND if newest <= MANY else COUNT_BOUND_AMONG_MANY
