"""Who may exist already: asked while a new customer is typed, and by the page that merges."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import NamedTuple

from django.utils.translation import gettext as _

from .. import numbers
from ..models import Party, PartyKind
from ..names import name_key, postcode_key
from .names import ALIKE, LEGAL_FORMS, SMALL_WORDS, likeness, words_of
from .nearness import near_condition
from .reasons import Reason

# Of the rows that begin alike; more than that, and the name says too little yet.
_MOST = 400
_LEAST_LETTERS = 4


@dataclass(frozen=True, slots=True)
class Likely:
    """A party that what was typed may stand for. `reason`: a key of `Reason`; `words` say it. `score`: 0 to 100."""

    party: Party
    reason: str
    words: str
    score: int


@dataclass(frozen=True, slots=True)
class _Typed:
    name_key: str
    vat_number: str = ""
    enterprise_number: str = ""
    words: tuple[str, ...] = field(default=())


def likely(
    *,
    name: str,
    postcode: str = "",
    vat_number: str = "",
    email: str = "",
    exclude: int | None = None,
    limit: int = 5,
    kind: str = PartyKind.COMPANY,
) -> list[Likely]:
    """Return the live parties of `kind` that these values may belong to, the likeliest first. Two queries, one if nobody.

    `exclude`: the id of the party that the values are of. A name that is not finished finds those that begin so.
    """
    vat = _vat(vat_number)
    key = name_key(name)
    typed = _Typed(key if _says_something(key) else "", vat, numbers.enterprise_number_of(vat), words_of(key))
    near = Party.objects.filter(near_condition(typed, kind)).exclude(pk=exclude or 0).order_by()
    place = postcode_key(postcode)
    found = []
    for row in map(_Near._make, near.values_list(*_Near._fields)[:_MOST]):
        if (hint := _hint(row, typed, place, email.strip().casefold())) is not None:
            found.append((-hint[2], row.name, row.pk, *hint[:2]))
    best = sorted(found)[:limit]
    parties = Party.objects.in_bulk([pk for _score, _name, pk, *_said in best]) if best else {}
    return [Likely(parties[pk], reason, words, -score) for score, _name, pk, reason, words in best if pk in parties]


class _Near(NamedTuple):
    """What is compared of a party."""

    pk: int
    name: str
    name_key: str
    vat_number: str
    enterprise_number: str
    email: str
    postcode: str


def _says_something(key: str) -> bool:
    """Whether a name is longer than its small words: thousands begin with "Van den"."""
    return len(key) >= _LEAST_LETTERS and not (SMALL_WORDS | LEGAL_FORMS).issuperset(words_of(key))


def _vat(typed: str) -> str:
    """The VAT number that was typed; without a country the Belgian or Dutch one that it can be."""
    number = numbers.normalise_vat_number(typed)
    if not number[:1].isdigit():
        return number
    tried = (numbers.normalise_vat_number(typed, country) for country in ("BE", "NL"))
    return next((found for found in tried if numbers.is_valid_vat_number(found)), number)


def _hint(party: _Near, typed: _Typed, place: str, email: str) -> tuple[str, str, int] | None:
    """Reason, words and score."""
    vat = typed.vat_number
    if vat and party.vat_number and party.vat_number == vat:
        return (Reason.VAT, str(Reason.VAT.label), 100)
    if typed.enterprise_number and party.enterprise_number == typed.enterprise_number:
        return (Reason.ENTERPRISE, str(Reason.ENTERPRISE.label), 98)
    if not typed.name_key:
        return None
    words = words_of(party.name_key)
    score = likeness(typed.words, words).score
    if score < ALIKE and _is_beginning(typed.words, words):
        score = ALIKE
    if score < ALIKE:
        return None
    if email and party.email.casefold() == email:
        return (Reason.EMAIL, str(Reason.EMAIL.label), 96)
    if place and postcode_key(party.postcode) == place:
        return (Reason.NAME_POSTCODE, str(Reason.NAME_POSTCODE.label), min(score, 95))
    said = _("Same name") if score == 100 else _("Name alike")
    # Another postcode than the one typed: perhaps a namesake.
    return (Reason.NAME_ONLY, said, score - (25 if place and party.postcode else 10))


def _is_beginning(typed: tuple[str, ...], words: tuple[str, ...]) -> bool:
    """Whether the words so far, of which the last may be half, are among the words of a name."""
    if not typed or sum(map(len, typed)) < _LEAST_LETTERS:
        return False
    *whole, last = typed
    return all(word in words for word in whole) and any(word.startswith(last) for word in words if word not in whole)
