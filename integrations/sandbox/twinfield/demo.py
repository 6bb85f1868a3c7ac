"""The demo books: what a Dutch bookkeeper sees after signing in at Twinfield."""

from __future__ import annotations

import calendar
import json
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from . import payments
from .ledger import book
from .world import Office, World, derived_id

DATA = Path(__file__).resolve().parent.parent / "data" / "twinfield.json"
BOOKS = frozenset({"twinfield"})
MONTHS = [
    "Januari",
    "Februari",
    "Maart",
    "April",
    "Mei",
    "Juni",
    "Juli",
    "Augustus",
    "September",
    "Oktober",
    "November",
    "December",
]
_MADE = "20250101090000"


def load(world: World, books: Sequence[str] | None) -> None:
    """Fill the world with the demo offices, unless only books of other vendors are wanted."""
    if books is not None and not BOOKS & set(books):
        return
    offices = json.loads(DATA.read_text(encoding="utf-8"))["offices"]
    tables = {one["code"]: one["tables"] for one in offices}
    for raw in offices:
        own = {
            name: tables[table["same_as"]][name] if "same_as" in table else table
            for name, table in raw["tables"].items()
        }
        info = {key: value for key, value in raw.items() if key not in ("tables", "closed")}
        _fill(world.add_office(raw["code"], info), own, set(raw["closed"]))


def _rows(table: dict[str, Any]) -> list[dict[str, Any]]:
    return [dict(zip(table["columns"], row, strict=True)) for row in table["rows"]]


def _fill(office: Office, tables: dict[str, dict[str, Any]], closed: set[str]) -> None:
    for year in office.info["years"]:
        _period(office, year, 0, "Beginbalans", f"{year}-01-01", f"{year}-01-01", special=True)
        for month, name in enumerate(MONTHS, 1):
            last = calendar.monthrange(year, month)[1]
            _period(office, year, month, name, f"{year}-{month:02d}-01", f"{year}-{month:02d}-{last}")
        _period(office, year, 55, "Jaareinde", f"{year}-12-31", f"{year}-12-31", special=True)
    for row in _rows(tables["daybooks"]):
        office.put("daybooks", row)
    for row in _rows(tables["vat_codes"]):
        office.put("vatcodes", row)
    for row in _rows(tables["ledger_accounts"]):
        add_dimension(
            office,
            row["dimension_type"],
            row["code"],
            row["name_nl"],
            active=row["active"],
            kind=row["kind"],
            cost_centre=row["cost_centre"],
        )
    for row in _rows(tables["cost_centres"]):
        add_dimension(office, "KPL", row["code"], row["name"])
    for row in _rows(tables["relations"]):
        add_relation(office, row)
    for row in _rows(tables["history"]):
        _history(office, row)
    for row in list(office["periods"]):
        if row["key"] in closed:
            office.change("periods", row["key"], open=False)


def _period(office: Office, year: int, number: int, name: str, start: str, end: str, special: bool = False) -> None:
    key = f"{year}/{number:02d}"
    row = {"key": key, "year": year, "number": number, "name": name, "start": start, "end": end}
    office.put("periods", {**row, "open": True, "special": special})


def add_dimension(office: Office, of: str, code: str, name: str, *, active: bool = True, **facts: Any) -> None:
    """Add a dimension with the fields that every type has."""
    row = {
        "key": f"{of}/{code}",
        "type": of,
        "code": code,
        "uid": derived_id(office.code, of, code),
        "name": name,
        "shortname": "",
        "status": "active" if active else "inactive",
        "modified": _MADE,
        "cost_centre": False,
        "kind": "",
    }
    office.put("dimensions", {**row, **facts})


def add_relation(office: Office, row: dict[str, Any]) -> None:
    """Add a customer or supplier from the short form of the demo books."""
    address = {
        "id": "1",
        "type": "invoice",
        "default": "true",
        "name": row["name"],
        "country": row["country"],
        "city": row["city"],
        "postcode": row["postcode"],
        "email": row.get("email", ""),
        "field1": row["name"],
        "field2": row["street"],
        "field4": row.get("vat_number", ""),
        "field5": row.get("enterprise_number", ""),
    }
    bank = {
        "id": "1",
        "default": "true",
        "ascription": row["name"][:40],
        "iban": row.get("iban", ""),
        "country": row["country"],
    }
    add_dimension(
        office,
        row["type"],
        row["code"],
        row["name"],
        active=row.get("active", True),
        shortname=row.get("shortname", ""),
        modified=row.get("modified", _MADE),
        website="",
        vatnumber=row.get("vat_number", ""),
        cocnumber=row.get("enterprise_number", ""),
        financials={
            "duedays": str(row.get("due_days", 30)),
            "ebilling": "true" if row.get("ebilling") else "false",
            "ebillmail": "",
        },
        addresses=[address],
        banks=[bank] if bank["iban"] else [],
    )


def _history(office: Office, row: dict[str, Any]) -> None:
    """Book what stood there before we came; a document without an open amount is paid."""
    lines = [(account, code, Decimal(net), Decimal(vat)) for account, code, net, vat in row["lines"]]
    made = book(
        office,
        daybook=row["daybook"],
        relation=row["relation"],
        day=row["date"],
        due=row["due_date"],
        reference=row["reference"],
        currency=row["currency"],
        credit=row["credit"],
        lines=lines,
        number=row["number"],
        location="final",
        moment=row["date"].replace("-", "") + "090000",
    )
    if Decimal(row["open"]) == 0:
        payments.pay(office, made["key"], None, row["due_date"])
