"""Calls per minute and day, and the error budget.

Source: vendor sheet section 3. Counters live in memory only: a restart starts them afresh.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ..messages import Headers, Response
from .world import World

COUNTED_ERRORS = frozenset({400, 401, 403, 404})


class Limits:
    """Counts calls per app and division, and errors per app, user, division and endpoint."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.clear()

    def clear(self) -> None:
        """Forget all counts and blocks."""
        self._minute: dict[tuple[str, int], tuple[int, int]] = {}
        self._day: dict[tuple[str, int], tuple[int, int]] = {}
        self._errors: dict[tuple[str, str, int, str], tuple[int, int]] = {}
        self._blocked: dict[tuple[str, str, int, str], float] = {}
        self._blocks: dict[tuple[str, str, int, str], int] = {}

    def _marks(self) -> tuple[int, int]:
        now = self._world.clock.time()
        return int(now // 60), int(now // 86400)

    def _used(self, client: str, division: int) -> tuple[int, int]:
        minute, day = self._marks()
        key = (client, division)
        at_minute, used_minute = self._minute.get(key, (minute, 0))
        at_day, used_day = self._day.get(key, (day, 0))
        return used_minute if at_minute == minute else 0, used_day if at_day == day else 0

    def count(self, client: str, division: int) -> Response | None:
        """Count a call; return the 429 when there was none left (which is not counted)."""
        settings = self._world.settings
        used_minute, used_day = self._used(client, division)
        if settings["limits"]:
            if used_day >= settings["day_limit"]:
                return self.over_day()
            if used_minute >= settings["minute_limit"]:
                return self.over_minute()
        minute, day = self._marks()
        self._minute[client, division] = (minute, used_minute + 1)
        self._day[client, division] = (day, used_day + 1)
        return None

    def headers(self, client: str, division: int) -> Headers:
        """Return both families of headers; with limits off nothing seems used."""
        settings = self._world.settings
        used_minute, used_day = self._used(client, division) if settings["limits"] else (0, 0)
        return self._day_headers(settings["day_limit"] - used_day) + self._minute_headers(
            settings["minute_limit"] - used_minute
        )

    def _day_headers(self, left: int) -> Headers:
        reset = (self._marks()[1] + 1) * 86_400_000
        limit = self._world.settings["day_limit"]
        return [
            ("X-RateLimit-Limit", str(limit)),
            ("X-RateLimit-Remaining", str(max(left, 0))),
            ("X-RateLimit-Reset", str(reset)),
        ]

    def _minute_headers(self, left: int) -> Headers:
        reset = (self._marks()[0] + 1) * 60_000
        limit = self._world.settings["minute_limit"]
        return [
            ("X-RateLimit-Minutely-Limit", str(limit)),
            ("X-RateLimit-Minutely-Remaining", str(max(left, 0))),
            ("X-RateLimit-Minutely-Reset", str(reset)),
        ]

    def over_minute(self) -> Response:
        """Return the 429 of the minute limit: no body, only the headers of the minute."""
        return Response(429, b"", "", self._minute_headers(0))

    def over_day(self) -> Response:
        """Return the 429 of the day limit: no body, only the headers of the day."""
        return Response(429, b"", "", self._day_headers(0))

    def _place(self, client: str, user: str, division: int, endpoint: str) -> tuple[str, str, int, str]:
        if self._world.settings["error_block_scope"] == "key":
            return client, user, 0, ""
        return client, user, division, endpoint

    def blocked(self, client: str, user: str, division: int, endpoint: str) -> bool:
        """Whether the error budget of this endpoint is spent."""
        if not self._world.settings["error_budget"]:
            return False
        until = self._blocked.get(self._place(client, user, division, endpoint))
        return until is not None and self._world.clock.time() < until

    def note(self, client: str, user: str, division: int, endpoint: str, status: int) -> None:
        """Count an error answer; the one that spends the budget starts the block."""
        settings = self._world.settings
        if status not in COUNTED_ERRORS or not settings["error_budget"]:
            return
        key = (client, user, division, endpoint)
        now = self._world.clock.time()
        hour = int(now // 3600)
        at, used = self._errors.get(key, (hour, 0))
        used = used + 1 if at == hour else 1
        self._errors[key] = (hour, used)
        if used >= settings["error_budget_limit"]:
            place = self._place(*key)
            times = self._blocks[place] = self._blocks.get(place, 0) + 1
            self._blocked[place] = now + settings["error_block_seconds"] * times
            self._errors[key] = (hour, 0)

    def state(self) -> dict[str, object]:
        """Return counts and blocks for the control page."""
        return {
            "calls": [
                {
                    "app": client,
                    "division": division,
                    "minute": self._used(client, division)[0],
                    "day": self._used(client, division)[1],
                }
                for client, division in self._day
            ],
            "errors": [
                {"app": key[0], "user": key[1], "division": key[2], "endpoint": key[3], "count": used}
                for key, (_, used) in self._errors.items()
            ],
            "blocked": [
                {
                    "app": key[0],
                    "user": key[1],
                    "division": key[2],
                    "endpoint": key[3],
                    "until": (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=until)).isoformat(),
                }
                for key, until in self._blocked.items()
                if until > self._world.clock.time()
            ],
        }
