"""What a problem's words are made of: the templates of a message, and the finished text a person reads.

A template names its values (`%(rate)s`), so that a translator sees what stands there. Where several templates are
given, the first whose values are all known is taken; the last one needs nothing but the tool, so that a text never
has a hole in it. Source: error catalogue, rules for all messages; style guide 5; glossary.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from django.utils.translation import gettext_lazy as _

Template: TypeAlias = Any  # a text, translated now or when it is shown (a lazy text has no type of its own)
Who: TypeAlias = Literal["you", "accountant", "nobody"]


class Fix(enum.StrEnum):
    """Where the cause is put right; `fixes.fix_url` knows the pages."""

    VAT_CODES = "vat-codes"
    LEDGER_ACCOUNTS = "ledger-accounts"
    JOURNALS = "journals"
    PAYMENT_TERM = "payment-term"
    DISCOUNT_ACCOUNT = "discount-account"
    PARTY = "party"
    DOCUMENT = "document"
    SIGN_IN = "sign-in"
    SETUP = "setup"
    FISCAL_YEAR = "fiscal-year"
    POSTING = "posting"
    IN_TOOL = "in-tool"
    NONE = "none"


class Effect(enum.Enum):
    """How a sentence joins the cause with the document."""

    NOT_POSTED = "not-posted"  # "Invoice 2026/142 was not posted: …"
    REFUSED = "refused"  # "Exact Online refused invoice 2026/142: …"
    REMARK = "remark"  # "Invoice 2026/142: …"
    STOPPED = "stopped"  # "The sync stopped: …"
    ALONE = "alone"  # the cause is the whole sentence


# What a fix's button says when the message has no better words.
FIX_LABELS: dict[Fix, Template] = {
    Fix.VAT_CODES: _("Open VAT codes"),
    Fix.LEDGER_ACCOUNTS: _("Choose ledger accounts"),
    Fix.JOURNALS: _("Choose journals"),
    Fix.PAYMENT_TERM: _("Choose a default payment term"),
    Fix.DISCOUNT_ACCOUNT: _("Choose the account for discounts"),
    Fix.PARTY: _("Open the customer"),
    Fix.DOCUMENT: _("Open the document"),
    Fix.SIGN_IN: _("Sign in again"),
    Fix.SETUP: _("Complete the set-up"),
    Fix.FISCAL_YEAR: _("Open fiscal years"),
    Fix.POSTING: _("Link to existing"),
    Fix.IN_TOOL: _("Copy for my accountant"),
    Fix.NONE: "",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """The words of one code of the catalogue.

    `cause` is a clause without full stop that can follow a colon; its first letter becomes a capital where it
    stands alone. `cases` replaces the message when a value is present ("differences") or is a certain one
    ("missing=rate"). `menu` is the topic whose place in the tool's own menu fills `%(menu)s`. `ask` is what the
    accountant is asked to do, where the advice says whom to ask.
    """

    cause: tuple[Template, ...]
    advice: tuple[Template, ...] = ()
    ask: tuple[Template, ...] = ()
    effect: Effect = Effect.NOT_POSTED
    fix: Fix = Fix.NONE
    label: tuple[Template, ...] = ()
    headline: tuple[Template, ...] = ()
    for_accountant: bool = False
    who: Who = "you"
    menu: str = ""
    party_is_customer: bool = True  # False: `%(party)s` is somebody else than the document's customer
    cases: Mapping[str, Message] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class ProblemText:
    """What a person reads, in the language of the moment at which it was made.

    `sentence`: what happened, to which document, why. `advice`: what to do, at most two sentences, may be empty.
    `ask`: the same as a request to the accountant.
    `headline`: the cause alone, without full stop, for a heading. `who` has to act next. `for_accountant`: the
    cause lies in the tool, so the text is worth copying for the accountant. `raw`: the tool's own words, for
    the technical details only.
    """

    code: str
    sentence: str
    advice: str = ""
    ask: str = ""
    headline: str = ""
    fix: Fix = Fix.NONE
    fix_label: str = ""
    for_accountant: bool = False
    who: Who = "you"
    raw: str = ""

    def __str__(self) -> str:
        return f"{self.sentence} {self.advice}".strip()
