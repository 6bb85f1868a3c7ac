"""Envelopes, faults and typed parameters, the way ASP.NET takes and gives them."""

from __future__ import annotations

import binascii
import re
import xml.etree.ElementTree as ET
from base64 import b64decode
from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from html import escape
from typing import Any

from ..messages import Request, Response
from .facts import ENUMS, SERVICE_NS, SORT_ORDERS, XSI_NIL, Operation

SOAP11 = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP12 = "http://www.w3.org/2003/05/soap-envelope"
XML = "text/xml; charset=utf-8"
_DECLARATION = '<?xml version="1.0" encoding="utf-8"?>'


class Fault(Exception):
    """A refusal of the whole call."""

    def __init__(self, text: str, code: str = "soap:Server", detail: str = "", status: int = 500) -> None:
        super().__init__(text)
        self.text = text
        self.code = code
        self.detail = detail
        self.status = status

    def response(self) -> Response:
        """Return the answer as SOAP 1.1 writes it; another status than 500 has no body."""
        if self.status != 500:
            return Response(self.status, b"", "")
        detail = f"<detail>{escape(self.detail)}</detail>" if self.detail else "<detail/>"
        inner = (
            f"<soap:Fault><faultcode>{self.code}</faultcode><faultstring>{escape(self.text)}</faultstring>{detail}"
            "</soap:Fault>"
        )
        return Response(500, _envelope(inner), XML)


def _envelope(inner: str) -> bytes:
    text = f'{_DECLARATION}<soap:Envelope xmlns:soap="{SOAP11}"><soap:Body>{inner}</soap:Body></soap:Envelope>'
    return text.encode()


def element(name: str, value: object = "", **attributes: object) -> str:
    """Return one element with escaped text; None becomes an empty element."""
    head = "".join(f' {key}="{escape(str(one))}"' for key, one in attributes.items())
    text = "" if value is None else escape(_plain(value), quote=False)
    return f"<{name}{head}>{text}</{name}>" if text else f"<{name}{head}/>"


def parent(name: str, inner: str, attributes: str = "") -> str:
    """Return an element around markup; `attributes` begin with a blank."""
    return f"<{name}{attributes}>{inner}</{name}>"


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def answer(operation: Operation, result: str | None) -> Response:
    """Return the answer; `result` is text, markup with its own namespace, or rows in the service's namespace."""
    if operation.result == "empty" or result is None:
        inner = ""
    elif operation.result == "text":
        inner = element(f"{operation.name}Result", result)
    else:
        inner = parent(f"{operation.name}Result", result)
    body = parent(
        f"{operation.name}Response",
        inner,
        f' xmlns="{SERVICE_NS}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"',
    )
    return Response(200, _envelope(body), XML)


def parse(request: Request) -> tuple[str, ET.Element]:
    """Return the name and the element of the called operation. Raises Fault."""
    if b"<!DOCTYPE" in request.body or b"<!ENTITY" in request.body:
        raise Fault("Server was unable to process request. ---> DTD is prohibited in this XML document.")
    if "xml" not in request.headers.get("content-type", ""):
        raise Fault("The content type of the request is not supported.", "soap:Client", status=415)
    try:
        root = ET.fromstring(request.body)  # noqa: S314 - no DTD passes the check above
    except ET.ParseError as exc:
        raise Fault(f"Server was unable to read request. ---> There is an error in XML document ({exc}).") from exc
    body = root.find(f"{{{SOAP11}}}Body")
    if body is None:
        body = root.find(f"{{{SOAP12}}}Body")
    if body is None or len(body) == 0:
        raise Fault("Server was unable to read request. ---> The envelope has no body.", "soap:Client")
    called = body[0]
    name = local(called.tag)
    action = request.headers.get("soapaction", "").strip('"')
    if action and action != SERVICE_NS + name:
        raise Fault(f"Server did not recognize the value of HTTP Header SOAPAction: {action}.", "soap:Client")
    return name, called


def local(tag: str) -> str:
    """Return a tag without its namespace."""
    return tag.rpartition("}")[2]


def parameters(service: str, operation: Operation, called: ET.Element) -> dict[str, Any]:
    """Return the typed parameters: unknown names are ignored, missing strings None, missing values their default."""
    given = {child.tag: child for child in called}
    return {
        parameter.name: _typed(service, parameter.kind, parameter.name, given.get(f"{{{SERVICE_NS}}}{parameter.name}"))
        for parameter in operation.parameters
    }


def plain_parameters(service: str, operation: Operation, values: Mapping[str, str]) -> dict[str, Any]:
    """Return the typed parameters of a call by GET or POST of a form, which has no XML parameters."""
    found: dict[str, Any] = {}
    for parameter in operation.parameters:
        if parameter.kind == "any-xml":
            raise Fault("Request format is unrecognized for URL unexpectedly ending in the operation.", status=404)
        text = values.get(parameter.name)
        node = None
        if text is not None:
            node = ET.Element(parameter.name)
            node.text = text
        found[parameter.name] = _typed(service, parameter.kind, parameter.name, node)
    return found


def _typed(service: str, kind: str, name: str, node: ET.Element | None) -> Any:
    if kind == "any-xml":
        return None if node is None or len(node) == 0 else node[0]
    nil = node is None or node.get(XSI_NIL) == "true"
    text = "" if node is None else (node.text or "").strip()
    try:
        match kind:
            case "boolean":
                return False if nil else {"true": True, "1": True, "false": False, "0": False}[text]
            case "int":
                return None if nil else int(text)
            case "decimal":
                return Decimal(0) if nil else Decimal(text)
            case "dateTime":
                return None if nil else datetime.fromisoformat(text).replace(tzinfo=None)
            case "base64Binary":
                return None if node is None else b64decode(text, validate=True)
            case "enum":
                allowed = SORT_ORDERS[service] if name == "sortOrder" else ENUMS[name]
                return allowed[0] if nil else allowed[allowed.index(text)]
    except (KeyError, ValueError, InvalidOperation, binascii.Error) as exc:
        raise Fault(
            "Server was unable to read request. ---> There is an error in XML document. ---> Instance validation"
            f" error: '{text[:40]}' is not a valid value for {name}.",
            "soap:Client",
        ) from exc
    return None if node is None else node.text or ""


_GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")


def guid(value: object) -> str:
    """Return a guid in lower case, empty text for anything else."""
    found = str(value or "").strip("{} ").lower()
    return found if _GUID.fullmatch(found) else ""
