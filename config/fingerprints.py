"""A mark of what a page showed, by which is known later whether the same still stands there."""

from __future__ import annotations

import hashlib


def fingerprint(*values: object) -> str:
    """Return a mark of the values: the same for the same ones in the same order, another one for any other.

    Values are told apart by their `repr`, so give plain ones: texts, numbers, days, and lists of these.
    """
    return hashlib.sha256(repr(values).encode()).hexdigest()[:32]
