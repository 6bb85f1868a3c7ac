"""Searching documents by their customer, for the lists of other apps."""

from __future__ import annotations

from django.db.models import Q
from django.http import HttpRequest
from django.utils.translation import gettext as _

from config.admin.lists import search_remarks
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
