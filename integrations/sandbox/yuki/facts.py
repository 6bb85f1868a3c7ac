"""The operations of the services and the order of elements as data: `data/yuki_facts.json`.

Source: facts of the vendor's published service descriptions (2024, with the additions of 2026).
"""

from __future__ import annotations

import functools
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DATA = Path(__file__).resolve().parent.parent / "data"
SERVICE_NS = "http://www.theyukicompany.com/"
SALES_NS = "urn:xmlns:http://www.theyukicompany.com:salesinvoices"
SALES_ANSWER_NS = "urn:xmlns:http://www.theyukicompany.com:salesinvoicesresponse"
CONTACT_NS = "urn:xmlns:http://www.theyukicompany.com:contact"
CONTACT_ANSWER_NS = "urn:xmlns:http://www.theyukicompany.com:contactResponse"
XSI_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"

# VAT types that a sales line may carry.
SALES_VAT_TYPES = frozenset({0, 1, 2, 4, 6, 7, 8, 17, 19, 20, 21, 40})
PAYMENT_METHODS = (
    "Unspecified",
    "ElectronicTransfer",
    "DirectCollection",
    "CreditCard",
    "DebitCard",
    "Cash",
    "iDeal",
    "Online",
    "ToSettle",
)
# They are booked to a clearing account and never stand among the open items.
CLEARING_METHODS = frozenset({"CreditCard", "DebitCard", "iDeal", "Online"})
DEFAULT_ACCOUNT = {"be": "700000", "nl": "80000"}
ENUMS = {
    "searchOption": (
        [
            "All",
            "Name",
            "City",
            "Postcode",
            "Tag",
            "Email",
            "Website",
            "Phone",
            "Code",
            "CoCNumber",
            "VATNumber",
            "BankAccount",
            "ID",
            "ContactType",
            "HID",
        ]
    ),
    "active": ["Both", "Active", "Inactive"],
    "contactType": ["Customer", "Supplier", "Both", "None"],
}
SORT_ORDERS = {
    "Contact": ["Name", "LastName", "CreatedAsc", "CreatedDesc", "ModifiedAsc", "ModifiedDesc", "HID"],
    "Accounting": ["ContactAsc", "ContactDesc", "AmountAsc", "AmountDesc", "DateAsc", "DateDesc"],
    "Archive": [
        "CreatedDesc",
        "CreatedAsc",
        "ModifiedDesc",
        "ModifiedAsc",
        "DocumentDateDesc",
        "DocumentDateAsc",
        "ContactNameAsc",
        "ContactNameDesc",
    ],
}


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str
    kind: str  # string, boolean, int, decimal, dateTime, enum, any-xml, base64Binary
    required: bool


@dataclass(frozen=True, slots=True)
class Operation:
    name: str
    parameters: tuple[Parameter, ...]
    result: str  # text, xml, array, empty


def _parameter(text: str) -> Parameter:
    name, _, kind = text.rstrip("!").partition(":")
    return Parameter(name, kind or "string", text.endswith("!"))


@functools.cache
def _raw() -> dict[str, Any]:
    raw: dict[str, Any] = json.loads((DATA / "yuki_facts.json").read_text(encoding="utf-8"))
    return raw


@functools.cache
def operations() -> dict[str, dict[str, Operation]]:
    """Return the operations of each service by name, the common ones included everywhere."""
    raw = _raw()
    return {
        service: {
            name: Operation(name, tuple(_parameter(text) for text in one["params"].split()), one["result"])
            for name, one in (raw["common"] | own).items()
        }
        for service, own in raw["services"].items()
    }


def sales_order() -> dict[str, list[str]]:
    """Return the order of elements inside each element of a sales document."""
    order: dict[str, list[str]] = _raw()["sales_order"]
    return order


def contact_order() -> list[str]:
    """Return the order of elements of a contact document."""
    order: list[str] = _raw()["contact_order"]
    return order
