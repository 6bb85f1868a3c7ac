"""By what rows find parties: single facts, facts in their order, all of some, any of some. Source: S-064, rule 13.3."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

# The facts, and the columns that a file needs for each.
FACTS: dict[str, tuple[str, ...]] = {
    "external_id": ("external_id",),
    "vat_number": ("vat_number",),
    "enterprise_number": ("enterprise_number",),
    "email": ("email",),
    "name_postcode": ("name", "postcode"),
    "name": ("name",),
}
NAMES = ("name", "name_postcode")
ALL, ANY, FIRST = "all", "any", "first"


@dataclass(frozen=True, slots=True)
class Criterion:
    """`match`: all facts must fit, any of them may, or the first that finds somebody decides."""

    match: str
    facts: tuple[str, ...]

    @property
    def key(self) -> str:
        return f"{self.match}:{','.join(self.facts)}"

    def as_json(self) -> dict[str, Any]:
        return {"match": self.match, "fields": list(self.facts)}


def from_json(stored: Mapping[str, Any]) -> Criterion | None:
    """The criterion that a batch holds; None where it holds none, or one that no program of ours wrote."""
    facts = tuple(fact for fact in stored.get("fields", []) if fact in FACTS)
    match = stored.get("match")
    return Criterion(match, facts) if facts and match in (ALL, ANY, FIRST) else None


def facts_of(fields: Collection[str]) -> list[str]:
    """The facts that the columns of a file can tell; a contact's two names make its name."""
    known = set(fields)
    if known & {"first_name", "last_name"}:
        known.add("name")
    return [fact for fact, needed in FACTS.items() if known.issuperset(needed)]


def offered(fields: Collection[str], own: Criterion | None = None) -> list[Criterion]:
    """The criteria that are counted side by side, the surest first; `own` is one that a person put together."""
    facts = facts_of(fields)
    chain = tuple(fact for fact in ("external_id", "vat_number", "enterprise_number", "name_postcode") if fact in facts)
    found = [Criterion(FIRST, chain)] if len(chain) > 1 else []
    for second in ("name_postcode", "name"):
        if "vat_number" in facts and second in facts:
            found.append(Criterion(FIRST, ("vat_number", second)))
    found += [Criterion(ALL, (fact,)) for fact in facts]
    unique = list({_meaning(one): one for one in reversed(found)}.values())[::-1]
    if own is not None and _meaning(own) not in {_meaning(one) for one in unique}:
        unique.append(own)
    return unique


def proposed(criteria: Sequence[Criterion]) -> Criterion | None:
    """What a page begins with: the first one, which looks by the surest facts first."""
    return criteria[0] if criteria else None


def _meaning(criterion: Criterion) -> tuple[str, tuple[str, ...]]:
    return (criterion.match if len(criterion.facts) > 1 else ALL, criterion.facts)


def fact_words(fact: str) -> str:
    return {
        "external_id": _("External ID"),
        "vat_number": _("VAT number"),
        "enterprise_number": _("Enterprise number"),
        "email": _("E-mail"),
        "name": _("Name"),
        "name_postcode": _("Name and postcode"),
        "person": _("You"),
    }.get(fact, fact)


def criterion_words(criterion: Criterion) -> str:
    """ "VAT number, else name and postcode"."""
    words = [fact_words(fact) for fact in criterion.facts]
    if len(words) > 1:
        words = [words[0], *(word[:1].lower() + word[1:] if not word[:2].isupper() else word for word in words[1:])]
    if criterion.match == FIRST:
        return _(", else ").join(words)
    if criterion.match == ANY:
        return _(" or ").join(words)
    return _(" and ").join(words)
