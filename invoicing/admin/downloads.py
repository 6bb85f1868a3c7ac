"""Files of booked documents to take along: the PDF, the e-invoice, and both of many as one ZIP; and the hand-over to Peppol."""

from __future__ import annotations

import logging
import zipfile
from collections.abc import Callable, Iterator, Mapping
from typing import IO, TYPE_CHECKING, Any, cast

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, StreamingHttpResponse
from django.utils import timezone, translation
from django.utils.http import content_disposition_header
from django.utils.text import slugify
from django.utils.translation import gettext as _

from config.admin.links import change_url
from crm import audit

from .. import services
from ..models import DeliveryState, DocumentStatus, SalesDocument
from .answers import answers_context
from .booking import person

if TYPE_CHECKING:
    from .documents import SalesDocumentAdmin

logger = logging.getLogger(__name__)

# Each is drawn while the person waits; more is work for several goes.
MANY_AT_ONCE = 500
BATCH = 50
_EARLIEST = (1980, 1, 1, 0, 0, 0)  # a ZIP knows no day before


def pdf_view(page: SalesDocumentAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    """The PDF of a booked document."""
    document = page.document(request, pk)
    try:
        return _file(services.pdf_of(document))
    except services.NotPossible as error:
        messages.error(request, str(error))
        return HttpResponseRedirect(change_url(document))


def einvoice_view(page: SalesDocumentAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    """The e-invoice of a booked document; where there can be none, its page with the reasons."""
    document = page.document(request, pk)
    try:
        return _file(services.einvoice_of(document))
    except services.NoEInvoice as error:
        for problem in error.problems:
            messages.error(request, problem)
    except services.NotPossible as error:
        messages.error(request, str(error))
    return HttpResponseRedirect(change_url(document))


def hand_over_view(page: SalesDocumentAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    """Hand the e-invoice to the Peppol access point."""
    document = page.document(request, pk)
    if not page.may_work_on(request):
        raise PermissionDenied
    try:
        delivery = services.hand_over(document=document, by=person(request), looked="looked" in request.POST)
    except services.NotPossible as error:
        messages.error(request, str(error))
        return HttpResponseRedirect(change_url(document))
    if delivery.state == DeliveryState.SENT:
        messages.success(request, _("%(document)s is handed over to Peppol.") % {"document": document})
    else:
        words = _("%(document)s could not be handed over: %(error)s. Try again later.")
        messages.error(request, words % {"document": document, "error": delivery.error})
    return HttpResponseRedirect(change_url(document))


def panel_context(page: SalesDocumentAdmin, request: HttpRequest, document: SalesDocument) -> dict[str, Any]:
    """What the page of a booked document says of its files; empty for a draft."""
    if not document.is_booked:
        return {}
    loaded = services.issuable(SalesDocument.objects.all()).get(pk=document.pk)
    delivery = services.delivery_of(document)
    problems = services.einvoice_problems(loaded)
    context: dict[str, Any] = {
        "pdf_url": page.url("pdf", document.pk),
        "einvoice_url": "" if problems else page.url("einvoice", document.pk),
        "einvoice_problems": problems,
        "delivery": delivery,
        "delivery_is_unclear": delivery is not None and delivery.state == DeliveryState.SENDING,
        **answers_context(page, request, delivery),
    }
    if services.may_hand_over_here() and not problems:
        against = services.reasons_against(loaded)
        if not against and page.may_work_on(request):
            context["hand_over_url"] = page.url("hand_over", document.pk)
            context["registered"] = services.is_registered(loaded) if delivery is None else None
            context["asks_registered"] = delivery is None
        elif against and delivery is None:
            context["hand_over_reasons"] = against
    return context


def _file(file: services.IssuedFile) -> HttpResponse:
    return HttpResponse(file.content, content_type=file.media_type, headers=headers(file.name))


def headers(name: str) -> dict[str, str]:
    return {
        "Content-Disposition": content_disposition_header(True, name) or "attachment",
        "X-Content-Type-Options": "nosniff",
        "Cache-Control": "private, no-store",
    }


# --- many at once ---


def download_selected(
    page: SalesDocumentAdmin, request: HttpRequest, chosen: QuerySet[Any]
) -> StreamingHttpResponse | None:
    """A ZIP of the booked documents among those chosen; None with a message where there are none, or too many."""
    if not page.has_view_permission(request):
        raise PermissionDenied
    booked = SalesDocument.objects.filter(pk__in=chosen.values("pk"), status=DocumentStatus.BOOKED)
    ids = list(booked.order_by("entity_id", "date", "pk").values_list("pk", flat=True)[: MANY_AT_ONCE + 1])
    if not ids:
        messages.warning(request, _("None of the selected documents is booked: drafts have no files yet."))
        return None
    if len(ids) > MANY_AT_ONCE:
        text = _("Select at most %(number)d documents at once; filter the list by a shorter period.")
        messages.error(request, text % {"number": MANY_AT_ONCE})
        return None
    audit.record_list(by=person(request), model=page.model, message=_("Downloaded as ZIP: %(n)d") % {"n": len(ids)})
    name = f"{slugify(page.opts.verbose_name_plural)}-{timezone.localdate():%Y-%m-%d}.zip"
    answer = StreamingHttpResponse(zipped(ids, translation.get_language() or "en"), content_type="application/zip")
    for header, value in headers(name).items():
        answer[header] = value
    return answer


def zipped(ids: list[int], language: str, more: Mapping[str, Callable[[], bytes]] | None = None) -> Iterator[bytes]:
    """The ZIP piece by piece: `more` by name (each made when its turn comes), a folder per entity, PDF and e-invoice of each document, and a list of
    what is missing."""
    buffer = _Buffer()
    missing: list[str] = []
    used: set[str] = set()
    with zipfile.ZipFile(cast(IO[bytes], buffer), "w", zipfile.ZIP_DEFLATED) as archive:
        for name, make in (more or {}).items():
            with translation.override(language):
                archive.writestr(name, make())
            yield buffer.take()
        for begin in range(0, len(ids), BATCH):
            batch = ids[begin : begin + BATCH]
            found = {one.pk: one for one in services.issuable(SalesDocument.objects.filter(pk__in=batch))}
            for document in (found[pk] for pk in batch if pk in found):
                with translation.override(language):
                    files, reason = _files_of(document)
                if reason:
                    missing.append(f"{document.entity} {document}: {reason}")
                for file in files:
                    info = zipfile.ZipInfo(_place(document, file.name, used), _moment(document))
                    info.compress_type = zipfile.ZIP_DEFLATED
                    archive.writestr(info, file.content)
                yield buffer.take()
        if missing:
            archive.writestr(zipfile.ZipInfo("missing.txt", _EARLIEST), "\n".join(missing) + "\n")
    yield buffer.take()


def _files_of(document: SalesDocument) -> tuple[list[services.IssuedFile], str]:
    """Files of one document, and why there are not all of them. One that fails stops no other."""
    try:
        return list(services.files_of(document)), ""
    except services.NoEInvoice as error:
        return [services.pdf_of(document)], str(error)
    except Exception:
        # The archive is half sent: what cannot be drawn is named in it, and the cause stands in the log.
        logger.exception("files not made", extra={"document": document.pk})
        return [], _("Its files could not be made. Tell whoever runs this installation.")


def _place(document: SalesDocument, name: str, used: set[str]) -> str:
    folder = slugify(document.entity.name) or f"entity-{document.entity_id}"
    place = f"{folder}/{name}"
    if place in used:
        stem, dot, ending = place.rpartition(".")
        place = f"{stem}-{document.pk}{dot}{ending}"
    used.add(place)
    return place


def _moment(document: SalesDocument) -> tuple[int, int, int, int, int, int]:
    day = document.date
    return (day.year, day.month, day.day, 0, 0, 0) if day.year >= _EARLIEST[0] else _EARLIEST


class _Buffer:
    """What the archive wrote since it was last taken; it cannot go back, so nothing is held for long."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._size = 0

    def write(self, data: bytes) -> int:
        self._pieces.append(bytes(data))
        self._size += len(data)
        return len(data)

    def tell(self) -> int:
        return self._size

    def flush(self) -> None:
        pass

    def take(self) -> bytes:
        taken = b"".join(self._pieces)
        self._pieces.clear()
        return taken
