"""A form that was opened before somebody else saved: it does not put back what they changed."""

from __future__ import annotations

from typing import Any

from django.contrib.admin.models import LogEntry
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.db import connections
from django.db.models import Model
from django.forms import BaseModelForm, ModelForm
from django.http import HttpRequest
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from config.figures import moment
from config.fingerprints import fingerprint

FIELD = "_version"
SHOWN = 200  # letters of what the history says


class NoOverwriting:
    """Mixed into an admin page, before the others: its form carries a mark of what it shows, and saves over nothing else.

    Rows of inlines count as part of what is shown. What is typed stays in a form that was refused, with the mark that it
    came with: it is opened anew before anything of it is saved.
    """

    def version_of(self, request: HttpRequest, obj: Any) -> str:
        """The mark of what the form shows of a stored row; read anew, and locked where a form is being saved."""
        rows = self.model._base_manager.filter(pk=obj.pk)  # type: ignore[attr-defined]
        if request.method == "POST" and connections[rows.db].in_atomic_block:
            rows = rows.select_for_update(of=("self",))
        stored = rows.first()
        return fingerprint(*self.version_values(request, stored)) if stored is not None else ""

    def version_values(self, request: HttpRequest, obj: Any) -> list[object]:
        """What a person can change in the form of a row, in a fixed order. A page whose form shows more adds it."""
        values: list[object] = [_columns(obj)]
        for field in obj._meta.many_to_many:
            values.append(sorted(getattr(obj, field.name).values_list("pk", flat=True)))
        for inline in self.get_inline_instances(request, obj):  # type: ignore[attr-defined]
            name = inline.fk_name or _key_to(inline.model, self.model)  # type: ignore[attr-defined]
            rows = inline.model._base_manager.filter(**{name: obj.pk}).order_by("pk")
            values.append([(row.pk, _columns(row)) for row in rows])
        return values

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> type[ModelForm[Any]]:
        form: type[ModelForm[Any]] = super().get_form(request, obj, change=change, **kwargs)  # type: ignore[misc]
        seen, _dash, entry = request.POST.get(FIELD, "").partition("-")
        if not change or obj is None or not seen or seen == self.version_of(request, obj):
            return form
        return type(form.__name__, (_Refused, form), {"refusal": self.refusal(obj, known=entry)})

    def refusal(self, obj: Any, *, known: str) -> SafeString:
        """Who changed it, when and what, and what to do. `known`: the newest entry of its history when it was opened."""
        entry = last_change(obj)
        if entry is not None and str(entry.pk) != known:
            words = _(
                "Nothing was saved: %(who)s changed this %(when)s, after this page was opened. What you typed still"
                " stands here."
            )
            said = words % {"who": entry.user.get_username(), "when": moment(entry.action_time)}
            if what := entry.get_change_message():
                said += " " + _("The history says: %(what)s") % {"what": what[:SHOWN]}
        else:
            said = _(
                "Nothing was saved: this was changed after this page was opened. What you typed still stands here."
            )
        advice = _("Open it as it is now in another window, and enter your change there.")
        return format_html(
            '{} <a class="bb-link" href="{}" target="_blank" rel="noopener">{}</a>', said, self.version_url(obj), advice
        )

    def version_url(self, obj: Any) -> str:
        """The page of the form, opened anew."""
        opts = self.opts  # type: ignore[attr-defined]
        return reverse(f"admin:{opts.app_label}_{opts.model_name}_change", args=[obj.pk])

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        obj = kwargs.get("obj")
        if request.method == "POST":
            context = {**context, "form_version": request.POST.get(FIELD, "")}
            if isinstance(context["adminform"].form, _Refused):
                context["errors"] = []  # no "correct the errors below": the refusal says what to do
        elif obj is not None and kwargs.get("change") and self.has_change_permission(request, obj):  # type: ignore[attr-defined]
            entry = last_change(obj)
            mark = f"{self.version_of(request, obj)}-{entry.pk if entry is not None else ''}"
            context = {**context, "form_version": mark}
        return super().render_change_form(request, context, *args, **kwargs)  # type: ignore[misc]


class _Refused(BaseModelForm):
    """A form that was opened too long ago, with the sentence that says so."""

    refusal: SafeString

    def clean(self) -> Any:
        cleaned = super().clean()
        self.add_error(None, ValidationError(self.refusal, code="changed"))
        return cleaned


def last_change(obj: Model) -> LogEntry | None:
    """The newest entry in the history of a row, on the page of its own class or of the class that it is a view of."""
    kinds = ContentType.objects.get_for_models(
        type(obj), obj._meta.concrete_model or type(obj), for_concrete_models=False
    )
    entries = LogEntry.objects.filter(content_type__in=kinds.values(), object_id=str(obj.pk))
    return entries.select_related("user").order_by("-action_time", "-pk").first()


def _columns(obj: Model) -> list[tuple[str, object]]:
    """The columns that a form may change, with their values."""
    return [(field.attname, field.value_from_object(obj)) for field in obj._meta.concrete_fields if field.editable]


def _key_to(model: type[Model], parent: type[Model]) -> str:
    """The name of the key by which rows of an inline belong to their page."""
    concrete = parent._meta.concrete_model
    return next(
        field.name
        for field in model._meta.concrete_fields
        if field.is_relation
        and field.related_model is not None
        and field.related_model._meta.concrete_model is concrete
    )
