"""Envelopes of SOAP 1.1 and what comes back in them; names are compared without their namespace. Pure.

Answers mix three namespaces and switch back to none in the middle, so a namespace proves nothing. The parser takes
no DTD, no entities and nothing from the network. Source: vendor notes, transport and envelopes.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from lxml import etree

from .values import clean, text

SERVICE = "http://www.theyukicompany.com/"
SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
XSI = "http://www.w3.org/2001/XMLSchema-instance"
NIL = f"{{{XSI}}}nil"

Element = etree._Element
# A parameter is text, nothing at all (sent as nil), bytes (sent in base64) or a document (sent as elements).
Value = str | bytes | Element | None
Parameters = Sequence[tuple[str, Value]]


class Unreadable(ValueError):
    """An answer that is no XML as we take it."""


@dataclass(frozen=True, slots=True)
class Fault:
    """A refusal of the whole call in the tool's own words."""

    code: str
    text: str
    detail: str = ""

    @property
    def words(self) -> str:
        """Everything it says."""
        return " ".join(filter(None, (self.text, self.detail)))


def envelope(operation: str, parameters: Parameters) -> bytes:
    """A call; parameters in the order given, which is that of the service description."""
    root = etree.Element(f"{{{SOAP}}}Envelope", nsmap={"soap": SOAP, "y": SERVICE, "xsi": XSI})
    called = etree.SubElement(etree.SubElement(root, f"{{{SOAP}}}Body"), f"{{{SERVICE}}}{operation}")
    for name, value in parameters:
        node = etree.SubElement(called, f"{{{SERVICE}}}{name}")
        if value is None:
            node.set(NIL, "true")
        elif isinstance(value, bytes):
            node.text = base64.b64encode(value).decode("ascii")
        elif isinstance(value, str):
            node.text = clean(value)
        else:
            node.append(value)
    return etree.tostring(root, xml_declaration=True, encoding="utf-8")


def parse(body: bytes) -> Element:
    """The root of an answer. Raises Unreadable for anything but plain XML."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, dtd_validation=False, huge_tree=False, remove_pis=True
    )
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError) as exc:
        raise Unreadable("no XML") from exc
    if root is None or root.getroottree().docinfo.doctype:
        raise Unreadable("a document type is not taken")
    return root


def name_of(node: Element) -> str:
    """The name of an element without its namespace; empty for comments."""
    return node.tag.rpartition("}")[2] if isinstance(node.tag, str) else ""


def children(node: Element | None, name: str = "") -> list[Element]:
    """The child elements of that name, or all of them."""
    if node is None:
        return []
    return [one for one in node if isinstance(one.tag, str) and name in ("", name_of(one))]


def child(node: Element | None, name: str) -> Element | None:
    """The first child of that name."""
    if node is None:
        return None
    return next((one for one in node if name_of(one) == name), None)


def value(node: Element | None, path: str) -> str:
    """The text at a path of names, empty when it is not there or nil."""
    for name in path.split("/"):
        node = child(node, name)
    return "" if node is None or node.get(NIL) == "true" else text(node.text)


def descendants(node: Element | None, name: str) -> Iterator[Element]:
    """The elements of that name anywhere below, whatever wraps them."""
    if node is None:
        return
    for one in node.iter(f"{{*}}{name}"):  # of any namespace, or none
        if one is not node:
            yield one


def fault_of(root: Element) -> Fault | None:
    """The fault inside an envelope, in either version of SOAP; None when there is none."""
    fault = child(child(root, "Body"), "Fault")
    if fault is None:
        return None
    detail = child(fault, "detail")
    return Fault(
        code=value(fault, "faultcode") or value(fault, "Code/Value"),
        text=value(fault, "faultstring") or value(fault, "Reason/Text"),
        detail="" if detail is None else text(" ".join(part.strip() for part in detail.itertext())),
    )


def result_of(root: Element, operation: str) -> Element | None:
    """The result inside an envelope: None when the response is empty.

    Raises Unreadable when it is no response to that operation; one known answer is named after another operation, so
    only its ending counts.
    """
    response = next(iter(children(child(root, "Body"))), None)
    if name_of(root) != "Envelope" or response is None or not name_of(response).endswith("Response"):
        raise Unreadable(f"no response to {operation}")
    return next((one for one in children(response) if name_of(one).endswith("Result")), None)
