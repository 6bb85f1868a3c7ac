"""Where the rows that people speak of have their page: a party, a document."""

from __future__ import annotations

from django.utils.functional import Promise
from django.utils.safestring import SafeString

from crm.models import Company, Contact, Party
from invoicing.models import CreditNote, Invoice, PurchaseDocument, SalesDocument

from .links import change_url, link


def party_url(party: Party) -> str:
    """The page of a party: that of a company or that of a contact."""
    return change_url(Contact(pk=party.pk) if party.is_person else Company(pk=party.pk))


def document_url(document: SalesDocument | PurchaseDocument) -> str:
    """The page of a document: that of an invoice, a credit note or an expense."""
    if isinstance(document, PurchaseDocument):
        return change_url(document)
    return change_url(CreditNote(pk=document.pk) if document.is_credit_note else Invoice(pk=document.pk))


def party_link(party: Party, words: str | Promise = "") -> SafeString:
    return link(party_url(party), words or str(party))


def other_party_of(document: SalesDocument | PurchaseDocument) -> str:
    """Who stands on the other side of a document: its customer or its supplier, by the name that it bears."""
    if isinstance(document, PurchaseDocument):
        return document.supplier_name or str(document.supplier or "")
    return document.buyer_name or str(document.party)


def document_link(document: SalesDocument | PurchaseDocument, words: str | Promise = "") -> SafeString:
    return link(document_url(document), words or str(document))
