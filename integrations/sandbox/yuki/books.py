"""The whole books of the administrations as plain JSON, for tests to compare and for the page to show."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from ..messages import BadControl
from ..store import Row
from . import entries
from .world import Administration, World

_PARTS = ("parties", "entries", "vat", "terms", "documents", "totals")


def chosen(world: World, division: str) -> Iterable[Administration]:
    """Return one administration by its id, or all of them."""
    if not division:
        return list(world.administrations.values())
    found = world.administrations.get(division.lower())
    if found is None:
        raise BadControl(f"Unknown administration {division}.", 404)
    return [found]


def dump(world: World, params: Mapping[str, str]) -> dict[str, Any]:
    """Return the books; `division` picks one, `parts` (a comma list of the names above) some."""
    parts = [part for part in params.get("parts", ",".join(_PARTS)).split(",") if part]
    if unknown := set(parts) - set(_PARTS):
        raise BadControl(f"Unknown parts: {', '.join(sorted(unknown))}.")
    makers = {
        "parties": _parties,
        "entries": _entries,
        "vat": _vat,
        "terms": _terms,
        "documents": _documents,
        "totals": _totals,
    }
    return {
        "divisions": [
            {
                "division": one.key,
                "name": one.info["name"],
                "currency": one.info["currency"],
                **{part: makers[part](one) for part in parts},
            }
            for one in chosen(world, params.get("division", ""))
        ]
    }


def _parties(administration: Administration) -> list[dict[str, Any]]:
    return [
        {
            "id": row["ID"],
            "code": row["Code"],
            "name": row["Name"],
            "status": "C" if row["IsCustomer"] else "",
            "is_customer": row["IsCustomer"],
            "is_supplier": row["IsSupplier"],
            "blocked": not row["active"],
            "vat_number": row["VATNumber"] or None,
            "enterprise_number": row["CoCNumber"] or None,
            "country": row["Country"] or None,
            "street": row["AddressLine_1"] or None,
            "postcode": row["Postcode"] or None,
            "city": row["City"] or None,
            "email": row["EMailWork"] or None,
            "language": None,
            "bank_accounts": [row["IBAN"]] if row["IBAN"] else [],
        }
        for row in sorted(administration.domain["contacts"], key=lambda row: int(row["HID"]))
    ]


def vat_code(line: dict[str, Any]) -> str:
    """Return the VAT of a line as one word: type, percentage, and the country where it has one."""
    country = f":{line['vat_country']}" if line["vat_country"] else ""
    return f"{line['vat_type']}:{line['vat_percentage']}{country}"


def entry_id(row: Row) -> str:
    """Return what a booking is known by outside: the number of an invoice, else the id of the document."""
    return str((row["kind"] == "sales" and row["reference"]) or row["document"])


def entry(administration: Administration, row: Row) -> dict[str, Any]:
    """Return one booking with its lines; amounts are text, credits negative."""
    contact = administration.contact(row["contact"])
    return {
        "entry_id": entry_id(row),
        "kind": row["kind"],
        "type": entries.SALES_INVOICE if row["kind"] == "sales" else entries.PURCHASE_INVOICE,
        "status": "booked",
        "reference": row["reference"],
        "description": row["subject"],
        "journal": "",
        "number": row["reference"],
        "year": int(row["date"][:4]),
        "period": int(row["date"][5:7]),
        "date": row["date"],
        "due_date": row["due"],
        "payment_condition": row["payment_method"],
        "payment_reference": row["payment_id"] or None,
        "party": contact["ID"],
        "party_code": contact["Code"] or None,
        "party_name": contact["Name"],
        "currency": row["currency"],
        "rate": "1",
        "net": str(row["net"]),
        "vat": str(row["vat"]),
        "total": str(row["total"]),
        "total_dc": str(row["total"]),
        "open": str(entries.open_amount(row)),
        "document": row["document"],
        "lines": [
            {
                "description": line["description"],
                "remarks": line.get("remarks", ""),
                "account": line["account"],
                "vat_code": vat_code(line),
                "net": str(line["net"]),
                "vat": str(line["vat"]),
                "quantity": str(line.get("quantity", 1)),
            }
            for line in row["lines"]
        ],
    }


def _entries(administration: Administration) -> list[dict[str, Any]]:
    rows = sorted(administration["entries"], key=lambda row: (row["kind"] != "sales", row["number"]))
    return [entry(administration, row) for row in rows]


def _vat(administration: Administration) -> list[dict[str, Any]]:
    sums: dict[tuple[str, str], list[Decimal]] = {}
    for row in administration["entries"]:
        for line in row["lines"]:
            held = sums.setdefault((row["kind"], vat_code(line)), [Decimal("0.00"), Decimal("0.00")])
            held[0] += line["net"]
            held[1] += line["vat"]
    return [
        {"kind": kind, "code": code, "net": str(net), "vat": str(tax)}
        for (kind, code), (net, tax) in sorted(sums.items())
    ]


def _terms(administration: Administration) -> list[dict[str, Any]]:
    return [
        {
            "entry_id": entry_id(row),
            "reference": row["reference"],
            "amount": str(abs(row["total"])),
            "due_date": row["due"],
            "is_fully_paid": row["matched_on"] is not None,
            "paid_on": row["matched_on"],
        }
        for row in sorted(administration["entries"], key=lambda row: int(row["number"]))
    ]


def _content(row: Row, data: str) -> bytes:
    """A file's bytes: an invoice brings it as base64, an upload is kept in hexadecimal digits."""
    return base64.b64decode(data) if row["xml"] else bytes.fromhex(data)


def _documents(administration: Administration) -> list[dict[str, Any]]:
    found = []
    archive = administration.domain["archive"]
    for row in (archive.rows[key] for key in archive.sorted_keys()):
        if row["administration"] != administration.key:
            continue
        files = [(row["file_name"], row["data"]), *([row["attachment"]] if row["attachment"] else [])]
        found.append(
            {
                "id": row["ID"],
                "subject": row["subject"],
                "folder": row["folder"],
                "type": row["type"],
                "reference": row["reference"],
                "files": [
                    {"name": name, "bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
                    for name, data in files
                    for content in (_content(row, data),)
                ],
            }
        )
    return found


def _totals(administration: Administration) -> dict[str, Any]:
    """Return sums; `balance` is the sum of all ledger lines and must be zero."""
    sums: dict[str, Any] = {"parties": len(administration.domain["contacts"])}
    rows = list(administration["entries"])
    zero = Decimal("0.00")
    for kind in ("sales", "purchase"):
        mine = [row for row in rows if row["kind"] == kind]
        sums[f"{kind}_count"] = len(mine)
        sums[f"{kind}_total"] = str(sum((row["total"] for row in mine), zero))
        name = "receivable" if kind == "sales" else "payable"
        sums[f"open_{name}"] = str(sum((entries.open_amount(row) for row in mine), zero))
    lines = (line for row in rows for line in entries.transactions(administration, row))
    sums["balance"] = str(sum((line["amount"] for line in lines), zero))
    return sums
