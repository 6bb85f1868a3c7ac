"""The rights a user needs in Exact Online, and how Exact says whether they are there. Pure.

A missing right shows as an empty list with status 200 when reading, so nothing is ever concluded from emptiness;
the function UserHasRights is asked by resource and action. Source: vendor notes, rights and scopes; S-075.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from .values import text


@dataclass(frozen=True, slots=True)
class Right:
    """One right in the words of Exact's own screens, and the calls that need it."""

    code: str
    right: str
    needed_for: str
    checks: tuple[tuple[str, str], ...]  # resource, action
    optional: bool = False


RIGHTS: tuple[Right, ...] = (
    Right(
        "accounts",
        "manage accounts",
        "customers and suppliers",
        (("crm/Accounts", "GET"), ("crm/Accounts", "POST"), ("crm/Accounts", "PUT")),
    ),
    Right(
        "sales-entries",
        "enter, modify and delete sales entries",
        "invoices and credit notes",
        (("salesentry/SalesEntries", "GET"), ("salesentry/SalesEntries", "POST")),
    ),
    Right(
        "creditor-reports",
        "view creditor reports",
        "payment state of expenses",
        (("read/financial/PayablesList", "GET"),),
    ),
    Right(
        "debtor-reports",
        "view debtor reports",
        "payment state of invoices",
        (("read/financial/ReceivablesList", "GET"),),
    ),
    Right(
        "financial-master-data",
        "view financial master data",
        "journals, ledger accounts, VAT codes",
        (
            ("financial/Journals", "GET"),
            ("financial/GLAccounts", "GET"),
            ("vat/VATCodes", "GET"),
            ("cashflow/PaymentConditions", "GET"),
        ),
    ),
    Right(
        "purchase-entries",
        "enter, modify and delete purchase entries",
        "expenses",
        (("purchaseentry/PurchaseEntries", "GET"), ("purchaseentry/PurchaseEntries", "POST")),
        optional=True,
    ),
    Right(
        "documents",
        "manage documents",
        "files beside a booking",
        (("documents/Documents", "POST"),),
        optional=True,
    ),
)

# Resources that are read through another door, or share the right of a neighbour.
_SAME_RIGHT = {
    "sync/CRM/Accounts": "accounts",
    "bulk/CRM/Accounts": "accounts",
    "crm/Contacts": "accounts",
    "sync/CRM/Contacts": "accounts",
    "salesentry/SalesEntryLines": "sales-entries",
    "purchaseentry/PurchaseEntryLines": "purchase-entries",
    "bulk/Financial/GLAccounts": "financial-master-data",
    "financial/FinancialPeriods": "financial-master-data",
    "read/financial/JournalStatusList": "financial-master-data",
    "general/Currencies": "financial-master-data",
    "sync/Cashflow/PaymentTerms": "debtor-reports",
    "bulk/Cashflow/Receivables": "debtor-reports",
    "cashflow/Payments": "creditor-reports",
    "documents/DocumentAttachments": "documents",
}


def right_of(resource: str, action: str) -> Right | None:
    """The right that a refused call most likely lacked, None when we know of none."""
    code = _SAME_RIGHT.get(resource)
    for right in RIGHTS:
        if right.code == code or any(resource == checked for checked, _ in right.checks):
            return right
    return None


def first_boolean(value: Any) -> bool | None:
    """The first boolean anywhere in an answer, else the first text that says true or false, else None.

    UNSURE, marked here alone: the shape of UserHasRights is not documented. None proves nothing either way.
    """
    values = list(_walk(value))
    for found in values:
        if isinstance(found, bool):
            return found
    for found in values:
        if isinstance(found, str) and text(found).lower() in ("true", "false"):
            return text(found).lower() == "true"
    return None


def _walk(value: Any) -> Iterable[Any]:
    if isinstance(value, dict):
        for inner in value.values():
            yield from _walk(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from _walk(inner)
    else:
        yield value
