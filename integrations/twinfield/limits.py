"""Twinfield's credits as its answers state them, and what fits into a call. Pure.

A query costs one credit, everything else three; a client id without the vendor's certificate has 25 a minute for an
organisation, a certified one 500. The engine counts calls, so what is left counts as none when it does not pay for a
posting. Source: vendor notes, fair use.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

from ..base.provider import CallLimit, Limits, RateState
from .values import whole

MINUTE = "minute"
BATCH = 25
LINES = 1000
_POSTING = 3
_FALLBACK = timedelta(seconds=60)
_LONGEST = timedelta(hours=1)
_SLACK = timedelta(seconds=1)

LIMITS = Limits(
    documents_per_call=BATCH,
    parties_per_call=BATCH,
    calls=(CallLimit(name=MINUTE, calls=25, seconds=60, scope="grant"),),
    field_lengths={
        "party.code": 16,
        # UNSURE: our own careful limits, no length is documented for these.
        "party.name": 80,
        "party.reference": 20,
        "document.reference": 40,
        # One integrator cuts to 40.
        "line.description": 40,
        "document.description": 40,
        # Confirmed.
        "bank.ascription": 40,
    },
)


def rate_state(headers: Mapping[str, str]) -> tuple[RateState, ...]:
    """The credits an answer mentions; empty when it mentions none."""
    lower = {name.lower(): value for name, value in headers.items()}
    limit = whole(lower.get("x-ratelimit-limit", ""))
    remaining = whole(lower.get("x-ratelimit-remaining", ""))
    if limit is None and remaining is None:
        return ()
    if remaining is not None and remaining < _POSTING:
        remaining = 0
    return (RateState(name=MINUTE, limit=limit, remaining=remaining),)


def blocked_until(headers: Mapping[str, str], now: datetime) -> tuple[datetime, int | None]:
    """When calls may go on after a 429, and the limit as stated. Without a usable Retry-After: in a minute."""
    lower = {name.lower(): value for name, value in headers.items()}
    limit = whole(lower.get("x-ratelimit-limit", ""))
    wait = _wait(lower.get("retry-after", "").strip(), now)
    return now + min(wait, _LONGEST) + _SLACK, limit


def _wait(stated: str, now: datetime) -> timedelta:
    seconds = whole(stated)
    if seconds is not None:
        return timedelta(seconds=seconds) if seconds > 0 else _FALLBACK
    try:
        at = parsedate_to_datetime(stated)
    except (TypeError, ValueError):
        return _FALLBACK
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return at - now if at > now else _FALLBACK
