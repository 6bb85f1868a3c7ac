"""The demo itself: processes up, connect, sync, pay, sync again, compare."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import requests
from django.contrib.auth.models import User

from config import processes
from config.launcher import Child, Launcher
from integrations.models import Connection, ConnectionStatus, SyncRun
from integrations.registry import get_tool
from integrations.services import save_settings
from integrations.sync.runs import start_sync

from . import check, connect, expenses, outcome, parties
from .plan import POSTED, ConnectionPlan, documents, plans
from .report import ConnectionReport
from .sandbox import SandboxBooks, SandboxDoor
from .surroundings import HOST, Surroundings
from .voice import Voice

START_SECONDS = 40
RUN_SECONDS = 240
LOOK_SECONDS = 0.25


class DemoStopped(Exception):
    """Ctrl-C, or a process of the demo ended."""


class DemoFailed(Exception):
    """A step did not come to its end in time; the text says which."""


def children(around: Surroundings) -> list[Child]:
    """Return the processes of the demo: sandbox, worker, web server."""
    # A minute's limit would make a person wait a minute, so the limits are off until somebody wants to see them.
    sandbox = ["sandbox", f"--port={around.sandbox_port}", f"--state={around.sandbox_state}", "--no-limits"]
    return [
        Child("sandbox", [sys.executable, processes.MANAGE, *sandbox]),
        processes.worker(),
        processes.web(bind=f"{HOST}:{around.web_port}"),
    ]


@dataclass(slots=True)
class _Told:
    """A connection of the story, with the books as they stood before it and after its first sync."""

    plan: ConnectionPlan
    connection: Connection
    report: ConnectionReport
    stood: SandboxBooks
    first_time: bool
    sent: SandboxBooks = field(default_factory=lambda: SandboxBooks((), 0))


class Story:
    """Walks through the demo with running processes; used once."""

    def __init__(self, around: Surroundings, launcher: Launcher, voice: Voice, user: User) -> None:
        self._around = around
        self._launcher = launcher
        self._voice = voice
        self._user = user
        self._door = SandboxDoor(around.sandbox_url)

    def tell(self) -> list[ConnectionReport]:
        """Connect, sync, pay and sync again for every plan that is to be connected; return what came of it.

        The tools are worked on side by side, as they are at night.
        """
        self._until_up("sandbox", f"{self._around.sandbox_url}/_sandbox/clock")
        self._until_up("web server", f"{self._around.web_url}/healthz")
        told = [self._connect(plan) for plan in plans() if plan.connect]
        self._voice.step("First sync: what is booked here goes to the books there.")
        self._sync(told)
        for one in told:
            self._tell_sent(one)
        self._voice.step("Customers pay: the planned payments are entered in the sandbox.")
        for one in told:
            one.report.payments_made = self._pay(one.plan, one.report)
        self._voice.step("Second sync: the payments come back.")
        self._sync(told)
        for one in told:
            one.report.paid = outcome.our_documents(one.connection)
            self._voice.table(f"{one.report.title}: what came back", one.report.paid_rows())
            if one.first_time:
                # Later a person has worked here, and then the plan is no measure any more.
                one.report.deviations = _compare(one, self._books(one.plan))
                save_settings(connection=one.connection, user=self._user, attach_files=True)
        return [one.report for one in told]

    def _connect(self, plan: ConnectionPlan) -> _Told:
        """Return the plan's connection as it stands before the first sync, made where there is none yet."""
        entity = parties.entities()[plan.entity]
        connection = Connection.objects.live().filter(entity=entity, status=ConnectionStatus.CONNECTED).first()
        first_time = connection is None
        if connection is None:
            label = get_tool(plan.tool).label
            self._voice.step(f"Connecting {entity.name} to the sandbox of {label}, as the wizard does.")
            connection = connect.walk(plan, entity, self._user, self._door, self._around.web_url)
        stood = self._books(plan)
        report = ConnectionReport(plan=plan, entity=entity.name, before=stood.entries)
        return _Told(plan, connection, report, stood, first_time)

    def _tell_sent(self, one: _Told) -> None:
        """Look at both sides after the first sync and show what was sent and what was not."""
        one.sent = self._books(one.plan)
        one.report.sent = outcome.our_documents(one.connection)
        one.report.expenses = expenses.states(one.connection)
        one.report.after = one.sent.entries
        one.report.customers = outcome.customers(one.connection)
        self._voice.table(one.report.title, one.report.sent_rows())
        if held := one.report.held_rows():
            self._voice.table("Not sent, and why", held)

    def _pay(self, plan: ConnectionPlan, report: ConnectionReport) -> int:
        """Enter the planned payments of what is posted and not yet paid there; return how many."""
        open_there = {entry.reference: entry for entry in report.after if entry.open_amount == entry.total}
        made = 0
        for document in documents(plan.entity):
            found = report.sent.get(document.name)
            if found is None or found.state != POSTED or document.number not in open_there:
                continue
            for payment in document.payments:
                day = payment.paid_on.isoformat()
                self._door.pay(plan.tool, plan.administration, document.number, payment.amount, day)
                made += 1
        return made

    def _books(self, plan: ConnectionPlan) -> SandboxBooks:
        return self._door.books(plan.tool, plan.administration)

    def _sync(self, told: Sequence[_Told]) -> None:
        """Start a sync of each as the button does, wait for the worker to end them, and keep their figures."""
        runs = {start_sync(one.connection, user=self._user): one for one in told}
        shown = dict.fromkeys(runs, "")

        def ended() -> bool:
            for run, one in runs.items():
                if run.is_finished:
                    continue
                run.refresh_from_db()
                now = run.get_state_display() if run.is_finished else run.get_step_display()
                if now != shown[run]:
                    shown[run] = now
                    self._voice.step(f"  {get_tool(one.plan.tool).label:<12}  {now}")
            return all(run.is_finished for run in runs)

        def complaint() -> str:
            left = [f"{runs[run].plan.tool} is {run.state} at {run.step}" for run in runs if not run.is_finished]
            return f"The sync did not end: {', '.join(left)}."

        self._until(ended, RUN_SECONDS, complaint)
        for run, one in runs.items():
            one.report.runs.append(_figures(run))

    def _until_up(self, name: str, url: str) -> None:
        self._voice.step(f"Waiting for the {name} …")

        def up() -> bool:
            try:
                return requests.get(url, timeout=2, proxies={"http": ""}).ok
            except requests.RequestException:
                return False

        self._until(up, START_SECONDS, lambda: f"The {name} does not answer at {url}; see {self._around.log_file}.")

    def _until(self, done: Callable[[], bool], seconds: float, complaint: Callable[[], str]) -> None:
        """Wait until `done`, watching the processes. DemoFailed: it takes too long. DemoStopped: Ctrl-C."""
        until = time.monotonic() + seconds
        while not done():
            if time.monotonic() > until:
                raise DemoFailed(complaint())
            self._launcher.wait(LOOK_SECONDS)
            if self._launcher.is_stopping:
                raise DemoStopped


