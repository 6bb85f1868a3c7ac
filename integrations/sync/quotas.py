"""Calls that a tool allows of some operations in a day: counted in the database before each call is made.

Workers and pages share a counter, so it is taken by one conditional update; nothing is held in memory. A part may be
reserved for people: a nightly run leaves it alone. Source: vendors' limits; design sections 4 and 8; SYS-701.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

from django.db.models import F
from django.utils import timezone

from ..base.errors import RateLimited
from ..base.provider import CallLimit
from ..models import CallCounter


@dataclass(frozen=True, slots=True)
class Owners:
    """Whose counters a provider's calls fill. None: not known yet, its calls are not counted."""

    administration_id: int | None
    grant_id: int | None

    def of(self, limit: CallLimit) -> str:
        pk = self.grant_id if limit.scope == "grant" else self.administration_id
        return f"{limit.scope} {pk}" if pk is not None else ""


@dataclass(frozen=True, slots=True)
class Left:
    """How many calls of a counter are left until `resets_at`, and how many its window allows."""

    left: int
    calls: int
    resets_at: datetime


def take(limit: CallLimit, owners: Owners, operation: str, *, for_person: bool) -> None:
    """Count one call. RateLimited: none is left, or only those that are reserved for people."""
    owner = owners.of(limit)
    if not owner:
        return
    now = timezone.now()
    rows = CallCounter.objects.filter(owner=owner, name=limit.name)
    kept = 0 if for_person else limit.reserve
    CallCounter.objects.get_or_create(
        owner=owner, name=limit.name, defaults={"calls": limit.calls, "resets_at": window_end(limit, now)}
    )
    rows.filter(resets_at__lte=now).update(used=0, calls=limit.calls, resets_at=window_end(limit, now))
    if rows.filter(used__lt=F("calls") - kept).update(used=F("used") + 1):
        return
    row = rows.get()
    raise RateLimited(
        "the tool's limit of this operation is used up",
        until=row.resets_at,
        scope="minute" if limit.seconds <= 60 else "day",
        limit=row.calls,
        operation=operation,
        counted=True,
    )


def exhaust(limit: CallLimit, owners: Owners, until: datetime) -> None:
    """The tool itself said that no call is left: believe it until then."""
    owner = owners.of(limit)
    if owner:
        CallCounter.objects.update_or_create(
            owner=owner, name=limit.name, defaults={"used": limit.calls, "calls": limit.calls, "resets_at": until}
        )


def left(limit: CallLimit, owners: Owners) -> Left:
    """What is left of a counter, for people."""
    now = timezone.now()
    row = CallCounter.objects.filter(owner=owners.of(limit), name=limit.name, resets_at__gt=now).first()
    if row is None:
        return Left(left=limit.calls, calls=limit.calls, resets_at=window_end(limit, now))
    return Left(left=max(0, row.calls - row.used), calls=row.calls, resets_at=row.resets_at)


def window_end(limit: CallLimit, now: datetime) -> datetime:
    """End of the fixed clock window that `now` lies in; a day ends at midnight UTC until the tool says otherwise."""
    start = int(now.timestamp()) // limit.seconds * limit.seconds
    return datetime.fromtimestamp(start + limit.seconds, tz=UTC)
