"""Customers and suppliers: one table, looked up by key or by the caller's own number.

Source: vendor sheet section 5 (search, PUT, defaults of a new relation).
"""

from __future__ import annotations

import re
from typing import Any

from ..store import Row
from . import values
from .refusals import Malformed, Refusal
from .world import Dossier

TEXTS = (
    "name",
    "firstName",
    "streetAndNr",
    "postalCode",
    "city",
    "country",
    "deliveryStreetAndNr",
    "deliveryPostalCode",
    "deliveryCity",
    "deliveryCountry",
    "telephone",
    "email",
    "fax",
    "mobile",
    "url",
    "bankAccountNr",
    "ibanAccountNr",
    "bicCode",
    "profession",
    "contactPerson",
    "currencyCode",
    "remarks",
    "vatNr",
    "searchField1",
    "searchField2",
    "externCustomerNr",
    "sddReference",
    "participantId",
)
NUMBERS = (
    "defaultBookingAccountClient",
    "defaultBookingAccountSupplier",
    "corporationType",
    "vatType",
    "expirationType",
    "expirationDays",
    "sddSeqtype",
    "sddMandateType",
    "factLanguage",
    "supplierPaymentMethod",
    "invoiceDeliveryMethod",
)
FLAGS = ("client", "supplier", "active", "financialDiscount", "sddActive")
VAT_TYPES = frozenset({0, 1, 4, 6, 7, 8, 9, 10})
DEFAULTS: Row = {
    "active": True,
    "client": False,
    "supplier": False,
    "corporationType": 0,
    "country": "  ",
    "defaultBookingAccountClient": 0,
    "defaultBookingAccountSupplier": 0,
    "expirationDays": 30,
    "expirationType": 2,
    "factLanguage": 0,
    "fax": "",
    "financialDiscount": False,
    "mobile": "",
    "name": "",
    "sddActive": False,
    "sddMandateType": 0,
    "sddSeqtype": 0,
    "supplierPaymentMethod": 0,
    "telephone": "",
    "url": "",
    "vatNr": "",
    "vatType": 0,
}
_SEARCHES = ("relationId", "extRelationId", "name", "vatNr")


def shown(row: Row) -> dict[str, Any]:
    """A relation as the service shows it."""
    fields = {name: row.get(name) for name in (*TEXTS, *NUMBERS, *FLAGS)}
    return {
        "relationIdentificationServiceData": {
            "externalRelationId": row["external_id"],
            "relationKey": {"id": row["id"]},
        },
        **values.given(fields),
    }


def search(dossier: Dossier, params: dict[str, str]) -> list[Row] | None:
    """Rows that fit any of the search parameters; None when there are none. Raises Malformed."""
    if unknown := set(params) - set(_SEARCHES):
        raise Malformed from LookupError(sorted(unknown))
    asked = {name: value for name, value in params.items() if value}
    if not asked:
        return None
    for name in ("relationId", "extRelationId"):
        if name in asked and not re.fullmatch(r"-?\d{1,10}", asked[name]):
            raise Malformed
    table = dossier["relations"]
    return [row for key in table.sorted_keys() if _fits(dossier, row := table.rows[key], asked)]


def _fits(dossier: Dossier, row: Row, asked: dict[str, str]) -> bool:
    typed = dossier.world.settings["vat_search"] == "as_typed"
    return (
        ("relationId" in asked and row["id"] == int(asked["relationId"]))
        or ("extRelationId" in asked and row["external_id"] == int(asked["extRelationId"]) != 0)
        or ("name" in asked and row["name"].lower() == asked["name"].lower())
        or ("vatNr" in asked and _vat(row["vatNr"], typed) == _vat(asked["vatNr"], typed) != "")
    )


def _vat(number: str | None, as_typed: bool) -> str:
    number = number or ""
    return number if as_typed else re.sub(r"[^0-9A-Z]", "", number.upper())


def find(dossier: Dossier, identification: dict[str, Any]) -> Row | None:
    """The relation that a body means: by key, then by the caller's number."""
    key = values.whole(values.section(identification, "relationKey"), "id")
    external = values.whole(identification, "externalRelationId")
    if key:
        row = dossier["relations"].get(key)
        if row is not None:
            return row
    if external:
        return next(iter(dossier["relations"].where("external_id", external)), None)
    return None


def put(dossier: Dossier, body: dict[str, Any]) -> Row | None:
    """Create a relation and return it, or merge into the one found and return None. Raises Refusal."""
    if "relationIdentificationServiceData" not in body or not values.words(body, "currencyCode"):
        raise Malformed
    identification = values.section(body, "relationIdentificationServiceData")
    sent: Row = {name: values.words(body, name) for name in TEXTS if body.get(name) is not None}
    sent |= {name: values.whole(body, name) for name in NUMBERS if body.get(name) is not None}
    for name in FLAGS:
        if body.get(name) is not None:
            if not isinstance(body[name], bool):
                raise Malformed
            sent[name] = body[name]
    if sent.get("vatType", 0) not in VAT_TYPES:
        raise Malformed
    if limit := dossier.world.settings["search_field_length"]:
        for name in ("searchField1", "searchField2"):
            if name in sent:
                sent[name] = sent[name][: int(limit)]
    known = find(dossier, identification)
    external = values.whole(identification, "externalRelationId")
    if known is not None:
        kept = known if dossier.world.settings["merge"] == "keep" else {**DEFAULTS, "name": known["name"]}
        dossier.put(
            "relations",
            {**kept, **sent, "id": known["id"], "external_id": external or known["external_id"]},
        )
        return None
    if sent.get("vatNr") and dossier.world.settings["duplicate_vat"] == "refuse":
        same = _vat(sent["vatNr"], as_typed=False)
        if any(_vat(row["vatNr"], as_typed=False) == same for row in dossier["relations"]):
            raise Refusal(400, f"Unable to insert relation in dossier {dossier.number}.  VAT number exists", -920)
    number = max(dossier["relations"].rows, default=0) + 1
    return dossier.put("relations", {**DEFAULTS, **sent, "id": number, "external_id": external})
