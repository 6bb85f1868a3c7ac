"""Which dimensions of Twinfield may be our party: numbers and names in normal form. Pure.

Source: domain rules 3 and 8.3.
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
    compact,
    normal_enterprise_number,
    normal_name,
    normal_vat_number,
)

_STRENGTH = {fact: place for place, fact in enumerate((BY_ID, BY_REFERENCE, BY_VAT, BY_ENTERPRISE, BY_NAME))}


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
