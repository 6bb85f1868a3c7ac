"""Text as every bookkeeping tool can keep it. Pure."""

from __future__ import annotations

import re

# What XML 1.0 cannot hold, and no page shows; half a surrogate pair cannot be written at all.
_UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
_SPACE = re.compile(r"\s+")


def clean(value: str, length: int | None = None) -> str:
    """Text on one line, without signs that cannot be shown, cut to `length`."""
    return _SPACE.sub(" ", _UNWRITABLE.sub("", value)).strip()[:length].strip()
