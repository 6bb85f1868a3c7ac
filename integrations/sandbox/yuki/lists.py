"""The lists of the services Accounting, AccountingInfo, Vat and Sales, and what every service answers."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ..store import Row
from . import entries
from .soap import element, parent
from .world import Administration, Domain, derived_id

_PLAIN = ' xmlns=""'
_NIL = ' xsi:nil="true"'
_TYPES = {
    "nl": {2: "Aankoopfactuur", 6: "Verkoopfactuur", 7: "Creditfactuur"},
    "en": {2: "Purchase invoice", 6: "Sales invoice", 7: "Credit invoice"},
}
_METHODS = {
    "nl": {"ElectronicTransfer": "Overschrijving", "ToSettle": "Te verrekenen", "DirectCollection": "Incasso"},
    "en": {"ElectronicTransfer": "Electronic transfer", "ToSettle": "To settle", "DirectCollection": "Direct debit"},
}


# every service


def domains(found: Iterable[Domain]) -> str:
    """Return the domains a key opens."""
    inner = "".join(
        parent(
            "Domain",
            element("Name", one.info["name"])
            + element("URL", f"{one.info['name']}.yukiworks.{one.site}")
            + element("Status", "Active", ID=1),
            f' ID="{one.key}"',
        )
        for one in found
    )
    return parent("Domains", inner, _PLAIN)


def administrations(found: Iterable[Administration], *, short: bool = False) -> str:
    """Return the administrations a key opens."""
    name = "Company" if short else "Administration"
    inner = ""
    for one in found:
        info = one.info
        facts: tuple[tuple[str, object], ...] = (("Name", info["name"]), ("Active", info["active"]))
        if not short:
            facts = (
                ("Name", info["name"]),
                ("AddressLine", info["street"]),
                ("Postcode", info["postcode"]),
                ("City", info["city"]),
                ("Country", info["country"]),
                ("CoCNumber", info["enterprise_number"]),
                ("VATNumber", info["vat_number"]),
                ("StartDate", info["start_date"]),
                ("DomainID", info["domain"]),
                ("Active", info["active"]),
            )
        inner += parent(name, "".join(element(*fact) for fact in facts), f' ID="{one.key}"')
    return parent("Companies" if short else "Administrations", inner, _PLAIN)


def languages() -> str:
    """Return the languages there are."""
    known = (
        ("nl-be", "Dutch (Belgium)", "Nederlands"),
        ("fr-be", "French (Belgium)", "Français"),
        ("en", "English", ""),
    )
    inner = "".join(
        parent("Language", element("Description", name) + element("NativeDescription", own), f' Code="{code}"')
        for code, name, own in known
    )
    return parent("Languages", inner, _PLAIN)


# open items


def open_items(administration: Administration, kind: str, order: str, language: str) -> str:
    """Return everything that is open, in one answer."""
    rows = entries.open_entries(administration, kind)
    keys = {
        "Contact": lambda row: administration.contact(row["contact"])["Name"],
        "Amount": lambda row: row["total"],
        "Date": lambda row: row["date"],
    }
    rows.sort(key=keys[order.removesuffix("Asc").removesuffix("Desc")], reverse=order.endswith("Desc"))
    inner = "".join(_item(administration, row, language, with_document=True) for row in rows)
    return parent(f"Outstanding{'Debtor' if kind == 'sales' else 'Creditor'}Items", inner, _PLAIN)


def check_item(found: Iterable[Administration], reference: str, language: str) -> str:
    """Return what is open under a reference."""
    inner = "".join(
        _item(one, row, language, with_document=False)
        for one in found
        for kind in ("sales", "purchase")
        for row in entries.open_entries(one, kind)
        if row["reference"] == reference
    )
    first = next(iter(found), None)
    if not inner and first is not None and first.world.settings["empty_check"] == "nothing":
        return ""
    return parent("OutstandingItems", inner, _PLAIN)


def _item(administration: Administration, row: Row, language: str, *, with_document: bool) -> str:
    settings = administration.world.settings
    contact = administration.contact(row["contact"])
    left, total = entries.open_amount(row), row["total"]
    if settings["credit_amounts"] == "positive":
        left, total = abs(left), abs(total)
    kind = entries.SALES_INVOICE if row["kind"] == "sales" else entries.PURCHASE_INVOICE
    if row["kind"] == "sales" and row["total"] < 0:
        kind = settings["credit_open_type"]
    words = "en" if language == "en" else "nl"
    facts: list[tuple[str, object]] = [
        ("Date", row["date"]),
        ("Description", row["subject"]),
        ("Contact", contact["Name"]),
        ("ContactID", contact["ID"]),
        ("OpenAmount", left),
        ("OriginalAmount", total),
    ]
    inner = "".join(element(*fact) for fact in facts)
    inner += element("Type", _TYPES[words][kind], ID=kind)
    facts = [("Reference", row["reference"]), ("DueDate", row["due"])]
    if with_document:
        facts.append(("DocumentID", row["document"]))
    facts += [
        ("PaymentMethod", _METHODS[words].get(row["payment_method"], row["payment_method"])),
        ("ContactCode", contact["Code"]),
        ("CoCNumber", contact["CoCNumber"]),
        ("VATNumber", contact["VATNumber"]),
        ("AddressLine_1", contact["AddressLine_1"]),
        ("AddressLine_2", ""),
        ("Postcode", contact["Postcode"]),
        ("City", contact["City"]),
        ("Country", contact["Country"]),
        ("EmailWork", contact["EMailWork"]),
    ]
    inner += "".join(element(*fact) for fact in facts)
    return parent("Item", inner, f' ID="{derived_id(row["ID"], "item")}"')


# typed arrays


def ledger_accounts(administration: Administration) -> str:
    """Return the chart of accounts, accounts not in use included; the description's name is misspelt there."""
    return "".join(
        parent(
            "GlAccount",
            element("code", row["code"])
            + element("type", 4 if row["kind"] == "revenue" else 3)
            + element("subtype", 0)
            + element("isEnabled", bool(row["active"]))
            + element("descripton", row["name_nl"])
            + element("descriptionNL", row["name_nl"])
            + (element("descriptionFR", row["name_fr"]) if row["name_fr"] else "")
            + element("isVATApplicable", True)
            + element("deductableVATPercentage", 0)
            + element("professionalPercentage", 0),
        )
        for row in sorted(administration["accounts"], key=lambda row: str(row["code"]))
    )


