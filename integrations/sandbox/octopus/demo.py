"""The demo dossiers: what the accountant of two small firms sees when signing in."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

from . import history, masterdata
from .relations import DEFAULTS
from .world import Dossier, World

DATA = Path(__file__).resolve().parent.parent / "data"
BOOKS = {"octopus": "octopus.json"}
_LANGUAGES = {"nl": 0, "fr": 1, "en": 2, "de": 3}


def load(world: World, books: Sequence[str] | None) -> None:
    """Fill the world with the named demo books (None: all; names of other vendors are passed over)."""
    for name, file in BOOKS.items():
        if books is not None and name not in books:
            continue
        book = json.loads((DATA / file).read_text(encoding="utf-8"))
        tables = {one["id"]: one["tables"] for one in book["dossiers"]}
        for raw in book["dossiers"]:
            info = {key: value for key, value in raw.items() if key not in ("tables", "years")}
            dossier = world.add_dossier(raw["id"], info)
            own = {
                name: tables[table["same_as"]][name] if "same_as" in table else table
                for name, table in raw["tables"].items()
            }
            _fill(dossier, raw["years"], own)


def _rows(table: dict[str, Any]) -> list[dict[str, Any]]:
    return [dict(zip(table["columns"], row, strict=True)) for row in table["rows"]]


def _fill(dossier: Dossier, years: list[dict[str, Any]], tables: dict[str, dict[str, Any]]) -> None:
    for year in years:
        dossier.put(
            "bookyears",
            {
                "id": year["key"],
                "name": str(year["year"]),
                "start": year["start"],
                "end": year["end"],
                "closed": year["closed"],
                "periods": masterdata.periods(year, dossier.info["period_type"]),
            },
        )
        for row in _rows(tables["journals"]):
            dossier.put(
                "journals",
                {
                    "key": f"{year['key']}/{row['code']}",
                    "bookyear": year["key"],
                    "code": row["code"],
                    "name": row["name"],
                    "insertion": row["insertion_type"],
                    "closed": row["closed"],
                    "currency": row["currency"],
                    "protected": 0,
                    "closed_period": dossier.info["closed_period"].get(str(year["key"]), 0),
                    "last": 0,
                },
            )
    for row in _rows(tables.get("ledger_accounts", {"columns": [], "rows": []})):
        dossier.put("accounts", row)
    for row in _rows(tables.get("vat_codes", {"columns": [], "rows": []})):
        dossier.put("vatcodes", {**row, "percentage": Decimal(row["percentage"])})
    for row in _rows(tables["relations"]):
        _relation(dossier, row)
    for row in _rows(tables["documents"]):
        history.book_history(dossier, row)


def _relation(dossier: Dossier, row: dict[str, Any]) -> None:
    enterprise = row["enterprise_number"]
    dossier.put(
        "relations",
        {
            **DEFAULTS,
            "id": row["id"],
            "external_id": row["external_id"],
            "name": row["name"],
            "client": row["client"],
            "supplier": row["supplier"],
            "active": row["active"],
            "vatNr": row["vat_number"],
            "vatType": row["vat_type"],
            "participantId": f"0208:{enterprise}" if enterprise else None,
            "streetAndNr": row["street"],
            "postalCode": row["postcode"],
            "city": row["city"],
            "country": row["country"],
            "factLanguage": _LANGUAGES.get(row["language"], 0),
            "email": row["email"] or None,
            "ibanAccountNr": row["iban"],
            "currencyCode": "EUR",
            "expirationType": row["expiration_type"],
            "expirationDays": row["expiration_days"],
        },
    )
