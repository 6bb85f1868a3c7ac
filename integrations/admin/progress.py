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
_BLOCKED = ("blocked", "refused")


@dataclass(frozen=True, slots=True)
class SideView:
    """What a run did with the documents of one side of the books."""

    to_send: int
    answered: int
    sent: int
    blocked: int


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
    sales: SideView
    purchases: SideView
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
    def to_send(self) -> int:
        return self.sales.to_send + self.purchases.to_send

    @property
    def answered(self) -> int:
        return self.sales.answered + self.purchases.answered

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
        return ", ".join([*words, *self.under_way_words])

    @property
    def under_way_words(self) -> list[str]:
        """How far a run is that goes on, sales and purchases apart."""
        words = []
        if self.sales.to_send:
            words.append(_("%(a)s of %(b)s sent") % {"a": number(self.sales.sent), "b": number(self.sales.to_send)})
        if self.purchases.to_send:
            names = {"a": number(self.purchases.sent), "b": number(self.purchases.to_send)}
            words.append(_("%(a)s of %(b)s expenses sent") % names)
        return [*words, *self._blocked_words()]

    @property
    def ended_words(self) -> list[str]:
        """What a run did that has ended, sales and purchases apart; what it had nothing to do with is left out."""
        words = []
        if (sent := self.sales.sent) or not self.purchases.sent:
            words.append(ngettext("%(n)s document sent", "%(n)s documents sent", sent) % {"n": number(sent)})
        if sent := self.purchases.sent:
            words.append(ngettext("%(n)s expense sent", "%(n)s expenses sent", sent) % {"n": number(sent)})
        words += self._blocked_words() or [_("%(n)s blocked") % {"n": number(0)}]
        if self.paid:
            words.append(_("%(n)s paid") % {"n": number(self.paid)})
        return words

    def _blocked_words(self) -> list[str]:
        words = []
        if held := self.sales.blocked:
            words.append(_("%(n)s blocked") % {"n": number(held)})
        if held := self.purchases.blocked:
            words.append(ngettext("%(n)s expense blocked", "%(n)s expenses blocked", held) % {"n": number(held)})
        return words


def view_of(run: SyncRun) -> RunView:
    """Return the view of a run loaded with connection, entity and starter."""
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
        sales=_side(run, "sales"),
        purchases=_side(run, "purchases"),
        paid=run.counted("payments", "paid"),
        partly=run.counted("payments", "partly"),
        not_before=run.not_before,
        starter=starter_of(run),
        url=change_url(run),
        sentence=problem.sentence if problem is not None else "",
        advice=problem.advice if problem is not None else "",
        imported=_counted(run, "import") if is_import else None,
        persons=_counted(run, "contacts"),
    )


def _side(run: SyncRun, item: str) -> SideView:
    return SideView(
        to_send=run.counted(item, "to_send"),
        answered=run.counted(item, *_ANSWERED),
        sent=run.counted(item, *_SENT),
        blocked=run.counted(item, *_BLOCKED),
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
