"""Contact.asmx: pages of a hundred contacts, American dates, and UpdateContact."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from ..store import Row
from .facts import CONTACT_ANSWER_NS, CONTACT_NS
from .schema import check_contact
from .soap import element, parent
from .world import Domain, new_id

PAGE = 100
_SIGNS = re.compile(r'[,." -]')
_SHOWN = [
    "Type",
    "HID",
    "Code",
    "Name",
    "FirstName",
    "LastName",
    "AddressLine_1",
    "AddressLine_2",
    "Postcode",
    "City",
    "Country",
    "PhoneHome",
    "EMailWork",
    "Website",
    "VATNumber",
    "CoCNumber",
    "Created",
    "Modified",
]
_LEFT_OUT_WHEN_EMPTY = {"FirstName", "LastName", "Code", "EMailWork"}
_SEARCHED = {
    "Name": "Name",
    "City": "City",
    "Postcode": "Postcode",
    "Email": "EMailWork",
    "Website": "Website",
    "Phone": "PhoneHome",
    "Code": "Code",
    "CoCNumber": "CoCNumber",
    "VATNumber": "VATNumber",
    "BankAccount": "IBAN",
    "ID": "ID",
    "ContactType": "Type",
    "HID": "HID",
}
_SORTED = {"Name": "Name", "LastName": "LastName", "Created": "Created", "Modified": "Modified", "HID": "HID"}


def search(domain: Domain, wanted: dict[str, Any], *, with_roles: bool) -> str:
    """Return a page of contacts as the answer's payload."""
    rows = [row for row in domain["contacts"] if _fits(row, wanted, domain.world.settings)]
    order = wanted["sortOrder"]
    column = _SORTED[order.removesuffix("Asc").removesuffix("Desc")]
    rows.sort(key=lambda row: (row[column], row["HID"]), reverse=order.endswith("Desc"))
    start = (max(wanted["pageNumber"] or 1, 1) - 1) * PAGE
    if start >= len(rows) and domain.world.settings["contacts_past_end"] == "repeat":
        start = max(start - PAGE, 0)
    inner = "".join(_shown(row, with_roles) for row in rows[start : start + PAGE])
    return parent("Contacts", inner, ' xmlns=""')


def _fits(row: Row, wanted: dict[str, Any], settings: Mapping[str, Any]) -> bool:
    active = wanted["active"]
    if active != "Both" and row["active"] != (active == "Active"):
        return False
    after = wanted["modifiedAfter"]
    if after is not None and datetime.fromisoformat(row["Modified"]) <= after:
        return False
    role = wanted.get("contactType")
    is_role = {"Customer": row["IsCustomer"], "Supplier": row["IsSupplier"]}
    if role in is_role and not is_role[role]:
        return False
    if role == "None" and settings["contacts_of_no_role"] == "others" and any(is_role.values()):
        return False
    option, value = wanted["searchOption"], (wanted["searchValue"] or "").strip()
    if option == "All" or not value:
        return True
    if option == "Tag":
        return value in row["Tags"]
    there = str(row[_SEARCHED[option]])
    return value.lower() in there.lower() if option == "Name" else value.lower() == there.lower()


def _shown(row: Row, with_roles: bool) -> str:
    inner = ""
    for name in _SHOWN:
        value = row[name]
        if name in ("Created", "Modified"):
            value = _american(value)
        if value != "" or name not in _LEFT_OUT_WHEN_EMPTY:
            inner += element(name, value)
    if with_roles:
        inner += element("MainContactPerson", row.get("MainContactPerson", ""))
        inner += element("IsSupplier", str(row["IsSupplier"])) + element("IsCustomer", str(row["IsCustomer"]))
    inner += element("IBAN", row["IBAN"]) + element("BIC") + element("Tags", row["Tags"]) + element("BackofficeStatus")
    return parent("Contact", inner, f' ID="{row["ID"]}"')


def _american(moment: str) -> str:
    at = datetime.fromisoformat(moment)
    half = "AM" if at.hour < 12 else "PM"
    return f"{at.month}/{at.day}/{at.year} {at.hour % 12 or 12}:{at.minute:02d}:{at.second:02d} {half}"


_COLUMNS = {
    "Code": "Code",
    "FirstName": "FirstName",
    "LastName": "LastName",
    "FullName": "Name",
    "AddressLine_1": "AddressLine_1",
    "AddressLine_2": "AddressLine_2",
    "PostCode": "Postcode",
    "City": "City",
    "Country": "Country",
    "PhoneHome": "PhoneHome",
    "EmailWork": "EMailWork",
    "VATNumber": "VATNumber",
    "CoCNumber": "CoCNumber",
}


def update(domain: Domain, document: ET.Element | None) -> str:
    """Change or make a contact and return the answer's payload."""
    given = {
        child.tag.removeprefix(f"{{{CONTACT_NS}}}"): (child.text or "").strip() for child in check_contact(document)
    }
    today = domain.world.today()
    contacts = domain["contacts"]
    found: Row | None = None
    if given.get("ID"):
        found = contacts.get(given["ID"].lower())
        if found is None:
            return _answer(today, "Failed", f"Contact with ID {given['ID']} does not exist")
    elif given.get("Code") and contacts.lookup("Code", given["Code"]):
        found = max(contacts.where("Code", given["Code"]), key=lambda row: str(row["Created"]))
    elif given.get("FullName"):
        kind = {"0": "Person", "2": "Company"}.get(given.get("Type", "2"))
        same = [row for row in contacts if row["Type"] == kind and _plain(row["Name"]) == _plain(given["FullName"])]
        found = same[0] if same else None
    now = domain.world.local_now().isoformat()
    is_new = found is None
    if found is None:
        if not given.get("FullName"):
            return _answer(today, "Failed", "FullName is mandatory for a new contact")
        found = dict.fromkeys(
            [
                "FirstName",
                "LastName",
                "Code",
                "Name",
                "AddressLine_1",
                "AddressLine_2",
                "Postcode",
                "City",
                "Country",
                "PhoneHome",
                "EMailWork",
                "Website",
                "VATNumber",
                "CoCNumber",
                "IBAN",
                "Tags",
            ],
            "",
        ) | {
            "ID": new_id(),
            "Type": {"0": "Person"}.get(given.get("Type", ""), "Company"),
            "HID": max((int(row["HID"]) for row in contacts), default=999) + 1,
            "Created": now,
            "IsSupplier": False,
            "IsCustomer": False,
            "active": True,
        }
    changes = {column: given[name] for name, column in _COLUMNS.items() if name in given}
    domain.put("contacts", {**found, **changes, "Modified": now})
    words = domain.world.settings["new_contact_text"] if is_new else "updated"
    text = "Succesfully saved Contact" if words == "silent" else f"Succesfully {words} Contact {found['ID']}"
    return _answer(today, "Succeeded", text)


def _answer(today: str, name: str, text: str) -> str:
    inner = parent("TimeStamp", today, ' xmlns=""') + parent(name, _escaped(text), ' xmlns=""')
    return parent("ContactResponse", inner, f' xmlns="{CONTACT_ANSWER_NS}"')


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


def _plain(name: str) -> str:
    return _SIGNS.sub("", name)
