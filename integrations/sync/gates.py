"""The gate before and after every call of a slice: lease, the tool's limits, error budget, exchange log.

Counters live in memory while the lease is held (one worker serves an administration) and are saved with the
lease's renewals and at the end of the slice. What the tool says in its headers replaces what we counted.
Source: vendors' limits; design sections 3 and 5; catalogue SYS-701, SYS-709.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from ..base.errors import RateLimited
from ..base.http import CallRecord
from ..base.provider import CallLimit, RateState
from ..base.redaction import redact_call, redact_text
from ..base.signin import Tool
from ..models import Administration, Exchange, RunTrigger, SyncRun
from . import quotas
from .leases import Lease

ERROR_STATUSES = frozenset({400, 401, 403, 404})
_FLUSH_AT = 50
_MAX_TEXT = 4000


class SliceGate:
    """Counts and checks the calls of one slice on one administration."""

    def __init__(
        self,
        *,
        tool: Tool,
        administration: Administration | None,
        lease: Lease | None,
        run: SyncRun | None,
        grant_id: int | None = None,
    ) -> None:
        self._tool = tool
        self._shared = [limit for limit in tool.limits.calls if not limit.is_kept]
        self._counted = [limit for limit in tool.limits.calls if limit.is_kept]
        self._administration_id = administration.pk if administration else None
        self._owners = quotas.Owners(self._administration_id, grant_id)
        # Whoever pressed a button may use what nights have to leave.
        self._for_person = run is None or run.trigger != RunTrigger.NIGHTLY
        self._lease = lease
        self._run_id = run.pk if run else None
        self._counters: dict[str, Any] = dict(administration.counters or {}) if administration else {}
        self._pending: list[Exchange] = []
        self.calls = 0
        self.call_seconds = 0.0

    # --- the CallGate interface ---------------------------------------------------------------------------

    def before(self, operation: str, *, deadline_seconds: float) -> None:
        if self._lease is not None:
            self._lease.ensure(deadline_seconds + 1)
        now = timezone.now()
        self._check_errors(operation, now)
        for limit in self._shared:
            self._check_limit(limit, now)
        for limit in self._counted:
            if limit.counts(operation):
                quotas.take(limit, self._owners, operation, for_person=self._for_person)

    def after(self, record: CallRecord, headers: Mapping[str, str]) -> None:
        now = timezone.now()
        self.calls += 1
        self.call_seconds += record.ms / 1000
        stated: tuple[RateState, ...] = ()
        if headers and self._tool.read_rate_headers is not None:
            stated = self._tool.read_rate_headers(headers)
        for limit in self._shared:
            self._count(limit, now, next((s for s in stated if s.name == limit.name), None))
        if record.status in ERROR_STATUSES:
            self._note_error(record.operation, now)
        self._pending.append(
            Exchange(
                administration_id=self._administration_id,
                run_id=self._run_id,
                at=now,
                operation=record.operation[:60],
                method=record.method,
                url=redact_text(record.url)[:600],
                status=record.status,
                ms=round(record.ms),
                request=record.request_body[:_MAX_TEXT],
                answer=record.answer_body[:_MAX_TEXT],
                error=record.error[:120],
            )
        )
        if len(self._pending) >= _FLUSH_AT:
            self.flush()

    # --- limits ---------------------------------------------------------------------------------------------

    def _check_limit(self, limit: CallLimit, now: datetime) -> None:
        row = self._window(limit, now)
        if row["left"] <= 0:
            raise RateLimited(
                "the tool's limit is used up",
                until=_moment(row["reset"]),
                scope=_scope(limit),
                limit=row.get("limit", limit.calls),
            )

    def scarce_until(self, share: float) -> datetime | None:
        """When a day's counter begins again of which at most this share is left; None: there is enough of each."""
        now = timezone.now()
        days = [(limit, self._window(limit, now)) for limit in self._shared if _scope(limit) == "day"]
        ends = [_moment(row["reset"]) for limit, row in days if row["left"] <= share * row.get("limit", limit.calls)]
        return max(ends, default=None)

    def _window(self, limit: CallLimit, now: datetime) -> dict[str, Any]:
        row: dict[str, Any] | None = self._counters.get(limit.name)
        if row is None or _moment(row["reset"]) <= now:
            row = {"left": limit.calls, "reset": quotas.window_end(limit, now).isoformat(), "limit": limit.calls}
            self._counters[limit.name] = row
        return row

    def _count(self, limit: CallLimit, now: datetime, stated: RateState | None) -> None:
        row = self._window(limit, now)
        row["left"] -= 1
        if stated is None:
            return
        if stated.limit is not None:
            row["limit"] = stated.limit
        if stated.remaining is not None:
            row["left"] = stated.remaining
        if stated.reset_at is not None and stated.reset_at > now:
            row["reset"] = stated.reset_at.isoformat()

    def exhausted(self, scope: str, until: datetime, operation: str = "") -> None:
        """The tool itself said 429: believe it over our counters, and remember it over slices."""
        counted = [limit for limit in self._counted if limit.counts(operation)]
        for limit in counted:
            quotas.exhaust(limit, self._owners, until)
        for limit in self._shared:
            if _scope(limit) == scope and not counted:
                self._counters[limit.name] = {"left": 0, "reset": until.isoformat(), "limit": limit.calls}

    # --- error budget ---------------------------------------------------------------------------------------

    def _check_errors(self, operation: str, now: datetime) -> None:
        allowed = self._tool.limits.errors_per_endpoint_hour
        if allowed is None:
            return
        recent = self._recent_errors(operation, now)
        if len(recent) >= allowed:
            until = _moment(recent[0]) + timedelta(hours=1)
            raise RateLimited(
                "too many refused calls", until=until, scope="errors", code="SYS-709", operation=operation
            )

    def _recent_errors(self, operation: str, now: datetime) -> list[str]:
        errors: dict[str, list[str]] = self._counters.setdefault("errors", {})
        kept = [at for at in errors.get(operation, []) if _moment(at) > now - timedelta(hours=1)]
        if kept:
            errors[operation] = kept
        else:
            errors.pop(operation, None)
        return kept

    def _note_error(self, operation: str, now: datetime) -> None:
        errors: dict[str, list[str]] = self._counters.setdefault("errors", {})
        errors.setdefault(operation, []).append(now.isoformat())

    # --- saving ---------------------------------------------------------------------------------------------

    def flush(self) -> None:
        """Write the pending exchange records, redacted, and the counters."""
        pending, self._pending = self._pending, []
        for exchange in pending:
            exchange.request = redact_call(exchange.request)
            exchange.answer = redact_call(exchange.answer)
        Exchange.objects.bulk_create(pending)
        if self._lease is not None:
            # Only the lease's holder owns the counters; a call from a page leaves them to the worker.
            Administration.objects.filter(pk=self._administration_id or 0, lease_token=self._lease.token).update(
                counters=self._counters
            )


def _scope(limit: CallLimit) -> str:
    return "minute" if limit.seconds <= 60 else "day"


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
