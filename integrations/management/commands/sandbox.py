"""`manage.py sandbox`: the local counterpart of the bookkeeping tools."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from integrations.sandbox import command


class Command(BaseCommand):
    """Serve the sandbox until it is interrupted."""

    help = "Run the local counterpart of the bookkeeping tools, with demo books."
    # The sandbox needs neither database nor settings.
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        command.add_arguments(parser)

    def handle(self, *args: Any, **options: Any) -> None:
        command.run(options["port"], options["host"], options["state"], options["books"], options["no_limits"])
