"""The stored values of a problem, as a person reads them: dates and amounts of their language, words for keys.

Problems are stored as data (ISO dates, plain decimals, keys), never as text. What only a program understands gets
no name here, so no sentence can show it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation

from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, pgettext_lazy

from config import figures

from .texts import Template

_AMOUNTS = frozenset({"difference", "ours", "theirs", "sum", "total", "paid", "amount", "open"})
_NUMBERS = frozenset({"limit", "rows", "columns"})
_DAYS = frozenset({"date", "start_date"})
_MOMENTS = frozenset({"until", "since"})
# Ids and addresses of calls: kept with the problem, never shown.
_HIDDEN = frozenset({"external_id", "resource", "action", "entity_id"})
# A number that people in the tool know as well, unlike a long key.
_PLAIN_NUMBER = re.compile(r"[\w./]{1,18}")

_RIGHTS: dict[str, Template] = {
    "manage accounts": gettext_lazy("manage accounts"),
    "enter, modify and delete sales entries": gettext_lazy("enter, modify and delete sales entries"),
    "view creditor reports": gettext_lazy("view creditor reports"),
    "view debtor reports": gettext_lazy("view debtor reports"),
    "view financial master data": gettext_lazy("view financial master data"),
    "enter, modify and delete purchase entries": gettext_lazy("enter, modify and delete purchase entries"),
    "manage documents": gettext_lazy("manage documents"),
    "open this dossier through the web service, and book in it": gettext_lazy(
        "open this dossier through the web service, and book in it"
    ),
    "open the administration": gettext_lazy("open the administration"),
    "see and change customers": gettext_lazy("see and change customers"),
    "enter sales transactions": gettext_lazy("enter sales transactions"),
    "see the open items of customers": gettext_lazy("see the open items of customers"),
    "see and change suppliers": gettext_lazy("see and change suppliers"),
    "enter purchase transactions": gettext_lazy("enter purchase transactions"),
    "Financial (Accounting and AccountingInfo)": gettext_lazy("Financial (Accounting and AccountingInfo)"),
    "Financial (VAT)": gettext_lazy("Financial (VAT)"),
    "Sales": gettext_lazy("Sales"),
    "Contacts (read and write)": gettext_lazy("Contacts (read and write)"),
    "Archive": gettext_lazy("Archive"),
}

# What a tool wants people to mind while they sign in.
_SIGN_IN_HINTS: dict[str, Template] = {
    "When asked for access to administrations, choose all current and future ones.": gettext_lazy(
        "When asked for access to administrations, choose all current and future ones."
    ),
    "Use an Octopus user of type U or K; an accountant's user (B) needs the web service module.": gettext_lazy(
        "Use an Octopus user of type U or K; an accountant's user (B) needs the web service module."
    ),
    "Sign in as a user of its own for this connection, and tick every permission that is asked for.": gettext_lazy(
        "Sign in as a user of its own for this connection, and tick every permission that is asked for."
    ),
    "An access key belongs to one country. It is made in Yuki itself, not at the accountant's portal.": gettext_lazy(
        "An access key belongs to one country. It is made in Yuki itself, not at the accountant's portal."
    ),
}

# What a right is needed for, in the words of the tools' packages.
_PURPOSES: dict[str, Template] = {
    "customers and suppliers": gettext_lazy("customers and suppliers"),
    "invoices and credit notes": gettext_lazy("invoices and credit notes"),
    "payment state of expenses": gettext_lazy("payment state of expenses"),
    "payment state of invoices": gettext_lazy("payment state of invoices"),
    "journals, ledger accounts, VAT codes": gettext_lazy("journals, ledger accounts, VAT codes"),
    "expenses": gettext_lazy("expenses"),
    "files beside a booking": gettext_lazy("files beside a booking"),
    "everything": gettext_lazy("everything"),
    "customers": gettext_lazy("customers"),
    "suppliers": gettext_lazy("suppliers"),
    "ledger accounts and payment state": gettext_lazy("ledger accounts and payment state"),
    "looking up what was booked": gettext_lazy("looking up what was booked"),
    "VAT codes": gettext_lazy("VAT codes"),
    "looking up what was sent": gettext_lazy("looking up what was sent"),
}

# Where a person finds a booking in a tool's own menu.
_PLACES: dict[str, Template] = {
    "Sales > Invoices > Sales entries": gettext_lazy("Sales > Invoices > Sales entries"),
}

# What people fill in to sign in, and where they find it.
_CREDENTIALS: dict[str, Template] = {
    "User name": gettext_lazy("User name"),
    "Password": gettext_lazy("Password"),
    "API key": gettext_lazy("API key"),
    "Octopus user": gettext_lazy("Octopus user"),
    "As on Octopus's own sign-in page, such as name@D05000000.": gettext_lazy(
        "As on Octopus's own sign-in page, such as name@D05000000."
    ),
    "In Yuki: Settings > Web services. A key made inside one administration opens that one only.": gettext_lazy(
        "In Yuki: Settings > Web services. A key made inside one administration opens that one only."
    ),
}

_KINDS: dict[str, Template] = {
    "sales-invoice": gettext_lazy("invoices"),
    "sales-credit-note": gettext_lazy("credit notes"),
    "purchase-invoice": gettext_lazy("incoming invoices"),
    "purchase-credit-note": gettext_lazy("incoming credit notes"),
}

# What a look-up or a comparison of totals may find different.
_FACTS: dict[str, Template] = {
    "reference": gettext_lazy("reference"),
    "kind": gettext_lazy("kind of document"),
    "party": gettext_lazy("customer"),
    "another relation": gettext_lazy("customer"),
    "date": gettext_lazy("date"),
    "key or date": gettext_lazy("date"),
    "total": gettext_lazy("total"),
    "currency": gettext_lazy("currency"),
    "exchange rate": gettext_lazy("exchange rate"),
    "journal": gettext_lazy("journal"),
    "net": gettext_lazy("amount without VAT"),
    "vat": pgettext_lazy("amount", "VAT"),
    "lines": gettext_lazy("number of lines"),
    "another ledger account": gettext_lazy("ledger account"),
}


def shown_right(right: str) -> str:
    """A right as its owner's package names it, in the reader's language, with a capital."""
    return capfirst(str(_RIGHTS.get(right, right)))


def shown_credential(words: str) -> str:
    """A field of a tool's sign-in, or the hint beside it, in the reader's language."""
    return str(_CREDENTIALS.get(words, words))


def shown_place(place: str) -> str:
    """A place in a tool's menu, in the reader's language."""
    return str(_PLACES.get(place, place))


def shown_purpose(purpose: str) -> str:
    """What a right is needed for, in the reader's language."""
    return str(_PURPOSES.get(purpose, purpose))


