"""Where reading a sync list goes on, as the opaque text the engine keeps. Pure.

Rows of a sync list carry a Timestamp, a version that grows with every change. Nobody promises that pages come in
its order, so while a list is being read the link of the next page is kept, and the highest Timestamp seen counts
only once the last page is in. Source: vendor notes, payment status.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields

# "Everything": the vendor's own examples start above 1.
FIRST = 1
_NUMBERED = re.compile(r"skiptoken=(\d+)L?(?:&|$)")


def known_until(here: Cursor, link: str, versions: Iterable[int]) -> int:
    """The version up to which all is known once the page of `link` is read (empty: the first page).

    Pages that go on by version leave nothing behind: the link then names the highest one so far. In any other
    order, numbered or not, a row of a former page may change while the later ones are read, so only what the first
    page showed counts; reading some rows twice does no harm.
    """
    if link:
        number = _NUMBERED.search(link)
        if number is None or int(number[1]) != here.high:
            return here.high
    return max([here.high, here.after, *versions])


@dataclass(frozen=True, slots=True, kw_only=True)
class Cursor:
    """`after`: rows up to this version are known. `high`: highest version in the reading under way.

    `next`: page where that reading goes on. `deleted_after`: the same as `after`, for deleted rows;
    `deleted_on`: the day (ISO, UTC) on which those were last asked for.
    """

    after: int = FIRST
    high: int = FIRST
    next: str = ""
    deleted_after: int = FIRST
    deleted_on: str = ""

    def dump(self) -> str:
        """As short text; what has its first value is left out."""
        start = Cursor()
        kept = {name: value for name, value in asdict(self).items() if value != getattr(start, name)}
        return json.dumps(kept, separators=(",", ":"), sort_keys=True)

    @classmethod
    def load(cls, text: str) -> Cursor:
        """The cursor of a text. One that cannot be read means the beginning: reading twice does no harm."""
        try:
            found = json.loads(text or "{}")
            known = {field.name: type(getattr(cls(), field.name)) for field in fields(cls)}
            if not isinstance(found, dict) or any(type(value) is not known.get(name) for name, value in found.items()):
                return cls()
            return cls(**found)
        except ValueError:
            return cls()
