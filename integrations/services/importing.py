"""Taking over the relations of a tool as companies and contacts: started here, worked off like a sync (S-042, S-083)."""

from __future__ import annotations

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.utils.translation import gettext as _

from crm import audit

from ..models import Connection, RunTrigger, SyncRun
from ..sync.runs import IMPORT_ASKED, import_is_owed, start_sync
from .wizard import remember


def start_import(*, connection: Connection, user: AbstractBaseUser | None) -> SyncRun:
    """Begin an import; while it goes on no sync of the connection starts, so that nobody is made twice.

    Raises what a sync raises: AlreadyRunning, NotReady, ModuleOff. Doing it again adds nobody twice.
    """
    run = start_sync(connection, RunTrigger.IMPORT, user)
    audit.record(by=user, objects=[connection], flag=audit.CHANGED, message="Import of relations started")
    return run


def go_on_without_import(*, connection: Connection, user: AbstractBaseUser | None) -> None:
    """Let syncs begin although the import that the set-up asked for did not come to its end. Logged once."""
    with transaction.atomic():
        # The second of two clicks, or of two windows, waits here and finds it done.
        locked = Connection.objects.select_for_update().get(pk=connection.pk)
        if not import_is_owed(locked):
            return
        remember(connection=locked, **{IMPORT_ASKED: False})
        audit.record(by=user, objects=[locked], flag=audit.CHANGED, message=_("Goes on without importing relations"))


def last_import(connection: Connection) -> SyncRun | None:
    """The newest import of a connection, unfinished ones included."""
    return connection.runs.filter(trigger=RunTrigger.IMPORT).order_by("-pk").first()
