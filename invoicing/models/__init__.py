"""Own entities, rates, terms, accounts, and the sales documents that reach the books."""

from .documents import (
    CreditNote,
    DocumentDiscount,
    DocumentFile,
    DocumentStatus,
    Invoice,
    PaymentState,
    SalesDocument,
    SalesKind,
    SalesLine,
    SalesVatTotal,
)
from .entities import CompanyEntity, FiscalYear
from .ledger import LedgerAccount, LedgerAccountKind
from .payments import Payment, PaymentSource
from .terms import PaymentTerm, PaymentTermKind
from .vat import VatCategory, VatRate, VatRateVersion

__all__ = [
    "CompanyEntity",
    "CreditNote",
    "DocumentDiscount",
    "DocumentFile",
    "DocumentStatus",
    "FiscalYear",
    "Invoice",
    "LedgerAccount",
    "LedgerAccountKind",
    "Payment",
    "PaymentSource",
    "PaymentState",
    "PaymentTerm",
    "PaymentTermKind",
    "SalesDocument",
    "SalesKind",
    "SalesLine",
    "SalesVatTotal",
    "VatCategory",
    "VatRate",
    "VatRateVersion",
]
