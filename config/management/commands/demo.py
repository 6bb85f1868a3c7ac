"""`manage.py demo`: the whole product with invented companies, against the sandbox of the bookkeeping tools."""

from __future__ import annotations

import json
import logging
import os
import signal
import sys
from pathlib import Path
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.db import connection

from config.demo import surroundings
from config.demo.surroundings import Surroundings
from config.demo.users import Login, load_users
from config.demo.voice import Voice
from config.environment import BASE_DIR
from config.launcher import Launcher
from config.processes import MANAGE
from config.watchdog import Watchdog


class Command(BaseCommand):
    help = (
        "Set up a demo with invented companies, connect each to the sandbox of another bookkeeping tool, sync, have "
        "invoices paid, sync again and go on serving until Ctrl-C. --once: compare everything with the plan and end."
    )
    # The database is made first.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--once", action="store_true", help="do not serve; exit status 1 unless all is as planned")
        parser.add_argument(
            "--json", action="store_true", help="print the result as one JSON object; progress goes to stderr"
        )
        parser.add_argument(
            "--directory",
            type=Path,
            default=BASE_DIR / "var" / "demo",
            help="what the demo keeps (default: %(default)s)",
        )
        parser.add_argument("--port", type=int, default=8000, help="port of the site, 0 for any (default: %(default)s)")
        parser.add_argument(
            "--sandbox-port", type=int, default=9100, help="port of the sandbox, 0 for any (default: %(default)s)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        if settings.BOEKBRUG_ENV == "production":
            raise CommandError("This installation is set to production (BOEKBRUG_ENV); the demo stays away from it.")
        around = surroundings.prepared(os.environ, once=options["once"])
        if around is None:
            self._begin_again(options)
            return
        # Whatever ends it, what is temporary goes.
        signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
        # A shell that starts it in the background has Ctrl-C ignored; here it always stops.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        try:
            held = surroundings.lock(around.directory)
            if held is None:
                raise CommandError("A demo is running here already. Stop it with Ctrl-C in its terminal first.")
            # What the services log line by line belongs to the log of a server, not between these lines.
            logging.getLogger().setLevel(logging.WARNING)
            with held:
                self._run(around, options)
        except KeyboardInterrupt:
            raise SystemExit(130) from None
        finally:
            around.remove_if_temporary()

    def _begin_again(self, options: dict[str, Any]) -> None:
        """Become this command again, with the environment that all processes of the demo share."""
        around = surroundings.choose(
            once=options["once"],
            directory=options["directory"],
            web_port=options["port"],
            sandbox_port=options["sandbox_port"],
        )
        flags = [f"--{name}" for name in ("once", "json") if options[name]]
        sys.stdout.flush()
        argv = [sys.executable, MANAGE, "demo", *flags]
        os.execve(sys.executable, argv, surroundings.environment(around, os.environ))  # noqa: S606 - no shell is wanted

    def _run(self, around: Surroundings, options: dict[str, Any]) -> None:
        from config.demo.report import deviation_lines
        from config.demo.story import DemoFailed, DemoStopped, Story, children

        voice = Voice(sys.stderr if options["json"] else sys.stdout)
        logins = self._prepare(around, voice)
        # The children open connections of their own.
        connection.close()
        with around.log_file.open("ab") as log:
            launcher = Launcher(children(around), output=log)
            with launcher:
                story = Story(around, launcher, voice, User.objects.get(username="admin"))
                try:
                    reports = story.tell()
                except DemoStopped:
                    voice.plain("Stopping.")
                    # Nothing is proven by a demo that was stopped.
                    raise SystemExit(130 if options["once"] else 0) from None
                except DemoFailed as failed:
                    self._show_log(around.log_file, voice)
                    raise CommandError(str(failed)) from failed
                deviations = [one for report in reports for one in report.deviations]
                if options["json"]:
                    result = {
                        "ok": not deviations,
                        "seconds": round(voice.seconds, 1),
                        "connections": [report.as_json() for report in reports],
                        "deviations": [str(one) for one in deviations],
                    }
                    self.stdout.write(json.dumps(result, ensure_ascii=False, indent=2))
                if options["once"]:
                    voice.plain()
                    for line in deviation_lines(deviations):
                        voice.plain(line)
                else:
                    self._invite(around, voice, logins)
                    watchdog = Watchdog(lambda: launcher.restart("worker"))
                    watchdog.start()
                    launcher.wait()
                    voice.plain("\nStopping.")
                    watchdog.stop()
        voice.step("Done.")
        if options["once"] and deviations:
            raise SystemExit(1)

    def _prepare(self, around: Surroundings, voice: Voice) -> list[Login]:
        """Make the database, its schedules, the log-ins and the demo's data; what is there stays."""
        from config.demo.loader import DemoMismatch, load
        from config.schedules import sync_schedules

        voice.step("Preparing the database.")
        call_command("migrate", verbosity=0, interactive=False)
        call_command("createcachetable", verbosity=0)
        sync_schedules()
        logins = load_users(around.directory)
        voice.step("Loading four companies, their customers and documents; booking them.")
        try:
            loaded = load(User.objects.get(username="admin"))
        except DemoMismatch as mismatch:
            raise CommandError(str(mismatch)) from mismatch
        if loaded.booked:
            voice.step(
                f"  {loaded.parties} companies and contacts, {loaded.booked} documents booked, {loaded.drafts} drafts, "
                f"{loaded.expenses} expenses received"
            )
        else:
            voice.step("  They stood there already.")
        return logins

    @staticmethod
    def _invite(around: Surroundings, voice: Voice, logins: list[Login]) -> None:
        """Say where to look and how to get in."""
        voice.plain()
        voice.plain(f"  Boekbrug: {around.web_url}")
        for login in logins:
            voice.plain(f"    {login.username:<10}  {login.password:<26}  {login.does}")
        voice.plain()
        voice.plain(f"  The sandbox's books, where customers pay: {around.sandbox_url}")
        voice.plain(f"  Log of all processes: {around.log_file}")
        voice.plain()
        voice.step("Ready. Ctrl-C stops everything.")

    @staticmethod
    def _show_log(path: Path, voice: Voice) -> None:
        """Show the end of the log, where the reason of a failure usually stands."""
        voice.plain("The last lines of the processes:")
        for line in path.read_text(errors="replace").splitlines()[-40:]:
            voice.plain(f"  {line}")
