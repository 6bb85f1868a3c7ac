"""Finding parties by what a person types: a name in any spelling, or the beginning of a number."""

from __future__ import annotations

from django.db.models import F, Q, Value
from django.db.models.functions import Coalesce
from django.db.models.lookups import Contains

from .models import Party
from .models.party import PartyQuerySet
from .names import name_key
from .numbers import normalise_enterprise_number, normalise_vat_number

# More companies than this for one term: the term says too little to look their documents up.
MATCH_BOUND = 500


def party_condition(term: str) -> Q | None:
    """Return the condition for one typed term; None when nothing of it can be searched for.

    Names by their comparison key, so case and accents do not matter. Numbers and e-mail addresses by their
    beginning, which their indexes serve; a Belgian number is found with and without its prefix.
    """
    condition = Q()
    key = name_key(term)
    if key:
        condition |= _name_condition(key)
    compact = normalise_enterprise_number(term)
    if any(c.isdigit() for c in compact):
        condition |= Q(enterprise_number__startswith=compact)
        for country in ("", "BE", "NL"):
            condition |= Q(vat_number__startswith=normalise_vat_number(term, country))
    if "@" in term:
        condition |= Q(email__istartswith=term.strip())
    return condition if condition.children else None


def _name_condition(key: str) -> Q:
    """That a name holds `key`. Of a long one two words are looked up, and the whole is compared then: the index looks up

    every three letters, and those of short words are in a great many names. Words with digits are the rarest.
    """
    words = key.split()
    if len(words) < 3:
        return Q(name_key__contains=key)
    rarest = sorted(words, key=lambda word: (len(word) > 2 and any(c.isdigit() for c in word), len(word)), reverse=True)
    whole = Contains(Coalesce(F("name_key"), Value("")), key)
    return Q(*(Q(name_key__contains=word) for word in rarest[:2]), whole)


def find_parties(term: str) -> PartyQuerySet:
    """Return the live parties that fit the term; none for a term without letters or digits."""
    condition = party_condition(term)
    live = Party.objects.live()
    return live.filter(condition) if condition is not None else live.none()


def matching_party_ids(term: str) -> list[int]:
    """Return the ids of the parties that fit the term, at most one more than `MATCH_BOUND`: that one tells of others.

    The first of two steps when searching documents by customer: a condition across the join cannot use any
    index, a list of ids can.
    """
    return list(find_parties(term).order_by("pk").values_list("pk", flat=True)[: MATCH_BOUND + 1])
