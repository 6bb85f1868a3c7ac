"""Where reading of the contacts goes on: a page within a pass, then only what changed since it began. Pure."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class ContactCursor:
    """`since`: only contacts changed after it (empty: all). `begun`: when this pass began (empty: none is going on)."""

    since: str = ""
    begun: str = ""
    page: int = 1

    @classmethod
    def load(cls, cursor: str) -> ContactCursor:
        """What a cursor says; one that cannot be read means: from the beginning."""
        try:
            raw: Any = json.loads(cursor or "{}")
            found = cls(since=str(raw.get("since", "")), begun=str(raw.get("begun", "")), page=int(raw.get("page", 1)))
            for moment in filter(None, (found.since, found.begun)):
                datetime.fromisoformat(moment)
        except (ValueError, TypeError, AttributeError):
            return cls()
        return found

    def dump(self) -> str:
        return json.dumps(asdict(self), separators=(",", ":"))


@dataclass(frozen=True, slots=True, kw_only=True)
class BookingCursor:
    """Which of the partner accounts is being read, how many of its records were, and which was the last."""

    place: int = 0
    read: int = 0
    last: str = ""

    @classmethod
    def load(cls, cursor: str) -> BookingCursor:
        try:
            raw: Any = json.loads(cursor or "{}")
            return cls(place=int(raw.get("place", 0)), read=int(raw.get("read", 0)), last=str(raw.get("last", "")))
        except (ValueError, TypeError, AttributeError):
            return cls()

    def dump(self) -> str:
        return json.dumps(asdict(self), separators=(",", ":"))
