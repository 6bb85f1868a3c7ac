"""Many relations and entries at once, the same ones every time."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ..messages import BadControl
from ..store import Row
from . import history
from .amounts import cents
from .kind import KINDS
from .masterdata import account_row, pad_code
from .relations import last_account_code
from .world import Division, derived_id

_WORDS = (
    "Amber",
    "Berken",
    "Cirkel",
    "Duin",
    "Eiken",
    "Fluit",
    "Gouden",
    "Haven",
    "Iris",
    "Jade",
    "Kers",
    "Linde",
    "Molen",
)
_TRADES = (
    "Bouw",
    "Transport",
    "Advies",
    "Techniek",
    "Handel",
    "Reclame",
    "Drukwerk",
    "Catering",
    "Zorg",
    "Tuinen",
    "Optiek",
)
_CITIES = (("9000", "Gent"), ("2000", "Antwerpen"), ("3000", "Leuven"), ("8000", "Brugge"), ("9300", "Aalst"))


def seed(division: Division, data: dict[str, Any]) -> dict[str, Any]:
    """Add `accounts` (a number, or a list of objects) and `entries` (likewise); see the package's docstring."""
    wanted = data.get("accounts") or 0
    made = (
        [_numbered(division, n) for n in range(wanted)]
        if isinstance(wanted, int)
        else [_given(division, one) for one in wanted]
    )
    if len(made) > 100:
        division["accounts"].unsort()
    last = last_account_code(division)
    for row in made:
        if row.get("Code") is None:
            last += 1
            row["Code"] = pad_code(last)
        last = max(last, int(row["Code"]))
        division.put("accounts", account_row(division, row))
    division.put("numbers", {"key": "accounts", "last": last}, stamp=False)
    documents = data.get("entries") or []
    if isinstance(documents, int):
        documents = _documents(division, documents)
    booked = [history.book_history(division, _complete(division, one)) for one in documents]
    return {
        "accounts": [row["ID"] for row in made] if len(made) <= 1000 else len(made),
        "entries": [row["EntryID"] for row in booked] if len(booked) <= 1000 else len(booked),
    }


def _belgian(n: int) -> str:
    base = 19_000_000 + 40_000 + n % 900_000
    return f"BE{base * 100 + (97 - base % 97):010d}"


def _numbered(division: Division, n: int) -> Row:
    """Return the n-th invented relation; every third one is a supplier too."""
    postcode, city = _CITIES[n % len(_CITIES)]
    name = f"{_WORDS[n % len(_WORDS)]} {_TRADES[n % len(_TRADES)]} {n:05d}"
    return {
        "ID": derived_id(division.code, "seeded", n),
        "Name": name,
        "Status": "C",
        "IsSupplier": n % 3 == 0,
        "VATNumber": _belgian(n),
        "ChamberOfCommerce": _belgian(n)[2:],
        "AddressLine1": f"Proefstraat {n % 300 + 1}",
        "Postcode": postcode,
        "City": city,
        "Country": "BE",
        "Language": "NL-BE",
        "Email": f"post{n:05d}@seeded.example",
        "PaymentConditionSales": "30",
    }


def _given(division: Division, one: dict[str, Any]) -> Row:
    """Return a relation from an object with the service's own property names."""
    row = dict(one)
    row["ID"] = str(
        row.get("ID") or derived_id(division.code, "given", row.get("Name"), row.get("Code"), len(division["accounts"]))
    ).lower()
    if row.get("Code") is not None:
        row["Code"] = pad_code(row["Code"])
    row.setdefault("Status", "C")
    return row


def _complete(division: Division, one: dict[str, Any]) -> dict[str, Any]:
    """Return a document as the ledger takes it: the relation may be an id, a code or a name."""
    document = {"kind": "invoice", "journal": "70", **one}
    document["date"] = str(document.get("date") or division.world.today()[:10])
    party = document.get("relation") or document.get("customer") or document.get("supplier")
    accounts = division["accounts"]
    keys = accounts.lookup("ID", party) or accounts.lookup("Code", pad_code(party)) or accounts.lookup("Name", party)
    if len(keys) != 1:
        raise BadControl(f"Relation {party!r} is not there, or more than once.", 404)
    document["relation"] = next(iter(keys))
    lines = []
    for line in document["lines"]:
        if isinstance(line, dict):
            line = [line["account"], line.get("vat_code"), line["net"], line.get("vat", "0.00")]
        account, code, net, tax = line
        lines.append([str(account), code, Decimal(str(net)), Decimal(str(tax))])
    document["lines"] = lines
    return document


def _documents(division: Division, count: int) -> list[dict[str, Any]]:
    """Return `count` invented sales invoices over the customers there are."""
    customers = [key for key in division["accounts"].sorted_keys() if division["accounts"].rows[key]["Status"] == "C"]
    account = min(division["glaccounts"].where("Type", 110), key=lambda row: str(row["Code"]), default=None)
    codes = [
        row
        for row in division["vatcodes"]
        if row["Type"] == "E" and row["VATTransactionType"] == "S" and not row["IsBlocked"]
    ]
    if not customers or account is None or not codes:
        raise BadControl("Entries need customers, revenue accounts and VAT codes.")
    vat = max(codes, key=lambda row: (row["Percentage"] == Decimal("0.21"), row["Percentage"]))
    start = sum(len(division[kind.entries]) for kind in KINDS)
    found = []
    for n in range(count):
        net = Decimal(1000 + 37 * (n % 900)) / 10
        tax = cents(net * vat["Percentage"])
        found.append(
            {
                "external_id": derived_id(division.code, "seeded-entry", start + n),
                "relation": customers[n % len(customers)],
                "date": f"2026-{2 + n % 9:02d}-{1 + n % 28:02d}",
                "reference": f"SEED{start + n:06d}",
                "lines": [[account["Code"], vat["Code"], net, tax]],
            }
        )
    return found
