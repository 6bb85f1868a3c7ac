"""Rows in memory, ordered and indexed, with a copy in SQLite so that the books survive a restart."""

from __future__ import annotations

import json
import sqlite3
from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable, Iterator
from decimal import Decimal
from typing import Any

Row = dict[str, Any]
Key = Any  # str or int; one kind per table


def _encode(value: Any) -> Any:
    if isinstance(value, Decimal):
        return {"$": str(value)}
    raise TypeError(f"{type(value).__name__} cannot be kept")


def _decode(value: dict[str, Any]) -> Any:
    return Decimal(value["$"]) if len(value) == 1 and "$" in value else value


class Store:
    """One SQLite file with one row per kept thing; `None` keeps nothing.

    Writes are collected and saved by `commit()` in one transaction. synchronous=OFF: these books are a
    rehearsal, a power cut may cost the last second of them, a killed process costs nothing.
    """

    def __init__(self, path: str | None) -> None:
        self._pending: dict[tuple[str, str, str, str], str | None] = {}
        self._db: sqlite3.Connection | None = None
        if path and path != ":memory:":
            self._db = sqlite3.connect(path, check_same_thread=False, isolation_level=None)
            self._db.execute("PRAGMA journal_mode=WAL")
            self._db.execute("PRAGMA synchronous=OFF")
            self._db.execute(
                "CREATE TABLE IF NOT EXISTS kept (vendor TEXT, scope TEXT, tbl TEXT, key TEXT, row TEXT,"
                " PRIMARY KEY (vendor, scope, tbl, key)) WITHOUT ROWID"
            )

    @property
    def keeps(self) -> bool:
        """Whether there is a file behind this store."""
        return self._db is not None

    def put(self, vendor: str, scope: str, table: str, key: Key, row: Any) -> None:
        """Keep `row` under its key; a string key and an int key of the same digits are two keys."""
        if self._db is not None:
            self._pending[vendor, scope, table, json.dumps(key)] = json.dumps(
                row, default=_encode, separators=(",", ":")
            )

    def drop(self, vendor: str, scope: str, table: str, key: Key) -> None:
        """Forget one row."""
        if self._db is not None:
            self._pending[vendor, scope, table, json.dumps(key)] = None

    def commit(self) -> None:
        """Write what was collected."""
        if self._db is None or not self._pending:
            return
        pending, self._pending = self._pending, {}
        self._db.execute("BEGIN IMMEDIATE")
        self._db.executemany(
            "INSERT INTO kept VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET row = excluded.row",
            [(*place, row) for place, row in pending.items() if row is not None],
        )
        self._db.executemany(
            "DELETE FROM kept WHERE vendor = ? AND scope = ? AND tbl = ? AND key = ?",
            [place for place, row in pending.items() if row is None],
        )
        self._db.execute("COMMIT")

    def load(self, vendor: str) -> Iterator[tuple[str, str, Key, Any]]:
        """Yield (scope, table, key, row) of everything kept for a vendor."""
        if self._db is None:
            return
        found = self._db.execute("SELECT scope, tbl, key, row FROM kept WHERE vendor = ?", (vendor,))
        for scope, table, key, row in found:
            yield scope, table, json.loads(key), json.loads(row, object_hook=_decode)

    def clear(self, vendor: str) -> None:
        """Forget everything of a vendor at once."""
        self._pending = {place: row for place, row in self._pending.items() if place[0] != vendor}
        if self._db is not None:
            self._db.execute("DELETE FROM kept WHERE vendor = ?", (vendor,))

    def close(self) -> None:
        """Save and let go of the file."""
        self.commit()
        if self._db is not None:
            self._db.close()
            self._db = None


class Table:
    """Rows by key.

    Iteration follows the last change (so the order of `Timestamp`), `sorted_keys` follows the key. An
    index per property is made at the first lookup on it and kept from then on. A stored row is never
    changed in place: put a new dict.
    """

    def __init__(self, key: str) -> None:
        self.key = key
        self.rows: dict[Key, Row] = {}
        self._sorted: list[Key] | None = []
        self._indexes: dict[str, dict[Any, set[Key]]] = {}

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows.values())

    def get(self, key: Key) -> Row | None:
        """Return the row with this key."""
        return self.rows.get(key)

    def put(self, row: Row) -> None:
        """Add or replace a row; it becomes the last changed one."""
        key = row[self.key]
        old = self.rows.get(key)
        if old is not None and old.get("Timestamp") != row.get("Timestamp"):
            del self.rows[key]  # so that it goes to the end; with an unchanged row version it stays in its place
        if old is None and self._sorted is not None:
            insort(self._sorted, key)
        for prop, index in self._indexes.items():
            if old is not None:
                index[old.get(prop)].discard(key)
            index.setdefault(row.get(prop), set()).add(key)
        self.rows[key] = row

    def unsort(self) -> None:
        """Leave the sorting to the next reading; for thousands of rows put at once."""
        self._sorted = None

    def remove(self, key: Key) -> Row | None:
        """Take a row out and return it."""
        row = self.rows.pop(key, None)
        if row is not None:
            if self._sorted is not None:
                del self._sorted[bisect_left(self._sorted, key)]
            for prop, index in self._indexes.items():
                index[row.get(prop)].discard(key)
        return row

    def lookup(self, prop: str, value: Any) -> set[Key]:
        """Return the keys of the rows whose `prop` equals `value`."""
        if prop == self.key:
            return {value} if value in self.rows else set()
        index = self._indexes.get(prop)
        if index is None:
            index = self._indexes[prop] = {}
            for key, row in self.rows.items():
                index.setdefault(row.get(prop), set()).add(key)
        return index.get(value, set())

    def where(self, prop: str, value: Any) -> list[Row]:
        """Return the rows whose `prop` equals `value`, in the order of their keys."""
        return [self.rows[key] for key in sorted(self.lookup(prop, value))]

    def sorted_keys(self) -> list[Key]:
        """Return all keys in order."""
        if self._sorted is None:
            self._sorted = sorted(self.rows)
        return self._sorted

    def keys_after(self, key: Key | None) -> Iterable[Key]:
        """Return the keys greater than `key`, in order; all of them for None."""
        keys = self.sorted_keys()
        return keys if key is None else keys[bisect_right(keys, key) :]

    def since(self, stamp: int) -> list[Row]:
        """Return the rows changed after row version `stamp`, oldest change first."""
        found: list[Row] = []
        for row in reversed(self.rows.values()):
            if row["Timestamp"] <= stamp:
                break
            found.append(row)
        found.reverse()
        return found
