"""ProcessSalesInvoices: one document of many invoices, each booked or refused by itself, until six were wrong."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections import defaultdict
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from ..store import Row
from . import entries
from .facts import DEFAULT_ACCOUNT, PAYMENT_METHODS, SALES_ANSWER_NS, SALES_NS, SALES_VAT_TYPES
from .schema import check_sales, number
from .soap import element, parent
from .world import Administration, new_id

_CENT = Decimal("0.01")
_ADDRESS = ("AddressLine_1", "Zipcode", "City", "CountryCode")


class Wrong(Exception):
    """This invoice is not taken; the text goes into its answer."""


def cents(value: Decimal) -> Decimal:
    """Return an amount rounded to cents, halves away from zero."""
    return value.quantize(_CENT, ROUND_HALF_UP)


def process(administration: Administration, document: ET.Element | None) -> str:
    """Return the answer to a document; raises Fault, with nothing taken, for one that breaks the schema."""
    root = check_sales(document)
    settings = administration.world.settings
    rows: list[str] = []
    good = bad = 0
    invoices = list(root)
    for invoice in invoices:
        if bad >= settings["stop_after"]:
            break
        try:
            booked = _book(administration, invoice)
        except Wrong as exc:
            bad += 1
            rows.append(_row(invoice, succeeded=False, processed=False, message=str(exc)))
        else:
            good += 1
            rows.append(_row(invoice, succeeded=True, processed=booked, message=""))
    rest = invoices[good + bad :]
    if settings["rest"] == "listed":
        rows += [_row(invoice, succeeded=False, processed=False, message="Skipped") for invoice in rest]
    plain = ' xmlns=""'
    head = "".join(
        parent(name, str(value), plain)
        for name, value in (
            ("TimeStamp", administration.world.today()),
            ("AdministrationId", administration.key),
            ("TotalSucceeded", good),
            ("TotalFailed", bad),
            ("TotalSkipped", len(rest)),
        )
    )
    return parent("SalesInvoicesImportResponse", head + "".join(rows), f' xmlns="{SALES_ANSWER_NS}"')


def _row(invoice: ET.Element, *, succeeded: bool, processed: bool, message: str) -> str:
    inner = (
        element("Succeeded", succeeded)
        + element("Processed", processed)
        + element("EmailSent", False)
        + element("Reference", text(invoice, "Reference"))
        + element("Subject", text(invoice, "Subject"))
        + element("Contact", text(invoice, "Contact/FullName"))
        + element("Message", message)
    )
    return parent("Invoice", inner, ' xmlns=""')


def node(parent_node: ET.Element, path: str) -> ET.Element | None:
    """Return a child by a path of plain names."""
    return parent_node.find("/".join(f"{{{SALES_NS}}}{part}" for part in path.split("/")))


def text(parent_node: ET.Element, path: str) -> str:
    """Return a child's text, empty when it is not there."""
    found = node(parent_node, path)
    return "" if found is None else (found.text or "").strip()


def _truth(invoice: ET.Element, name: str) -> bool:
    return text(invoice, name) in ("true", "1")


# one invoice


