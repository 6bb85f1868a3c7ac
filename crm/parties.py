"""Rules about a party's own data: the VAT type it starts with, its normal form, and what looks wrong. Pure.

Wrong numbers are kept as they were entered, so that nothing typed is lost; they are reported here, and a wrong
VAT number stops the party on its way to the bookkeeping (catalogue APP-201). Source: domain rules 2 and 3.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.utils.translation import gettext as _

from . import numbers

if TYPE_CHECKING:
    from .models import Party


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyWarning:
    """Something about a field that a person should look at; it never stops saving."""

    field: str
    code: str  # of the catalogue where it has one, else a stable key
    text: str


def default_vat_type(*, is_person: bool, country: str, vat_number: str, home_countries: Collection[str]) -> str:
    """Return the VAT type a new party starts with (domain rules 2, rule 1); the first that fits counts.

    A valid VAT number of a country where we have an entity: VAT liable. A valid one of another state of the
    Union, or of Northern Ireland: Intra-Community. A country outside the Union: outside the EU. A person without
    VAT number: not VAT liable. Else unknown. With entities in two countries both count as home.
    """
    number = numbers.normalise_vat_number(vat_number, country)
    if number and numbers.is_valid_vat_number(number):
        if numbers.vat_country(number) in home_countries:
            return "vat_liable"
        if number[:2] in numbers.EU_VAT_PREFIXES or number.startswith("XI"):
            return "intra_community"
    if country and country.upper() not in numbers.EU_COUNTRIES:
        return "outside_eu"
    if is_person and not number:
        return "not_vat_liable"
    return "unknown"


def normalise(party: Party) -> None:
    """Bring the fields of a party into the form in which they are stored and compared; changes the object only."""
    for field in ("name", "first_name", "last_name", "street", "postcode", "city", "phone", "email", "website"):
        setattr(party, field, " ".join(getattr(party, field).split()))
    party.country = party.country.strip().upper()
    party.language = party.language.strip().lower()
    party.vat_number = numbers.normalise_vat_number(party.vat_number, party.country)
    party.enterprise_number = numbers.normalise_enterprise_number(party.enterprise_number, party.country)
    if not party.enterprise_number and fits_country(party.vat_number, party.country):
        party.enterprise_number = numbers.enterprise_number_of(party.vat_number)
    party.iban = numbers.normalise_iban(party.iban)
    party.bic = numbers.normalise_iban(party.bic)
    party.peppol_id = "".join(party.peppol_id.split())


def fits_country(vat_number: str, country: str) -> bool:
    """Whether a normalised VAT number can be one of the ISO country; where either is not known, it can."""
    return not country or numbers.vat_country(vat_number) in ("", country, _vat_home(country))


def find_warnings(party: Party) -> list[PartyWarning]:
    """Return what looks wrong about a normalised party, field by field."""
    return list(_warnings(party))


def _warnings(party: Party) -> Iterator[PartyWarning]:
    number = party.vat_number
    if number and not numbers.is_valid_vat_number(number):
        text = _("VAT number %(number)s is not valid. Expected: %(pattern)s.")
        pattern = numbers.expected_vat_pattern(number, party.country)
        yield PartyWarning(field="vat_number", code="APP-201", text=text % {"number": number, "pattern": pattern})
    elif not fits_country(number, party.country):
        text = _("VAT number %(number)s belongs to another country than the address.") % {"number": number}
        yield PartyWarning(field="vat_number", code="vat-country", text=text)
    if not number and party.vat_type in ("vat_liable", "contractor", "intra_community"):
        text = _("A VAT number is missing for this VAT type.")
        yield PartyWarning(field="vat_number", code="APP-202", text=text)
    enterprise = party.enterprise_number
    if enterprise and not numbers.is_valid_enterprise_number(enterprise, party.country):
        text = _("Enterprise number %(number)s is not valid.") % {"number": enterprise}
        yield PartyWarning(field="enterprise_number", code="enterprise-number", text=text)
    if not party.country:
        yield PartyWarning(field="country", code="APP-203", text=_("The country is missing."))
    if party.iban and not numbers.is_valid_iban(party.iban):
        text = _("IBAN %(iban)s is not valid.") % {"iban": party.iban}
        yield PartyWarning(field="iban", code="iban", text=text)
    if party.bic and not numbers.is_valid_bic(party.bic):
        yield PartyWarning(field="bic", code="bic", text=_("BIC %(bic)s is not valid.") % {"bic": party.bic})


def _vat_home(country: str) -> str:
    """The country whose VAT numbers a country uses: Monaco the French ones, Liechtenstein the Swiss, XI the British."""
    return {"MC": "FR", "LI": "CH", "XI": "GB"}.get(country, country)
