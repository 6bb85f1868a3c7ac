"""Filters that a bookkeeper asks for on lists of documents."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet
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
        wanted = self.value()
        if wanted == "not_posted":
            return queryset.filter(standing.not_posted())
        if wanted == PostingState.WAITING:
            return queryset.filter(standing.waiting())
        if wanted in PostingState.values:
            return queryset.filter(standing.in_states(str(wanted)))
        return queryset
