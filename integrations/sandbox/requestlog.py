"""Every request the sandbox answered, in memory, for tests and for people."""

from __future__ import annotations

import threading
from collections import deque
from datetime import datetime
from typing import Any

from .messages import Request

KEPT = 200_000
BODY_KEPT = 20_000  # characters; an attachment would fill the memory


class RequestLog:
    """A bounded list; `seq` grows by one per request and never restarts, so that a test can read on from a mark."""

    def __init__(self, kept: int = KEPT) -> None:
        self._entries: deque[dict[str, Any]] = deque(maxlen=kept)
        self._lock = threading.Lock()
        self.last_seq = 0

    def start(self, vendor: str, request: Request, at: datetime) -> dict[str, Any]:
        """Note an arriving request; `finish` completes the entry."""
        body = request.body[: BODY_KEPT * 4].decode("utf-8", "replace")[:BODY_KEPT]
        with self._lock:
            self.last_seq += 1
            entry = {
                "seq": self.last_seq,
                "time": at.isoformat(),
                "finished": None,
                "vendor": vendor,
                "method": request.method,
                "path": request.plain_path,
                "query": request.query,
                "body": body,
                "body_bytes": len(request.body),
                "status": None,
                "fault": None,
                "ms": None,
            }
            self._entries.append(entry)
        return entry

    def finish(self, entry: dict[str, Any], at: datetime, ms: float, status: int | None, fault: str | None) -> None:
        """Complete an entry; status None says that the line was cut without an answer."""
        entry.update(finished=at.isoformat(), ms=round(ms, 3), status=status, fault=fault)

    def entries(self, since: int = 0, vendor: str = "") -> list[dict[str, Any]]:
        """Return entries with seq > `since`, oldest first."""
        with self._lock:
            found: list[dict[str, Any]] = []
            for entry in reversed(self._entries):
                if entry["seq"] <= since:
                    break
                if not vendor or entry["vendor"] == vendor:
                    found.append(dict(entry))
        found.reverse()
        return found

    def clear(self) -> None:
        """Forget all entries; `seq` goes on."""
        with self._lock:
            self._entries.clear()
