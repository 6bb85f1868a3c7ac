"""The ledger: sales and purchase entries with VAT, totals, numbers, terms and balanced transaction lines.

Amounts are Decimal with two decimals; FC is the document's currency, DC the division's.
"""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from ..store import Row
from . import terms
from .amounts import RATES, due_date, to_dc
from .kind import PURCHASE, SALES, Kind
from .lines import KEPT_ON_LINES, make_line
from .refusals import Business, Malformed
from .transactions import drop_transaction, write_transaction
from .world import Division, new_id

OPEN, PROCESSED = 20, 50
_TYPE_NAMES = {20: "Sales entry", 21: "Sales credit note", 30: "Purchase entry", 31: "Purchase credit note"}
# Properties of an entry that a caller sets and the ledger only keeps
KEPT = (
    "BatchNumber",
    "Description",
    "ExternalLinkReference",
    "InvoiceNumber",
    "OrderNumber",
    "PaymentReference",
    "ProcessNumber",
    "YourRef",
)


def post(division: Division, kind: Kind, values: Row) -> Row:
    """Book a new entry and return it. Raises Business (500) when a rule says no, Malformed (400) on a bad shape."""
    settings = division.world.settings
    entry: Row = {name: values.get(name) for name in KEPT}
    given = values.get("EntryID") if settings["entry_id_from_caller"] else None
    if given and division[kind.entries].get(given):
        raise Business("exists", "entry")
    entry["EntryID"] = given or new_id()
    journal = _journal(division, kind, values.get("Journal"))
    party = _party(division, kind, values.get(kind.party))
    raw_lines = values.get(kind.navigation)
    if not raw_lines:
        raise Business("mandatory", "lines")
    entry["EntryDate"] = values.get("EntryDate") or division.world.today()
    year, period = period_of(division, entry["EntryDate"], values.get("ReportingYear"), values.get("ReportingPeriod"))
    if division.is_closed(journal["Code"], year, period):
        raise Business("period_closed", f"{year} / {period:02d}")
    currency, rate = _currency(division, journal, values)
    condition = find_condition(division, values.get("PaymentCondition"), party, kind)
    document = division.reference("documents", values.get("Document"), "document")
    if settings["unique_reference"] and entry["YourRef"]:
        for other in division[kind.entries].where("YourRef", entry["YourRef"]):
            if other[kind.party] == party["ID"]:
                raise Business("exists", "entry")
    if settings["type_in_post"] == "flip" and values.get("Type") == kind.credit:
        raw_lines = [
            {**line, **{name: -line[name] for name in ("AmountFC", "VATAmountFC") if line.get(name) is not None}}
            for line in raw_lines
        ]
    lines = [make_line(division, kind, line) for line in raw_lines]
    entry |= {
        "Journal": journal["Code"],
        "JournalDescription": journal["Description"],
        kind.party: party["ID"],
        f"{kind.party}Name": party["Name"],
        "Currency": currency,
        "Rate": rate,
        "ReportingYear": year,
        "ReportingPeriod": period,
        "Reversal": bool(values.get("Reversal")),
        "Status": settings["entry_status"],
        "PaymentCondition": condition[0]["Code"] if condition else None,
        "PaymentConditionDescription": condition[0]["Description"] if condition else None,
        "PaymentConditionPaymentMethod": condition[0]["PaymentMethod"] if condition else None,
        "Document": document,
    }
    entry["DueDate"] = values.get("DueDate") or (
        due_date(entry["EntryDate"], condition[-1]["PaymentEndOfMonths"], condition[-1]["PaymentDays"])
        if condition
        else entry["EntryDate"]
    )
    put_totals(division, kind, entry, lines)
    expected = values.get("GAccountAmountFC")
    if expected is not None and expected != entry["AmountFC"]:
        raise Business("unbalanced", f"{currency} {abs(expected - entry['AmountFC'])}")
    entry["EntryNumber"] = take_number(division, kind, journal["Code"], year, values.get("EntryNumber"))
    if entry["InvoiceNumber"] is None and kind is SALES:
        entry["InvoiceNumber"] = entry["EntryNumber"]
    # With instalments an explicit due date counts for all of them alike.
    parts = condition if values.get("DueDate") is None else condition[:1]
    save(division, kind, entry, lines, parts)
    division.world.changed(division, kind.topic, "Create", entry["EntryID"])
    return division[kind.entries].rows[entry["EntryID"]]


