"""What stands behind each resource: a table of a division, part of one, or rows made at the moment of asking."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from ..store import Row, Table
from .auth import USERS, user_id
from .facts import kinds
from .terms import PAYABLE, RECEIVABLE, open_terms
from .world import AMSTERDAM, Division, World, derived_id, inside


@dataclass(slots=True)
class Source:
    """Rows of a resource: a table (with a fixed condition on one property) or a list in its own order."""

    table: Table | None = None
    only: tuple[str, Any] | None = None
    rows: list[Row] | None = None


View = Callable[[World, "Division | None", str], Source]


def _table(name: str, only: tuple[str, Any] | None = None) -> View:
    def view(world: World, division: Division | None, user: str) -> Source:
        return Source(table=inside(division)[name], only=only)

    return view


def _me(world: World, division: Division | None, user: str) -> Source:
    who = USERS[user]
    mine = allowed_divisions(world, user)
    current = next((one for one in mine if one.code == world.current.get(user)), None)
    if current is None:
        current = min(mine, key=lambda one: (not one.info["main"], one.info["site"], one.code), default=None)
    now = world.local_now()
    offset = AMSTERDAM.utcoffset(world.clock.now().astimezone(AMSTERDAM).replace(tzinfo=None))
    row: Row = {
        "UserID": user_id(user),
        "UserName": user,
        "FirstName": who.first,
        "LastName": who.last,
        "FullName": f"{who.first} {who.last}",
        "Email": who.email,
        "Language": "NL",
        "LanguageCode": "nl-NL" if world.settings["language"] == "nl" else "en-GB",
        "ServerTime": now,
        "ServerUtcOffset": Decimal(offset.seconds) / 3600 if offset else Decimal(0),
        "IsClientUser": False,
        "IsMyFirmPortalUser": False,
        "PackageCode": "SANDBOX",
    }
    if current is not None:
        row |= {
            "CurrentDivision": current.code,
            "AccountingDivision": current.code,
            "DivisionCustomer": derived_id("customer", current.info["site"]),
            "DivisionCustomerCode": "1".rjust(18),
            "DivisionCustomerName": current.info["name"],
            "DivisionCustomerVatNumber": current.info["vat_number"],
            "Legislation": 2 if current.info["country"] == "BE" else 1,
        }
    return Source(rows=[row])


def allowed_divisions(world: World, user: str) -> list[Division]:
    """Return the divisions this user may open, by code."""
    return [world.divisions[code] for code in sorted(world.divisions) if f"{user}/{code}" not in world.barred]


def _divisions(world: World, division: Division | None, user: str) -> Source:
    rows: list[Row] = []
    for one in allowed_divisions(world, user):
        info = one.info
        rows.append(
            {
                "Code": one.code,
                "Hid": info["hid"],
                "Description": info["name"],
                "Customer": derived_id("customer", info["site"]),
                "CustomerCode": "1".rjust(18),
                "CustomerName": f"Sandbox {info['country']}",
                "AddressLine1": info["street"],
                "Postcode": info["postcode"],
                "City": info["city"],
                "Country": info["country"],
                "Currency": info["currency"],
                "Legislation": "Belgium" if info["country"] == "BE" else "Netherlands",
                "VATNumber": info["vat_number"] or None,
                "ChamberOfCommerceNumber": info["enterprise_number"] or None,
                "Status": info["status"],
                "BlockingStatus": info["blocking_status"],
                "IsMainDivision": info["main"],
                "IsDossierDivision": False,
                "IsPracticeDivision": False,
                "Current": division is not None and one.code == division.code,
                "Created": "2019-01-01T09:00:00",
                "Modified": "2019-01-01T09:00:00",
                "ArchiveDate": "2024-01-31T00:00:00" if info["status"] == 2 else None,
                "DivisionMoveDate": info.get("moved"),
            }
        )
    return Source(rows=rows)


def _hrm_divisions(world: World, division: Division | None, user: str) -> Source:
    rows = []
    for row in _divisions(world, division, user).rows or []:
        here = world.divisions[row["Code"]].info
        if division is not None and here["site"] != division.info["site"]:
            continue  # this list holds one licence only
        rows.append({**row, "HID": row["Hid"], "Main": row["IsMainDivision"], "Status": 1 if row["Status"] == 2 else 0})
    return Source(rows=rows)


def _journal_status(world: World, division: Division | None, user: str) -> Source:
    here = inside(division)
    names = kinds()["journal_type"]
    rows = []
    for journal in sorted(here["journals"], key=lambda row: str(row["Code"])):
        for year in here.info["years"]:
            for period in range(1, 13):
                status = int(here.is_closed(journal["Code"], year, period))
                rows.append(
                    {
                        "Journal": journal["Code"],
                        "Year": year,
                        "Period": period,
                        "JournalDescription": journal["Description"],
                        "JournalType": journal["Type"],
                        "JournalTypeDescription": names.get(str(journal["Type"])),
                        "Status": status,
                        "StatusDescription": "Closed" if status else "Open",
                    }
                )
    return Source(rows=rows)


def _document_types(world: World, division: Division | None, user: str) -> Source:
    kinds_of_document = [
        (10, "Sales entry", True),
        (20, "Purchase entry", True),
        (55, "Miscellaneous", True),
        (140, "System generated report", False),
    ]
    return Source(
        rows=[
            {
                "ID": number,
                "Description": name,
                "DocumentIsCreatable": creatable,
                "DocumentIsDeletable": creatable,
                "DocumentIsUpdatable": creatable,
                "DocumentIsViewable": True,
                "TypeCategory": 1,
                "Created": "2019-01-01T09:00:00",
                "Modified": "2019-01-01T09:00:00",
            }
            for number, name, creatable in kinds_of_document
        ]
    )


def _open_list(line_type: int) -> View:
    def view(world: World, division: Division | None, user: str) -> Source:
        rows = []
        for term in open_terms(inside(division), line_type):
            row: Row = {
                "HID": term["_hid"],
                "Id": term["ID"],
                "AccountId": term["Account"],
                "AccountCode": term["AccountCode"],
                "AccountName": term["AccountName"],
                "Amount": -term["AmountFC"] if line_type == RECEIVABLE else term["AmountFC"],
                "AmountInTransit": Decimal(0),
                "CurrencyCode": term["Currency"],
                "Description": term["Description"],
                "DueDate": term["DueDate"],
                "EntryNumber": term["EntryNumber"],
                "InvoiceDate": term["InvoiceDate"],
                "InvoiceNumber": term["InvoiceNumber"],
                "JournalCode": term["Journal"],
                "JournalDescription": term["JournalDescription"],
                "YourRef": term["YourRef"],
            }
            if line_type == PAYABLE:
                row["ApprovalStatus"] = 1
            rows.append(row)
        return Source(rows=rows)

    return view


def _overview(world: World, division: Division | None, user: str) -> Source:
    today = world.today()
    totals: dict[str, Row] = {}
    for line_type, word in ((RECEIVABLE, "Receivable"), (PAYABLE, "Payable")):
        for term in open_terms(inside(division), line_type):
            row = totals.setdefault(term["Currency"], {"CurrencyCode": term["Currency"]})
            amount = -term["AmountFC"] if line_type == RECEIVABLE else term["AmountFC"]
            for state in ("Outstanding", "Overdue"):
                if state == "Overdue" and term["DueDate"] >= today:
                    continue
                sum_name, count_name = f"{state}{word}InvoiceAmount", f"{state}{word}InvoiceCount"
                row[sum_name] = row.get(sum_name, Decimal(0)) + amount
                row[count_name] = row.get(count_name, 0) + 1
    return Source(rows=[totals[code] for code in sorted(totals)])


def _features(world: World, division: Division | None, user: str) -> Source:
    names = {1: "General ledger", 2: "Accounts receivable", 3: "Accounts payable", 9: "Documents"}
    return Source(rows=[{"ID": number, "Description": name} for number, name in names.items()])


VIEWS: dict[str, View] = {
    "current/me": _me,
    "system/divisions": _divisions,
    "hrm/divisions": _hrm_divisions,
    "system/availablefeatures": _features,
    "crm/accounts": _table("accounts"),
    "bulk/crm/accounts": _table("accounts"),
    "sync/crm/accounts": _table("accounts"),
    "crm/contacts": _table("contacts"),
    "bulk/crm/contacts": _table("contacts"),
    "sync/crm/contacts": _table("contacts"),
    "crm/bankaccounts": _table("bankaccounts"),
    "sync/deleted": _table("gone"),
    "financial/journals": _table("journals"),
    "financial/glaccounts": _table("glaccounts"),
    "bulk/financial/glaccounts": _table("glaccounts"),
    "sync/financial/glaccounts": _table("glaccounts"),
    "vat/vatcodes": _table("vatcodes"),
    "vat/vatpercentages": _table("vatpercentages"),
    "cashflow/paymentconditions": _table("paymentconditions"),
    "financial/financialperiods": _table("periods"),
    "read/financial/journalstatuslist": _journal_status,
    "salesentry/salesentries": _table("salesentries"),
    "salesentry/salesentrylines": _table("saleslines"),
    "purchaseentry/purchaseentries": _table("purchaseentries"),
    "purchaseentry/purchaseentrylines": _table("purchaselines"),
    "documents/documents": _table("documents"),
    "documents/documentattachments": _table("attachments"),
    "documents/documenttypes": _document_types,
    "sync/cashflow/paymentterms": _table("terms"),
    "cashflow/receivables": _table("terms", ("LineType", RECEIVABLE)),
    "bulk/cashflow/receivables": _table("terms", ("LineType", RECEIVABLE)),
    "cashflow/payments": _table("terms", ("LineType", PAYABLE)),
    "bulk/cashflow/payments": _table("terms", ("LineType", PAYABLE)),
    "read/financial/receivableslist": _open_list(RECEIVABLE),
    "read/financial/payableslist": _open_list(PAYABLE),
    "read/financial/outstandinginvoicesoverview": _overview,
    "general/currencies": _table("currencies"),
    "financialtransaction/transactionlines": _table("translines"),
    "bulk/financial/transactionlines": _table("translines"),
    "sync/financial/transactionlines": _table("translines"),
    "webhooks/webhooksubscriptions": _table("webhooks"),
}

# navigation property: (resource of the rows, property there, property here)
NAVIGATION: dict[tuple[str, str], tuple[str, str, str]] = {
    ("salesentry/salesentries", "SalesEntryLines"): ("salesentry/salesentrylines", "EntryID", "EntryID"),
    ("purchaseentry/purchaseentries", "PurchaseEntryLines"): ("purchaseentry/purchaseentrylines", "EntryID", "EntryID"),
    ("crm/accounts", "BankAccounts"): ("crm/bankaccounts", "Account", "ID"),
    ("vat/vatcodes", "VATPercentages"): ("vat/vatpercentages", "VATCodeID", "ID"),
}
