"""Cells as values of a party: normalised as `crm.parties` does, checked as its page does. Source: rules 3 and 13.2.

A cell that cannot be a value makes its row wrong (IMP-307); it is told with the kind of value it should have been.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator, validate_email
from django.utils.translation import override

from config.countries import COUNTRIES, LANGUAGES

from .. import numbers
from ..countries import COUNTRIES as CODES
from ..models import VatType
from ..names import name_key
from .fields import FIELDS
from .fields import LANGUAGES as PAGE_LANGUAGES

# What our own export puts before a text that a spreadsheet would run; it comes back in without it.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_YES = frozenset({"1", "y", "yes", "ja", "j", "oui", "o", "true", "waar", "vrai", "x"})
_NO = frozenset({"0", "n", "no", "nee", "neen", "non", "false", "onwaar", "faux"})
# Names of countries as files have them beside those of our own lists.
_MORE_COUNTRIES = {
    "belgie": "BE", "belgique": "BE", "belgien": "BE", "b": "BE", "bel": "BE", "nederland": "NL", "holland": "NL",
    "pays bas": "NL", "niederlande": "NL", "the netherlands": "NL", "nld": "NL", "frankrijk": "FR", "frankreich": "FR",
    "fra": "FR", "f": "FR", "duitsland": "DE", "allemagne": "DE", "deutschland": "DE", "deu": "DE", "d": "DE",
    "luxemburg": "LU", "luxembourg": "LU", "lux": "LU", "l": "LU", "groothertogdom luxemburg": "LU",
    "verenigd koninkrijk": "GB", "royaume uni": "GB", "uk": "GB", "great britain": "GB", "england": "GB", "gbr": "GB",
    "spanje": "ES", "espagne": "ES", "espana": "ES", "italie": "IT", "italia": "IT", "zwitserland": "CH",
    "suisse": "CH", "schweiz": "CH", "oostenrijk": "AT", "autriche": "AT", "osterreich": "AT", "usa": "US",
    "verenigde staten": "US", "etats unis": "US", "united states of america": "US", "polen": "PL", "pologne": "PL",
    "ierland": "IE", "irlande": "IE", "portugal": "PT", "denemarken": "DK", "danemark": "DK", "zweden": "SE",
    "suede": "SE", "el": "GR", "griekenland": "GR", "grece": "GR",
}  # fmt: skip
_MORE_LANGUAGES = {
    "nederlands": "nl", "dutch": "nl", "neerlandais": "nl", "n": "nl", "nld": "nl", "nl be": "nl", "nl nl": "nl",
    "frans": "fr", "french": "fr", "francais": "fr", "f": "fr", "fra": "fr", "fr be": "fr", "fr fr": "fr",
    "engels": "en", "english": "en", "anglais": "en", "e": "en", "eng": "en", "en gb": "en", "en us": "en",
    "duits": "de", "german": "de", "deutsch": "de", "allemand": "de", "d": "de", "deu": "de", "de de": "de",
}  # fmt: skip


class Wrong(Exception):
    """A cell that is no value of its kind; `kind` is a key of `crm.importing.words`."""

    def __init__(self, kind: str) -> None:
        super().__init__(kind)
        self.kind = kind


@dataclass(slots=True)
class Lists:
    """What cells are looked up in, read once per file: payment terms by name key, and the countries of our entities."""

    terms: dict[str, int] = field(default_factory=dict)
    home: Sequence[str] = ()


def undo_export(text: str) -> str:
    """The text as it was before an export made it harmless for spreadsheets."""
    return text[1:] if text.startswith("'") and text[1:].startswith(_FORMULA_STARTS) else text


def is_yes_no(text: str) -> bool:
    return name_key(text) in _YES | _NO


def read_cells(cells: Iterable[tuple[str, str]], lists: Lists) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Return the values by field, and what is wrong: `{"code", "params"}` each. An empty cell is an empty value.

    `cells` are (field, text), the country before the numbers, which are read by it.
    """
    values: dict[str, Any] = {}
    wrong = []
    country = ""
    for key, text in cells:
        kind, length = _KINDS[key]
        if not text:
            values[key] = _EMPTY.get(kind, "")
            continue
        if text[0] == "'":
            text = undo_export(text)
        try:
            value = _READERS[kind](text, country, lists)
            if isinstance(value, str) and len(value) > length:
                raise Wrong("too-long")
        except Wrong as error:
            params = {"field": key, "value": text[:60], "kind": error.kind, "limit": length}
            wrong.append({"code": "IMP-307", "params": params})
            continue
        values[key] = value
        if key == "country":
            country = value
    return values, wrong


_KINDS = {found.key: (found.kind, found.length) for found in FIELDS}
_EMPTY: dict[str, Any] = {"tags": [], "yes_no": None, "payment_term": None}


def _plain(text: str, country: str, lists: Lists) -> str:
    return " ".join(text.split())


def _note(text: str, country: str, lists: Lists) -> str:
    return text.replace("\r\n", "\n")


def _compact(text: str, country: str, lists: Lists) -> str:
    return "".join(text.split())


