"""Reading an uploaded file in a process of its own, with bounds of memory and time. Source: S-063; IMP-301, IMP-302."""

from __future__ import annotations

import fcntl
import json
import logging
import resource
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from django.conf import settings

from .errors import ImportRefused

logger = logging.getLogger(__name__)

_PROGRAM = Path(__file__).with_name("filereader.py")
# Address space and processor time of the reader; a file within the limits needs a tenth of either.
_MEMORY = 1_500_000_000  # bytes
_SECONDS = 60
_PIPE = 1 << 20  # bytes that may lie between the two processes
_TOO_MUCH = frozenset({"rows", "columns", "bomb", "too-large"})


@dataclass(frozen=True, slots=True)
class FileRow:
    number: int  # in the file, the headers usually are row 1
    cells: list[str]

    def cell(self, column: int) -> str:
        return self.cells[column] if column < len(self.cells) else ""


@dataclass(slots=True)
class Table:
    """An open file: how it was read, its headers, and its rows as they come."""

    how: dict[str, Any]
    headers: list[str]
    rows: Iterator[FileRow]


@contextmanager
def open_table(file: IO[bytes], *, sheet: str = "", encoding: str = "", header_row: int = 0) -> Iterator[Table]:
    """Read `file` row by row. Raises ImportRefused, also while its rows are walked through.

    What is not told is found: the first sheet with anything, likely letters, the first row as headers.
    """
    data = file.read(settings.BOEKBRUG_IMPORT_MAX_MB * 1024 * 1024 + 1)
    if len(data) > settings.BOEKBRUG_IMPORT_MAX_MB * 1024 * 1024:
        raise too_large("too-large")
    options = {
        "unpacked": settings.BOEKBRUG_IMPORT_UNPACKED_MB * 1024 * 1024,
        "rows": settings.BOEKBRUG_IMPORT_MAX_ROWS,
        "columns": settings.BOEKBRUG_IMPORT_MAX_COLUMNS,
        "cell": settings.BOEKBRUG_IMPORT_MAX_CELL,
        "sheet": sheet,
        "encoding": encoding,
    }
    # -I: nothing of the environment and of the working directory; what the file holds is nobody's command.
    process = subprocess.Popen(
        [sys.executable, "-I", str(_PROGRAM), json.dumps(options)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={},
        close_fds=True,
        bufsize=_PIPE,
        preexec_fn=_bounds,
    )
    if process.stdout is not None and hasattr(fcntl, "F_SETPIPE_SZ"):
        with suppress(OSError):  # the system allows less: slower, nothing else
            fcntl.fcntl(process.stdout, fcntl.F_SETPIPE_SZ, _PIPE)
    feeder = threading.Thread(target=_feed, args=(process.stdin, data), daemon=True)
    clock = threading.Timer(_SECONDS * 2, process.kill)
    feeder.start()
    clock.start()
    try:
        lines = _lines(process)
        how = next(lines)
        # What stands above the headers is a title, not a row.
        first = next(line for line in lines if line[0] >= header_row)
        yield Table(how, [str(cell) for cell in first[1:]], (FileRow(line[0], line[1:]) for line in lines))
    finally:
        clock.cancel()
        process.kill()
        process.wait()
        feeder.join()
        if process.stdout is not None:
            process.stdout.close()


def too_large(reason: str) -> ImportRefused:
    """The refusal IMP-301 with the limits of now."""
    return ImportRefused(
        "IMP-301",
        reason,
        mb=settings.BOEKBRUG_IMPORT_MAX_MB,
        rows=settings.BOEKBRUG_IMPORT_MAX_ROWS,
        columns=settings.BOEKBRUG_IMPORT_MAX_COLUMNS,
    )


def _lines(process: subprocess.Popen[bytes]) -> Iterator[Any]:
    """What the reader tells, up to its last word. Raises ImportRefused for its refusals and where it broke off."""
    for text in process.stdout or ():
        line = json.loads(text)
        if line is None:
            return
        if isinstance(line, dict) and "refused" in line:
            reason = line["refused"]
            raise too_large(reason) if reason in _TOO_MUCH else ImportRefused("IMP-302", reason, **line["params"])
        yield line
    code = process.wait()
    logger.warning("a file could not be read within its bounds", extra={"exit": code})
    # Out of memory or of time: a small file that unpacks to something huge.
    raise too_large("bomb")


def _feed(pipe: IO[bytes] | None, data: bytes) -> None:
    try:
        if pipe is not None:
            pipe.write(data)
            pipe.close()
    except BrokenPipeError:
        pass  # it refused before it had read everything


def _bounds() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (_MEMORY, _MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (_SECONDS, _SECONDS))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
