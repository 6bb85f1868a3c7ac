"""Runs as people follow them: which step, how many sent, what is blocked; whole pages and the piece that moves."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config.admin.links import change_url
from config.figures import number

from ..models import RunState, RunStep, RunTrigger, SyncRun
from .words import problem_of_run, tool_label

# The steps of a sync; an import has a single one of its own.
_STEPS: list[RunStep] = [step for step in RunStep if step is not RunStep.IMPORT]
# What became of a document that the run sent, or tried to. "booked" and "taken": the tool has it, and it is read later.
_SENT = ("posted", "differs", "booked", "taken")
_ANSWERED = (*_SENT, "refused", "unclear")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunView:
    """One run in words and numbers."""

    run: SyncRun
    entity: str
    tool: str
    state: str
    is_finished: bool
    step_number: int
    steps: int
    step: str
    to_send: int
    answered: int
    sent: int
    blocked: int
    paid: int
    partly: int
    not_before: datetime | None
    starter: str
    url: str
    imported: dict[str, int] | None  # what an import did so far; None for a sync
    persons: dict[str, int]  # and with the contact persons of relations
    sentence: str
    advice: str

    @property
    def share(self) -> int | None:
        """How far the run is, in per cent: of its documents, before these are known of its steps. None for an import."""
        if self.imported is not None:
            return None
        done, of = (self.answered, self.to_send) if self.to_send else (self.step_number, self.steps)
        return min(done * 100 // of, 100)

    @property
    def state_words(self) -> str:
        """The step and the counts in one line, as the button has room for."""
        if self.imported is not None:
            return ngettext("%(number)s relation read", "%(number)s relations read", self.imported["read"]) % {
                "number": number(self.imported["read"])
            }
        words = [_("Step %(i)s of %(n)s: %(step)s") % {"i": self.step_number, "n": self.steps, "step": self.step}]
        if self.to_send:
            words.append(_("%(a)s of %(b)s sent") % {"a": self.sent, "b": self.to_send})
        if self.blocked:
            words.append(_("%(n)s blocked") % {"n": self.blocked})
        return ", ".join(words)


def view_of(run: SyncRun) -> RunView:
    """Return the view of a run loaded with connection, entity and starter."""
    sales = run.counters.get("sales", {})
    payments = run.counters.get("payments", {})
    problem = problem_of_run(run)
    is_import = run.trigger == RunTrigger.IMPORT
    return RunView(
        run=run,
        entity=str(run.connection.entity),
        tool=tool_label(run.connection.tool),
        state=run.shown_state,
        is_finished=run.is_finished,
        step_number=1 if is_import else _STEPS.index(RunStep(run.step)) + 1,
        steps=1 if is_import else len(_STEPS),
        step=str(RunStep(run.step).label),
        to_send=max(sales.get("to_send", 0), 0),
        answered=sum(sales.get(what, 0) for what in _ANSWERED),
        sent=sum(sales.get(what, 0) for what in _SENT),
        blocked=sales.get("blocked", 0),
        paid=payments.get("paid", 0),
        partly=payments.get("partly", 0),
        not_before=run.not_before,
        starter=starter_of(run),
        url=change_url(run),
        sentence=problem.sentence if problem is not None else "",
        advice=problem.advice if problem is not None else "",
        imported=_counted(run, "import") if is_import else None,
        persons=_counted(run, "contacts"),
    )


def _counted(run: SyncRun, item: str) -> dict[str, int]:
    """What an import did with relations, or with contact persons."""
    counts = run.counters.get(item, {})
    return {name: counts.get(name, 0) for name in ("read", "added", "linked", "known", "doubtful", "left_out", "wrong")}


def starter_of(run: SyncRun) -> str:
    """Who or what started a run: a person's name, else the trigger's word."""
    if run.started_by is not None:
        return run.started_by.get_full_name() or run.started_by.get_username()
    return str(RunTrigger(run.trigger).label)


def loaded(runs: QuerySet[SyncRun]) -> QuerySet[SyncRun]:
    return runs.select_related("connection__entity", "started_by")


@dataclass(frozen=True, slots=True)
class Progress:
    """What the moving piece shows; with an `url` it asks for itself again, since a run goes on."""

    views: tuple[RunView, ...]
    url: str

    @property
    def stopped(self) -> tuple[RunView, ...]:
        """Those that ended before their work was done."""
        return tuple(view for view in self.views if view.run.state == RunState.STOPPED)


def progress_of(runs: Iterable[SyncRun], connection_id: int | None = None) -> Progress:
    """Return what is shown of these runs; `connection_id` says that they stand on the page of one connection."""
    views = tuple(view_of(run) for run in runs)
    if all(view.is_finished for view in views):
        return Progress(views, "")
    ids = ",".join(str(view.run.pk) for view in views)
    page = f"&connection={connection_id}" if connection_id is not None else ""
    return Progress(views, f"{reverse('admin:integrations_connection_progress')}?runs={ids}{page}")


def watched(request: HttpRequest) -> list[SyncRun]:
    """The runs that a page follows, by the ids it names; at most 20."""
    ids = [int(part) for part in request.GET.get("runs", "").split(",") if part.isdigit()][:20]
    return list(loaded(SyncRun.objects.filter(pk__in=ids)).order_by("pk"))
