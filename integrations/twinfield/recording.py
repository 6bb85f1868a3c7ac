"""Makes kept calls readable and silent about people: the log sees documents as XML, without names and addresses.

Inner documents travel as character data, which the common redaction would read past; codes and amounts stay.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace

from ..base.http import CallGate, CallRecord

_PERSONAL = "[personal]"
_ENTITIES = (("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&amp;", "&"))
_ATTRIBUTE = re.compile(r'(?<=\s)((?:short)?name)="[^"<]+(?:"|$)')
_ELEMENT = re.compile(
    r"(<(?:name|shortname|website|vatnumber|cocnumber|city|postcode|telephone|telefax|contact|description|ascription|iban|"
    r"biccode|accountnumber|bankname|ebillmail|email|paymentreference|field[1-6])(?:\s[^<>]*)?>)[^<]+"
)
# Of a row of the finder the code stays, its first cell; the pattern may be a name or a number of somebody.
_FINDER_ROW = re.compile(r"(<ArrayOfString><string>[^<]*</string>)(?:<string>[^<]*(?:</string>|$))+")
_FINDER_PATTERN = re.compile(r"(<pattern>)[^<]+")


def plain(body: str) -> str:
    """A request or answer with its inner document readable, and nobody in it."""
    for entity, sign in _ENTITIES:
        body = body.replace(entity, sign)
    body = _ATTRIBUTE.sub(rf'\1="{_PERSONAL}"', body)
    body = _ELEMENT.sub(rf"\g<1>{_PERSONAL}", body)
    if "<Search " in body:
        return _FINDER_PATTERN.sub(rf"\g<1>{_PERSONAL}", body)
    return _FINDER_ROW.sub(rf"\g<1><string>{_PERSONAL}</string>", body)


class QuietGate:
    """A gate that keeps calls in their readable form."""

    def __init__(self, gate: CallGate) -> None:
        self._gate = gate

    def before(self, operation: str, *, deadline_seconds: float) -> None:
        self._gate.before(operation, deadline_seconds=deadline_seconds)

    def after(self, record: CallRecord, headers: Mapping[str, str]) -> None:
        kept = replace(record, request_body=plain(record.request_body), answer_body=plain(record.answer_body))
        self._gate.after(kept, headers)
