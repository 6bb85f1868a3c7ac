"""Payment terms: what is still to be received or paid of an entry, and what matching does to it.

Signs as seen live on receivables: the term's amount is negative while money is to come in, the transaction's
amount is positive for an invoice; payables mirror that. One row version sequence covers all tables.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from ..messages import BadControl
from ..store import Row
from .amounts import cents, due_date
from .kind import Kind
from .masterdata import first_of_type
from .transactions import drop_transaction, write_payment
from .world import Division, new_id

RECEIVABLE, PAYABLE = 20, 22
OPEN, MATCHED = 20, 50
OPEN_TERM = (20, 30, 40)


def make(division: Division, kind: Kind, entry: Row, condition: Sequence[Row]) -> None:
    """Write the terms of a new entry: one, or one per line of a condition with instalments."""
    shares = [part["Percentage"] or Decimal(1) for part in condition] if len(condition) > 1 else [Decimal(1)]
    left_fc, left_dc = entry["AmountFC"], entry["AmountDC"]
    for number, share in enumerate(shares):
        last = number == len(shares) - 1
        fc = left_fc if last else cents(entry["AmountFC"] * share)
        dc = left_dc if last else cents(entry["AmountDC"] * share)
        left_fc, left_dc = left_fc - fc, left_dc - dc
        due = entry["DueDate"]
        if len(shares) > 1:
            due = due_date(
                entry["EntryDate"], condition[number]["PaymentEndOfMonths"], condition[number]["PaymentDays"]
            )
        _put(division, kind, entry, new_id(), fc, dc, due)


def _put(division: Division, kind: Kind, entry: Row, key: str, fc: Decimal, dc: Decimal, due: str) -> None:
    party = division["accounts"].rows[entry[kind.party]]
    account = first_of_type(division, kind.journal_type)
    number = division.world.next_stamp()
    row: Row = {
        "ID": key,
        "_hid": number,
        "LineType": kind.term_type,
        "Status": OPEN,
        "IsFullyPaid": _fully_paid(division, kind.term_type, False),
        "Account": party["ID"],
        "AccountCode": party["Code"],
        "AccountName": party["Name"],
        "AccountCountry": party.get("Country"),
        "AmountFC": -kind.sign * fc,
        "AmountDC": -kind.sign * dc,
        "AmountDiscountFC": Decimal(0),
        "AmountDiscountDC": Decimal(0),
        "TransactionAmountFC": kind.sign * entry["AmountFC"],
        "TransactionAmountDC": kind.sign * entry["AmountDC"],
        "Currency": entry["Currency"],
        "RateFC": entry["Rate"],
        "Description": entry["Description"],
        "DueDate": due,
        "TransactionDueDate": entry["DueDate"],
        "EndDate": None,
        "LastPaymentDate": None,
        "EntryDate": entry["EntryDate"],
        "InvoiceDate": entry["EntryDate"],
        "EntryID": entry["EntryID"],
        "EntryNumber": entry["EntryNumber"],
        "InvoiceNumber": entry["InvoiceNumber"],
        "TransactionEntryID": entry["EntryID"],
        "TransactionID": entry["EntryID"],
        "TransactionType": entry["Type"],
        "TransactionStatus": entry["Status"],
        "TransactionReportingYear": entry["ReportingYear"],
        "TransactionReportingPeriod": entry["ReportingPeriod"],
        "TransactionIsReversal": entry["Reversal"],
        "GLAccount": account and account["ID"],
        "GLAccountCode": account and account["Code"],
        "GLAccountDescription": account and account["Description"],
        "Journal": entry["Journal"],
        "JournalDescription": entry["JournalDescription"],
        "YourRef": entry["YourRef"],
        "PaymentReference": entry["PaymentReference"],
        "PaymentCondition": entry["PaymentCondition"],
        "PaymentConditionDescription": entry["PaymentConditionDescription"],
        "PaymentMethod": entry["PaymentConditionPaymentMethod"] or "B",
        "PaymentDays": 0,
        "Document": entry["Document"],
        "IsBatchBooking": 0,
        "Source": 1,
        "ApprovalStatus": 1 if kind.term_type == 22 else None,
    }
    division.put("terms", row)


def _fully_paid(division: Division, line_type: int, value: bool) -> bool | None:
    if line_type == 22 and not division.world.settings["payables_is_fully_paid"]:
        return None
    return value


def of(division: Division, entry_id: str) -> list[Row]:
    """Return the terms of an entry, first due first."""
    return sorted(
        division["terms"].where("TransactionEntryID", entry_id), key=lambda row: (row["DueDate"], row["_hid"])
    )


def open_terms(division: Division, line_type: int) -> list[Row]:
    """Return the terms of one side that are not matched, oldest due date first."""
    terms = division["terms"]
    found = [terms.rows[key] for status in OPEN_TERM for key in terms.lookup("Status", status)]
    return sorted(
        (row for row in found if row["LineType"] == line_type),
        key=lambda row: (row["DueDate"], row["_hid"]),
    )


def open_amount(division: Division, entry_id: str) -> Decimal:
    """Return what is open of an entry in its currency, with the sign of the entry's total."""
    found = Decimal("0.00")
    for row in division["terms"].where("TransactionEntryID", entry_id):
        if row["Status"] in OPEN_TERM:
            found += -row["AmountFC"] if row["LineType"] == 20 else row["AmountFC"]
    return found


