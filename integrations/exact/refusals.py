"""Which sentence of our catalogue a refusal of Exact Online becomes. Pure, closed by default.

Exact gives no error codes: a refusal is a text in the language of its user. The text chooses nothing but the
sentence a person reads; what is done next follows from the status alone. An unknown text is ALL-999 and is shown
as it came. Rows are tried from the top; each has a test. Source: vendor notes, errors; error catalogue 4 to 7.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

DEFAULT_CODE = "ALL-999"

ENTRY = "entry"
PARTY = "party"
ANY = "any"

# Words as Exact uses them in Dutch, English and French, without accents and in lower case.
_INVALID = r"(?:ongeldige?|invalid|incorrecte?|non valable|invalide)"
_MANDATORY = r"(?:verplichte?|mandatory|required|obligatoire)"
_FORBIDDEN = r"(?:niet toegestaan|not allowed|non autorisee?|pas autorisee?)"
_MISSING = (
    r"(?:bestaat niet|bestaan niet|does not exist|doesn't exist|niet gevonden|not found|could not be found"
    r"|onbekende?|unknown|n'existe pas|introuvable|inconnue?)"
)
_EXISTS = (
    r"(?:bestaat reeds|bestaat al|already exists?|existe deja|in gebruik|already in use|is in use|already used"
    r"|deja utilisee?|dubbel|duplicate)"
)
_CLOSED = r"(?:gesloten|afgesloten|closed|cloturee?|fermee?)"
_BLOCKED = r"(?:geblokkeerde?|blocked|bloquee?)"
_PERIOD = r"(?:periode|period|maand|month)"
_YEAR = r"(?:boekjaar|financieel jaar|financial year|fiscal year|exercice|periode-?/?datumtabel|period/date table)"
_JOURNAL = r"(?:dagboek|journal)"
_LEDGER = r"(?:grootboekrekening|grootboek|g/?l[- ]account|general ledger account|ledger account|compte general)"
_PARTY = (
    r"(?:relatie|account|klant|customer|debiteur|debtor|client|leverancier|supplier|crediteur|creditor|fournisseur"
    r"|factuur voor|invoice to)"
)
_VAT = r"(?:btw|vat|tva)"
_VAT_NUMBER = rf"(?:{_VAT}[- ]?(?:nummer|number|nr|no\b|id)|(?:numero|n°) (?:de )?tva)"
_VAT_CODE = rf"(?:{_VAT}[- ]?(?:code|percentage|%)|code tva)"
_TERM = r"(?:betalingsconditie|betalingsvoorwaarde|payment condition|payment term|condition de paiement)"
_NUMBER = r"(?:nummer|number|numero|boekstuk|entry)"


def _both(first: str, second: str) -> str:
    """Both words in either order."""
    return rf"{first}.*{second}|{second}.*{first}"


@dataclass(frozen=True, slots=True)
class Refusal:
    code: str
    scope: str
    pattern: re.Pattern[str]


def _row(code: str, pattern: str, scope: str = ANY) -> Refusal:
    return Refusal(code, scope, re.compile(pattern, re.DOTALL))


REFUSALS: tuple[Refusal, ...] = (
    # Who may do what.
    _row("AUT-404", r"(?:wrong|verkeerde|onjuiste|mauvaise) (?:division|administratie|administration)"),
    _row("AUT-405", r"user is not active|gebruiker is niet actief|utilisateur (?:n'est pas actif|inactif)"),
    _row("AUT-406", _both(_FORBIDDEN, r"(?:documenttype|document type|type document|type de document)")),
    # Periods before years: a closed period names its year, a missing year says unknown.
    _row("PER-502", _both(_PERIOD, _CLOSED), ENTRY),
    _row("PER-502", _both(_YEAR, _CLOSED), ENTRY),
    _row("PER-503", rf"{_both(_MISSING, _YEAR)}|{_both(_INVALID, _YEAR)}|{_both(_MISSING, _PERIOD)}", ENTRY),
    # Ledger accounts before journals and parties, since their texts name those as well.
    _row("LED-602", rf"{_INVALID}.*(?:grootboekrekeningtype|{_LEDGER}[- ]?type|type.*{_LEDGER})", ENTRY),
    _row("LED-602", rf"{_LEDGER}.*(?:type|soort).*{_INVALID}|{_LEDGER}.*{_INVALID}.*type", ENTRY),
    _row("LED-603", _both(_BLOCKED, _LEDGER), ENTRY),
    _row("VAT-624", rf"{_FORBIDDEN}.*{_VAT}|{_VAT}.*{_FORBIDDEN}"),
    _row("VAT-624", rf"type.*(?:{_VAT}[- ]?(?:rekening|account)|compte (?:de )?tva)"),
    _row("JRN-514", rf"(?:{_LEDGER}|rekening|account).*(?:wijkt af|verschilt|differs?|different).*{_JOURNAL}", ENTRY),
    _row(
        "LED-604",
        rf"{_MISSING}.*{_PARTY}.*{_LEDGER}.*(?:verkoop|inkoop|aankoop|sales|purchase|ventes?|achats?)",
        ENTRY,
    ),
    _row("LED-604", rf"{_MANDATORY}.*{_LEDGER}|{_LEDGER}.*{_MANDATORY}", ENTRY),
    _row("LED-601", _both(_MISSING, _LEDGER), ENTRY),
    _row("LED-601", rf"{_INVALID}.*{_LEDGER}", ENTRY),
    _row("LED-607", _both(_MANDATORY, r"(?:kostenplaats|cost ?cent(?:er|re)|centre de cout)"), ENTRY),
    # Journals.
    _row("JRN-512", _both(_MANDATORY, _JOURNAL), ENTRY),
    _row("JRN-511", rf"{_INVALID}.*{_JOURNAL}|{_JOURNAL}.*(?:must be|moet)|{_FORBIDDEN}.*{_JOURNAL}", ENTRY),
    _row("JRN-511", rf"{_both(_MISSING, _JOURNAL)}|{_both(_BLOCKED, _JOURNAL)}", ENTRY),
    # VAT: the number of a party before the code of a line.
    _row("PAR-642", rf"{_both(_INVALID, _VAT_NUMBER)}|{_both(_MISSING, _VAT_NUMBER)}"),
    _row(
        "VAT-621",
        rf"(?:{_VAT}).*(?:regel|line|ligne).*(?:gelijk|equal|som|sum|somme)"
        rf"|(?:gelijk|equal|som|sum|somme).*(?:regel|line|ligne).*{_VAT}",
        ENTRY,
    ),
    _row(
        "VAT-620",
        rf"{_both(_INVALID, _VAT_CODE)}|{_both(_MANDATORY, _VAT_CODE)}|{_both(_MISSING, _VAT_CODE)}"
        rf"|{_both(_BLOCKED, _VAT_CODE)}",
    ),
    # Payment conditions and mandates.
    _row("MND-655", r"\b(?:machtiging|mandaat|mandate|mandat)\b"),
    _row("PAR-643", rf"(?:{_INVALID}|{_MANDATORY}|{_MISSING}).*{_TERM}|{_TERM}.*(?:{_MANDATORY}|{_MISSING})"),
    # Currencies.
    _row("APP-210", r"(?:valuta|currency|devise|wisselkoers|exchange rate|taux de change)"),
    # Something of that number stands there already.
    _row("NUM-520", _EXISTS, ENTRY),
    _row("PAR-640", _EXISTS, PARTY),
    # Parties.
    _row("APP-205", rf"{_both(_INVALID, '(?:e-?mail|courriel)')}", PARTY),
    _row("PAR-640", rf"{_INVALID}.*{_PARTY}|{_PARTY}.*(?:is geen|is not an?|n'est pas)", ENTRY),
    _row("PAR-640", _both(_BLOCKED, _PARTY), ENTRY),
    _row("PAR-641", _both(_MISSING, _PARTY)),
    _row("PAR-641", r"(?:not found|niet gevonden|introuvable)", PARTY),
    # The supplier's own number.
    _row("APP-217", rf"{_MANDATORY}.*(?:factuurnummer|invoice number)|factuurnummer {_MANDATORY}", ENTRY),
)

_ENTRY_RESOURCES = ("salesentry/", "purchaseentry/")
_PARTY_RESOURCES = ("crm/",)


def catalogue_code(message: str, resource: str) -> str:
    """The catalogue code for a refusal's text at a resource; ALL-999 when no row knows it."""
    if not message:
        return DEFAULT_CODE
    words = _plain(message)
    scope = _scope(resource)
    for row in REFUSALS:
        if (row.scope == ANY or row.scope == scope) and row.pattern.search(words):
            return row.code
    return DEFAULT_CODE


def _scope(resource: str) -> str:
    if resource.startswith(_ENTRY_RESOURCES):
        return ENTRY
    return PARTY if resource.startswith(_PARTY_RESOURCES) else ANY


def _plain(message: str) -> str:
    """Lower case without accents, so that one pattern serves `période` and `periode`."""
    decomposed = unicodedata.normalize("NFKD", message.lower())
    return "".join(sign for sign in decomposed if not unicodedata.combining(sign))
