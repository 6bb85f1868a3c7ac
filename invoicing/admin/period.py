"""The documents of a period to take along: a list for a spreadsheet, and PDF and e-invoice of each, as one ZIP."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, StreamingHttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone, translation
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.admin.exports import BATCH, write_csv
from config.admin.links import list_url
from crm import audit
from integrations import standing

from ..models import CompanyEntity, DocumentStatus, SalesDocument
from . import downloads, export
from .booking import person

if TYPE_CHECKING:
    from .documents import SalesDocumentAdmin

# Sent piece by piece, so neither memory nor the browser's patience ends it; this only keeps one person from a server's day.
MOST = 10_000


# Each keeps a thread of the web server for as long as it lasts: so many at once of a process, which has eight by default.
AT_ONCE = 2
_places = threading.BoundedSemaphore(AT_ONCE)


class OneOfFew:
    """The pieces of an archive that took a place; it is free again at the end, or when the browser went away."""

    def __init__(self, pieces: Iterator[bytes]) -> None:
        self._pieces = pieces
        self._has_place = True

    def __iter__(self) -> Iterator[bytes]:
        return self

    def __next__(self) -> bytes:
        return next(self._pieces)

    def close(self) -> None:
        """Called by Django in any case, once the answer is sent or its connection broke off."""
        if self._has_place:
            self._has_place = False
            _places.release()


class PeriodForm(forms.Form):
    entity = forms.ModelChoiceField(
        CompanyEntity.objects.order_by("name"),
        required=False,
        label=gettext_lazy("Entity"),
        empty_label=gettext_lazy("All"),
        widget=forms.Select(attrs={"class": "bb-select bb-narrow-field"}),
    )
    first = forms.DateField(
        label=gettext_lazy("From"), widget=forms.DateInput(attrs={"type": "date", "class": "bb-input bb-narrow-field"})
    )
    last = forms.DateField(
        label=gettext_lazy("Until"), widget=forms.DateInput(attrs={"type": "date", "class": "bb-input bb-narrow-field"})
    )

    def clean(self) -> dict[str, Any]:
        found = super().clean() or {}
        first, last = found.get("first"), found.get("last")
        if first and last and first > last:
            raise forms.ValidationError(_("The period ends before it begins."))
        return found


@dataclass(frozen=True, slots=True)
class Period:
    entity: CompanyEntity | None
    first: date
    last: date

    @property
    def documents(self) -> QuerySet[SalesDocument]:
        """Booked invoices and credit notes, in the order of the archive."""
        found = SalesDocument.objects.filter(status=DocumentStatus.BOOKED, date__range=(self.first, self.last))
        found = found.filter(entity=self.entity) if self.entity is not None else found
        return found.order_by("entity_id", "date", "pk")

    @property
    def file_name(self) -> str:
        name = slugify(self.entity.name) if self.entity is not None else ""
        return f"{name or 'documents'}-{self.first:%Y-%m-%d}-{self.last:%Y-%m-%d}.zip"


def period_view(page: SalesDocumentAdmin, request: HttpRequest) -> HttpResponse | StreamingHttpResponse:
    """Ask for a period, and send what was booked in it."""
    if not page.has_view_permission(request):
        raise PermissionDenied
    first, last = month_before(timezone.localdate())
    form = PeriodForm(request.POST or None, initial={"first": first.isoformat(), "last": last.isoformat()})
    if form.is_valid():
        values = form.cleaned_data
        period = Period(values["entity"], values["first"], values["last"])
        ids = list(period.documents.values_list("pk", flat=True)[: MOST + 1])
        if ids and len(ids) <= MOST and _places.acquire(blocking=False):
            return _send(page, request, period, ids)
        if ids and len(ids) <= MOST:
            form.add_error(
                None, _("Others are downloading the files of a period right now. Try again in some minutes.")
            )
        elif ids:
            form.add_error(None, _("More than %(number)d documents: choose a shorter period.") % {"number": MOST})
        else:
            form.add_error(None, _("Nothing was booked in that period."))
    context = {
        **page.admin_site.each_context(request),
        "title": _("Files of a period"),
        "back_url": list_url(page.model),
        "form": form,
    }
    return TemplateResponse(request, "admin/invoicing/period.html", context)


def _send(page: SalesDocumentAdmin, request: HttpRequest, period: Period, ids: list[int]) -> StreamingHttpResponse:
    """The archive, by whoever took a place for it."""
    language = translation.get_language() or "en"
    pieces = OneOfFew(downloads.zipped(ids, language, {"documents.csv": lambda: _listed(ids)}))
    try:
        words = _("Downloaded %(first)s to %(last)s as ZIP: %(n)d")
        audit.record_list(
            by=person(request),
            model=page.model,
            message=words % {"first": period.first.isoformat(), "last": period.last.isoformat(), "n": len(ids)},
        )
        answer = StreamingHttpResponse(pieces, content_type="application/zip")
        for header, value in downloads.headers(period.file_name).items():
            answer[header] = value
    except BaseException:
        pieces.close()
        raise
    return answer


def _listed(ids: list[int]) -> bytes:
    """The list of these documents as CSV, with the columns of the export."""
    file = io.BytesIO()
    rows = ([column.value(document) for column in export.COLUMNS] for document in _loaded(ids))
    write_csv(file, [str(column.title) for column in export.COLUMNS], rows)
    return file.getvalue()


def _loaded(ids: list[int]) -> Iterator[SalesDocument]:
    rows = SalesDocument.objects.select_related("entity", "party")
    rows = rows.prefetch_related(*standing.prefetches(), standing.links_prefetch())
    for begin in range(0, len(ids), BATCH):
        batch = ids[begin : begin + BATCH]
        found = rows.in_bulk(batch)
        yield from (found[pk] for pk in batch if pk in found)


def month_before(today: date) -> tuple[date, date]:
    """First and last day of the month before that of `today`."""
    last = today.replace(day=1) - timedelta(days=1)
    return last.replace(day=1), last
