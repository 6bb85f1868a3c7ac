"""Writing what we say of an invoice that we received: an Invoice Response, BIS Invoice Response 3 (transaction 111).

The same record gives the same bytes. Elements stand in the order of the schema, and no others.
Source: OpenPEPPOL, BIS Invoice Response 3.2; rules T111 of release 2026.5; sheet on Peppol, section 14.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from lxml import etree

from invoicing.peppol.document import Identifier
from invoicing.peppol.reading.values import identifier_text, one_line
from invoicing.peppol.statuses import REASONS

NAMESPACE = "urn:oasis:names:specification:ubl:schema:xsd:ApplicationResponse-2"
_CAC = "urn:oasis:names:specification:ubl:schema:xsd:CommonAggregateComponents-2"
_CBC = "urn:oasis:names:specification:ubl:schema:xsd:CommonBasicComponents-2"

CUSTOMIZATION = "urn:fdc:peppol.eu:poacc:trns:invoice_response:3"
PROFILE = "urn:fdc:peppol.eu:poacc:bis:invoice_response:3"
# An invoice under this profile demands an answer, which then stands under it as well.
WITH_RESPONSE = "urn:peppol:bis:billing_with_response"


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A side of the message: where it is on the network, and its name."""

    endpoint: Identifier
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class InvoiceResponse:
    """One status of one invoice or credit note. `reason_code` is one of REASON_CODES, empty where none is asked for."""

    number: str  # of this message, for ever its own
    day: date
    sender: Named
    receiver: Named
    code: str
    decided_on: date
    document_number: str
    document_day: date
    document_type: str
    profile: str = PROFILE
    reason_code: str = ""
    reason: str = ""


def write_response(response: InvoiceResponse) -> bytes:
    """Return the message as UTF-8 XML. Values that are empty leave no element behind."""
    root = etree.Element(
        etree.QName(NAMESPACE, "ApplicationResponse"), nsmap={None: NAMESPACE, "cac": _CAC, "cbc": _CBC}
    )
    _text(root, "CustomizationID", CUSTOMIZATION)
    _text(root, "ProfileID", response.profile)
    _text(root, "ID", response.number)
    _text(root, "IssueDate", response.day.isoformat())
    _party(root, "SenderParty", response.sender)
    _party(root, "ReceiverParty", response.receiver)
    answer = _part(root, "DocumentResponse")
    said = _part(answer, "Response")
    _text(said, "ResponseCode", response.code)
    _text(said, "EffectiveDate", response.decided_on.isoformat())
    if response.reason_code:
        status = _part(said, "Status")
        _text(status, "StatusReasonCode", response.reason_code, listID=REASONS)
        _text(status, "StatusReason", one_line(response.reason))
    about = _part(answer, "DocumentReference")
    _text(about, "ID", identifier_text(response.document_number))
    _text(about, "IssueDate", response.document_day.isoformat())
    _text(about, "DocumentTypeCode", response.document_type)
    return etree.tostring(root, xml_declaration=True, encoding="UTF-8", pretty_print=True)


def _part(parent: etree._Element, name: str) -> etree._Element:
    return etree.SubElement(parent, etree.QName(_CAC, name))


def _text(parent: etree._Element, name: str, value: str, /, **attributes: str) -> None:
    if not value:
        return
    element = etree.SubElement(parent, etree.QName(_CBC, name))
    element.text = value
    for key, attribute in attributes.items():
        element.set(key, attribute)


def _party(root: etree._Element, name: str, side: Named) -> None:
    part = _part(root, name)
    _text(part, "EndpointID", side.endpoint.value, schemeID=side.endpoint.scheme)
    _text(_part(part, "PartyLegalEntity"), "RegistrationName", one_line(side.name))
