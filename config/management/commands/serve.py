from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandParser
from django.db import connection

from config import processes
from config.launcher import Launcher
from config.watchdog import Watchdog


class Command(BaseCommand):
    help = "Serves the site and works through the queue until Ctrl-C or SIGTERM. Both restart when they die or hang."
    # The checks that ask the database belong here too: this is what starts an installation.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--bind", default="127.0.0.1:8000", help="address of the web server (default: %(default)s)")
        parser.add_argument("--workers", type=int, default=1, help="web processes (default: %(default)s)")
        parser.add_argument("--threads", type=int, default=8, help="threads of each (default: %(default)s)")
        parser.add_argument("--no-worker", action="store_true", help="serve the site only")
        parser.add_argument("--no-web", action="store_true", help="work through the queue only")

    def handle(self, *args: Any, **options: Any) -> None:
        self.check(databases=["default"], display_num_errors=True)
        # The children open their own; the watchdog's thread its own.
        connection.close()
        children = []
        if not options["no_web"]:
            children.append(processes.web(bind=options["bind"], workers=options["workers"], threads=options["threads"]))
        if not options["no_worker"]:
            children.append(processes.worker())
        launcher = Launcher(children, prefix=settings.BOEKBRUG_LOG_FORMAT != "json")
        watchdog = None if options["no_worker"] else Watchdog(lambda: launcher.restart("worker"))
        with launcher:
            if watchdog:
                watchdog.start()
            status = launcher.wait()
            if watchdog:
                watchdog.stop()
        if status:
            raise SystemExit(status)
