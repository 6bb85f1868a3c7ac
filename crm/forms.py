"""Forms of companies and contacts: numbers in their normal form, and warnings that do not stop saving."""

from __future__ import annotations

from typing import Any

from django import forms
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from . import services
from .models import Company, Contact, Party
from .parties import PartyWarning

_SHARED = (
    "vat_type", "vat_number", "enterprise_number", "street", "postcode", "city", "country", "language", "email",
    "phone", "website", "iban", "bic", "peppol_id", "payment_term", "is_customer", "is_supplier", "tags", "notes",
)  # fmt: skip


class PartyForm(forms.ModelForm[Party]):
    """After `is_valid()`, `warnings` holds what the page should say beside "saved"."""

    warnings: list[PartyWarning]
    website = forms.URLField(label=gettext_lazy("website"), required=False, max_length=200, assume_scheme="https")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.warnings = []

    def _post_clean(self) -> None:
        """Normalise the filled and checked instance, so that any way of saving the form stores the normal form."""
        super()._post_clean()  # type: ignore[misc]  # the stubs leave it out
        if not self.errors:
            self.warnings = services.prepare_party(party=self.instance)
            for field in self.cleaned_data.keys() - {"tags"}:
                self.cleaned_data[field] = getattr(self.instance, field)


class CompanyForm(PartyForm):
    class Meta:
        model = Company
        fields = ["name", *_SHARED]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "name" in self.fields:
            self.fields["name"].required = True


class ContactForm(PartyForm):
    class Meta:
        model = Contact
        fields = ["first_name", "last_name", *_SHARED]

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        if not cleaned.get("first_name") and not cleaned.get("last_name"):
            self.add_error("last_name", _("Fill in a first or a last name."))
        return cleaned
