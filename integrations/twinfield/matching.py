"""Which dimensions of Twinfield may be our party: numbers and names in normal form. Pure.

Source: domain rules 3 and 8.3.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Sequence

from ..base.records import ExternalRef, PartyData, PartyRecord

_NOT_ALNUM = re.compile(r"[^0-9A-Z]")
_NOT_WORD = re.compile(r"[^0-9a-z]")
_STARTS_WITH_COUNTRY = re.compile(r"[A-Z]{2}")

BY_ID = "external id"
BY_REFERENCE = "reference"
BY_VAT = "VAT number"
BY_ENTERPRISE = "enterprise number"
BY_NAME = "name and postcode"
_STRENGTH = {fact: place for place, fact in enumerate((BY_ID, BY_REFERENCE, BY_VAT, BY_ENTERPRISE, BY_NAME))}


def compact(value: str) -> str:
    """Capitals and digits only."""
    return _NOT_ALNUM.sub("", value.upper())


def normal_vat_number(value: str, country: str) -> str:
    """A VAT number in capitals with its country in front: NL899000186B01 for `8990.00.186.B01` in the Netherlands."""
    number = compact(value)
    if not number:
        return ""
    if not _STARTS_WITH_COUNTRY.match(number):
        prefix = {"GR": "EL"}.get(country.strip().upper(), country.strip().upper())
        number = prefix + number
    if number.startswith("BE") and len(number) == 11:
        number = "BE0" + number[2:]  # the old form of nine digits
    return number


def normal_enterprise_number(value: str, country: str) -> str:
    """An enterprise number in capitals and digits; a Belgian one has ten digits and no country in front."""
    number = compact(value)
    if country.strip().upper() == "BE":
        number = number.removeprefix("BE")
        if number.isdigit() and len(number) == 9:
            number = "0" + number
    return number


def normal_name(value: str) -> str:
    """A name without case, accents, blanks and punctuation."""
    decomposed = unicodedata.normalize("NFKD", value.casefold())
    return _NOT_WORD.sub("", "".join(sign for sign in decomposed if not unicodedata.combining(sign)))


def matched_by(party: PartyData, record: PartyRecord) -> str:
    """The strongest fact by which the dimension is the party, empty when none holds."""
    if party.external_id and record.external_id == party.external_id:
        return BY_ID
    if party.reference and record.reference == party.reference:
        return BY_REFERENCE
    if party.vat_number and record.vat_number == normal_vat_number(party.vat_number, party.country):
        return BY_VAT
    enterprise = normal_enterprise_number(party.enterprise_number, party.country)
    if enterprise and record.enterprise_number == enterprise:
        return BY_ENTERPRISE
    same_place = compact(party.postcode) and compact(party.postcode) == compact(record.postcode)
    same_name = normal_name(party.name) and normal_name(party.name) == normal_name(record.name)
    return BY_NAME if same_place and same_name else ""


def strongest_first(refs: Sequence[ExternalRef]) -> list[ExternalRef]:
    """Found dimensions by strength of the fact, then by code, each once."""
    unique = {ref.external_id: ref for ref in refs}
    return sorted(unique.values(), key=lambda ref: (_STRENGTH.get(ref.matched_by, 9), ref.code, ref.external_id))
