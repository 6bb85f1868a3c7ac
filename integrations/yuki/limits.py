"""Yuki's ration of calls, and how much fits in one. Pure.

A thousand calls a domain and day on the ordinary plan, shared with every other integration of that customer and
counted nowhere that we can see; so a fifth is left alone. Source: vendor notes, limits; pushing N invoices.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ..base.provider import CallLimit, Limits
from .unsure import DEFAULT_READINGS

DAY = "day"
DAY_CALLS = 1000
# A request is said to end at 4 MB; base64 and the envelope take a third of it.
CALL_BYTES = 2_500_000
CONTACTS_PER_PAGE = 100
RECORDS_PER_PAGE = 500
# UNSURE how many ledger lines an answer may have. With fewer than asked for, reading costs more calls and nothing else.
LINES_PER_PAGE = 2000
# A page may hold fewer than were asked for, but no list of Yuki is known to give less than this before its end.
SURELY_MORE = 100

LIMITS = Limits(
    documents_per_call=25,
    bytes_per_call=CALL_BYTES,
    parties_per_call=1,
    attachment_bytes=1_800_000,
    quiet_seconds=int(DEFAULT_READINGS.processing.total_seconds()),
    calls=(CallLimit(name=DAY, calls=DAY_CALLS, seconds=86400, scope="grant", reserve=200),),
    field_lengths={
        "party.reference": 20,
        # UNSURE: our own careful limits, no length is documented for these.
        "document.reference": 40,
        "document.description": 250,
        "line.description": 500,
        "party.name": 200,
    },
)


def day_ends(now: datetime) -> datetime:
    """When a spent day is over at the latest: shortly after midnight in UTC, which is later than midnight here.

    UNSURE whose midnight it is; the sooner one would cost a refused call and then wait for a whole day.
    """
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight + timedelta(days=1, minutes=5)