def _compare(one: _Told, last: SandboxBooks) -> list[check.Deviation]:
    """Return all that is not as planned; `last` is how the books stand after the second sync."""
    plan, report, stood, sent = one.plan, one.report, one.stood, one.sent
    planned = documents(plan.entity)
    found = [
        *check.check_runs(report.runs),
        *check.check_states(plan, planned, report.sent),
        *check.check_books(plan, planned, report.sent, stood.entries, sent.entries),
        *check.check_relations(stood.relations, report.customers.created, sent.relations, last.relations),
        *check.check_payments(plan, planned, report.paid),
        # A second sync changes no state, books nothing again and changes nothing that stands there.
        *check.check_states(plan, planned, report.paid),
        *check.check_books(plan, planned, report.paid, stood.entries, last.entries),
        *(
            one
            for books in (sent, last)
            for one in expenses.check_expenses(plan, report.expenses, stood.purchases, books.purchases, books.files)
        ),
    ]
    return list(dict.fromkeys(found))


def _figures(run: SyncRun) -> dict[str, Any]:
    finished = run.finished_at or run.created_at
    return {
        "run": run.pk,
        "state": run.state,
        "error": run.error_code,
        "seconds": round((finished - run.created_at).total_seconds(), 2),
        "slices": run.slice_number,
        "counters": run.counters,
    }
