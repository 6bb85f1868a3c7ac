"""The verbs of expenses: taking documents in, saying who they are from, deciding about them, telling who waits for it."""

from .bridge import handled_by_connection
from .by_hand import TypedPurchase, check_file, save_typed
from .delivered import attend
from .duplicates import duplicates_of
from .inbox import InboxReport, read_inbox
from .intake import Answer, Delivery, Received, receive
from .mailing import SentBefore, may_go_instead, may_have_left, send_to_bookkeeping, sent_before
from .mailing import refusal as mailing_refusal
from .paid_by_hand import mark_open, mark_paid
from .proposals import propose, rates_of, vat_of
from .quarantine import buyer_of, lift_quarantine, likely_entity, read_again
from .rates import set_rate
from .responding import (
    demands_response,
    is_answered,
    is_told_otherwise,
    queue_due,
    send_again,
    send_due,
    told_decision,
    why_untold,
)
from .review import (
    ApprovalRefused,
    LineChoice,
    ReviewOutcome,
    Ticks,
    approve,
    approve_many,
    broken_rules,
    changed_since,
    formal_rules,
    mark_of,
    mend,
    missing_for_books,
    next_to_approve,
    problems_of,
    refuse,
    reopen,
    why_fixed,
)
from .self_billed import advice as self_billing_advice
from .storing import largest
from .suppliers import BankAccount, account_of, assign_supplier, create_supplier, proposed_suppliers
from .waiting import (
    accept,
    queue_waiting,
    read_file,
    read_refused,
    read_waiting,
    reason_words,
    take_in,
)

__all__ = [
    "Answer",
    "ApprovalRefused",
    "BankAccount",
    "Delivery",
    "InboxReport",
    "LineChoice",
    "Received",
    "ReviewOutcome",
    "SentBefore",
    "Ticks",
    "TypedPurchase",
    "accept",
    "account_of",
    "approve",
    "approve_many",
    "assign_supplier",
    "attend",
    "broken_rules",
    "buyer_of",
    "changed_since",
    "check_file",
    "create_supplier",
    "demands_response",
    "duplicates_of",
    "formal_rules",
    "handled_by_connection",
    "is_answered",
    "is_told_otherwise",
    "largest",
    "lift_quarantine",
    "likely_entity",
    "mailing_refusal",
    "mark_of",
    "mark_open",
    "mark_paid",
    "may_go_instead",
    "may_have_left",
    "mend",
    "missing_for_books",
    "next_to_approve",
    "problems_of",
    "propose",
    "proposed_suppliers",
    "queue_due",
    "queue_waiting",
    "rates_of",
    "read_again",
    "read_file",
    "read_inbox",
    "read_refused",
    "read_waiting",
    "reason_words",
    "receive",
    "refuse",
    "reopen",
    "save_typed",
    "self_billing_advice",
    "send_again",
    "send_due",
    "send_to_bookkeeping",
    "sent_before",
    "set_rate",
    "take_in",
    "told_decision",
    "vat_of",
    "why_fixed",
    "why_untold",
]
