"""Rules as they are stored, checked against the fields, and turned into one condition on parties."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from functools import reduce
from operator import and_, or_
from typing import Any

from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from config import figures

from . import fields
from .fields import Field, Operator

MATCHES = ("all", "any")
MOST_RULES = 20
_MOST_TEXT = 200
_MOST_NUMBER = 3650


@dataclass(frozen=True, slots=True)
class RuleProblem:
    """What is wrong with the rule at `place` (0 is the first), in a sentence. `place` None: with all of them."""

    place: int | None
    text: str


class RulesBroken(ValueError):
    """These rules choose nobody before a person has looked at them, e.g. because a tag of theirs is gone."""

    def __init__(self, problems: list[RuleProblem]) -> None:
        super().__init__(" ".join(problem.text for problem in problems))
        self.problems = problems


def cleaned(data: Any) -> dict[str, Any]:
    """Return the rules as they are stored: {"match", "rules": [{"field", "operator", "value"}]}. Raises RulesBroken."""
    if not isinstance(data, dict) or not isinstance(data.get("rules"), list):
        raise RulesBroken([RuleProblem(None, _("Add a rule: a segment without rules would hold everybody."))])
    match = data.get("match", "all")
    problems: list[RuleProblem] = []
    if match not in MATCHES:
        problems.append(RuleProblem(None, _("Choose whether all rules have to fit or any of them.")))
    if not data["rules"]:
        problems.append(RuleProblem(None, _("Add a rule: a segment without rules would hold everybody.")))
    if len(data["rules"]) > MOST_RULES:
        problems.append(RuleProblem(None, _("At most %(n)d rules fit in a segment.") % {"n": MOST_RULES}))
    rules = []
    for place, rule in enumerate(data["rules"][:MOST_RULES]):
        try:
            rules.append(_cleaned_rule(rule))
        except ValueError as error:
            problems.append(RuleProblem(place, str(error)))
    if problems:
        raise RulesBroken(problems)
    return {"match": match, "rules": rules}


def condition(data: Any) -> Q:
    """The condition on parties that stored rules make. Raises RulesBroken."""
    checked = cleaned(data)
    parts = [_part(rule) for rule in checked["rules"]]
    return reduce(or_ if checked["match"] == "any" else and_, parts)


def sentences(data: Any) -> list[str]:
    """The rules as people read them, one sentence each; what cannot be read any more is left out."""
    found = []
    for rule in data.get("rules", []) if isinstance(data, dict) else []:
        try:
            checked = _cleaned_rule(rule)
        except ValueError:
            continue
        field, operator = _of(checked)
        found.append(f"{field.title} {_filled(field, operator, checked['value'])}".strip())
    return found


def _filled(field: Field, operator: Operator, value: Any) -> str:
    words = str(operator.words)
    if operator.takes == "text":
        return f"{words} “{value}”"
    if operator.takes == "choice":
        return f"{words} {_choices(field).get(str(value), value)}"
    if operator.takes == "date":
        return f"{words} {figures.day(date.fromisoformat(value))}"
    return words.replace("…", str(value)) if operator.takes == "number" else words


def _of(rule: dict[str, Any]) -> tuple[Field, Operator]:
    """Field and operator of a rule. Raises ValueError with a sentence."""
    field = fields.get(str(rule.get("field", "")))
    if field is None:
        raise ValueError(_("This rule asks for something that is not known here any more. Remove it."))
    operator = field.operator(str(rule.get("operator", "")))
    if operator is None:
        raise ValueError(_("%(field)s: choose how to compare.") % {"field": field.title})
    return field, operator


def _cleaned_rule(rule: Any) -> dict[str, Any]:
    if not isinstance(rule, dict):
        raise ValueError(_("This rule asks for something that is not known here any more. Remove it."))
    field, operator = _of(rule)
    value = rule.get("value", "")
    title = {"field": field.title}
    stored: Any = ""
    match operator.takes:
        case "text":
            stored = " ".join(str(value).split())
            if not stored:
                raise ValueError(_("%(field)s: fill in a text.") % title)
            if len(stored) > _MOST_TEXT:
                raise ValueError(_("%(field)s: the text is too long.") % title)
        case "choice":
            stored = str(value)
            if stored not in _choices(field):
                raise ValueError(_("%(field)s: choose one of the list. What was chosen may be gone.") % title)
        case "date":
            try:
                stored = date.fromisoformat(str(value)).isoformat()
                if not 1900 <= int(stored[:4]) <= 9000:
                    raise ValueError
            except ValueError:
                raise ValueError(_("%(field)s: fill in a date.") % title) from None
        case "number":
            text = str(value).strip()
            if not (text.isascii() and text.isdigit() and 1 <= int(text[:6]) <= _MOST_NUMBER and len(text) <= 6):
                words = _("%(field)s: fill in a whole number from 1 to %(most)d.")
                raise ValueError(words % {**title, "most": _MOST_NUMBER})
            stored = int(text)
    return {"field": field.key, "operator": operator.key, "value": stored}


def _part(rule: dict[str, Any]) -> Q:
    field, operator = _of(rule)
    value = rule["value"]
    return field.condition(operator.key, date.fromisoformat(value) if operator.takes == "date" else value)


def _choices(field: Field) -> dict[str, str | Promise]:
    return dict(field.choices()) if field.choices is not None else {}
