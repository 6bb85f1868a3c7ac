"""Importing files of customers: the list of imports, and the pages on which one goes its way."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_GET, require_POST

from config.admin.lists import BookkeepingAdmin
from config.figures import number
from config.states import state_label

from ..importing import services, working
from ..importing.criteria import ALL, Criterion
from ..importing.deciding import LEAVE, NEW
from ..importing.errors import ImportRefused
from ..importing.words import refusal_words
from ..models import ImportBatch, ImportState
from . import importing_files, importing_pages
from .importing_forms import UploadForm

ADD, CHANGE = "crm.add_importbatch", "crm.change_importbatch"


@admin.register(ImportBatch)
class ImportBatchAdmin(BookkeepingAdmin):
    list_display = ["file_name", "what", "shown_state", "rows_read", "did", "who", "created_at"]
    list_filter = ["kind", "state"]
    search_fields = ["file_name"]
    search_help_text = gettext_lazy("Name of the file")
    list_select_related = ["by"]
    add_words = gettext_lazy("Import a file")
    empty_title = gettext_lazy("No imports yet")
    empty_text = gettext_lazy("Bring the customers of another program here from an Excel or CSV file.")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ImportBatch]:
        found: QuerySet[ImportBatch] = super().get_queryset(request)
        return found.exclude(state=ImportState.CANCELLED)

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False  # the record of what was written stays

    def get_urls(self) -> list[URLPattern]:
        def at(route: str, view: Any, name: str) -> URLPattern:
            return path(f"<int:pk>/{route}", self.admin_site.admin_view(view), name=f"crm_importbatch_{name}")

        return [
            at("columns/", self.columns, "columns"),
            at("progress/", require_GET(self.progress), "progress"),
            at("rule/", require_POST(self.rule), "rule"),
            at("decide/", self.decide, "decide"),
            at("import/", require_POST(self.run), "run"),
            at("cancel/", require_POST(self.cancel), "cancel"),
            at("undo/", self.undo, "undo"),
            at("file/", require_GET(self.file), "file"),
            at("differences/", require_GET(self.differences), "differences"),
            *super().get_urls(),
        ]

    # --- Uploading ---

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        """Choose a file; one that cannot be read is refused here, and not kept."""
        self._ask(request, ADD)
        form = UploadForm(request.POST or None, request.FILES or None, initial={"kind": request.GET.get("kind", "")})
        refused = ""
        if request.method == "POST" and form.is_valid():
            try:
                batch = services.upload(
                    kind=form.cleaned_data["kind"], file=form.cleaned_data["file"], by=_person(request)
                )
                return HttpResponseRedirect(self._url("columns", batch))
            except ImportRefused as error:
                refused = refusal_words(error)
        context = {**self._frame(request, _("Import a file")), "form": form, "refused": refused}
        context |= importing_pages.upload_context()
        return TemplateResponse(request, "admin/crm/import_upload.html", context)

    def columns(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Say what each column means, and whose external IDs they are."""
        batch = self._batch(request, pk, CHANGE)
        if batch.state not in (ImportState.UPLOADED, ImportState.READY, ImportState.FAILED):
            return HttpResponseRedirect(self._page(batch))
        refused = reason = ""
        if request.method == "POST":
            try:
                others = importing_pages.posted_reading(request, batch)
                if others:
                    services.read_anew(batch=batch, **others)
                if others or "anew" in request.POST:
                    return HttpResponseRedirect(self._url("columns", batch))
                services.set_up(batch=batch, **importing_pages.posted_columns(request, batch))
                return HttpResponseRedirect(self._page(batch))
            except ImportRefused as error:
                refused, reason = refusal_words(error), error.reason
        context = {**self._frame(request, importing_pages.title(batch), batch), "refused": refused}
        context["lacks_administration"] = reason == "no-administration"
        context |= importing_pages.columns_context(request, batch)
        return TemplateResponse(request, "admin/crm/import_columns.html", context)

    # --- The page of an import: what it shows follows from its state ---

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: Any = None
    ) -> HttpResponse:
        self._ask(request, "crm.view_importbatch")
        batch = self._batch(request, int(object_id) if object_id.isdigit() else 0, "crm.view_importbatch")
        may = request.user.has_perm(CHANGE)
        if batch.state == ImportState.UPLOADED and may:
            return HttpResponseRedirect(self._url("columns", batch))
        if request.method == "POST":
            if not may:
                raise PermissionDenied
            return HttpResponseRedirect(self._page(batch))
        context = {**self._frame(request, importing_pages.title(batch), batch), "may_change": may}
        if batch.state == ImportState.READY:
            context |= importing_pages.preview_context(request, batch)
            return TemplateResponse(request, "admin/crm/import_preview.html", context)
        if batch.state in working.AT_WORK:
            context |= importing_pages.working_context(batch)
            return TemplateResponse(request, "admin/crm/import_working.html", context)
        context |= importing_pages.result_context(request, batch)
        return TemplateResponse(request, "admin/crm/import_result.html", context)

    def progress(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The moving piece; when the work is done the browser is told to load the page anew."""
        batch = self._batch(request, pk, "crm.view_importbatch")
        if batch.state not in working.AT_WORK:
            return HttpResponse(headers={"HX-Redirect": self._page(batch)})
        context = {"batch": batch, **importing_pages.working_context(batch)}
        return TemplateResponse(request, "admin/crm/import_progress.html", context)

    def rule(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Take another rule for finding parties; one of several facts is counted first."""
        batch = self._batch(request, pk, CHANGE)
        facts = tuple(request.POST.getlist("facts")) or tuple(
            filter(None, request.POST.get("rule", ":").partition(":")[2].split(","))
        )
        match = request.POST.get("match", "") if request.POST.getlist("facts") else ""
        match = match or request.POST.get("rule", "").partition(":")[0]
        criterion = importing_pages.allowed(batch, Criterion(match if len(facts) > 1 else ALL, facts))
        if batch.state == ImportState.READY and criterion is not None:
            services.choose(batch=batch, criterion=criterion)
        elif criterion is None:
            messages.error(request, _("Choose how rows find your companies."))
        return HttpResponseRedirect(self._page(batch))

    def decide(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Say of rows that fit several which one it is."""
        batch = self._batch(request, pk, CHANGE)
        if batch.state != ImportState.READY:
            return HttpResponseRedirect(self._page(batch))
        if request.method == "POST":
            decisions: dict[str, Any] = {}
            for name in request.POST:
                row, wish = name.removeprefix("row-"), request.POST[name]
                if name.startswith("row-") and row.isdigit() and (wish.isdigit() or wish in (NEW, LEAVE)):
                    decisions[row] = int(wish) if wish.isdigit() else wish
            services.decide(batch=batch, decisions=decisions)
            return HttpResponseRedirect(self._page(batch))
        context = {**self._frame(request, importing_pages.title(batch), batch), **importing_pages.decide_context(batch)}
        return TemplateResponse(request, "admin/crm/import_decide.html", context)

    # --- Writing and taking back ---

    def run(self, request: HttpRequest, pk: int) -> HttpResponse:
        batch = self._batch(request, pk, CHANGE)
        if not services.start(batch=batch, by=_person(request)):
            batch.refresh_from_db()
            if batch.state in (ImportState.IMPORTING, ImportState.DONE):
                messages.info(request, _("This import was started already; nothing is imported twice."))
        return HttpResponseRedirect(self._page(batch))

    def cancel(self, request: HttpRequest, pk: int) -> HttpResponse:
        batch = self._batch(request, pk, CHANGE)
        if services.cancel(batch=batch, by=_person(request)):
            messages.success(request, _("The import is cancelled; nothing was written."))
            return HttpResponseRedirect(reverse("admin:crm_importbatch_changelist"))
        messages.error(request, _("This import can no longer be cancelled."))
        return HttpResponseRedirect(self._page(batch))

    def undo(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Say with numbers what undoing does (GET); do it (POST)."""
        batch = self._batch(request, pk, CHANGE)
        if request.method == "POST":
            try:
                services.start_undo(batch=batch, by=_person(request))
            except ImportRefused as error:
                messages.error(request, refusal_words(error))
            return HttpResponseRedirect(self._page(batch))
        if not services.can_undo(batch):
            return HttpResponseRedirect(self._page(batch))
        context = {**self._frame(request, _("Undo an import"), batch), **importing_pages.undo_context(batch)}
        return TemplateResponse(request, "admin/crm/import_undo.html", context)

    # --- Files ---

    def file(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """The file as it was uploaded, for who may import: it holds more than the pages show."""
        batch = self._batch(request, pk, CHANGE)
        if not batch.file or not batch.file.storage.exists(batch.file.name or ""):
            raise Http404
        # Always as a download of no known kind: what strangers wrote is never shown by this site.
        return FileResponse(
            batch.file.open("rb"), as_attachment=True, filename=batch.file_name, content_type="application/octet-stream"
        )

    def differences(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        batch = self._batch(request, pk, CHANGE)
        try:
            return importing_files.differences(batch, request.GET.get("show", ""))
        except ImportRefused as error:
            messages.error(request, refusal_words(error))
            return HttpResponseRedirect(self._page(batch))

    # --- Shared ---

    def _ask(self, request: HttpRequest, right: str) -> None:
        if not request.user.has_perm(right):
            raise PermissionDenied

    def _batch(self, request: HttpRequest, pk: int, right: str) -> ImportBatch:
        self._ask(request, right)
        found = ImportBatch.objects.select_related("by", "administration").filter(pk=pk).first()
        if found is None:
            raise Http404
        return found

    def _frame(self, request: HttpRequest, title: str, batch: ImportBatch | None = None) -> dict[str, Any]:
        urls = {}
        if batch is not None:
            names = ("columns", "progress", "rule", "decide", "run", "cancel", "undo", "file", "differences")
            urls = {name: self._url(name, batch) for name in names} | {"page": self._page(batch)}
        return {
            **self.admin_site.each_context(request),
            "title": title,
            "batch": batch,
            "urls": urls,
            "list_url": reverse("admin:crm_importbatch_changelist"),
        }

    def _url(self, name: str, batch: ImportBatch) -> str:
        return reverse(f"admin:crm_importbatch_{name}", args=[batch.pk])

    def _page(self, batch: ImportBatch) -> str:
        return reverse("admin:crm_importbatch_change", args=[batch.pk])

    # --- The list ---

    @admin.display(description=gettext_lazy("kind"), ordering="kind")
    def what(self, batch: ImportBatch) -> str:
        return importing_pages.plural(batch)

    @admin.display(description=gettext_lazy("state"), ordering="state")
    def shown_state(self, batch: ImportBatch) -> str:
        return state_label("import", batch.state)

    @admin.display(description=gettext_lazy("rows"), ordering="rows")
    def rows_read(self, batch: ImportBatch) -> str:
        return number(batch.rows)

    @admin.display(description=gettext_lazy("result"))
    def did(self, batch: ImportBatch) -> str:
        counts = batch.summary.get("counts")
        if not counts:
            return "–"
        added, edited = counts.get("added", 0), counts.get("edited", 0)
        return ", ".join(
            (
                ngettext("%(n)s added", "%(n)s added", added) % {"n": number(added)},
                ngettext("%(n)s edited", "%(n)s edited", edited) % {"n": number(edited)},
            )
        )

    @admin.display(description=gettext_lazy("by"), ordering="by")
    def who(self, batch: ImportBatch) -> str:
        return str(batch.by or "–")


def _person(request: HttpRequest) -> AbstractBaseUser | None:
    return cast(AbstractBaseUser, request.user) if request.user.is_authenticated else None
