"""Names as they are compared: case, accents and punctuation aside. Source: domain rules 8.3 and 13.3."""

from __future__ import annotations

import re
import unicodedata

_WORDS = re.compile(r"[a-z0-9]+")


def name_key(name: str) -> str:
    """Return `name` in the form two equal names share: casefolded, without accents, letters and digits only."""
    if name.isascii():
        return " ".join(_WORDS.findall(name.lower()))
    decomposed = unicodedata.normalize("NFKD", name.casefold())
    kept = "".join(c for c in decomposed if not unicodedata.combining(c))
    return " ".join("".join(c if c.isalnum() else " " for c in kept).split())


def postcode_key(postcode: str) -> str:
    """Return `postcode` upper case without blanks and dashes."""
    return "".join(c for c in postcode.upper() if c.isalnum())
