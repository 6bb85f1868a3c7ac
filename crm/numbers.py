"""VAT and enterprise numbers, IBAN and BIC: normal form, check, and the pattern a person is shown.

The form of each country is checked here, the check digits by python-stdnum. Pure. Source: domain rules 3.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from importlib import import_module
from typing import Any

from stdnum import bic as stdnum_bic
from stdnum import iban as stdnum_iban

_NOISE = re.compile(r"[\s.\-/_,:()]")


@dataclass(frozen=True, slots=True)
class _VatForm:
    body: str  # regular expression of what follows the prefix
    shown: str  # 9: a digit, X: a letter or digit, A: a letter
    module: str  # of python-stdnum


_GB = r"(\d{9}|\d{12}|(GD|HA)\d{3})"
_FORMS = {
    "AT": _VatForm(r"U\d{8}", "ATU99999999", "at.uid"),
    "BE": _VatForm(r"[01]\d{9}", "BE0999999999 / BE1999999999", "be.vat"),
    "BG": _VatForm(r"\d{9,10}", "BG999999999 / BG9999999999", "bg.vat"),
    "CH": _VatForm(r"E\d{9}(MWST|TVA|IVA|TPV)", "CHE-999.999.999 MWST / TVA / IVA", "ch.vat"),
    "CY": _VatForm(r"\d{8}[A-Z]", "CY99999999A", "cy.vat"),
    "CZ": _VatForm(r"\d{8,10}", "CZ and 8 to 10 digits", "cz.dic"),
    "DE": _VatForm(r"\d{9}", "DE999999999", "de.vat"),
    "DK": _VatForm(r"\d{8}", "DK99999999", "dk.cvr"),
    "EE": _VatForm(r"\d{9}", "EE999999999", "ee.kmkr"),
    "EL": _VatForm(r"\d{9}", "EL999999999", "gr.vat"),
    "ES": _VatForm(r"([A-Z]\d{7}[0-9A-Z]|\d{8}[A-Z])", "ESX9999999X", "es.nif"),
    "FI": _VatForm(r"\d{8}", "FI99999999", "fi.alv"),
    "FR": _VatForm(r"[0-9A-HJ-NP-Z]{2}\d{9}", "FRXX999999999", "fr.tva"),
    "GB": _VatForm(_GB, "GB999999999", "gb.vat"),
    "HR": _VatForm(r"\d{11}", "HR99999999999", "hr.oib"),
    "HU": _VatForm(r"\d{8}", "HU99999999", "hu.anum"),
    "IE": _VatForm(r"(\d{7}[A-Z]{1,2}|\d[A-Z+*]\d{5}[A-Z])", "IE9999999A / IE9999999AA", "ie.vat"),
    "IT": _VatForm(r"\d{11}", "IT99999999999", "it.iva"),
    "LT": _VatForm(r"(\d{9}|\d{12})", "LT999999999 / LT999999999999", "lt.pvm"),
    "LU": _VatForm(r"\d{8}", "LU99999999", "lu.tva"),
    "LV": _VatForm(r"\d{11}", "LV99999999999", "lv.pvn"),
    "MT": _VatForm(r"\d{8}", "MT99999999", "mt.vat"),
    "NL": _VatForm(r"\d{9}B(?!00)\d{2}", "NL999999999B99", "nl.btw"),
    "PL": _VatForm(r"\d{10}", "PL9999999999", "pl.nip"),
    "PT": _VatForm(r"\d{9}", "PT999999999", "pt.nif"),
    "RO": _VatForm(r"\d{2,10}", "RO and 2 to 10 digits", "ro.cf"),
    "SE": _VatForm(r"\d{12}", "SE999999999999", "se.vat"),
    "SI": _VatForm(r"\d{8}", "SI99999999", "si.ddv"),
    "SK": _VatForm(r"\d{10}", "SK9999999999", "sk.dph"),
    "XI": _VatForm(_GB, "XI999999999", "gb.vat"),
}

# Northern Ireland trades goods as if it were in the Union, but is no member state.
_NOT_EU = frozenset({"CH", "GB", "XI"})
EU_VAT_PREFIXES = frozenset(_FORMS) - _NOT_EU
EU_COUNTRIES = frozenset("GR" if prefix == "EL" else prefix for prefix in EU_VAT_PREFIXES)


def normalise_vat_number(text: str, country: str = "") -> str:
    """Return the VAT number upper case, without signs, with its country prefix; empty stays empty.

    Without a prefix it gets that of the ISO country; a Belgian number of nine digits gets its leading zero,
    Greece is written EL. Nothing is checked here.
    """
    compact = _NOISE.sub("", text).upper()
    if not compact:
        return ""
    if compact.startswith("GR"):
        compact = f"EL{compact[2:]}"
    prefix = vat_prefix(country)
    if (
        prefix
        and not compact.startswith(prefix)
        and (
            compact[:2] not in _FORMS
            or (is_valid_vat_number(_with_prefix(prefix, compact)) and not is_valid_vat_number(compact))
        )
    ):
        # A French key or a British GD number may begin like another country's prefix.
        compact = _with_prefix(prefix, compact)
    if re.fullmatch(r"BE\d{9}", compact):
        compact = f"BE0{compact[2:]}"
    return compact


def vat_prefix(country: str) -> str:
    """The prefix VAT numbers of an ISO country carry: EL for Greece, else the code itself where we know one."""
    code = "EL" if country.upper() == "GR" else country.upper()
    return code if code in _FORMS else ""


def vat_country(number: str) -> str:
    """The ISO country of a normalised VAT number, or an empty text."""
    prefix = number[:2]
    return {"EL": "GR", "XI": "GB"}.get(prefix, prefix if prefix in _FORMS else "")


def is_valid_vat_number(number: str) -> bool:
    """Whether a normalised VAT number has its country's form and check digits. Unknown countries are not valid."""
    form = _FORMS.get(number[:2])
    if form is None or not re.fullmatch(form.body, number[2:], re.ASCII):
        return False
    module = _module(form.module)
    # The Swiss module wants the whole number, the others what follows the prefix.
    return bool(module.is_valid(number if number.startswith("CH") else number[2:]))


