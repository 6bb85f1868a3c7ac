"""The whole books of the divisions as plain JSON, for tests to compare and for the page to show."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from ..messages import BadControl
from ..store import Row
from . import terms
from .kind import KINDS, Kind
from .world import Division, World

_PARTS = ("parties", "entries", "vat", "terms", "documents", "totals")


def chosen(world: World, division: str) -> Iterable[Division]:
    """Return one division by its code (as text), or all of them."""
    if not division:
        return [world.divisions[code] for code in sorted(world.divisions)]
    found = world.divisions.get(int(division)) if division.isdigit() else None
    if found is None:
        raise BadControl(f"Unknown division {division}.", 404)
    return [found]


def dump(world: World, params: Mapping[str, str]) -> dict[str, Any]:
    """Return the books; `division` picks one, `parts` (a comma list of the names above) some."""
    parts = [part for part in params.get("parts", ",".join(_PARTS)).split(",") if part]
    if unknown := set(parts) - set(_PARTS):
        raise BadControl(f"Unknown parts: {', '.join(sorted(unknown))}.")
    makers = {
        "parties": _parties,
        "entries": entries,
        "vat": _vat,
        "terms": _terms,
        "documents": _documents,
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


def _day(value: str | None) -> str | None:
    return value[:10] if value else None


def _parties(division: Division) -> list[dict[str, Any]]:
    return [
        {
            "id": row["ID"],
            "code": row["Code"].strip(),
            "name": row["Name"],
            "status": row["Status"],
            "is_customer": row["Status"] == "C",
            "is_supplier": bool(row["IsSupplier"]),
            "blocked": bool(row.get("Blocked")),
            "vat_number": row.get("VATNumber"),
            "enterprise_number": row.get("ChamberOfCommerce"),
            "country": row.get("Country"),
            "street": row.get("AddressLine1"),
            "postcode": row.get("Postcode"),
            "city": row.get("City"),
            "email": row.get("Email"),
            "language": row.get("Language"),
            "bank_accounts": [bank["BankAccount"] for bank in division["bankaccounts"].where("Account", row["ID"])],
        }
        for row in sorted(division["accounts"], key=lambda row: str(row["Code"]))
    ]


def entry(division: Division, kind: Kind, row: Row) -> dict[str, Any]:
    """Return one entry with its lines; amounts are text in document currency unless the name ends in _dc."""
    party = division["accounts"].get(row[kind.party])
    return {
        "entry_id": row["EntryID"],
        "kind": kind.name,
        "type": row["Type"],
        "status": row["Status"],
        "reference": row["YourRef"],
        "description": row["Description"],
        "journal": row["Journal"],
        "number": row["EntryNumber"],
        "year": row["ReportingYear"],
        "period": row["ReportingPeriod"],
        "date": _day(row["EntryDate"]),
        "due_date": _day(row["DueDate"]),
        "payment_condition": row["PaymentCondition"],
        "payment_reference": row["PaymentReference"],
        "party": row[kind.party],
        "party_code": party["Code"].strip() if party else None,
        "party_name": row[f"{kind.party}Name"],
        "currency": row["Currency"],
        "rate": str(row["Rate"]),
        "net": str(row["AmountFC"] - row["VATAmountFC"]),
        "vat": str(row["VATAmountFC"]),
        "total": str(row["AmountFC"]),
        "total_dc": str(row["AmountDC"]),
        "open": str(terms.open_amount(division, row["EntryID"])),
        "document": row["Document"],
        "lines": [
            {
                "description": line["Description"],
                "account": line["GLAccountCode"],
                "vat_code": line["VATCode"],
                "net": str(line["AmountFC"]),
                "vat": str(line["VATAmountFC"]),
                "vat_charged": str(line["_charged"]),
                "cost_centre": line["CostCenter"],
            }
            for line in sorted(
                division[kind.lines].where("EntryID", row["EntryID"]), key=lambda line: int(line["LineNumber"])
            )
        ],
    }


def entries(division: Division) -> list[dict[str, Any]]:
    """Return all entries, sales first, in the order of journal, year and number."""
    found: list[dict[str, Any]] = []
    for kind in KINDS:
        rows = sorted(
            division[kind.entries], key=lambda row: (row["Journal"], row["ReportingYear"], row["EntryNumber"])
        )
        found.extend(entry(division, kind, row) for row in rows)
    return found


def _vat(division: Division) -> list[dict[str, Any]]:
    sums: dict[tuple[str, str], list[Decimal]] = {}
    for kind in KINDS:
        for line in division[kind.lines]:
            held = sums.setdefault(
                (kind.name, line["VATCode"] or ""), [Decimal("0.00"), Decimal("0.00"), Decimal("0.00")]
            )
            held[0] += line["AmountFC"]
            held[1] += line["VATAmountFC"]
            held[2] += line["_charged"]
    return [
        {"kind": name, "code": code, "net": str(net), "vat": str(tax), "charged": str(charged)}
        for (name, code), (net, tax, charged) in sorted(sums.items())
    ]


def _terms(division: Division) -> list[dict[str, Any]]:
    return [
        {
            "id": row["ID"],
            "entry_id": row["TransactionEntryID"],
            "reference": row["YourRef"],
            "line_type": row["LineType"],
            "amount": str(abs(row["AmountFC"])),
            "due_date": _day(row["DueDate"]),
            "status": row["Status"],
            "is_fully_paid": row["IsFullyPaid"],
            "paid_on": _day(row["LastPaymentDate"]),
            "timestamp": row["Timestamp"],
        }
        for row in sorted(division["terms"], key=lambda row: int(row["_hid"]))
    ]


def _documents(division: Division) -> list[dict[str, Any]]:
    return [
        {
            "id": row["ID"],
            "subject": row["Subject"],
            "type": row["Type"],
            "files": [
                {"name": one["FileName"], "bytes": int(one["FileSize"]), "sha256": _digest(one["Attachment"])}
                for one in division["attachments"].where("Document", row["ID"])
            ],
        }
        for row in sorted(division["documents"], key=lambda row: int(row["HID"]))
    ]


def _digest(encoded: str) -> str:
    return hashlib.sha256(base64.b64decode(encoded)).hexdigest()


def _totals(division: Division) -> dict[str, Any]:
    """Return sums in the division's currency; `balance` is the sum of all ledger lines and must be zero."""
    sums: dict[str, Any] = {"parties": len(division["accounts"])}
    for kind in KINDS:
        rows = list(division[kind.entries])
        sums[f"{kind.name}_count"] = len(rows)
        sums[f"{kind.name}_total"] = str(sum((row["AmountDC"] for row in rows), Decimal("0.00")))
    for name, line_type in (("receivable", terms.RECEIVABLE), ("payable", terms.PAYABLE)):
        open_rows = terms.open_terms(division, line_type)
        sign = -1 if line_type == terms.RECEIVABLE else 1
        sums[f"open_{name}"] = str(sum((sign * row["AmountDC"] for row in open_rows), Decimal("0.00")))
    sums["balance"] = str(sum((row["AmountDC"] for row in division["translines"]), Decimal("0.00")))
    return sums
