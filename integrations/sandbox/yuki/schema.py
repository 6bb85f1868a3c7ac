"""What a document must look like before anything in it is handled: names, order, values. One fault refuses all.

The texts follow the wording of .NET's schema validation.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal

from .facts import CONTACT_NS, SALES_NS, XSI_NIL, contact_order, sales_order
from .soap import Fault, local

_REPEATED = {"SalesInvoice", "InvoiceLine", "SourceInvoiceReference"}
_MANDATORY = {
    "SalesInvoice": ("Date", "Contact", "InvoiceLines"),
    "InvoiceLines": ("InvoiceLine",),
    "InvoiceLine": ("Product",),
    "Product": ("Description",),
}
_DECIMAL = re.compile(r"-?\d+(\.\d+)?")


def _is_boolean(text: str) -> bool:
    return text in ("true", "false", "1", "0")


def _is_date(text: str) -> bool:
    try:
        date.fromisoformat(text[:10])
    except ValueError:
        return False
    return len(text) == 10 or text[10] == "T"


def _is_decimal(digits: int, places: int) -> Callable[[str], bool]:
    def test(text: str) -> bool:
        if not _DECIMAL.fullmatch(text):
            return False
        whole, _, part = text.lstrip("-").partition(".")
        return len(part) <= places and len(whole.lstrip("0")) + places <= digits

    return test


def _is_short(most: int, least: int = 0) -> Callable[[str], bool]:
    return lambda text: least <= len(text) <= most


_VALUES: dict[str, Callable[[str], bool]] = {
    "SalesInvoice/Process": _is_boolean,
    "SalesInvoice/EmailToCustomer": _is_boolean,
    "SalesInvoice/SentToPeppol": _is_boolean,
    "SalesInvoice/Date": _is_date,
    "SalesInvoice/DueDate": _is_date,
    "SalesInvoice/PaymentMethod": _is_short(60),
    "SalesInvoice/Notes": _is_short(500),
    "Contact/ContactType": lambda text: text in ("Company", "Person"),
    "Contact/Gender": lambda text: text in ("Male", "Female"),
    "InvoiceLine/ProductQuantity": _is_decimal(14, 4),
    "InvoiceLine/LineAmount": _is_decimal(12, 2),
    "InvoiceLine/LineVATAmount": _is_decimal(12, 2),
    "Product/Description": lambda text: len(text) >= 1,
    "Product/SalesPrice": lambda text: text == "" or _is_decimal(14, 4)(text),
    "Product/VATPercentage": _is_decimal(14, 2),
    "Product/VATIncluded": _is_boolean,
    "Product/VATType": lambda text: text.isdigit(),
    "Product/Category": lambda text: text == "13",
}


def check_sales(document: ET.Element | None) -> ET.Element:
    """Return a sales document that keeps the schema. Raises Fault for one that does not."""
    return _check(document, "SalesInvoices", SALES_NS, sales_order())


def check_contact(document: ET.Element | None) -> ET.Element:
    """Return a contact document that keeps the schema. Raises Fault for one that does not."""
    return _check(document, "Contact", CONTACT_NS, {"Contact": contact_order()})


def _check(document: ET.Element | None, root: str, namespace: str, order: dict[str, list[str]]) -> ET.Element:
    if document is None:
        raise Fault("The xml document is empty: Root element is missing.")
    if document.tag != f"{{{namespace}}}{root}":
        raise Fault(f"The XML document is invalid:\nThe '{document.tag}' element is not declared.")
    mistakes = list(_mistakes(document, namespace, order))
    if mistakes:
        raise Fault("The XML document is invalid:\n" + "\n".join(mistakes))
    return document


def _mistakes(node: ET.Element, namespace: str, order: dict[str, list[str]]) -> Sequence[str]:
    name = local(node.tag)
    allowed = order.get(name)
    if allowed is None:
        return _value_mistakes(node, name)
    found: list[str] = []
    place, before = 0, ""
    for child in node:
        part = local(child.tag)
        later = allowed[place:]
        repeated = part == before and part in _REPEATED
        if child.tag != f"{{{namespace}}}{part}" or (part not in later and not repeated):
            return [
                f"The element '{name}' in namespace '{namespace}' has invalid child element '{part}' in namespace"
                f" '{child.tag[1:].partition('}')[0]}'. List of possible elements expected: '{', '.join(later)}'."
            ]
        if not repeated:
            place = allowed.index(part, place) + 1
        before = part
        found += _mistakes(child, namespace, order) if part in order else _value_mistakes(child, f"{name}/{part}")
    present = {local(child.tag) for child in node}
    found += [
        f"The element '{name}' in namespace '{namespace}' has incomplete content. List of possible elements expected:"
        f" '{part}'."
        for part in _MANDATORY.get(name, ())
        if part not in present
    ]
    return found


def _value_mistakes(node: ET.Element, path: str) -> list[str]:
    test = _VALUES.get(path)
    text = node.text or ""
    if test is None or node.get(XSI_NIL) == "true" or test(text):
        return []
    return [
        f"The '{local(node.tag)}' element is invalid - The value '{text[:60]}' is invalid according to its datatype."
    ]


def number(text: str) -> Decimal:
    """Return a decimal of a checked document; empty is zero."""
    return Decimal(text) if text else Decimal(0)
