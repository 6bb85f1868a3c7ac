"""Indexes that only PostgreSQL has, for finding and counting among a million parties.

A piece of a name is found by its extension pg_trgm, which comes with PostgreSQL and which whoever owns the database may
switch on. Without it everything is found all the same, by reading every name. The others find the beginning of an
e-mail address, the parties of a tag, and whether a party is live, and what it is called, without reading its row. Set
after each `migrate`; SQLite needs none.
"""

from __future__ import annotations

import logging

from django.db import DatabaseError, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

logger = logging.getLogger(__name__)

_TABLE, _INDEX = "crm_party", "crm_party_name_pieces"


def install(connection: BaseDatabaseWrapper) -> None:
    """Make what is missing, as far as the database allows it."""
    if connection.vendor != "postgresql" or _TABLE not in connection.introspection.table_names():
        return
    statements = (
        # As Django writes a comparison that leaves capitals aside.
        (f"CREATE INDEX IF NOT EXISTS crm_party_email_upper ON {_TABLE} (UPPER(email::text) text_pattern_ops)",),
        (
            f"CREATE INDEX IF NOT EXISTS crm_party_live_names ON {_TABLE} (id) INCLUDE (kind, name_key)"
            " WHERE deleted_at IS NULL",
            "DROP INDEX IF EXISTS crm_party_live",  # the same without names, of an earlier version
        ),
        (f"CREATE INDEX IF NOT EXISTS crm_party_tags_of_tag ON {_TABLE}_tags (tag_id, party_id)",),
        (
            "CREATE EXTENSION IF NOT EXISTS pg_trgm",
            f"CREATE INDEX IF NOT EXISTS {_INDEX} ON {_TABLE} USING gin (name_key gin_trgm_ops)",
        ),
    )
    for together in statements:
        try:
            with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
                for statement in together:
                    cursor.execute(statement)
        except DatabaseError:
            logger.warning("index for searching parties not made", exc_info=True)


def is_missing(connection: BaseDatabaseWrapper) -> bool:
    """Whether names are searched without their index; never while the table is not there."""
    if connection.vendor != "postgresql" or _TABLE not in connection.introspection.table_names():
        return False
    with connection.cursor() as cursor:
        cursor.execute("SELECT to_regclass(%s)", [_INDEX])
        row = cursor.fetchone()
    return row is None or row[0] is None