def vat_codes(administration: Administration) -> str:
    """Return the VAT codes, those of the past included."""
    return "".join(
        parent(
            "VATCode",
            element("description", row["description"])
            + element("type", row["type"])
            + element("typeDescription", row["type_description"])
            + element("percentage", row["percentage"])
            + (element("country", row["country"]) if row["country"] else "")
            + _day("startDate", row["start_date"])
            + _day("endDate", row["end_date"]),
        )
        for row in (administration["vatcodes"].rows[key] for key in administration["vatcodes"].sorted_keys())
    )


def _day(name: str, value: str | None) -> str:
    return element(name, f"{value}T00:00:00") if value else f"<{name}{_NIL}/>"


def sales_items(administration: Administration) -> str:
    """Return the item catalogue."""
    return "".join(
        parent("SalesItem", element("id", row["id"]) + element("description", row["description"]))
        for row in administration["items"]
    )


def payment_methods(administration: Administration) -> str:
    """Return the customer's own payment methods."""
    return "".join(
        parent("PaymentMethod", element("ID", key) + element("Description", name))
        for key, name in administration.domain.info["custom_payment_methods"]
    )


def transactions(administration: Administration, wanted: dict[str, Any]) -> str:
    """Return ledger lines of a period, of one account or of all, with the groups that were asked for."""
    start, end = wanted["startDate"].date().isoformat(), wanted["endDate"].date().isoformat()
    account = (wanted["glAccountCode"] or "").strip()
    groups = {group.strip().lower() for group in (wanted["dataGroups"] or "").split(",")}
    found = [
        line
        for entry in administration["entries"]
        if administration.world.is_due(entry, "transactions_delay_seconds")
        for line in entries.transactions(administration, entry)
        if start <= line["date"] <= end and account in ("", line["account"])
    ]
    found.sort(key=lambda line: (line["date"], line["entry"]["number"], line["id"]))
    first = max((wanted["startRecord"] or 0) - administration.world.settings["first_record"], 0)
    most = administration.world.settings["records_most"]
    count = min(wanted["numberOfRecords"] or most, most)
    return "".join(_transaction(administration, line, groups) for line in found[first : first + count])


def _transaction(administration: Administration, line: dict[str, Any], groups: set[str]) -> str:
    entry = line["entry"]
    settings = administration.world.settings
    inner = (
        element("id", line["id"])
        + element("hID", entry["number"])
        + element("transactionDate", f"{line['date']}T00:00:00")
        + element("description", entry["subject"])
        + element("amount", line["amount"])
        + element("glAccountCode", line["account"])
    )
    if "contact" in groups:
        contact = administration.contact(entry["contact"])
        inner += parent(
            "contact",
            element("HID", contact["HID"])
            + element("fullName", contact["Name"])
            + element("contactCode", contact["Code"])
            + element("VATNumber", contact["VATNumber"])
            + element("id", contact["ID"]),
        )
    if "document" in groups:
        own = line["own"]
        folder = entries.FOLDERS[entry["kind"]] if own else 3
        inner += parent(
            "document",
            element("HID", entry["number"])
            + element("reference", entry["reference"] if own else f"statement {line['date']}")
            + element("type", 6 if folder == 2 else folder)
            + element("folderId", folder)
            + element("created", f"{entry['date']}T00:00:00")
            + element("id", entry["document"] if own else derived_id(administration.key, "statement", line["date"])),
        )
    if "documentmatching" in groups and line["matched"] and settings["matching_shown"]:
        inner += parent(
            "documentMatched", element("matchDate", f"{line['matched']}T00:00:00") + element("matchedBy", "Yuki")
        )
    shown = settings["vat_on_transactions"]
    if "vat" in groups and line["vat"] and (shown == "both" or (shown == "base" and line["part"] == "base")):
        inner += parent(
            "vat",
            element("codeType", line["vat"]["vat_type"]) + element("codePercentage", line["vat"]["vat_percentage"]),
        )
    return parent("Transaction", inner)
