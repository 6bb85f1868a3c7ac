"""Filters of the lists of companies and contacts. Each asks a fixed number of queries, whatever the number of rows."""

from __future__ import annotations

from typing import Any

from django.db import connection
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import DropdownFilter

from config.admin.lists import search_remarks
from config.countries import country_name
from integrations.segmenting import administration_choices, has_number

from ..models import Party, PartyKind, Segment, Tag
from ..segments import RulesBroken, condition, visible_to

# A menu longer than this is no longer read.
_MOST = 500


class SegmentFilter(DropdownFilter):
    """The rows that a segment holds. One that may not be seen, or cannot be read any more, holds none."""

    title = _("segment")
    parameter_name = "segment"

    def __init__(self, request: HttpRequest, params: dict[str, Any], model: type[Any], model_admin: Any) -> None:
        self.kind = PartyKind.PERSON if model._meta.model_name == "contact" else PartyKind.COMPANY
        super().__init__(request, params, model, model_admin)

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        rows = visible_to(request.user).filter(kind__in=("", self.kind)).order_by("name")
        return [(str(pk), name) for pk, name in rows.values_list("pk", "name")[:_MOST]]

    def has_output(self) -> bool:
        """Also without a choice: what the address asks for is never left out silently."""
        return bool(self.lookup_choices) or bool(self.value())

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(self._condition(request)) if self.value() else queryset

    def _condition(self, request: HttpRequest) -> Q:
        """Found once for a request, which asks several times."""
        kept: dict[str, Q] = request.__dict__.setdefault("_segment_conditions", {})
        wanted = str(self.value())
        if wanted not in kept:
            kept[wanted] = self._condition_of(request)
        return kept[wanted]

    def _condition_of(self, request: HttpRequest) -> Q:
        segment = chosen_segment(request)
        if segment is None:
            search_remarks(request).append(gettext("This segment does not exist any more, or is somebody else's."))
            return Q(pk__in=[])
        if segment.kind not in ("", self.kind):
            return Q(pk__in=[])
        try:
            return condition(segment.rules)
        except RulesBroken as broken:
            text = gettext("The rules of this segment cannot be used: %(why)s")
            search_remarks(request).append(text % {"why": broken})
            return Q(pk__in=[])


def chosen_segment(request: HttpRequest) -> Segment | None:
    """The segment that a list is filtered by, if the person may see it; one query for a request."""
    if not hasattr(request, "_chosen_segment"):
        wanted = request.GET.get("segment", "")
        is_key = wanted.isascii() and wanted.isdigit() and len(wanted) < 19
        found = visible_to(request.user).filter(pk=wanted).first() if is_key else None
        request._chosen_segment = found  # type: ignore[attr-defined]
    kept: Segment | None = request._chosen_segment  # type: ignore[attr-defined]
    return kept


class TagFilter(DropdownFilter):
    title = _("tag")
    parameter_name = "tags__id__exact"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(str(pk), name) for pk, name in Tag.objects.order_by("name").values_list("pk", "name")[:_MOST]]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        wanted = self.value()
        if not wanted:
            return queryset
        key = int(wanted) if wanted.isascii() and wanted.isdigit() and len(wanted) < 19 else 0
        return queryset.filter(pk__in=Party.tags.through._base_manager.filter(tag=key).values("party_id"))


class CountryFilter(DropdownFilter):
    """The countries that occur, found by leaping through their index rather than by reading every row."""

    title = _("country")
    parameter_name = "country"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        kind = PartyKind.PERSON if model_admin.model._meta.model_name == "contact" else PartyKind.COMPANY
        with connection.cursor() as cursor:
            cursor.execute(_COUNTRIES, {"kind": kind.value})
            codes = [row[0] for row in cursor.fetchall() if row[0]]
        return sorted(((code, country_name(code)) for code in codes), key=lambda choice: choice[1])

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        wanted = self.value()
        return queryset.filter(country=wanted[:2]) if wanted else queryset


_COUNTRIES = """
    WITH RECURSIVE used(code) AS (
        SELECT min(country) FROM crm_party WHERE kind = %(kind)s
        UNION ALL
        SELECT (SELECT min(country) FROM crm_party WHERE kind = %(kind)s AND country > used.code)
        FROM used WHERE used.code IS NOT NULL
    )
    SELECT code FROM used WHERE code IS NOT NULL
"""


class ExternalIdFilter(DropdownFilter):
    """Whether a party has a number in the tools, and in which administration."""

    title = _("external ID")
    parameter_name = "external_id"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        rows = administration_choices()
        there = [(f"in-{pk}", gettext("in %(administration)s") % {"administration": name}) for pk, name in rows]
        not_there = [
            (f"not-{pk}", gettext("not in %(administration)s") % {"administration": name}) for pk, name in rows
        ]
        return [("yes", _("yes, anywhere")), ("no", _("nowhere")), *there, *not_there]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        wanted = self.value()
        if not wanted:
            return queryset
        if wanted in ("yes", "no"):
            return queryset.filter(has_number() if wanted == "yes" else ~has_number())
        where, __, key = wanted.partition("-")
        if where not in ("in", "not") or not (key.isascii() and key.isdigit() and len(key) < 19):
            return queryset.none()
        return queryset.filter(has_number(int(key)) if where == "in" else ~has_number(int(key)))
