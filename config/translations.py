"""Texts and their translations: what the source says, what the catalogues lack, and writing both together.

Needs the gettext programs and polib, which only developers have; the compiled catalogues are part of the source, so an
installation needs neither.
"""

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path

import polib
from django.conf import settings

SOURCES = ("config", "crm", "invoicing", "integrations", "templates")
_PLACEHOLDER = re.compile(r"%\(\w+\)[a-z]|%[sd]|\{\w*\}")


def languages() -> list[str]:
    """Return the languages that have a catalogue: all but the source's own."""
    return [code for code, _name in settings.LANGUAGES if code != "en"]


def catalogue_path(language: str, *, root: Path) -> Path:
    """Return the path of a language's catalogue below the project's folder `root`."""
    return root / "config" / "locale" / language / "LC_MESSAGES" / "django.po"


def extract(folder: Path) -> None:
    """Copy the source to `folder` and bring the catalogues of the copy up to date. The source stays untouched.

    CalledProcessError when the gettext programs are missing or refuse a text.
    """
    root: Path = settings.BASE_DIR
    for name in SOURCES:
        shutil.copytree(root / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", "static", "*.mo"))
    shutil.copy(root / "manage.py", folder)
    options = [option for language in languages() for option in ("--locale", language)]
    subprocess.run(
        [sys.executable, "manage.py", "makemessages", *options, "--no-obsolete", "--no-wrap", "--add-location=file"],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    )
    for language in languages():
        catalogue = polib.pofile(str(catalogue_path(language, root=folder)), wrapwidth=0)
        # A date in it would make every extraction a change.
        catalogue.metadata.pop("POT-Creation-Date", None)
        catalogue.metadata_is_fuzzy = False
        catalogue.save()


def problems() -> Iterator[str]:
    """Yield a sentence for each text that has no sound translation, and for each catalogue that is out of step."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        extract(folder)
        for language in languages():
            fresh = polib.pofile(str(catalogue_path(language, root=folder)))
            for entry in fresh:
                if fault := entry_fault(entry):
                    yield f"{language}: {fault}: {entry.msgid!r}"
            compiled = catalogue_path(language, root=settings.BASE_DIR).with_suffix(".mo")
            if not compiled.exists() or _texts(polib.mofile(str(compiled))) != _texts(fresh.translated_entries()):
                yield f"{language}: the compiled catalogue is not what the source and its translations give"


def entry_fault(entry: polib.POEntry) -> str | None:
    """Return what is wrong with one translation, or None."""
    if entry.fuzzy:
        return "only guessed"
    if not entry.translated():
        return "not translated"
    originals = [entry.msgid, entry.msgid_plural] if entry.msgid_plural else [entry.msgid]
    wanted = set().union(*(_PLACEHOLDER.findall(text) for text in originals))
    for text in entry.msgstr_plural.values() if entry.msgid_plural else [entry.msgstr]:
        found = set(_PLACEHOLDER.findall(text))
        # A singular may say "one" where the plural counts; nothing may name what is not there.
        if found - wanted or (not entry.msgid_plural and wanted - found):
            return "other placeholders"
    return None


def _texts(entries: Iterable[polib.POEntry | polib.MOEntry]) -> dict[tuple[str | None, str], object]:
    return {(entry.msgctxt, entry.msgid): entry.msgstr_plural or entry.msgstr for entry in entries if entry.msgid}


def update() -> None:
    """Bring the project's own catalogues up to date and compile them."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        extract(folder)
        for language in languages():
            target = catalogue_path(language, root=settings.BASE_DIR)
            target.parent.mkdir(parents=True, exist_ok=True)
            catalogue = polib.pofile(str(catalogue_path(language, root=folder)), wrapwidth=0)
            catalogue.save(str(target))
            catalogue.save_as_mofile(str(target.with_suffix(".mo")))
