"""The search of the frame (Ctrl K): numbers from their beginning, and names of customers."""

from __future__ import annotations

from django.http import HttpRequest
from unfold.dataclasses import SearchResult

from config.admin.links import change_url
from config.admin.places import document_url, party_url
from config.figures import amount, day
from crm.search import find_parties
from invoicing.models import PurchaseDocument, SalesDocument
from invoicing.models.purchases import key_of_number

EACH = 8


def find(request: HttpRequest, term: str) -> list[SearchResult]:
    """Return documents and parties that fit, at most `EACH` of both; only what the person may see."""
    found: list[SearchResult] = []
    term = term.strip()
    if request.user.has_perm("invoicing.view_invoice"):
        rows = SalesDocument.objects.filter(number__istartswith=term).select_related("party").order_by("-date", "-pk")
        for document in rows[:EACH]:
            words = f"{document.buyer_name or document.party}, {day(document.date)}, {amount(document.total, document.currency)}"
            icon = "undo" if document.is_credit_note else "receipt_long"
            found.append(SearchResult(title=document.number, description=words, link=document_url(document), icon=icon))
    if request.user.has_perm("invoicing.view_purchasedocument"):
        expenses = PurchaseDocument.objects.filter(number_key__startswith=key_of_number(term)).order_by("-date", "-pk")
        for expense in expenses[:EACH]:
            words = f"{expense.supplier_name}, {day(expense.date)}, {amount(expense.signed_total, expense.currency)}"
            found.append(SearchResult(title=str(expense), description=words, link=change_url(expense), icon="inbox"))
    if request.user.has_perm("crm.view_company"):
        for party in find_parties(term).order_by("name", "pk")[:EACH]:
            words = ", ".join(part for part in (party.city, party.vat_number) if part) or party.get_kind_display()
            icon = "person" if party.is_person else "domain"
            found.append(SearchResult(title=party.name, description=words, link=party_url(party), icon=icon))
    return found
