"""Faults that a test orders for coming calls."""

from __future__ import annotations

import json
import re
import threading
from dataclasses import dataclass, field
from typing import Any

from .messages import BadControl, Headers, Request

KINDS = {
    "delay": "wait `seconds` before the call is applied, or after it with `when: after`",
    "drop_before": "hang up, nothing applied",
    "drop_after": "apply the call, then hang up without an answer",
    "status": "answer `status` with optional `body` and `headers`; nothing applied unless `apply: true`",
    "truncate": "apply the call, send half of the body with the full length, hang up",
    "garbage": "apply the call, answer 200 with something that is not the format asked for",
    "expired_token": "the vendor's answer to an expired token",
    "empty_list": "the vendor's answer for a list without rows",
    "rate_minute": "the vendor's answer over the minute limit",
    "rate_day": "the vendor's answer over the day limit",
}
ALIASES = {"drop": "drop_before", "429_minute": "rate_minute", "429_day": "rate_day", "truncated": "truncate"}


@dataclass(slots=True)
class Fault:
    """One ordered fault: what to do, with which calls, how often."""

    id: int
    kind: str
    method: str = ""
    path: str = ""
    body_contains: str = ""
    vendor: str = ""
    times: int = 1
    skip: int = 0
    seconds: float = 1.0
    when: str = "before"
    status: int = 500
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)
    apply: bool = False

    def matches(self, vendor: str, request: Request) -> bool:
        """Whether this fault is meant for the call; the path is searched as a regular expression, query included."""
        if self.method and self.method != request.method:
            return False
        if self.vendor and self.vendor != vendor:
            return False
        if self.path:
            whole = request.plain_path + ("?" + request.query if request.query else "")
            if not re.search(self.path, whole):
                return False
        return not self.body_contains or self.body_contains.encode() in request.body

    def answer(self) -> tuple[bytes, Headers]:
        """Return body and headers of a `status` fault."""
        headers = list(self.headers.items())
        if self.body is None:
            return b"", headers
        if isinstance(self.body, str):
            return self.body.encode(), headers
        if not any(name.lower() == "content-type" for name, _ in headers):
            headers.append(("Content-Type", "application/json; charset=utf-8"))
        return json.dumps(self.body).encode(), headers

    def describe(self) -> dict[str, Any]:
        """Return the fault as the control page lists it."""
        return {name: getattr(self, name) for name in self.__slots__}


class Faults:
    """The queue of ordered faults; the oldest matching one is used, one per call."""

    def __init__(self) -> None:
        self._queue: list[Fault] = []
        self._lock = threading.Lock()
        self._last = 0

    def order(self, wanted: Any) -> list[dict[str, Any]]:
        """Add one fault or a list of them. Raises BadControl for an unknown kind or field."""
        items = wanted if isinstance(wanted, list) else [wanted]
        made = [self._make(item) for item in items]
        with self._lock:
            self._queue.extend(made)
        return [fault.describe() for fault in made]

    def _make(self, item: Any) -> Fault:
        if not isinstance(item, dict):
            raise BadControl("A fault is an object.")
        fields = dict(item)
        kind = ALIASES.get(str(fields.get("kind", "")), fields.get("kind"))
        if kind not in KINDS:
            raise BadControl(f"Unknown kind {kind!r}; there are: {', '.join(KINDS)}.")
        fields["kind"] = kind
        fields["method"] = str(fields.get("method", "")).upper()
        if fields.get("when", "before") not in ("before", "after"):
            raise BadControl("`when` is before or after.")
        try:
            re.compile(str(fields.get("path", "")))
        except re.error as exc:
            raise BadControl(f"`path` is not a regular expression: {exc}") from exc
        with self._lock:
            self._last += 1
            fields["id"] = self._last
        try:
            return Fault(**fields)
        except TypeError as exc:
            raise BadControl(f"Unknown field in a fault: {exc}") from exc

    def take(self, vendor: str, request: Request) -> Fault | None:
        """Return the fault for this call and count it off."""
        if not self._queue:
            return None
        with self._lock:
            for fault in self._queue:
                if not fault.matches(vendor, request):
                    continue
                if fault.skip > 0:
                    fault.skip -= 1
                    continue
                fault.times -= 1
                if fault.times <= 0:
                    self._queue.remove(fault)
                return fault
        return None

    def left(self) -> list[dict[str, Any]]:
        """Return the faults that are still to come."""
        with self._lock:
            return [fault.describe() for fault in self._queue]

    def clear(self) -> None:
        """Forget all ordered faults."""
        with self._lock:
            self._queue.clear()
