from typing import Any

from django.core.management.base import BaseCommand

from config.schedules import sync_schedules


class Command(BaseCommand):
    help = "Makes the queue's schedules equal to what the code and the settings say. `migrate` does it too."

    def handle(self, *args: Any, **options: Any) -> None:
        written, removed = sync_schedules()
        self.stdout.write(f"{written} schedules written, {removed} removed")
