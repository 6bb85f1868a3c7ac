"""Everything the Octopus side remembers: dossiers with their tables, tokens, rights, switches."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from zoneinfo import ZoneInfo

from ..clock import Clock
from ..store import Key, Row, Store, Table
from . import switches

VENDOR = "octopus"

# table: key property. "gone" holds what the `modified` calls list as deleted.
TABLES = {
    "bookyears": "id",
    "journals": "key",  # bookyear/journal
    "accounts": "number",
    "vatcodes": "code",
    "relations": "id",
    "bookings": "key",  # bookyear/journal/number
    "bank": "key",
    "balancings": "key",
    "attachments": "key",
    "gone": "stamp",
}


class Dossier:
    """One set of books: facts about itself in `info`, and its tables."""

    def __init__(self, number: int, info: dict[str, Any], world: World) -> None:
        self.number = number
        self.info = info
        self.world = world
        self.tables = {name: Table(key) for name, key in TABLES.items()}

    def __getitem__(self, table: str) -> Table:
        return self.tables[table]

    def put(self, table: str, row: Row) -> Row:
        """Keep a row with the moment of this writing, which the `modified` calls go by."""
        row = {**row, "Timestamp": self.world.next_stamp(), "_at": self.world.clock.time()}
        self.tables[table].put(row)
        self.world.store.put(VENDOR, str(self.number), table, row[TABLES[table]], row)
        return row

    def change(self, table: str, key: Key, **values: Any) -> Row:
        """Replace some values of a row."""
        return self.put(table, {**self.tables[table].rows[key], **values})

    def remove(self, table: str, key: Key) -> Row | None:
        """Take a row out for good."""
        self.world.store.drop(VENDOR, str(self.number), table, key)
        return self.tables[table].remove(key)

    def note_deleted(self, kind: str, row: Row) -> None:
        """Add to what the `modified` calls list as deleted."""
        self.put("gone", {"stamp": self.world.stamp + 1, "kind": kind, "row": row})

    def changed_since(self, table: str, moment: float) -> list[Row]:
        """Rows written at `moment` or later, in the order of their keys."""
        return [
            row for key in self.tables[table].sorted_keys() if (row := self.tables[table].rows[key])["_at"] >= moment
        ]

    def deleted_since(self, kind: str, moment: float) -> list[Row]:
        """Rows of a kind that were deleted at `moment` or later, each once."""
        return [row["row"] for row in self.tables["gone"] if row["kind"] == kind and row["_at"] >= moment]

    def journal(self, bookyear: object, code: object) -> Row | None:
        return self.tables["journals"].get(f"{bookyear}/{code}")


class World:
    """The whole state. Changes go through `Dossier.put` and `keep`, so that they reach the file."""

    def __init__(self, clock: Clock, store: Store) -> None:
        self.clock = clock
        self.store = store
        self.empty()

    def empty(self) -> None:
        """Forget everything but the clock and the store."""
        self.dossiers: dict[int, Dossier] = {}
        self.settings = switches.defaults()
        self.stamp = 0
        self.tokens: dict[str, dict[str, Any]] = {}
        self.facts: dict[str, Any] = {}  # passwords, rights, locked journals: "password/<user>" …

    def load(self) -> bool:
        """Read what the file holds. False: nothing there."""
        rows: list[tuple[str, str, Key, Any]] = list(self.store.load(VENDOR))
        for scope, table, _, row in rows:
            if table == "dossier":
                self.dossiers[int(scope)] = Dossier(int(scope), row, self)
        waiting: dict[tuple[str, str], list[Row]] = {}
        for scope, table, key, row in rows:
            if table in TABLES:
                waiting.setdefault((scope, table), []).append(row)
            elif table == "token":
                self.tokens[key] = row
            elif table == "fact":
                self.facts[key] = row
            elif table == "settings":
                self.settings.update({name: value for name, value in row.items() if name in self.settings})
            elif table == "stamp":
                self.stamp = row
        for (scope, table), found in waiting.items():
            found.sort(key=lambda row: row["Timestamp"])
            target = self.dossiers[int(scope)][table]
            target.unsort()
            for row in found:
                target.put(row)
        return bool(self.dossiers)

    def keep(self, table: str, key: str, value: Any) -> None:
        """Keep something that belongs to no dossier."""
        self.store.put(VENDOR, "", table, key, value)

    def set_fact(self, key: str, value: Any) -> None:
        """Keep a fact; None forgets it."""
        if value is None:
            self.facts.pop(key, None)
            self.store.drop(VENDOR, "", "fact", key)
        else:
            self.facts[key] = value
            self.keep("fact", key, value)

    def add_dossier(self, number: int, info: dict[str, Any]) -> Dossier:
        """Add a set of books."""
        dossier = self.dossiers[number] = Dossier(number, info, self)
        self.store.put(VENDOR, str(number), "dossier", "dossier", info)
        return dossier

    def next_stamp(self) -> int:
        """Return the next row version."""
        self.stamp += 1
        self.keep("stamp", "stamp", self.stamp)
        return self.stamp

    def moment(self, text: str) -> float:
        """Seconds since 1970 of a time stamp of a query, in the service's zone. Raises ValueError."""
        naive = datetime.strptime(text, "%Y-%m-%d %H:%M:%S.%f")  # noqa: DTZ007 - its zone is put on below
        if len(text) != 23:
            raise ValueError(text)
        return naive.replace(tzinfo=ZoneInfo(self.settings["time_zone"])).timestamp()

    def today(self) -> str:
        """Return today's date in Belgium."""
        return datetime.fromtimestamp(self.clock.time(), UTC).astimezone(ZoneInfo("Europe/Brussels")).date().isoformat()
