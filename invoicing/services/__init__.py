"""The verbs of invoicing: keyword-only, each states its transaction, each change leaves a log entry."""

from ..errors import AlreadySent, BookingRefused, FrozenDocument, InvoicingError, NotPossible, Problem
from .booking import BookingOutcome, BookingPreview, book, book_many, preview_booking
from .changes import change_line_account, change_party, fill_line_accounts, move_documents
from .drafts import create_draft, credit_invoice, default_payment_term, delete_draft, recalculate, save_lines
from .handing_over import delivery_of, hand_over, is_registered, may_hand_over_here, reasons_against
from .inputs import CreditedLine, DiscountInput, LineInput
from .issuing import IssuedFile, NoEInvoice, einvoice_of, einvoice_problems, files_of, issuable, pdf_of
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
    "IssuedFile",
    "LineInput",
    "NoEInvoice",
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
    "delivery_of",
    "einvoice_of",
    "einvoice_problems",
    "files_of",
    "fill_line_accounts",
    "hand_over",
    "is_registered",
    "issuable",
    "mark_paid_by_hand",
    "may_hand_over_here",
    "move_documents",
    "pdf_of",
    "preview_booking",
    "reasons_against",
    "recalculate",
    "save_lines",
    "undo_manual_payment",
]