@lru_cache
def _module(name: str) -> Any:
    return import_module(f"stdnum.{name}")


def expected_vat_pattern(number: str, country: str = "") -> str:
    """The pattern beside a wrong number: 9 a digit, A a letter, X either; by its prefix, else by the country."""
    form = _FORMS.get(number[:2]) or _FORMS.get(vat_prefix(country))
    return form.shown if form else "country code and number, e.g. BE0999999999"


def normalise_enterprise_number(text: str, country: str = "") -> str:
    """Return an enterprise number without signs; a Belgian one has ten digits and no prefix."""
    compact = _NOISE.sub("", text).upper()
    if country.upper() == "BE":
        compact = compact.removeprefix("BE")
        if compact.isdigit() and len(compact) == 9:
            compact = f"0{compact}"
    return compact


def is_valid_enterprise_number(number: str, country: str) -> bool:
    """Whether a normalised enterprise number can exist: check digits for Belgium, eight digits for the Netherlands.

    Of other countries we know no form, so anything goes.
    """
    if country == "BE":
        return is_valid_vat_number(f"BE{number}")
    if country == "NL":
        return bool(re.fullmatch(r"\d{8}", number, re.ASCII))
    return True


def enterprise_number_of(vat_number: str) -> str:
    """The Belgian enterprise number inside a valid normalised VAT number; empty for every other."""
    return vat_number[2:] if vat_number.startswith("BE") and is_valid_vat_number(vat_number) else ""


def normalise_iban(text: str) -> str:
    """Return an IBAN upper case and without blanks."""
    return "".join(text.split()).upper()


def is_valid_iban(iban: str) -> bool:
    """Whether a normalised IBAN has its country's form and check digits; lists of banks grow old, so none is asked."""
    return bool(stdnum_iban.is_valid(iban, check_country=False))


def is_valid_bic(bic: str) -> bool:
    """Whether a normalised BIC has 8 or 11 characters in the right places."""
    return bool(stdnum_bic.is_valid(bic))


def _with_prefix(prefix: str, compact: str) -> str:
    return f"CHE{compact.removeprefix('E')}" if prefix == "CH" else f"{prefix}{compact}"
