"""What stands in the way of a document or a party, in catalogue codes, with what makes two problems the same one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """A reason not to send. `cause_key` groups documents under one issue; params fill the catalogue's sentence."""

    code: str
    cause_key: str
    params: dict[str, str] = field(default_factory=dict)
    party_id: int | None = None
    vendor_text: str = ""

    @property
    def cause(self) -> tuple[str, str]:
        return self.code, self.cause_key[:200]


@dataclass(frozen=True, slots=True, kw_only=True)
class Note:
    """Something to know that does not block."""

    code: str
    params: dict[str, str] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        return {"code": self.code, "params": self.params}
