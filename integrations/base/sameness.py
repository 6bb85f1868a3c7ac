"""By which fact a relation of a tool is recognised, and the form in which numbers and names are compared. Pure.

Tools keep VAT numbers as they were typed, with dots, blanks or without the country. Source: domain rules 3 and 8.3.
"""

from __future__ import annotations

import re
import unicodedata

BY_REFERENCE = "reference"
BY_ID = "external id"
BY_VAT = "VAT number"
BY_ENTERPRISE = "enterprise number"
BY_NAME = "name and postcode"

_NOT_ALNUM = re.compile(r"[^0-9A-Z]")
_NOT_WORD = re.compile(r"[^0-9a-z]")
STARTS_WITH_COUNTRY = re.compile(r"[A-Z]{2}")


def compact(value: str) -> str:
    """Capitals and digits only."""
    return _NOT_ALNUM.sub("", value.upper())


def normal_vat_number(value: str, country: str) -> str:
    """A VAT number in capitals with its country in front: BE0123456789 for `0123.456.789` in Belgium."""
    number = compact(value)
    if not number:
        return ""
    if not STARTS_WITH_COUNTRY.match(number):
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
