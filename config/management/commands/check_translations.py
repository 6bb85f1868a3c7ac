import shutil
import subprocess
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser


class Command(BaseCommand):
    help = "Fails when a text of the source has no complete translation. With --update it writes the catalogues anew."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--update", action="store_true", help="extract the texts and compile the catalogues")

    def handle(self, *args: Any, **options: Any) -> None:
        if shutil.which("xgettext") is None:
            raise CommandError("The gettext programs are missing (apt-get install gettext).")
        try:
            from config import translations
        except ModuleNotFoundError as exc:
            raise CommandError("polib is missing; `make setup` installs it.") from exc
        try:
            if options["update"]:
                translations.update()
            found = list(translations.problems())
        except subprocess.CalledProcessError as exc:
            raise CommandError(f"The texts could not be extracted:\n{exc.stderr}") from exc
        for line in found:
            self.stderr.write(line)
        if found:
            raise CommandError(f"{len(found)} texts need a translator.")
        self.stdout.write("All texts are translated.")
