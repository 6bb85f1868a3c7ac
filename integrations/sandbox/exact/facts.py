"""The resources of the REST service as data: methods, properties, kinds, page sizes.

Source: `data/exact_resources.json`, facts of the vendor's public reference (2022 and 2025).
"""

from __future__ import annotations

import functools
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

DATA = Path(__file__).resolve().parent.parent / "data"


@dataclass(frozen=True, slots=True)
class Property:
    """One property: `kind` is guid, string, int16, int32, int64, byte, double, bool, date, binary, complex or nav."""

    name: str
    kind: str
    readable: bool
    creatable: bool
    updatable: bool
    key: bool
    mandatory: bool


@dataclass(frozen=True, slots=True, eq=False)
class Resource:
    """One resource; `path` is written as the reference writes it."""

    path: str
    methods: frozenset[str]
    page: int
    type_name: str
    scope: str
    select_required: bool
    filterable: frozenset[str] | None
    properties: Mapping[str, Property]
    key: str

    @property
    def name(self) -> str:
        """The last segment, for URIs of an entity."""
        return self.path.rpartition("/")[2]

    @property
    def is_bulk(self) -> bool:
        """Whether pages hold 1000 rows."""
        return self.page >= 1000

    @property
    def is_read_service(self) -> bool:
        """Whether it is one of the computed `read/` resources."""
        return self.path.startswith("read/")


def _property(name: str, text: str) -> Property:
    kind, *flags = text.split()
    methods = next((flag for flag in flags if flag not in ("key", "must")), "")
    return Property(name, kind, "G" in methods, "C" in methods, "U" in methods, "key" in flags, "must" in flags)


def _properties(raw: Mapping[str, Any], everything: Mapping[str, Any]) -> dict[str, Property]:
    texts: dict[str, str] = {}
    if "like" in raw:
        texts.update(everything[raw["like"]]["properties"])
    texts.update(raw.get("properties", {}))
    for name in raw.get("without", []):
        texts.pop(name)
    return {name: _property(name, text) for name, text in texts.items()}


@functools.cache
def resources() -> dict[str, Resource]:
    """Return all resources by their path in lower case (the service does not mind the case of a path)."""
    raw = json.loads((DATA / "exact_resources.json").read_text(encoding="utf-8"))
    found: dict[str, Resource] = {}
    for path, one in raw.items():
        properties = _properties(one, raw)
        keys = [name for name, prop in properties.items() if prop.key]
        # A resource "like" another one repeats its key and adds its own (Timestamp): the last one counts.
        found[path.lower()] = Resource(
            path=path,
            methods=frozenset(one["methods"].split()),
            page=one["page"],
            type_name=one["type"],
            scope=one["scope"],
            select_required=one.get("select", False),
            filterable=frozenset(one["filterable"]) if "filterable" in one else None,
            properties=properties,
            key=keys[-1],
        )
    return found


@functools.cache
def kinds() -> dict[str, dict[str, str]]:
    """Return the code lists (journal types, ledger account types) with their names."""
    raw: dict[str, dict[str, str]] = json.loads((DATA / "exact_kinds.json").read_text(encoding="utf-8"))
    return raw
