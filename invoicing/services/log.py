"""The trace of changes to sales documents, shown in the history of the invoice's or credit note's page."""

from __future__ import annotations

from collections.abc import Sequence

from django.contrib.auth.models import AbstractBaseUser

from crm import audit

from ..models import CreditNote, Invoice, SalesDocument


def log_document(
    *, document: SalesDocument, by: AbstractBaseUser | None, message: str, flag: int = audit.CHANGED
) -> None:
    """Write a log entry on the page of the document, in the caller's transaction."""
    audit.record(by=by, objects=[_shown(document)], flag=flag, message=message)


def log_documents(*, documents: Sequence[SalesDocument], by: AbstractBaseUser | None, message: str) -> None:
    """Write the same log entry on the page of each document, in the caller's transaction, with one insert."""
    audit.record(by=by, objects=[_shown(document) for document in documents], flag=audit.CHANGED, message=message)


def _shown(document: SalesDocument) -> SalesDocument:
    page = CreditNote if document.is_credit_note else Invoice
    return page(pk=document.pk, kind=document.kind, status=document.status, number=document.number)
