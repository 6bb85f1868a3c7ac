"""Rows to the wire: JSON in the service's dialect, or a small Atom feed for who does not ask for JSON."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from xml.sax.saxutils import escape

from ..store import Row
from .facts import Resource

Convert = Callable[[Any], Any]


@functools.lru_cache(maxsize=20_000)
def wire_date(text: str) -> str:
    """Return a stored date as `/Date(ms)/`; the wall-clock time is written as if it were UTC."""
    ms = int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1000
    return f"/Date({ms})/"


def _double(value: Any) -> float | int:
    return float(value) if isinstance(value, Decimal) else value


def _percent(value: Any) -> float:
    return float(value * 100)


_CONVERT: dict[str, Convert] = {"double": _double, "date": wire_date, "int64": str}
_PADDED: dict[tuple[str, str], int] = {("Account", "Country"): 3, ("GLAccount", "SearchCode"): 9}
_PERCENTAGES = frozenset({("VATCode", "Percentage"), ("VatPercentage", "Percentage")})


def _pad(width: int) -> Convert:
    return lambda text: text.ljust(width)


@functools.lru_cache(maxsize=512)
def columns(resource: Resource, names: tuple[str, ...], percent: bool) -> list[tuple[str, Convert | None]]:
    """Return what to write of a row: property names with their conversions."""
    short = resource.type_name.rpartition(".")[2]
    found: list[tuple[str, Convert | None]] = []
    for name in names:
        prop = resource.properties[name]
        convert = _CONVERT.get(prop.kind)
        if width := _PADDED.get((short, name)):
            convert = _pad(width)
        elif percent and ((short, name) in _PERCENTAGES or name == "VATPercentage"):
            convert = _percent
        found.append((name, convert))
    return found


def plain_names(resource: Resource) -> tuple[str, ...]:
    """Return the readable properties of a resource that are no navigation, in the reference's order."""
    return tuple(name for name, prop in resource.properties.items() if prop.readable and prop.kind != "nav")


def key_text(resource: Resource, row: Row) -> str:
    """Return the key of a row as it stands between brackets in a URI."""
    value = row.get(resource.key)
    match resource.properties[resource.key].kind:
        case "guid":
            return f"guid'{value}'"
        case "string":
            return f"'{value}'"
        case "int64":
            return f"{value}L"
    return str(value)


class Renderer:
    """Writes rows of one resource for one answer."""

    def __init__(self, resource: Resource, root: str, names: Sequence[str] | None, percent: bool) -> None:
        self._resource = resource
        self._root = f"{root}/{resource.path}"
        self._columns = columns(resource, tuple(names) if names is not None else plain_names(resource), percent)

    def uri(self, row: Row) -> str:
        """Return the address of a row."""
        return f"{self._root}({key_text(self._resource, row)})"

    def entity(self, row: Row) -> dict[str, Any]:
        """Return a row as the service writes it, nulls included."""
        out: dict[str, Any] = {"__metadata": {"uri": self.uri(row), "type": self._resource.type_name}}
        for name, convert in self._columns:
            value = row.get(name)
            out[name] = value if value is None or convert is None else convert(value)
        return out

    def deferred(self, row: Row, navigation: str) -> dict[str, Any]:
        """Return the placeholder of a collection that was not expanded."""
        return {"__deferred": {"uri": f"{self.uri(row)}/{navigation}"}}


def atom(resource: Resource, entities: Iterable[dict[str, Any]]) -> bytes:
    """Return a small Atom feed; enough for a client to notice that it forgot to ask for JSON."""
    parts = [
        '<?xml version="1.0" encoding="utf-8"?><feed xmlns="http://www.w3.org/2005/Atom"'
        ' xmlns:d="http://schemas.microsoft.com/ado/2007/08/dataservices"'
        ' xmlns:m="http://schemas.microsoft.com/ado/2007/08/dataservices/metadata">'
        f"<title>{escape(resource.name)}</title>"
    ]
    for entity in entities:
        properties = "".join(
            f"<d:{name}>{escape(str(value))}</d:{name}>"
            for name, value in entity.items()
            if value is not None and not isinstance(value, dict | list)
        )
        parts.append(
            f"<entry><id>{escape(entity['__metadata']['uri'])}</id>"
            f'<content type="application/xml"><m:properties>{properties}</m:properties></content></entry>'
        )
    parts.append("</feed>")
    return "".join(parts).encode()
