"""Step 7: files put beside their bookings, issues counted and closed, the connection's memory updated, the run's result decided."""

from __future__ import annotations

from django.db.models import Count
from django.utils import timezone

from ...models import Connection, ConnectionStatus, Posting, PostingState, RunState
from ..issues import CONNECTION_CAUSE, settle_issues
from ..sides import SIDES
from ..slices import PART_OF_SALES, Slice
from . import files


def give_reasons(connection_id: int, code: str) -> None:
    """No document ends a run without a reason: what still waits says why."""
    Posting.objects.filter(connection_id=connection_id, state=PostingState.WAITING, reason_code="").update(
        reason_code=code
    )


def run(turn: Slice) -> bool:
    if not files.run(turn):
        return False
    states = (PostingState.WAITING, PostingState.UNCLEAR)
    give_reasons(turn.connection.pk, "SYS-701" if turn.cursor.get("limited") else "SYS-703")
    waiting = Posting.objects.filter(connection=turn.connection, state__in=states).order_by()
    by_kind = dict(waiting.values_list("kind").annotate(Count("pk")))
    left = sum(by_kind.values())
    for side in SIDES:
        turn.set_count(side.name, "left", sum(by_kind.get(kind.value, 0) for kind in side.kinds))
    for kind, part in PART_OF_SALES.items():
        turn.set_count(part, "left", by_kind.get(kind.value, 0))
    limited = turn.cursor.get("limited")
    keep = frozenset({f"{CONNECTION_CAUSE}:limit"}) if limited else frozenset()
    open_issues = settle_issues(turn.connection, run_succeeded=True, keep_causes=keep)
    turn.set_count("issues", "open", open_issues)
    now = timezone.now()
    columns: dict[str, object] = {"last_success_at": now, "status_code": "", "status_params": {}}
    if turn.connection.first_success_at is None:
        columns["first_success_at"] = now
        if turn.connection.becomes_automatic:
            columns["automatic_sync"] = True
    Connection.objects.filter(pk=turn.connection.pk, status=ConnectionStatus.CONNECTED).update(**columns)
    turn.cursor["result"] = RunState.WITH_ISSUES.value if open_issues or left else RunState.SUCCEEDED.value
    return True
