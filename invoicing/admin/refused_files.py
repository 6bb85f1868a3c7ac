"""Files that came in and could not be read: looked at, downloaded, read once more, deleted."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.defaultfilters import filesizeformat
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.http import content_disposition_header
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from config import badges
from config.admin.links import change_url, list_url
from config.admin.lists import BookkeepingAdmin, View
from config.admin.places import document_url
from config.figures import moment
from config.states import state_label
from crm import audit

from ..models import IncomingFile, IncomingState
from ..services import purchases
from .booking import person
from .expenses_review import APPROVE

LOOK = "invoicing.view_purchasedocument"


@admin.register(IncomingFile)
class RefusedFileAdmin(BookkeepingAdmin):
    """Whoever sees expenses sees these; whoever decides about expenses decides here."""

    list_display: ClassVar = ["name", "shown_state", "why", "shown_size", "received_by", "received"]
    search_fields: ClassVar = ["name"]
    show_add_link = False
    empty_title = _("No file was refused")
    empty_text = _("What arrives and cannot be read is kept here, with the reason.")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).defer("content")

    def get_views(self, request: HttpRequest) -> list[View]:
        return [
            View(key="", title=_("Refused"), condition=Q(state=IncomingState.REFUSED), empty_title=self.empty_title),
            View(
                key="waiting", title=_("Waiting to be read"), condition=Q(state=IncomingState.WAITING),
                empty_title=_("Nothing waits to be read"),
            ),
        ]  # fmt: skip

    @admin.display(description=_("state"), ordering="state")
    def shown_state(self, file: IncomingFile) -> SafeString:
        return state_label("incoming", file.state)

    @admin.display(description=_("reason"))
    def why(self, file: IncomingFile) -> SafeString:
        words = purchases.reason_words(file)
        return format_html('<span class="bb-clip" title="{}">{}</span>', words, words)

    @admin.display(description=_("size"), ordering="size")
    def shown_size(self, file: IncomingFile) -> str:
        return filesizeformat(file.size)

    @admin.display(description=_("received"), ordering="received_at")
    def received(self, file: IncomingFile) -> str:
        return moment(file.received_at)

    # --- rights ---

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: IncomingFile | None = None) -> bool:
        return bool(request.user.has_perm(LOOK))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: IncomingFile | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: IncomingFile | None = None) -> bool:
        """What waits is read first."""
        return bool(request.user.has_perm(APPROVE)) and (obj is None or obj.state == IncomingState.REFUSED)

    # --- pages of one ---

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view

        def download(request: HttpRequest, pk: int) -> HttpResponse:
            return self.download_view(request, pk)

        def read(request: HttpRequest, pk: int) -> HttpResponse:
            return self.read_view(request, pk)

        name = "invoicing_incomingfile"
        return [
            path("<int:pk>/download/", view(download), name=f"{name}_download"),
            path("<int:pk>/read/", view(require_POST(read)), name=f"{name}_read"),
            *super().get_urls(),
        ]

    def _found(self, request: HttpRequest, pk: int) -> IncomingFile:
        if not self.has_view_permission(request):
            raise PermissionDenied
        found = IncomingFile.objects.select_related("access").filter(pk=pk).first()
        if found is None:
            raise Http404
        return found

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not object_id.isdigit() or not IncomingFile.objects.filter(pk=object_id).exists():
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if request.method == "POST":
            raise PermissionDenied
        file = self._found(request, int(object_id))
        decides = request.user.has_perm(APPROVE) and file.state == IncomingState.REFUSED
        context = {
            **self.admin_site.each_context(request),
            "title": file.name,
            "back_url": list_url(IncomingFile),
            "file": file,
            "why": purchases.reason_words(file),
            "is_answer": str(file.reason.get("code", "")).startswith("response"),
            "state_label": state_label("incoming", file.state),
            "download_url": reverse("admin:invoicing_incomingfile_download", args=[file.pk]),
            "read_url": reverse("admin:invoicing_incomingfile_read", args=[file.pk]) if decides else "",
            "delete_url": reverse("admin:invoicing_incomingfile_delete", args=[file.pk]) if decides else "",
        }
        return TemplateResponse(request, "admin/invoicing/refused_file.html", context)

    def download_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The bytes as they came, to be kept on disk and shown nowhere."""
        file = self._found(request, pk)
        answer = HttpResponse(bytes(file.content), content_type="application/octet-stream")
        answer["Content-Disposition"] = content_disposition_header(True, file.name) or "attachment"
        answer["X-Content-Type-Options"] = "nosniff"
        answer["Content-Security-Policy"] = "default-src 'none'; sandbox"
        answer["Cache-Control"] = "private, no-store"
        return answer

    def read_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Read it once more; what became of it is told."""
        file = self._found(request, pk)
        if not request.user.has_perm(APPROVE):
            raise PermissionDenied
        if file.state != IncomingState.REFUSED:
            messages.info(request, gettext("It waits to be read."))
            return HttpResponseRedirect(change_url(file))
        found = purchases.read_refused(file=file, by=person(request))
        badges.forget()
        document = found.document or found.sale
        if found.answer is purchases.Answer.REFUSED or document is None:
            messages.error(request, found.text)
            return HttpResponseRedirect(change_url(file))
        messages.success(request, found.text)
        return HttpResponseRedirect(document_url(document))

    def response_delete(self, request: HttpRequest, obj_display: str, obj_id: int) -> HttpResponse:
        """Back to the list, also for those who change nothing else."""
        messages.success(request, gettext("%(name)s is deleted.") % {"name": obj_display})
        return HttpResponseRedirect(list_url(IncomingFile))

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        """Where the file is gone its fingerprint still says which one it was."""
        for file in queryset:
            words = gettext("Deleted: %(name)s, refused because: %(why)s SHA-256 %(digest)s.")
            names = {"name": file.name, "why": purchases.reason_words(file), "digest": file.sha256}
            audit.record(by=person(request), objects=[file], flag=audit.DELETED, message=words % names)


def refused_now(request: HttpRequest) -> tuple[int, str]:
    """How many files were refused and are still here, and where they are listed; for the list of expenses."""
    return IncomingFile.objects.filter(state=IncomingState.REFUSED).count(), list_url(IncomingFile)
