"""Writing: what POST, PUT and DELETE do per resource."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit

from ..store import Row
from . import entries, relations
from .facts import Resource
from .kind import PURCHASE, SALES, Kind
from .masterdata import new_key, required
from .refusals import Business, Malformed
from .world import Division, new_id


@dataclass(frozen=True, slots=True)
class Writer:
    """What a resource does with a typed body; None: not offered."""

    create: Callable[[Division, Row], Row] | None = None
    update: Callable[[Division, Row, Row], Any] | None = None
    delete: Callable[[Division, Row], Any] | None = None


# catalogue


def _create_ledger_account(division: Division, values: Row) -> Row:
    required(values, Code="code", Description="description")
    if division.by_code("glaccounts", values["Code"]):
        raise Business("exists", "code")
    new_key(division, "glaccounts", values)
    values["Code"] = values["Code"].strip()
    made = {
        "Type": 90,
        "BalanceSide": "D",
        "BalanceType": "W",
        "IsBlocked": False,
        "UseCostcenter": 0,
        "UseCostunit": 0,
        **values,
    }
    return division.put("glaccounts", made)


def _update_plain(table: str) -> Callable[[Division, Row, Row], None]:
    def update(division: Division, row: Row, values: Row) -> None:
        division.put(table, {**row, **values})

    return update


def _create_condition(division: Division, values: Row) -> Row:
    # The same code may stand several times: instalments, each with its share.
    required(values, Code="code", Description="description")
    new_key(division, "paymentconditions", values)
    made = {
        "PaymentDays": 0,
        "PaymentEndOfMonths": 0,
        "PaymentMethod": "B",
        "Percentage": Decimal(1),
        "DiscountPercentage": Decimal(0),
    }
    return division.put("paymentconditions", {**made, **values, "Code": values["Code"].strip()})


# documents


def _create_document(division: Division, values: Row) -> Row:
    required(values, Subject="subject", Type="document_type")
    if values["Type"] not in (10, 20, 55):
        raise Business("invalid", "document_type")
    values["Account"] = division.reference("accounts", values.get("Account"), "account")
    new_key(division, "documents", values)
    made = {"HID": len(division["documents"]) + 1, "HasEmptyBody": not values.get("Body"), **values}
    row = division.put("documents", made)
    division.world.changed(division, "Documents", "Create", row["ID"])
    return row


def _delete_document(division: Division, row: Row) -> None:
    for attachment in division["attachments"].where("Document", row["ID"]):
        division.remove("attachments", attachment["ID"])
    division.remove("documents", row["ID"])
    division.note_deleted(6, row["ID"])
    division.world.changed(division, "Documents", "Delete", row["ID"])


def _create_attachment(division: Division, values: Row) -> Row:
    required(values, Document="document", FileName="file_name", Attachment="file")
    if division["documents"].get(values["Document"]) is None:
        raise Business("unknown", "document")
    values["ID"] = new_id()
    size = len(base64.b64decode(values["Attachment"]))
    url = f"/docs/SysAttachment.aspx?ID={values['ID']}&_Division_={division.code}"
    row = division.put("attachments", {**values, "FileSize": Decimal(size), "Url": url})
    division.world.changed(division, "DocumentAttachments", "Create", row["ID"])
    return row


def _delete_attachment(division: Division, row: Row) -> None:
    division.remove("attachments", row["ID"])
    division.note_deleted(4, row["ID"])


# entries


def _entry_writer(kind: Kind) -> Writer:
    return Writer(
        create=lambda division, values: entries.post(division, kind, values),
        update=lambda division, row, values: entries.change(division, kind, row, values),
        delete=lambda division, row: entries.remove(division, kind, row),
    )


def _line_writer(kind: Kind) -> Writer:
    def create(division: Division, values: Row) -> Row:
        entry = division[kind.entries].get(values.get("EntryID"))
        if entry is None:
            raise Business("mandatory" if not values.get("EntryID") else "unknown", "entry")
        return entries.add_line(division, kind, entry, values)

    def update(division: Division, row: Row, values: Row) -> None:
        entries.change_line(division, kind, row, values)

    return Writer(create, update, lambda division, row: entries.remove_line(division, kind, row))


# payment terms: three properties of a receivable or payable may be changed


def _update_term(division: Division, row: Row, values: Row) -> None:
    division.put("terms", {**row, **values})


# webhooks

TOPICS = frozenset(
    {
        *("Accounts", "Contacts", "BankAccounts", "Documents", "DocumentAttachments", "GLAccounts", "Items"),
        *("SalesEntries", "PurchaseEntries", "BankEntries", "CashEntries", "GeneralJournalEntries"),
        *("FinancialTransactions", "SalesInvoices", "SalesOrders", "PurchaseOrders", "Quotations"),
        *("GoodsDeliveries", "StockPositions", "Projects", "CostTransactions", "TimeTransactions"),
    }
)


def _create_webhook(division: Division, values: Row) -> Row:
    required(values, CallbackURL="callback", Topic="topic")
    if values["Topic"] not in TOPICS:
        raise Business("invalid", "topic")
    parts = urlsplit(values["CallbackURL"])
    # The real service wants https; the sandbox calls this machine only, where plain http is what there is.
    if parts.scheme not in ("http", "https") or parts.hostname not in ("127.0.0.1", "localhost", "::1"):
        raise Business("invalid", "callback")
    for other in division["webhooks"].where("Topic", values["Topic"]):
        if other["ClientID"] == values["ClientID"]:
            raise Business("exists", "topic")
    new_key(division, "webhooks", values)
    return division.put("webhooks", {**values, "_valid": None})


def _delete_webhook(division: Division, row: Row) -> None:
    division.remove("webhooks", row["ID"])


WRITERS: dict[str, Writer] = {
    "crm/accounts": Writer(relations.create_account, relations.update_account, relations.delete_account),
    "crm/contacts": Writer(relations.create_contact, relations.update_contact, relations.delete_contact),
    "crm/bankaccounts": Writer(
        relations.create_bank_account, relations.update_bank_account, relations.delete_bank_account
    ),
    "financial/glaccounts": Writer(_create_ledger_account, _update_plain("glaccounts")),
    "financial/journals": Writer(None, _update_plain("journals")),
    "vat/vatcodes": Writer(None, _update_plain("vatcodes")),
    "cashflow/paymentconditions": Writer(_create_condition),
    "documents/documents": Writer(_create_document, _update_plain("documents"), _delete_document),
    "documents/documentattachments": Writer(_create_attachment, None, _delete_attachment),
    "salesentry/salesentries": _entry_writer(SALES),
    "purchaseentry/purchaseentries": _entry_writer(PURCHASE),
    "salesentry/salesentrylines": _line_writer(SALES),
    "purchaseentry/purchaseentrylines": _line_writer(PURCHASE),
    "cashflow/receivables": Writer(None, _update_term),
    "cashflow/payments": Writer(None, _update_term),
    "webhooks/webhooksubscriptions": Writer(_create_webhook, None, _delete_webhook),
}


def not_offered(resource: Resource) -> Malformed:
    """Return the refusal for a method that the service has and the sandbox does not rehearse."""
    return Malformed(f"The sandbox does not rehearse this method on {resource.path}.")
