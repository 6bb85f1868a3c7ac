"""A party as the finder reads it, and as it compares it: small, with what is equal for equal things. Pure."""

from __future__ import annotations

from typing import NamedTuple

from .. import numbers
from .freemail import FREEMAIL
from .names import words_of
from .places import area_key, city_key, street_key

_NO_SIGNS = str.maketrans("", "", " +-./()")


class Row(NamedTuple):
    """What the finder reads of a party; texts as they are stored."""

    id: int
    kind: str
    name_key: str
    vat_number: str = ""
    enterprise_number: str = ""
    street: str = ""
    postcode: str = ""
    city: str = ""
    country: str = ""
    email: str = ""
    phone: str = ""
    iban: str = ""


class Entry:
    """A party as it is compared with others. Of a hundred thousand at once, so no more than is looked at.

    `enterprise`: country and enterprise number, that of a Belgian VAT number where none is filled in. `domain`: that of the
    e-mail address, unless anybody may have one there. `glued`: the whole name without blanks. `area`: of the postcode.
    """

    __slots__ = (
        "area", "city", "email", "enterprise", "glued", "iban", "id", "phone", "sorted", "street", "town", "vat", "words",
    )  # fmt: skip

    def __init__(self, row: Row) -> None:
        self.id, _kind, key, vat, enterprise, street, postcode, city, country, email, phone, self.iban = row
        if not country:
            country = numbers.vat_country(vat)
        self.words = words = words_of(key)
        self.sorted = words[0] if len(words) == 1 else " ".join(sorted(words))
        glued = key.replace(" ", "")
        self.glued = glued if glued != self.sorted else self.sorted
        self.vat = vat
        self.enterprise = _enterprise(vat, enterprise, country)
        self.area = area_key(postcode, country) if postcode else ""
        self.city = city_key(city, country) if city else ""
        self.town = self.city or self.area
        self.street = street_key(street) if street else ""
        self.phone = phone_key(phone) if phone else 0
        self.email = email.lower()

    @property
    def domain(self) -> str:
        domain = self.email.rpartition("@")[2]
        return "" if domain in FREEMAIL else domain


def phone_key(phone: str) -> int:
    """The last eight digits as a number, so that the ways to write a country do not matter; 0 for less."""
    digits = phone.translate(_NO_SIGNS)
    if not digits.isdecimal():
        digits = "".join(c for c in digits if c.isdecimal())
    return int(digits[-8:]) if len(digits) >= 8 else 0


def _enterprise(vat: str, number: str, country: str) -> str:
    if not number:
        return vat if vat.startswith("BE") else ""
    if not country and len(number) == 10 and number[0] in "01":
        country = "BE"
    return vat if vat == f"{country}{number}" else f"{country or '--'}{number}"
