"""Bookings: what stands in the books of an administration, what of it is open, and its transactions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from decimal import Decimal
from typing import Any

from ..messages import BadControl
from ..store import Row
from .facts import CLEARING_METHODS
from .world import Administration, derived_id, new_id

ZERO = Decimal("0.00")
SALES_INVOICE, PURCHASE_INVOICE, JOURNAL_ENTRY = 6, 2, 21
FOLDERS = {"sales": 2, "purchase": 1}


def make(
    administration: Administration,
    *,
    kind: str,
    reference: str,
    subject: str,
    day: str,
    due: str,
    contact: str,
    lines: Sequence[dict[str, Any]],
    document_id: str = "",
    payment_method: str = "ElectronicTransfer",
    payment_id: str = "",
    booked_at: float | None = None,
    file_name: str = "",
    file_data: str = "",
    xml: str = "",
) -> Row:
    """Book a document and file it in the archive; nothing is checked here. Totals are signed: credits negative."""
    world = administration.world
    document = document_id or new_id()
    entry = {
        "ID": derived_id("entry", document),
        "document": document,
        "kind": kind,
        "reference": reference,
        "subject": subject,
        "date": day,
        "due": due,
        "contact": contact,
        "currency": administration.info["currency"],
        "lines": list(lines),
        "net": sum((line["net"] for line in lines), ZERO),
        "vat": sum((line["vat"] for line in lines), ZERO),
        "payment_method": payment_method,
        "payment_id": payment_id,
        "payments": [],
        "matched_on": None,
        "booked_at": world.clock.time() if booked_at is None else booked_at,
        "number": len(administration["entries"]) + 1,
    }
    entry["total"] = entry["net"] + entry["vat"]
    administration.put("entries", entry)
    archive = administration.domain["archive"].rows
    if document not in archive:
        file_document(
            administration,
            document,
            folder=FOLDERS[kind],
            file_name=file_name or f"{reference.replace('/', '-') or document}.pdf",
            data=file_data,
            subject=subject,
            day=day,
            amount=entry["total"],
            contact=administration.contact(contact)["Name"],
            reference=reference,
            type_id=SALES_INVOICE if kind == "sales" else PURCHASE_INVOICE,
            xml=xml,
            created_at=entry["booked_at"],
        )
    return entry


def file_document(
    administration: Administration,
    document: str,
    *,
    folder: int,
    file_name: str,
    data: str = "",
    subject: str = "",
    day: str = "",
    amount: Decimal = ZERO,
    contact: str = "",
    reference: str = "",
    type_id: int = 0,
    xml: str = "",
    attachment: tuple[str, str] | None = None,
    created_at: float | None = None,
) -> Row:
    """Put a document into the archive of the domain."""
    world = administration.world
    return administration.domain.put(
        "archive",
        {
            "ID": document,
            "administration": administration.key,
            "folder": folder,
            "file_name": file_name,
            "data": data,
            "attachment": list(attachment) if attachment else None,
            "subject": subject or file_name,
            "date": day or world.today(),
            "amount": amount,
            "contact": contact,
            "reference": reference,
            "type": type_id,
            "xml": xml,
            "created": world.local_now().isoformat(),
            "modified": world.local_now().isoformat(),
            "booked_at": world.clock.time() if created_at is None else created_at,
        },
    )


def open_amount(entry: Row) -> Decimal:
    """What is still open, with the sign of the total; nothing for what went to a clearing account."""
    if entry["payment_method"] in CLEARING_METHODS:
        return ZERO
    paid = sum((one["amount"] for one in entry["payments"]), ZERO)
    found: Decimal = entry["total"] - paid
    return found


def pay(administration: Administration, entry: Row, amount: Decimal | None, day: str) -> Decimal:
    """Match a payment; the sign of `amount` follows the total. Nothing left open: matched on that day."""
    left = open_amount(entry)
    paid = left if amount is None else amount.copy_abs() * (1 if entry["total"] >= 0 else -1)
    if not paid or abs(paid) > abs(left):
        raise BadControl(f"{abs(left)} is open on {entry['reference']}.", 409)
    payments = [*entry["payments"], {"day": day, "amount": paid}]
    changed = administration.change("entries", entry["ID"], payments=payments)
    if open_amount(changed) == 0:
        administration.change("entries", entry["ID"], matched_on=day)
    return paid


def unpay(administration: Administration, entry: Row) -> None:
    """Take every payment back."""
    administration.change("entries", entry["ID"], payments=[], matched_on=None, hidden=False)


def remove(administration: Administration, entry: Row) -> None:
    """Delete a booking with its document, as a person at the tool would."""
    administration.remove("entries", entry["ID"])
    administration.domain.remove("archive", entry["document"])


def by_reference(administration: Administration, reference: str, kind: str = "sales") -> list[Row]:
    """Return the bookings of that number."""
    return [row for row in administration["entries"].where("reference", reference) if row["kind"] == kind and reference]


def open_entries(administration: Administration, kind: str) -> list[Row]:
    """Return what stands in the list of open items."""
    settings = administration.world.settings
    return [
        row
        for row in administration["entries"]
        if row["kind"] == kind
        and open_amount(row)
        and not row.get("hidden")
        and (settings["credit_outstanding"] or row["total"] > 0)
        and administration.world.is_due(row, "open_delay_seconds")
    ]


def transactions(administration: Administration, entry: Row) -> Iterator[dict[str, Any]]:
    """Yield the ledger lines of a booking and of its payments; debit positive, the sum is zero."""
    sign = 1 if entry["kind"] == "sales" else -1
    partner = administration.account_of("receivable" if sign == 1 else "payable")
    yield _line(entry, "partner", partner, sign * entry["total"], matched=entry["matched_on"])
    taxes: dict[tuple[int, str], Decimal] = defaultdict(lambda: ZERO)
    for place, line in enumerate(entry["lines"]):
        yield _line(entry, f"line-{place}", line["account"], -sign * line["net"], vat=line, part="base")
        taxes[line["vat_type"], line["vat_percentage"]] += line["vat"]
    for (kind, percentage), amount in taxes.items():
        if amount:
            code = {"vat_type": kind, "vat_percentage": percentage}
            yield _line(
                entry,
                f"vat-{kind}-{percentage}",
                administration.account_of("vat"),
                -sign * amount,
                vat=code,
                part="vat",
            )
    bank = administration.account_of("bank")
    for place, payment in enumerate(entry["payments"]):
        amount = sign * payment["amount"]
        for name, account, value in ((f"bank-{place}", bank, amount), (f"paid-{place}", partner, -amount)):
            line = _line(entry, name, account, value, matched=entry["matched_on"] if account == partner else None)
            yield {**line, "date": payment["day"], "own": False}


def _line(
    entry: Row,
    name: str,
    account: str,
    amount: Decimal,
    *,
    vat: dict[str, Any] | None = None,
    part: str = "",
    matched: str | None = None,
) -> dict[str, Any]:
    return {
        "id": derived_id(entry["ID"], name),
        "date": entry["date"],
        "account": account,
        "amount": amount,
        "vat": vat,
        "part": part,
        "matched": matched,
        "own": True,  # false: of a bank statement, and so of another document
        "entry": entry,
    }
