"""Rows of lists, drawn with what all rows of a list share made once.

Unfold makes the headers, the classes and the words of a column anew for every cell, which costs more than the row's
own values do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.admin.templatetags.admin_urls import add_preserved_filters
from django.contrib.admin.utils import display_for_field, display_for_value
from django.core.exceptions import FieldDoesNotExist
from django.db.models import CharField, Model, TextField
from django.utils.html import conditional_escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from unfold.admin import checkbox
from unfold.templatetags import unfold_list
from unfold.views import ChangeList

_LINK = " ".join(unfold_list.LINK_CLASSES)
# What may stand on a column's function to ask Unfold for more than its value.
_WISHES = ("boolean", "label", "header", "dropdown")


@cache
def selecting_box(language: str) -> tuple[SafeString, SafeString]:
    """What stands before and after the key in the box that selects a row; drawing its template for each takes long."""
    before, after = checkbox.render(ACTION_CHECKBOX_NAME, "|").split('value="|"')
    return mark_safe(f'{before}value="'), mark_safe(f'"{after}')  # noqa: S308 - the widget's own HTML


def _headers_of(cl: ChangeList, make: Any = unfold_list.result_headers) -> list[dict[str, Any]]:
    """The headers of a list, made once."""
    kept: list[dict[str, Any]] | None = cl.__dict__.get("_headers")
    if kept is None:
        kept = cl._headers = list(make(cl))
    return kept


@dataclass(frozen=True, slots=True)
class _Column:
    """One column of a list: where its values come from, and what stands around each."""

    value: Callable[[Model], Any]  # its text; of a function also what Django knows to show
    empty: str
    before: str
    after: str
    linked: bool

    def cell(self, row: Model, url: str) -> str:
        value = self.value(row)
        is_text = value.__class__ in (str, SafeString) and value
        text = str(conditional_escape(value if is_text else display_for_value(value, self.empty, False)))
        if self.linked:
            text = f'<a href="{url}" class="{_LINK}">{text}</a>'
        return f"{self.before}{text}{self.after}"


def _columns_of(cl: ChangeList) -> list[_Column] | None:
    """The columns of a list, made once; None when one of them needs more than this module knows."""
    if "_columns" not in cl.__dict__:
        cl._columns = _made_columns(cl)
    kept: list[_Column] | None = cl._columns
    return kept


def _made_columns(cl: ChangeList) -> list[_Column] | None:
    if cl.is_popup or cl.to_field or cl.list_display_links is None or getattr(cl.model_admin, "ordering_field", None):
        return None
    found: list[_Column] = []
    value: Any
    first = True
    for place, name in enumerate(cl.list_display):
        empty = cl.model_admin.get_empty_value_display()
        field = _field_of(cl, name)
        if field is not None:
            if field.is_relation or not isinstance(field, (CharField, TextField)) or field.flatchoices:
                return None
            value = _reader_of(field, empty)
        else:
            value = getattr(cl.model_admin, name, None) if isinstance(name, str) else None
            if value is None or any(getattr(value, wish, False) for wish in _WISHES):
                return None
            empty = getattr(value, "empty_value_display", empty)
        linked = name in cl.list_display_links or (first and not cl.list_display_links)
        tag = "th" if linked and first else "td"
        first = first and not linked
        classes = unfold_list.CHECKBOX_CLASSES
        if name != "action_checkbox":
            classes = [f"field-{name}", *unfold_list.ROW_CLASSES]
        words = conditional_escape(_headers_of(cl)[place]["text"] if place else _("Select record"))
        before = f'<{tag} class="{" ".join(classes)}" data-label="{words}">'
        found.append(_Column(value, empty, before, f"</{tag}>", linked))
    return found


def _field_of(cl: ChangeList, name: Any) -> Any:
    try:
        return cl.lookup_opts.get_field(name)
    except FieldDoesNotExist:
        return None


def _reader_of(field: Any, empty: str) -> Callable[[Model], str]:
    return lambda row: display_for_field(getattr(row, field.attname), field, empty)


def _address_end(cl: ChangeList, row: Model) -> str:
    """What the address of each row ends with, so that its page leads back to the list as it was filtered."""
    if "_address_end" not in cl.__dict__:
        url = cl.url_for_result(row)
        kept = add_preserved_filters({"preserved_filters": cl.preserved_filters, "opts": cl.opts}, url)
        cl._address_end = conditional_escape(kept.removeprefix(url))
    found: str = cl._address_end
    return found


def _items(cl: ChangeList, result: Model, form: Any, otherwise: Any = unfold_list.items_for_result) -> Iterator[Any]:
    """The cells of one row."""
    columns = None if form else _columns_of(cl)
    if columns is None:
        yield from otherwise(cl, result, form)
        return
    address = conditional_escape(cl.url_for_result(result)) + _address_end(cl, result)
    yield mark_safe("".join([column.cell(result, address) for column in columns]))  # noqa: S308 - each value is escaped


unfold_list.result_headers = _headers_of
unfold_list.items_for_result = _items
