"""SOAP 1.1 envelopes of Twinfield's services, out and back. Pure.

An inner document travels as character data. What an answer is, good or fault, is decided by its body, never by its
text in the user's language. Source: vendor notes, SOAP transport and errors.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from lxml import etree

from .markup import Node, Unreadable, child, children, descendants, leaf, name_of, parse, text, written

ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
INSTANCE = "http://www.w3.org/2001/XMLSchema-instance"
TWINFIELD = "http://www.twinfield.com/"
SHARED = "http://schemas.datacontract.org/2004/07/Twinfield.WebServices.Shared"
PERIODS = "http://schemas.datacontract.org/2004/07/Twinfield.WebServices.PeriodService"
_REASON = re.compile(r"\s*(\d{1,4})\s*:\s*(.*)")
_LOGON_WORDS = "logon credentials are not valid"
TOKEN_CODES = frozenset({"354", "103"})


@dataclass(frozen=True, slots=True)
class Fault:
    """What a refused call says: its code (empty when it names none) and its words."""

    code: str
    words: str


def _envelope(header: Node, body: Node) -> bytes:
    soap = f"{{{ENVELOPE}}}"
    root = etree.Element(f"{soap}Envelope", nsmap={"soap": ENVELOPE, "xsi": INSTANCE})
    etree.SubElement(root, f"{soap}Header").append(header)
    etree.SubElement(root, f"{soap}Body").append(body)
    return etree.tostring(root, xml_declaration=True, encoding="utf-8")


def _header(token: str, company: str) -> Node:
    """Token, company and the nil company id, in the order of the service description."""
    header = etree.Element(f"{{{TWINFIELD}}}Header", nsmap={None: TWINFIELD, "xsi": INSTANCE})
    etree.SubElement(header, f"{{{TWINFIELD}}}AccessToken").text = token
    if company:
        etree.SubElement(header, f"{{{TWINFIELD}}}CompanyCode").text = company
    etree.SubElement(header, f"{{{TWINFIELD}}}CompanyId").set(f"{{{INSTANCE}}}nil", "true")
    return header


def process_envelope(token: str, company: str, document: Node) -> bytes:
    """ProcessXmlString with a document inside, as character data."""
    body = etree.Element(f"{{{TWINFIELD}}}ProcessXmlString", nsmap={None: TWINFIELD})
    # lxml writes every > of a text as an entity, so the end mark of the section cannot occur inside.
    etree.SubElement(body, f"{{{TWINFIELD}}}xmlRequest").text = etree.CDATA(written(document))
    return _envelope(_header(token, company), body)


def search_envelope(
    token: str, company: str, kind: str, pattern: str, field: int, first: int, most: int, options: Mapping[str, str]
) -> bytes:
    """Search of the finder."""
    space = f"{{{TWINFIELD}}}"
    body = etree.Element(f"{space}Search", nsmap={None: TWINFIELD})
    for name, value in (
        ("type", kind),
        ("pattern", pattern),
        ("field", field),
        ("firstRow", first),
        ("maxRows", most),
    ):
        body.append(leaf(f"{space}{name}", value))
    holder = etree.SubElement(body, f"{space}options")
    for name, value in options.items():
        pair = etree.SubElement(holder, f"{space}ArrayOfString")
        pair.extend([leaf(f"{space}string", name), leaf(f"{space}string", value)])
    return _envelope(_header(token, company), body)


def periods_envelope(token: str, company: str, kind: str, year: int | None = None) -> bytes:
    """Query of the period service: GetYears, or GetPeriods of a year. Its header is another one."""
    spaces = {"twin": TWINFIELD, "shared": SHARED}
    header = etree.Element(f"{{{TWINFIELD}}}Authentication", nsmap=spaces)
    etree.SubElement(header, f"{{{SHARED}}}AccessToken").text = token
    etree.SubElement(header, f"{{{SHARED}}}CompanyCode").text = company
    body = etree.Element(f"{{{TWINFIELD}}}Query", nsmap={"twin": TWINFIELD, "i": INSTANCE, "a": PERIODS})
    body.set(f"{{{INSTANCE}}}type", f"a:{kind}")
    if year is not None:
        body.append(leaf(f"{{{PERIODS}}}Year", year))
    return _envelope(header, body)


# --- back -----------------------------------------------------------------------------------------------------


def body_of(data: bytes) -> Node:
    """The one element in the body of an answer. Raises Unreadable."""
    root = parse(data)
    body = child(root, "Body")
    inner = [one for one in body if isinstance(one.tag, str)] if body is not None else []
    if name_of(root) != "Envelope" or not inner:
        raise Unreadable("no envelope")
    return inner[0]


def fault_of(body: Node) -> Fault | None:
    """The fault that a body holds, None for a good answer."""
    if name_of(body) != "Fault":
        return None
    detail = child(body, "detail")
    code = next((one.text or "" for one in descendants(detail, "code")), "") if detail is not None else ""
    words = next((one.text or "" for one in descendants(detail, "message")), "") if detail is not None else ""
    return _fault(code.strip(), words.strip() or text(body, "faultstring"))


def fault_of_reason(reason: str) -> Fault | None:
    """The code in a reason phrase: `354 : Access denied. Token invalid.`"""
    match = _REASON.fullmatch(reason)
    return _fault(match[1], match[2]) if match else None


def _fault(code: str, words: str) -> Fault:
    # One client meets this text without a code.
    return Fault(code or ("103" if _LOGON_WORDS in words.lower() else ""), words)


def document_of(body: Node) -> Node:
    """The document inside an answer of ProcessXmlString, parsed a second time. Raises Unreadable."""
    result = child(body, "ProcessXmlStringResult")
    if result is None or not (result.text or "").strip():
        raise Unreadable("no document inside")
    return parse(result.text or "")


@dataclass(frozen=True, slots=True)
class Rows:
    """A finder's answer: rows by position, how many there are in all, and its errors as (code, words)."""

    rows: tuple[tuple[str, ...], ...]
    total: int
    errors: tuple[tuple[str, str], ...]


def rows_of(body: Node) -> Rows:
    """What a search found; a lone row is a list of one. Raises Unreadable."""
    data = child(body, "data")
    messages = [
        (text(one, "Code"), text(one, "Text"))
        for one in children(child(body, "SearchResult"), "MessageOfErrorCodes")
        if text(one, "Type") == "Error"
    ]
    if data is None and not messages:
        raise Unreadable("no data")
    items = tuple(
        tuple((cell.text or "").strip() for cell in children(row, "string"))
        for row in children(child(data, "Items"), "ArrayOfString")
    )
    total = text(data, "TotalRows")
    return Rows(items, int(total) if total.isdigit() else len(items), tuple(messages))
