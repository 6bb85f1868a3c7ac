"""Which sentence of our catalogue a refusal of Octopus becomes. Pure, closed by default.

Three codes are known; for the rest we have the texts only, in the language of the dossier, and most of those are
guesses at the wording. A text chooses nothing but the sentence a person reads, with one exception: whether a 403 says
"closed" (which lasts) or "in use" (which passes). Unknown ones are ALL-999 and shown as they came. Rows are tried from
the top. Source: vendor notes, errors.
"""

from __future__ import annotations

import re
import unicodedata

DEFAULT_CODE = "ALL-999"
WRONG_NUMBER = -13
UNKNOWN_PERIOD = -14
EMPTY_TOKEN = -79
PERIOD_CLOSED = "PER-501"
JOURNAL_LOCKED = "JRN-513"
NO_RIGHT = "AUT-403"

_BY_NUMBER = {WRONG_NUMBER: "NUM-520", UNKNOWN_PERIOD: "PER-506"}

_UNKNOWN = (
    r"(?:bestaat niet|niet gevonden|onbekend|unknown|not found|does not exist|n'existe pas|inconnue?|introuvable)"
)
_CLOSED = r"(?:afgesloten|gesloten|beveiligd|closed|secured|protected|cloture|ferme)"
_NOT_OPEN = r"(?:niet toegankelijk|not accessible|inaccessible|pas accessible)"
_IN_USE = r"(?:in gebruik|vergrendeld|geopend door|in use|locked|open(?:ed)? by|utilise|verrouille)"
_PERIOD = r"(?:periode|period)"
_YEAR = r"(?:boekjaar|book ?year|exercice)"
_JOURNAL = r"(?:dagboek|journal)"
_ACCOUNT = r"(?:rekening|account|compte)"
_VAT_CODE = r"(?:btw-?code|vat code|code tva)"
_RELATION = r"(?:relatie|relation|klant|client|leverancier|supplier|fournisseur)"


def _both(first: str, second: str) -> str:
    """Both words in either order."""
    return rf"{first}.*{second}|{second}.*{first}"


_ROWS: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (code, re.compile(pattern, re.DOTALL))
    for code, pattern in (
        (PERIOD_CLOSED, _both(_PERIOD, _CLOSED)),
        (PERIOD_CLOSED, _both(_YEAR, _CLOSED)),
        (PERIOD_CLOSED, _both(_PERIOD, _NOT_OPEN)),
        ("PER-506", rf"{_both(_PERIOD, _UNKNOWN)}|{_both(_YEAR, _UNKNOWN)}"),
        ("PER-506", rf"(?:datum|date).*(?:niet in|outside|not lie in|pas dans|hors).*{_PERIOD}"),
        (JOURNAL_LOCKED, _both(_JOURNAL, _IN_USE)),
        (PERIOD_CLOSED, _both(_JOURNAL, _CLOSED)),
        (NO_RIGHT, r"(?:rechten|\brights?\b|droits|may only read|niet gemachtigd|not authori[sz]ed)"),
        ("JRN-510", rf"{_JOURNAL}.*\btype\b"),
        ("AUT-409", _both(_JOURNAL, _UNKNOWN)),
        ("APP-103", _both(_VAT_CODE, _UNKNOWN)),
        ("LED-607", r"(?:kostenplaats|cost ?centre|centre de co[uû]t).*(?:verplicht|mandatory|obligatoire)"),
        ("LED-607", r"(?:verplicht|mandatory|obligatoire).*(?:kostenplaats|cost ?centre|centre de cout)"),
        ("LED-605", _both(_ACCOUNT, _UNKNOWN)),
        ("PAR-641", _both(_RELATION, _UNKNOWN)),
        ("PAR-649", rf"{_RELATION}.*(?:bestaat al|bestaat reeds|already exists|existe deja)"),
        ("PAR-649", rf"(?:bestaat al|bestaat reeds|already exists|existe deja).*{_RELATION}"),
        ("APP-209", r"(?:totaal|total).*(?:som|sum|somme)|(?:som|sum|somme).*(?:totaal|total)"),
        ("APP-210", r"(?:munt|valuta|currency|devise)"),
        ("SYS-708", r"(?:bijlage|attachment|annexe)"),
    )
)


def catalogue_code(number: int, *texts: str) -> str:
    """The catalogue code for a refusal's number and texts; ALL-999 when no row knows it."""
    if number in _BY_NUMBER:
        return _BY_NUMBER[number]
    for words in filter(None, map(_plain, texts)):
        for code, pattern in _ROWS:
            if pattern.search(words):
                return code
    return DEFAULT_CODE


def _plain(message: str) -> str:
    """Lower case without accents, so that one pattern serves `période` and `periode`."""
    decomposed = unicodedata.normalize("NFKD", message.lower())
    return "".join(sign for sign in decomposed if not unicodedata.combining(sign))
