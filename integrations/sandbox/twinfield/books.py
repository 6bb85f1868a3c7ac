"""The whole books of the offices as plain JSON, for tests to compare and for the page to show."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from ..messages import BadControl
from ..store import Row
from .ledger import RELATION, ZERO, balance, signed
from .world import Office, World

_PARTS = ("parties", "entries", "vat", "terms", "documents", "totals")


def chosen(world: World, code: str) -> Iterable[Office]:
    """Return one office by its code, or all of them."""
    if not code:
        return [world.offices[one] for one in sorted(world.offices, reverse=True)]
    found = world.offices.get(code)
    if found is None:
        raise BadControl(f"Unknown office {code}.", 404)
    return [found]


def dump(world: World, params: Mapping[str, str]) -> dict[str, Any]:
    """Return the books; `division` picks one office, `parts` (a comma list of the names above) some."""
    parts = [part for part in params.get("parts", ",".join(_PARTS)).split(",") if part]
    if unknown := set(parts) - set(_PARTS):
        raise BadControl(f"Unknown parts: {', '.join(sorted(unknown))}.")
    makers = {
        "parties": _parties,
        "entries": entries,
        "vat": _vat,
        "terms": _terms,
        "documents": lambda office: [],
        "totals": _totals,
    }
    return {
        "divisions": [
            {
                "division": one.code,
                "name": one.info["name"],
                "currency": one.info["currency"],
                **{part: makers[part](one) for part in parts},
            }
            for one in chosen(world, params.get("division", ""))
        ]
    }


def _parties(office: Office) -> list[dict[str, Any]]:
    found = []
    for row in sorted(office["dimensions"], key=lambda row: str(row["key"])):
        if row["type"] not in ("DEB", "CRD"):
            continue
        address = row["addresses"][0] if row["addresses"] else {}
        found.append(
            {
                "id": row["key"],
                "code": row["code"],
                "name": row["name"],
                "status": row["status"],
                "is_customer": row["type"] == "DEB",
                "is_supplier": row["type"] == "CRD",
                "blocked": row["status"] != "active",
                "shortname": row["shortname"],
                "vat_number": row["vatnumber"] or address.get("field4", ""),
                "enterprise_number": row["cocnumber"] or address.get("field5", ""),
                "country": address.get("country", ""),
                "street": address.get("field2", ""),
                "postcode": address.get("postcode", ""),
                "city": address.get("city", ""),
                "email": address.get("email", ""),
                "website": row["website"],
                "addresses": len(row["addresses"]),
                "bank_accounts": [bank.get("iban", "") for bank in row["banks"]],
            }
        )
    return found


def _documents(office: Office) -> list[Row]:
    return sorted(
        (row for row in office["transactions"] if row["category"] in RELATION),
        key=lambda row: (row["category"] != "sales", row["code"], row["number"]),
    )


def entry(office: Office, row: Row) -> dict[str, Any]:
    """Return one entry with its lines; amounts are text in document currency, negative for credit notes."""
    head = row["lines"][0]
    normal = "debit" if row["category"] == "sales" else "credit"
    sign = 1 if head["debitcredit"] == normal else -1
    details = [line for line in row["lines"] if line["type"] == "detail"]
    taxes = [line for line in row["lines"] if line["type"] == "vat"]

    def inside(line: dict[str, Any]) -> Decimal:
        """Positive for what raises the debt of the relation (or ours)."""
        value = signed(line)
        return -value if normal == "debit" else value

    vat = sum((inside(line) for line in taxes), ZERO)
    party = office.dimension(head["relation"], head["dim2"])
    return {
        "entry_id": row["key"],
        "kind": row["category"],
        "type": "credit note" if sign < 0 else "invoice",
        "status": row["location"],
        "reference": row["invoicenumber"],
        "description": head["description"],
        "journal": row["code"],
        "number": row["number"],
        "year": int(row["period"][:4]),
        "period": int(row["period"][5:]),
        "date": row["date"],
        "due_date": row["duedate"],
        "payment_reference": row["paymentreference"],
        "party": f"{head['relation']}/{head['dim2']}",
        "party_code": head["dim2"],
        "party_name": party["name"] if party else "",
        "currency": row["currency"],
        "rate": str(office.rate(row["currency"])),
        "net": str(sum((inside(line) for line in details), ZERO)),
        "vat": str(vat),
        "total": str(sign * head["value"]),
        "total_dc": str(sign * head["basevalue"]),
        "open": str(sign * head["open"]),
        "document": None,
        "lines": [
            {
                "description": line["description"],
                "account": line["dim1"],
                "vat_code": line["vatcode"],
                "net": str(inside(line)),
                "vat": str(sum((inside(tax) for tax in taxes if tax["baseline"] == line["id"]), ZERO)),
                "cost_centre": line.get("dim2", ""),
            }
            for line in details
        ],
    }


def entries(office: Office) -> list[dict[str, Any]]:
    """Return all sales and purchase entries, sales first, in the order of day book and number."""
    return [entry(office, row) for row in _documents(office)]


def _vat(office: Office) -> list[dict[str, Any]]:
    sums: dict[tuple[str, str], list[Decimal]] = {}
    for one in entries(office):
        for line in one["lines"]:
            held = sums.setdefault((one["kind"], line["vat_code"]), [ZERO, ZERO])
            held[0] += Decimal(line["net"])
            held[1] += Decimal(line["vat"])
    return [
        {"kind": kind, "code": code, "net": str(net), "vat": str(vat)}
        for (kind, code), (net, vat) in sorted(sums.items())
    ]


def _terms(office: Office) -> list[dict[str, Any]]:
    return [
        {
            "entry_id": row["key"],
            "reference": row["invoicenumber"],
            "amount": str(row["lines"][0]["value"]),
            "open": str(row["lines"][0]["open"]),
            "due_date": row["duedate"],
            "status": row["lines"][0]["matchstatus"],
            "paid_on": row["lines"][0]["matchdate"] or None,
        }
        for row in _documents(office)
    ]


def _totals(office: Office) -> dict[str, Any]:
    """Return sums in the office's currency; `balance` is the sum of all lines and must be zero."""
    sums: dict[str, Any] = {"parties": sum(1 for row in office["dimensions"] if row["type"] in ("DEB", "CRD"))}
    documents = _documents(office)
    for kind, name in (("sales", "open_receivable"), ("purchase", "open_payable")):
        own = [row for row in documents if row["category"] == kind]
        shown = [entry(office, row) for row in own]
        sums[f"{kind}_count"] = len(own)
        sums[f"{kind}_total"] = str(sum((Decimal(one["total_dc"]) for one in shown), ZERO))
        sums[name] = str(
            sum((Decimal(one["open"]) * office.rate(one["currency"]) for one in shown), ZERO).quantize(Decimal("0.01"))
        )
    sums["balance"] = str(sum((balance(row["lines"]) for row in office["transactions"]), ZERO))
    return sums
