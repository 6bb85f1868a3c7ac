"""Everything the Exact side remembers: divisions with their tables, sign-ins, rights, switches, counters."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from ..clock import Clock
from ..store import Key, Row, Store, Table
from . import switches
from .refusals import Business, Refusal

VENDOR = "exact"
NAMESPACE = uuid.UUID("6b1f8a52-7c3e-5d0b-9a41-2f7de0c35a10")
AMSTERDAM = ZoneInfo("Europe/Amsterdam")  # the service writes its moments as wall-clock time of Amsterdam
FIRST_STAMP = 1_000_000

# table: key property. "gone" holds what sync/Deleted lists.
TABLES = {
    "accounts": "ID",
    "contacts": "ID",
    "bankaccounts": "ID",
    "journals": "ID",
    "glaccounts": "ID",
    "vatcodes": "ID",
    "vatpercentages": "ID",
    "paymentconditions": "ID",
    "periods": "ID",
    "currencies": "Code",
    "closed": "key",
    "numbers": "key",
    "salesentries": "EntryID",
    "saleslines": "ID",
    "purchaseentries": "EntryID",
    "purchaselines": "ID",
    "documents": "ID",
    "attachments": "ID",
    "terms": "ID",
    "translines": "ID",
    "gone": "Timestamp",
    "webhooks": "ID",
}


def derived_id(*parts: object) -> str:
    """Return the same guid for the same parts, always."""
    return str(uuid.uuid5(NAMESPACE, "/".join(map(str, parts))))


def new_id() -> str:
    """Return a new guid."""
    return str(uuid.uuid4())


class Division:
    """One administration: facts about itself in `info` (neutral names of the demo books) and its tables."""

    def __init__(self, code: int, info: dict[str, Any], world: World) -> None:
        self.code = code
        self.info = info
        self.world = world
        self.tables = {name: Table(key) for name, key in TABLES.items()}

    def __getitem__(self, table: str) -> Table:
        return self.tables[table]

    def put(self, table: str, row: Row, stamp: bool = True) -> Row:
        """Keep a row; with `stamp` it gets the next row version and a new Modified."""
        if stamp:
            row["Timestamp"] = self.world.next_stamp()
            row["Modified"] = self.world.local_now()
            row.setdefault("Created", row["Modified"])
            row.setdefault("Division", self.code)
        self.tables[table].put(row)
        self.world.store.put(VENDOR, str(self.code), table, row[TABLES[table]], row)
        return row

    def change(self, table: str, key: Key, stamp: bool = True, **values: Any) -> Row:
        """Replace some values of a row."""
        return self.put(table, {**self.tables[table].rows[key], **values}, stamp)

    def remove(self, table: str, key: Key) -> Row | None:
        """Take a row out for good."""
        self.world.store.drop(VENDOR, str(self.code), table, key)
        return self.tables[table].remove(key)

    def by_code(self, table: str, code: object) -> list[Row]:
        """Return the rows with this code; codes are compared without blanks around them."""
        return self.tables[table].where("Code", str(code).strip())

    def reference(self, table: str, key: Key, field: str) -> Key:
        """Return a key given by a caller when its row is here; else refused or null, as the switch says."""
        if key is None or self.tables[table].get(key) is not None:
            return key
        if self.world.settings["foreign_reference"] == "null":
            return None
        raise Business("unknown", field)

    def note_deleted(self, entity_type: int, key: str) -> None:
        """Add to what sync/Deleted lists."""
        self.put(
            "gone", {"ID": new_id(), "EntityKey": key, "EntityType": entity_type, "DeletedDate": self.world.local_now()}
        )

    def is_closed(self, journal: str, year: int, period: int) -> bool:
        """Whether a journal is closed in a period; `*` closes all journals, a row of its own decides for one."""
        closed = self.tables["closed"]
        own = closed.get(f"{journal}/{year}/{period}")
        row = own or closed.get(f"*/{year}/{period}")
        return bool(row and row["closed"])

    def set_closed(self, journal: str, year: int, period: int, closed: bool) -> None:
        """Close or open a journal (`*`: all) in a period."""
        self.put("closed", {"key": f"{journal}/{year}/{period}", "closed": closed}, stamp=False)


def inside(division: Division | None) -> Division:
    """Return the division of a call. Raises Refusal (404) for a call whose address has none."""
    if division is None:
        raise Refusal(404, "Resource not found: the address lacks a division.")
    return division


class World:
    """The whole state. Changes go through `Division.put` and `keep`, so that they reach the file."""

    def __init__(self, clock: Clock, store: Store) -> None:
        self.clock = clock
        self.store = store
        self.on_change: Callable[[Division, str, str, str], None] | None = None
        self.empty()

    def empty(self) -> None:
        """Forget everything but the clock and the store."""
        self.divisions: dict[int, Division] = {}
        self.settings = switches.defaults()
        self.stamp = FIRST_STAMP
        # per kind of sign-in thing: code, access, refresh, session
        self.signins: dict[str, dict[str, dict[str, Any]]] = {"code": {}, "access": {}, "refresh": {}, "session": {}}
        self.rights: dict[str, bool] = {}
        self.barred: dict[str, str] = {}
        self.current: dict[str, int] = {}  # user: the division last opened in the tool's own screens

    def load(self) -> bool:
        """Read what the file holds. False: nothing there."""
        rows: list[tuple[str, str, Key, Any]] = list(self.store.load(VENDOR))
        for scope, table, _, row in rows:
            if table == "division":
                self.divisions[int(scope)] = Division(int(scope), row, self)
        waiting: dict[tuple[str, str], list[Row]] = {}
        for scope, table, key, row in rows:
            if table in TABLES:
                waiting.setdefault((scope, table), []).append(row)
            elif table in self.signins:
                self.signins[table][key] = row
            elif table == "settings":
                self.settings.update({name: value for name, value in row.items() if name in self.settings})
            elif table == "rights":
                self.rights[key] = row
            elif table == "barred":
                self.barred[key] = row
            elif table == "current":
                self.current[key] = row
            elif table == "stamp":
                self.stamp = row
        for (scope, table), found in waiting.items():
            found.sort(key=lambda row: row.get("Timestamp", 0))
            target = self.divisions[int(scope)][table]
            target.unsort()
            for row in found:
                target.put(row)
        return bool(self.divisions)

    def keep(self, table: str, key: str, value: Any) -> None:
        """Keep something that belongs to no division."""
        self.store.put(VENDOR, "", table, key, value)

    def drop(self, table: str, key: str) -> None:
        """Forget something that belongs to no division."""
        self.store.drop(VENDOR, "", table, key)

    def add_division(self, code: int, info: dict[str, Any]) -> Division:
        """Add an administration."""
        division = self.divisions[code] = Division(code, info, self)
        self.store.put(VENDOR, str(code), "division", "division", info)
        return division

    def next_stamp(self) -> int:
        """Return the next row version; it has no relation to time and is one sequence for all tables."""
        self.stamp += 1
        self.keep("stamp", "stamp", self.stamp)
        return self.stamp

    def sign_in(self, kind: str, key: str, row: dict[str, Any]) -> None:
        """Keep a code, token or session."""
        self.signins[kind][key] = row
        self.keep(kind, key, row)

    def sign_out(self, kind: str, key: str) -> None:
        """Forget a code, token or session."""
        self.signins[kind].pop(key, None)
        self.drop(kind, key)

    def local_now(self) -> str:
        """Return the wall-clock time of Amsterdam in the stored form."""
        return datetime.fromtimestamp(self.clock.time(), UTC).astimezone(AMSTERDAM).strftime("%Y-%m-%dT%H:%M:%S")

    def today(self) -> str:
        """Return today's date in the stored form."""
        return self.local_now()[:10] + "T00:00:00"

    def changed(self, division: Division, topic: str, action: str, key: str) -> None:
        """Tell whoever subscribed to `topic` (Create, Update or Delete of an entity)."""
        if self.on_change is not None:
            self.on_change(division, topic, action, key)
