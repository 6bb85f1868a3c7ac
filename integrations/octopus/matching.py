"""Which relations of Octopus may be our party: numbers and names in normal form. Pure.

Octopus keeps VAT numbers as they were typed, so it is asked in the two usual spellings and what comes back is compared
in normal form. A relation that we made carries a number that follows from our mark, and the mark itself beside it.
Source: domain rules 3 and 8.3; vendor notes, relations.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence

from ..base.records import ExternalRef, PartyData, PartyRecord
from ..base.sameness import (
    BY_ENTERPRISE,
    BY_ID,
    BY_NAME,
    BY_REFERENCE,
    BY_VAT,
    compact,
    normal_enterprise_number,
    normal_name,
    normal_vat_number,
)

_PARTICIPANT = re.compile(r"0208:(\d{10})")


# --- our mark -------------------------------------------------------------------------------------------------

# Other packages number their relations from 1; ours lie above, up to the largest int32.
_LOWEST = 10_000_000
_RANGE = 2**31 - _LOWEST
ATTEMPTS = 4
_SHORTEST_MARK = 6


def external_number(reference: str, attempt: int = 0) -> int:
    """The number of our party with this mark: the same one always, another one for each attempt.

    Numbers are 32 bits and marks are longer, so two parties may fall on one number; then the next attempt's is taken.
    """
    digest = hashlib.sha256(f"{reference}#{attempt}".encode()).digest()
    return _LOWEST + int.from_bytes(digest[:8], "big") % _RANGE


def party_number(reference: str) -> str:
    """The number under which the party with this mark is made, as the engine compares numbers."""
    return str(external_number(reference))


def verified_mark(mark: str, number: int) -> str:
    """A mark that stands beside the number that follows from it; empty for anything that others wrote there."""
    if mark and number and any(external_number(mark, attempt) == number for attempt in range(ATTEMPTS)):
        return mark
    return ""


def is_ours(party: PartyData, record: PartyRecord, mark: str, number: int, attempt: int) -> bool:
    """Whether a relation under one of our numbers is this party: its mark, cut or not, else its VAT number or name."""
    if number != external_number(party.reference, attempt):
        return False
    if mark:
        return party.reference == mark or (len(mark) >= _SHORTEST_MARK and party.reference.startswith(mark))
    return matched_by(party, record) != ""


# --- numbers and names ----------------------------------------------------------------------------------------


def enterprise_of_participant(participant: str) -> str:
    """The Belgian enterprise number of a Peppol participant, empty for any other."""
    found = _PARTICIPANT.fullmatch(participant)
    return found[1] if found else ""


def dotted_vat_number(value: str) -> str:
    """A VAT number as Octopus writes it: BE0123.456.789; those of other countries as they are."""
    found = compact(value)
    if found.startswith("BE") and len(found) == 12:
        return f"{found[:6]}.{found[6:9]}.{found[9:]}"
    return found


def vat_spellings(value: str) -> list[str]:
    """The two ways in which a VAT number is asked for: dotted first, then plain."""
    return list(dict.fromkeys(filter(None, (dotted_vat_number(value), compact(value)))))


def searches(party: PartyData) -> list[dict[str, str]]:
    """The questions that together bring every relation that may be the party; parameters of one are OR-ed."""
    asked: dict[str, str] = {}
    if party.external_id.isdigit():
        asked["relationId"] = party.external_id
    if party.reference:
        asked["extRelationId"] = str(external_number(party.reference))
    name = party.last_name if party.is_person and party.first_name and party.last_name else party.name
    if name.strip():
        asked["name"] = name.strip()
    spellings = vat_spellings(party.vat_number)
    if spellings:
        asked["vatNr"] = spellings[0]
    found = [asked] if asked else []
    return found + [{"vatNr": spelling} for spelling in spellings[1:]]


def matched_by(party: PartyData, record: PartyRecord) -> str:
    """The strongest fact by which the relation is the party, empty when none holds."""
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


_STRENGTH = {fact: place for place, fact in enumerate((BY_ID, BY_REFERENCE, BY_VAT, BY_ENTERPRISE, BY_NAME))}


def strongest_first(refs: Sequence[ExternalRef]) -> list[ExternalRef]:
    """Found relations by strength of the fact, then by key, each once."""
    unique = {ref.external_id: ref for ref in refs}
    return sorted(unique.values(), key=lambda ref: (_STRENGTH.get(ref.matched_by, 9), int(ref.external_id or 0)))
