"""Ledger lines: every entry and payment as a balanced set of rows (debit positive)."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from ..store import Row
from .amounts import to_dc
from .kind import SALES, Kind
from .masterdata import first_of_type
from .world import Division, derived_id, new_id


def write_transaction(division: Division, kind: Kind, entry: Row, lines: Sequence[Row]) -> None:
    """Write the ledger lines of an entry anew: party, one per line, VAT per code. They sum to zero."""
    drop_transaction(division, entry["EntryID"], tell=False)
    party_account = first_of_type(division, kind.journal_type)
    sign = kind.sign
    rows: list[tuple[Row | None, Decimal, Decimal, Row | None, int]] = [
        (party_account, sign * entry["AmountFC"], sign * entry["AmountDC"], None, 0)
    ]
    taxes: dict[tuple[str, str], list[Decimal]] = {}
    for line in lines:
        account = division["glaccounts"].get(line["GLAccount"])
        rows.append((account, -sign * line["AmountFC"], -sign * line["AmountDC"], line, 1))
        if line["VATCode"] and (line["VATAmountFC"] or line["_charged"]):
            charged_dc = to_dc(division, line["_charged"], entry["Rate"])
            pay_side = kind is SALES
            parts = [
                (("GLToPay" if pay_side else "GLToClaim"), -sign * line["VATAmountFC"], -sign * line["VATAmountDC"])
            ]
            if line["_charged"]:
                parts = [("GLToClaim", line["_charged"], charged_dc), ("GLToPay", -line["_charged"], -charged_dc)]
            for side, fc, dc in parts:
                held = taxes.setdefault((line["VATCode"], side), [Decimal(0), Decimal(0)])
                held[0] += fc
                held[1] += dc
    for (code, side), (fc, dc) in taxes.items():
        vat = division.by_code("vatcodes", code)[0]
        rows.append(
            (
                division["glaccounts"].get(vat[side]) if vat[side] else None,
                fc,
                dc,
                {"VATCode": code, "VATCodeDescription": vat["Description"], "VATPercentage": vat["Percentage"]},
                5,
            )
        )
    for number, (ledger, fc, dc, source, line_type) in enumerate(rows):
        _transaction_line(division, kind, entry, number, ledger, fc, dc, source, line_type)


def _transaction_line(
    division: Division,
    kind: Kind,
    entry: Row,
    number: int,
    account: Row | None,
    fc: Decimal,
    dc: Decimal,
    line: Row | None,
    line_type: int,
) -> None:
    party = division["accounts"].get(entry[kind.party])
    row: Row = {
        "ID": derived_id(entry["EntryID"], "transaction", number),
        "EntryID": entry["EntryID"],
        "EntryNumber": entry["EntryNumber"],
        "LineNumber": number,
        "LineType": line_type,
        "Type": entry["Type"],
        "Status": entry["Status"],
        "Date": entry["EntryDate"],
        "DueDate": entry["DueDate"],
        "FinancialYear": entry["ReportingYear"],
        "FinancialPeriod": entry["ReportingPeriod"],
        "JournalCode": entry["Journal"],
        "JournalDescription": entry["JournalDescription"],
        "GLAccount": account and account["ID"],
        "GLAccountCode": account and account["Code"],
        "GLAccountDescription": account and account["Description"],
        "AmountFC": fc,
        "AmountDC": dc,
        "Currency": entry["Currency"],
        "ExchangeRate": entry["Rate"],
        "YourRef": entry["YourRef"],
        "InvoiceNumber": entry["InvoiceNumber"],
        "OrderNumber": entry["OrderNumber"],
        "PaymentReference": entry["PaymentReference"],
        "Description": (line or {}).get("Description") or entry["Description"],
        "Document": entry["Document"],
        "Account": entry[kind.party],
        "AccountCode": party and party["Code"],
        "AccountName": party and party["Name"],
        "VATCode": (line or {}).get("VATCode"),
        "VATCodeDescription": (line or {}).get("VATCodeDescription"),
        "VATPercentage": (line or {}).get("VATPercentage"),
        "AmountVATFC": (line or {}).get("VATAmountFC"),
        "AmountVATBaseFC": (line or {}).get("VATBaseAmountFC"),
        "CostCenter": (line or {}).get("CostCenter"),
        "Quantity": (line or {}).get("Quantity"),
    }
    division.put("translines", row)


def drop_transaction(division: Division, entry_id: str, tell: bool = True) -> None:
    """Take the ledger lines of an entry out; with `tell` they are listed as deleted."""
    for row in division["translines"].where("EntryID", entry_id):
        division.remove("translines", row["ID"])
        if tell:
            division.note_deleted(1, row["ID"])


def write_payment(division: Division, term: Row, payment: str, day: str, fc: Decimal, dc: Decimal) -> None:
    """Write the bank line and its counterpart on the party's account; the term's sign is that of the latter."""
    bank = min(division["journals"].where("Type", 12), key=lambda row: str(row["Code"]), default=None)
    if bank is None:
        return
    sides = (
        (bank["GLAccount"], bank["GLAccountCode"], bank["GLAccountDescription"], -fc, -dc),
        (term["GLAccount"], term["GLAccountCode"], term["GLAccountDescription"], fc, dc),
    )
    start = len(division["translines"].where("EntryID", payment))
    for number, (account, code, name, amount_fc, amount_dc) in enumerate(sides):
        division.put(
            "translines",
            {
                "ID": new_id(),
                "EntryID": payment,
                "LineNumber": start + number,
                "LineType": number,
                "Type": 40,
                "Status": 50,
                "Date": day,
                "FinancialYear": int(day[:4]),
                "FinancialPeriod": int(day[5:7]),
                "JournalCode": bank["Code"],
                "JournalDescription": bank["Description"],
                "GLAccount": account,
                "GLAccountCode": code,
                "GLAccountDescription": name,
                "AmountFC": amount_fc,
                "AmountDC": amount_dc,
                "Currency": term["Currency"],
                "ExchangeRate": term["RateFC"],
                "InvoiceNumber": term["InvoiceNumber"],
                "YourRef": term["YourRef"],
                "Account": term["Account"],
                "AccountCode": term["AccountCode"],
                "AccountName": term["AccountName"],
            },
        )
