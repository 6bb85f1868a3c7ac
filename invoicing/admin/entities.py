"""Own entities and their fiscal years."""

from __future__ import annotations

import mimetypes
from types import SimpleNamespace
from typing import Any, ClassVar

from django import forms
from django.conf import settings
from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch, QuerySet
from django.http import FileResponse, Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.widgets import UnfoldAdminImageFieldWidget, UnfoldAdminSelectWidget

from config.admin.links import link, list_url
from config.admin.lists import BookkeepingAdmin
from config.countries import LANGUAGES, country_choices, country_name
from config.figures import day
from config.states import state_label
from crm.numbers import expected_vat_pattern, is_valid_vat_number, normalise_enterprise_number, normalise_vat_number
from integrations.models import Connection

from ..models import CompanyEntity, FiscalYear
from ..peppol.addresses import parse_peppol_id
from ..references import document_number
from .typed import WholeNumberAsTyped

_PICTURES = frozenset({"image/png", "image/jpeg", "image/gif", "image/webp"})
CONNECT = "integrations.add_connection"


def is_offered(entity: CompanyEntity) -> bool:
    """Whether the connector is offered in the entity's country."""
    return entity.country in settings.BOEKBRUG_CONNECTOR_COUNTRIES


class LogoWidget(UnfoldAdminImageFieldWidget):
    """Shows the logo at the address where the admin serves it: no upload is served but by pages that ask for a right."""

    def format_value(self, value: Any) -> Any:
        found = super().format_value(value)
        if found is None:
            return None
        return SimpleNamespace(url=reverse("admin:invoicing_companyentity_logo", args=[found.instance.pk]))


