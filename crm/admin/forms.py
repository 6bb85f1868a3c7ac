"""Forms of parties: numbers in their normal form, countries and languages as lists."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminURLInputWidget

from config.countries import LANGUAGES, country_choices

from ..models import Party
from ..numbers import expected_vat_pattern, is_valid_vat_number, normalise_enterprise_number, normalise_vat_number


class PartyForm(forms.ModelForm[Party]):
    """A party as a person edits it. A VAT number that cannot exist is refused here, before a tool refuses it."""

    country = forms.ChoiceField(required=False, widget=UnfoldAdminSelectWidget)
    website = forms.URLField(
        label=gettext_lazy("Website"),
        required=False,
        max_length=200,
        assume_scheme="https",
        widget=UnfoldAdminURLInputWidget,
    )
    language = forms.ChoiceField(required=False, widget=UnfoldAdminSelectWidget, choices=[("", "–"), *LANGUAGES])

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "country" in self.fields:
            self.fields["country"].label = _("Country")
            self.fields["country"].choices = country_choices(self.instance.country)  # type: ignore[attr-defined]
        if "language" in self.fields:
            self.fields["language"].label = _("Language")

    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean() or self.cleaned_data
        country = cleaned.get("country") or ""
        if "vat_number" in cleaned:
            number = normalise_vat_number(cleaned["vat_number"], country)
            cleaned["vat_number"] = number
            if number and not is_valid_vat_number(number):
                pattern = expected_vat_pattern(number, country)
                self.add_error(
                    "vat_number", _("This VAT number is not valid. Expected: %(pattern)s.") % {"pattern": pattern}
                )
        if "enterprise_number" in cleaned:
            cleaned["enterprise_number"] = normalise_enterprise_number(cleaned["enterprise_number"], country)
        if "iban" in cleaned:
            cleaned["iban"] = "".join(cleaned["iban"].split()).upper()
        return cleaned


class CompanyForm(PartyForm):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "name" in self.fields:
            self.fields["name"].required = True


class ContactForm(PartyForm):
    def clean(self) -> dict[str, Any] | None:
        cleaned = super().clean() or self.cleaned_data
        if not (cleaned.get("first_name") or cleaned.get("last_name")):
            self.add_error("last_name", _("Fill in a first or a last name."))
        return cleaned
