"""The worker lease of an administration: one worker at a time, by conditional updates on the database's clock.

Every claim raises the fencing token; a write of a slice names its token, so a worker that lost its lease
changes nothing. Works alike on SQLite and PostgreSQL; no row lock is relied on.
"""

from __future__ import annotations

import time
import uuid
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import DateTimeField, DurationField, Exists, ExpressionWrapper, F, OuterRef, Q, Value
from django.db.models.functions import Now

from ..base.errors import LeaseLost
from ..models import Administration
from .heartbeat import beat


@dataclass(slots=True)
class Lease:
    """A claimed administration. `renewed` is the monotonic second of the last renewal, taken before the write."""

    administration_id: int
    token: int
    owner: str
    seconds: float
    renewed: float = field(default=0.0)

    def seconds_left(self) -> float:
        """What is surely left, measured from before the renewal was written."""
        return self.seconds - (time.monotonic() - self.renewed)

    def ensure(self, needed_seconds: float) -> None:
        """Make the lease outlive the next `needed_seconds`. Raises LeaseLost."""
        if self.seconds_left() < needed_seconds:
            self.renew()
            if self.seconds_left() < needed_seconds:
                raise LeaseLost("the lease is shorter than the call may last")

    def renew(self) -> None:
        """Push the end of the lease out again. Raises LeaseLost when another worker has it."""
        started = time.monotonic()
        changed = Administration.objects.filter(
            pk=self.administration_id, lease_token=self.token, lease_owner=self.owner
        ).update(lease_until=_from_now(self.seconds))
        if not changed:
            raise LeaseLost("another worker serves this administration now")
        self.renewed = started
        beat("lease")

    def release(self) -> bool:
        """Give it back; False when it was no longer ours. The token stays, so that it only ever grows."""
        return bool(
            Administration.objects.filter(
                pk=self.administration_id, lease_token=self.token, lease_owner=self.owner
            ).update(lease_owner="", lease_until=None)
        )

    def held(self) -> Exists:
        """A condition for updates of rows that have `administration_id`: this lease's token is still the newest."""
        return Exists(
            Administration.objects.filter(
                pk=OuterRef("administration_id"), lease_token=self.token, lease_owner=self.owner
            )
        )

    def is_held(self) -> bool:
        return Administration.objects.filter(
            pk=self.administration_id, lease_token=self.token, lease_owner=self.owner
        ).exists()


def claim(administration_id: int) -> Lease | None:
    """Take the lease when nobody holds it or its time is over; None when another worker has it."""
    owner = uuid.uuid4().hex
    seconds = float(settings.BOEKBRUG_LEASE_SECONDS)
    started = time.monotonic()
    changed = (
        Administration.objects.filter(pk=administration_id)
        .filter(Q(lease_until__isnull=True) | Q(lease_until__lt=Now()))
        .update(lease_token=F("lease_token") + 1, lease_owner=owner, lease_until=_from_now(seconds))
    )
    if not changed:
        return None
    beat("lease")
    token = Administration.objects.values_list("lease_token", flat=True).get(pk=administration_id, lease_owner=owner)
    return Lease(administration_id=administration_id, token=token, owner=owner, seconds=seconds, renewed=started)


def is_free(administration_id: int) -> bool:
    return (
        Administration.objects.filter(pk=administration_id)
        .filter(Q(lease_until__isnull=True) | Q(lease_until__lt=Now()))
        .exists()
    )


def _from_now(seconds: float) -> ExpressionWrapper[Any]:
    return ExpressionWrapper(Now() + Value(timedelta(seconds=seconds), DurationField()), output_field=DateTimeField())
