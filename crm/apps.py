from collections.abc import Sequence
from functools import partial
from typing import Any

from django.apps import AppConfig
from django.core.checks import CheckMessage, Tags, Warning, register
from django.db import connections, transaction
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _

# Restored parties that are compared while somebody waits; more are compared in the background.
_FEW = 20


class CrmConfig(AppConfig):
    """Companies, contacts and what is known about them."""

    name = "crm"
    verbose_name = _("Customers")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from . import signals
        from .merging.own import register_own

        register_own()
        signals.parties_merged.connect(_look_at_the_merged, dispatch_uid="crm.duplicates")
        signals.merge_undone.connect(_look_at_the_merged, dispatch_uid="crm.duplicates")
        signals.parties_restored.connect(_look_at_the_restored, dispatch_uid="crm.duplicates")
        post_migrate.connect(_make_indexes, sender=self)
        register(Tags.database)(check_name_index)


def _look_at_the_merged(merge: Any, **kwargs: Any) -> None:
    """Whoever took over values, or got his own back, may be like others now."""
    from . import duplicates

    duplicates.refresh_for([merge.winner, merge.loser])


def _look_at_the_restored(parties: Sequence[Any], **kwargs: Any) -> None:
    """Whoever came back may be like somebody who came meanwhile; looked at once that is committed."""
    from . import duplicates

    transaction.on_commit(partial(duplicates.refresh_for, list(parties), at_once=_FEW), robust=True)


def _make_indexes(using: str, **kwargs: Any) -> None:
    from . import indexes

    indexes.install(connections[using])


def check_name_index(app_configs: Any, databases: Sequence[str] | None = None, **kwargs: Any) -> list[CheckMessage]:
    """Warn when PostgreSQL has to read every name for each search."""
    from . import indexes

    return [
        Warning(
            "Searching by name reads every company and contact, as PostgreSQL lacks the extension pg_trgm.",
            hint="Let its superuser run `CREATE EXTENSION pg_trgm` in this database, then `python manage.py migrate`.",
            id="crm.W001",
        )
        for alias in databases or ()
        if indexes.is_missing(connections[alias])
    ]
