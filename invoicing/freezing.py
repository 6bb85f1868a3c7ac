"""What of a booked document may still change, and whether it already stands in a bookkeeping tool.

The rule is kept three times: by the models and their querysets (this module), by triggers in the database
(`invoicing.triggers`), and by the services, which are the only ones to change the parts that may change.
"""

from __future__ import annotations

from collections.abc import Callable
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

SentCheck = Callable[["SalesDocument"], bool]

_sent_checks: list[SentCheck] = []


def register_sent_check(check: SentCheck) -> SentCheck:
    """Let another app say which documents it has sent; registering the same function twice changes nothing.

    Invoicing knows no bridge. The bridge registers here, from its app config, a function that is True from the
    moment on at which a call with the document may have left.
    """
    if check not in _sent_checks:
        _sent_checks.append(check)
    return check


def is_sent(document: SalesDocument) -> bool:
    """Whether a bookkeeping tool has the document, or may have it. False where no bridge is registered."""
    return any(check(document) for check in _sent_checks)
