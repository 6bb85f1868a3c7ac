"""Searching parties in their lists, and documents by their customer, for the lists of other apps."""

from __future__ import annotations

from typing import Any

from django.core.paginator import Page
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.functional import cached_property
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from config.admin.lists import BoundedPaginator, collected, search_remarks, whole
from config.figures import number

from ..search import MATCH_BOUND, matching_party_ids


def customer_condition(request: HttpRequest, term: str, path: str) -> Q | None:
    """The condition that the party at `path` fits the term; None when no party does.

    Where more parties fit than are looked up, the list says so.
    """
    ids = matching_party_ids(term)
    if len(ids) > MATCH_BOUND:
        text = _(
            "More than %(number)s customers fit “%(term)s”; these are documents of the first %(number)s. "
            "Type more of the name."
        )
        search_remarks(request).append(text % {"number": number(MATCH_BOUND), "term": term})
    return Q(**{f"{path}__in": ids[:MATCH_BOUND]}) if ids else None


class SearchedPaginator(BoundedPaginator):
    """For a list that is searched. A term that fits many more parties than a person reads says too little: then some

    of them are shown, in the order of the list, rather than all of them put in order.
    """

    bound = 1_000
    cut_words = gettext_lazy("More than %(number)s fit; these are some of them. Type more of the name or the number.")

    def page(self, number: Any) -> Page[Any]:
        rows: Any = self.object_list
        if not self.is_cut or not isinstance(rows, QuerySet):
            return super().page(number)
        number = self.validate_number(number)
        some = rows.order_by().values("pk")[: self.bound]
        chosen: Any = rows.model._default_manager.filter(pk__in=some).order_by(*rows.query.order_by)
        keys = list(chosen.values_list("pk", flat=True)[(number - 1) * self.per_page : number * self.per_page])
        return Page(whole(rows, keys), number, self)


class SegmentPaginator(BoundedPaginator):
    """For a list of those who fit a segment. What its rules ask for is asked once, for the number and for the page."""

    @cached_property
    def _keys(self) -> list[Any]:
        rows: Any = self.object_list
        return list(rows.order_by().values_list("pk", flat=True)[: self.bound + 1])

    @property
    def _found(self) -> int:
        return len(self._keys) if isinstance(self.object_list, QuerySet) else len(self.object_list)

    def page(self, number: Any) -> Page[Any]:
        rows: Any = self.object_list
        if self.is_cut or not isinstance(rows, QuerySet) or not self._keys:
            return super().page(number)
        number = self.validate_number(number)
        bottom = (number - 1) * self.per_page
        found = collected(rows.model._default_manager.filter(pk__in=self._keys).order_by(*rows.query.order_by))
        keys = list(found.values_list("pk", flat=True)[bottom : bottom + self.per_page])
        return Page(whole(rows, keys), number, self)
