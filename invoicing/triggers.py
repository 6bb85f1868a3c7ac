"""Triggers that keep booked documents final in the database itself, on SQLite and PostgreSQL.

They meet what goes past the models: raw SQL, other programs, a forgotten `_base_manager`. The columns are read
from the models, so a new column is final unless `invoicing.freezing` says otherwise.

They are not part of a migration: SQLite changes a table by building it anew, which drops its triggers without a
word and fails where a trigger of another table names it. So `migrate` lifts them first and sets them again at
its end (signals in `invoicing.apps`), and a system check warns when they are missing.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.apps import apps
from django.db import models, transaction
from django.db.backends.base.base import BaseDatabaseWrapper

from .freezing import MUTABLE_DOCUMENT_FIELDS, MUTABLE_LINE_FIELDS

MESSAGE = "a booked document is final"
_REFUSE = "invoicing_refuse_change"
_GUARD_PART = "invoicing_guard_part"


@dataclass(frozen=True, slots=True)
class _Part:
    model: str
    mutable: frozenset[str] = frozenset()
    may_be_added: bool = False


_PARTS = (
    _Part("SalesLine", mutable=MUTABLE_LINE_FIELDS),
    _Part("DocumentDiscount"),
    _Part("SalesVatTotal"),
    _Part("DocumentFile", may_be_added=True),
)


def install(connection: BaseDatabaseWrapper) -> None:
    """Set all triggers anew, in one transaction; nothing while the tables are not all there."""
    tables = {_table(name) for name in ("SalesDocument", "VatRateVersion", *(part.model for part in _PARTS))}
    if not tables <= set(connection.introspection.table_names()):
        return
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        for statement in (*_drop_statements(connection), *_create_statements(connection)):
            cursor.execute(statement)


def remove(connection: BaseDatabaseWrapper) -> None:
    """Lift all triggers, in one transaction; also where there are none."""
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        for statement in _drop_statements(connection):
            cursor.execute(statement)


@contextmanager
def lifted(connection: BaseDatabaseWrapper) -> Iterator[None]:
    """No triggers inside, all of them afterwards: for emptying a database or loading one whole."""
    remove(connection)
    try:
        yield
    finally:
        install(connection)


def missing(connection: BaseDatabaseWrapper) -> set[str]:
    """The names of triggers that should be there and are not; empty while the tables are not there."""
    if _table("SalesDocument") not in connection.introspection.table_names():
        return set()
    if connection.vendor == "sqlite":
        query = "SELECT name FROM sqlite_master WHERE type = 'trigger'"
    else:
        query = "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal AND tgenabled <> 'D'"
    with connection.cursor() as cursor:
        cursor.execute(query)
        there = {row[0] for row in cursor.fetchall()}
    return {name for name, _table_name in _trigger_names()} - there


def _trigger_names() -> Iterator[tuple[str, str]]:
    for event in ("update", "delete"):
        yield f"invoicing_document_{event}", _table("SalesDocument")
    yield "invoicing_vatrateversion_update", _table("VatRateVersion")
    for part in _PARTS:
        for event in ("update", "delete") if part.may_be_added else ("insert", "update", "delete"):
            yield f"invoicing_{part.model.lower()}_{event}", _table(part.model)


def _drop_statements(connection: BaseDatabaseWrapper) -> Iterator[str]:
    for name, table in _trigger_names():
        where = "" if connection.vendor == "sqlite" else f" ON {table}"
        yield f"DROP TRIGGER IF EXISTS {name}{where}"


def _create_statements(connection: BaseDatabaseWrapper) -> Iterator[str]:
    return _sqlite() if connection.vendor == "sqlite" else _postgresql()


# --- SQLite ----------------------------------------------------------------------------------------------------


def _sqlite() -> Iterator[str]:
    def trigger(name: str, event: str, table: str, condition: str) -> str:
        body = f"SELECT RAISE(ABORT, '{MESSAGE}');"
        return f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW WHEN {condition} BEGIN {body} END"

    document = _table("SalesDocument")
    changed = _changed("SalesDocument", MUTABLE_DOCUMENT_FIELDS, "IS NOT")
    yield trigger("invoicing_document_update", "UPDATE", document, f"OLD.status = 'booked' AND ({changed})")
    yield trigger("invoicing_document_delete", "DELETE", document, "OLD.status = 'booked'")

    version = f"(OLD.percentage IS NOT NEW.percentage OR OLD.rate_id IS NOT NEW.rate_id) AND {_used_version()}"
    yield trigger("invoicing_vatrateversion_update", "UPDATE", _table("VatRateVersion"), version)

    for part in _PARTS:
        table, name = _table(part.model), f"invoicing_{part.model.lower()}"
        booked = f"EXISTS (SELECT 1 FROM {document} WHERE status = 'booked' AND id IN (%s))"  # noqa: S608 - own names
        changed = _changed(part.model, part.mutable, "IS NOT")
        if not part.may_be_added:
            yield trigger(f"{name}_insert", "INSERT", table, booked % "NEW.document_id")
        both = booked % "OLD.document_id, NEW.document_id"
        yield trigger(f"{name}_update", "UPDATE", table, f"({changed}) AND {both}")
        yield trigger(f"{name}_delete", "DELETE", table, booked % "OLD.document_id")


# --- PostgreSQL ------------------------------------------------------------------------------------------------


def _postgresql() -> Iterator[str]:
    document = _table("SalesDocument")
    yield f"""
        CREATE OR REPLACE FUNCTION {_REFUSE}() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            RAISE EXCEPTION '{MESSAGE}' USING ERRCODE = 'check_violation';
        END $$
    """
    # A share lock on the document: a line written while the document is being booked waits, and is then refused.
    yield f"""
        CREATE OR REPLACE FUNCTION {_GUARD_PART}() RETURNS trigger LANGUAGE plpgsql AS $$
        DECLARE
            found text;
        BEGIN
            IF TG_OP <> 'INSERT' THEN
                SELECT status INTO found FROM {document} WHERE id = OLD.document_id FOR SHARE;
                IF found = 'booked' THEN
                    RAISE EXCEPTION '{MESSAGE}' USING ERRCODE = 'check_violation';
                END IF;
            END IF;
            IF TG_OP = 'DELETE' THEN
                RETURN OLD;
            END IF;
            IF TG_OP = 'INSERT' OR NEW.document_id IS DISTINCT FROM OLD.document_id THEN
                SELECT status INTO found FROM {document} WHERE id = NEW.document_id FOR SHARE;
                IF found = 'booked' THEN
                    RAISE EXCEPTION '{MESSAGE}' USING ERRCODE = 'check_violation';
                END IF;
            END IF;
            RETURN NEW;
        END $$
    """  # noqa: S608 - own names
    # A condition of a trigger may not look into another table here, so the function does.
    yield f"""
        CREATE OR REPLACE FUNCTION invoicing_guard_version() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF {_used_version()} THEN
                RAISE EXCEPTION '{MESSAGE}' USING ERRCODE = 'check_violation';
            END IF;
            RETURN NEW;
        END $$
    """

    def trigger(name: str, event: str, table: str, function: str, condition: str = "") -> str:
        when = f"WHEN ({condition}) " if condition else ""
        return f"CREATE TRIGGER {name} BEFORE {event} ON {table} FOR EACH ROW {when}EXECUTE FUNCTION {function}()"

    changed = _changed("SalesDocument", MUTABLE_DOCUMENT_FIELDS, "IS DISTINCT FROM")
    frozen = f"OLD.status = 'booked' AND ({changed})"
    yield trigger("invoicing_document_update", "UPDATE", document, _REFUSE, frozen)
    yield trigger("invoicing_document_delete", "DELETE", document, _REFUSE, "OLD.status = 'booked'")
    other = "OLD.percentage IS DISTINCT FROM NEW.percentage OR OLD.rate_id IS DISTINCT FROM NEW.rate_id"
    version = _table("VatRateVersion")
    yield trigger("invoicing_vatrateversion_update", "UPDATE", version, "invoicing_guard_version", other)
    for part in _PARTS:
        table, name = _table(part.model), f"invoicing_{part.model.lower()}"
        if not part.may_be_added:
            yield trigger(f"{name}_insert", "INSERT", table, _GUARD_PART)
        changed = _changed(part.model, part.mutable, "IS DISTINCT FROM")
        yield trigger(f"{name}_update", "UPDATE", table, _GUARD_PART, changed)
        yield trigger(f"{name}_delete", "DELETE", table, _GUARD_PART)


# --- both ------------------------------------------------------------------------------------------------------


def _model(name: str) -> type[models.Model]:
    return apps.get_model("invoicing", name)


def _table(name: str) -> str:
    return _model(name)._meta.db_table


def _changed(model: str, mutable: frozenset[str], operator: str) -> str:
    """The condition that a column which has to stay got another value."""
    columns = [field.column for field in _model(model)._meta.concrete_fields if field.name not in mutable]
    return " OR ".join(f'OLD."{column}" {operator} NEW."{column}"' for column in columns)


def _used_version() -> str:
    """The condition that booked documents use the VAT rate version that is being changed."""
    totals, documents = _table("SalesVatTotal"), _table("SalesDocument")
    joined = f"{totals} t JOIN {documents} d ON d.id = t.document_id"
    return f"EXISTS (SELECT 1 FROM {joined} WHERE t.vat_rate_id = OLD.id AND d.status = 'booked')"  # noqa: S608 - own names
