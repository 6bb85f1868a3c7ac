"""What a tool takes and gives, in words for people: shown while connecting, and the matrix of docs/tools.md."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

from ..base.provider import Capability
from ..base.signin import SignInKind, Tool
from .texts import Template


@dataclass(frozen=True, slots=True)
class Ability:
    """One thing that tools do differently; `yes` where this one does it."""

    words: Template
    yes: bool


_WORDS: tuple[tuple[Capability, Template], ...] = (
    (Capability.JOURNALS, _("Journals to choose")),
    (Capability.SEPARATE_CREDIT_NOTE_JOURNAL, _("A journal of its own for credit notes")),
    (Capability.PERIODS, _("Closed periods are known before sending")),
    (Capability.PAYMENT_TERMS, _("Payment terms to link; else the due date goes along")),
    (Capability.FOREIGN_CURRENCY, _("Documents in foreign currency")),
    (Capability.LINE_VAT_AMOUNTS, _("VAT amounts to the cent, as booked here")),
    (Capability.CALLER_NUMBERED, _("Booking numbers are given by us, without gaps")),
    (Capability.SEPARATE_ROLE_CODES, _("Customers and suppliers have numbers apart")),
    (Capability.CONTACTS_INLINE, _("Customers travel with their documents")),
    (Capability.ROLELESS_RELATIONS, _("An import takes relations that are neither customer nor supplier")),
    (Capability.CONTACT_PERSONS, _("An import takes contact persons")),
    (Capability.FIND_BY_REFERENCE, _("A booking is found by our number")),
)
_FILES = _("Files beside the booking")
_IN_BROWSER = _("Sign-in at the tool's own page")


def abilities_of(tool: Tool) -> list[Ability]:
    """Every ability, in the order in which people read them."""
    files = {Capability.ATTACHMENTS_AFTER_BOOKING, Capability.ATTACHMENTS_WITH_BOOKING}
    return [
        Ability(_IN_BROWSER, tool.sign_in is SignInKind.OAUTH),
        *(Ability(words, capability in tool.capabilities) for capability, words in _WORDS),
        Ability(_FILES, bool(files & tool.capabilities)),
    ]
