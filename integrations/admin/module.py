"""The page on which an account admin switches the accounting module on or off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.admin import ModelAdmin

from invoicing.admin.booking import person
from invoicing.admin.typed import WholeNumberAsTyped

from .. import services
from ..models import Module
from ..services.module import live_connections
from ..services.notifying import ADMIN
from .connection_forms import INPUT


@dataclass(frozen=True, slots=True)
class Closed:
    """Why the connector does nothing; `sentence` is empty while it works, `url` for who cannot change it."""

    sentence: str
    url: str


def closed_for(request: HttpRequest) -> Closed:
    sentence = services.why_closed(Module.current())
    may = bool(sentence) and request.user.has_perm(ADMIN)
    return Closed(sentence, reverse("admin:integrations_module_changelist") if may else "")


class ModuleForm(forms.Form):
    """The switch, the number of entities and the last day."""

    is_on = forms.BooleanField(label=gettext_lazy("The accounting connector is on"), required=False)
    entity_limit = WholeNumberAsTyped(
        label=gettext_lazy("Number of entities that may be connected"), required=False, min_value=0, max_value=9999,
        help_text=gettext_lazy("Empty: no limit."),
    )  # fmt: skip
    entity_limit.widget.attrs |= INPUT
    ends_on = forms.DateField(
        label=gettext_lazy("Last day"), required=False, widget=forms.DateInput(attrs={**INPUT, "type": "date"}, format="%Y-%m-%d"),
        help_text=gettext_lazy("Empty: no end. The day after it all connections are deactivated."),
    )  # fmt: skip

    def closes(self) -> bool:
        """Whether saving this deactivates what is connected."""
        data = self.cleaned_data
        return not data["is_on"] or (data["ends_on"] is not None and data["ends_on"] < timezone.localdate())


@admin.register(Module)
class ModuleAdmin(ModelAdmin):
    """One page, for account admins: those who may change connections."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.has_perm(ADMIN))

    has_change_permission = has_view_permission

    def get_urls(self) -> list[URLPattern]:
        return [path("", self.admin_site.admin_view(self.page), name="integrations_module_changelist")]

    def page(self, request: HttpRequest) -> HttpResponse:
        """The switch (GET); save it, after a page that says what is deactivated where something is (POST)."""
        if not self.has_change_permission(request):
            raise PermissionDenied
        module = Module.current()
        live = live_connections()
        initial = {"is_on": module.is_on, "entity_limit": module.entity_limit, "ends_on": module.ends_on}
        form = ModuleForm(request.POST or None, initial=initial)
        asks = False
        if request.method == "POST" and form.is_valid():
            if form.closes() and live and request.POST.get("confirmed") != str(live):
                asks = True
            else:
                __, closed = services.set_module(**form.cleaned_data, user=person(request))
                self._say(request, closed)
                return HttpResponseRedirect(reverse("admin:integrations_module_changelist"))
        context = {
            **self.admin_site.each_context(request),
            "title": _("Accounting module"),
            "form": form,
            "module": module,
            "live": live,
            "asks": asks,
            "closed_because": services.why_closed(module),
        }
        return TemplateResponse(request, "admin/integrations/module.html", context)

    def _say(self, request: HttpRequest, closed: int) -> None:
        if closed:
            words = ngettext(
                "Saved. %(n)d connection is deactivated.", "Saved. %(n)d connections are deactivated.", closed
            )
            messages.success(request, words % {"n": closed})
        else:
            messages.success(request, _("Saved."))
