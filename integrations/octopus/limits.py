"""Octopus's daily quotas, per operation and dossier. Pure.

Some are tiny: two readings a day of the chart of accounts. The answers state no counter. Source: vendor notes, quotas.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from ..base.provider import CallLimit, Limits

_DAY = 86400

# Names of operations, as the exchange log and the counters know them.
AUTHENTICATION = "authentication"
DOSSIERS = "dossiers"
DOSSIER_TOKEN = "dossier-token"  # noqa: S105 - the name of a call, no secret
BOOKYEARS = "bookyears"
JOURNALS = "journals"
ACCOUNTS = "accounts"
VAT_CODES = "vatcodes"
CURRENCIES = "currencies"
RELATIONS = "relations"
RELATION_SEARCH = "relations/search"
RELATION_SAVE = "relations/save"
RELATIONS_MODIFIED = "relations/modified"
BOOKING_READ = "buysellbookings/read"
BOOKING_SAVE = "buysellbookings/save"
BOOKINGS_MODIFIED = "buysellbookings/modified"
LEDGER_MODIFIED = "bookings/modified"
BALANCINGS_MODIFIED = "balancings/modified"


def _quota(operation: str, calls: int, reserve: int = 0, scope: str = "administration") -> CallLimit:
    return CallLimit(
        name=operation, calls=calls, seconds=_DAY, scope=scope, operations=frozenset({operation}), reserve=reserve
    )


LIMITS = Limits(
    # Each is a call of its own; claimed together they cost one commit, and after a crash so many are looked for.
    documents_per_call=25,
    parties_per_call=1,
    # UNSURE: no size is documented; a careful one.
    attachment_bytes=5 * 1024 * 1024,
    calls=(
        _quota(ACCOUNTS, 2, reserve=1),
        _quota(VAT_CODES, 2, reserve=1),
        _quota(CURRENCIES, 2, reserve=1),
        _quota(RELATIONS, 2, reserve=1),
        _quota(BOOKING_READ, 10, reserve=2),
        _quota(BOOKYEARS, 24, reserve=4),
        _quota(JOURNALS, 24, reserve=6),
        _quota(RELATIONS_MODIFIED, 48, reserve=4),
        _quota(BOOKINGS_MODIFIED, 48, reserve=4),
        _quota(LEDGER_MODIFIED, 48, reserve=4),
        _quota(BALANCINGS_MODIFIED, 48, reserve=4),
        _quota(DOSSIERS, 150, scope="grant"),
        _quota(DOSSIER_TOKEN, 150),
        _quota(RELATION_SEARCH, 400),
        _quota(RELATION_SAVE, 400),
        _quota(BOOKING_SAVE, 400),
    ),
    field_lengths={
        # UNSURE: our own careful limits, no length is documented.
        "document.reference": 50,
        "line.description": 60,
    },
)


def tomorrow(now: datetime) -> datetime:
    """When a quota that is used up begins again: the next midnight in UTC, which is after midnight in Belgium."""
    return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
