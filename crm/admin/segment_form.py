"""The form of a segment: its rules as rows that buttons add and remove, so that it works without script."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from django.http import QueryDict
from django.utils.functional import Promise

from ..models import PartyKind, Segment
from ..segments import fields
from ..segments.fields import Field, Operator
from ..segments.rules import MATCHES, MOST_RULES


@dataclass(slots=True)
class RuleRow:
    """One rule as it stands on the page, right or wrong."""

    place: int
    field: str
    operator: str
    value: str
    problem: str = ""

    @property
    def known(self) -> Field | None:
        return fields.get(self.field)

    @property
    def chosen(self) -> Operator | None:
        found = self.known
        return (found.operator(self.operator) or found.operators[0]) if found is not None else None

    @property
    def takes(self) -> str:
        return self.chosen.takes if self.chosen is not None else ""

    @property
    def choices(self) -> list[tuple[str, str | Promise]]:
        found = self.known
        if self.takes != "choice" or found is None or found.choices is None:
            return []
        return list(found.choices())

    @property
    def is_gone(self) -> bool:
        """Whether what was chosen is not among the choices any more."""
        return bool(self.value) and self.value not in dict(self.choices)

    def as_rule(self) -> dict[str, Any]:
        chosen = self.chosen
        return {"field": self.field, "operator": chosen.key if chosen is not None else "", "value": self.value}


@dataclass(slots=True)
class SegmentForm:
    name: str = ""
    kind: str = ""
    shared: bool = True
    match: str = "all"
    rows: list[RuleRow] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)
    name_problem: str = ""

    @classmethod
    def of(cls, segment: Segment) -> SegmentForm:
        stored = segment.rules if isinstance(segment.rules, dict) else {}
        found = cls(segment.name, segment.kind, segment.shared, stored.get("match", "all"))
        for rule in stored.get("rules", []):
            found.add(*(str(rule.get(key, "")) for key in ("field", "operator", "value")))
        return found

    @classmethod
    def posted(cls, data: QueryDict) -> SegmentForm:
        kind, match = data.get("kind", ""), data.get("match", "all")
        found = cls(
            name=" ".join(data.get("name", "").split()),
            kind=kind if kind in PartyKind.values else "",
            shared="shared" in data,
            match=match if match in MATCHES else "all",
        )
        for key, operator, value in zip(
            data.getlist("field"), data.getlist("operator"), data.getlist("value"), strict=False
        ):
            found.add(key, operator, value)
        return found

    def add(self, key: str, operator: str = "", value: str = "") -> None:
        if len(self.rows) < MOST_RULES:
            self.rows.append(RuleRow(len(self.rows), key, operator, value))

    def remove(self, place: int) -> None:
        self.rows = [row for row in self.rows if row.place != place]
        for n, row in enumerate(self.rows):
            row.place = n

    @property
    def rules(self) -> dict[str, Any]:
        return {"match": self.match, "rules": [row.as_rule() for row in self.rows]}

    @property
    def is_full(self) -> bool:
        return len(self.rows) >= MOST_RULES

    @property
    def fields(self) -> list[Field]:
        return fields.known()

    @property
    def kinds(self) -> list[tuple[str, str | Promise]]:
        return list(PartyKind.choices)
