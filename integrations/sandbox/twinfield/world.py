"""Everything the Twinfield side remembers: offices with their tables, sign-ins, switches."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from ..clock import Clock
from ..store import Key, Row, Store, Table
from . import switches

VENDOR = "twinfield"
NAMESPACE = uuid.UUID("0c0b9b8e-51a7-5c58-9d25-8f1f6f1c7a44")
ORGANISATION = "DEMOORG"
CENT = Decimal("0.01")
# What one unit of a currency costs in euro, for the books' own amounts.
RATES = {"EUR": Decimal(1), "USD": Decimal("0.92"), "GBP": Decimal("1.15")}

TABLES = {
    "dimensions": "key",
    "daybooks": "code",
    "vatcodes": "code",
    "periods": "key",
    "transactions": "key",
    "counters": "key",
    "gone": "key",
}


def derived_id(*parts: object) -> str:
    """Return the same guid for the same parts, always."""
    return str(uuid.uuid5(NAMESPACE, "/".join(map(str, parts))))


def cents(value: Decimal) -> Decimal:
    """Return an amount rounded half up to cents."""
    return value.quantize(CENT, ROUND_HALF_UP)


class Office:
    """One set of books: facts about itself in `info` and its tables."""

    def __init__(self, code: str, info: dict[str, Any], world: World) -> None:
        self.code = code
        self.info = info
        self.world = world
        self.tables = {name: Table(key) for name, key in TABLES.items()}

    def __getitem__(self, table: str) -> Table:
        return self.tables[table]

    def put(self, table: str, row: Row) -> Row:
        """Keep a row."""
        self.tables[table].put(row)
        self.world.store.put(VENDOR, self.code, table, row[TABLES[table]], row)
        return row

    def change(self, table: str, key: Key, **values: Any) -> Row:
        """Replace some values of a row."""
        return self.put(table, {**self.tables[table].rows[key], **values})

    def remove(self, table: str, key: Key) -> Row | None:
        """Take a row out for good."""
        self.world.store.drop(VENDOR, self.code, table, key)
        return self.tables[table].remove(key)

    def dimension(self, kind: str, code: str) -> Row | None:
        """Return a dimension of a type."""
        return self.tables["dimensions"].get(f"{kind}/{code}")

    def account(self, code: str) -> Row | None:
        """Return a ledger account, of the balance sheet or of profit and loss."""
        return self.dimension("PNL", code) or self.dimension("BAS", code)

    def period_at(self, day: date) -> Row | None:
        """Return the ordinary period that a day lies in."""
        iso = day.isoformat()
        fits = [row for row in self.tables["periods"] if not row["special"] and row["start"] <= iso <= row["end"]]
        return fits[0] if fits else None

    def next_number(self, daybook: str, year: int) -> str:
        """Take the next number of a day book: the year and five digits."""
        key = f"{daybook}/{year}"
        row = self.tables["counters"].get(key)
        last = int(row["last"]) if row else 0
        self.put("counters", {"key": key, "last": last + 1})
        return f"{year}{last + 1:05d}"

    def rate(self, currency: str) -> Decimal:
        """Return what one unit of a currency costs in that of the office."""
        return RATES[currency] / RATES[self.info["currency"]]


class World:
    """The whole state. Changes go through `Office.put` and `keep`, so that they reach the file."""

    def __init__(self, clock: Clock, store: Store) -> None:
        self.clock = clock
        self.store = store
        self.empty()

    def empty(self) -> None:
        """Forget everything but the clock and the store."""
        self.offices: dict[str, Office] = {}
        self.settings = switches.defaults()
        self.signins: dict[str, dict[str, dict[str, Any]]] = {"code": {}, "access": {}, "refresh": {}}
        self.barred: dict[str, bool] = {}  # "user/office"

    def load(self) -> bool:
        """Read what the file holds. False: nothing there."""
        rows: list[tuple[str, str, Key, Any]] = list(self.store.load(VENDOR))
        for scope, table, _, row in rows:
            if table == "office":
                self.offices[scope] = Office(scope, row, self)
        for scope, table, key, row in rows:
            if table in TABLES:
                self.offices[scope][table].put(row)
            elif table in self.signins:
                self.signins[table][key] = row
            elif table == "settings":
                self.settings.update({name: value for name, value in row.items() if name in self.settings})
            elif table == "barred":
                self.barred[key] = row
        return bool(self.offices)

    def keep(self, table: str, key: str, value: Any) -> None:
        """Keep something that belongs to no office."""
        self.store.put(VENDOR, "", table, key, value)

    def drop(self, table: str, key: str) -> None:
        """Forget something that belongs to no office."""
        self.store.drop(VENDOR, "", table, key)

    def add_office(self, code: str, info: dict[str, Any]) -> Office:
        """Add a set of books."""
        office = self.offices[code] = Office(code, info, self)
        self.store.put(VENDOR, code, "office", "office", info)
        return office

    def sign_in(self, kind: str, key: str, row: dict[str, Any]) -> None:
        """Keep a code or token."""
        self.signins[kind][key] = row
        self.keep(kind, key, row)

    def sign_out(self, kind: str, key: str) -> None:
        """Forget a code or token."""
        self.signins[kind].pop(key, None)
        self.drop(kind, key)

    def moment(self) -> str:
        """Return the present moment as the service writes it."""
        return datetime.fromtimestamp(self.clock.time(), UTC).strftime("%Y%m%d%H%M%S")

    def today(self) -> str:
        """Return today's date, ISO."""
        return self.clock.today().isoformat()
