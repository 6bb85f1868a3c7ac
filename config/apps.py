import sqlite3
from typing import Any

from django.apps import AppConfig, apps
from django.db import connections
from django.db.backends.signals import connection_created
from django.db.backends.sqlite3.base import DatabaseWrapper as SQLite
from django.db.models.signals import post_migrate
from django.utils.translation import gettext_lazy as _


class BoekbrugConfig(AppConfig):
    """What belongs to the installation as a whole: settings, checks, launcher, health."""

    name = "config"
    verbose_name = _("System")
    default_auto_field = "django.db.models.BigAutoField"

    def ready(self) -> None:
        from config import checks  # noqa: F401 - registers itself

        # SQLite takes 32,766 values a statement since 3.32; Django 5.2 still splits at 999, which turns one insert
        # of 500 documents into a dozen.
        if sqlite3.sqlite_version_info >= (3, 32):
            SQLite.features_class.max_query_params = 32_766  # type: ignore[assignment, method-assign]

        connection_created.connect(plan_without_compiling)

        # The signal comes only from apps with models; the queue's own comes when all migrations are done, as every one.
        post_migrate.connect(after_migrate, sender=apps.get_app_config("django_q"))


def plan_without_compiling(connection: Any, **kwargs: Any) -> None:
    """Keep PostgreSQL from compiling the statement of a page: that takes longer than answering it."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SET jit = off")


def after_migrate(sender: AppConfig, using: str, **kwargs: Any) -> None:
    """Bring the cache table and the queue's schedules in step after every `migrate`."""
    from django.core.management import call_command

    from config.schedules import Schedule, sync_schedules

    if using != "default":
        return
    call_command("createcachetable", database=using, verbosity=0)
    with connections[using].cursor() as cursor:
        tables = connections[using].introspection.table_names(cursor)
    # Not there while the queue's own tables are migrated away.
    if Schedule._meta.db_table in tables:
        sync_schedules()
