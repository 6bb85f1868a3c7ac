"""Purchases: Yuki takes the supplier's own file into its archive, and somebody there books it. Pure.

An ordinary key can do no more. The file's name carries our key, so that an upload without an answer is found again;
the UBL and the PDF have one base name, by which Yuki joins them. Source: vendor notes, incoming invoices.
"""

from __future__ import annotations

import re

from ..base.records import Document, File
from .invoices import E_INVOICES, PDF
from .listing import PURCHASE_FOLDER
from .soap import Parameters
from .values import Unsendable, clean, cut

_NOT_IN_NAMES = re.compile(r"[^0-9A-Za-z._-]+")


def base_name(reference: str, key: str) -> str:
    """The name of the files of a document: its number for people, our key for us."""
    number = _NOT_IN_NAMES.sub("-", clean(reference)).strip("-.")[:60] or "document"
    return f"{number}_{key}"


def files(document: Document) -> list[File]:
    """The UBL first, then its PDF. Raises Unsendable when there is neither."""
    chosen = [
        next((file for file in document.attachments if file.media_type in wanted), None)
        for wanted in (E_INVOICES, frozenset({PDF}))
    ]
    found = [file for file in chosen if file is not None]
    if not found:
        raise Unsendable("SYS-708", "a purchase goes to Yuki as a file, and there is none")
    return found


def left_out(document: Document, limit: int) -> str:
    """Why the PDF does not go along with its UBL, which says everything; empty when it does. Raises as `files`."""
    chosen = files(document)
    if len(chosen) < 2 or sum(len(file.content) for file in chosen) <= limit:
        return ""
    return f"{chosen[1].name}: together with the e-invoice larger than {limit // 1000} kB"


def upload(document: Document, administration: str, limit: int) -> tuple[str, Parameters]:
    """The operation and its parameters. Raises Unsendable for no file, or a UBL that is too large."""
    chosen = files(document)
    if left_out(document, limit):
        chosen = chosen[:1]
    if len(chosen[0].content) > limit:
        raise Unsendable("SYS-708", f"the files are larger than {limit // 1000} kB")
    base = base_name(document.reference, document.key)
    names = [base + (".pdf" if file.media_type == PDF else ".xml") for file in chosen]
    folder = str(PURCHASE_FOLDER)
    if len(chosen) == 1:
        return "UploadDocument", (
            ("fileName", names[0]),
            ("data", chosen[0].content),
            ("folder", folder),
            ("administrationID", administration),
        )
    return "UploadDocumentWithAttachment", (
        ("fileName1", names[0]),
        ("data1", chosen[0].content),
        ("fileName2", names[1]),
        ("data2", chosen[1].content),
        ("folder", folder),
        ("administrationID", administration),
        ("currency", document.currency),
        # The neutral values: Yuki reads amount and method from the file itself.
        ("amount", "0"),
        ("costCategory", ""),
        ("paymentMethod", "0"),
        ("project", ""),
        ("remarks", cut(document.description, 200)),
    )
