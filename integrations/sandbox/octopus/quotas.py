"""How often a day an operation may be called. Source: vendor sheet section 3 (the vendor's own figures).

Counted in memory only: a restart starts afresh. What the service answers when a quota is passed is not known.
"""

from __future__ import annotations

from .refusals import Refusal
from .world import World

QUOTAS = {
    "accounts": 2,
    "vatcodes": 2,
    "currencies": 2,
    "relations": 2,
    "booking": 10,
    "booking put": 10,
    "bookyears": 24,
    "journals": 24,
    "reports": 24,
    "journals/modified": 48,
    "accounts/modified": 48,
    "relations/modified": 48,
    "buysellbookings/modified": 48,
    "financialdiversbookings/modified": 48,
    "bookings/modified": 48,
    "balancings/modified": 48,
    "error": 100,
    "dossiers": 150,
    "dossier token": 150,
    "relations search": 400,
    "relation put": 400,
    "booking post": 400,
    "attachments": 400,
    "balancings": 400,
}


class Quotas:
    """Counts calls per day, operation and dossier (or login, by a switch)."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.clear()

    def clear(self) -> None:
        """Forget all counts."""
        self._used: dict[tuple[int, str, str], int] = {}

    def count(self, operation: str, user: str, dossier: int | None) -> None:
        """Count a call. Raises Refusal when there was none left."""
        limit = QUOTAS.get(operation)
        if limit is None:
            return
        settings = self._world.settings
        by_login = dossier is None or settings["quota_scope"] == "login"
        key = (int(self._world.clock.time() // 86400), operation, user if by_login else str(dossier))
        used = self._used.get(key, 0)
        if settings["limits"] and used >= int(limit * settings["quota_scale"]):
            # Invented: neither status nor text of this answer is known.
            raise Refusal(settings["quota_status"], f"Maximum number of calls per day reached for {operation}")
        self._used[key] = used + 1

    def state(self) -> list[dict[str, object]]:
        """Return today's counts for the control page."""
        day = int(self._world.clock.time() // 86400)
        return [
            {"operation": operation, "of": whose, "used": used, "limit": QUOTAS[operation]}
            for (at, operation, whose), used in self._used.items()
            if at == day
        ]
