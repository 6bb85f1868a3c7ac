"""Files embedded in a document: decoded within bounds, named and typed by what they are."""

from __future__ import annotations

import base64
import binascii
import re
from dataclasses import dataclass

from invoicing.peppol.document import Attachment, Finding, Level, gettext_noop
from invoicing.peppol.reading.limits import Limits
from invoicing.peppol.reading.values import one_line

PDF = "application/pdf"
PNG = "image/png"
JPEG = "image/jpeg"
CSV = "text/csv"
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
ODS = "application/vnd.oasis.opendocument.spreadsheet"
EXTENSIONS = {PDF: ".pdf", PNG: ".png", JPEG: ".jpg", CSV: ".csv", XLSX: ".xlsx", ODS: ".ods"}

_NAME = 100
_SPACE = re.compile(r"\s+")
_UNSAFE = re.compile(r'[<>:"|?*;%\\/]')


@dataclass(frozen=True, slots=True, kw_only=True)
class Embedded:
    """An attachment as far as it may be kept, and what is to be said about it."""

    attachment: Attachment
    finding: Finding | None = None


def embedded(text: str, mime: str, name: str, limits: Limits, *, count: int) -> Embedded:
    """Decode one EmbeddedDocumentBinaryObject, the `count`-th that has content.

    What is too large, too many, damaged, of a type that is not allowed or not what it says it is, is left out:
    `content` is None and the finding says why. A PDF called XML by its name is kept: its content decides the extension.
    """
    mime = one_line(mime).partition(";")[0].strip().lower()
    shown = _safe_name(name)
    packed = _SPACE.sub("", text).rstrip("=")
    size = len(packed) * 3 // 4

    def left_out(reason: str, **values: str) -> Embedded:
        finding = Finding(
            code="attachment", level=Level.WARNING, text=reason, place=shown, values={"name": shown or "-", **values}
        )
        return Embedded(attachment=Attachment(name=shown, mime=mime, size=size), finding=finding)

    if count > limits.attachments:
        return left_out(
            gettext_noop("Attachment “%(name)s” was left out: only the first %(limit)s are kept."),
            limit=str(limits.attachments),
        )
    if size > limits.attachment:
        return left_out(
            gettext_noop("Attachment “%(name)s” was left out: it is larger than %(limit)s MB."),
            limit=f"{limits.attachment / (1024 * 1024):g}",
        )
    try:
        content = base64.b64decode(packed + "=" * (-len(packed) % 4), validate=False)
    except (binascii.Error, ValueError):
        content = b""
    if not content:
        return left_out(gettext_noop("Attachment “%(name)s” was left out: it is empty or damaged."))
    size = len(content)
    if mime not in EXTENSIONS:
        return left_out(gettext_noop("Attachment “%(name)s” was left out: files of its type are not allowed."))
    if not _is(content, mime):
        return left_out(
            gettext_noop("Attachment “%(name)s” was left out: its content is not what it says it is (%(type)s)."),
            type=mime,
        )
    return Embedded(attachment=Attachment(name=_with_extension(shown, mime), mime=mime, content=content, size=size))


def stub(attachment: Attachment) -> str:
    """Return base64 that stands for the content in the readable XML and keeps it valid."""
    return base64.b64encode(f"{attachment.mime}, {attachment.size} bytes".encode()).decode()


def _is(content: bytes, mime: str) -> bool:
    if mime == PDF:
        return b"%PDF-" in content[:1024]
    if mime == PNG:
        return content.startswith(b"\x89PNG\r\n\x1a\n")
    if mime == JPEG:
        return content.startswith(b"\xff\xd8\xff")
    if mime in (XLSX, ODS):
        # A macro is a part of its own in the package, and its name stands in the directory in the clear.
        return content.startswith(b"PK\x03\x04") and b"vbaProject.bin" not in content
    start = content[:4096].lstrip(b"\xef\xbb\xbf \t\r\n")
    return b"\x00" not in start and not start.startswith((b"<", b"%PDF", b"{\\rtf", b"MZ", b"PK\x03\x04"))


def _safe_name(name: str) -> str:
    """The last part of a path of Windows or Unix, without what a file system or a header would stumble over."""
    name = re.split(r"[\\/]", one_line(name))[-1]
    return _UNSAFE.sub("", name).strip(". ")[:_NAME].strip(". ")


def _with_extension(name: str, mime: str) -> str:
    extension = EXTENSIONS[mime]
    stem, dot, given = name.rpartition(".")
    same = {extension, ".jpeg"} if mime == JPEG else {extension}
    if dot and f".{given.lower()}" in same:
        return name
    stem = stem if dot and 1 <= len(given) <= 4 and not given.isdigit() else name
    return (stem or "attachment")[: _NAME - len(extension)] + extension
