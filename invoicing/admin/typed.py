"""Numbers as people type them in their own language."""

from __future__ import annotations

import re
from decimal import Decimal
from typing import Any, ClassVar

from django import forms
from django.utils.formats import get_format
from django.utils.functional import lazy
from django.utils.translation import gettext
from unfold.widgets import UnfoldAdminTextInputWidget

from config.figures import amount

_SPACES = re.compile(r"[\s\u00a0\u202f']")


def typed_number(text: str) -> str:
    """Return the number as a program writes it: 1.234,56 and 1 234,56 become 1234.56, in English 1,234.56 does.

    The other language's sign for decimals is read too, as long as it cannot be one for thousands. What is no number
    comes back unread, so that the field refuses it: a browser's own number field would drop the comma without a word.
    """
    compact = _SPACES.sub("", text)
    comma = get_format("DECIMAL_SEPARATOR") == ","
    decimal, thousands = (",", ".") if comma else (".", ",")
    # No group of thousands begins with a nought: 0.921 is a fraction in every language.
    grouped = rf"[-+]?[1-9]\d{{0,2}}(?:{re.escape(thousands)}\d{{3}})+(?:{re.escape(decimal)}\d*)?"
    if re.fullmatch(grouped, compact, re.ASCII):
        compact = compact.replace(thousands, "")
    return compact.replace(",", ".") if comma or thousands not in compact else text


def _how_to_write() -> str:
    return gettext("Enter a number, as %(example)s.") % {"example": amount(Decimal("1234.5"))}


class NumberAsTyped(forms.DecimalField):
    """A decimal field that is filled in and shown with the signs of the reader's language."""

    default_error_messages: ClassVar = {"invalid": lazy(_how_to_write, str)()}

    def __init__(self, **kwargs: Any) -> None:
        kwargs["widget"] = UnfoldAdminTextInputWidget(attrs={"inputmode": "decimal", "autocomplete": "off"})
        super().__init__(**kwargs)
        # Only what is shown: Django's own reading would take 95.125 for ninety-five thousand after ours has read it.
        self.widget.is_localized = True

    def to_python(self, value: Any) -> Any:
        return super().to_python(typed_number(value) if isinstance(value, str) else value)


class WholeNumberAsTyped(forms.IntegerField):
    """A field for a whole number that takes the signs of the reader's language; it is shown without any."""

    def __init__(self, **kwargs: Any) -> None:
        kwargs["widget"] = UnfoldAdminTextInputWidget(attrs={"inputmode": "numeric", "autocomplete": "off"})
        super().__init__(**kwargs)

    def to_python(self, value: Any) -> Any:
        return super().to_python(typed_number(value) if isinstance(value, str) else value)
