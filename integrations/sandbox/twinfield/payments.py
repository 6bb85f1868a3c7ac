"""Matching: a bank entry and what it settles."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from ..messages import BadControl
from ..store import Row
from .ledger import OTHER_SIDE, ZERO, replace_line, store, total_line
from .world import Office

BANK_ACCOUNT = "1100"


def pay(office: Office, key: str, amount: Decimal | None, day: str) -> Decimal:
    """Book a payment and match it with an entry; None pays what is open. Returns what was paid."""
    row = office["transactions"].rows[key]
    head = total_line(row)
    amount = head["open"] if amount is None else amount
    if amount <= ZERO or amount > head["open"]:
        raise BadControl(f"Open is {head['open']}; {amount} cannot be paid.", 409)
    period = office.period_at(date.fromisoformat(day))
    if period is None:
        raise BadControl(f"There is no period for {day}.", 409)
    bank = next(one["code"] for one in office["daybooks"] if one["type"] == "bank")
    side = OTHER_SIDE[head["debitcredit"]]
    # Booked on the period's day although it may be closed: the bank was there first.
    moment = office.world.moment()
    made = store(
        office,
        {
            "code": bank,
            "number": office.next_number(bank, period["year"]),
            "category": "bank",
            "location": "final",
            "date": day,
            "period": period["key"],
            "duedate": "",
            "invoicenumber": "",
            "paymentreference": "",
            "currency": row["currency"],
            "origin": "manual",
        },
        [
            {
                "id": 1,
                "type": "total",
                "dim1": BANK_ACCOUNT,
                "dim2": "",
                "value": amount,
                "debitcredit": OTHER_SIDE[side],
                "description": "",
            },
            {
                "id": 2,
                "type": "detail",
                "dim1": head["dim1"],
                "dim2": head["dim2"],
                "value": amount,
                "debitcredit": side,
                "description": row["invoicenumber"],
                "relation": head["relation"],
                "invoicenumber": row["invoicenumber"],
            },
        ],
        moment,
    )
    replace_line(office, made, 2, open=ZERO, matchstatus="matched", matchdate=day)
    left = head["open"] - amount
    match = {"code": bank, "number": made["number"], "value": amount, "date": day}
    _touch(
        office,
        row,
        head["id"],
        open=left,
        matchstatus="matched" if not left else "available",
        matchdate="" if left else day,
        matches=[*head["matches"], match],
    )
    return amount


def unpay(office: Office, key: str) -> Decimal:
    """Take all payments of an entry back. Returns what is open again."""
    row = office["transactions"].rows[key]
    head = total_line(row)
    for match in head["matches"]:
        office.remove("transactions", f"{match['code']}:{match['number']}")
    reopened: Decimal = head["value"] - head["open"]
    _touch(office, row, head["id"], open=head["value"], matchstatus="available", matchdate="", matches=[])
    return reopened


def propose(office: Office, key: str) -> None:
    """Put an entry into a payment or collection run; it is not settled by that."""
    row = office["transactions"].rows[key]
    _touch(office, row, total_line(row)["id"], matchstatus="proposed")


def _touch(office: Office, row: Row, line_id: int, **values: object) -> None:
    if office.world.settings["matching_moves_modified"]:
        values["modified"] = office.world.moment()
    replace_line(office, row, line_id, **values)
