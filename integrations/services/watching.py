"""Looking without touching: how far a run is, and what the next one would send."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from django.db.models import Q

from ..base.records import Document
from ..models import SENT, Connection, Posting, RunStep, SyncRun
from ..registry import get_tool
from ..sync.books import load_books
from ..sync.problems import Note, Problem
from ..sync.steps.plan import preview as plan_preview

_STEPS = [step.value for step in RunStep]


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewLine:
    """One document of the preview: its booking, or why it is held up."""

    document_id: int
    number: str
    customer: str
    state: str
    booking: Document | None
    problem: Problem | None
    notes: tuple[Note, ...]


def preview(*, connection: Connection) -> Iterator[PreviewLine]:
    """What the next sync would do with each document in scope; nothing is sent and nothing is written."""
    fresh = Connection.objects.select_related("administration").get(pk=connection.pk)
    for placed in plan_preview(fresh, load_books(fresh, get_tool(fresh.tool))):
        yield PreviewLine(
            document_id=placed.document.pk,
            number=placed.document.number,
            customer=placed.document.buyer_name or placed.document.party.name,
            state=placed.posting.state,
            booking=placed.planned.document,
            problem=placed.planned.problem,
            notes=placed.planned.notes,
        )


def progress(*, connection: Connection) -> dict[str, Any]:
    """The unfinished run, else the last one, in plain values; an empty dict when there never was one.

    Keys: run, state, is_running, step, step_number (1 to 7), to_send, sent, blocked, since, by, not_before,
    finished_at, counters.
    """
    run = (
        SyncRun.objects.unfinished().filter(connection=connection).select_related("started_by").first()
        or SyncRun.objects.filter(connection=connection).select_related("started_by").order_by("-pk").first()
    )
    if run is None:
        return {}
    sales = run.counters.get("sales", {})
    return {
        "run": run.pk,
        "state": run.state,
        "is_running": not run.is_finished,
        "step": run.step,
        "step_label": RunStep(run.step).label,
        "step_number": _STEPS.index(run.step) + 1,
        "to_send": sales.get("to_send", 0),
        "sent": sales.get("posted", 0) + sales.get("differs", 0),
        "blocked": sales.get("blocked", 0),
        "refused": sales.get("refused", 0),
        "since": run.created_at,
        "by": str(run.started_by) if run.started_by else "",
        "not_before": run.not_before,
        "finished_at": run.finished_at,
        "counters": run.counters,
    }


def sent_among(document_ids: Collection[int]) -> set[int]:
    """Documents with which a call may have left; from then on their lines' accounts are final too."""
    postings = Posting.objects.filter(sales_document__in=list(document_ids))
    found = postings.filter(Q(sent_at__isnull=False) | Q(state__in=SENT)).values_list("sales_document_id", flat=True)
    return {pk for pk in found if pk is not None}
