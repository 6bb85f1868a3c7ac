"""The demo itself: processes up, connect, sync, pay, sync again, compare."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import requests
from django.contrib.auth.models import User

from config import processes
from config.launcher import Child, Launcher
from integrations.models import Connection, ConnectionStatus, SyncRun
from integrations.sync.runs import start_sync

from . import check, connect, outcome, parties
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


class Story:
    """Walks through the demo with running processes; used once."""

    def __init__(self, around: Surroundings, launcher: Launcher, voice: Voice, user: User) -> None:
        self._around = around
        self._launcher = launcher
        self._voice = voice
        self._user = user
        self._door = SandboxDoor(around.sandbox_url)

    def tell(self) -> list[ConnectionReport]:
        """Connect, sync, pay and sync again for every plan that is to be connected; return what came of it."""
        self._until_up("sandbox", f"{self._around.sandbox_url}/_sandbox/clock")
        self._until_up("web server", f"{self._around.web_url}/healthz")
        return [self._connection(plan) for plan in plans() if plan.connect]

    def _connection(self, plan: ConnectionPlan) -> ConnectionReport:
        entity = parties.entities()[plan.entity]
        report = ConnectionReport(plan=plan, entity=entity.name)
        connection = Connection.objects.live().filter(entity=entity, status=ConnectionStatus.CONNECTED).first()
        first_time = connection is None
        if connection is None:
            self._voice.step(f"Connecting {entity.name} to the sandbox of Exact Online, as the wizard does.")
            connection = connect.walk(plan, entity, self._user, self._door, self._around.web_url)
        stood = self._door.books(plan.administration)
        self._voice.step("First sync: what is booked here goes to the books there.")
        report.runs.append(self._sync(connection))
        report.sent = outcome.our_documents(connection)
        sent = self._door.books(plan.administration)
        report.before, report.after = stood.entries, sent.entries
        report.customers = outcome.customers(connection)
        self._voice.table(report.title, report.sent_rows())
        if held := report.held_rows():
            self._voice.table("Not sent, and why", held)
        self._voice.step("Customers pay: the planned payments are entered in the sandbox.")
        report.payments_made = self._pay(plan, report)
        self._voice.step("Second sync: the payments come back.")
        report.runs.append(self._sync(connection))
        report.paid = outcome.our_documents(connection)
        self._voice.table("What came back", report.paid_rows())
        if first_time:
            # Later a person has worked here, and then the plan is no measure any more.
            last = self._door.books(plan.administration)
            report.deviations = _compare(plan, report, (stood, sent, last))
        return report

    def _pay(self, plan: ConnectionPlan, report: ConnectionReport) -> int:
        """Enter the planned payments of what is posted and not yet paid there; return how many."""
        open_there = {entry.reference: entry for entry in report.after if entry.open_amount == entry.total}
        made = 0
        for document in documents(plan.entity):
            found = report.sent.get(document.name)
            if found is None or found.state != POSTED or document.number not in open_there:
                continue
            for payment in document.payments:
                self._door.pay(plan.administration, document.number, payment.amount, payment.paid_on.isoformat())
                made += 1
        return made

    def _sync(self, connection: Connection) -> dict[str, Any]:
        """Start a sync as the button does, wait for the worker to end it, and return its figures."""
        run = start_sync(connection, user=self._user)
        shown = ""

        def ended() -> bool:
            nonlocal shown
            run.refresh_from_db()
            if run.get_step_display() != shown and not run.is_finished:
                shown = run.get_step_display()
                self._voice.step(f"  {shown}")
            return run.is_finished

        self._until(ended, RUN_SECONDS, lambda: f"The sync did not end: it is {run.state} at {run.step}.")
        self._voice.step(f"  {run.get_state_display()}")
        return _figures(run)

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


def _compare(
    plan: ConnectionPlan, report: ConnectionReport, books: tuple[SandboxBooks, SandboxBooks, SandboxBooks]
) -> list[check.Deviation]:
    """Return all that is not as planned; `books` as they stood before, after the first and after the second sync."""
    stood, sent, last = books
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
