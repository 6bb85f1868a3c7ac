"""Writing relations: accounts, contacts, bank accounts."""

from __future__ import annotations

import re

from ..store import Row
from .kind import PURCHASE, SALES
from .masterdata import account_row, new_key, pad_code, required
from .refusals import Business
from .vatnumber import plausible
from .world import Division

_ACCOUNT_REFERENCES = {
    "GLAccountSales": ("glaccounts", "gl_account"),
    "GLAccountPurchase": ("glaccounts", "gl_account"),
    "GLAR": ("glaccounts", "gl_account"),
    "GLAP": ("glaccounts", "gl_account"),
    "MainContact": ("contacts", "contact_name"),
    "InvoiceAccount": ("accounts", "account"),
    "Parent": ("accounts", "account"),
}
_ACCOUNT_CODES = {
    "PaymentConditionSales": ("paymentconditions", "payment_condition"),
    "PaymentConditionPurchase": ("paymentconditions", "payment_condition"),
    "SalesVATCode": ("vatcodes", "vat_code"),
    "PurchaseVATCode": ("vatcodes", "vat_code"),
    "SalesCurrency": ("currencies", "currency"),
    "PurchaseCurrency": ("currencies", "currency"),
}


def _check_account(division: Division, values: Row, country: str | None) -> None:
    for name, (table, field) in _ACCOUNT_REFERENCES.items():
        if values.get(name):
            values[name] = division.reference(table, values[name], field)
    for name, (table, field) in _ACCOUNT_CODES.items():
        if values.get(name) and not division.by_code(table, values[name]):
            raise Business("unknown", field)
    if values.get("Status") not in (None, "A", "S", "P", "C"):
        raise Business("invalid", "status")
    if values.get("Country"):
        values["Country"] = values["Country"].strip()
        if not re.fullmatch(r"[A-Z]{2}", values["Country"]):
            raise Business("invalid", "Land" if division.world.settings["language"] == "nl" else "Country")
        country = values["Country"]
    number = values.get("VATNumber")
    if (
        number
        and division.world.settings["check_vat_numbers"]
        and not plausible(number, country or division.info["country"])
    ):
        raise Business("invalid", "vat_number")


def create_account(division: Division, values: Row) -> Row:
    """Add a relation; without a code it gets the highest one plus 1."""
    required(values, Name="name")
    _check_account(division, values, values.get("Country"))
    new_key(division, "accounts", values)
    values["Code"] = _account_code(division, values.get("Code"))
    row = division.put("accounts", account_row(division, values))
    division.world.changed(division, "Accounts", "Create", row["ID"])
    return row


def _account_code(division: Division, given: str | None) -> str:
    if given and given.strip():
        code = pad_code(given)
        if not code.strip().isdigit() or len(code) > 18:
            raise Business("invalid", "code")
        if division["accounts"].lookup("Code", code):
            raise Business("exists", "code")
        division.put("numbers", {"key": "accounts", "last": max(int(code), last_account_code(division))}, stamp=False)
        return code
    last = last_account_code(division) + 1
    division.put("numbers", {"key": "accounts", "last": last}, stamp=False)
    return pad_code(last)


def last_account_code(division: Division) -> int:
    """Return the highest relation code of a division, 0 when there is none."""
    kept = division["numbers"].get("accounts")
    if kept is None:
        return max((int(row["Code"]) for row in division["accounts"]), default=0)
    return int(kept["last"])


def update_account(division: Division, row: Row, values: Row) -> None:
    if "Name" in values:
        required(values, Name="name")
    _check_account(division, values, row.get("Country"))
    if "Code" in values:
        code = pad_code(values["Code"] or "")
        if division["accounts"].lookup("Code", code) - {row["ID"]}:
            raise Business("exists", "code")
        values["Code"] = code
    merged = {**row, **values}
    merged |= {"IsSales": merged["Status"] == "C", "IsPurchase": bool(merged["IsSupplier"])}
    division.put("accounts", merged)
    division.world.changed(division, "Accounts", "Update", row["ID"])


def delete_account(division: Division, row: Row) -> None:
    for kind in (SALES, PURCHASE):
        if division[kind.entries].lookup(kind.party, row["ID"]):
            raise Business("in_use", "entry")
    for table in ("contacts", "bankaccounts"):
        for child in division[table].where("Account", row["ID"]):
            division.remove(table, child["ID"])
    division.remove("accounts", row["ID"])
    division.note_deleted(2, row["ID"])
    division.world.changed(division, "Accounts", "Delete", row["ID"])


def create_contact(division: Division, values: Row) -> Row:
    required(values, Account="account")
    if not values.get("FirstName") and not values.get("LastName"):
        raise Business("mandatory", "contact_name")
    values["Account"] = division.reference("accounts", values["Account"], "account")
    new_key(division, "contacts", values)
    _derive_contact(division, values)
    row = division.put("contacts", {"IsMainContact": False, **values})
    division.world.changed(division, "Contacts", "Create", row["ID"])
    return row


def _derive_contact(division: Division, values: Row) -> None:
    account = division["accounts"].get(values.get("Account"))
    values["AccountName"] = account and account["Name"]
    values["FullName"] = " ".join(
        part for part in (values.get("FirstName"), values.get("MiddleName"), values.get("LastName")) if part
    )


def update_contact(division: Division, row: Row, values: Row) -> None:
    merged = {**row, **values}
    if "Account" in values:
        merged["Account"] = division.reference("accounts", values["Account"], "account")
    _derive_contact(division, merged)
    division.put("contacts", merged)
    division.world.changed(division, "Contacts", "Update", row["ID"])


def delete_contact(division: Division, row: Row) -> None:
    division.remove("contacts", row["ID"])
    division.note_deleted(5, row["ID"])
    division.world.changed(division, "Contacts", "Delete", row["ID"])


def create_bank_account(division: Division, values: Row) -> Row:
    required(values, Account="account", BankAccount="bank_account")
    account = division["accounts"].get(values["Account"])
    if account is None:
        raise Business("unknown", "account")
    others = division["bankaccounts"].where("Account", account["ID"])
    if any(_squeezed(other["BankAccount"]) == _squeezed(values["BankAccount"]) for other in others):
        raise Business("exists", "bank_account")
    new_key(division, "bankaccounts", values)
    if values.get("Main"):
        for other in others:
            division.change("bankaccounts", other["ID"], Main=False)
    made = {
        "Main": not others,
        "Blocked": False,
        "Type": "A",
        "AccountName": account["Name"],
        **values,
        "IBAN": values["BankAccount"],
    }
    row = division.put("bankaccounts", made)
    division.world.changed(division, "BankAccounts", "Create", row["ID"])
    return row


def _squeezed(text: str) -> str:
    return text.replace(" ", "").upper()


def update_bank_account(division: Division, row: Row, values: Row) -> None:
    merged = {**row, **values}
    merged["IBAN"] = merged["BankAccount"]
    division.put("bankaccounts", merged)
    division.world.changed(division, "BankAccounts", "Update", row["ID"])


def delete_bank_account(division: Division, row: Row) -> None:
    division.remove("bankaccounts", row["ID"])
    division.world.changed(division, "BankAccounts", "Delete", row["ID"])
