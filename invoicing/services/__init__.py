"""The verbs of invoicing: keyword-only, each states its transaction, each change leaves a log entry."""

from ..errors import AlreadySent, BookingRefused, FrozenDocument, InvoicingError, NotPossible, Problem
from .booking import BookingOutcome, BookingPreview, book, book_many, preview_booking
from .changes import change_line_account, change_party, fill_line_accounts
from .drafts import create_draft, credit_invoice, default_payment_term, delete_draft, recalculate, save_lines
from .inputs import CreditedLine, DiscountInput, LineInput
from .payments import (
    AppliedPayments,
    PaymentWrite,
    ToolPayment,
    apply_payment_results,
    mark_paid_by_hand,
    undo_manual_payment,
)

__all__ = [
    "AlreadySent",
    "AppliedPayments",
    "BookingOutcome",
    "BookingPreview",
    "BookingRefused",
    "CreditedLine",
    "DiscountInput",
    "FrozenDocument",
    "InvoicingError",
    "LineInput",
    "NotPossible",
    "PaymentWrite",
    "Problem",
    "ToolPayment",
    "apply_payment_results",
    "book",
    "book_many",
    "change_line_account",
    "change_party",
    "create_draft",
    "credit_invoice",
    "default_payment_term",
    "delete_draft",
    "fill_line_accounts",
    "mark_paid_by_hand",
    "preview_booking",
    "recalculate",
    "save_lines",
    "undo_manual_payment",
]
