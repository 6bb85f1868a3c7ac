"""The official rules in a process of their own: what crashes or hangs there costs a finding and nothing else.

The processor is native code that knows no limit of time and is not safe in the threads of a web server. One process per
process of ours, started at the first document, with its rules compiled once; a document is a file there and back.
"""

from __future__ import annotations

import atexit
import json
import os
import selectors
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import IO, Any, cast

from invoicing.peppol import official
from invoicing.peppol.document import Finding, Level, gettext_noop
from invoicing.peppol.official import NotAvailable, OfficialCheck

_ROOT = Path(__file__).resolve().parents[2]
_CHUNK = 1 << 16
_lock = threading.Lock()
_running: _Child | None = None


def check(xml: bytes, rules: Path, *, seconds: float) -> OfficialCheck:
    """As `official.check`, and never longer than about `seconds`; then it has one finding. Errors: NotAvailable.

    The first document may take three times as long: the rules are compiled for it.
    """
    global _running
    folder = official.rules_folder(rules)
    if not _lock.acquire(timeout=seconds):
        return _not_checked(folder)
    try:
        ends = time.monotonic() + seconds
        if _running is None or not _running.is_for(folder):
            _stop()
            _running = _Child(folder)
            ends += 2 * seconds
        answer = _running.ask(xml, ends)
        if answer is None:
            _stop()
            return _not_checked(folder)
    finally:
        _lock.release()
    if "lacking" in answer:
        raise NotAvailable(answer["lacking"])
    findings = (Finding(**{**row, "level": Level(row["level"])}) for row in answer["findings"])
    return OfficialCheck(release=folder.name, findings=tuple(findings))


def _not_checked(folder: Path) -> OfficialCheck:
    finding = Finding(
        code="not-checked",
        level=Level.WARNING,
        text=gettext_noop("The official rules could not be applied: the check broke off or took too long."),
    )
    return OfficialCheck(release=folder.name, findings=(finding,))


class _Child:
    """The other process. A fork of ours does not use it: two would read one another's answers."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._owner = os.getpid()
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__, str(folder)],
            cwd=_ROOT,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )
        self._questions = cast(IO[bytes], self._process.stdin)
        self._answers = cast(IO[bytes], self._process.stdout)

    def is_for(self, folder: Path) -> bool:
        return self.folder == folder and self._owner == os.getpid() and self._process.poll() is None

    def ask(self, xml: bytes, ends: float) -> Any:
        """The answer; None: none came in time, or the process broke off."""
        with tempfile.NamedTemporaryFile(suffix=".xml") as file:
            file.write(xml)
            file.flush()
            try:
                self._questions.write(json.dumps(file.name).encode() + b"\n")
                self._questions.flush()
            except OSError:
                return None
            return self._answer(ends)

    def _answer(self, ends: float) -> Any:
        pipe, answer = self._answers.fileno(), b""
        with selectors.DefaultSelector() as selector:
            selector.register(pipe, selectors.EVENT_READ)
            while not answer.endswith(b"\n"):
                left = ends - time.monotonic()
                if left <= 0 or not selector.select(left):
                    return None
                part = os.read(pipe, _CHUNK)
                if not part:
                    return None
                answer += part
        return json.loads(answer)

    def stop(self) -> None:
        if self._owner != os.getpid():
            return
        self._process.kill()
        self._process.wait()
        for pipe in (self._questions, self._answers):
            pipe.close()


@atexit.register
def _stop() -> None:
    global _running
    child, _running = _running, None
    if child is not None:
        try:
            child.stop()
        except OSError:
            pass  # it is gone already


def serve(rules: Path) -> None:
    """Answer for one file name a line, until there are no more."""
    for line in sys.stdin.buffer:
        answer: dict[str, Any]
        try:
            found = official.check(Path(json.loads(line)).read_bytes(), rules)
            answer = {"findings": [_row(finding) for finding in found.findings]}
        except NotAvailable as error:
            answer = {"lacking": str(error)}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()


def _row(finding: Finding) -> dict[str, Any]:
    return {
        "code": finding.code,
        "level": finding.level.value,
        "text": finding.text,
        "place": finding.place,
        "values": dict(finding.values),
    }


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
