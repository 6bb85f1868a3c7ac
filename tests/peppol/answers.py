"""Answers to documents, as customers and the network send them; written by hand, so that reader and writer differ."""

from __future__ import annotations

from collections.abc import Sequence
from xml.sax.saxutils import escape

INVOICE_RESPONSE = "urn:fdc:peppol.eu:poacc:trns:invoice_response:3"
MESSAGE_RESPONSE = "urn:fdc:peppol.eu:poacc:trns:mlr:3"
_UBL = "urn:oasis:names:specification:ubl:schema:xsd"
_SBD = "http://www.unece.org/cefact/namespaces/StandardBusinessDocumentHeader"


def answer(
    *,
    code: str = "AB",
    document: str = "2026/0001",
    number: str = "answer-1",
    sender: str = "0208:0876543270",
    receiver: str = "0208:0765432146",
    kind: str = INVOICE_RESPONSE,
    reasons: Sequence[tuple[str, str, str]] = (),
    condition: tuple[str, str] | None = None,
    description: str = "",
    lines: Sequence[tuple[str, str]] = (),
    buyer: tuple[str, str] | None = None,
    envelope: tuple[str, str] | None = None,
) -> bytes:
    """`reasons`: list, code and words; `lines`: place and words; `envelope`: sender and receiver on it."""
    statuses = "".join(
        f'<cac:Status><cbc:StatusReasonCode listID="{name}">{reason}</cbc:StatusReasonCode>'
        + (f"<cbc:StatusReason>{escape(words)}</cbc:StatusReason>" if words else "")
        + (_condition(condition) if place == 0 else "")
        + "</cac:Status>"
        for place, (name, reason, words) in enumerate(reasons)
    )
    told = "".join(
        f"<cac:LineResponse><cac:LineReference><cbc:LineID>{place}</cbc:LineID></cac:LineReference><cac:Response>"
        f"<cbc:Description>{escape(words)}</cbc:Description></cac:Response></cac:LineResponse>"
        for place, words in lines
    )
    described = f"<cbc:Description>{escape(description)}</cbc:Description>" if description else ""
    recipient = (
        f'<cac:RecipientParty><cac:PartyIdentification><cbc:ID schemeID="{buyer[0]}">{buyer[1]}</cbc:ID>'
        "</cac:PartyIdentification></cac:RecipientParty>"
        if buyer
        else ""
    )
    message = (
        f'<ApplicationResponse xmlns="{_UBL}:ApplicationResponse-2" xmlns:cac="{_UBL}:CommonAggregateComponents-2"'
        f' xmlns:cbc="{_UBL}:CommonBasicComponents-2"><cbc:CustomizationID>{kind}</cbc:CustomizationID>'
        f"<cbc:ProfileID>urn:fdc:peppol.eu:poacc:bis:invoice_response:3</cbc:ProfileID><cbc:ID>{number}</cbc:ID>"
        f"<cbc:IssueDate>2026-11-20</cbc:IssueDate>{_party('SenderParty', sender, 'Ter Duinen NV')}"
        f"{_party('ReceiverParty', receiver, 'Linde Studio BV')}<cac:DocumentResponse><cac:Response>"
        f"<cbc:ResponseCode>{code}</cbc:ResponseCode>{described}{statuses}</cac:Response>"
        f"<cac:DocumentReference><cbc:ID>{escape(document)}</cbc:ID><cbc:DocumentTypeCode>380</cbc:DocumentTypeCode>"
        f"</cac:DocumentReference>{recipient}{told}</cac:DocumentResponse></ApplicationResponse>"
    )
    if envelope:
        message = _enveloped(message, *envelope)
    return f'<?xml version="1.0" encoding="UTF-8"?>{message}'.encode()


def _condition(condition: tuple[str, str] | None) -> str:
    if condition is None:
        return ""
    name, value = condition
    return (
        f"<cac:Condition><cbc:AttributeID>{name}</cbc:AttributeID><cbc:Description>{value}</cbc:Description>"
        "</cac:Condition>"
    )


def _party(element: str, endpoint: str, name: str) -> str:
    scheme, _colon, value = endpoint.partition(":")
    return (
        f'<cac:{element}><cbc:EndpointID schemeID="{scheme}">{value}</cbc:EndpointID><cac:PartyLegalEntity>'
        f"<cbc:RegistrationName>{name}</cbc:RegistrationName></cac:PartyLegalEntity></cac:{element}>"
    )


def _enveloped(message: str, sender: str, receiver: str) -> str:
    sides = "".join(
        f"<{side}><Identifier>{value}</Identifier></{side}>"
        for side, value in (("Sender", sender), ("Receiver", receiver))
    )
    return (
        f'<StandardBusinessDocument xmlns="{_SBD}"><StandardBusinessDocumentHeader>{sides}<DocumentIdentification>'
        f"<InstanceIdentifier>envelope-1</InstanceIdentifier></DocumentIdentification>"
        f"</StandardBusinessDocumentHeader>{message}</StandardBusinessDocument>"
    )
