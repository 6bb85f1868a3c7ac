"""XML with lxml: read without document types, entities, network and huge trees; written without white space.

Source: vendor notes, ProcessXml; design, section 10.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from lxml import etree

from ..base.texts import clean

Node = etree._Element


class Unreadable(Exception):
    """What came is no XML document that we read."""


def parse(data: bytes | str) -> Node:
    """The root of a document. Raises Unreadable, also for one with a document type, which nobody sends us."""
    raw = data.encode() if isinstance(data, str) else data
    if b"<!DOCTYPE" in raw or b"<!ENTITY" in raw:
        raise Unreadable("a document type")
    parser = etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=False,
        recover=False,
        remove_comments=True,
        remove_pis=True,
    )
    try:
        root = etree.fromstring(raw, parser)
    except (etree.XMLSyntaxError, ValueError) as exc:
        raise Unreadable(str(exc)) from exc
    if root is None or root.getroottree().docinfo.doctype:
        raise Unreadable("no document")
    return root


def name_of(node: Node) -> str:
    """The local name of an element."""
    return etree.QName(node).localname


def children(node: Node | None, name: str) -> Iterator[Node]:
    """The children of that local name."""
    if node is not None:
        for one in node:
            if isinstance(one.tag, str) and name_of(one) == name:
                yield one


def child(node: Node | None, *path: str) -> Node | None:
    """The first element along a path of local names."""
    for name in path:
        node = next(children(node, name), None)
    return node


def descendants(node: Node, name: str) -> Iterator[Node]:
    """Elements of that local name anywhere below, whatever their namespace."""
    return node.iter(f"{{*}}{name}")


def text(node: Node | None, *path: str) -> str:
    """The text of the first element along a path, stripped; empty when there is none."""
    found = child(node, *path)
    return (found.text or "").strip() if found is not None else ""


def attribute(node: Node | None, name: str) -> str:
    """An attribute's value, empty when there is none."""
    return str(node.get(name) or "").strip() if node is not None else ""


def element(tag: str, *inner: Node | None, **attributes: str) -> Node:
    """An element with children; None among them is passed over."""
    node = etree.Element(tag, attributes)
    node.extend([one for one in inner if one is not None])
    return node


def leaf(tag: str, value: object, **attributes: str) -> Node:
    """An element with text; signs that XML cannot hold are left out."""
    node = etree.Element(tag, attributes)
    node.text = clean(str(value))
    return node


def optional(tag: str, value: object, **attributes: str) -> Node | None:
    """An element with text, None when there is none: empty text must not blank anything over there."""
    return leaf(tag, value, **attributes) if clean(str(value)) else None


def written(node: Node) -> str:
    """The document as text, without declaration and white space between elements."""
    found: Any = etree.tostring(node, encoding="unicode")
    return str(found)
