"""The accounting module's switch: on or off, how many entities, until when. Off or ended, nothing syncs; history stays.

Source: S-020 to S-023, APP-118; design section 3 (Module).
"""

from __future__ import annotations

from datetime import date

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from config.figures import day
from crm import audit

from ..messages import problem_text
from ..models import Connection, Module
from .errors import ConnectError
from .switching import switch_off


def live_connections() -> int:
    """The number of entities that are connected now; each has one live connection, by constraint."""
    return Connection.objects.live().count()


def why_closed(module: Module) -> str:
    """Why nothing may be connected or synced, as a sentence; empty while the module is on."""
    if not module.is_on:
        return _("The accounting connector is switched off. An account admin can switch it on under Accounting module.")
    if module.has_ended():
        return _(
            "The accounting connector ended on %(day)s. An account admin can change that under Accounting module."
        ) % {"day": day(module.ends_on)}
    return ""


def check_room(*, entity_id: int) -> None:
    """Raise ConnectError when this entity may not be connected: module off or ended, or no room left (APP-118)."""
    module = Module.current()
    if closed := why_closed(module):
        raise ConnectError(closed)
    if module.entity_limit is None:
        return
    others = Connection.objects.live().exclude(entity_id=entity_id).count()
    if others >= module.entity_limit:
        problem = problem_text("APP-118", {"limit": str(module.entity_limit)}, "")
        raise ConnectError(f"{problem.sentence} {problem.advice}".strip())


@transaction.atomic
def set_module(
    *, is_on: bool, entity_limit: int | None, ends_on: date | None, user: AbstractBaseUser | None
) -> tuple[Module, int]:
    """Save the switch; off or past its last day, every live connection is deactivated. Returns it and their number.

    Doing it twice changes nothing the second time. A limit below the number connected now takes nothing away: it
    keeps more from being connected.
    """
    module = Module.objects.select_for_update().filter(pk=Module.ONLY).first() or Module(pk=Module.ONLY)
    changes = []
    for field, value in (("is_on", is_on), ("entity_limit", entity_limit), ("ends_on", ends_on)):
        if getattr(module, field) != value:
            changes.append(f"{field}: {getattr(module, field)} → {value}")
            setattr(module, field, value)
    if changes or module._state.adding:
        module.changed_at, module.changed_by = timezone.now(), audit.actor_name(user)[:150]
        module.full_clean()
        module.save()
        audit.record(by=user, objects=[module], flag=audit.CHANGED, message="; ".join(changes) or "-")
    return module, 0 if module.is_active else _deactivate_all(user)


def deactivate_ended() -> None:
    """What the dispatcher does at each look: the day after the last one, connections are deactivated."""
    module = Module.current()
    if not module.is_active and Connection.objects.live().exists():
        _deactivate_all(None)


@transaction.atomic
def _deactivate_all(user: AbstractBaseUser | None) -> int:
    """Deactivate every live connection; a run that goes on stops by itself at its next slice."""
    live = list(Connection.objects.live().select_related("entity").select_for_update(of=("self",)))
    for connection in live:
        switch_off(connection)
    if live:
        audit.record(by=user, objects=live, flag=audit.CHANGED, message="Deactivated: the accounting module is off")
    return len(live)
