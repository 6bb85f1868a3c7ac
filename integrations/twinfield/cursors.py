"""Where reading goes on, as the opaque text the engine keeps. Pure.

A text that cannot be read means the beginning: reading twice does no harm.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from .values import moment

C = TypeVar("C", bound="_Cursor")
# Clocks differ, and UNSURE whether filters mean UTC: a change of the last hours is read twice rather than never.
OVERLAP = timedelta(hours=3)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Cursor:
    def dump(self) -> str:
        """As short text; what has its first value is left out."""
        start = type(self)()
        kept = {name: value for name, value in asdict(self).items() if value != getattr(start, name)}
        return json.dumps(kept, separators=(",", ":"), sort_keys=True) if kept else "{}"

    @classmethod
    def load(cls: type[C], text: str) -> C:
        """The cursor of a text."""
        try:
            found: Any = json.loads(text) if text else {}
        except ValueError:
            found = {}
        start = cls()
        if not isinstance(found, dict):
            return start
        values = {}
        for one in fields(cls):
            if one.name in found:
                value = _value(found[one.name], getattr(start, one.name))
                if value is None:
                    return start
                values[one.name] = value
        return cls(**values)


def _value(value: Any, like: object) -> object | None:
    """A value of a cursor as the kind it has to be: text, or triples of text. None: it is neither."""
    if isinstance(like, str):
        return value if isinstance(value, str) else None
    if not isinstance(value, list):
        return None
    triples = [tuple(row) for row in value if isinstance(row, list) and len(row) == 3]
    good = len(triples) == len(value) and all(isinstance(cell, str) for row in triples for cell in row)
    return tuple(triples) if good and all(row[2].isdigit() for row in triples) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Parties(_Cursor):
    """`since`: changes from then on (empty: everything). `stage` and `after`: where a reading under way stands.

    `begun`: when that reading began, which is where the next one goes on.
    """

    since: str = ""
    stage: str = ""
    after: str = ""
    begun: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settling(_Cursor):
    """`since`: changes from then on. `full_at`: when everything was last read. `seen`: day books and years that are
    watched, each as (side, day book, year). `todo`: those that the reading under way has still to read; `mode` says
    whether it is a full one, `begun` when it began.
    """

    since: str = ""
    full_at: str = ""
    seen: tuple[tuple[str, str, str], ...] = ()
    todo: tuple[tuple[str, str, str], ...] = ()
    mode: str = ""
    begun: str = ""


def stamp(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds")


def read_stamp(text: str) -> datetime | None:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo else None


def from_then_on(begun: str) -> str:
    """The filter on changes for a reading that follows one which began then."""
    at = read_stamp(begun)
    return moment(at - OVERLAP) if at is not None else ""
