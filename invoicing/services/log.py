"""The trace of changes to sales documents, shown in the history of the invoice's or credit note's page."""

from __future__ import annotations

from django.contrib.auth.models import AbstractBaseUser

from crm import audit

from ..models import CreditNote, Invoice, SalesDocument


def log_document(
    *, document: SalesDocument, by: AbstractBaseUser | None, message: str, flag: int = audit.CHANGED
) -> None:
    """Write a log entry on the page of the document, in the caller's transaction."""
    page = CreditNote if document.is_credit_note else Invoice
    shown = page(pk=document.pk, kind=document.kind, status=document.status, number=document.number)
    audit.record(by=by, objects=[shown], flag=flag, message=message)
