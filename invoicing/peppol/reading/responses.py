"""Reading what the receiver of a document of ours, or the network, says of it.

`read_response` never raises for what is in the bytes. It reads Invoice Responses (transaction 111), Message Level
Responses (transaction 71) and the Message Level Status that replaces these; any other answer is refused with its kind.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from invoicing.peppol.document import Identifier, gettext_noop
from invoicing.peppol.reading.guard import parse, payload
from invoicing.peppol.reading.limits import Clock, Limits, NotReadable, Refusal
from invoicing.peppol.reading.source import Around, Source
from invoicing.peppol.reading.values import several_lines
from invoicing.peppol.responses import NAMESPACE
from invoicing.peppol.statuses import ACCEPTED, ORDER, PARTLY_PAID, RECEIVED, REFUSED

ROOTS = {f"{{{NAMESPACE}}}ApplicationResponse": "ApplicationResponse"}
_LIMITS = Limits()
_INVOICE = "trns:invoice_response:"
# Of the network: the response of before, and the status that replaces it.
_NETWORK = ("trns:mlr:", "edec:mls:", "biitrns071")
_OF_NETWORK = frozenset({RECEIVED, ACCEPTED, REFUSED})
_REASONS = 20
_WORDS = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class Reason:
    """Why a status was given, or what is asked for: a code of the list `list_id`, words, or both."""

    list_id: str = ""
    code: str = ""
    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Response:
    """One status of one document. `is_network`: of the message on its way, and not of what its receiver thinks of it.

    `document` is what it answers: the number of a document, or the id of a message. `buyers`: the numbers of the buyer
    where somebody else answers for it.
    """

    number: str
    day: date | None
    is_network: bool
    sender: Identifier | None
    sender_name: str
    receiver: Identifier | None
    document: str
    code: str
    reasons: tuple[Reason, ...]
    buyers: tuple[Identifier, ...]
    sha256: str

    @property
    def is_part_payment(self) -> bool:
        return any(reason.code == PARTLY_PAID for reason in self.reasons)

    @property
    def words(self) -> str:
        """Everything that was said in words, one reason a line."""
        return several_lines("\n".join(dict.fromkeys(reason.text for reason in self.reasons if reason.text)), _WORDS)


def read_response(data: bytes, limits: Limits = _LIMITS) -> Response | NotReadable:
    """Read `data` as an answer to a document, within `limits`."""
    clock = Clock(limits.seconds)
    digest = hashlib.sha256(data).hexdigest()
    try:
        root, envelope = payload(parse(data, limits, clock), ROOTS)
        source = Source(root, Around(limits, clock))
        is_network = _is_network(source)
        sender = source.only_part("SenderParty")
        receiver = source.only_part("ReceiverParty")
        answer = source.only_part("DocumentResponse")
        said = answer.only_part("Response")
        found = Response(
            number=source.required_identifier("ID"),
            day=source.day("IssueDate"),
            is_network=is_network,
            sender=envelope.sender or sender.with_scheme("EndpointID"),
            sender_name=_name(sender),
            receiver=envelope.receiver or receiver.with_scheme("EndpointID"),
            document=answer.only_part("DocumentReference").required_identifier("ID"),
            code=_code(said, is_network),
            reasons=tuple(_reasons(said, answer))[:_REASONS],
            buyers=tuple(_numbers(answer)),
            sha256=digest,
        )
        clock.check()
    except Refusal as refusal:
        return NotReadable(code=refusal.code, text=refusal.text, values=refusal.values, sha256=digest)
    return found


def _is_network(source: Source) -> bool:
    kind = source.identifier("CustomizationID")
    if _INVOICE in kind:
        return False
    if any(part in kind for part in _NETWORK):
        return True
    raise Refusal(
        "response-kind",
        gettext_noop(
            "This answers a document in a way that is not read here (%(kind)s). Open the file to see what it says."
        ),
        kind=kind[:120] or "–",
    )


def _code(said: Source, is_network: bool) -> str:
    code = said.required_identifier("ResponseCode").upper()
    if code not in (_OF_NETWORK if is_network else ORDER):
        raise Refusal(
            "response-code",
            gettext_noop(
                "This answer says “%(status)s”, which is none of the statuses of the network. Ask the sender what it means."
            ),
            status=code[:20],
        )
    return code


def _name(party: Source) -> str:
    legal = party.part("PartyLegalEntity")
    named = party.part("PartyName")
    return (legal.line("RegistrationName") if legal else "") or (named.line("Name") if named else "")


def _reasons(said: Source, answer: Source) -> Iterator[Reason]:
    if text := said.text("Description"):
        yield Reason(text=text)
    for status in said.parts("Status"):
        details = (
            ": ".join(filter(None, (part.identifier("AttributeID"), part.line("Description"))))
            for part in status.parts("Condition")
        )
        yield Reason(
            list_id=status.attribute("StatusReasonCode", "listID"),
            code=status.identifier("StatusReasonCode").upper()[:20],
            text="\n".join(filter(None, (status.text("StatusReason"), *details))),
        )
    for line in answer.parts("LineResponse"):
        place = line.part("LineReference")
        for told in line.parts("Response"):
            words = (told.text("Description"), place.identifier("LineID") if place else "")
            yield Reason(text=" – ".join(filter(None, words)))


def _numbers(answer: Source) -> Iterator[Identifier]:
    recipient = answer.part("RecipientParty")
    for part in recipient.parts("PartyIdentification") if recipient else ():
        if (found := part.with_scheme("ID")) is not None:
            yield found
