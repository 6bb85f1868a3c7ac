"""The form that takes a file of customers."""

from __future__ import annotations

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from ..importing.reading import too_large
from ..importing.words import refusal_words
from ..models import PartyKind


class UploadForm(forms.Form):
    kind = forms.ChoiceField(
        label=gettext_lazy("What the rows are"),
        choices=[(PartyKind.COMPANY, gettext_lazy("Companies")), (PartyKind.PERSON, gettext_lazy("Contacts"))],
        widget=forms.Select(attrs={"class": "bb-select"}),
    )
    file = forms.FileField(
        label=gettext_lazy("File"),
        widget=forms.FileInput(attrs={"class": "bb-file", "accept": ".xlsx,.xls,.csv,.txt"}),
        error_messages={"required": gettext_lazy("Choose a file."), "empty": gettext_lazy("The file is empty.")},
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        limits = {
            "mb": settings.BOEKBRUG_IMPORT_MAX_MB,
            "rows": f"{settings.BOEKBRUG_IMPORT_MAX_ROWS:,}",
            "columns": settings.BOEKBRUG_IMPORT_MAX_COLUMNS,
        }
        self.fields["file"].help_text = (
            _("XLSX, XLS or CSV; at most %(mb)s MB, %(rows)s rows and %(columns)s columns.") % limits
        )

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > settings.BOEKBRUG_IMPORT_MAX_MB * 1024 * 1024:
            raise forms.ValidationError(refusal_words(too_large("too-large")))
        return file