def _book(administration: Administration, invoice: ET.Element) -> bool:
    """Book one invoice. False: it waits as a draft. Raises Wrong; then nothing of it is kept."""
    world = administration.world
    reference = text(invoice, "Reference")
    processed = _truth(invoice, "Process")
    day = text(invoice, "Date")[:10]
    if processed and not reference:
        raise Wrong("Reference is mandatory when process is true")
    if not processed and reference:
        raise Wrong("Reference must be empty when process is false")
    if text(invoice, "DocumentBase64") and not processed:
        raise Wrong("When supplying a document process must be set to true")
    taken = entries.by_reference(administration, reference)
    if processed and taken and world.settings["duplicate_references"] == "refuse":
        raise Wrong(f"Invoice number {reference} already exists")
    if (text(invoice, "Currency") or "EUR") != administration.info["currency"]:
        raise Wrong("The currency of the pricelist does not match with the invoice's currency")
    locked = administration.info.get("locked_until")
    if locked and day <= locked:
        raise Wrong(f"The period of {day} is locked")
    method = text(invoice, "PaymentMethod") or "Unspecified"
    custom = {name for _, name in administration.domain.info["custom_payment_methods"]}
    if method not in PAYMENT_METHODS and method not in custom:
        raise Wrong(f"Unknown payment method {method}")
    given = node(invoice, "Contact")
    contact = _contact(administration, given) if given is not None else {}
    items: dict[str, Row] = {}
    lines = [
        _line(administration, line, items, day)
        for line in invoice.findall(f"{{{SALES_NS}}}InvoiceLines/{{{SALES_NS}}}InvoiceLine")
    ]
    _compute_vat(world.settings["rounding"], lines)
    for row in (*items.values(),):
        administration.put("items", row)
    administration.domain.put("contacts", contact)
    if not processed:
        return False
    booked = [{name: line[name] for name in line if not name.startswith("_")} for line in lines]
    entries.make(
        administration,
        kind="sales",
        reference=reference,
        subject=text(invoice, "Subject"),
        day=day,
        due=text(invoice, "DueDate")[:10] or day,
        contact=contact["ID"],
        lines=booked,
        payment_method=method,
        payment_id=text(invoice, "PaymentID"),
        file_name=text(invoice, "DocumentFileName"),
        file_data=text(invoice, "DocumentBase64"),
        xml=ET.tostring(invoice, encoding="unicode"),
    )
    return True


# its customer


def _contact(administration: Administration, given: ET.Element) -> Row:
    """Return the customer as it will be: by code, else by exact name, else new. Raises Wrong."""
    contacts = administration.domain["contacts"]
    code, name = text(given, "ContactCode"), text(given, "FullName")
    by_code = [row for row in contacts.where("Code", code) if code]
    if by_code:
        found = max(by_code, key=lambda row: str(row["Created"]))
        return _filled(administration, found, given, overwrite=True)
    if not name:
        raise Wrong("The contact has no name")
    by_name = contacts.where("Name", name)
    if by_name:
        found = _filled(administration, by_name[0], given, overwrite=False)
        if not found["Code"] and administration.world.settings["name_match_gets_code"]:
            found["Code"] = code
        return found
    missing = [part for part in _ADDRESS if not text(given, part)]
    if missing:
        raise Wrong(f"The address details of contact {name} are incomplete: {', '.join(missing)}")
    now = administration.world.local_now().isoformat()
    blank = dict.fromkeys(
        [
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
            "IBAN",
            "Tags",
        ],
        "",
    )
    new = {
        **blank,
        "ID": new_id(),
        "Type": text(given, "ContactType") or "Company",
        "HID": max((int(row["HID"]) for row in contacts), default=999) + 1,
        "Code": code,
        "Name": name,
        "Created": now,
        "Modified": now,
        "IsSupplier": False,
        "IsCustomer": True,
        "active": True,
    }
    return _filled(administration, new, given, overwrite=True)


_FIELDS = {
    "AddressLine_1": "AddressLine_1",
    "AddressLine_2": "AddressLine_2",
    "Zipcode": "Postcode",
    "City": "City",
    "CountryCode": "Country",
    "EmailAddress": "EMailWork",
    "VATNumber": "VATNumber",
    "CoCNumber": "CoCNumber",
    "FirstName": "FirstName",
    "LastName": "LastName",
    "PhoneHome": "PhoneHome",
}


def _filled(administration: Administration, row: Row, given: ET.Element, *, overwrite: bool) -> Row:
    changed = dict(row)
    for part, column in _FIELDS.items():
        if node(given, part) is not None and (overwrite or not row[column]):
            changed[column] = text(given, part)
    changed["IsCustomer"] = True
    if changed != row:
        changed["Modified"] = administration.world.local_now().isoformat()
    return changed


