"""What two parties' numbers say of them: that they are one, that they are two, or that one was mistyped. Pure."""

from __future__ import annotations

from functools import lru_cache

from rapidfuzz.distance import OSA

from .. import numbers
from .rows import Entry

_PLACEHOLDERS = frozenset({"12345678", "01234567", "87654321"})


def is_valid_vat(number: str) -> bool:
    """As `numbers.is_valid_vat_number`; a Belgian number, of which there are most, in a tenth of the time."""
    if number.startswith("BE"):
        digits = number[2:]
        if len(digits) != 10 or not (digits.isascii() and digits.isdigit()) or digits[0] not in "01":
            return False
        return 0 < int(digits) and (int(digits[:8]) + int(digits[8:])) % 97 == 0
    return _is_valid_elsewhere(number)


_is_valid_elsewhere = lru_cache(maxsize=16_384)(numbers.is_valid_vat_number)


def is_valid_enterprise(key: str) -> bool:
    """Whether an enterprise number with its country keeps the rule of that country; of most we know none."""
    country, number = key[:2], key[2:]
    if country == "BE":
        return is_valid_vat(key)
    if country == "NL" and number not in _PLACEHOLDERS and len(set(number)) > 1:
        return numbers.is_valid_enterprise_number(number, "NL")
    return False


def is_proven(one: Entry, other: Entry) -> bool:
    """Whether they have a valid number in common."""
    if one.vat and one.vat == other.vat and is_valid_vat(one.vat):
        return True
    return bool(one.enterprise) and one.enterprise == other.enterprise and is_valid_enterprise(one.enterprise)


def differ(one: Entry, other: Entry) -> bool:
    """Whether both have a valid number of one kind and country, and not the same."""
    mine, yours = one.vat, other.vat
    if mine and yours and mine != yours and mine[:2] == yours[:2] and is_valid_vat(mine) and is_valid_vat(yours):
        return True
    mine, yours = one.enterprise, other.enterprise
    if mine and yours and mine != yours and mine[:2] == yours[:2]:
        return is_valid_enterprise(mine) and is_valid_enterprise(yours)
    return False


def is_mistyped(one: Entry, other: Entry) -> bool:
    """Whether one VAT number cannot exist and is the other's valid one but for a slip: two signs swapped, one other."""
    mine, yours = one.vat, other.vat
    if not mine or not yours or mine == yours or OSA.distance(mine, yours, score_cutoff=1) > 1:
        return False
    return is_valid_vat(mine) != is_valid_vat(yours)
