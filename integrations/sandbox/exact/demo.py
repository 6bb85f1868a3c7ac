"""The demo books: what a Belgian and a Dutch bookkeeper see when they sign in."""

from __future__ import annotations

import calendar
import json
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from . import history
from .facts import DATA, kinds
from .masterdata import account_row, first_of_type, language_code, pad_code
from .world import Division, World, derived_id

BOOKS = {"exact-be": "exact_be.json", "exact-nl": "exact_nl.json"}
_TRANSACTION = {"sales": "S", "purchase": "P", "both": "B"}
CURRENCIES = {"EUR": "Euro", "USD": "US dollar", "GBP": "British pound"}


def load(world: World, books: Sequence[str] | None) -> None:
    """Fill the world with the named demo books (None: all; names of other vendors are passed over)."""
    for name, file in BOOKS.items():
        if books is not None and name not in books:
            continue
        book = json.loads((DATA / file).read_text(encoding="utf-8"))
        tables = {one["code"]: one["tables"] for one in book["divisions"]}
        for raw in book["divisions"]:
            info = {key: value for key, value in raw.items() if key != "tables"} | {"site": book["site"]}
            division = world.add_division(raw["code"], info)
            own = raw["tables"]
            _fill(
                division,
                {key: tables[value["same_as"]][key] if "same_as" in value else value for key, value in own.items()},
            )


def _rows(table: dict[str, Any]) -> list[dict[str, Any]]:
    return [dict(zip(table["columns"], row, strict=True)) for row in table["rows"]]


def _fill(division: Division, tables: dict[str, dict[str, Any]]) -> None:
    info = division.info
    for year in info["years"]:
        for month in range(1, 13):
            last = calendar.monthrange(year, month)[1]
            division.put(
                "periods",
                {
                    "ID": derived_id(division.code, "period", year, month),
                    "FinYear": year,
                    "FinPeriod": month,
                    "StartDate": f"{year}-{month:02d}-01T00:00:00",
                    "EndDate": f"{year}-{month:02d}-{last}T00:00:00",
                },
            )
    for code in info["currencies"]:
        division.put(
            "currencies",
            {
                "Code": code,
                "Description": CURRENCIES[code],
                "AmountPrecision": Decimal("0.01"),
                "PricePrecision": Decimal("0.01"),
            },
        )
    _ledger_accounts(division, _rows(tables["ledger_accounts"]))
    _journals(division, _rows(tables["journals"]))
    _vat_codes(division, _rows(tables["vat_codes"]))
    for row in _rows(tables["payment_terms"]):
        discount = Decimal(row["discount_percentage"]) / 100
        division.put(
            "paymentconditions",
            {
                "ID": derived_id(division.code, "condition", row["code"]),
                "Code": row["code"],
                "Description": row["description"],
                "PaymentDays": row["payment_days"],
                "PaymentEndOfMonths": row["payment_end_of_months"],
                "PaymentMethod": row["payment_method"],
                "DiscountPercentage": discount,
                "DiscountPaymentDays": row["discount_payment_days"],
                "PaymentDiscountType": "B" if discount else None,
                "Percentage": Decimal(1),
            },
        )
    for row in _rows(tables["relations"]):
        _relation(division, row)
    for row in _rows(tables["documents"]):
        history.book_history(division, row)
    for text in info["closed"]:
        year, month = text.split("-")
        division.set_closed("*", int(year), int(month), True)


def _ledger_accounts(division: Division, rows: list[dict[str, Any]]) -> None:
    names = kinds()["gl_account_type"]
    for row in rows:
        division.put(
            "glaccounts",
            {
                "ID": derived_id(division.code, "ledger", row["code"]),
                "Code": row["code"],
                "Description": row["name_nl"],
                "SearchCode": row["code"],
                "Type": row["type"],
                "TypeDescription": names[str(row["type"])],
                "BalanceSide": row["balance_side"],
                "BalanceType": row["balance_type"],
                "IsBlocked": row["blocked"],
                "UseCostcenter": row["use_cost_centre"],
                "UseCostunit": 0,
                "VATCode": None,
                "_fr": row.get("name_fr"),
            },
        )


