"""The recycle bin: who is in it, the way back, and the way out for good. The account admin's alone."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from config.admin.links import list_url
from config.admin.lists import BookkeepingAdmin, View
from config.figures import moment, number

from .. import binning
from ..models import BinJob, BinnedParty, Party, PartyKind
from ..search import party_condition
from .bulk import IN_BACKGROUND, MANY_AT_ONCE, NAMED, in_background, keys_of, person, shared
from .seen import mark_of

RESTORE, PURGE = "crm.change_binnedparty", "crm.delete_binnedparty"
_SHOWN_JOBS = 3


@admin.register(BinnedParty)
class RecycleBinAdmin(BookkeepingAdmin):
    list_display = ["name", "shown_kind", "vat_number", "place", "binned"]
    ordering = ["-deleted_at", "-pk"]
    search_fields = ["name"]
    search_help_text = _("Name, VAT number or enterprise number")
    actions = ["restore_selected", "purge_selected"]
    list_before_template = "admin/crm/bin_before.html"
    empty_title = _("The recycle bin is empty")
    empty_text = _("Companies and contacts that you delete come here first and can be restored.")
    fieldsets = [
        (None, {"fields": ["name", "shown_kind", "vat_number", "enterprise_number", "binned"]}),
        (_("Address"), {"fields": ["street", "postcode", "city", "country"]}),
        (_("Reach"), {"fields": ["email", "phone"]}),
    ]

    def get_views(self, request: HttpRequest) -> list[View]:
        return [
            View(key="", title=_("All")),
            View(key="companies", title=_("Companies"), condition=Q(kind=PartyKind.COMPANY)),
            View(key="contacts", title=_("Contacts"), condition=Q(kind=PartyKind.PERSON)),
        ]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if not search_term.strip():
            return queryset, False
        condition = party_condition(search_term)
        return (queryset.filter(condition) if condition is not None else queryset.none()), False

    @admin.display(description=_("kind"))
    def shown_kind(self, party: Party) -> str:
        return party.get_kind_display()

    @admin.display(description=_("city"))
    def place(self, party: Party) -> str:
        return ", ".join(part for part in (party.city, party.country) if part)

    @admin.display(description=_("deleted"), ordering="deleted_at")
    def binned(self, party: Party) -> str:
        return moment(party.deleted_at)

    # --- rights: nothing is edited in here ---

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> list[str]:
        return ["shown_kind", "binned"]

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_restore_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm(RESTORE))

    def has_purge_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm(PURGE))

    # --- what goes on in the background ---

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.work_view)
        return [path("work/", view, name="crm_binnedparty_work"), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return super().changelist_view(request, {**(extra_context or {}), **_jobs_context()})

    def work_view(self, request: HttpRequest) -> HttpResponse:
        """How far the work on the bin is, and what the last of it did."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("Work on the recycle bin"),
            "back_url": list_url(BinnedParty),
            **_jobs_context(),
            "whole": True,
        }
        return TemplateResponse(request, "admin/crm/bin_work.html", context)

    # --- the two ways out ---

    @admin.action(description=_("Restore"), permissions=["restore"])
    def restore_selected(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        if not self.has_restore_permission(request):
            raise PermissionDenied
        ids, is_cut = keys_of(queryset)
        if len(ids) > IN_BACKGROUND:
            return in_background(request, BinJob.What.RESTORE, ids, is_cut)
        restored = 0
        remarks: list[str] = []
        for start in range(0, len(ids), binning.BATCH):
            outcome = binning.restore(
                parties=[Party(pk=pk) for pk in ids[start : start + binning.BATCH]], by=person(request)
            )
            restored += len(outcome.restored)
            remarks += outcome.remarks
        words = ngettext("%(n)s is back in the lists.", "%(n)s are back in the lists.", restored)
        messages.success(request, words % {"n": number(restored)})
        _tell(request, remarks)
        if is_cut:
            messages.info(request, gettext("That were the first of them. Do the same again for the others."))
        return None

    @admin.action(description=_("Delete for good"), permissions=["purge"])
    def purge_selected(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        if not self.has_purge_permission(request):
            raise PermissionDenied
        ids, is_cut = keys_of(queryset)
        asked = "confirmed" in request.POST
        seen = mark_of(ids)
        if asked and request.POST.get("seen") == seen:
            if len(ids) > IN_BACKGROUND:
                return in_background(request, BinJob.What.PURGE, ids, is_cut)
            self._purge(request, ids)
            return HttpResponseRedirect(request.get_full_path())
        context = {
            **shared(self, request, "purge_selected", gettext("Delete for good")),
            "seen": seen,
            "number": len(ids),
            "names": list(
                BinnedParty.objects.filter(pk__in=ids[:NAMED]).order_by("name", "pk").values_list("name", flat=True)
            ),
            "is_cut": is_cut,
            "most": MANY_AT_ONCE,
            "changed": asked,
        }
        return TemplateResponse(request, "admin/crm/purge.html", context)

    def _purge(self, request: HttpRequest, ids: list[int]) -> None:
        deleted = 0
        kept: list[str] = []
        for start in range(0, len(ids), binning.BATCH):
            outcome = binning.purge(
                parties=[Party(pk=pk) for pk in ids[start : start + binning.BATCH]], by=person(request)
            )
            deleted += outcome.deleted
            kept += [reason for _party, reason in outcome.kept]
        if deleted:
            words = ngettext("%(n)s is deleted for good.", "%(n)s are deleted for good.", deleted)
            messages.success(request, words % {"n": number(deleted)})
        _tell(request, kept)


def _jobs_context() -> dict[str, Any]:
    """Those under way, and what came to its end within a day."""
    since = timezone.now() - timedelta(days=1)
    rows = BinJob.objects.filter(Q(finished_at=None) | Q(finished_at__gt=since)).select_related("by")
    jobs = list(rows.order_by("-pk")[:_SHOWN_JOBS])
    return {"bin_jobs": jobs, "bin_busy": any(job.finished_at is None for job in jobs)}


def _tell(request: HttpRequest, remarks: list[str]) -> None:
    for remark in remarks[:5]:
        messages.warning(request, remark)
    if len(remarks) > 5:
        more = gettext("There are %(n)s more like that; each stands in the history of its company or contact.")
        messages.warning(request, more % {"n": number(len(remarks) - 5)})
