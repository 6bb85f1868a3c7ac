"""The demo books: one Belgian and one Dutch domain, with history."""

from __future__ import annotations

import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from . import entries
from .facts import DATA
from .world import Administration, Domain, World

BOOKS = {"yuki-be": "yuki_be.json", "yuki-nl": "yuki_nl.json"}
LONG_AGO = "2024-04-10T15:50:52"


def load(world: World, books: Sequence[str] | None) -> None:
    """Fill the world with the named demo books (None: all; names of other vendors are passed over)."""
    for name, file in BOOKS.items():
        if books is not None and name not in books:
            continue
        book = json.loads((DATA / file).read_text(encoding="utf-8"))
        domain = world.add_domain(
            book["domain"]["external_id"],
            {
                "site": book["site"],
                "name": book["domain"]["name"],
                "folders": book["folders"],
                "custom_payment_methods": book["custom_payment_methods"],
            },
        )
        add_key(world, book["key"], domain.key)
        for row in rows(book["contacts"]):
            put_contact(domain, row)
        tables = {one["external_id"]: one["tables"] for one in book["administrations"]}
        for raw in book["administrations"]:
            info = {key: value for key, value in raw.items() if key not in ("tables", "external_id")}
            administration = world.add_administration(raw["external_id"], {**info, "domain": domain.key})
            _fill(
                administration,
                {
                    key: tables[value["same_as"]][key] if "same_as" in value else value
                    for key, value in raw["tables"].items()
                },
            )


def add_key(
    world: World,
    key: str,
    domain: str,
    administrations: Sequence[str] | None = None,
    services: Sequence[str] | None = None,
) -> None:
    """Add an access key to a domain, for all or some of its administrations and services."""
    row = {
        "domain": domain,
        "administrations": list(administrations) if administrations is not None else None,
        "services": list(services) if services is not None else None,
    }
    world.keys[key] = row
    world.keep("key", key, row)


def rows(table: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of a table as objects."""
    return [dict(zip(table["columns"], row, strict=True)) for row in table["rows"]]


def put_contact(domain: Domain, row: dict[str, Any]) -> None:
    """Add a contact in the neutral names of the demo books."""
    roles = row.get("roles", ["customer"])
    domain.put(
        "contacts",
        {
            "ID": row["id"],
            "Type": row.get("contact_type", "Company"),
            "HID": row["hid"],
            "Code": row.get("code", ""),
            "Name": row["name"],
            "FirstName": row.get("first_name", ""),
            "LastName": row.get("last_name", ""),
            "AddressLine_1": row.get("street", ""),
            "AddressLine_2": "",
            "Postcode": row.get("postcode", ""),
            "City": row.get("city", ""),
            "Country": row.get("country", ""),
            "PhoneHome": "",
            "EMailWork": row.get("email", ""),
            "Website": "",
            "VATNumber": row.get("vat_number", ""),
            "CoCNumber": row.get("enterprise_number", ""),
            "Created": row.get("created", LONG_AGO),
            "Modified": row.get("modified", LONG_AGO),
            "IsSupplier": "supplier" in roles,
            "IsCustomer": "customer" in roles,
            "IBAN": row.get("iban", ""),
            "Tags": "",
            "active": row.get("active", True),
        },
    )


def _fill(administration: Administration, tables: dict[str, dict[str, Any]]) -> None:
    for row in rows(tables["ledger_accounts"]):
        administration.put("accounts", row)
    for place, row in enumerate(rows(tables["vat_codes"])):
        row["key"] = f"{place:03d}"
        row["percentage"] = str(Decimal(row["percentage"]).quantize(Decimal("0.01")))
        administration.put("vatcodes", row)
    for row in rows(tables["documents"]):
        total, open_amount = Decimal(row["total"]), Decimal(row["open"])
        entry = entries.make(
            administration,
            kind="purchase" if row["kind"].startswith("purchase") else "sales",
            document_id=row["id"],
            reference=row["reference"],
            subject=row["reference"],
            day=row["date"],
            due=row["due_date"],
            contact=row["contact"],
            lines=[line_of(*one) for one in row["lines"]],
            booked_at=0.0,
        )
        if total != open_amount:
            entries.pay(administration, entry, total - open_amount, row["due_date"])


def line_of(account: str, vat_code: str, net: str, vat: str, description: str = "") -> dict[str, Any]:
    """Return a booked line; the VAT code is written type:percentage[:country]."""
    kind, percentage, *country = vat_code.split(":")
    return {
        "description": description,
        "account": account,
        "vat_type": int(kind),
        "vat_percentage": percentage,
        "vat_country": country[0] if country else "",
        "net": Decimal(net),
        "vat": Decimal(vat),
    }
