"""Fair use: credits per minute of a client and organisation. Counters live in memory only."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

from ..messages import Headers, Response
from .world import World

QUERY, WRITE = 1, 3
QUERY_ROOTS = frozenset({"list", "read", "columns", "accountcode", "accountcodes"})


class Credits:
    """Counts credits in windows of a clock minute."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.clear()

    def clear(self) -> None:
        """Forget what was used."""
        self._used: dict[str, tuple[int, int]] = {}

    def used(self, client: str) -> int:
        """Return the credits used in this minute."""
        minute, used = self._used.get(client, (0, 0))
        return used if minute == int(self._world.clock.time() // 60) else 0

    def spend(self, client: str, cost: int) -> Response | None:
        """Count a call; return the 429 when it does not fit any more (which is not counted)."""
        settings = self._world.settings
        used = self.used(client)
        if settings["limits"] and used + cost > settings["credits"]:
            return self.refusal(client, cost)
        self._used[client] = (int(self._world.clock.time() // 60), used + cost)
        return None

    def headers(self, client: str, cost: int) -> Headers:
        """Return what an answer says about the credits; with limits off nothing seems used."""
        settings = self._world.settings
        if not settings["rate_headers"]:
            return []
        used = self.used(client) if settings["limits"] else 0
        return [
            ("X-RateLimit-Limit", str(settings["credits"])),
            ("X-RateLimit-Remaining", str(max(settings["credits"] - used, 0))),
            ("X-RateLimit-Credited", str(cost)),
        ]

    def refusal(self, client: str = "", cost: int = QUERY) -> Response:
        """Return the 429: no SOAP in it."""
        now = self._world.clock.time()
        wait = 60 - int(now) % 60
        headers = self.headers(client, cost)
        match self._world.settings["retry_after"]:
            case "seconds":
                headers.append(("Retry-After", str(wait)))
            case "date":
                at = datetime.fromtimestamp(now, UTC) + timedelta(seconds=wait)
                headers.append(("Retry-After", format_datetime(at, usegmt=True)))
        return Response(429, b"Too Many Requests", "text/plain", headers)
