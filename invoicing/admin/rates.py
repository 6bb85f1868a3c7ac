"""VAT rates with their dated percentages, and payment terms."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.contrib import admin
from django.db.models import Prefetch, QuerySet
from django.http import HttpRequest
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from unfold.admin import TabularInline
from unfold.widgets import UnfoldAdminSelectWidget

from config.admin.lists import BookkeepingAdmin
from config.countries import country_choices, country_name
from config.figures import percentage
from config.states import state_label

from ..legal_notes import SERVICES_OUTSIDE
from ..models import PaymentTerm, VatRate, VatRateVersion
from .forms import NamedFieldsFormSet, plain
from .typed import NumberAsTyped, WholeNumberAsTyped


class VatRateForm(forms.ModelForm[VatRate]):
    country = forms.ChoiceField(widget=UnfoldAdminSelectWidget, label=_("Country"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "country" in self.fields:
            choices = country_choices(self.instance.country, required=True)
            self.fields["country"].choices = choices  # type: ignore[attr-defined]
        if "category" in self.fields:
            self.fields["category"].help_text = _(
                "Exports are goods that leave the EU. Services to businesses outside the EU are not subject to VAT: give"
                " that rate the code %(code)s, and documents say why."
            ) % {"code": SERVICES_OUTSIDE}


class VersionForm(forms.ModelForm[VatRateVersion]):
    class Meta:
        field_classes: ClassVar = {"percentage": NumberAsTyped}

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        stored = self.initial.get("percentage")
        if isinstance(stored, Decimal):
            self.initial["percentage"] = plain(stored)


class VersionInline(TabularInline):
    """The percentages of a rate, one per period."""

    model = VatRateVersion
    form = VersionForm
    formset = NamedFieldsFormSet
    fields = ["percentage", "valid_from", "valid_to"]
    extra = 0
    min_num = 1
    hide_title = True
    verbose_name = _("percentage")
    verbose_name_plural = _("percentages by period")


@admin.register(VatRate)
class VatRateAdmin(BookkeepingAdmin):
    form = VatRateForm
    list_display = ["code", "name", "land", "kind", "current", "only_for", "state"]
    list_filter = ["country", "category", "active"]
    search_fields = ["code", "name"]
    list_select_related = ["entity"]
    inlines = [VersionInline]
    add_words = _("New VAT rate")
    empty_title = _("No VAT rates yet")
    empty_text = _("Every line of an invoice needs a rate. Add the rates of your country first.")
    fieldsets = [
        (None, {"fields": ["country", "code", "name", "category", "entity", ("active", "is_default")]}),
        (_("On documents"), {"fields": ["legal_note", "exemption_code"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        valid = VatRateVersion.objects.on(timezone.localdate())
        return super().get_queryset(request).prefetch_related(Prefetch("versions", queryset=valid, to_attr="valid_now"))

    @admin.display(description=_("country"), ordering="country")
    def land(self, rate: VatRate) -> str:
        return country_name(rate.country)

    @admin.display(description=_("kind"), ordering="category")
    def kind(self, rate: VatRate) -> str:
        return rate.get_category_display()

    @admin.display(description=_("today"))
    def current(self, rate: VatRate) -> str:
        valid: list[VatRateVersion] = rate.valid_now  # type: ignore[attr-defined]  # prefetched above
        return percentage(valid[0].percentage) if valid else "–"

    @admin.display(description=_("only for"))
    def only_for(self, rate: VatRate) -> str:
        return str(rate.entity) if rate.entity else "–"

    @admin.display(description=_("state"), ordering="active")
    def state(self, rate: VatRate) -> SafeString:
        return state_label("activity", "active" if rate.active else "inactive")


class PaymentTermForm(forms.ModelForm[PaymentTerm]):
    class Meta:
        field_classes: ClassVar = {"days": WholeNumberAsTyped}


@admin.register(PaymentTerm)
class PaymentTermAdmin(BookkeepingAdmin):
    form = PaymentTermForm
    list_display = ["name", "code", "kind_words", "days", "direct_debit", "is_default", "state"]
    list_filter = ["kind", "active", "direct_debit"]
    search_fields = ["code", "name"]
    add_words = _("New payment term")
    empty_title = _("No payment terms yet")
    empty_text = _("Without one, invoices are due after 14 days.")
    fields = ["name", "code", "kind", "days", "direct_debit", ("active", "is_default")]

    @admin.display(description=_("counts"), ordering="kind")
    def kind_words(self, term: PaymentTerm) -> str:
        return term.get_kind_display()

    @admin.display(description=_("state"), ordering="active")
    def state(self, term: PaymentTerm) -> SafeString:
        return state_label("activity", "active" if term.active else "inactive")
