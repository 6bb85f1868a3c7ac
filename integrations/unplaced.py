"""Booked documents without any posting, kept by the database itself in a small table of their own.

"Not posted" means among millions of booked documents the few that have no posting, or one that is not settled. The
second are found by an index; an index cannot tell what is missing, so the first are written down: booking a document
adds it, its first posting takes it out. Triggers do that, whichever way rows are written.

As with the triggers of `invoicing.triggers`, `migrate` lifts them first and sets them again at its end; the table is
then also put right, so one that was filled without them is whole after the next `migrate`.
"""

from __future__ import annotations

from collections.abc import Iterator

from django.db import transaction
from django.db.backends.base.base import BaseDatabaseWrapper

_UNPLACED, _POSTING, _DOCUMENT = "integrations_unplaced", "integrations_posting", "invoicing_salesdocument"
_ADDED = "document_id, entity_id, date"

# Name, event and condition of each trigger, and what it does.
_ADD = f"INSERT INTO {_UNPLACED} ({_ADDED}) VALUES (NEW.id, NEW.entity_id, NEW.date) ON CONFLICT DO NOTHING"  # noqa: S608 - own names
_TAKE_OUT = f"DELETE FROM {_UNPLACED} WHERE document_id = NEW.sales_document_id"  # noqa: S608 - own names
_FORGET = f"DELETE FROM {_UNPLACED} WHERE document_id = OLD.id"  # noqa: S608 - own names
_PUT_BACK = f"""INSERT INTO {_UNPLACED} ({_ADDED})
    SELECT d.id, d.entity_id, d.date FROM {_DOCUMENT} d
    WHERE d.id = OLD.sales_document_id AND d.status = 'booked'
        AND NOT EXISTS (SELECT 1 FROM {_POSTING} p WHERE p.sales_document_id = d.id)
    ON CONFLICT DO NOTHING"""  # noqa: S608 - own names
_TRIGGERS = (
    ("integrations_unplaced_new", "INSERT", _DOCUMENT, "NEW.status = 'booked'", _ADD),
    ("integrations_unplaced_booked", "UPDATE", _DOCUMENT, "OLD.status <> 'booked' AND NEW.status = 'booked'", _ADD),
    ("integrations_unplaced_deleted", "DELETE", _DOCUMENT, "OLD.status = 'booked'", _FORGET),
    ("integrations_unplaced_placed", "INSERT", _POSTING, "NEW.sales_document_id IS NOT NULL", _TAKE_OUT),
    ("integrations_unplaced_given_up", "DELETE", _POSTING, "OLD.sales_document_id IS NOT NULL", _PUT_BACK),
)


def install(connection: BaseDatabaseWrapper) -> None:
    """Set the triggers anew and put the table right, in one transaction; nothing while the tables are not there."""
    if not _is_there(connection):
        return
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        for statement in (*_drop_statements(connection), *_create_statements(connection), *_repair()):
            cursor.execute(statement)


def remove(connection: BaseDatabaseWrapper) -> None:
    """Lift the triggers, in one transaction; also where there are none."""
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        for statement in _drop_statements(connection):
            cursor.execute(statement)


def missing(connection: BaseDatabaseWrapper) -> set[str]:
    """The names of triggers that should be there and are not; empty while the tables are not there."""
    if not _is_there(connection):
        return set()
    if connection.vendor == "sqlite":
        query = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    else:
        query = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D'"
    with connection.cursor() as cursor:
        cursor.execute(query)
        there = {row[0] for row in cursor.fetchall()}
    return {name for name, *_rest in _TRIGGERS} - there


def _is_there(connection: BaseDatabaseWrapper) -> bool:
    return {_UNPLACED, _POSTING, _DOCUMENT} <= set(connection.introspection.table_names())


def _drop_statements(connection: BaseDatabaseWrapper) -> Iterator[str]:
    for name, _event, table, _condition, _action in _TRIGGERS:
        where = "" if connection.vendor == "sqlite" else f" ON {table}"
        yield f"DROP TRIGGER IF EXISTS {name}{where}"


def _create_statements(connection: BaseDatabaseWrapper) -> Iterator[str]:
    for name, event, table, condition, action in _TRIGGERS:
        head = f"CREATE TRIGGER {name} AFTER {event} ON {table} FOR EACH ROW WHEN ({condition})"
        if connection.vendor == "sqlite":
            yield f"{head} BEGIN {action}; END"
        else:
            yield (
                f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS "
                f"$$ BEGIN {action}; RETURN NULL; END $$"
            )
            yield f"{head} EXECUTE FUNCTION {name}()"


def _repair() -> Iterator[str]:
    posted = f"SELECT 1 FROM {_POSTING} p WHERE p.sales_document_id"  # noqa: S608 - own names
    yield f"""
        DELETE FROM {_UNPLACED} WHERE EXISTS ({posted} = {_UNPLACED}.document_id)
            OR NOT EXISTS (SELECT 1 FROM {_DOCUMENT} d WHERE d.id = {_UNPLACED}.document_id AND d.status = 'booked')
    """  # noqa: S608 - own names
    yield f"""
        INSERT INTO {_UNPLACED} ({_ADDED})
        SELECT d.id, d.entity_id, d.date FROM {_DOCUMENT} d
        WHERE d.status = 'booked' AND NOT EXISTS ({posted} = d.id)
            AND NOT EXISTS (SELECT 1 FROM {_UNPLACED} u WHERE u.document_id = d.id)
    """  # noqa: S608 - own names