def _journals(division: Division, rows: list[dict[str, Any]]) -> None:
    for row in rows:
        account = first_of_type(division, {20: 20, 21: 20, 22: 22, 23: 22, 10: 10, 12: 12, 16: 12}.get(row["type"], 0))
        division.put(
            "journals",
            {
                "ID": derived_id(division.code, "journal", row["code"]),
                "Code": row["code"],
                "Description": row["name"],
                "Type": row["type"],
                "IsBlocked": row["blocked"],
                "Currency": row["currency"] or division.info["currency"],
                # A journal made for another currency takes that one only.
                "AllowVariableCurrency": row["currency"] is None,
                "AllowVariableExchangeRate": True,
                "AllowVAT": True,
                "AutoSave": False,
                "GLAccount": account and account["ID"],
                "GLAccountCode": account and account["Code"],
                "GLAccountDescription": account and account["Description"],
                "GLAccountType": account and account["Type"],
            },
        )


def _vat_codes(division: Division, rows: list[dict[str, Any]]) -> None:
    to_pay, to_claim = (
        next(iter(division.by_code("glaccounts", division.info[name])), None) for name in ("vat_to_pay", "vat_to_claim")
    )
    for row in rows:
        sells, buys = row["direction"] in ("sales", "both"), row["direction"] in ("purchase", "both")
        percentage = Decimal(row["percentage"]) / 100
        key = derived_id(division.code, "vat", row["code"])
        pay = to_pay if sells or row["charged"] else None
        claim = to_claim if buys else None
        division.put(
            "vatcodes",
            {
                "ID": key,
                "Code": row["code"],
                "Description": row["description"],
                "Type": row["type"],
                "Percentage": percentage,
                "VATTransactionType": _TRANSACTION[row["direction"]],
                "IsBlocked": row["blocked"],
                "Charged": bool(row["charged"]),
                "EUSalesListing": row["eu_sales_listing"] or "N",
                "OssCountry": row["oss_country"],
                "IntraStat": row["eu_sales_listing"] == "L",
                "Country": division.info["country"],
                "GLToPay": pay and pay["ID"],
                "GLToPayCode": pay and pay["Code"],
                "GLToPayDescription": pay and pay["Description"],
                "GLToClaim": claim and claim["ID"],
                "GLToClaimCode": claim and claim["Code"],
                "GLToClaimDescription": claim and claim["Description"],
                "CalculationBasis": 0,
            },
        )
        division.put(
            "vatpercentages",
            {
                "ID": derived_id(division.code, "vat-percentage", row["code"]),
                "VATCodeID": key,
                "LineNumber": 1,
                "Percentage": percentage,
                "StartDate": "2000-01-01T00:00:00",
                "EndDate": None,
                "Type": 0,
            },
        )


def _relation(division: Division, row: dict[str, Any]) -> None:
    values = {
        "ID": row["external_id"],
        "Code": pad_code(row["code"]),
        "Name": row["name"],
        "Status": row["status"],
        "IsSupplier": row["is_supplier"],
        "Blocked": row["blocked"],
        "VATNumber": row["vat_number"] or None,
        "ChamberOfCommerce": row["enterprise_number"] or None,
        "AddressLine1": row["street"],
        "Postcode": row["postcode"],
        "City": row["city"],
        "Country": row["country"],
        "Language": language_code(row["language"], row["country"]),
        "Email": row["email"] or None,
        "PaymentConditionSales": row["payment_condition_sales"],
        "PaymentConditionPurchase": row["payment_condition_sales"],
    }
    division.put("accounts", account_row(division, values))
    if row["iban"]:
        division.put(
            "bankaccounts",
            {
                "ID": derived_id(division.code, "bank", row["external_id"]),
                "Account": row["external_id"],
                "AccountName": row["name"],
                "BankAccount": row["iban"],
                "IBAN": row["iban"],
                "Main": True,
                "Blocked": False,
                "Type": "A",
            },
        )
