"""Exact Online's call counters as its answers state them. Pure.

Sixty calls a minute and some thousands a day, per app and administration; the day's figure differs per contract, so
the headers are read. Resets are epoch milliseconds. A refusal (429) carries only the family that ran out.
Source: vendor notes, limits.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from ..base.provider import CallLimit, Limits, RateState
from .values import whole

MINUTE = "minute"
DAY = "day"
_FAMILIES = ((MINUTE, "X-RateLimit-Minutely-"), (DAY, "X-RateLimit-"))
# Without any reset header: the minute window is a clock minute, so one minute is always enough.
_FALLBACK = timedelta(seconds=60)
_SLACK = timedelta(seconds=1)

LIMITS = Limits(
    documents_per_call=1,
    parties_per_call=1,
    # 10 MB a POST in the strictest reading; nine leave room for the envelope.
    attachment_bytes=9 * 1024 * 1024,
    # Ten answers 400, 401, 403 or 404 per endpoint and hour close it for an hour and more.
    errors_per_endpoint_hour=8,
    calls=(
        CallLimit(name=MINUTE, calls=60, seconds=60),
        CallLimit(name=DAY, calls=5000, seconds=86400),
    ),
    field_lengths={
        "party.code": 18,
        # UNSURE: our own careful limits, no length is documented for these.
        "party.reference": 20,
        "document.reference": 30,
        "document.description": 60,
        "line.description": 60,
    },
)


def rate_state(headers: Mapping[str, str]) -> tuple[RateState, ...]:
    """The counters an answer mentions, minute first; empty when it mentions none."""
    lower = {name.lower(): value for name, value in headers.items() if name.lower().startswith("x-ratelimit-")}
    states = []
    for name, prefix in _FAMILIES:
        limit, remaining, reset = (
            whole(lower.get((prefix + part).lower())) for part in ("Limit", "Remaining", "Reset")
        )
        if limit is None and remaining is None and reset is None:
            continue
        states.append(RateState(name=name, limit=limit, remaining=remaining, reset_at=_moment(reset)))
    return tuple(states)


def blocked_until(headers: Mapping[str, str], now: datetime) -> tuple[str, datetime, int | None]:
    """What ran out after a 429 ("minute" or "day"), when calls may go on, and the limit as stated.

    A day that says no reset ends at the next midnight in UTC, which is after midnight in our countries.
    """
    states = {state.name: state for state in rate_state(headers)}
    exhausted = [state for state in states.values() if state.remaining is not None and state.remaining <= 0]
    # The longer wait wins: a day that is used up is not over with the minute.
    state = states.get(DAY) if any(s.name == DAY for s in exhausted) or list(states) == [DAY] else states.get(MINUTE)
    if state is None:
        return MINUTE, now + _FALLBACK, None
    if state.reset_at is not None and state.reset_at > now:
        return state.name, state.reset_at + _SLACK, state.limit
    if state.name == DAY and state.reset_at is None:
        midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
        return DAY, midnight, state.limit
    return state.name, now + _FALLBACK, state.limit


def _moment(milliseconds: int | None) -> datetime | None:
    if milliseconds is None or milliseconds <= 0:
        return None
    try:
        return datetime.fromtimestamp(milliseconds / 1000, UTC)
    except (OverflowError, ValueError, OSError):
        return None
