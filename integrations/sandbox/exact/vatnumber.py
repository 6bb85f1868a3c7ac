"""Whether a VAT number can be one: its form, and for Belgium and the Netherlands its check digits."""

from __future__ import annotations

import re

_FORMS = {
    "BE": r"[01]\d{9}",
    "NL": r"\d{9}B\d{2}",
    "DE": r"\d{9}",
    "FR": r"[0-9A-Z]{2}\d{9}",
    "LU": r"\d{8}",
    "GB": r"\d{9}|\d{12}|(?:GD|HA)\d{3}",
    "AT": r"U\d{8}",
    "DK": r"\d{8}",
    "ES": r"[0-9A-Z]\d{7}[0-9A-Z]",
    "IE": r"\d[0-9A-Z+*]\d{5}[A-Z]{1,2}",
    "IT": r"\d{11}",
    "PL": r"\d{10}",
    "PT": r"\d{9}",
}


def plausible(text: str, country: str) -> bool:
    """Return whether `text` can be a VAT number; blanks, dots and hyphens do not count, the prefix may be missing."""
    number = re.sub(r"[\s.\-]", "", text).upper()
    prefix = number[:2] if number[:2].isalpha() else country.strip()
    digits = number[2:] if number[:2].isalpha() else number
    form = _FORMS.get(prefix)
    if form is None:
        return 2 <= len(number) <= 20 and number.isalnum()
    if not re.fullmatch(form, digits):
        return False
    if prefix == "BE":
        return (97 - int(digits[:8]) % 97) == int(digits[8:])
    if prefix == "NL":
        return _dutch(digits)
    return True


def _dutch(digits: str) -> bool:
    """Two checks live side by side: the old one on nine digits, and since 2020 one over the whole number."""
    old = sum(int(digit) * weight for digit, weight in zip(digits[:8], range(9, 1, -1), strict=True)) % 11 == int(
        digits[8]
    )
    whole = "".join(str(int(char, 36)) for char in f"NL{digits}")
    return old or int(whole) % 97 == 1