def is_matched(division: Division, entry_id: str) -> bool:
    """Whether any part of an entry was matched with a payment."""
    return any(row["Status"] == MATCHED for row in division["terms"].where("TransactionEntryID", entry_id))


def follow(division: Division, kind: Kind, entry: Row, amounts_changed: bool) -> None:
    """Bring the open terms of a changed entry up to date."""
    held = of(division, entry["EntryID"])
    open_rows = [row for row in held if row["Status"] in OPEN_TERM]
    if amounts_changed:
        for row in open_rows[1:]:
            division.remove("terms", row["ID"])
            division.note_deleted(10, row["ID"])
        key = open_rows[0]["ID"] if open_rows else new_id()
        _put(division, kind, entry, key, entry["AmountFC"], entry["AmountDC"], entry["DueDate"])
        return
    for row in held:
        values: dict[str, Any] = {
            name: entry[name]
            for name in ("YourRef", "PaymentReference", "Description", "Document", "PaymentCondition", "InvoiceNumber")
        }
        if row["Status"] in OPEN_TERM and len(open_rows) == 1:
            values["DueDate"] = entry["DueDate"]
        party = division["accounts"].rows[entry[kind.party]]
        values |= {
            "Account": party["ID"],
            "AccountCode": party["Code"],
            "AccountName": party["Name"],
            "TransactionDueDate": entry["DueDate"],
        }
        if any(row.get(name) != value for name, value in values.items()):
            division.change("terms", row["ID"], **values)


def pay(division: Division, entry_id: str, amount: Decimal | None, day: str) -> Decimal:
    """Match a payment with the terms of an entry and return what was matched (positive).

    `amount` in document currency, None: all that is open. A part splits the term: the matched piece becomes
    a row of its own with the same TransactionEntryID and the payment's EntryID.
    """
    rows = [row for row in of(division, entry_id) if row["Status"] in OPEN_TERM]
    available = sum((abs(row["AmountFC"]) for row in rows), Decimal("0.00"))
    wanted = available if amount is None else cents(amount)
    if wanted <= 0 or wanted > available:
        raise BadControl(f"Open is {available}; cannot pay {wanted}.", 409)
    left = wanted
    payment = new_id()
    moves = division.world.settings["timestamp_moves_on_match"]
    for row in rows:
        if left <= 0:
            break
        part = min(left, abs(row["AmountFC"]))
        done = {
            "Status": MATCHED,
            "EndDate": day,
            "EndYear": int(day[:4]),
            "EndPeriod": int(day[5:7]),
            "LastPaymentDate": day,
            "IsFullyPaid": _fully_paid(division, row["LineType"], True),
            "_payment": payment,
        }
        if part == abs(row["AmountFC"]):
            dc = row["AmountDC"]
            division.change("terms", row["ID"], stamp=moves, **done)
        else:
            fc = part.copy_sign(row["AmountFC"])
            dc = cents(row["AmountDC"] * fc / row["AmountFC"])
            division.change(
                "terms", row["ID"], stamp=moves, AmountFC=row["AmountFC"] - fc, AmountDC=row["AmountDC"] - dc
            )
            piece = {name: value for name, value in row.items() if name not in ("Timestamp", "Created", "Modified")}
            division.put(
                "terms",
                piece
                | done
                | {
                    "ID": new_id(),
                    "_hid": division.world.next_stamp(),
                    "EntryID": payment,
                    "AmountFC": fc,
                    "AmountDC": dc,
                },
            )
        write_payment(division, row, payment, day, part.copy_sign(row["AmountFC"]), dc)
        left -= part
    division.world.changed(division, "BankEntries", "Create", payment)
    return wanted


def unpay(division: Division, entry_id: str) -> int:
    """Open the matched terms of an entry again (the payment was withdrawn) and return how many."""
    count = 0
    for row in of(division, entry_id):
        if row["Status"] != MATCHED:
            continue
        if row.get("_payment"):
            drop_transaction(division, row["_payment"])
        division.change(
            "terms",
            row["ID"],
            Status=OPEN,
            EndDate=None,
            EndYear=None,
            EndPeriod=None,
            LastPaymentDate=None,
            IsFullyPaid=_fully_paid(division, row["LineType"], False),
            _payment=None,
        )
        count += 1
    return count


def set_status(division: Division, entry_id: str, status: int) -> int:
    """Give the open terms of an entry another open status (20 open, 30 selected, 40 processed)."""
    rows = [row for row in of(division, entry_id) if row["Status"] in OPEN_TERM]
    for row in rows:
        division.change("terms", row["ID"], Status=status)
    return len(rows)