def shown_sign_in_hint(hint: str) -> str:
    """What a tool's package says about signing in, in the reader's language."""
    return str(_SIGN_IN_HINTS.get(hint, hint))


def shown_values(params: Mapping[str, object]) -> dict[str, str]:
    """The values that a template may name. Empty ones are left out, so that a template without them is taken."""
    values: dict[str, str] = {}
    for name, stored in params.items():
        text = "" if stored is None else str(stored).strip()
        if name == "external_id" and _PLAIN_NUMBER.fullmatch(text):
            values["external"] = text
        if not text or name in _HIDDEN:
            continue
        if name in _AMOUNTS:
            values[name] = shown_amount(text)
        elif name in _DAYS:
            values[name] = shown_day(text)
        elif name in _MOMENTS:
            values[name] = shown_moment(text)
        elif name in _NUMBERS:
            values[name] = figures.number(Decimal(text)) if text.isdecimal() else text
        elif name == "rate":
            values[name] = shown_rate(text)
        elif name == "right":
            values |= _rights(text)
        elif name == "kind":
            values[name] = str(_KINDS.get(text, text))
        elif name == "what":
            values[name] = _compared(text)
        elif name == "reason":
            values |= _finding(text)
        elif name == "text":
            values[name] = quoted(text)
        else:
            values[name] = text
    if month := _month(values.pop("first_day", ""), values.pop("last_day", "")):
        values["period"] = month
    if name := values.pop("rate_name", ""):
        values["rate"] = name
    return values


