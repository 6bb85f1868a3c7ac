"""What of a booked document may still change, and whether it already stands in a bookkeeping tool.

The rule is kept three times: by the models and their querysets (this module), by triggers in the database
(`invoicing.triggers`), and by the services, which are the only ones to change the parts that may change.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .models import SalesDocument

# Columns of a booked document that services may change: the party by a merge, the payment by the books or a
# person. Everything else is final.
MUTABLE_DOCUMENT_FIELDS = frozenset(
    {"party", "party_id", "payment_state", "paid_amount", "paid_on", "paid_source", "updated_at"}
)
# Of a booked document's line, until the document is sent.
MUTABLE_LINE_FIELDS = frozenset({"ledger_account", "ledger_account_id"})

SentLookup = Callable[[Collection[int]], set[int]]

_sent_lookups: list[SentLookup] = []


def register_sent_lookup(lookup: SentLookup) -> SentLookup:
    """Let another app say which documents it has sent; registering the same function twice changes nothing.

    Invoicing knows no bridge. The bridge registers here, from its app config, a function that returns those of the
    given document ids with which a call may have left.
    """
    if lookup not in _sent_lookups:
        _sent_lookups.append(lookup)
    return lookup


def sent_among(document_ids: Collection[int]) -> set[int]:
    """The ids of the documents that a bookkeeping tool has, or may have. Empty where no bridge is registered."""
    found: set[int] = set()
    for lookup in _sent_lookups:
        found |= lookup(document_ids)
    return found


def is_sent(document: SalesDocument) -> bool:
    """Whether a bookkeeping tool has the document, or may have it."""
    return document.pk in sent_among([document.pk])
