"""The QR code that banks' apps fill in a transfer from. Pure.

Source: European Payments Council, EPC069-12, quick response code: guidelines for initiating a SEPA credit transfer
(version 002, where the BIC may be absent).
"""

from __future__ import annotations

from decimal import Decimal

from crm.numbers import is_valid_bic, is_valid_iban
from invoicing.issued import Issued
from invoicing.peppol.document import Kind

_NAME = 70
_TEXT = 140
_BYTES = 331
_LARGEST = Decimal("999999999.99")


def payload(issued: Issued) -> str:
    """Return what the code holds; empty where there is nothing to transfer in euro to an account of ours.

    The Belgian structured communication goes as text: the structured line is for ISO 11649 references alone.
    """
    seller = issued.seller
    if issued.kind is not Kind.INVOICE or issued.currency != "EUR" or issued.is_direct_debit:
        return ""
    if not Decimal(0) < issued.total <= _LARGEST or not is_valid_iban(seller.iban):
        return ""
    name = " ".join(seller.name.split())[:_NAME].strip()
    if not name:
        return ""
    lines = [
        "BCD",
        "002",
        "1",  # UTF-8
        "SCT",
        seller.bic if is_valid_bic(seller.bic) else "",
        name,
        seller.iban,
        f"EUR{issued.total:.2f}",
        "",  # purpose
        "",  # structured reference
        (issued.structured_communication or issued.number)[:_TEXT],
    ]
    text = "\n".join(lines)
    while len(text.encode()) > _BYTES and len(lines[5]) > 1:
        # A name in other scripts takes several bytes a sign.
        lines[5] = lines[5][:-1]
        text = "\n".join(lines)
    return text if len(text.encode()) <= _BYTES else ""
