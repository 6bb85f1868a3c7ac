"""Addresses as they are compared: towns with two names, postcodes without signs, streets without their usual endings. Pure."""

from __future__ import annotations

import re
from functools import lru_cache
from sys import intern

from ..names import name_key, postcode_key
from .names import words_of

# Towns with two names, by the one that is compared.
_TOWNS = {
    "bruxelles": "brussel", "brussels": "brussel", "gand": "gent", "anvers": "antwerpen", "luik": "liege", "bruges": "brugge",
    "bergen": "mons", "courtrai": "kortrijk", "louvain": "leuven", "malines": "mechelen", "namen": "namur", "doornik": "tournai",
    "moeskroen": "mouscron", "waver": "wavre", "nijvel": "nivelles", "aarlen": "arlon", "ostende": "oostende", "ypres": "ieper",
    "alost": "aalst", "termonde": "dendermonde", "tirlemont": "tienen", "hal": "halle", "vilvorde": "vilvoorde",
    "saint nicolas": "sint niklaas", "st niklaas": "sint niklaas", "s gravenhage": "den haag", "la haye": "den haag", "s hertogenbosch": "den bosch",
    "rijsel": "lille", "duinkerke": "dunkerque", "grammont": "geraardsbergen", "audenarde": "oudenaarde", "renaix": "ronse",
}  # fmt: skip
# One street, written short or in full.
_STREET_WORDS = {"laan": "ln", "steenweg": "stwg", "stw": "stwg", "r": "rue", "av": "avenue"}
_STREET_ENDS = re.compile(r"(?:straat|str|steenweg|stwg)$")
_BOX = frozenset({"bus", "box", "bte", "boite", "b"})


@lru_cache(maxsize=4_096)
def city_key(city: str, country: str) -> str:
    """Country and town, the same for both names of a town; empty without a town."""
    key = name_key(city)
    return intern(f"{country or 'BE'}:{_TOWNS.get(key, key)}") if key else ""


@lru_cache(maxsize=4_096)
def town_words(city: str) -> frozenset[str]:
    """The words of a town, from its `city_key`, and those of its other names."""
    key = city.partition(":")[2]
    names = [key, *(other for other, kept in _TOWNS.items() if kept == key)]
    return frozenset(word for name in names for word in words_of(name)) if key else frozenset()


@lru_cache(maxsize=4_096)
def area_key(postcode: str, country: str) -> str:
    """Country and postcode; of a Dutch one the four digits, which are a village or a quarter. Empty without a postcode."""
    key = postcode_key(postcode)
    if not key:
        return ""
    country = country or "BE"
    return intern(f"{country}:{key[:4] if country == 'NL' else key}")


@lru_cache(maxsize=16_384)
def street_key(street: str) -> str:
    """A street as it is compared: "Kerkstr. 12" and "Kerkstraat 12 bus 3" are the same house."""
    words: list[str] = []
    for word in name_key(street).split():
        if word in _BOX:
            break
        word = _STREET_ENDS.sub("", word) or word
        words.append(_STREET_WORDS.get(word, word))
    return "".join(words)
