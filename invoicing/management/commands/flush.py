"""Django's `flush`, which empties the database, past the triggers that keep booked documents."""

from typing import Any

from django.core.management.commands import flush
from django.db import connections

from invoicing import triggers


class Command(flush.Command):
    def handle(self, **options: Any) -> None:
        connection = connections[options["database"]]
        if connection.vendor != "sqlite":
            # PostgreSQL truncates the tables; no trigger stands in the way.
            super().handle(**options)
            return
        with triggers.lifted(connection):
            super().handle(**options)
