"""Documents that already stand in the books: those of the demo, and seeded ones."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ..messages import BadControl
from ..store import Row
from . import balancing
from .bookings import key_of
from .values import ZERO
from .world import Dossier


def book_history(dossier: Dossier, document: dict[str, Any]) -> Row:
    """Book a document as it is: no rule is asked. Lines are [account, VAT code, base, VAT], positive in a credit note."""
    day = document["date"]
    year = next((one for one in dossier["bookyears"] if one["start"] <= day <= one["end"]), None)
    journal = dossier.journal(year["id"], document["journal"]) if year else None
    if year is None or journal is None:
        raise BadControl(f"No bookyear or journal for {day} in {document['journal']}.")
    number = int(document.get("number") or journal["last"] + 1)
    lines: list[Row] = [
        {
            "account": int(account),
            "code": code,
            "base": Decimal(base),
            "vat": Decimal(vat),
            "comment": None,
            "cost_centre": 0,
        }
        for account, code, base, vat in document["lines"]
    ]
    total = sum((line["base"] + line["vat"] for line in lines), ZERO)
    row = dossier.put(
        "bookings",
        {
            "key": key_of(year["id"], journal["code"], number),
            "bookyear": year["id"],
            "journal": journal["code"],
            "number": number,
            "relation": document["relation"],
            "period": next(one["key"] for one in year["periods"] if one["start"] <= day <= one["end"]),
            "date": day,
            "due": document.get("due_date") or day,
            "amount": -total if document.get("credit") else total,
            "currency": document.get("currency") or dossier.info["currency"],
            "rate": Decimal(str(document.get("rate") or 1)),
            "comment": document["reference"],
            "reference": document.get("payment_reference"),
            "order": None,
            "method": 1,
            "lines": lines,
        },
    )
    dossier.change("journals", journal["key"], last=max(journal["last"], number))
    left = document.get("open")
    paid = total - Decimal(str(left)) if left is not None else ZERO
    if paid:
        balancing.pay(dossier, row, paid, row["due"])
    return row