def save(division: Division, kind: Kind, entry: Row, lines: list[Row], condition: Sequence[Row]) -> None:
    division.put(kind.entries, entry)
    for number, line in enumerate(lines, start=1):
        line.update(EntryID=entry["EntryID"], LineNumber=number, Type=entry["Type"])
        line["AmountDC"] = to_dc(division, line["AmountFC"], entry["Rate"])
        line["VATAmountDC"] = to_dc(division, line["VATAmountFC"], entry["Rate"])
        line["VATBaseAmountDC"] = to_dc(division, line["VATBaseAmountFC"], entry["Rate"])
        division.put(kind.lines, line)
    write_transaction(division, kind, entry, lines)
    terms.make(division, kind, entry, condition)


def _journal(division: Division, kind: Kind, code: Any) -> Row:
    if not code:
        raise Business("mandatory", "journal")
    found = division.by_code("journals", code)
    if not found:
        raise Business("unknown", "journal")
    journal = found[0]
    if journal["IsBlocked"]:
        raise Business("blocked", "journal")
    allowed = {kind.journal_type} | ({kind.return_type} if division.world.settings["return_journals"] else set())
    if journal["Type"] not in allowed:
        raise Business("journal_type", kind.name)
    return journal


def _party(division: Division, kind: Kind, key: Any) -> Row:
    field = kind.party.lower()
    if not key:
        raise Business("mandatory", field)
    party = division["accounts"].get(key)
    if party is None:
        raise Business("unknown", field)
    if party.get("Blocked"):
        raise Business("blocked", "account")
    if kind is SALES and party["Status"] != "C":
        raise Business("invalid", "invoice_to_type")
    if kind is PURCHASE and not party["IsSupplier"]:
        raise Business("invalid", "supplier_type")
    return party


def period_of(division: Division, day: str, year: int | None = None, period: int | None = None) -> tuple[int, int]:
    """Return (year, period) of a date, or the given ones when they exist."""
    if year is None or period is None:
        year, period = int(day[:4]), int(day[5:7])
    if year not in division.info["years"] or not 1 <= period <= 12:
        raise Business("period_unknown", f"{year} / {period:02d}")
    return year, period


def _currency(division: Division, journal: Row, values: Row) -> tuple[str, Decimal]:
    home = division.info["currency"]
    currency = str(values.get("Currency") or journal["Currency"] or home).strip()
    if division["currencies"].get(currency) is None:
        raise Business("invalid", "currency")
    if currency != journal["Currency"] and not journal["AllowVariableCurrency"]:
        raise Business("not_allowed", "currency")
    rate: Decimal | None = values.get("Rate")
    if rate is not None and rate <= 0:
        raise Business("invalid", "rate")
    if currency == home:
        return currency, Decimal(1)
    if rate is None:
        rate = RATES.get(currency)
        if rate is None:
            raise Business("mandatory", "rate")
        if division.world.settings["rate_direction"] == "divide":
            rate = (1 / rate).quantize(Decimal("0.000001"))
    return currency, rate


def find_condition(division: Division, code: Any, party: Row, kind: Kind) -> list[Row]:
    if code:
        found = division.by_code("paymentconditions", code)
        if not found:
            raise Business("unknown", "payment_condition")
        return found
    own = party.get("PaymentConditionSales" if kind is SALES else "PaymentConditionPurchase")
    return division.by_code("paymentconditions", own) if own else []


