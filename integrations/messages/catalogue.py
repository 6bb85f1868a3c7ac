"""All messages by catalogue code."""

from __future__ import annotations

from . import imports, ledger_vat_parties, parties_documents, periods_numbers, settings, sign_in, technical_payments
from .technical_payments import UNKNOWN
from .texts import Message

MESSAGES: dict[str, Message] = {
    **settings.MESSAGES,
    **parties_documents.MESSAGES,
    **imports.MESSAGES,
    **sign_in.MESSAGES,
    **periods_numbers.MESSAGES,
    **ledger_vat_parties.MESSAGES,
    **technical_payments.MESSAGES,
}

__all__ = ["MESSAGES", "UNKNOWN"]
