"""Dossiers, bookyears, journals, accounts and VAT codes as the service shows them."""

from __future__ import annotations

import calendar
from datetime import date
from typing import Any

from ..store import Row
from . import values
from .bookings import BUY, SELL
from .world import Dossier

_MONTHS = {"MONTH": 1, "QUARTER": 3, "YEAR": 12}


def dossier(one: Dossier) -> dict[str, Any]:
    info = one.info
    return values.given(
        {
            "dossierKey": {"id": one.number},
            "dossierDescription": info["name"],
            "vatNr": info["vat_number"] or None,
            "streetAndNr": info["street"],
            "country": info["country"],
            "postalCode": info["postcode"],
            "city": info["city"],
        }
    )


def periods(year: dict[str, Any], kind: str) -> list[Row]:
    """The periods of a bookyear: their keys are the year and a number from 1."""
    start, end = date.fromisoformat(year["start"]), date.fromisoformat(year["end"])
    found: list[Row] = []
    here = start
    while here <= end:
        month = here.month - 1 + _MONTHS[kind]
        last_month = date(here.year + (month - 1) // 12, (month - 1) % 12 + 1, 1)
        last = min(end, last_month.replace(day=calendar.monthrange(last_month.year, last_month.month)[1]))
        key = year["year"] * 100 + len(found) + 1
        found.append({"key": key, "start": here.isoformat(), "end": last.isoformat()})
        here = date.fromordinal(last.toordinal() + 1)
    return found


def bookyear(row: Row) -> dict[str, Any]:
    return {
        "bookyearKey": {"id": row["id"]},
        "bookyearDescription": row["name"],
        "startDate": row["start"],
        "endDate": row["end"],
        "closed": row["closed"],
        "periods": [
            {"bookyearPeriod": one["key"], "startDate": one["start"], "endDate": one["end"]} for one in row["periods"]
        ],
    }


def bookyear_detail(one: Dossier, row: Row) -> dict[str, Any]:
    return {
        "bookyearKey": {"id": row["id"]},
        "names": [{"language": "NL", "value": row["name"]}],
        "bookingPeriodType": one.info["period_type"],
        "fromDate": row["start"],
        "toDate": row["end"],
        "closed": row["closed"],
    }


def journal(row: Row) -> dict[str, Any]:
    return values.given(
        {
            "bookyearKey": {"id": row["bookyear"]},
            "journalKey": row["code"],
            "name": row["name"],
            "closed": row["closed"],
            "currencyCode": row["currency"],
            "lastBookedDocumentNr": row["last"],
            "protectedPeriod": row["protected"],
            "closedPeriod": row["closed_period"],
            "insertionType": row["insertion"],
        }
    )


def account(row: Row, year: int) -> dict[str, Any]:
    return values.given(
        {
            "accountKey": {"bookyearKey": {"id": year}, "id": row["number"]},
            "description": {
                "description_NL": row["name_nl"],
                "description_FR": row["name_fr"],
                "description_EN": "",
            },
            "costCentreType": row["cost_centre_type"],
            "salesVatCode": row["sales_vat_code"],
            "purchaseVatCode": row["purchase_vat_code"],
            "vatRecupPercentage": 100.0,
            "fiscProfessionalPercentage": 100.0,
            "fiscRecupPercentage": 100.0,
        }
    )


def vat_codes(one: Dossier) -> list[dict[str, Any]]:
    """The list of VAT codes; by a switch each appears again for credit notes, or the unused ones as well."""
    settings = one.world.settings
    rows = [
        row
        for key in one["vatcodes"].sorted_keys()
        if (row := one["vatcodes"].rows[key])["active"] or settings["inactive_vat_codes"]
    ]
    found = [_vat_code(row, row["type"]) for row in rows]
    if settings["vat_credit_types"]:
        found += [_vat_code(row, {BUY: 3, SELL: 4}[row["type"]]) for row in rows]
    return found


def _vat_code(row: Row, kind: int) -> dict[str, Any]:
    return {
        "code": row["code"],
        "description": row["description"],
        "type": kind,
        "basePercentage": float(row["percentage"]),
        "defaultSellBookingAccountNr": row["account"],
    }
