"""From a catalogue code and its stored values to the words a person reads."""

from __future__ import annotations

import re
from collections.abc import Mapping

from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from ..registry import TOOLS
from .catalogue import MESSAGES, UNKNOWN
from .menus import menu_of
from .texts import FIX_LABELS, Effect, Message, ProblemText, Template
from .values import shown_amount, shown_values

_PLACEHOLDER = re.compile(r"%\((\w+)\)s")


def problem_text(
    code: str,
    params: Mapping[str, object],
    tool: str,
    *,
    document: str = "",
    customer: str = "",
    amount: str = "",
    count: int = 1,
    counted: bool = False,
    effect: Effect | None = None,
) -> ProblemText:
    """Return the words of catalogue code `code`, in the language of now; never raises for what is missing.

    `params` are the stored values of the problem (ISO dates, plain decimals). `tool` is the tool's label or key.
    `document` is a ready phrase ("Invoice 2026/142"); `amount` may carry its currency ("121.00 EUR"). With
    `count` above one the sentence speaks of that many documents, and `amount` is their total; with `counted` it
    does so for a single one, too. A code that the catalogue does not know reads like ALL-999 and shows the tool's
    words, given as `params["text"]`. `effect` replaces the message's own: what stopped a run is told as such.
    """
    values = shown_values(params)
    values["tool"] = tool_label(tool)
    known = MESSAGES.get(code, UNKNOWN)
    if customer and known.party_is_customer:
        values.setdefault("party", customer)
    if not document and count <= 1 and "reference" in values:
        document = _("Document %(reference)s") % values
    if document and count <= 1:
        values["document"] = with_details(document, customer, amount)
        values["document_lower"] = _lower(values["document"])
    message = _chosen(known, params, values)
    if message.menu and (menu := menu_of(values["tool"], message.menu)):
        values["menu"] = menu
    template, cause = _first(message.cause, values)
    headline_template, headline = _first(message.headline or message.cause, values)
    alone = _capital(template, cause)
    advice = _first(message.advice, values)[1]
    return ProblemText(
        code=code,
        sentence=_ended(
            _sentence(effect or message.effect, cause, alone, values, count if counted or count > 1 else 0, amount)
        ),
        advice=advice,
        ask=_first(message.ask, values)[1] or advice,
        headline=_capital(headline_template, headline),
        fix=message.fix,
        fix_label=_first(message.label, values)[1] or str(FIX_LABELS[message.fix]),
        for_accountant=message.for_accountant,
        who=message.who,
        raw=str(params.get("text", "") or ""),
    )


def tool_label(tool: str) -> str:
    """The name of a tool given by its key or by that name."""
    return TOOLS[tool].label if tool in TOOLS else tool or _("the bookkeeping tool")


def with_details(document: str, customer: str, amount: str) -> str:
    """Return "Invoice 2026/142 (De Kraan, 121.00 EUR)"."""
    details = ", ".join(part for part in (customer, shown_amount(amount)) if part)
    return f"{document} ({details})" if details else document


def _lower(document: str) -> str:
    """The phrase inside a sentence: its first word small, unless it is a number or an abbreviation."""
    first = document.partition(" ")[0]
    return document[0].lower() + document[1:] if first.isalpha() and first[1:].islower() else document


def _chosen(message: Message, params: Mapping[str, object], values: Mapping[str, str]) -> Message:
    """The message itself, or the first case of it that the values call for."""
    for when, other in message.cases.items():
        name, equals, wanted = when.partition("=")
        if (str(params.get(name, "")) == wanted) if equals else values.get(name):
            return other
    return message


def _first(templates: tuple[Template, ...], values: Mapping[str, str]) -> tuple[str, str]:
    """The first template whose placeholders all have a value, and the same filled in; empty when none fits."""
    for template in templates:
        text = str(template)
        if all(values.get(name) for name in _PLACEHOLDER.findall(text)):
            return text, text % values
    return "", ""


def _sentence(effect: Effect, cause: str, alone: str, values: Mapping[str, str], count: int, amount: str) -> str:
    parts: dict[str, object] = {**values, "cause": cause, "count": count, "amount": shown_amount(amount)}
    if effect is Effect.ALONE:
        return alone
    if effect is Effect.STOPPED:
        return _("The sync stopped: %(cause)s") % parts
    if "document" in values:
        return _of_one(effect) % parts
    if count:
        return _of_many(effect, count, bool(amount)) % parts
    return _("%(tool)s refused it: %(cause)s") % parts if effect is Effect.REFUSED else alone


def _of_one(effect: Effect) -> str:
    if effect is Effect.REFUSED:
        return _("%(tool)s refused %(document_lower)s: %(cause)s")
    if effect is Effect.REMARK:
        return _("%(document)s: %(cause)s")
    return _("%(document)s was not posted: %(cause)s")


def _of_many(effect: Effect, count: int, has_amount: bool) -> str:
    if effect is Effect.REFUSED:
        return ngettext(
            "%(tool)s refused %(count)s document: %(cause)s", "%(tool)s refused %(count)s documents: %(cause)s", count
        )
    if effect is Effect.REMARK:
        return ngettext("%(count)s document: %(cause)s", "%(count)s documents: %(cause)s", count)
    if has_amount:
        return ngettext(
            "%(count)s document of %(amount)s was not posted: %(cause)s",
            "%(count)s documents of together %(amount)s were not posted: %(cause)s",
            count,
        )
    return ngettext(
        "%(count)s document was not posted: %(cause)s", "%(count)s documents were not posted: %(cause)s", count
    )


def _capital(template: str, filled: str) -> str:
    """A capital at the beginning, except where a value (a name) stands there."""
    return filled if template.startswith("%(") else str(capfirst(filled))


def _ended(sentence: str) -> str:
    """The sentence with exactly one full stop."""
    return sentence if sentence.endswith(".") else f"{sentence}."
