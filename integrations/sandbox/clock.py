"""The sandbox's clock, which a test may move forward."""

from __future__ import annotations

import time
from datetime import UTC, date, datetime


class Clock:
    """Real time plus an offset in seconds."""

    def __init__(self) -> None:
        self.offset = 0.0

    def time(self) -> float:
        """Return seconds since 1970, UTC."""
        return time.time() + self.offset

    def now(self) -> datetime:
        """Return the present moment, aware, UTC."""
        return datetime.fromtimestamp(self.time(), UTC)

    def today(self) -> date:
        """Return the present UTC date."""
        return self.now().date()

    def advance(self, seconds: float) -> None:
        """Move the clock by `seconds`; negative moves it back."""
        self.offset += seconds