class EntityForm(forms.ModelForm[CompanyEntity]):
    country = forms.ChoiceField(widget=UnfoldAdminSelectWidget, label=_("Country"))
    language = forms.ChoiceField(widget=UnfoldAdminSelectWidget, choices=LANGUAGES, label=_("Language"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            # It stays, and is shown as text: a field of the form's own would be asked for all the same.
            del self.fields["country"]
        else:
            choices = country_choices(self.instance.country, required=True)
            self.fields["country"].choices = choices  # type: ignore[attr-defined]

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean() or self.cleaned_data
        country = cleaned.get("country") or self.instance.country
        number = normalise_vat_number(cleaned.get("vat_number") or "", country)
        cleaned["vat_number"] = number
        if number and not is_valid_vat_number(number):
            pattern = expected_vat_pattern(number, country)
            self.add_error(
                "vat_number", _("This VAT number is not valid. Expected: %(pattern)s.") % {"pattern": pattern}
            )
        cleaned["enterprise_number"] = normalise_enterprise_number(cleaned.get("enterprise_number") or "", country)
        if cleaned.get("answers_suppliers") and parse_peppol_id(cleaned.get("peppol_id") or "") is None:
            self.add_error(
                "peppol_id",
                _("Suppliers are told from a Peppol ID, such as 0208:0123456789. Fill it in, or untick that."),
            )
        cleaned["iban"] = "".join((cleaned.get("iban") or "").split()).upper()
        return cleaned


@admin.register(CompanyEntity)
class CompanyEntityAdmin(BookkeepingAdmin):
    form = EntityForm
    list_display = ["name", "land", "vat_number", "currency", "bookkeeping", "years"]
    list_filter = ["country"]
    search_fields = ["name"]
    change_form_outer_before_template = "admin/invoicing/entity_before.html"
    add_words = _("New entity")
    empty_title = _("No entities yet")
    empty_text = _("An entity is your own company: it issues the invoices. Start with one.")
    fieldsets = [
        (None, {"fields": ["name", "country", "vat_number", "enterprise_number", "currency", "language"]}),
        (_("Address"), {"fields": ["street", ("postcode", "city")]}),
        (
            _("Reach"),
            {"fields": [("email", "phone"), "bookkeeping_email", "mails_expenses", "peppol_id", "answers_suppliers"]},
        ),
        (_("Documents"), {"fields": ["default_payment_term", ("iban", "bic"), "logo"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        live = Connection.objects.live()
        return (
            super()
            .get_queryset(request)
            .prefetch_related(Prefetch("connections", queryset=live, to_attr="live_connections"), "fiscal_years")
        )

    def get_list_display(self, request: HttpRequest) -> list[str]:
        """Who may connect an entity is offered to do so where it is not."""
        if not request.user.has_perm(CONNECT):
            return self.list_display
        return ["to_connect" if name == "bookkeeping" else name for name in self.list_display]

    def response_add(
        self, request: HttpRequest, obj: CompanyEntity, post_url_continue: str | None = None
    ) -> HttpResponse:
        answer = super().response_add(request, obj, post_url_continue)
        if request.user.has_perm("invoicing.add_fiscalyear") and "_popup" not in request.POST:
            url = f"{reverse('admin:invoicing_fiscalyear_add')}?entity={obj.pk}"
            words = _("Add a fiscal year to %(entity)s") % {"entity": obj}
            messages.info(request, format_html("{} {}.", _("Next:"), link(url, words)))
        return answer

    def formfield_for_dbfield(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name == "logo":
            kwargs["widget"] = LogoWidget
        return super().formfield_for_dbfield(db_field, request, **kwargs)

    def get_readonly_fields(self, request: HttpRequest, obj: CompanyEntity | None = None) -> list[str]:
        """The country stays: rates, numbers and the books hang on it."""
        return ["land"] if obj is not None else []

    def get_fieldsets(self, request: HttpRequest, obj: CompanyEntity | None = None) -> Any:
        if obj is None:
            return self.fieldsets
        head: Any = self.fieldsets[0]
        rest: Any = self.fieldsets[1:]
        title, first = head
        fields = ["land" if name == "country" else name for name in first["fields"]]
        if not self.has_change_permission(request, obj):
            # Read-only fields show an upload by an address of its own, which there is none of.
            rest = tuple(
                (name, {**part, "fields": ["shown_logo" if one == "logo" else one for one in part["fields"]]})
                for name, part in rest
            )
        return [(title, {**first, "fields": fields}), *rest]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        from integrations.admin.accounting import entity_tabs

        entity = CompanyEntity.objects.filter(pk=object_id).first() if object_id.isdigit() else None
        tabs = entity_tabs(request, entity, "details") if entity is not None else []
        return super().change_view(request, object_id, form_url, {**(extra_context or {}), "entity_tabs": tabs})

    def get_urls(self) -> list[URLPattern]:
        from integrations.admin import accounting

        view = self.admin_site.admin_view

        def page(handler: Any) -> Any:
            return view(lambda request, pk: handler(self, request, pk))

        own = [
            path("<int:pk>/accounting/", page(accounting.accounting_page), name="invoicing_companyentity_accounting"),
            path(
                "<int:pk>/accounting/take-over/", page(accounting.copy_page), name="invoicing_companyentity_copy_links"
            ),
            path("<int:pk>/logo/", view(self.logo_view), name="invoicing_companyentity_logo"),
        ]
        return [*own, *super().get_urls()]

    def logo_view(self, request: HttpRequest, pk: int) -> HttpResponseBase:
        """The picture, to whoever may look at the entity; as a picture alone, whatever the file holds."""
        entity = CompanyEntity.objects.filter(pk=pk).first()
        if not self.has_view_permission(request, entity):
            raise PermissionDenied
        name = str(entity.logo.name or "") if entity is not None else ""
        kind = mimetypes.guess_type(name)[0]
        if entity is None or kind not in _PICTURES or not entity.logo.storage.exists(name):
            raise Http404
        answer = FileResponse(entity.logo.open("rb"), content_type=kind)
        answer["X-Content-Type-Options"] = "nosniff"
        answer["Cache-Control"] = "private, no-store"
        return answer

    @admin.display(description=_("logo"))
    def shown_logo(self, entity: CompanyEntity) -> SafeString | str:
        if not entity.logo:
            return "–"
        url = reverse("admin:invoicing_companyentity_logo", args=[entity.pk])
        return format_html('<a href="{0}"><img src="{0}" alt="{1}" height="48"></a>', url, _("logo"))

    @admin.display(description=_("country"), ordering="country")
    def land(self, entity: CompanyEntity) -> str:
        return country_name(entity.country)

    @admin.display(description=_("bookkeeping"))
    def bookkeeping(self, entity: CompanyEntity) -> SafeString:
        live: list[Connection] = entity.live_connections  # type: ignore[attr-defined]  # prefetched above
        url = reverse("admin:invoicing_companyentity_accounting", args=[entity.pk])
        state = live[0].status if live else "none"
        return link(url, state_label("connection", state, title=live[0].tool_label if live else ""))

    @admin.display(description=_("bookkeeping"))
    def to_connect(self, entity: CompanyEntity) -> SafeString:
        """How the entity's bookkeeping stands, with the way to connect it."""
        state = self.bookkeeping(entity)
        if entity.live_connections or not is_offered(entity):  # type: ignore[attr-defined]  # prefetched above
            return state
        url = reverse("admin:invoicing_companyentity_accounting", args=[entity.pk])
        return format_html('{} <a class="bb-link" href="{}">{}</a>', state, url, _("Connect"))

    @admin.display(description=_("fiscal years"))
    def years(self, entity: CompanyEntity) -> SafeString | str:
        labels = ", ".join(year.label for year in entity.fiscal_years.all())
        return link(list_url(FiscalYear, entity__id__exact=entity.pk), labels or _("none yet"))


class FiscalYearForm(forms.ModelForm[FiscalYear]):
    class Meta:
        field_classes: ClassVar = dict.fromkeys(("next_invoice_number", "next_credit_note_number"), WholeNumberAsTyped)


@admin.register(FiscalYear)
class FiscalYearAdmin(BookkeepingAdmin):
    form = FiscalYearForm
    list_display = ["label", "entity", "first_day", "last_day", "next_invoice", "next_credit_note", "state"]
    list_filter = ["entity", "is_closed"]
    list_select_related = ["entity"]
    ordering = ["entity__name", "-start"]
    add_words = _("New fiscal year")
    empty_title = _("No fiscal years yet")
    empty_text = _("A fiscal year gives invoices their numbers. Without one nothing can be booked.")
    fieldsets = [
        (None, {"fields": ["entity", "label", ("start", "end"), "is_closed"]}),
        (
            _("Numbers"),
            {
                "fields": [
                    ("invoice_prefix", "next_invoice_number"),
                    ("credit_note_prefix", "next_credit_note_number"),
                ],
                "description": _(
                    "Numbers are given out without gaps, so they can only be set before the first booking."
                ),
            },
        ),
    ]

    def response_add(self, request: HttpRequest, obj: FiscalYear, post_url_continue: str | None = None) -> HttpResponse:
        answer = super().response_add(request, obj, post_url_continue)
        connected = Connection.objects.live().filter(entity=obj.entity_id).exists()
        if request.user.has_perm(CONNECT) and is_offered(obj.entity) and not connected and "_popup" not in request.POST:
            url = reverse("admin:invoicing_companyentity_accounting", args=[obj.entity_id])
            words = _("Connect %(entity)s with its bookkeeping") % {"entity": obj.entity}
            messages.info(request, format_html("{} {}.", _("Next:"), link(url, words)))
        return answer

    def get_readonly_fields(self, request: HttpRequest, obj: FiscalYear | None = None) -> list[str]:
        """A year that gave out a number keeps its entity, first day, prefixes and counters."""
        if obj is not None and obj.documents.exists():
            return [
                "entity",
                "start",
                "invoice_prefix",
                "next_invoice_number",
                "credit_note_prefix",
                "next_credit_note_number",
            ]
        return []

    @admin.display(description=_("first day"), ordering="start")
    def first_day(self, year: FiscalYear) -> str:
        return day(year.start)

    @admin.display(description=_("last day"), ordering="end")
    def last_day(self, year: FiscalYear) -> str:
        return day(year.end)

    @admin.display(description=_("next invoice"))
    def next_invoice(self, year: FiscalYear) -> str:
        return document_number(year.invoice_prefix, year.next_invoice_number)

    @admin.display(description=_("next credit note"))
    def next_credit_note(self, year: FiscalYear) -> str:
        return document_number(year.credit_note_prefix, year.next_credit_note_number)

    @admin.display(description=_("state"), ordering="is_closed")
    def state(self, year: FiscalYear) -> SafeString:
        if year.is_closed:
            return state_label("activity", "inactive", words=_("Closed"))
        return state_label("activity", "active", words=_("Open"))