def _postcode(text: str, country: str, lists: Lists) -> str:
    found = " ".join(text.split())
    # "B-1000" and "NL-1012 AB" say the country twice.
    start, dash, rest = found.partition("-")
    return rest.strip() if dash and start.upper() in ("B", "BE", "NL", "L", "LU", "F", "FR", "D", "DE") else found


def _vat_number(text: str, country: str, lists: Lists) -> str:
    """A number without country is one of ours where it would be valid there."""
    number = numbers.normalise_vat_number(text, country)
    if not number:
        return ""
    if _is_vat(number):
        return number
    if not country:
        for home in lists.home:
            if _is_vat(candidate := numbers.normalise_vat_number(text, home)):
                return candidate
    raise Wrong("vat-number")


def _enterprise_number(text: str, country: str, lists: Lists) -> str:
    compact = numbers.normalise_enterprise_number(text, country)
    if not country and (compact.startswith("BE") or len(compact) in (9, 10)):
        at_home = numbers.normalise_enterprise_number(text, "BE")
        if _is_vat(f"BE{at_home}"):
            return at_home
    # A Belgian number beside another country is kept as the page keeps it: the preview says that country and VAT
    # number disagree, and our own export comes back as it went.
    belgian = len(compact) == 10 and numbers.is_valid_enterprise_number(compact, "BE")
    if not belgian and not numbers.is_valid_enterprise_number(compact, country):
        raise Wrong("enterprise-number")
    return compact


@lru_cache(maxsize=1024)
def _is_vat(number: str) -> bool:
    return numbers.is_valid_vat_number(number)


# The words of a list come again in every row.
_word_key = lru_cache(maxsize=4096)(name_key)


def _country(text: str, country: str, lists: Lists) -> str:
    code = text.upper()
    if code in CODES:
        return code
    found = _country_names().get(_word_key(text))
    if found is None:
        raise Wrong("country")
    return found


@lru_cache(maxsize=1)
def _country_names() -> dict[str, str]:
    return {**_named(COUNTRIES), **_MORE_COUNTRIES}


def _language(text: str, country: str, lists: Lists) -> str:
    key = _word_key(text)
    codes = {code for code, _name in LANGUAGES}
    found = key if key in codes else _MORE_LANGUAGES.get(key)
    if found is None:
        raise Wrong("language")
    return found


def _email(text: str, country: str, lists: Lists) -> str:
    found = " ".join(text.split())
    try:
        validate_email(found)
    except ValidationError as error:
        raise Wrong("email") from error
    return found


_is_url = URLValidator(schemes=["http", "https"])


def _website(text: str, country: str, lists: Lists) -> str:
    found = "".join(text.split())
    found = found if "://" in found else f"https://{found}"
    try:
        _is_url(found)
    except ValidationError as error:
        raise Wrong("website") from error
    return found


def _iban(text: str, country: str, lists: Lists) -> str:
    found = numbers.normalise_iban(text)
    if not numbers.is_valid_iban(found):
        raise Wrong("iban")
    return found


def _bic(text: str, country: str, lists: Lists) -> str:
    found = numbers.normalise_iban(text)
    if not numbers.is_valid_bic(found):
        raise Wrong("bic")
    return found


def _yes_no(text: str, country: str, lists: Lists) -> bool:
    key = _word_key(text)
    if key in _YES:
        return True
    if key in _NO:
        return False
    raise Wrong("yes-no")


def _vat_type(text: str, country: str, lists: Lists) -> str:
    found = _vat_types().get(_word_key(text))
    if found is None:
        raise Wrong("vat-type")
    return found


@lru_cache(maxsize=1)
def _vat_types() -> dict[str, str]:
    return {**_named(VatType.choices), **{name_key(key.replace("_", " ")): key for key in VatType.values}}


def _payment_term(text: str, country: str, lists: Lists) -> int:
    found = lists.terms.get(_word_key(text))
    if found is None:
        raise Wrong("payment-term")
    return found


def _tags(text: str, country: str, lists: Lists) -> list[str]:
    found: dict[str, str] = {}
    for part in text.split(","):
        if tag := " ".join(part.split())[:80]:
            found.setdefault(tag.casefold(), tag)
    return list(found.values())


def _named(choices: Iterable[tuple[str, Any]]) -> dict[str, str]:
    """Name keys of the choices in each of our languages."""
    names: dict[str, str] = {}
    for language in PAGE_LANGUAGES:
        with override(language):
            names |= {name_key(str(name)): code for code, name in choices}
    return names


_READERS: dict[str, Callable[[str, str, Lists], Any]] = {
    "text": _plain,
    "number": _plain,
    "note": _note,
    "compact": _compact,
    "postcode": _postcode,
    "vat_number": _vat_number,
    "enterprise_number": _enterprise_number,
    "country": _country,
    "language": _language,
    "email": _email,
    "website": _website,
    "iban": _iban,
    "bic": _bic,
    "yes_no": _yes_no,
    "vat_type": _vat_type,
    "payment_term": _payment_term,
    "tags": _tags,
}
