"""Where reading of changes goes on, as the opaque text the engine keeps. Pure.

A moment of our own clock, taken before the call; it is asked for three hours earlier (`values.OVERLAP`), since neither
the zone of time stamps nor the other clock is known. Reading a row twice does no harm.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields

from .values import BEGINNING, OVERLAP, moment, stamp


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """`since`: changes up to here are known; empty: nothing is. `deleted_since`: the same for deleted bookings;
    `deleted_on`: the day (ISO, UTC) on which those were last asked for; `gone`: deleted bookings that the engine still
    counts as open, by external id."""

    since: str = ""
    deleted_since: str = ""
    deleted_on: str = ""
    gone: tuple[str, ...] = ()

    def dump(self) -> str:
        """As short text; what is empty is left out."""
        kept = {name: value for name, value in asdict(self).items() if value}
        return json.dumps(kept, separators=(",", ":"), sort_keys=True)

    @classmethod
    def load(cls, text: str) -> Cursor:
        """The cursor of a text. One that cannot be read means the beginning: reading twice does no harm."""
        try:
            found = json.loads(text or "{}")
        except ValueError:
            return cls()
        known = {field.name for field in fields(cls)}
        if not isinstance(found, dict) or not set(found) <= known:
            return cls()
        gone = found.pop("gone", [])
        if not isinstance(gone, list) or not all(isinstance(value, str) for value in (*found.values(), *gone)):
            return cls()
        return cls(**found, gone=tuple(gone))


def asked_from(since: str) -> str:
    """The time stamp to ask from so that nothing behind `since` is missed; the beginning when it is no moment."""
    start = moment(since)
    return stamp(start - OVERLAP) if start is not None else BEGINNING
