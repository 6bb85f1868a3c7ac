"""Django's `loaddata`, so that a dump with booked documents can be loaded into another database."""

from typing import Any

from django.core.management.commands import loaddata
from django.db import connections

from invoicing import triggers


class Command(loaddata.Command):
    def handle(self, *fixture_labels: str, **options: Any) -> None:
        with triggers.lifted(connections[options["database"]]):
            super().handle(*fixture_labels, **options)
