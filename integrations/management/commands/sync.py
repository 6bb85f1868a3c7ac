"""`manage.py sync`: start a sync of one or all connections, look first, or wait for the end."""

from __future__ import annotations

import time
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from integrations.models import Connection, SyncRun
from integrations.services import AlreadyRunning, ImportFirst, NotReady, preview, start_sync
from integrations.sync import dispatcher, engine

_POLL_SECONDS = 0.2


class Command(BaseCommand):
    help = "Send what waits to the bookkeeping tools and bring payments back."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--connection", type=int, help="only this connection (its number in the admin's address)")
        parser.add_argument("--preview", action="store_true", help="say what would be sent; send nothing")
        parser.add_argument("--wait", action="store_true", help="work on the runs here and return when they have ended")

    def handle(self, *args: Any, **options: Any) -> None:
        connections = Connection.objects.live().select_related("entity", "administration").order_by("pk")
        if options["connection"] is not None:
            connections = connections.filter(pk=options["connection"])
            if not connections:
                raise CommandError("There is no live connection with that number.")
        if options["preview"]:
            for connection in connections:
                self._preview(connection)
            return
        runs = [run for connection in connections if (run := self._start(connection)) is not None]
        if options["wait"]:
            failed = [run for run in runs if self._work_off(run).state == "stopped"]
            if failed:
                raise CommandError(f"{len(failed)} of {len(runs)} syncs stopped; see Issues in the admin.")

    def _preview(self, connection: Connection) -> None:
        self.stdout.write(f"{connection}: nothing has been sent")
        if connection.administration_id is None or connection.start_date is None:
            self.stdout.write("  the set-up is not finished")
            return
        for line in preview(connection=connection):
            if line.booking is not None:
                money = f"{line.booking.total} {line.booking.currency}"
                self.stdout.write(f"  {line.number:<16} {line.booking.journal:<6} {money:>18}  {line.customer}")
            elif line.problem is not None:
                self.stdout.write(f"  {line.number:<16} {line.state}: {line.problem.code} {line.customer}")
            else:
                self.stdout.write(f"  {line.number:<16} {line.state}  {line.customer}")

    def _start(self, connection: Connection) -> SyncRun | None:
        try:
            run = start_sync(connection, "manual")
        except AlreadyRunning as exc:
            self.stdout.write(f"{connection}: already running since {exc.since:%H:%M}")
            return exc.run
        except ImportFirst:
            self.stdout.write(f"{connection}: not started, the import of its relations comes first")
            return None
        except NotReady as exc:
            self.stdout.write(f"{connection}: not started, {exc.connection.get_status_display()}")
            return None
        self.stdout.write(f"{connection}: started")
        return run

    def _work_off(self, run: SyncRun) -> SyncRun:
        """Work the run's slices here; a worker that takes one first is waited for."""
        while True:
            run.refresh_from_db()
            if run.is_finished:
                self.stdout.write(f"{run.connection}: {run.get_state_display()}, {_counted(run)}")
                return run
            if not engine.advance(run.pk, run.slice_number):
                dispatcher.wake_runs()
                time.sleep(_POLL_SECONDS)


def _counted(run: SyncRun) -> str:
    """What a run did, sales and purchases apart."""
    sides = [("documents", "sales"), ("expenses", "purchases")]
    sent = [f"{run.counted(item, 'posted', 'differs')} {word} sent" for word, item in sides]
    held = [f"{count} {word} blocked" for word, item in sides if (count := run.counted(item, "blocked", "refused"))]
    return ", ".join([*sent, *held])