# its lines


def _line(administration: Administration, line: ET.Element, items: dict[str, Row], day: str) -> dict[str, Any]:
    product = node(line, "Product")
    if product is None:
        raise Wrong("A line has no product")
    name = text(product, "Description")[:60] or " "
    known = items.get(name) or administration["items"].get(name)
    price, percentage, kind = (text(product, part) for part in ("SalesPrice", "VATPercentage", "VATType"))
    if not (price and percentage and kind):
        if known is None:
            raise Wrong(f"Product {name} is not known, and has no price or VAT")
        price, percentage, kind = str(known["price"]), known["percentage"], str(known["type"])
    elif number(price) == 0 and known is not None:
        price = str(known["price"])
    code = _vat_code(administration, int(kind), percentage, text(product, "VATDescription"), day)
    account = _account(administration, text(product, "GLAccountCode"), known)
    items[name] = {
        "description": name,
        "id": known["id"] if known else new_id(),
        "reference": text(product, "Reference")[:40],
        "price": number(price),
        "percentage": code["percentage"],
        "type": code["type"],
        "account": known["account"] if known else account,
    }
    quantity = number(text(line, "ProductQuantity") or "1")
    if quantity < 0 and not administration.world.settings["negative_quantity"]:
        raise Wrong("ProductQuantity must not be negative")
    used = administration.world.settings["line_amounts"] == "used"
    stated, stated_vat = text(line, "LineAmount"), text(line, "LineVATAmount")
    net = number(stated) if stated and used else cents(quantity * number(price))
    if text(product, "VATIncluded") in ("true", "1"):
        net = cents(net / (1 + Decimal(code["percentage"]) / 100))
    return {
        "description": text(line, "Description") or name,
        "remarks": text(line, "Remarks"),
        "quantity": quantity,
        "account": account,
        "vat_type": code["type"],
        "vat_percentage": code["percentage"],
        "vat_country": code["country"],
        "net": net,
        "vat": number(stated_vat) if stated_vat and used else None,
        "_exact": net * Decimal(code["percentage"]) / 100,
    }


def _vat_code(administration: Administration, kind: int, percentage: str, description: str, day: str) -> Row:
    wanted = str(number(percentage).quantize(_CENT))
    found = [
        row
        for row in administration["vatcodes"]
        if row["type"] == kind
        and row["percentage"] == wanted
        and kind in SALES_VAT_TYPES
        and (not row["end_date"] or day <= row["end_date"])
    ]
    if (kind in (8, 40) and len(found) > 1) or description:
        found = [row for row in found if row["description"] == description]
    if not found:
        raise Wrong(f"VAT type {kind} with percentage {percentage} is not known in this administration")
    return found[0]


def _account(administration: Administration, code: str, known: Row | None) -> str:
    """The account a line lands on; what is not known or not in use silently becomes the default one."""
    if not code and known is not None:
        return str(known["account"])
    row = administration["accounts"].get(code)
    if row is None or not row["active"]:
        return DEFAULT_ACCOUNT[administration.domain.site]
    if row["kind"] != "revenue":
        raise Wrong("Onjuiste artikelcategorie")
    return code


def _compute_vat(rounding: str, lines: list[dict[str, Any]]) -> None:
    """Compute VAT where it is not stated: rounded on each line, or per rate with the difference on the last line."""
    open_lines = [line for line in lines if line["vat"] is None]
    for line in open_lines:
        line["vat"] = cents(line["_exact"])
    if rounding == "rate":
        groups: dict[tuple[int, str], list[dict[str, Any]]] = defaultdict(list)
        for line in open_lines:
            groups[line["vat_type"], line["vat_percentage"]].append(line)
        for group in groups.values():
            exact = cents(sum((line["_exact"] for line in group), Decimal(0)))
            group[-1]["vat"] += exact - sum((line["vat"] for line in group), Decimal(0))
