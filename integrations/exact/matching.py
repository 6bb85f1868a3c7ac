"""Which accounts of Exact Online may be our party: numbers and names in normal form. Pure.

Exact keeps VAT numbers as they were typed, with dots, blanks or without the country, so it is asked in the usual
spellings and what comes back is compared in normal form. Source: domain rules 3 and 8.3.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..base.records import ExternalRef, PartyData, PartyRecord
from ..base.sameness import (
    BY_ENTERPRISE,
    BY_ID,
    BY_NAME,
    BY_REFERENCE,
    BY_VAT,
    STARTS_WITH_COUNTRY,
    compact,
    normal_enterprise_number,
    normal_name,
    normal_vat_number,
)
from .values import guid, guid_literal, quoted


def vat_spellings(number: str) -> list[str]:
    """The ways a VAT number is commonly typed, the normal form first."""
    number = compact(number)
    if not number:
        return []
    country, rest = (number[:2], number[2:]) if STARTS_WITH_COUNTRY.match(number) else ("", number)
    parts = [rest]
    if country == "BE" and len(rest) == 10:
        groups = (rest[:4], rest[4:7], rest[7:])
        parts += [".".join(groups), " ".join(groups)]
        if rest.startswith("0"):
            short = (rest[1:4], rest[4:7], rest[7:])
            parts += [rest[1:], ".".join(short), " ".join(short)]
    elif country == "NL" and len(rest) == 12:
        digits, tail = rest[:9], rest[9:]
        parts += [
            f"{digits[:4]}.{digits[4:6]}.{digits[6:]}.{tail}",
            f"{digits[:3]}.{digits[3:6]}.{digits[6:]}.{tail}",
            f"{digits}.{tail}",
            f"{digits} {tail}",
        ]
    spellings = [country + part for part in parts]
    if country:
        spellings += [f"{country} {part}" for part in parts]
        spellings += parts
        spellings.append(number.lower())
    return list(dict.fromkeys(spellings))


def enterprise_spellings(number: str, country: str) -> list[str]:
    """The ways an enterprise number is commonly typed, the normal form first."""
    number = normal_enterprise_number(number, country)
    if not number:
        return []
    spellings = [number]
    if country.upper() == "BE" and len(number) == 10:
        grouped = f"{number[:4]}.{number[4:7]}.{number[7:]}"
        spellings += [grouped, f"BE{number}", f"BE {grouped}", grouped.replace(".", " ")]
    return spellings


def postcode_spellings(postcode: str) -> list[str]:
    """A postcode as typed and, for the Dutch form, with and without its blank."""
    plain = postcode.strip()
    if not plain:
        return []
    spellings = [plain]
    tight = plain.replace(" ", "").upper()
    if re.fullmatch(r"\d{4}[A-Z]{2}", tight):
        spellings += [tight, f"{tight[:4]} {tight[4:]}"]
    return list(dict.fromkeys(spellings))


def search_terms(party: PartyData) -> list[str]:
    """Filter terms that together bring every account that may be the party; only filterable properties."""
    terms = []
    if guid(party.external_id):
        terms.append(f"ID eq {guid_literal(party.external_id)}")
    if party.reference:
        terms.append(f"SearchCode eq {quoted(party.reference)}")
    terms += [f"VATNumber eq {quoted(number)}" for number in vat_spellings(party.vat_number)]
    enterprise = enterprise_spellings(party.enterprise_number, party.country)
    terms += [f"ChamberOfCommerce eq {quoted(number)}" for number in enterprise]
    start = party.name.strip()[:2]
    if start:
        terms += [
            f"(Postcode eq {quoted(postcode)} and startswith(Name,{quoted(start)}))"
            for postcode in postcode_spellings(party.postcode)
        ]
    return terms


def matched_by(party: PartyData, record: PartyRecord) -> str:
    """The strongest fact by which the account is the party, empty when none holds."""
    if party.external_id and record.external_id == guid(party.external_id):
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


_STRENGTH = {fact: place for place, fact in enumerate((BY_ID, BY_REFERENCE, BY_VAT, BY_ENTERPRISE, BY_NAME))}


def strongest_first(refs: Sequence[ExternalRef]) -> list[ExternalRef]:
    """Found accounts by strength of the fact, then by code, each once."""
    unique = {ref.external_id: ref for ref in refs}
    return sorted(unique.values(), key=lambda ref: (_STRENGTH.get(ref.matched_by, 9), ref.code, ref.external_id))
