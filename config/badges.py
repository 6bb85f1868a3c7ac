"""The numbers beside the menu's entries, kept together: every page asks for all of them, with one look into the cache."""

from __future__ import annotations

from django.core.cache import cache
from django.db.models import Count, Q
from django.http import HttpRequest

from crm.models import DuplicatePair, PairState
from integrations.models import Issue
from invoicing.models import PeppolDelivery, PurchaseDocument, SalesKind, SupplierResponse

_KEY = "boekbrug-badges"
_SECONDS = 30


def open_issues(request: HttpRequest) -> str:
    """The number of open issues, at most half a minute old; empty when there is none."""
    return _numbers(request)["issues"]


def expenses_to_approve(request: HttpRequest) -> str:
    """The number of expenses to approve, at most half a minute old; empty when there is none."""
    return _numbers(request)["expenses"]


def open_duplicates(request: HttpRequest) -> str:
    """The number of possible duplicates to look at, at most half a minute old; empty when there is none."""
    return _numbers(request)["duplicates"]


def answered_invoices(request: HttpRequest) -> str:
    """The number of invoices that were refused or asked about over Peppol, at most half a minute old; empty: none."""
    return _numbers(request).get("answered_invoices", "")


def untold_suppliers(request: HttpRequest) -> str:
    """The number of expenses whose supplier was not told what became of them; empty when there is none."""
    return _numbers(request).get("untold_suppliers", "")


def answered_credit_notes(request: HttpRequest) -> str:
    """The number of credit notes that were refused or asked about over Peppol; empty when there is none."""
    return _numbers(request).get("answered_credit_notes", "")


def forget() -> None:
    """Have the next page count again: a person decided about something that is counted here."""
    cache.delete(_KEY)


def _numbers(request: HttpRequest) -> dict[str, str]:
    """Read once for a request."""
    kept: dict[str, str] | None = request.__dict__.get("_badges")
    if kept is None:
        kept = cache.get(_KEY)
        if kept is None:
            asking = PeppolDelivery.objects.filter(needs_person=True)
            counted = {
                "issues": Issue.objects.open().count(),
                "duplicates": DuplicatePair.objects.of_the_living().filter(state=PairState.OPEN).count(),
                "expenses": PurchaseDocument.objects.to_approve().count(),
                "untold_suppliers": SupplierResponse.objects.for_people().values("document").distinct().count(),
                **asking.aggregate(
                    answered_invoices=Count("pk", filter=Q(document__kind=SalesKind.INVOICE)),
                    answered_credit_notes=Count("pk", filter=Q(document__kind=SalesKind.CREDIT_NOTE)),
                ),
            }
            kept = {name: str(number or "") for name, number in counted.items()}
            cache.set(_KEY, kept, _SECONDS)
        request.__dict__["_badges"] = kept
    return kept
