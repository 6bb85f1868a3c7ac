"""How the service says no: one shape of body, all of its keys optional.

Codes -13, -14 and -79 are the vendor's; those of -900 and below are ours, so that nobody takes them for real. Texts
are our own words: the vendor's are known for three cases only.
"""

from __future__ import annotations

import json
from typing import Any

from ..messages import Response

JSON = "application/json"  # without a charset, as the service answers

WRONG_NUMBER, UNKNOWN_PERIOD, EMPTY_TOKEN = -13, -14, -79

# code: Dutch, French, English
TEXTS: dict[int, tuple[str, str, str]] = {
    WRONG_NUMBER: (
        "Het documentnummer is ongeldig: het moet volgen op het laatste nummer van het dagboek.",
        "Le numéro du document n'est pas valable : il doit suivre le dernier numéro du journal.",
        "The document number is not valid: it must follow the last number of the journal.",
    ),
    UNKNOWN_PERIOD: (
        "De periode bestaat niet in het boekjaar.",
        "La période n'existe pas dans l'exercice.",
        "The period does not exist in the bookyear.",
    ),
    EMPTY_TOKEN: ("Geen toegang.", "Pas d'accès.", "No access."),
    -901: ("Het boekjaar bestaat niet.", "L'exercice n'existe pas.", "The bookyear does not exist."),
    -902: ("Het dagboek bestaat niet.", "Le journal n'existe pas.", "The journal does not exist."),
    -903: (
        "Het dagboek heeft het verkeerde type.",
        "Le journal n'est pas du bon type.",
        "The journal has the wrong type.",
    ),
    -905: ("De periode is niet toegankelijk.", "La période n'est pas accessible.", "The period is not accessible."),
    -906: ("De periode van het boekjaar is afgesloten.", "La période est clôturée.", "Book year period is closed."),
    -907: (
        "De datum valt niet in de periode.",
        "La date n'est pas dans la période.",
        "The date does not lie in the period.",
    ),
    -908: ("De relatie bestaat niet.", "La relation n'existe pas.", "The relation does not exist."),
    -910: (
        "De rekening bestaat niet.",
        "Le compte n'existe pas.",
        "The account does not exist.",
    ),
    -911: (
        "De kostenplaats is verplicht voor deze rekening.",
        "Le centre de coût est obligatoire pour ce compte.",
        "A cost centre is mandatory for this account.",
    ),
    -912: ("De btw-code bestaat niet.", "Le code TVA n'existe pas.", "The VAT code does not exist."),
    -914: (
        "Het totaal is niet gelijk aan de som van de lijnen.",
        "Le total n'est pas égal à la somme des lignes.",
        "The total is not equal to the sum of the lines.",
    ),
    -915: (
        "De vervaldatum ligt voor de documentdatum.",
        "L'échéance précède la date du document.",
        "The expiry date is before the document date.",
    ),
    -916: ("De munt is niet actief.", "La devise n'est pas active.", "The currency is not active."),
    -917: ("De bijlage is te groot.", "L'annexe est trop grande.", "The attachment is too large."),
    -919: ("De commentaar is te lang.", "Le commentaire est trop long.", "The comment is too long."),
    -920: (
        "Er bestaat al een relatie met dit btw-nummer.",
        "Une relation avec ce numéro de TVA existe déjà.",
        "A relation with this VAT number already exists.",
    ),
    -921: (
        "Het bedrag is groter dan wat openstaat.",
        "Le montant dépasse le solde ouvert.",
        "The amount is larger than what is open.",
    ),
    -930: (
        "Het dagboek is in gebruik door een andere gebruiker.",
        "Le journal est utilisé par un autre utilisateur.",
        "The journal is in use by another user.",
    ),
    -931: ("Het dagboek is afgesloten.", "Le journal est clôturé.", "The journal is closed."),
    -932: ("Onvoldoende rechten.", "Droits insuffisants.", "The user lacks the right."),
}


class Refusal(Exception):
    """The service refuses. A code of 0 is left out, and so is the text that belongs to it."""

    def __init__(self, status: int, technical: str = "", code: int = 0, key: str = "technicalInfo") -> None:
        super().__init__(technical)
        self.status = status
        self.technical = technical
        self.code = code
        self.key = key

    def response(self, locale: int = 1) -> Response:
        """Return the answer in the language of a locale (1 Dutch, 2 French, 3 English; anything else Dutch)."""
        body: dict[str, Any] = {}
        if self.code:
            body["errorCode"] = self.code
            body["errorMessage"] = TEXTS[self.code][{2: 1, 3: 2}.get(locale, 0)]
        if self.technical:
            body[self.key] = self.technical
        return Response(self.status, json.dumps(body, ensure_ascii=False).encode(), JSON)


class Malformed(Refusal):
    """400: a wrong parameter name or body shape."""

    def __init__(self) -> None:
        super().__init__(400, "Invalid or missing parameters passed")


class WrongType(Refusal):
    """500: a value of another type than the service expects."""

    def __init__(self, name: str) -> None:
        super().__init__(500, f"Internal error while reading {name}")


def ok(data: Any, status: int = 200) -> Response:
    """Return an answer with JSON; null properties are left out by whoever makes `data`."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return Response(status, text.encode(), JSON)


def empty(status: int) -> Response:
    """Return an answer without a body."""
    return Response(status)
