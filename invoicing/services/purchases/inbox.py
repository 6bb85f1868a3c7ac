"""The folder that files are dropped into: each is taken by renaming it, and ends in `done/` or in `failed/` with why.

Renaming is what decides between two workers: one of them gets the file, the other finds it gone.
Source: sheet on Peppol, section 11.10.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _

from .intake import Answer, Delivery, Received
from .storing import largest
from .waiting import keep_refused, take_in

logger = logging.getLogger(__name__)

WORK, DONE, FAILED = "work", "done", "failed"
SETTLED_SECONDS = 5  # a younger file may still be written
LOST_SECONDS = 900  # a file in `work` for longer belonged to a worker that died
AT_ONCE = 500
# File systems take 255 bytes; ours grow by a mark while they are worked on, and by `.txt` for the reason.
_NAME_BYTES = 180
_UNFINISHED = (".part", ".tmp", ".crdownload", ".filepart")
_PACKED = (b"\x1f\x8b", b"PK\x03\x04", b"PK\x05\x06", b"7z\xbc\xaf", b"BZh", b"\xfd7zXZ")


@dataclass(slots=True)
class InboxReport:
    stored: int = 0
    known: int = 0
    failed: int = 0


def read_inbox(folder: Path | None = None) -> InboxReport:
    """Take in what lies in the folder, at most 500 files, the oldest first. An empty setting means that there is none."""
    report = InboxReport()
    if folder is None:
        if not settings.BOEKBRUG_PEPPOL_INBOX_DIR:
            return report
        folder = Path(settings.BOEKBRUG_PEPPOL_INBOX_DIR)
    root = folder.resolve()
    if not root.is_dir():
        logger.error("the inbox folder does not exist", extra={"setting": "BOEKBRUG_PEPPOL_INBOX_DIR"})
        return report
    for name in (WORK, DONE, FAILED):
        (root / name).mkdir(exist_ok=True)
    for path in [*_lost(root), *_waiting(root)][:AT_ONCE]:
        try:
            taken = _take(path, root)
        except OSError:
            report.failed += 1
            logger.exception("a file of the inbox cannot be moved; look at the rights on the folder")
            continue
        if taken is not None:
            _handle(taken, root, report)
    return report


def _waiting(root: Path) -> Iterator[Path]:
    """Files that nobody writes to any more, the oldest first."""
    now = time.time()
    found = []
    with os.scandir(root) as entries:
        for entry in entries:
            if entry.name.startswith(".") or entry.name.lower().endswith(_UNFINISHED):
                continue
            try:
                stat = entry.stat(follow_symlinks=False)
                is_file = entry.is_file(follow_symlinks=True)
            except OSError:
                continue
            if (is_file or entry.is_symlink()) and now - stat.st_mtime >= SETTLED_SECONDS:
                found.append((stat.st_mtime, Path(entry.path)))
    yield from (path for _age, path in sorted(found))


def _lost(root: Path) -> Iterator[Path]:
    """Files whose worker died. Taking one in twice does no harm: the second time it is known."""
    now = time.time()
    for path in sorted((root / WORK).iterdir()):
        try:
            # Renaming keeps the time of writing and changes that of the entry.
            if now - path.lstat().st_ctime > LOST_SECONDS:
                yield path
        except OSError:
            continue


def _take(path: Path, root: Path) -> Path | None:
    """Move a file into the work folder; None where another worker was faster. Raises OSError where it cannot be moved."""
    target = root / WORK / f"{time.time_ns()}-{_shortened(_plain(path.name))}"
    try:
        os.rename(path, target)
    except FileNotFoundError:
        return None
    return target


def _shortened(name: str) -> str:
    """The name with its ending, short enough to grow a mark in front and an ending behind."""
    stem, ending = os.path.splitext(name)
    if len(os.fsencode(ending)) > 20:
        stem, ending = name, ""
    while len(os.fsencode(stem)) + len(os.fsencode(ending)) > _NAME_BYTES:
        stem = stem[:-1]
    return stem + ending


def _plain(name: str) -> str:
    """The name without the mark of an earlier try."""
    mark, dash, rest = name.partition("-")
    return rest if dash and mark.isdigit() and len(mark) > 15 else name


def _handle(path: Path, root: Path, report: InboxReport) -> None:
    name = _plain(path.name)
    answer = _answer(path, name, root)
    if answer.answer is Answer.REFUSED:
        report.failed += 1
        target = _put(path, root / FAILED, name)
        target.with_name(f"{target.name}.txt").write_text(f"{answer.text}\n", encoding="utf-8")
        logger.warning("a file of the inbox was refused", extra={"reason": answer.code})
        return
    report.stored += answer.answer is Answer.STORED
    report.known += answer.answer is Answer.KNOWN
    _put(path, root / DONE, name)


def _answer(path: Path, name: str, root: Path) -> Received:
    if path.is_symlink():
        target = path.resolve()
        # What a link points to outside is not ours to read, whoever put the link there.
        if not target.is_relative_to(root):
            text = _("This is a link to a file outside the folder. Put the file itself here.")
            return Received(answer=Answer.REFUSED, code="link", text=text)
    try:
        if not path.is_file():
            return Received(answer=Answer.REFUSED, code="no-file", text=_("This is not a file."))
        with path.open("rb") as file:
            data = file.read(largest() + 1)
    except OSError:
        return Received(answer=Answer.REFUSED, code="unreadable", text=_("The file could not be opened."))
    if len(data) > largest():
        text = _("The file is larger than %(size)d MB.") % {"size": settings.BOEKBRUG_PEPPOL_MAX_MB}
        return Received(answer=Answer.REFUSED, code="too-large", text=text)
    if data.startswith(_PACKED):
        text = _("This is a packed file. Put the documents themselves into the folder.")
        found = Received(answer=Answer.REFUSED, code="packed", text=text)
        return keep_refused(data=data, delivery=Delivery(name=name), found=found)
    return take_in(data=data, delivery=Delivery(name=name))


def _put(path: Path, folder: Path, name: str) -> Path:
    """Move a file into a folder under its name, or with a number where that is taken."""
    stem, ending = os.path.splitext(name)
    for attempt in range(10_000):
        target = folder / (name if not attempt else f"{stem}-{attempt}{ending}")
        if not target.exists():
            os.rename(path, target)
            return target
    raise FileExistsError(name)