def put_totals(division: Division, kind: Kind, entry: Row, lines: Sequence[Row]) -> None:
    """Put the totals and the type they lead to on an entry."""
    net = sum((line["AmountFC"] for line in lines), Decimal("0.00"))
    tax = sum((line["VATAmountFC"] for line in lines), Decimal("0.00"))
    rate = entry["Rate"]
    tax_dc = sum((to_dc(division, line["VATAmountFC"], rate) for line in lines), Decimal("0.00"))
    net_dc = sum((to_dc(division, line["AmountFC"], rate) for line in lines), Decimal("0.00"))
    entry["AmountFC"] = entry["GAccountAmountFC"] = net + tax
    entry["VATAmountFC"] = tax
    # Sum of the parts, so that the transaction is balanced in the division's currency too.
    entry["AmountDC"] = net_dc + tax_dc
    entry["VATAmountDC"] = tax_dc
    entry["Type"] = kind.credit if net + tax < 0 else kind.normal
    entry["TypeDescription"] = _TYPE_NAMES[entry["Type"]]
    entry["StatusDescription"] = {OPEN: "Open", PROCESSED: "Processed"}[entry["Status"]]


def take_number(division: Division, kind: Kind, journal: str, year: int, given: int | None) -> int:
    """Return the entry number: the given one when it is free, else the next of journal and year."""
    place = f"{journal}/{year}"
    kept = division["numbers"].get(place)
    last = kept["last"] if kept else _first_number(journal, year) - 1
    if given is not None:
        taken = division[kind.entries].where("EntryNumber", given)
        if any(row["Journal"] == journal for row in taken):
            raise Business("exists", "entry_number")
        number = given
    else:
        number = last + 1
    division.put("numbers", {"key": place, "last": max(last, number)}, stamp=False)
    return number


def _first_number(journal: str, year: int) -> int:
    middle = journal if journal.isdigit() else "99"
    return int(f"{year % 100:02d}{int(middle):02d}0001")


def check_changeable(division: Division, kind: Kind, entry: Row) -> None:
    """Raise Business when an entry is processed, in a closed period, or matched with a payment."""
    if entry["Status"] == PROCESSED:
        raise Business("processed", "entry")
    year, period = entry["ReportingYear"], entry["ReportingPeriod"]
    if division.is_closed(entry["Journal"], year, period):
        raise Business("period_closed", f"{year} / {period:02d}")
    if terms.is_matched(division, entry["EntryID"]):
        raise Business("not_allowed", "entry")


def change(division: Division, kind: Kind, entry: Row, values: Row) -> Row:
    """Change the given properties of an entry. New lines are refused; lines with an ID are changed."""
    year, period = entry["ReportingYear"], entry["ReportingPeriod"]
    if entry["Status"] == PROCESSED:
        raise Business("processed", "entry")
    if division.is_closed(entry["Journal"], year, period):
        raise Business("period_closed", f"{year} / {period:02d}")
    new_lines: dict[str, Row] = {}
    for raw in values.pop(kind.navigation, None) or []:
        held = division[kind.lines].get(raw.get("ID"))
        if held is None or held["EntryID"] != entry["EntryID"]:
            raise Malformed(
                "Error processing request stream. Binding to new entities is not supported for an existing entry."
            )
        new_lines[held["ID"]] = raw
    changes = {name: values[name] for name in (*KEPT, "DueDate", "EntryDate", "Document") if name in values}
    if "Document" in changes:
        changes["Document"] = division.reference("documents", changes["Document"], "document")
    if "PaymentCondition" in values:
        condition = find_condition(division, values["PaymentCondition"], {}, kind)
        changes["PaymentCondition"] = condition[0]["Code"] if condition else None
        changes["PaymentConditionDescription"] = condition[0]["Description"] if condition else None
    if kind.party in values:
        check_changeable(division, kind, entry)
        party = _party(division, kind, values[kind.party])
        changes |= {kind.party: party["ID"], f"{kind.party}Name": party["Name"]}
    if "EntryDate" in changes:
        year, period = period_of(division, changes["EntryDate"])
        if division.is_closed(entry["Journal"], year, period):
            raise Business("period_closed", f"{year} / {period:02d}")
        changes |= {"ReportingYear": year, "ReportingPeriod": period}
    # Everything that may refuse stands above, so that a refusal changes nothing.
    changed_lines = [
        changed_line(division, kind, division[kind.lines].rows[key], raw) for key, raw in new_lines.items()
    ]
    division.change(kind.entries, entry["EntryID"], **changes)
    for line in changed_lines:
        division.put(kind.lines, line)
    rebook(division, kind, entry["EntryID"])
    division.world.changed(division, kind.topic, "Update", entry["EntryID"])
    return division[kind.entries].rows[entry["EntryID"]]


