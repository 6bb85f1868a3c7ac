"""XML in and out, with the standard library only; what could expand or reach out is refused unread."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Mapping

Element = ET.Element


class NotXml(ValueError):
    """The text is no XML document, or one with a document type."""


def parse(text: bytes | str) -> Element:
    """Return the root of a document. Raises NotXml."""
    data = text.encode() if isinstance(text, str) else text
    if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
        raise NotXml("a document type is not accepted")
    try:
        return ET.fromstring(data)  # noqa: S314 - no document type, so no entities
    except ET.ParseError as exc:
        raise NotXml(str(exc)) from exc


def local(element: Element) -> str:
    """Return the name of an element without its namespace."""
    return element.tag.rpartition("}")[2]


def child(element: Element | None, name: str) -> Element | None:
    """Return the first child of that local name."""
    if element is None:
        return None
    return next((one for one in element if local(one) == name), None)


def children(element: Element | None, name: str) -> list[Element]:
    """Return what stands inside the first child of that local name."""
    found = child(element, name)
    return [] if found is None else list(found)


def text_of(element: Element | None, name: str) -> str:
    """Return the text of a child, empty when there is none."""
    found = child(element, name)
    return (found.text or "").strip() if found is not None else ""


def make(name: str, text: object = None, /, **attributes: str) -> Element:
    """Return a new element; `None` leaves it empty."""
    element = ET.Element(name, attributes)
    if text is not None:
        element.text = str(text)
    return element


def add(parent: Element, name: str, text: object = None, /, **attributes: str) -> Element:
    """Add a new child and return it."""
    element = make(name, text, **attributes)
    parent.append(element)
    return element


def fill(parent: Element, values: Mapping[str, object]) -> None:
    """Add a child per value."""
    for name, value in values.items():
        add(parent, name, value)


def written(element: Element) -> str:
    """Return the document as text, without a declaration."""
    return ET.tostring(element, encoding="unicode")
