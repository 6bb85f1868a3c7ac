"""Access points: who may hand in documents over HTTP, with a token that is shown once."""

from __future__ import annotations

from typing import Any, ClassVar

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from unfold.widgets import UnfoldAdminPasswordWidget

from config.admin.links import change_url
from config.admin.lists import BookkeepingAdmin
from config.figures import moment
from config.states import state_label
from crm import audit

from ..models import IncomingAccess
from .booking import person


class AccessForm(forms.ModelForm[IncomingAccess]):
    signing_secret = forms.CharField(
        label=_("Signing secret"),
        required=False,
        max_length=200,
        widget=UnfoldAdminPasswordWidget(attrs={"autocomplete": "new-password"}),
        help_text=_("Only where the access point signs what it sends; empty keeps what is stored."),
    )

    class Meta:
        model = IncomingAccess
        fields: ClassVar = ["entity", "name", "signing_secret", "active"]

    def clean_signing_secret(self) -> str | None:
        """What is stored is never shown, so nothing typed means nothing changed."""
        return self.cleaned_data["signing_secret"] or self.instance.signing_secret


@admin.register(IncomingAccess)
class IncomingAccessAdmin(BookkeepingAdmin):
    form = AccessForm
    list_display = ["name", "entity", "state", "used"]
    list_filter = ["entity", "active"]
    list_select_related = ["entity"]
    search_fields = ["name"]
    add_words = _("New access point")
    show_add_link = True
    empty_title = _("No access points yet")
    empty_text = _(
        "An access point hands in the Peppol documents of an entity by itself, with a token that you make here."
    )
    change_form_outer_after_template = "admin/invoicing/access_token.html"

    def get_readonly_fields(self, request: HttpRequest, obj: IncomingAccess | None = None) -> list[str]:
        return ["entity"] if obj is not None else []

    def get_urls(self) -> list[URLPattern]:
        def renew(request: HttpRequest, pk: int) -> HttpResponse:
            return self.renew_view(request, pk)

        view = self.admin_site.admin_view(require_POST(renew))
        return [path("<int:pk>/renew/", view, name="invoicing_incomingaccess_renew"), *super().get_urls()]

    def save_model(self, request: HttpRequest, obj: IncomingAccess, form: Any, change: bool) -> None:
        token = "" if change else obj.renew()
        super().save_model(request, obj, form, change)
        if token:
            _show(request, token)

    def renew_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Give an access point a new token; the old one stops working at once."""
        found = self.get_object(request, str(pk))
        if found is None or not self.has_change_permission(request, found):
            raise PermissionDenied
        token = found.renew()
        found.save(update_fields=["public", "secret_hash"])
        audit.record(by=person(request), objects=[found], flag=audit.CHANGED, message=gettext("A new token was made."))
        _show(request, token)
        return HttpResponseRedirect(change_url(found))

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        obj = kwargs.get("obj")
        if obj is not None:
            url = reverse("admin:invoicing_incomingaccess_renew", args=[obj.pk])
            context = {**context, "renew_url": url if self.has_change_permission(request, obj) else ""}
        context = {**context, "incoming_url": request.build_absolute_uri(reverse("peppol_incoming"))}
        return super().render_change_form(request, context, *args, **kwargs)

    @admin.display(description=_("state"), ordering="active")
    def state(self, access: IncomingAccess) -> SafeString:
        return state_label("activity", "active" if access.active else "inactive")

    @admin.display(description=_("last used"))
    def used(self, access: IncomingAccess) -> str:
        return moment(access.last_used_at)


def _show(request: HttpRequest, token: str) -> None:
    words = gettext("The token, shown this once; give it to the access point:")
    messages.warning(request, format_html("{} <code>{}</code>", words, token))
