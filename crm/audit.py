"""Who changed what, as entries of the admin's own log.

Django's `LogEntry` shows in the history of each page and cannot be edited in the admin. What no person did
(a worker, the demo, a command) stands there under the account "system", which nobody can sign in to.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.contrib.admin.models import ADDITION, CHANGE, DELETION, LogEntry
from django.contrib.auth import get_user_model
from django.contrib.auth.models import AbstractBaseUser
from django.contrib.contenttypes.models import ContentType
from django.db.models import Model
from django.utils import timezone

from . import bulk

SYSTEM_USERNAME = "system"

ADDED, CHANGED, DELETED = ADDITION, CHANGE, DELETION


def record(*, by: AbstractBaseUser | None, objects: Sequence[Model], flag: int, message: str) -> None:
    """Write one log entry per object, in the caller's transaction, with one insert. `by` None: the system.

    `objects` are of the classes whose admin page shows the history: a proxy has its own.
    """
    user_id = (by or system_user()).pk
    LogEntry.objects.bulk_create(
        LogEntry(
            user_id=user_id,
            content_type=ContentType.objects.get_for_model(obj, for_concrete_model=False),
            object_id=str(obj.pk),
            object_repr=str(obj)[:200],
            action_flag=flag,
            change_message=message,
        )
        for obj in objects
    )


def record_rows(
    *, by: AbstractBaseUser | None, model: type[Model], flag: int, rows: Iterable[tuple[int, str, str]]
) -> None:
    """Write one log entry per (key, name, message), in the caller's transaction, with one statement for many."""
    user_id = (by or system_user()).pk
    type_id = ContentType.objects.get_for_model(model, for_concrete_model=False).pk
    now = timezone.now()
    bulk.insert_many(
        LogEntry,
        ["action_time", "user_id", "content_type_id", "object_id", "object_repr", "action_flag", "change_message"],
        ((now, user_id, type_id, str(pk), name[:200], flag, message) for pk, name, message in rows),
    )


def record_list(*, by: AbstractBaseUser | None, model: type[Model], message: str) -> None:
    """Write one log entry about rows of a list together, that none of them has in its history."""
    LogEntry.objects.create(
        user_id=(by or system_user()).pk,
        content_type=ContentType.objects.get_for_model(model, for_concrete_model=False),
        object_repr=str(model._meta.verbose_name_plural)[:200],
        action_flag=CHANGE,
        change_message=message,
    )


def actor_name(by: AbstractBaseUser | None) -> str:
    """The name that is kept on a row beside a moment: the user's log-in name, or "system"."""
    return by.get_username() if by is not None else SYSTEM_USERNAME


def system_user() -> AbstractBaseUser:
    """The account that stands for the program itself; made at first use, without a password and inactive."""
    users = get_user_model()
    user, created = users._default_manager.get_or_create(
        **{users.USERNAME_FIELD: SYSTEM_USERNAME}, defaults={"is_active": False}
    )
    if created:
        user.set_unusable_password()
        user.save(update_fields=["password"])
    return user
