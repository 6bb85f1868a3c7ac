"""Embedded files: decoded, named and typed by what they are, or left out with a reason."""

from __future__ import annotations

import base64

import pytest

from invoicing.peppol.reading.attachments import CSV, JPEG, ODS, PDF, PNG, XLSX, embedded, stub
from invoicing.peppol.reading.limits import Limits

CONTENT = {
    PDF: b"%PDF-1.7 x",
    PNG: b"\x89PNG\r\n\x1a\n0",
    JPEG: b"\xff\xd8\xff\xe0",
    CSV: b"a;b\n1;2",
    XLSX: b"PK\x03\x04...",
    ODS: b"PK\x03\x04...",
}


def take(content: bytes, mime: str, name: str = "file", count: int = 1):
    return embedded(base64.b64encode(content).decode(), mime, name, Limits(), count=count)


@pytest.mark.parametrize("mime", CONTENT)
def test_each_allowed_type_is_kept(mime):
    taken = take(CONTENT[mime], mime)
    assert taken.finding is None
    assert taken.attachment.content == CONTENT[mime]
    assert taken.attachment.size == len(CONTENT[mime])


@pytest.mark.parametrize("mime", CONTENT)
@pytest.mark.parametrize(
    "content", [b"<html><script>", b"<svg/>", b"MZ\x90\x00", b"\x7fELF\x00", b" <?xml version='1.0'?>"]
)
def test_another_content_is_left_out(mime, content):
    taken = take(content, mime)
    assert taken.attachment.content is None
    assert "not what it says it is" in taken.finding.sentence


@pytest.mark.parametrize(
    "mime", ["text/html", "image/svg+xml", "application/zip", "", "application/vnd.ms-excel.sheet.macroEnabled.12"]
)
def test_other_types_are_left_out(mime):
    taken = take(b"%PDF-1.7", mime)
    assert taken.attachment.content is None
    assert "not allowed" in taken.finding.sentence


def test_macros_are_left_out():
    assert take(b"PK\x03\x04..xl/vbaProject.bin..", XLSX).attachment.content is None


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("invoice.pdf", "invoice.pdf"),
        ("INVOICE.PDF", "INVOICE.PDF"),
        (r"C:\Users\an\Desktop\invoice.pdf", "invoice.pdf"),
        ("/etc/passwd", "passwd.pdf"),
        ("../../x.pdf", "x.pdf"),
        ("invoice.xml", "invoice.pdf"),
        ("invoice.pdf.exe", "invoice.pdf.pdf"),
        ("2026.0017", "2026.0017.pdf"),
        ("fdp.\u202eexe", "fdp.pdf"),
        ("a\r\nSet-Cookie: x.pdf", "a Set-Cookie x.pdf"),
        ('a"b<c>.pdf', "abc.pdf"),
        ("", "attachment.pdf"),
        ("..", "attachment.pdf"),
        (".pdf", "pdf.pdf"),
        ("x" * 300 + ".pdf", "x" * 96 + ".pdf"),
    ],
)
def test_names_are_made_safe(given, kept):
    assert take(b"%PDF-1.7", PDF, given).attachment.name == kept


def test_base64_of_the_real_world():
    packed = base64.b64encode(b"%PDF-1.7 four").decode()
    for text in (packed.rstrip("="), "\n".join(packed), packed + "==", f"  {packed}\t"):
        assert embedded(text, PDF, "x", Limits(), count=1).attachment.content == b"%PDF-1.7 four"


def test_only_the_first_ten_are_kept():
    assert take(b"%PDF-1.7", PDF, count=10).finding is None
    assert "only the first 10" in take(b"%PDF-1.7", PDF, count=11).finding.sentence


def test_size_is_judged_before_decoding():
    limits = Limits(attachment=8)
    assert embedded(base64.b64encode(b"%PDF-1.7").decode(), PDF, "x", limits, count=1).finding is None
    assert (
        "larger than" in embedded(base64.b64encode(b"%PDF-1.7 xx").decode(), PDF, "x", limits, count=1).finding.sentence
    )


def test_the_stub_is_base64():
    attachment = take(b"%PDF-1.7", PDF).attachment
    assert base64.b64decode(stub(attachment), validate=True) == b"application/pdf, 8 bytes"
