"""Conditions that find the parties a name or a number may belong to by the indexes of their table, in milliseconds."""

from __future__ import annotations

from typing import Protocol

from django.db import connection
from django.db.models import Q
from django.db.models.expressions import RawSQL

from ..models import Party
from .names import words_of


class Named(Protocol):
    @property
    def name_key(self) -> str: ...
    @property
    def vat_number(self) -> str: ...
    @property
    def enterprise_number(self) -> str: ...


# What may stand before the first word that counts.
_BEFORE = (
    "", "de ", "het ", "t ", "in de ", "le ", "la ", "les ", "l ", "van ", "van de ", "bv ", "b v ", "nv ", "n v ", "sa ", "s a ",
    "srl ", "sprl ", "vof ", "vzw ", "asbl ", "stichting ", "sint ", "st ",
)  # fmt: skip
_LETTERS = 4
# Rows that begin alike; whose name has more says too little.
MOST = 1_000


def near_condition(row: Named, kind: str) -> Q:
    """The live parties of `kind` with one of the numbers of `row`, or with a name that begins like one of its words.

    A name of several words has to hold how another one begins or ends, too. Serves indexes on both databases: ranges of the
    comparison key, and equal numbers. Written as SQL, as Django takes longer to write so many conditions than a database
    to look them up.
    """
    parts, values = [], []
    for column, number in (("vat_number", row.vat_number), ("enterprise_number", row.enterprise_number)):
        if number:
            parts.append(f"{column} = %s")
            values.append(number)
    words = [word for word in words_of(row.name_key) if len(word) > 1]
    for word in words[:4]:
        others = [other for other in words if other != word]
        beginning = word[:_LETTERS] if others else word[: max(_LETTERS, len(word) - 2)]
        holds, held = "", []
        if others:
            # A slip leaves either its beginning or its end. Not LIKE: for that PostgreSQL would first read far more rows
            # by the index of the pieces of all names.
            longest = max(others, key=len)
            found = "instr" if connection.vendor == "sqlite" else "strpos"
            holds = f" AND ({found}(name_key, %s) > 0 OR {found}(name_key, %s) > 0)"
            held = [longest[:_LETTERS], longest[-_LETTERS:]]
        # Each beginning with all that goes with it: only so each finds its range of the index.
        for before in _BEFORE:
            parts.append(f"({_begins()}{holds})")
            values += [*_range(f"{before}{beginning}"), *held]
    if not parts:
        return Q(pk__in=[])
    # Apart from what else is asked, and the kind as an expression: else SQLite reads all of the kind by its index.
    of_kind = "+kind" if connection.vendor == "sqlite" else "kind"
    sql = (
        f"SELECT id FROM {Party._meta.db_table} "  # noqa: S608  # values apart
        f"WHERE ({' OR '.join(parts)}) AND {of_kind} = %s AND deleted_at IS NULL LIMIT {MOST}"
    )
    return Q(pk__in=RawSQL(sql, [*values, kind]))  # noqa: S611  # values apart


def _begins() -> str:
    # SQLite's LIKE uses no index; its order is that of the letters' numbers.
    return "name_key >= %s AND name_key < %s" if connection.vendor == "sqlite" else "name_key LIKE %s"


def _range(text: str) -> list[str]:
    return [text, f"{text}\U0010ffff"] if connection.vendor == "sqlite" else [f"{text}%"]
