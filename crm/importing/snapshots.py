"""The values of parties as an import keeps them: before and after, to be put back and to be compared with."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from ..models import Party
from .fields import ASIDE, FIELDS
from .matching import tags_of

# Beside these a party holds its kind, its key of comparison and moments, which follow from them or say nothing.
COLUMNS = tuple(
    "payment_term_id" if found.key == "payment_term" else found.key for found in FIELDS if found.key not in ASIDE
)


def snapshot(party: Party, tags: Collection[str]) -> dict[str, Any]:
    """The columns of a party that hold anything, and the names of its tags; values of JSON."""
    values = {column: value for column in COLUMNS if (value := getattr(party, column)) not in ("", None)}
    return {**values, "tags": sorted(tags)} if tags else values


def snapshots(parties: Collection[Party]) -> dict[int, dict[str, Any]]:
    tags = tags_of({party.pk for party in parties})
    return {party.pk: snapshot(party, tags.get(party.pk, ())) for party in parties}
