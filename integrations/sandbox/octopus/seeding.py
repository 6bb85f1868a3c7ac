"""Many relations and bookings at once, the same ones every time."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from ..messages import BadControl
from ..store import Row
from . import history
from .bookings import SELL
from .relations import DEFAULTS
from .world import Dossier

_WORDS = ("Amber", "Berken", "Cirkel", "Duin", "Eiken", "Fluit", "Haven", "Iris", "Kers", "Linde", "Molen")
_TRADES = ("Bouw", "Transport", "Advies", "Techniek", "Handel", "Reclame", "Drukwerk", "Zorg", "Tuinen")
_CITIES = (("9000", "Gent"), ("2000", "Antwerpen"), ("3000", "Leuven"), ("8000", "Brugge"), ("9300", "Aalst"))


def seed(dossier: Dossier, data: dict[str, Any]) -> dict[str, Any]:
    """Add `relations` (a number, or a list of objects) and `entries` (likewise); see the package's docstring."""
    wanted = data.get("relations") or 0
    first = max(dossier["relations"].rows, default=0) + 1
    fields = [_numbered(n) for n in range(wanted)] if isinstance(wanted, int) else list(wanted)
    made = [
        dossier.put("relations", {**DEFAULTS, "currencyCode": "EUR", "external_id": 0, **one, "id": first + place})
        for place, one in enumerate(fields)
    ]
    documents = data.get("entries") or []
    if isinstance(documents, int):
        documents = _documents(dossier, documents)
    booked = [book(dossier, one) for one in documents]
    return {"relations": [row["id"] for row in made], "entries": [row["key"] for row in booked]}


def book(dossier: Dossier, one: dict[str, Any]) -> Row:
    """Book a document as it is; lines are objects or [account, code, net, vat], the relation a number or a name."""
    relation = one["relation"]
    if isinstance(relation, str):
        found = dossier["relations"].where("name", relation)
        if len(found) != 1:
            raise BadControl(f"Relation {relation!r} is not there, or more than once.", 404)
        relation = found[0]["id"]
    lines = [
        [line["account"], line["vat_code"], str(line["net"]), str(line["vat"])] if isinstance(line, dict) else line
        for line in one["lines"]
    ]
    return history.book_history(dossier, {"journal": "V1", **one, "relation": relation, "lines": lines})


def _belgian(n: int) -> str:
    base = 19_000_000 + 40_000 + n % 900_000
    digits = f"{base * 100 + (97 - base % 97):010d}"
    return f"BE{digits[:4]}.{digits[4:7]}.{digits[7:]}"


def _numbered(n: int) -> Row:
    """The n-th invented relation; every third one is a supplier too."""
    postcode, city = _CITIES[n % len(_CITIES)]
    return {
        "name": f"{_WORDS[n % len(_WORDS)]} {_TRADES[n % len(_TRADES)]} {n:05d}",
        "client": True,
        "supplier": n % 3 == 0,
        "vatNr": _belgian(n),
        "vatType": 1,
        "streetAndNr": f"Proefstraat {n % 300 + 1}",
        "postalCode": postcode,
        "city": city,
        "country": "BE",
        "email": f"post{n:05d}@seeded.example",
    }


def _documents(dossier: Dossier, count: int) -> list[dict[str, Any]]:
    """`count` invented sales invoices over the customers there are."""
    customers = [key for key in dossier["relations"].sorted_keys() if dossier["relations"].rows[key]["client"]]
    revenue = [key for key in dossier["accounts"].sorted_keys() if str(key).startswith("70")]
    code = max(
        (row for row in dossier["vatcodes"] if row["type"] == SELL), key=lambda row: row["code"] == "21", default=None
    )
    if not customers or not revenue or code is None:
        raise BadControl("Entries need customers, revenue accounts and VAT codes.")
    start = len(dossier["bookings"])
    found = []
    for n in range(count):
        net = Decimal(1000 + 37 * (n % 900)) / 10
        vat = (net * code["percentage"] / 100).quantize(Decimal("0.01"), ROUND_HALF_UP)
        found.append(
            {
                "relation": customers[n % len(customers)],
                "date": f"2026-{4 + n % 6:02d}-{1 + n % 28:02d}",
                "reference": f"SEED{start + n:06d}",
                "lines": [[revenue[0], code["code"], str(net), str(vat)]],
            }
        )
    return found
