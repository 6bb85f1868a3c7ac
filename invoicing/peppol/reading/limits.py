"""How much of a document we are willing to read, and the answer when we are not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from time import monotonic
from types import MappingProxyType

from invoicing.peppol.document import gettext_noop

_MEGABYTE = 1024 * 1024
_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds of one reading. Sizes in bytes. Real documents are 6 or 7 levels deep.

    The first group refuses the document; the attachments' bounds only leave an attachment out, with a finding.
    Source: the measurements in the sheet on Peppol, section 11.
    """

    message: int = 25 * _MEGABYTE
    elements: int = 200_000
    depth: int = 40
    attributes: int = 100  # of one element
    name: int = 200  # characters of an element's or attribute's name
    seconds: float = 20.0

    attachment: int = 15 * _MEGABYTE  # decoded
    attachments: int = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class NotReadable:
    """The file is no invoice that we can read, and why; nothing of it is kept but what the caller keeps.

    `code` is one of empty, too-large, packed, pdf, not-xml, doctype, encoding, broken, too-deep, too-many,
    too-slow, not-ubl, response, envelope, self-billing, wrong-type, missing, ambiguous, not-a-number, not-a-date. `text` is an
    English sentence to be translated, with %(name)s where `values` belong.
    """

    code: str
    text: str
    values: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    sha256: str = ""  # of the bytes received

    @property
    def reason(self) -> str:
        """The sentence in English."""
        return self.text % dict(self.values) if self.values else self.text


class Refusal(Exception):
    """Raised within the reading; `read` answers it as a `NotReadable`."""

    def __init__(self, code: str, text: str, **values: str) -> None:
        super().__init__(code)
        self.code = code
        self.text = text
        self.values = values


class Clock:
    """Stops a reading that takes too long; asked between pieces of work."""

    def __init__(self, seconds: float) -> None:
        self._end = monotonic() + seconds

    def check(self) -> None:
        if monotonic() > self._end:
            raise Refusal(
                "too-slow", gettext_noop("Reading this file takes too long. Ask the sender for a smaller one.")
            )
