"""SOAP 1.1 envelopes: what came in, what goes out, and the two ways of saying no."""

from __future__ import annotations

from dataclasses import dataclass
from html import escape

from ..messages import Request, Response
from .markup import Element, NotXml, child, local, parse, text_of

ENVELOPE = "http://schemas.xmlsoap.org/soap/envelope/"
TWINFIELD = "http://www.twinfield.com/"
XML = "text/xml; charset=utf-8"
FAULTS = {
    100: ("Unexpected exception.", 500),
    101: ("Access token and company id are missing.", 500),
    102: ("Access denied.", 403),
    103: ("Your logon credentials are not valid anymore. Try to log on again.", 401),
    104: ("The logon is deleted.", 403),
    105: ("The logon is disabled.", 403),
    106: ("The organisation is inactive.", 403),
    108: ("The server refused the request.", 500),
    109: ("The user needs access to at least one company.", 500),
    187: ("Invalid XML.", 500),
    351: ("Access denied. Claim twf.organisationUserCode is missing.", 401),
    354: ("Access denied. Token invalid.", 401),
    358: ("The token cannot be validated.", 500),
    359: ("Access denied. Company is missing in request header.", 500),
}


class Fault(Exception):
    """A call that is refused before its content is looked at."""

    def __init__(self, code: int, text: str = "") -> None:
        super().__init__(text)
        self.code = code
        self.text = text


@dataclass(frozen=True, slots=True)
class Call:
    """One SOAP call: operation, header values and the element of the body."""

    operation: str
    token: str
    company: str
    has_company_id: bool
    body: Element


def read(request: Request) -> Call:
    """Return the call of a request. Raises Fault for what is no proper envelope."""
    try:
        envelope = parse(request.body)
    except NotXml as exc:
        raise Fault(187) from exc
    if envelope.tag != f"{{{ENVELOPE}}}Envelope":
        raise Fault(187)
    body = child(envelope, "Body")
    if body is None or not len(body):
        raise Fault(187)
    header = child(envelope, "Header")
    holder = child(header, "Header")
    if holder is None:
        holder = child(header, "Authentication")
    if holder is not None and holder.tag not in (f"{{{TWINFIELD}}}Header", f"{{{TWINFIELD}}}Authentication"):
        raise Fault(101)
    operation = body[0]
    if not operation.tag.startswith(f"{{{TWINFIELD}}}"):
        raise Fault(187)
    named = request.headers.get("soapaction", "").strip('"')
    if named.rpartition("/")[2] != local(operation):
        raise Fault(187)
    names = [local(one) for one in holder] if holder is not None else []
    if [name for name in ("SessionID", "AccessToken", "CompanyCode", "CompanyId") if name in names] != names:
        raise Fault(187)  # the order of the sequence
    return Call(
        operation=local(operation),
        token=text_of(holder, "AccessToken"),
        company=text_of(holder, "CompanyCode"),
        has_company_id=child(holder, "CompanyId") is not None,
        body=operation,
    )


def answer(inner: str) -> Response:
    """Return a good answer around XML."""
    text = (
        '<?xml version="1.0" encoding="utf-8"?>'
        f'<soap:Envelope xmlns:soap="{ENVELOPE}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
        f' xmlns:xsd="http://www.w3.org/2001/XMLSchema"><soap:Body>{inner}</soap:Body></soap:Envelope>'
    )
    return Response(200, text.encode(), XML)


def result(document: str) -> Response:
    """Return the answer of ProcessXmlString: the document travels as text."""
    return answer(
        f'<ProcessXmlStringResponse xmlns="{TWINFIELD}"><ProcessXmlStringResult>{escape(document, quote=False)}'
        "</ProcessXmlStringResult></ProcessXmlStringResponse>"
    )


def fault(code: int, where: str, text: str = "", *, how: str = "reason") -> Response:
    """Return a fault. `how`: the code in reason phrase and body, in the body alone, or as a 500."""
    words, status = FAULTS[code]
    words = text or words
    response = answer(
        "<soap:Fault><faultcode>soap:Server</faultcode>"
        f"<faultstring>{escape(words)}</faultstring><detail><message xmlns=''>{escape(words)}</message>"
        f"<code xmlns=''>{code}</code><source xmlns=''>{escape(where)}</source></detail></soap:Fault>"
    )
    response.status = 500 if how == "500" else status
    if how == "reason" and status != 500:
        response.reason = f"{code} : {words}"
    return response
