"""Files of expenses, served so that nothing in them runs here: types by content, nothing sniffed, nothing framed but PDFs.

What a stranger sent is downloaded, never shown, save for a PDF: the browser's own viewer shows that in a frame of ours.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.http import content_disposition_header

from ..models import PurchaseFile

if TYPE_CHECKING:
    from .expenses import ExpenseAdmin

# Types that are named as what they are; whatever else came is bytes.
_NAMED = frozenset({"application/pdf", "application/xml", "image/png", "image/jpeg", "text/csv"})


def download_view(page: ExpenseAdmin, request: HttpRequest, pk: int, file: int) -> HttpResponse:
    """The file as it was received, to be kept on disk."""
    found = _file(page, request, pk, file)
    kind = found.media_type if found.media_type in _NAMED else "application/octet-stream"
    answer = _answer(found, kind, as_attachment=True)
    answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return answer


def show_view(page: ExpenseAdmin, request: HttpRequest, pk: int, file: int) -> HttpResponse:
    """A PDF, for the frame of the review page. Everything else is not shown."""
    found = _file(page, request, pk, file)
    if not found.is_pdf or bytes(found.content[:5]) != b"%PDF-":
        raise Http404
    answer = _answer(found, "application/pdf", as_attachment=False)
    # No sandbox here: with it the browser's viewer refuses to open.
    answer["Content-Security-Policy"] = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'"
    answer["X-Frame-Options"] = "SAMEORIGIN"
    return answer


def _file(page: ExpenseAdmin, request: HttpRequest, pk: int, file: int) -> PurchaseFile:
    document = page.document(request, pk)
    found = PurchaseFile.objects.filter(pk=file, document=document).first()
    if found is None:
        raise Http404
    return found


def _answer(file: PurchaseFile, kind: str, *, as_attachment: bool) -> HttpResponse:
    answer = HttpResponse(bytes(file.content), content_type=kind)
    answer["Content-Disposition"] = content_disposition_header(as_attachment, file.name) or "attachment"
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Cache-Control"] = "private, no-store"
    return answer
