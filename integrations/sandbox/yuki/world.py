"""Everything the Yuki side remembers: domains with their contacts and archive, administrations with their books."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from ..clock import Clock
from ..store import Key, Row, Store, Table
from . import switches

VENDOR = "yuki"
NAMESPACE = uuid.UUID("2d9f6c1e-5a0b-5f44-8c7d-b1c0de5a7e01")
BRUSSELS = ZoneInfo("Europe/Brussels")

DOMAIN_TABLES = {"contacts": "ID", "archive": "ID"}
ADMINISTRATION_TABLES = {"accounts": "code", "vatcodes": "key", "items": "description", "entries": "ID"}


def derived_id(*parts: object) -> str:
    """Return the same guid for the same parts, always."""
    return str(uuid.uuid5(NAMESPACE, "/".join(map(str, parts))))


def new_id() -> str:
    """Return a new guid."""
    return str(uuid.uuid4())


class Scope:
    """A domain or an administration: facts about itself in `info`, and its tables."""

    def __init__(self, key: str, info: dict[str, Any], world: World, tables: dict[str, str]) -> None:
        self.key = key
        self.info = info
        self.world = world
        self._keys = tables
        self.tables = {name: Table(column) for name, column in tables.items()}

    def __getitem__(self, table: str) -> Table:
        return self.tables[table]

    def put(self, table: str, row: Row) -> Row:
        """Add or replace a row."""
        self.tables[table].put(row)
        self.world.store.put(VENDOR, self.key, table, row[self._keys[table]], row)
        return row

    def change(self, table: str, key: Key, **values: Any) -> Row:
        """Replace some values of a row."""
        return self.put(table, {**self.tables[table].rows[key], **values})

    def remove(self, table: str, key: Key) -> None:
        """Take a row out for good."""
        self.world.store.drop(VENDOR, self.key, table, key)
        self.tables[table].remove(key)

    def keep_info(self) -> None:
        """Keep what was changed in `info`."""
        self.world.store.put(VENDOR, self.key, "scope", "scope", self.info)


class Domain(Scope):
    """The environment of one customer, with its own contacts and archive."""

    @property
    def site(self) -> str:
        """Its country installation."""
        return str(self.info["site"])


class Administration(Scope):
    """One legal entity."""

    @property
    def domain(self) -> Domain:
        """The domain it belongs to."""
        return self.world.domains[self.info["domain"]]

    def contact(self, key: str) -> Row:
        """A contact of the domain."""
        return self.domain["contacts"].rows[key]

    def account_of(self, kind: str) -> str:
        """The code of the first account of a kind; for VAT the one that is to be paid."""
        found = sorted(str(row["code"]) for row in self["accounts"] if row["kind"] == kind)
        if kind == "vat":
            to_pay = [code for code in found if "betalen" in self["accounts"].rows[code]["name_nl"].lower()]
            found = to_pay or found
        return found[0] if found else ""


class World:
    """The whole state. Changes go through `Scope.put` and `keep`, so that they reach the file."""

    def __init__(self, clock: Clock, store: Store) -> None:
        self.clock = clock
        self.store = store
        self.empty()

    def empty(self) -> None:
        """Forget everything but the clock and the store."""
        self.domains: dict[str, Domain] = {}
        self.administrations: dict[str, Administration] = {}
        self.settings = switches.defaults()
        self.keys: dict[str, dict[str, Any]] = {}
        self.sessions: dict[str, dict[str, Any]] = {}

    def load(self) -> bool:
        """Read what the file holds. False: nothing there."""
        rows = list(self.store.load(VENDOR))
        for scope, table, _, row in rows:
            if table == "scope":
                self._scope(scope, row)
        for scope, table, key, row in rows:
            if table == "settings":
                self.settings.update({name: value for name, value in row.items() if name in self.settings})
            elif table == "key":
                self.keys[key] = row
            elif table == "session":
                self.sessions[key] = row
            elif table != "scope":
                (self.administrations.get(scope) or self.domains[scope])[table].put(row)
        return bool(self.administrations)

    def _scope(self, key: str, info: dict[str, Any]) -> Scope:
        scope: Scope
        if "domain" in info:
            scope = self.administrations[key] = Administration(key, info, self, ADMINISTRATION_TABLES)
        else:
            scope = self.domains[key] = Domain(key, info, self, DOMAIN_TABLES)
        return scope

    def add_domain(self, key: str, info: dict[str, Any]) -> Domain:
        """Add a customer's environment."""
        self._scope(key, info).keep_info()
        return self.domains[key]

    def add_administration(self, key: str, info: dict[str, Any]) -> Administration:
        """Add a legal entity to a domain."""
        self._scope(key, info).keep_info()
        return self.administrations[key]

    def keep(self, table: str, key: str, value: Any) -> None:
        """Keep something that belongs to no domain."""
        self.store.put(VENDOR, "", table, key, value)

    def drop(self, table: str, key: str) -> None:
        """Forget something that belongs to no domain."""
        self.store.drop(VENDOR, "", table, key)

    def local_now(self) -> datetime:
        """Return the wall-clock time of Brussels, without a zone, to the second."""
        return datetime.fromtimestamp(self.clock.time(), UTC).astimezone(BRUSSELS).replace(tzinfo=None, microsecond=0)

    def today(self) -> str:
        """Return today's date there."""
        return self.local_now().date().isoformat()

    def is_due(self, entry: Row, switch: str) -> bool:
        """Whether a booking is old enough to be shown, after the delay that a switch sets."""
        return bool(self.clock.time() >= entry["booked_at"] + self.settings[switch])
