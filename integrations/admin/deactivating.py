"""Deactivating a connection: keep its links, or end those of documents from a date on, with the numbers first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from config.admin.links import change_url
from invoicing.admin.booking import person

from .. import services
from ..models import Posting
from .connection_forms import INPUT
from .words import tool_label

if TYPE_CHECKING:
    from .connections import ConnectionAdmin


class DeactivateForm(forms.Form):
    """Keep the links, or end those of documents dated from a day on."""

    links = forms.ChoiceField(choices=[("keep", ""), ("remove", "")], required=False)
    since = forms.DateField(
        label=gettext_lazy("Documents dated from this day on"), required=False,
        widget=forms.DateInput(attrs={**INPUT, "type": "date"}, format="%Y-%m-%d"),
    )  # fmt: skip

    def clean(self) -> dict[str, object]:
        data = self.cleaned_data
        if data.get("links") == "remove" and data.get("since") is None and "since" not in self.errors:
            self.add_error("since", _("Give the day from which links end."))
        return data

    @property
    def removes(self) -> bool:
        return bool(self.cleaned_data.get("links") == "remove")


def deactivate_page(page: ConnectionAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    """Say what deactivating means, with numbers (GET); do it, after a warning where links end (POST)."""
    connection = page.changing(request, pk)
    form = DeactivateForm(request.POST or None, initial={"since": connection.start_date})
    affected = None
    if request.method == "POST" and (not request.POST.get("links") or form.is_valid()):
        since = form.cleaned_data["since"] if form.is_bound and form.is_valid() and form.removes else None
        if since is not None:
            affected = services.linked_since(connection, since)
        # The number that was shown is confirmed, not whatever it has become since.
        if affected is None or request.POST.get("confirmed") == str(affected.count):
            try:
                __, released = services.deactivate(connection=connection, user=person(request), unlink_from=since)
                _say(request, released, since is not None)
            except services.ConnectError as error:
                messages.error(request, str(error))
            return HttpResponseRedirect(change_url(connection))
    states = Posting.objects.filter(connection=connection)
    context = {
        **page.admin_site.each_context(request),
        "title": _("Deactivate connection"),
        "back_url": change_url(connection),
        "connection": connection,
        "tool": tool_label(connection.tool),
        "in_books": states.filter(state__in=["posted", "differs"]).count(),
        "not_yet": states.exclude(state__in=["posted", "differs", "excluded"]).count(),
        "form": form,
        "affected": affected,
    }
    return TemplateResponse(request, "admin/integrations/deactivate.html", context)


def _say(request: HttpRequest, released: int, removed: bool) -> None:
    if not removed:
        messages.success(request, _("The connection is deactivated. Its links and history are kept."))
        return
    words = ngettext(
        "The connection is deactivated. %(n)d document lost its link.",
        "The connection is deactivated. %(n)d documents lost their link.",
        released,
    )
    messages.success(request, words % {"n": released})