def changed_line(division: Division, kind: Kind, line: Row, raw: Row) -> Row:
    """Return a line with the given changes, its VAT computed anew unless given; nothing is stored yet."""
    check_changeable(division, kind, division[kind.entries].rows[line["EntryID"]])
    held = {name: line.get(name) for name in (*KEPT_ON_LINES, "AmountFC", "GLAccount", "VATCode")}
    return {**line, **make_line(division, kind, {**held, **raw, "ID": line["ID"]})}


def change_line(division: Division, kind: Kind, line: Row, raw: Row) -> None:
    """Change a line and compute its entry again."""
    division.put(kind.lines, changed_line(division, kind, line, raw))
    rebook(division, kind, line["EntryID"])


def rebook(division: Division, kind: Kind, entry_id: str) -> None:
    """Compute totals, transaction and unmatched terms of an entry again from its lines."""
    entry = dict(division[kind.entries].rows[entry_id])
    lines = sorted(division[kind.lines].where("EntryID", entry_id), key=lambda row: int(row["LineNumber"]))
    before = entry["AmountFC"]
    put_totals(division, kind, entry, lines)
    for number, line in enumerate(lines, start=1):
        division.change(
            kind.lines,
            line["ID"],
            LineNumber=number,
            Type=entry["Type"],
            AmountDC=to_dc(division, line["AmountFC"], entry["Rate"]),
            VATAmountDC=to_dc(division, line["VATAmountFC"], entry["Rate"]),
            VATBaseAmountDC=to_dc(division, line["VATBaseAmountFC"], entry["Rate"]),
        )
    division.put(kind.entries, entry)
    write_transaction(division, kind, entry, [division[kind.lines].rows[line["ID"]] for line in lines])
    terms.follow(division, kind, entry, amounts_changed=entry["AmountFC"] != before)


def add_line(division: Division, kind: Kind, entry: Row, raw: Row) -> Row:
    """Add a line to an existing entry."""
    check_changeable(division, kind, entry)
    line = make_line(division, kind, raw)
    number = len(division[kind.lines].where("EntryID", entry["EntryID"])) + 1
    division.put(kind.lines, {**line, "EntryID": entry["EntryID"], "LineNumber": number})
    rebook(division, kind, entry["EntryID"])
    return division[kind.lines].rows[line["ID"]]


def remove_line(division: Division, kind: Kind, line: Row) -> None:
    """Take a line out of an entry; the last one stays."""
    entry = division[kind.entries].rows[line["EntryID"]]
    check_changeable(division, kind, entry)
    if len(division[kind.lines].where("EntryID", entry["EntryID"])) == 1:
        raise Business("mandatory", "lines")
    division.remove(kind.lines, line["ID"])
    rebook(division, kind, entry["EntryID"])


def remove(division: Division, kind: Kind, entry: Row, force: bool = False) -> None:
    """Delete an entry with everything that hangs on it; `force` passes over the rules (control endpoint)."""
    if not force:
        check_changeable(division, kind, entry)
    for term in division["terms"].where("TransactionEntryID", entry["EntryID"]):
        division.remove("terms", term["ID"])
        division.note_deleted(10, term["ID"])
    drop_transaction(division, entry["EntryID"])
    for line in division[kind.lines].where("EntryID", entry["EntryID"]):
        division.remove(kind.lines, line["ID"])
    division.remove(kind.entries, entry["EntryID"])
    division.world.changed(division, kind.topic, "Delete", entry["EntryID"])
