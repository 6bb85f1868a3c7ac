"""What a user needs in Octopus. There are no rights by name: whoever opens a dossier may do there what its user may."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Right:
    code: str
    right: str
    needed_for: str


RIGHTS: tuple[Right, ...] = (
    Right("dossier", "open this dossier through the web service, and book in it", "everything"),
)
