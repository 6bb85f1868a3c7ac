"""The whole books of the dossiers as plain JSON, for tests to compare and for the page to show.

Amounts carry the sign of their effect, so those of a credit note are negative, whatever the wire says.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from ..messages import BadControl
from ..store import Row
from . import balancing
from .bookings import in_euros
from .values import ZERO
from .world import Dossier, World

_PARTS = ("parties", "entries", "vat", "terms", "documents", "totals")


def chosen(world: World, number: str) -> Iterable[Dossier]:
    """Return one dossier by its number (as text), or all of them."""
    if not number:
        return [world.dossiers[one] for one in sorted(world.dossiers)]
    found = world.dossiers.get(int(number)) if number.isdigit() else None
    if found is None:
        raise BadControl(f"Unknown dossier {number}.", 404)
    return [found]


def dump(world: World, params: Mapping[str, str]) -> dict[str, Any]:
    """Return the books; `division` picks one dossier, `parts` (a comma list of the names above) some."""
    parts = [part for part in params.get("parts", ",".join(_PARTS)).split(",") if part]
    if unknown := set(parts) - set(_PARTS):
        raise BadControl(f"Unknown parts: {', '.join(sorted(unknown))}.")
    makers = {
        "parties": _parties,
        "entries": entries,
        "vat": _vat,
        "terms": _matches,
        "documents": _files,
        "totals": _totals,
    }
    return {
        "divisions": [
            {
                "division": one.number,
                "name": one.info["name"],
                "currency": one.info["currency"],
                **{part: makers[part](one) for part in parts},
            }
            for one in chosen(world, params.get("division", ""))
        ]
    }


def _parties(dossier: Dossier) -> list[dict[str, Any]]:
    return [
        {
            "id": row["id"],
            "code": str(row["id"]),
            "external_id": row["external_id"],
            "name": row["name"],
            "is_customer": row["client"],
            "is_supplier": row["supplier"],
            "blocked": not row["active"],
            "vat_number": row["vatNr"],
            "vat_type": row["vatType"],
            "country": row["country"].strip(),
            "street": row.get("streetAndNr"),
            "postcode": row.get("postalCode"),
            "city": row.get("city"),
            "email": row.get("email"),
            "language": row["factLanguage"],
            "bank_accounts": [row["ibanAccountNr"]] if row.get("ibanAccountNr") else [],
        }
        for key in dossier["relations"].sorted_keys()
        for row in (dossier["relations"].rows[key],)
    ]


def entry(dossier: Dossier, row: Row) -> dict[str, Any]:
    """Return one booking with its lines; amounts are text in document currency unless the name ends in _dc."""
    party = dossier["relations"].get(row["relation"])
    sign = -1 if row["amount"] < 0 else 1
    net = sum((line["base"] for line in row["lines"]), ZERO)
    vat = sum((line["vat"] for line in row["lines"]), ZERO)
    return {
        "entry_id": row["key"],
        "kind": "sales" if row["journal"][0] == "V" else "purchase",
        "type": "credit note" if sign < 0 else "invoice",
        "reference": row["comment"],
        "description": row["comment"],
        "journal": row["journal"],
        "number": row["number"],
        "year": row["bookyear"],
        "period": row["period"],
        "date": row["date"],
        "due_date": row["due"],
        "payment_reference": row["reference"],
        "payment_method": row["method"],
        "party": row["relation"],
        "party_code": str(row["relation"]),
        "party_name": party["name"] if party else "",
        "currency": row["currency"],
        "rate": str(row["rate"]),
        "net": str(sign * net + 0),
        "vat": str(sign * vat + 0),
        "total": str(row["amount"]),
        "total_dc": str(in_euros(dossier, row, row["amount"])),
        "open": str(balancing.open_amount(dossier, row)),
        "files": [one["name"] for one in dossier["attachments"].where("booking", row["key"])],
        "lines": [
            {
                "description": line["comment"],
                "account": str(line["account"]),
                "vat_code": line["code"],
                "net": str(sign * line["base"] + 0),
                "vat": str(sign * line["vat"] + 0),
                "cost_centre": line["cost_centre"] or None,
            }
            for line in row["lines"]
        ],
    }


def _in_order(dossier: Dossier) -> list[Row]:
    """Bookings, sales first, in the order of journal, bookyear and number."""
    return sorted(
        dossier["bookings"],
        key=lambda row: (row["journal"][0] != "V", row["journal"], row["bookyear"], row["number"]),
    )


def entries(dossier: Dossier) -> list[dict[str, Any]]:
    """Return all bookings."""
    return [entry(dossier, row) for row in _in_order(dossier)]


def _vat(dossier: Dossier) -> list[dict[str, Any]]:
    sums: dict[tuple[str, str], list[Decimal]] = {}
    for row in dossier["bookings"]:
        sign = -1 if row["amount"] < 0 else 1
        kind = "sales" if row["journal"][0] == "V" else "purchase"
        for line in row["lines"]:
            held = sums.setdefault((kind, line["code"] or ""), [ZERO, ZERO])
            held[0] += sign * line["base"]
            held[1] += sign * line["vat"]
    return [
        {"kind": kind, "code": code, "net": str(net), "vat": str(vat)}
        for (kind, code), (net, vat) in sorted(sums.items())
    ]


def _matches(dossier: Dossier) -> list[dict[str, Any]]:
    return [
        {"debet": row["debet"], "credit": row["credit"], "amount": str(row["amount"]), "type": row["type"]}
        for key in dossier["balancings"].sorted_keys()
        for row in (dossier["balancings"].rows[key],)
    ]


def _files(dossier: Dossier) -> list[dict[str, Any]]:
    return [
        {"entry_id": row["booking"], "files": [{name: row[name] for name in ("name", "bytes", "sha256")}]}
        for key in dossier["attachments"].sorted_keys()
        for row in (dossier["attachments"].rows[key],)
    ]


def _totals(dossier: Dossier) -> dict[str, Any]:
    """Return sums in the dossier's currency."""
    sums: dict[str, Any] = {"parties": len(dossier["relations"])}
    for name, letter, owed in (("sales", "V", "receivable"), ("purchase", "A", "payable")):
        rows = [row for row in dossier["bookings"] if row["journal"][0] == letter]
        sums[f"{name}_count"] = len(rows)
        sums[f"{name}_total"] = str(sum((in_euros(dossier, row, row["amount"]) for row in rows), ZERO))
        left = (
            (-1 if row["amount"] < 0 else 1) * in_euros(dossier, row, balancing.open_amount(dossier, row))
            for row in rows
        )
        sums[f"open_{owed}"] = str(sum(left, ZERO))
    return sums
