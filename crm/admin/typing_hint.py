"""“This may exist already”: said while a new customer is typed, and once more when it was saved all the same."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from config.admin.links import link
from config.admin.places import party_url

from .. import duplicates
from ..duplicates.reasons import Reason
from ..models import Party, PartyKind
from .merging import merge_url

# What is said after saving: an equal number, or one name in one place.
_SAID_AFTER_SAVING = frozenset({Reason.VAT, Reason.ENTERPRISE, Reason.EMAIL, Reason.NAME_POSTCODE})
_SURE = 95


class TypingHint:
    """Comes before the admin class of companies or contacts."""

    change_form_before_template = "admin/crm/likely_place.html"
    opts: Any
    admin_site: Any

    class Media:
        js: ClassVar[list[str]] = ["boekbrug/likely.js"]

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_likely"
        return [path("likely/", self.admin_site.admin_view(self.likely_view), name=name), *super().get_urls()]  # type: ignore[misc]

    def likely_view(self, request: HttpRequest) -> HttpResponse:
        """Who may exist already, as a piece of the page; empty when nobody."""
        if not self.has_add_permission(request):  # type: ignore[attr-defined]
            raise PermissionDenied
        typed = request.GET
        name = typed.get("name") or f"{typed.get('first_name', '')} {typed.get('last_name', '')}"
        found = duplicates.likely(
            name=name[:200],
            postcode=typed.get("postcode", "")[:16],
            vat_number=typed.get("vat_number", "")[:24],
            email=typed.get("email", "")[:254],
            kind=self._kind(),
        )
        rows = [{"hint": hint, "url": party_url(hint.party)} for hint in found]
        html = render_to_string("admin/crm/likely.html", {"rows": rows}, request) if rows else ""
        return HttpResponse(html)

    def add_view(self, request: HttpRequest, form_url: str = "", extra_context: Any = None) -> HttpResponse:
        url = reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_likely")
        context = {**(extra_context or {}), "likely_url": url}
        answer: HttpResponse = super().add_view(request, form_url, context)  # type: ignore[misc]
        return answer

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        super().save_related(request, form, formsets, change)  # type: ignore[misc]
        party: Party = form.instance
        if not change:
            self._say(request, party)
        duplicates.refresh_for([party])

    def _say(self, request: HttpRequest, party: Party) -> None:
        found = duplicates.likely(
            name=party.name, postcode=party.postcode, vat_number=party.vat_number, email=party.email,
            exclude=party.pk, kind=self._kind(),
        )  # fmt: skip
        for hint in found[:3]:
            if hint.reason in _SAID_AFTER_SAVING and hint.score >= _SURE:
                messages.warning(request, _sentence(party, hint))

    def _kind(self) -> str:
        return PartyKind.PERSON if self.opts.model_name == "contact" else PartyKind.COMPANY


def _sentence(party: Party, hint: duplicates.Likely) -> SafeString:
    other = link(party_url(hint.party), hint.party.name)
    sentence = format_html(
        _("{party} may exist already: {other} ({reason})."), party=party, other=other, reason=hint.words
    )
    return format_html("{} {}", sentence, link(merge_url(hint.party, party), _("Merge the two")))
