"""Which sentence of our catalogue a refusal of Twinfield becomes. Pure, closed by default.

A refusal is a message on an element. The element says more than its text, which comes in the user's language; rows
look at both. The text chooses nothing but the sentence a person reads; what is done next follows from `result` alone.
Rows are tried from the top over all messages of an item; each has a test. Source: vendor notes, errors; catalogue 4-7.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from .markup import Node, attribute, name_of

DEFAULT_CODE = "ALL-999"

_MISSING = r"(?:bestaat niet|niet gevonden|komt niet voor|does not exist|not found|n'existe pas|is unknown|onbekend)"
_INACTIVE = r"(?:niet actief|not active|inactief|inactive|geblokkeerd|blocked)"
_OFFICE = r"(?:administratie|company|office)"
_PERIOD = r"(?:periode|period)\b"


@dataclass(frozen=True, slots=True)
class Message:
    """One message of an answer: where it stands (`detail/vatcode`), its kind and its words."""

    place: str
    kind: str
    words: str


@dataclass(frozen=True, slots=True)
class Refusal:
    code: str
    place: re.Pattern[str]
    pattern: re.Pattern[str]


def _row(code: str, pattern: str, place: str = "") -> Refusal:
    return Refusal(code, re.compile(place), re.compile(pattern, re.DOTALL))


REFUSALS: tuple[Refusal, ...] = (
    # Who may see what. A missing dimension names its administration too, so the office comes with its own words.
    _row("AUT-404", r"", r"(?:^|/)office$"),
    _row("AUT-404", rf"^(?:de|the) {_OFFICE} {_MISSING}"),
    _row("AUT-404", rf"geen toegang tot (?:deze|de) {_OFFICE}|no(?:t have)? access to (?:this|the) {_OFFICE}"),
    # What is wrong with our own document.
    _row("SYS-704", r"incorrecte xml|incorrect xml|mag niet worden aangeleverd|may not be supplied"),
    # VAT before balance: an unknown code leaves a booking out of balance as well.
    _row("ALL-999", r"prestatiesoort|performance ?type"),
    _row("VAT-622", r"^(?:btw|vat|tva)\b.*(?:bestaat niet|niet actief|does not exist|not \(yet\) active|not active)"),
    _row("VAT-622", r"", r"/vatcode$"),
    # Ledger accounts and relations.
    _row("LED-607", r"vereist de specificatie|requires a (?:relation|cost)|kostenplaats|cost cent(?:re|er)"),
    _row("PAR-641", _MISSING, r"^total/dim2$"),
    _row("PAR-640", r"", r"^total/dim2$"),
    _row("LED-603", _INACTIVE, r"/dim[123]$"),
    _row("LED-606", r"", r"/dim[123]$"),
    # Relations when they are saved.
    _row("PAR-648", r"", r"/substitut\w*$"),
    _row("PAR-648", r"financieel niveau|financial level"),
    _row("PAR-644", r"voldoet niet aan het formaat|does not comply with the format|eerste vrije code|first free code"),
    _row("PAR-646", r"begunstigde|account holder", r""),
    _row("PAR-646", r"", r"/ascription$"),
    _row("PAR-647", r"elektronisch factureren|electronic invoic|e-?invoicing"),
    _row("PAR-647", r"", r"/ebillmail$"),
    _row("APP-204", r"naam moet worden ingevuld|name must be filled"),
    _row("APP-203", r"", r"/country$"),
    _row("APP-205", r"", r"/email$"),
    _row("PAR-642", r"", r"/(?:vatnumber|field4)$"),
    _row("PAR-641", rf"(?:dimensie|dimension) \S+ {_MISSING}", r"^(?:dimension|dimension/code)$"),
    # The booking.
    _row("NUM-521", r"(?:factuurnummer|invoice number).*(?:reeds|already|bestaat al)"),
    _row("NUM-521", r"reeds|already", r"/invoicenumber$"),
    _row("JRN-511", r"", r"^header/code$"),
    _row("APP-210", r"", r"^header/currency$"),
    _row("APP-210", r"\b(?:valuta|currency)\b.*(?:bestaat|exist)"),
    _row("PER-504", _PERIOD),
    _row("PER-504", r"", r"^header/(?:period|date)$"),
    _row("VAT-623", r"niet in balans|balanceert niet|not in balance|does not balance"),
    _row("LED-606", rf"(?:dimensie|dimension) .*{_MISSING}"),
)


def messages_of(item: Node) -> list[Message]:
    """Every message of an item, at any depth, with its place; several in one attribute are taken apart."""
    found = []
    for node in item.iter():
        if not isinstance(node.tag, str):
            continue
        words = attribute(node, "msg")
        if words:
            place = _place(item, node)
            kind = attribute(node, "msgtype") or "error"
            found += [Message(place, kind, part.strip()) for part in words.split("//") if part.strip()]
    return found


def _place(item: Node, node: Node) -> str:
    """The element and what holds it; a line goes by its type. The item itself goes by its own name."""
    if node is item:
        return name_of(node)
    holder = node.getparent()
    above = name_of(item) if holder is None else name_of(holder)
    if above == "line" and holder is not None:
        above = attribute(holder, "type") or "line"
    return f"{above}/{name_of(node)}"


def catalogue_code(messages: Iterable[Message]) -> str:
    """The catalogue code for the messages of an item; ALL-999 when no row knows one of them."""
    plain = [(message.place, _plain(message.words)) for message in messages]
    for row in REFUSALS:
        for place, words in plain:
            if row.place.search(place) and row.pattern.search(words):
                return row.code
    return DEFAULT_CODE


def words_of(messages: Sequence[Message]) -> str:
    """All messages as one text for people, each once."""
    return "; ".join(dict.fromkeys(message.words for message in messages))


def _plain(words: str) -> str:
    """Lower case without accents."""
    decomposed = unicodedata.normalize("NFKD", words.lower())
    return "".join(sign for sign in decomposed if not unicodedata.combining(sign))
