"""Filters that a bookkeeper asks for on lists of documents."""

from __future__ import annotations

import re
from typing import Any

from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _
from unfold.contrib.filters.admin import DropdownFilter

from config.states import STATES
from integrations import standing
from integrations.models import PostingState


class PostingFilter(DropdownFilter):
    """Documents by where they stand on their way into the books."""

    title = _("posting")
    parameter_name = "posting"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, Any]]:
        words = STATES["posting"]
        rows = [(state.value, words[state.value].word) for state in PostingState if state is not PostingState.WAITING]
        return [("not_posted", _("Not posted")), (PostingState.WAITING.value, words["waiting"].word), *rows]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(self._condition(request))

    def _condition(self, request: HttpRequest) -> Q:
        """Found once for a request, which asks several times: some of these conditions cost queries."""
        wanted = str(self.value() or "")
        kept: dict[str, Q] = request.__dict__.setdefault("_posting_conditions", {})
        if wanted not in kept:
            kept[wanted] = _condition_of(wanted, chosen_entity(request))
        return kept[wanted]


def chosen_entity(request: HttpRequest) -> int | None:
    """The entity that a list is filtered by; None where it is not, or by something else than one key."""
    chosen = request.GET.getlist("entity__id__exact")
    return int(chosen[0]) if len(chosen) == 1 and re.fullmatch(r"[0-9]{1,18}", chosen[0]) else None


def _condition_of(wanted: str, entity: int | None) -> Q:
    if wanted == "not_posted":
        return standing.not_posted(entity)
    if wanted == PostingState.WAITING:
        return standing.waiting(entity)
    return standing.in_states(wanted) if wanted in PostingState.values else Q()
