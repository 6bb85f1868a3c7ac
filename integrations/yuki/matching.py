"""Which contacts of Yuki may be our party: numbers and names in normal form. Pure.

Yuki keeps VAT numbers as they were typed, with dots, blanks or without the country, so what comes back is compared
in normal form. Source: domain rules 3 and 8.3.
"""

from __future__ import annotations

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
from .values import guid


def spellings(number: str) -> list[str]:
    """The two or three ways a number is most commonly typed, the normal form first; each costs a call."""
    plain = compact(number)
    country, rest = (plain[:2], plain[2:]) if STARTS_WITH_COUNTRY.match(plain) else ("", plain)
    found = [plain]
    if country == "BE" and len(rest) == 10:
        grouped = f"{rest[:4]}.{rest[4:7]}.{rest[7:]}"
        found += [f"BE{grouped}", f"BE {grouped}"]
    elif not country and len(rest) == 10 and rest.isdigit():
        found.append(f"{rest[:4]}.{rest[4:7]}.{rest[7:]}")
    return [one for one in found if one]


def searches(party: PartyData) -> list[tuple[str, str]]:
    """What to ask Yuki for, the strongest fact first: search option and value."""
    asked = [("ID", guid(party.external_id)), ("Code", party.reference)]
    asked += [("VATNumber", number) for number in spellings(party.vat_number)]
    asked += [("CoCNumber", number) for number in spellings(party.enterprise_number)]
    asked.append(("Name", party.name.strip()))
    return [(option, value) for option, value in asked if value]


def matched_by(party: PartyData, record: PartyRecord) -> str:
    """The strongest fact by which the contact is the party, empty when none holds."""
    if party.external_id and record.external_id == guid(party.external_id):
        return BY_ID
    if party.reference and record.code == party.reference:
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


def strongest_first(found: Sequence[ExternalRef]) -> list[ExternalRef]:
    """Each contact once, those found by the strongest fact that found any."""
    unique = {ref.external_id: ref for ref in reversed(found)}
    if not unique:
        return []
    best = min(_STRENGTH[ref.matched_by] for ref in unique.values())
    return [ref for ref in unique.values() if _STRENGTH[ref.matched_by] == best]