def _month(first: str, last: str) -> str:
    """The month that these days enclose; empty for every other period."""
    try:
        start, end = date.fromisoformat(first), date.fromisoformat(last)
    except ValueError:
        return ""
    whole = start.day == 1 and (start.year, start.month) == (end.year, end.month)
    return figures.month(start) if whole and (end + timedelta(days=1)).day == 1 else ""


def shown_amount(text: str) -> str:
    """A plain decimal, or one with its currency behind it, in the signs of the language; other texts as they are."""
    amount, _blank, currency = text.partition(" ")
    try:
        return figures.amount(Decimal(amount), currency)
    except InvalidOperation:
        return text


def shown_day(text: str) -> str:
    try:
        return figures.day(date.fromisoformat(text))
    except ValueError:
        return text


def shown_moment(text: str | datetime) -> str:
    """A coming moment: "14:20" today, else "01:00 on 22 Nov 2026"."""
    try:
        moment = text if isinstance(text, datetime) else datetime.fromisoformat(text)
    except ValueError:
        return str(text)
    if timezone.is_naive(moment):
        moment = timezone.make_aware(moment)
    local = timezone.localtime(moment)
    clock = f"{local:%H:%M}"
    if local.date() == timezone.localdate():
        return clock
    return _("%(time)s on %(date)s") % {"time": clock, "date": figures.day(local)}


def shown_rate(code: str) -> str:
    """The code of a VAT rate; one that is a percentage gets its sign."""
    try:
        return figures.percentage(Decimal(code))
    except InvalidOperation:
        return code


def is_percentage(code: str) -> bool:
    """Whether the code of a VAT rate says what it is by itself: "21", "6%"."""
    return re.fullmatch(r"\d*([.,]\d+)?\s*%?", code) is not None


def quoted(text: str, limit: int = 200) -> str:
    """The tool's own words inside a sentence: one line, no full stop at the end, shortened when they are long."""
    line = " ".join(text.split()).rstrip(" .;")
    return line if len(line) <= limit else f"{line[: limit - 1].rstrip()}…"


def _rights(text: str) -> dict[str, str]:
    """One missing right as `right`, several as `rights`. The address of a call is no right anybody can grant."""
    names = [name.strip() for name in text.split(";")]
    shown = list(dict.fromkeys(str(_RIGHTS.get(name, name)) for name in names if name and "/" not in name))
    if not shown:
        return {}
    return {"right": shown[0]} if len(shown) == 1 else {"rights": "; ".join(shown)}


def _compared(text: str) -> str:
    """Which figure or field differs: "total", "VAT of code 21", or several remarks joined by semicolons."""
    return "; ".join(dict.fromkeys(_compared_one(part.strip()) for part in text.split(";") if part.strip()))


def _compared_one(text: str) -> str:
    if text in _FACTS:
        return str(_FACTS[text])
    first, _blank, rest = text.partition(" ")
    if first == "base":
        return _("base of VAT code %(code)s") % {"code": rest}
    if first == "VAT":
        return _("VAT of code %(code)s") % {"code": rest}
    if first.isdigit() and rest == "lines":
        return str(_FACTS["lines"])
    if first in _FACTS:
        return f"{_FACTS[first]} {shown_day(rest)}"
    return text


def _finding(reason: str) -> dict[str, str]:
    """Why a look-up could not tell: the fields that differ, several equal entries, or a right that is not proven."""
    if reason.startswith("not equal:"):
        facts = [fact.strip() for fact in reason.removeprefix("not equal:").split(",")]
        return {"differences": ", ".join(str(_FACTS.get(fact, fact)) for fact in facts if fact)}
    if match := re.match(r"(\d+) entries are equal", reason):
        return {"equal": match.group(1)}
    return {"unproven": "yes"} if "right" in reason else {"reason": reason}
