"""What a page showed before somebody confirmed: the same rows, or the confirmation counts for nothing."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Sequence


def mark_of(*lists: Iterable[int | Sequence[int]]) -> str:
    """A mark of lists of keys, or of pairs of keys: the same as long as the same rows are in the same lists."""
    rows = json.dumps([sorted(rows) for rows in lists], separators=(",", ":"))
    return hashlib.sha256(rows.encode()).hexdigest()
