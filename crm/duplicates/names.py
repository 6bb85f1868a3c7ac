"""Names as they are compared for likeness: legal forms, word order, small words and slips of the keyboard aside. Pure.

Only for suggestions: that two names are alike never proves that two parties are one. Source: domain rules 13.3.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from sys import intern

from rapidfuzz.distance import OSA

# As `crm.names.name_key` leaves them; "b.v." arrives as single letters, which are read as one word first.
_FORMS = (
    "bv bvba bvbaso ebvba nv cv cva cvba cvoa cvohoa vof vzw ivzw gcv commv maatschap stichting eenmanszaak coop ua "
    "sa sas sasu srl sprl sprlu scrl scri scs snc sci sarl eurl asbl aisbl scop sc scris gie selarl "
    "gmbh ag kg kgaa ohg gbr ug ev mbh se sce lp llp llc ltd limited plc inc corp co"
)
LEGAL_FORMS = frozenset(_FORMS.split())
# Forms of more than one word, as words.
_LONG_FORMS = (
    ("besloten", "vennootschap"), ("naamloze", "vennootschap"), ("vennootschap", "onder", "firma"), ("comm", "v"),
    ("comm", "va"), ("gewone", "commanditaire", "vennootschap"), ("commanditaire", "vennootschap"),
    ("societe", "anonyme"), ("societe", "a", "responsabilite", "limitee"), ("cooperatieve", "vennootschap"),
    ("gmbh", "co", "kg"), ("i", "o"), ("in", "oprichting"),
)  # fmt: skip
# What two spellings of one name leave out or put in: "Peeters & Zonen", "Peeters en Zonen"; "De Kraan", "Kraan".
_SMALL = "en et and und de het t den der la le les the l d van firma fa"
SMALL_WORDS = frozenset(_SMALL.split())
# Two spellings of one word.
_SAME_WORD = {
    "st": "sint", "saint": "sint", "ste": "sint", "sainte": "sint", "gebr": "gebroeders", "gebrs": "gebroeders",
    "zn": "zonen", "zoon": "zonen", "freres": "frere", "cie": "compagnie", "intl": "international",
    "internationaal": "international", "ets": "etablissements", "etablissement": "etablissements",
    "mr": "", "mevr": "", "mw": "", "dhr": "", "mme": "", "mlle": "",
}  # fmt: skip
_LONG_FORMS_BEGIN = frozenset(form[0] for form in _LONG_FORMS)
# What is read for a word; nothing for one that does not count.
_READ = {**dict.fromkeys(LEGAL_FORMS | SMALL_WORDS, ""), **_SAME_WORD}
# One more of these makes it another company of the same people.
_TELLING = (
    "holding invest investments investment group groep groupe management vastgoed immo immobilien immobilier real "
    "estate finance patrimonium patrimoine logistics logistiek transport services service consulting consultancy "
    "trading international belgium belgie belgique nederland netherlands luxembourg france deutschland europe benelux "
    "noord zuid oost west nord sud est ouest junior senior jr sr zonen fils frere gebroeders verhuur rent rental "
    "projects projecten development engineering solutions retail food events advocaten notaris"
)
TELLING_WORDS = frozenset(_TELLING.split())
# Written apart these are small words; written on, they begin a family name: "De Smet", "Desmet".
_GLUED = ("van", "vande", "vanden", "vander", "de", "den", "der", "du", "la", "le")
_GLUED_FORM = re.compile(r"(?:bvba|nv|bv|vof|vzw|sprl|srl|sa|sarl|asbl|cvba|cv|gmbh)")
# Two names below this are not alike.
ALIKE = 80
# Legal forms that are long enough to be known again with a slip.
_LONG_ENOUGH = "bvba ebvba cvba vzw ivzw vof commv stichting sprl srl scrl sarl eurl asbl aisbl snc sasu selarl gmbh"
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def _with_a_slip(word: str) -> set[str]:
    """A word with two letters swapped or one too many, and of a longer one with one too few or another one."""
    halves = [(word[:place], word[place:]) for place in range(len(word) + 1)]
    swapped = {f"{a}{b[1]}{b[0]}{b[2:]}" for a, b in halves if len(b) > 1}
    more = {f"{a}{letter}{b}" for a, b in halves for letter in _LETTERS}
    less = {a + b[1:] for a, b in halves if b and len(word) > 3}
    other = {f"{a}{letter}{b[1:]}" for a, b in halves for letter in _LETTERS if b and len(word) > 7}
    return swapped | more | less | other


def _doubled(word: str) -> set[str]:
    return {word[: place + 1] + word[place:] for place in range(len(word))}


# What a slip leaves of a legal form or a small word: "vvzw", "sticthing", "vann".
_SLIPPED = (
    (
        {slipped for form in _LONG_ENOUGH.split() for slipped in _with_a_slip(form)}
        | {slipped for word in LEGAL_FORMS | SMALL_WORDS if len(word) > 1 for slipped in _doubled(word)}
    )
    - LEGAL_FORMS
    - SMALL_WORDS
)


def words_of(name_key: str) -> tuple[str, ...]:
    """Return the words of a name as they count for likeness, in their order; from `crm.names.name_key` of it.

    A name that is nothing but a legal form or small words keeps them.
    """
    parts = name_key.split()
    if parts and min(map(len, parts)) == 1:
        parts = _letters_joined(parts)
    told = parts if _LONG_FORMS_BEGIN.isdisjoint(parts) else _without_long_forms(parts)
    return tuple([intern(word) for part in told if (word := _READ.get(part, part))] or parts)


def _letters_joined(parts: list[str]) -> list[str]:
    """Read "b v" and "s a r l" as the words they abbreviate: "bv", "sarl"; a legal form among them apart."""
    out: list[str] = []
    run: list[str] = []
    for part in [*parts, ""]:
        if len(part) == 1 and not part.isdigit():
            run.append(part)
            continue
        if run:
            out += _read_letters("".join(run))
            run = []
        if part:
            out.append(part)
    return out


def _read_letters(letters: str) -> list[str]:
    if len(letters) == 1 or letters in LEGAL_FORMS:
        return [letters]
    for size in (5, 4, 3, 2):
        rest, form = letters[:-size], letters[-size:]
        if rest and _GLUED_FORM.fullmatch(form):
            return [rest, form]
    for size in (5, 4, 3, 2):
        form, rest = letters[:size], letters[size:]
        if rest and _GLUED_FORM.fullmatch(form):
            return [form, rest]
    return [letters]


def _without_long_forms(parts: list[str]) -> list[str]:
    for form in _LONG_FORMS:
        if form[0] in parts:
            size = len(form)
            for start in range(len(parts) - size, -1, -1):
                if tuple(parts[start : start + size]) == form:
                    parts = parts[:start] + parts[start + size :]
    return parts


@dataclass(frozen=True, slots=True)
class Likeness:
    """How alike two names are: 0 to 100. `subset`: one is the other and more words, of `more` letters."""

    score: int
    subset: bool = False
    more: int = 0


_NONE, _SAME, _FORM_WITH_A_SLIP = Likeness(0), Likeness(100), Likeness(95)


def likeness(one: tuple[str, ...], other: tuple[str, ...], *, also_small: Iterable[str] = ()) -> Likeness:
    """Compare the words of two names; the order of the words and of the names does not matter.

    `also_small`: words that say nothing where the two are, such as the name of their town.
    """
    if one == other:
        return _SAME
    rest_one, rest_other = _apart(one, other)
    if also_small:
        small = set(also_small)
        # A name that is the town's keeps it.
        if len(rest_one) < len(one):
            rest_one = [word for word in rest_one if not _is_one_of(word, small)]
        if len(rest_other) < len(other):
            rest_other = [word for word in rest_other if not _is_one_of(word, small)]
    if not rest_one and not rest_other:
        return _SAME
    if (
        len(rest_one) < len(one)
        and len(rest_other) < len(other)
        and all(map(_SLIPPED.__contains__, [*rest_one, *rest_other]))
    ):
        return _FORM_WITH_A_SLIP
    if not rest_one or not rest_other:
        return _with_words_more(one, other, rest_one or rest_other)
    return _with_slips(one, other, rest_one, rest_other)


def _is_one_of(word: str, small: set[str]) -> bool:
    """Whether a word is one of these, or of the longer ones with a slip."""
    return word in small or (
        len(word) > 4 and any(len(s) > 4 and OSA.distance(word, s, score_cutoff=1) <= 1 for s in small)
    )


def _apart(one: tuple[str, ...], other: tuple[str, ...]) -> tuple[list[str], list[str]]:
    """The words of each that the other does not have."""
    rest_other = list(other)
    rest_one = []
    for word in one:
        if word in rest_other:
            rest_other.remove(word)
        else:
            rest_one.append(word)
    return rest_one, rest_other


def _with_words_more(one: tuple[str, ...], other: tuple[str, ...], more: list[str]) -> Likeness:
    shorter = min(sum(map(len, one)), sum(map(len, other)))
    added = sum(map(len, more))
    if added < 4 and not any(c.isdigit() for word in more for c in word):
        # Often what is left of a legal form that was written wrong.
        return Likeness(ALIKE - 10, True, added)
    if TELLING_WORDS.intersection(more) or any(_tells_apart(word) for word in more):
        return _NONE
    fewest = min(len(one), len(other))
    if fewest < 2 and shorter < 6:
        return _NONE
    score = round(100 * shorter / (shorter + added))
    # One word is often a family name: a trade beside it makes another company of it.
    return Likeness(
        max(min(score, 90), ALIKE) if fewest >= 2 and shorter >= 10 and len(more) == 1 else score, True, added
    )


def _with_slips(one: tuple[str, ...], other: tuple[str, ...], rest_one: list[str], rest_other: list[str]) -> Likeness:
    """Names that differ by slips of the keyboard, by a blank, or by an initial in place of a first name."""
    if any(map(_tells_apart, rest_one)) or any(map(_tells_apart, rest_other)):
        return _initials(one, other, rest_one, rest_other)
    if TELLING_WORDS.intersection(rest_one) and TELLING_WORDS.intersection(rest_other):
        return _NONE
    if len(rest_one) == len(rest_other) > 1:
        rest_one, rest_other = _aligned(rest_one, rest_other)
        distance = 0
        for a, b in zip(rest_one, rest_other, strict=True):
            slips = _slips(a, b)
            if slips is None:
                break
            distance += slips
        else:
            return _scored(one, other, distance)
    a, b = "".join(rest_one), "".join(rest_other)
    # Where the rest of the name agrees, a word may have a slip more.
    spare = 1 if len(rest_one) < len(one) and sum(map(len, one)) - len(a) >= 8 and min(len(a), len(b)) > 4 else 0
    slips = _slips(a, b, spare=spare) if len(rest_one) == len(rest_other) else _slips(a, b, most=1)
    if slips is None and len(rest_one) != len(rest_other) and sorted(a) == sorted(b):
        slips = 1
    return _NONE if slips is None else _scored(one, other, slips)


def _aligned(rest_one: list[str], rest_other: list[str]) -> tuple[list[str], list[str]]:
    """The words of both beside what they are most like."""
    left = list(rest_other)
    found = []
    for word in rest_one:
        best = min(left, key=lambda candidate: (OSA.distance(word, candidate), candidate))
        left.remove(best)
        found.append(best)
    return rest_one, found


def _slips(one: str, other: str, most: int = 3, spare: int = 0) -> int | None:
    """How many slips lie between two words; None for more than a word of that length bears."""
    short, long = sorted((one, other), key=len)
    if len(short) > 3 and long.endswith(short) and long.removesuffix(short) in _GLUED:
        return 0
    shorter = min(len(one), len(other))
    if one[0] != other[0]:
        most, spare = min(most, 1), 0
    allowed = min(most, (0 if shorter < 3 else 1 if shorter < 8 else 2 if shorter < 14 else 3) + spare)
    distance: int = OSA.distance(one, other, score_cutoff=allowed)
    return distance if distance <= allowed else None


def _scored(one: tuple[str, ...], other: tuple[str, ...], distance: int) -> Likeness:
    letters = max(sum(map(len, one)), sum(map(len, other)))
    # Counted, as a name may hold a word twice.
    mine, theirs = Counter(one), Counter(other)
    if distance and min(map(len, (mine - theirs) + (theirs - mine)), default=4) < 4:
        # A letter more or less in so short a word is often another word; the address has to say more.
        return Likeness(min(round(100 * (1 - distance / letters)), ALIKE - 5))
    # A blank more or less is no difference of letters.
    return Likeness(99 if not distance else max(round(100 * (1 - distance / letters)), 0))


def _initials(one: tuple[str, ...], other: tuple[str, ...], rest_one: list[str], rest_other: list[str]) -> Likeness:
    """ "J. Peeters" and "Jan Peeters"."""
    if len(rest_one) != 1 or len(rest_other) != 1 or len(one) < 2 or len(other) < 2:
        return _NONE
    short, long = sorted((rest_one[0], rest_other[0]), key=len)
    fits = len(short) == 1 < len(long) and short.isalpha() and long.startswith(short)
    return Likeness(82) if fits and sum(map(len, one)) >= 6 else _NONE


def _tells_apart(word: str) -> bool:
    """Whether a word is another one by a single sign: a number, a letter."""
    return len(word) == 1 or any(c.isdigit() for c in word)
