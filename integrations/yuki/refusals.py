"""What Yuki's words mean: a fault of a whole call, and the message of a single invoice or contact. Pure.

Faults carry no usable code, so words are looked for anywhere in the text. A fault decides only where its meaning is
sure; any other one says nothing about what was booked. Messages of single invoices choose the sentence a person
reads and nothing else: unknown ones are SYS-707 and shown as they came. Source: vendor notes, faults; catalogue.
"""

from __future__ import annotations

import enum
import re
import unicodedata

DEFAULT_CODE = "SYS-707"


class FaultKind(enum.Enum):
    SESSION = "session"  # unknown or expired, or its parameter misspelt
    KEY = "key"
    DAY = "day"
    INACTIVE = "inactive"
    RIGHT = "right"
    ADMINISTRATION = "administration"
    WHOLE = "whole"  # the document was refused before anything in it was handled
    OTHER = "other"


_FAULTS: tuple[tuple[FaultKind, str], ...] = (
    (FaultKind.KEY, r"invalid access ?key"),
    (FaultKind.SESSION, r"invalid session ?id|session (?:has )?(?:is )?expired"),
    (FaultKind.DAY, r"daily limit exceeded|free webservice calls"),
    (FaultKind.INACTIVE, r"no active database"),
    (FaultKind.ADMINISTRATION, r"administration (?:is )?(?:not found|does not exist)|no access to this administration"),
    (
        FaultKind.RIGHT,
        r"not authori[sz]ed|no (?:rights?|permission|authori[sz]ation)|access (?:is )?denied|geen (?:rechten|toegang)"
        r"|not (?:included|available|part) (?:in|of) (?:your|the) bundle",
    ),
    # The wording of .NET's schema validation and of its reader: nothing was handled yet.
    (
        FaultKind.WHOLE,
        r"has invalid child element|element is invalid|element is not declared|has incomplete content"
        r"|invalid according to its datatype|unable to read request|error in xml document|root element is missing"
        r"|maximum request length exceeded",
    ),
)
_FAULT_PATTERNS = tuple((kind, re.compile(pattern)) for kind, pattern in _FAULTS)


def fault_kind(words: str) -> FaultKind:
    """The meaning of a fault's text; OTHER for everything that is not surely one of the known."""
    plain = _plain(words)
    return next((kind for kind, pattern in _FAULT_PATTERNS if pattern.search(plain)), FaultKind.OTHER)


_EXISTS = r"(?:already (?:exists?|used|in use|present)|exists already|bestaat (?:al|reeds)|reeds gebruikt|existe deja)"
_NUMBER = r"(?:invoice ?number|number|reference|factuurnummer|nummer|referentie|numero|factuur)"
_LOCKED = r"(?:locked|closed|afgesloten|vergrendeld|gesloten|cloturee?|verrouillee?)"
_PERIOD = r"(?:period|periode|boekjaar|year|btw-aangifte|vat return|exercice)"
_UNKNOWN = r"(?:unknown|not known|does not exist|not exist|not found|invalid|onbekend|ongeldig|bestaat niet|inconnu)"
_VAT = r"(?:vat|btw|tva)"
_ACCOUNT = r"(?:gl ?account|ledger account|grootboek(?:rekening)?|compte general)"
_CONTACT = r"(?:contact|relatie|klant|customer|client)"


def _both(first: str, second: str) -> str:
    return rf"{first}.*{second}|{second}.*{first}"


REFUSALS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (code, re.compile(pattern, re.DOTALL))
    for code, pattern in (
        ("NUM-522", _both(_EXISTS, _NUMBER)),
        ("PER-505", _both(_PERIOD, _LOCKED)),
        ("LED-602", r"artikelcategorie|article categor|item categor|categorie d'article"),
        ("LED-601", _both(_ACCOUNT, _UNKNOWN)),
        ("APP-210", r"currency|valuta|devise"),
        (
            "VAT-620",
            rf"{_VAT} ?(?:type|code|percentage|tarief).*{_UNKNOWN}|{_UNKNOWN}.*{_VAT} ?(?:type|code|percentage)",
        ),
        (
            "APP-204",
            _both(
                r"(?:address|adres|adresse)", r"(?:incomplete|missing|mandatory|onvolledig|ontbre|verplicht|incomplet)"
            ),
        ),
        ("PAR-641", rf"{_CONTACT} (?:with|met|avec).*(?:{_UNKNOWN}|does not exist|bestaat niet|n'existe pas)"),
        ("APP-204", rf"{_CONTACT}.*(?:no name|mandatory|verplicht)|fullname is mandatory"),
        ("PAR-650", _both(_CONTACT, _EXISTS)),
    )
)


def catalogue_code(message: str) -> str:
    """The catalogue code for the message of one invoice or contact; SYS-707 when no row knows it."""
    plain = _plain(message)
    return next((code for code, pattern in REFUSALS if pattern.search(plain)), DEFAULT_CODE)


def _plain(message: str) -> str:
    """Lower case without accents and with single blanks."""
    decomposed = unicodedata.normalize("NFKD", message.lower())
    return " ".join("".join(sign for sign in decomposed if not unicodedata.combining(sign)).split())
