"""Relations and ledger accounts: forms and look-ups that the demo books, seeds and calls share."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

from ..store import Row
from .refusals import Business
from .world import Division, new_id

_LANGUAGES = {"nl": {"BE": "NL-BE"}, "fr": {"BE": "FR-BE"}}


def pad_code(code: object) -> str:
    """Return an account code as stored: right-aligned to 18."""
    return str(code).strip().rjust(18)


def language_code(language: str, country: str) -> str:
    """Return the language of a relation as the service writes it, for example NL-BE."""
    return _LANGUAGES.get(language, {}).get(country) or language.upper()


def first_of_type(division: Division, kind: int) -> dict[str, Any] | None:
    """Return the first ledger account of a type by code."""
    return min(division["glaccounts"].where("Type", kind), key=lambda row: str(row["Code"]), default=None)


def account_row(division: Division, values: dict[str, Any]) -> dict[str, Any]:
    """Return a relation as stored, with the values a new one gets by itself."""
    row: dict[str, Any] = {
        "Status": "A",
        "IsSupplier": False,
        "Blocked": False,
        "Type": "A",
        "InvoicingMethod": 1,
        "IsMailing": 0,
        "IsPilot": False,
        "IsMember": False,
        "StartDate": division.world.today(),
        "DiscountSales": Decimal(0),
        "DiscountPurchase": Decimal(0),
        "SalesCurrency": division.info["currency"],
        "PurchaseCurrency": division.info["currency"],
    }
    row.update({name: value for name, value in values.items() if value is not None or name not in row})
    row["IsSales"] = row["Status"] == "C"
    row["IsPurchase"] = bool(row["IsSupplier"])
    return row


def required(values: Row, **fields: str) -> None:
    """Raise Business for the first property without a value; each comes with the name of its field."""
    for name, field in fields.items():
        value = values.get(name)
        if value is None or (isinstance(value, str) and not value.strip()):
            raise Business("mandatory", field)


def new_key(division: Division, table: str, values: Row) -> None:
    """Give a new row its key: the caller's when it is free, else a new one."""
    given = values.get("ID")
    if given and division[table].get(given):
        raise Business("exists", "code")
    values["ID"] = given or new_id()
