"""How two parties compare: what agrees, what contradicts, and whether that is more than chance brings about. Pure.

The weights are powers of two, as in the linkage of records of Fellegi and Sunter (1969): how much likelier an agreement is
between two records of one party than between records of two. A name weighs by how rare its words are in the list: of a
common one there are others in every town by chance, of a coined one there are none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from math import log2
from typing import NamedTuple

from rapidfuzz.distance import OSA
from rapidfuzz.fuzz import ratio

from .. import numbers
from . import identifiers
from .branches import Branches
from .names import ALIKE, TELLING_WORDS, Likeness, likeness
from .places import town_words
from .reasons import STRENGTH, Reason
from .rows import Entry

# Pairs of this weight are offered; where one has no address, and only the name agrees, of that one.
_ENOUGH, _ENOUGH_WITHOUT_PLACE = 2.0, 3.0
_SAME_STREET, _OTHER_STREET = 9.0, -7.0
_OTHER_AREA, _APART = -8.0, -4.0
_SAME_PHONE, _OTHER_PHONE = 14.0, -5.0
_SAME_EMAIL, _SAME_DOMAIN, _OTHER_DOMAIN = 14.0, 12.0, -6.0
_SAME_IBAN, _OTHER_IBAN = 15.0, -2.0
_MISTYPED_VAT = 12.0
# A name with a slip has more namesakes by chance than one to the letter; one that is hardly alike has many.
_SLIP, _HARDLY = -3.0, -8.0
# A name is never so rare that nobody else has it: people take over names, and name a second company like the first.
_RAREST = 10.0
# A list is taken to have at least this size: of few names nothing can be said about how rare they are.
_LEAST_LIST = 20_000
# What two names that are alike reach, letter by letter, unless one holds all words of the other; the rest is not looked at.
_LEAST_RATIO, _LEAST_RATIO_GLUED = 75, 85
# In one house names may differ more, and with one telephone as well if most letters agree.
_HARDLY_ALIKE, _MOST_LETTERS = 65, 88
_UNLIKE, _SAME_WORDS, _SAME_LETTERS = Likeness(0), Likeness(100), Likeness(99)


class FoundPair(NamedTuple):
    """Two parties, the smaller id first. `reasons`: keys of `Reason`, the strongest first. `score`: 0 to 100."""

    first: int
    second: int
    kind: str
    reasons: tuple[str, ...]
    score: int
    certain: bool


class Judge:
    """Compares the parties of one list and kind. `linked`: ids, in their order, of those that share an external ID."""

    def __init__(
        self, kind: str, entries: Sequence[Entry], branches: Branches, linked: Collection[tuple[int, int]] = ()
    ) -> None:
        self._kind = kind
        self._linked = linked
        self._number = len(entries)
        self._size = max(len(entries), _LEAST_LIST)
        self._uses = Counter(word for entry in entries for word in entry.words)
        self._areas = Counter(entry.area for entry in entries)
        self._cities = Counter(entry.city for entry in entries)
        self._branches = branches

    def pair(self, a: Entry, b: Entry, *, by_number: bool = False) -> FoundPair | None:
        """The pair of two that may be one, the smaller id first; None of two that are not, as far as can be seen.

        `by_number`: an equal number is enough; else names have to be alike, too.
        """
        linked = bool(self._linked) and (a.id, b.id) in self._linked
        same_vat = bool(a.vat) and a.vat == b.vat
        same_enterprise = bool(a.enterprise) and a.enterprise == b.enterprise
        if not by_number and not _may_be_alike(a, b):
            return None
        contradicted = identifiers.differ(a, b)
        if contradicted and not by_number:
            return None
        apart = are_apart(a, b)
        if apart and not linked and self._branches.are_two(a, b):
            return None
        reasons, weight = self._evidence(a, b, apart=apart)
        alike = _likeness(a, b, apart=apart and not reasons)
        if not by_number and not self._is_enough(a, b, alike, reasons, weight, apart=apart):
            return None
        if alike.score < ALIKE and by_number:
            # The number is the reason; the name is none.
            reasons -= {Reason.PHONE, Reason.EMAIL_DOMAIN}
        elif not apart:
            reasons |= _by_place(a, b)
        reasons |= {
            reason
            for reason, holds in (
                (Reason.VAT, same_vat), (Reason.ENTERPRISE, same_enterprise), (Reason.EXTERNAL_ID, linked)
            )
            if holds
        }  # fmt: skip
        return self._found(a, b, alike, reasons, contradicted=contradicted, apart=apart)

    # --- What agrees ---

    def _evidence(self, a: Entry, b: Entry, *, apart: bool) -> tuple[set[str], float]:
        """How to reach them: what agrees, and the weight of that and of what does not."""
        reasons: set[str] = set()
        weight = 0.0
        if a.iban and b.iban:
            if a.iban != b.iban:
                weight += _OTHER_IBAN
            elif numbers.is_valid_iban(a.iban):
                reasons.add(Reason.IBAN)
                weight += _SAME_IBAN
        if a.phone and b.phone:
            if a.phone != b.phone:
                weight += _OTHER_PHONE
            elif not (apart and self._branches.share_phone(a)):
                reasons.add(Reason.PHONE)
                weight += _SAME_PHONE
        if a.email and b.email:
            weight += self._by_email(a, b, reasons, apart=apart)
        if identifiers.is_mistyped(a, b):
            reasons.add(Reason.VAT_ALIKE)
            weight += _MISTYPED_VAT
        return reasons, weight

    def _by_email(self, a: Entry, b: Entry, reasons: set[str], *, apart: bool) -> float:
        mine, yours = a.domain, b.domain
        if mine and mine == yours and self._branches.share_domain(a):
            # Of a chain's domain are many shops; one address may be the head office's.
            return 0.0
        if a.email == b.email:
            reasons.add(Reason.EMAIL)
            if mine:
                reasons.add(Reason.EMAIL_DOMAIN)
            return _SAME_EMAIL
        if not mine or not yours:
            return 0.0
        if mine != yours:
            return _OTHER_DOMAIN
        reasons.add(Reason.EMAIL_DOMAIN)
        return _SAME_DOMAIN

    def _is_enough(self, a: Entry, b: Entry, alike: Likeness, reasons: set[str], weight: float, *, apart: bool) -> bool:
        streets = None if apart else are_in_one_street(a, b)
        if apart and not reasons:
            return False
        if alike.subset and alike.more >= 4:
            # A word more is often another company of the same people.
            return False
        if alike.score >= ALIKE or alike.subset:
            weight += 0.0 if alike.score >= 99 else _SLIP
        elif streets or reasons:
            if alike.score < _HARDLY_ALIKE and not _have_most_letters(a, b, reached=bool(reasons)):
                return False
            weight += _HARDLY
        else:
            return False
        size = self._number
        if a.area and a.area == b.area:
            size = self._areas[a.area]
        elif a.city and a.city == b.city:
            size = self._cities[a.city]
            weight += _OTHER_AREA if a.area and b.area else 0.0
        elif apart:
            weight += _APART
        elif not reasons:
            # One of the two has no address: then nothing may speak against it.
            by_chance = self._namesakes(a, b, size)
            return alike.score >= 99 and weight >= 0 and self._kind != "person" and -by_chance >= _ENOUGH_WITHOUT_PLACE
        if streets is not None:
            weight += _SAME_STREET if streets else _OTHER_STREET
            if self._kind == "person" and not streets and not reasons:
                return False
        return weight - self._namesakes(a, b, size) >= _ENOUGH

    def _namesakes(self, a: Entry, b: Entry, size: int) -> float:
        """How many of `size` others bear the commoner of the two names by chance, as a power of two."""
        return max(log2(size) + max(self._commonness(a), self._commonness(b)), -_RAREST)

    def _commonness(self, entry: Entry) -> float:
        # The two themselves do not make their name common.
        return sum(log2(max(self._uses[word] - 2, 0.1) / self._size) for word in entry.words)

    # --- What comes of it ---

    def _found(
        self, a: Entry, b: Entry, alike: Likeness, reasons: set[str], *, contradicted: bool, apart: bool
    ) -> FoundPair:
        proven = identifiers.is_proven(a, b)
        streets = are_in_one_street(a, b)
        other_area = bool(a.area and b.area) and a.area != b.area
        # Branches have one number and one name, too; and one that moved may be either.
        moved = (
            apart or other_area or streets is False or self._branches.have_number(a) or self._branches.have_number(b)
        )
        certain = proven and not contradicted and alike.score >= ALIKE and not alike.subset and not moved
        if reasons & {Reason.VAT, Reason.ENTERPRISE}:
            score = (97 if proven else 85) if alike.score >= ALIKE else (60 if apart else 80)
            score -= (10 if apart else 0) + (20 if contradicted else 0)
        elif Reason.EXTERNAL_ID in reasons:
            score = (90 if alike.score >= ALIKE else 70) - (20 if contradicted else 0)
        else:
            score = min(max(alike.score, 60), 94)
            if reasons <= {Reason.NAME_CITY, Reason.NAME_ONLY, Reason.PHONE, Reason.EMAIL_DOMAIN}:
                score -= 6
            if streets is False:
                score -= 6
        score += 2 * (len(reasons) - 1)
        ordered = tuple(sorted((str(reason) for reason in reasons), key=STRENGTH.__getitem__))
        top = 100 if certain else 96
        return FoundPair(a.id, b.id, self._kind, ordered, max(min(score, top), 1), certain)


def are_apart(a: Entry, b: Entry) -> bool:
    """Whether both have an address and they lie in different towns."""
    if a.area and a.area == b.area:
        return False
    if a.city and b.city:
        return a.city != b.city
    return bool(a.area and b.area)


def are_in_one_street(a: Entry, b: Entry) -> bool | None:
    """Whether street and house number are the same; None where one of them has none."""
    return a.street == b.street if a.street and b.street else None


def _by_place(a: Entry, b: Entry) -> set[str]:
    if a.area and a.area == b.area:
        return {Reason.NAME_POSTCODE}
    if a.city and a.city == b.city:
        return {Reason.NAME_CITY}
    return {Reason.NAME_ONLY}


def _may_be_alike(a: Entry, b: Entry) -> bool:
    """Whether names are near enough to be looked at: by their letters, a word more, a blank less, or an initial."""
    if ratio(a.sorted, b.sorted, score_cutoff=_LEAST_RATIO) or ratio(a.glued, b.glued, score_cutoff=_LEAST_RATIO_GLUED):
        return True
    one, other = a.words, b.words
    if len(one) == len(other):
        return min(map(len, (*one, *other))) == 1
    short, long = (one, other) if len(one) < len(other) else (other, one)
    if set(long).issuperset(short):
        return True
    return OSA.distance("".join(one), "".join(other), score_cutoff=1) <= 1


def _likeness(a: Entry, b: Entry, *, apart: bool) -> Likeness:
    if a.sorted == b.sorted:
        return _SAME_WORDS
    if a.glued == b.glued:
        return _SAME_LETTERS
    found = likeness(a.words, b.words)
    if apart or found.score == 100 or (found.score >= ALIKE and not found.subset):
        return found
    # The town, as both write it, says nothing there.
    return likeness(a.words, b.words, also_small=town_words(a.city) | town_words(b.city))


def _have_most_letters(a: Entry, b: Entry, *, reached: bool) -> bool:
    one, other = a.glued, b.glued
    if not one.isalpha() or not other.isalpha() or not TELLING_WORDS.isdisjoint({*a.words} ^ {*b.words}):
        return False
    if reached and ratio(a.sorted, b.sorted, score_cutoff=_MOST_LETTERS):
        return True
    return min(len(one), len(other)) > 9 and OSA.distance(one, other, score_cutoff=2) <= 2
