"""From bytes of a stranger to a tree that holds nothing but elements and text.

Two passes: expat first, which only counts and stops at a document type, then lxml without entities, network or document
types. The second parser may read huge texts, which switches off its own guard against growing entities: that is safe
only behind the first. Source: the sheet on Peppol, section 11, where the attacks were tried.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from xml.parsers import expat

from lxml import etree

from invoicing.peppol.document import Identifier, gettext_noop
from invoicing.peppol.reading.limits import Clock, Limits, Refusal
from invoicing.peppol.reading.values import identifier_text

_INVOICE = "urn:oasis:names:specification:ubl:schema:xsd:Invoice-2"
_CREDIT_NOTE = "urn:oasis:names:specification:ubl:schema:xsd:CreditNote-2"
_ENVELOPE = "http://www.unece.org/cefact/namespaces/StandardBusinessDocumentHeader"
_RESPONSE = "{urn:oasis:names:specification:ubl:schema:xsd:ApplicationResponse-2}ApplicationResponse"
ROOTS = {f"{{{_INVOICE}}}Invoice": "Invoice", f"{{{_CREDIT_NOTE}}}CreditNote": "CreditNote"}

# Both parsers know these and read them alike; with a rarer one they might read two different documents.
_ENCODINGS = frozenset(
    {
        "utf-8",
        "utf8",
        "utf-16",
        "utf-16le",
        "utf-16be",
        "us-ascii",
        "ascii",
        "iso-8859-1",
        "iso-8859-15",
        "windows-1252",
    }
)
_CHUNK = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """The addresses on the envelope (SBDH) of an access point: more trustworthy than those inside the document."""

    sender: Identifier | None = None
    receiver: Identifier | None = None
    message_id: str = ""


def parse(data: bytes, limits: Limits, clock: Clock) -> etree._Element:
    """Return the root of `data`. Refusal: too large, no XML, broken, or XML that could do harm."""
    if len(data) > limits.message:
        raise Refusal(
            "too-large",
            gettext_noop("The file is larger than %(limit)s MB. Ask the sender for a smaller one."),
            limit=f"{limits.message / (1024 * 1024):g}",
        )
    _refuse_other_kinds(data)
    data = data.lstrip(b" \t\r\n")
    _Scan(limits, clock).run(data)
    clock.check()
    parser = etree.XMLParser(
        resolve_entities=False,
        load_dtd=False,
        no_network=True,
        dtd_validation=False,
        attribute_defaults=False,
        remove_comments=True,
        remove_pis=True,
        huge_tree=True,
        recover=False,
    )
    try:
        root = etree.fromstring(data, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise _broken() from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise _document_type()
    return root


def payload(root: etree._Element, roots: Mapping[str, str] = ROOTS) -> tuple[etree._Element, Envelope]:
    """Return the document, by default an invoice or credit note, and its envelope, if it came in one."""
    if root.tag in roots:
        return root, Envelope()
    if root.tag != f"{{{_ENVELOPE}}}StandardBusinessDocument":
        raise _not_ubl(root)
    header = root.find(f"{{{_ENVELOPE}}}StandardBusinessDocumentHeader")
    inside = [child for child in root if child is not header]
    if header is None or len(inside) != 1:
        raise Refusal(
            "envelope", gettext_noop("The envelope of this message does not hold exactly one document with one header.")
        )
    if inside[0].tag not in roots:
        raise _not_ubl(inside[0])
    found = Envelope(
        sender=_participant(header, "Sender"),
        receiver=_participant(header, "Receiver"),
        message_id=identifier_text(
            header.findtext(f"{{{_ENVELOPE}}}DocumentIdentification/{{{_ENVELOPE}}}InstanceIdentifier") or ""
        ),
    )
    return inside[0], found


def _participant(header: etree._Element, side: str) -> Identifier | None:
    text = identifier_text(header.findtext(f"{{{_ENVELOPE}}}{side}/{{{_ENVELOPE}}}Identifier") or "")
    text = text.removeprefix("iso6523-actorid-upis::")
    scheme, colon, value = text.partition(":")
    if not text:
        return None
    return Identifier(scheme=scheme, value=value) if colon else Identifier(value=text)


class _Scan:
    """The first pass: counts, keeps nothing."""

    def __init__(self, limits: Limits, clock: Clock) -> None:
        self._limits = limits
        self._clock = clock
        self._depth = 0
        self._elements = 0

    def run(self, data: bytes) -> None:
        parser = expat.ParserCreate()
        parser.SetParamEntityParsing(expat.XML_PARAM_ENTITY_PARSING_NEVER)
        parser.XmlDeclHandler = self._declaration
        parser.StartDoctypeDeclHandler = self._document_type
        parser.EntityDeclHandler = self._document_type
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        view = memoryview(data)
        try:
            for begin in range(0, len(view), _CHUNK):
                parser.Parse(view[begin : begin + _CHUNK], False)
                self._clock.check()
            parser.Parse(b"", True)
        except expat.ExpatError as error:
            if error.code == expat.errors.codes[expat.errors.XML_ERROR_UNKNOWN_ENCODING]:
                raise _encoding() from error
            raise _broken(error.lineno) from error
        except (ValueError, LookupError, UnicodeError) as error:
            # An encoding that Python does not know, or that has several bytes a sign.
            raise _encoding() from error

    def _declaration(self, _version: str, encoding: str | None, _standalone: int) -> None:
        if encoding is not None and encoding.lower() not in _ENCODINGS:
            raise _encoding()

    def _document_type(self, *_: Any) -> None:
        raise _document_type()

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        self._elements += 1
        limits = self._limits
        if self._depth > limits.depth:
            raise Refusal("too-deep", gettext_noop("The file is nested deeper than any invoice is. It was not read."))
        if self._elements > limits.elements or len(attributes) > limits.attributes:
            raise Refusal(
                "too-many",
                gettext_noop("The file has more elements than we read (%(limit)s)."),
                limit=str(limits.elements),
            )
        if len(name) > limits.name or (attributes and len(max(attributes, key=len)) > limits.name):
            raise Refusal("too-many", gettext_noop("The file has names longer than any invoice has. It was not read."))

    def _end(self, _name: str) -> None:
        self._depth -= 1


def _refuse_other_kinds(data: bytes) -> None:
    """Say plainly what was sent instead of an invoice, where its first bytes tell."""
    start = data[:1024].lstrip(b"\xef\xbb\xbf \t\r\n")
    if not start.strip(b"\x00\xff\xfe"):
        raise Refusal("empty", gettext_noop("The file is empty."))
    if start.startswith(
        (b"\x1f\x8b", b"PK\x03\x04", b"PK\x05\x06", b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf", b"Rar!", b"\x28\xb5\x2f\xfd")
    ):
        raise Refusal("packed", gettext_noop("The file is packed (ZIP or the like). Unpack it and add what is inside."))
    if start.startswith(b"%PDF"):
        raise Refusal(
            "pdf",
            gettext_noop(
                "This is a PDF and not an electronic invoice. Add it as an expense with a PDF, or ask for the UBL."
            ),
        )
    if start.lower().startswith((b"<!doctype html", b"<html")):
        raise Refusal("not-xml", gettext_noop("This is a web page and not an electronic invoice."))
    # UTF-16 has a zero in every other byte and begins with its mark or with "<".
    if b"<" not in start[:4] and not start.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise Refusal("not-xml", gettext_noop("This is not an electronic invoice: the file holds no XML."))


def _broken(line: int | None = None) -> Refusal:
    if line is None:
        return Refusal(
            "broken", gettext_noop("The file is damaged: its XML cannot be read. Ask the sender to send it again.")
        )
    return Refusal(
        "broken",
        gettext_noop("The file is damaged: its XML cannot be read at line %(line)s. Ask the sender to send it again."),
        line=str(line),
    )


def _document_type() -> Refusal:
    return Refusal(
        "doctype",
        gettext_noop(
            "The file has a document type (DOCTYPE), which an electronic invoice never has and which can do harm."
        ),
    )


def _encoding() -> Refusal:
    return Refusal(
        "encoding", gettext_noop("The file is written in an encoding that we do not read. Ask the sender for UTF-8.")
    )


def _not_ubl(root: etree._Element) -> Refusal:
    if root.tag == _RESPONSE:
        return Refusal("response", gettext_noop("This answers an invoice or credit note, and is none itself."))
    return Refusal(
        "not-ubl",
        gettext_noop("This is XML, but not a UBL invoice or credit note: it begins with “%(root)s”."),
        root=identifier_text(etree.QName(root).localname)[:60],
    )
