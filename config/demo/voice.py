"""What the demo says while it works: one line per step, with the seconds since the start."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TextIO


class Voice:
    """Writes lines for a person; each is out at once, so that a pipe shows progress too."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._started = time.monotonic()
        self._after_table = False

    @property
    def seconds(self) -> float:
        """Seconds since the demo started."""
        return time.monotonic() - self._started

    def step(self, text: str) -> None:
        """Say what is done now."""
        if self._after_table:
            self.plain()
        self.plain(f"{self.seconds:6.1f} s  {text}")

    def plain(self, text: str = "") -> None:
        """Write a line as it is."""
        self._after_table = False
        self._stream.write(f"{text}\n")
        self._stream.flush()

    def table(self, title: str, rows: Sequence[tuple[str, str, str]]) -> None:
        """Write a short table: what, how many, and what belongs to it."""
        self.plain()
        self.plain(f"  {title}")
        first = max(len(row[0]) for row in rows)
        second = max(len(row[1]) for row in rows)
        for what, number, detail in rows:
            self.plain(f"    {what:<{first}}  {number:>{second}}  {detail}".rstrip())
        self._after_table = True
