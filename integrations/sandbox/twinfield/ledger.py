"""Entries as the tool keeps them: a total line for the relation, detail lines, VAT lines; all amounts positive."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from decimal import Decimal
from typing import Any

from ..store import Row
from .world import Office, cents

ZERO = Decimal("0.00")
OTHER_SIDE = {"debit": "credit", "credit": "debit"}
RELATION = {"sales": "DEB", "purchase": "CRD"}
Line = dict[str, Any]


def signed(line: Line) -> Decimal:
    """Return the value of a line, debit positive."""
    value: Decimal = line["value"]
    return value if line["debitcredit"] == "debit" else -value


def balance(lines: Iterable[Line]) -> Decimal:
    """Return what the lines sum to; zero in a good entry."""
    return sum((signed(line) for line in lines), ZERO)


def percentage(vat: Row, day: str) -> Decimal:
    """Return the percentage of a VAT code on a date."""
    found = Decimal(0)
    for since, rate in vat["percentages"]:
        if since <= day:
            found = Decimal(rate)
    return found


def vat_lines(vat: Row, base: Line, amount: Decimal, number: int) -> list[Line]:
    """Return the VAT lines of a detail line: one, or two that cancel out where the buyer owes the VAT himself."""
    if not vat["percentages"] or (not amount and not vat["reverse"] and not vat["account"]):
        return []
    line = {
        "id": number,
        "type": "vat",
        "dim1": vat["account"],
        "dim2": "",
        "value": amount,
        "debitcredit": base["debitcredit"],
        "description": "",
        "vatcode": vat["code"],
        "vatturnover": base["value"],
        "baseline": base["id"],
    }
    if not vat["reverse"]:
        return [line]
    return [line, {**line, "id": number + 1, "debitcredit": OTHER_SIDE[base["debitcredit"]]}]


def with_matching(office: Office, lines: Sequence[Line], moment: str) -> list[Line]:
    """Return the lines with what they look like before anything is matched."""
    found = []
    for line in lines:
        relation = line.get("relation", "")
        found.append(
            {
                **line,
                "relation": relation,
                "open": line["value"] if relation else ZERO,
                "matchstatus": "available" if relation else "notmatchable",
                "matchdate": "",
                "modified": moment,
                "matches": [],
            }
        )
    return found


def store(office: Office, row: Row, lines: Sequence[Line], moment: str) -> Row:
    """Keep a new entry under its number."""
    rate = office.rate(row["currency"])
    kept = [{**line, "basevalue": cents(line["value"] * rate)} for line in with_matching(office, lines, moment)]
    full = {
        **row,
        "key": f"{row['code']}:{row['number']}",
        "input": moment,
        "modified": moment,
        "lines": kept,
    }
    return office.put("transactions", full)


def book(
    office: Office,
    *,
    daybook: str,
    relation: str,
    day: str,
    due: str,
    reference: str,
    currency: str,
    credit: bool,
    lines: Sequence[tuple[str, str, Decimal, Decimal]],
    number: str = "",
    location: str = "temporary",
    moment: str = "",
) -> Row:
    """Book a document as a person at the tool would: account, VAT code, net and VAT per line."""
    category = office["daybooks"].rows[daybook]["type"]
    kind = RELATION[category]
    debit_total = (category == "sales") != credit
    side, detail_side = ("debit", "credit") if debit_total else ("credit", "debit")
    period = office.period_at(date.fromisoformat(day))
    if period is None:
        raise ValueError(f"no period for {day}")
    details: list[Line] = []
    taxes: list[Line] = []
    for place, (account, code, net, tax) in enumerate(lines, 2):
        turned = net < 0
        base: Line = {
            "id": place,
            "type": "detail",
            "dim1": account,
            "dim2": "",
            "value": abs(net),
            "debitcredit": OTHER_SIDE[detail_side] if turned else detail_side,
            "description": "",
            "vatcode": code,
            "vatvalue": abs(tax),
        }
        details.append(base)
        vat = office["vatcodes"].get(code)
        if vat is not None:
            taxes += vat_lines(vat, base, abs(tax), len(lines) + 2 + len(taxes))
    total = abs(balance([*details, *taxes]))
    head: Line = {
        "id": 1,
        "type": "total",
        "dim1": office.info["control_accounts"][kind],
        "dim2": relation,
        "value": total,
        "debitcredit": side,
        "description": reference,
        "relation": kind,
    }
    number = number or office.next_number(daybook, period["year"])
    counter = f"{daybook}/{period['year']}"
    last = office["counters"].get(counter)
    office.put("counters", {"key": counter, "last": max(int(number[4:]), int(last["last"]) if last else 0)})
    row = {
        "code": daybook,
        "number": number,
        "category": category,
        "location": location,
        "date": day,
        "period": period["key"],
        "duedate": due,
        "invoicenumber": reference,
        "paymentreference": "",
        "currency": currency,
        "origin": "manual",
    }
    return store(office, row, [head, *details, *taxes], moment or office.world.moment())


def total_line(row: Row) -> Line:
    """Return the relation's line of a sales or purchase entry."""
    line: Line = row["lines"][0]
    return line


def replace_line(office: Office, row: Row, line_id: int, **values: Any) -> Row:
    """Keep an entry with some values of one line replaced."""
    lines = [{**line, **values} if line["id"] == line_id else line for line in row["lines"]]
    return office.change("transactions", row["key"], lines=lines)
