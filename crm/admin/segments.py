"""Segments: rules that choose companies and contacts, how many fit, and the way to their lists."""

from __future__ import annotations

from typing import Any

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from config.admin.links import change_url, list_url
from config.admin.lists import BookkeepingAdmin, View
from config.figures import number

from .. import segments
from ..models import Company, Contact, Segment
from ..segments import Fitting, RulesBroken
from .bulk import person
from .segment_form import SegmentForm


@admin.register(Segment)
class SegmentAdmin(BookkeepingAdmin):
    list_display = ["name", "holds", "rules_in_words", "whose"]
    list_select_related = ["owner"]
    search_fields = ["name"]
    ordering = ["name"]
    add_words = _("New segment")
    empty_title = _("No segments yet")
    empty_text = _("A segment keeps rules, such as “tags contain Exact Online Import”, and shows who fits them now.")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Segment]:
        return super().get_queryset(request).filter(pk__in=segments.visible_to(request.user).values("pk"))

    def get_views(self, request: HttpRequest) -> list[View]:
        return [
            View(key="", title=_("All")),
            View(
                key="mine", title=_("Mine"), condition=Q(owner=person(request).pk),
                empty_title=_("You made no segment yet"),
            ),
        ]  # fmt: skip

    @admin.display(description=_("holds"))
    def holds(self, segment: Segment) -> str:
        words = {"company": _("Companies"), "person": _("Contacts")}
        return str(words.get(segment.kind, _("Companies and contacts")))

    @admin.display(description=_("rules"))
    def rules_in_words(self, segment: Segment) -> str:
        between = gettext("or") if segment.rules.get("match") == "any" else gettext("and")
        found = segments.sentences(segment.rules)
        more = f" {between} …" if len(found) > 3 else ""
        return f" {between} ".join(found[:3]) + more

    @admin.display(description=_("for whom"))
    def whose(self, segment: Segment) -> str:
        return gettext("everyone") if segment.shared else gettext("only me")

    # --- its page ---

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view
        own = [
            path("count/", view(require_POST(self.count_view)), name="crm_segment_count"),
            path("<int:pk>/copy/", view(require_POST(self.copy_view)), name="crm_segment_copy"),
        ]
        return [*own, *super().get_urls()]

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        return self._page(request, Segment())

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        segment = self.get_object(request, object_id)
        if not self.has_view_permission(request):
            raise PermissionDenied
        if segment is None:
            messages.error(request, gettext("This segment does not exist any more, or is somebody else's."))
            return HttpResponseRedirect(list_url(Segment))
        return self._page(request, segment)

    def _page(self, request: HttpRequest, segment: Segment) -> HttpResponse:
        may_change = self.has_change_permission(request) if segment.pk else self.has_add_permission(request)
        form = SegmentForm.of(segment)
        if request.method == "POST":
            if not may_change:
                raise PermissionDenied
            form = SegmentForm.posted(request.POST)
            done = self._do(request, segment, form)
            if done is not None:
                return done
        elif segment.pk:
            try:
                segments.cleaned(segment.rules)
            except RulesBroken as broken:
                _show(form, broken)  # e.g. a tag that is gone
        context = {
            **self.admin_site.each_context(request),
            "title": segment.name or gettext("New segment"),
            "back_url": list_url(Segment),
            "segment": segment,
            "form": form,
            "may_change": may_change,
            "may_delete": bool(segment.pk) and self.has_delete_permission(request),
            "may_copy": bool(segment.pk) and self.has_add_permission(request),
            **_count_context(form, segment),
        }
        return TemplateResponse(request, "admin/crm/segment.html", context)

    def _do(self, request: HttpRequest, segment: Segment, form: SegmentForm) -> HttpResponse | None:
        """What the pressed button asks for; None: the page is shown again with what was filled in."""
        pressed = request.POST.get("do", "save")
        if pressed == "add":
            form.add(request.POST.get("new_field", ""))
            return None
        if pressed.startswith("remove-") and pressed[7:].isdigit():
            form.remove(int(pressed[7:]))
            return None
        if pressed != "save":
            return None
        segment.name, segment.kind, segment.shared, segment.rules = form.name, form.kind, form.shared, form.rules
        try:
            segments.save_segment(segment=segment, by=person(request))
        except RulesBroken as broken:
            _show(form, broken)
        except ValidationError as error:
            form.name_problem = " ".join(error.messages)
        else:
            messages.success(request, gettext("The segment %(name)s is saved.") % {"name": segment.name})
            return HttpResponseRedirect(change_url(segment))
        return None

    def count_view(self, request: HttpRequest) -> HttpResponse:
        """How many fit the rules as they stand on the page; a piece of it."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        form = SegmentForm.posted(request.POST)
        return TemplateResponse(request, "admin/crm/segment_count.html", _count_context(form, None))

    def copy_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        if not self.has_add_permission(request):
            raise PermissionDenied
        segment = self.get_queryset(request).filter(pk=pk).first()
        if segment is None:
            raise Http404
        copy = segments.copy_segment(segment=segment, by=person(request))
        messages.success(request, gettext("This is a copy of your own. Give it a name."))
        return HttpResponseRedirect(change_url(copy))


def _show(form: SegmentForm, broken: RulesBroken) -> None:
    for problem in broken.problems:
        if problem.place is None:
            form.problems.append(problem.text)
        else:
            form.rows[problem.place].problem = problem.text


def _count_context(form: SegmentForm, segment: Segment | None) -> dict[str, Any]:
    """How many fit, with the ways to their lists once the segment is kept as it is shown."""
    try:
        found = segments.fitting(kind=form.kind, data=form.rules)
    except RulesBroken:
        # What is wrong with rules that are being filled in is told when they are saved.
        return {"fitting": None}
    kept = segment is not None and bool(segment.pk)
    return {"fitting": found, "kinds": _kinds(found, segment if kept else None)}


def _kinds(found: Fitting, segment: Segment | None) -> list[dict[str, Any]]:
    rows = []
    for model, count in ((Company, found.companies), (Contact, found.contacts)):
        if count is not None:
            url = list_url(model, segment=segment.pk) if segment is not None else ""
            words = gettext("more than %(n)s") % {"n": number(found.bound)} if count > found.bound else number(count)
            rows.append({"title": model._meta.verbose_name_plural, "count": count, "words": words, "url": url})
    return rows
