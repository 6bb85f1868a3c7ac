"""Where e-invoices leave for the network: the interface of an access point, and one that is a folder.

An access point takes a finished document and its two addresses. The folder is for those whose access point fetches
files, and for trying things out. Knows no Django; the folder is an argument.
"""

from __future__ import annotations

import hashlib
import logging
import os
import re
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from invoicing.peppol.document import Identifier

logger = logging.getLogger(__name__)

_SENT = ".sent"
_REGISTERED = "registered.txt"
_PREFIX = "iso6523-actorid-upis::"
_UNSAFE = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A document to deliver. `key` names it for ever: the same key twice is the same message."""

    key: str
    xml: bytes = field(repr=False)
    sender: Identifier
    receiver: Identifier


class NotTaken(Exception):
    """The access point did not take the message; the text says why, and trying again later may help."""


class AccessPoint(Protocol):
    def send(self, message: Message) -> str:
        """Hand over and return the access point's own id of the message. Twice has the effect of once. Errors: NotTaken."""

    def is_registered(self, receiver: Identifier) -> bool | None:
        """Whether the receiver takes documents over the network; None: this access point cannot tell. Asked by a page."""


class FileOutbox:
    """A folder from which something else sends. A file appears whole, under its final name, or not at all.

    Whoever sends takes it away, so `.sent` in that folder remembers what stood there: under each name its digest.
    A folder knows nobody. Where whoever sends keeps a list of all receivers as `registered.txt` beside it, one address
    a line, that list is believed.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def send(self, message: Message) -> str:
        target = self._folder / f"{_UNSAFE.sub('-', message.key).strip('.-')}.xml"
        try:
            kept = self._folder / _SENT
            kept.mkdir(parents=True, exist_ok=True)
            record, digest = kept / target.stem, hashlib.sha256(message.xml).hexdigest()
            left = record.read_text("ascii", "replace") if record.exists() else ""
            if not left and target.exists():
                left = hashlib.sha256(target.read_bytes()).hexdigest()
            if left and left != digest:
                raise NotTaken(f"{target.name} stands in the outbox already, or left it, with other contents.")
            if not left:
                self._write(target, message.xml)
        except OSError as error:
            raise NotTaken(f"{target.name}: {error.strerror or error}") from error
        try:
            if not record.exists():
                self._write(record, digest.encode())
        except OSError:
            # It may be on its way already, so this is no failure; a later look meets the file or asks a person.
            logger.warning("a message is not on record", extra={"file": target.name}, exc_info=True)
        return target.name

    def is_registered(self, receiver: Identifier) -> bool | None:
        wanted = str(receiver).lower()
        try:
            with (self._folder / _REGISTERED).open(encoding="utf-8", errors="replace") as lines:
                listed = (line.partition("#")[0].strip().lower().removeprefix(_PREFIX) for line in lines)
                # An empty list was not written yet, rather than that nobody is registered.
                found = None
                for known in listed:
                    if known == wanted:
                        return True
                    found = False if known else found
                return found
        except OSError:
            return None

    def _write(self, target: Path, content: bytes) -> None:
        handle, part = tempfile.mkstemp(dir=target.parent, prefix=".", suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            # Readable for whoever fetches it, like any file made here.
            os.chmod(part, 0o640)
            os.replace(part, target)
        except BaseException:
            Path(part).unlink(missing_ok=True)
            raise
