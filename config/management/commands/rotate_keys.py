from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.environment import new_encryption_key
from config.rotation import rotate_all


class Command(BaseCommand):
    help = (
        "Encrypts every stored credential again under the first of BOEKBRUG_FIELD_ENCRYPTION_KEYS. "
        "Put a new key first, restart everything, run this, then take the old key away."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--new", action="store_true", help="only print a fresh key")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["new"]:
            self.stdout.write(new_encryption_key())
            return
        lost = 0
        for name, changed, fresh, unreadable in rotate_all():
            self.stdout.write(f"{name}: {changed} encrypted again, {fresh} already under the newest key")
            if unreadable:
                lost += len(unreadable)
                self.stderr.write(f"{name}: no key opens rows {', '.join(map(str, unreadable[:20]))}")
        if lost:
            raise CommandError(f"{lost} values cannot be read with any key; do not take a key away.")
