"""`manage.py read_inbox`: take in the documents that lie in the inbox folder."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from invoicing.services.purchases import read_inbox


class Command(BaseCommand):
    help = "Take in the documents that lie in the inbox folder (BOEKBRUG_PEPPOL_INBOX_DIR, or the folder given)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", nargs="?", type=Path)

    def handle(self, *args: Any, folder: Path | None = None, **options: Any) -> None:
        if folder is not None and not folder.is_dir():
            raise CommandError(f"There is no folder {folder}.")
        report = read_inbox(folder)
        self.stdout.write(f"{report.stored} received, {report.known} known already, {report.failed} refused")
