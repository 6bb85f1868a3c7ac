"""Reading an invoice or credit note that a stranger sent.

`read` never raises for what is in the bytes: it answers with a `Reading`, or with a `NotReadable` that says why.
What breaks a rule is a finding; only what cannot be told for sure (no number, no date, an amount that is none, a
value that stands there twice) makes a document unreadable, because guessing would book a wrong one.
Texts lose the blanks around them; names and numbers also get single blanks inside.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from decimal import localcontext

from lxml import etree

from invoicing.peppol.checks import check
from invoicing.peppol.document import Document, Finding, Identifier, Kind, Level, gettext_noop, turned
from invoicing.peppol.reading.building import build
from invoicing.peppol.reading.guard import ROOTS, parse, payload
from invoicing.peppol.reading.limits import Clock, Limits, NotReadable, Refusal
from invoicing.peppol.reading.source import Around

__all__ = ["Limits", "NotReadable", "Reading", "read"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """A document that could be read.

    `document` is as it is booked: when `is_turned`, the file was an invoice with a negative total (or a credit note
    with one) and `document` is its mirror with a positive total. `root` is Invoice or CreditNote, as received.
    `sender`, `receiver` and `message_id` are those of the envelope, if there was one. `readable` is the document as
    UTF-8 XML without comments and with stubs in place of attachments, for showing and for the official check.
    """

    document: Document
    findings: tuple[Finding, ...]
    sha256: str  # of the bytes received
    root: str
    customization: str
    is_turned: bool = False
    sender: Identifier | None = None
    receiver: Identifier | None = None
    message_id: str = ""
    readable: bytes = field(default=b"", repr=False)

    @property
    def errors(self) -> tuple[Finding, ...]:
        return tuple(finding for finding in self.findings if finding.level is Level.ERROR)


_LIMITS = Limits()
# Sums of numbers of 18 digits before and behind the point, without rounding.
_DIGITS = 60


def read(data: bytes, limits: Limits = _LIMITS, *, takes_self_billed: bool = False) -> Reading | NotReadable:
    """Read `data` as a UBL invoice or credit note, within `limits`.

    `takes_self_billed`: whoever asks knows that it is self-billed, and wants to see what stands in it.
    """
    clock = Clock(limits.seconds)
    digest = hashlib.sha256(data).hexdigest()
    try:
        root, envelope = payload(parse(data, limits, clock))
        name = ROOTS[str(root.tag)]
        around = Around(limits, clock, takes_self_billed=takes_self_billed)
        with localcontext(prec=_DIGITS):
            document = build(root, Kind.INVOICE if name == "Invoice" else Kind.CREDIT_NOTE, around)
        clock.check()
    except Refusal as refusal:
        return NotReadable(code=refusal.code, text=refusal.text, values=refusal.values, sha256=digest)
    for finding in check(document):
        around.notes.put(finding)
    is_turned = document.totals.total < 0
    if is_turned:
        around.notes.put(_turned(document.kind))
        document = turned(document)
    return Reading(
        document=document,
        findings=around.notes.all(),
        sha256=digest,
        root=name,
        customization=document.customization,
        is_turned=is_turned,
        sender=envelope.sender,
        receiver=envelope.receiver,
        message_id=envelope.message_id,
        readable=etree.tostring(root, encoding="UTF-8", xml_declaration=True, with_tail=False),
    )


def _turned(kind: Kind) -> Finding:
    if kind is Kind.INVOICE:
        return Finding(
            code="negative-invoice",
            level=Level.NOTE,
            text=gettext_noop("The invoice has a negative total: it is a credit note with positive amounts here."),
        )
    return Finding(
        code="negative-credit-note",
        level=Level.WARNING,
        text=gettext_noop(
            "The credit note has a negative total: it is an invoice with positive amounts here. Check it before you approve."
        ),
    )
