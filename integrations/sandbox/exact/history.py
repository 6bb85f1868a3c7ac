"""Documents that already stand in the books: those of the demo, and seeded ones."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ..store import Row
from . import terms
from .amounts import due_date
from .entries import KEPT, PROCESSED, find_condition, put_totals, save, take_number
from .kind import PURCHASE, SALES
from .lines import KEPT_ON_LINES
from .world import Division, derived_id, new_id


def book_history(division: Division, document: dict[str, Any]) -> Row:
    """Book a document of the demo books or a seed as it is: no rule is asked, number and total are given."""
    kind = PURCHASE if document["kind"].startswith("purchase") else SALES
    journal = division.by_code("journals", document["journal"])[0]
    party = division["accounts"].rows[document["relation"]]
    day = f"{document['date']}T00:00:00"
    condition = find_condition(division, None, party, kind)
    number = int(document["number"]) if document.get("number") else None
    year = int(day[:4])
    entry: Row = dict.fromkeys(KEPT) | {
        "EntryID": document.get("external_id") or new_id(),
        "Journal": journal["Code"],
        "JournalDescription": journal["Description"],
        kind.party: party["ID"],
        f"{kind.party}Name": party["Name"],
        "EntryDate": day,
        "DueDate": f"{document['due_date']}T00:00:00" if document.get("due_date") else due_date(day, 0, 30),
        "YourRef": document["reference"],
        "Currency": document.get("currency") or division.info["currency"],
        "Rate": Decimal(str(document.get("rate") or 1)),
        "ReportingYear": year,
        "ReportingPeriod": int(day[5:7]),
        "Reversal": False,
        "Status": document.get("status", PROCESSED),
        "PaymentCondition": condition[0]["Code"] if condition else None,
        "PaymentConditionDescription": condition[0]["Description"] if condition else None,
        "PaymentConditionPaymentMethod": condition[0]["PaymentMethod"] if condition else None,
        "Document": None,
    }
    lines = []
    for place, (account, code, net, tax) in enumerate(document["lines"], start=1):
        ledger = division.by_code("glaccounts", account)[0]
        vat = division.by_code("vatcodes", code)[0] if code else None
        lines.append(
            dict.fromkeys(KEPT_ON_LINES)
            | {
                "ID": derived_id(entry["EntryID"], "line", place),
                "AmountFC": Decimal(net),
                "GLAccount": ledger["ID"],
                "GLAccountCode": ledger["Code"],
                "GLAccountDescription": ledger["Description"],
                "VATCode": vat and vat["Code"],
                "VATCodeDescription": vat and vat["Description"],
                "VATPercentage": vat and vat["Percentage"],
                "VATAmountFC": Decimal(tax),
                "VATBaseAmountFC": Decimal(net) if vat and vat["Type"] != "N" else Decimal("0.00"),
                "_charged": Decimal("0.00"),
            }
        )
    put_totals(division, kind, entry, lines)
    entry["EntryNumber"] = take_number(division, kind, journal["Code"], year, number)
    entry["InvoiceNumber"] = entry["EntryNumber"] if kind is SALES else None
    save(division, kind, entry, lines, [])
    paid = abs(entry["AmountFC"]) - abs(
        Decimal(str(document["open"] if document.get("open") is not None else entry["AmountFC"]))
    )
    if paid:
        terms.pay(division, entry["EntryID"], paid, entry["DueDate"])
    return entry
