"""Totals of a draft as the server computes them: stored ones, and those of a form that is being typed."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.template.loader import render_to_string
from django.utils.formats import get_format

from config.figures import amount

from .. import services
from ..amounts import ZERO, DocumentTotals
from ..models import DocumentDiscount, PaymentTerm, SalesDocument, SalesLine
from ..services import contents
from .scope import DocumentScope, scope_of, sent_party
from .typed import typed_number

if TYPE_CHECKING:
    from .documents import SalesDocumentAdmin

_MAX_ROWS = 500
_EMPTY: DocumentTotals[Any] = DocumentTotals(rates=(), net=ZERO, vat=ZERO, total=ZERO)


def empty_context(scope: DocumentScope) -> dict[str, Any]:
    """What the totals panel of a new draft shows."""
    currency = scope.entity.currency if scope.entity is not None else ""
    return {"totals": _table(_EMPTY, scope, currency), "account_list": list(scope.accounts.values())}


def stored_context(document: SalesDocument, scope: DocumentScope) -> dict[str, Any]:
    """What the totals panel of a stored draft shows."""
    loaded = contents.load(document)
    return {
        "totals": _table(loaded.totals, scope, document.currency),
        "account_list": list(scope.accounts.values()),
    }


def totals_view(page: SalesDocumentAdmin, request: HttpRequest, pk: int | None = None) -> HttpResponse:
    """Answer the totals of the form as it stands, saving nothing.

    Lines that are not complete yet count as nothing. With `_scope` the answer also holds what the new entity,
    date or customer lets the lines choose from.
    """
    document = SalesDocument.objects.select_related("entity", "credited_invoice").filter(pk=pk).first() if pk else None
    allowed = page.has_change_permission(request, document) if document else page.has_add_permission(request)
    if not allowed:
        raise PermissionDenied
    scope = scope_of(request, document)
    rows = dict(_lines(request, scope))
    draft = SalesDocument(entity=scope.entity, date=scope.day, payment_term=_term(request, scope))
    currency = (request.POST.get("currency") or "").upper()[:3]
    shown: dict[str, Any]
    try:
        loaded = contents.compute(draft, list(rows.values()), list(_discounts(request)))
        shown = {"totals": _table(loaded.totals, scope, currency)}
    except ValidationError as error:
        shown = {"problem": " ".join(error.messages)}
    due = contents.due_date_of(draft)
    answer: dict[str, Any] = {
        "lines": {prefix: amount(line.net) for prefix, line in rows.items()},
        "totals": render_to_string("admin/invoicing/totals_table.html", shown),
        "due": due.isoformat() if draft.payment_term else "",
        # As the date field of the form writes it, in the person's language.
        "due_shown": due.strftime(get_format("DATE_INPUT_FORMATS")[0]),
    }
    if request.POST.get("_scope"):
        answer["rates"] = scope.rate_choices()
        answer["rate"] = str(scope.default_rate.pk) if scope.default_rate else ""
        answer["accounts"] = [str(row) for row in scope.accounts.values()]
        answer["currency"] = scope.entity.currency if scope.entity is not None else ""
    return JsonResponse(answer)


def _table(totals: DocumentTotals, scope: DocumentScope, currency: str) -> dict[str, Any]:
    """The totals for the template: rates as rows, the sums below."""
    rates = [
        {
            "percentage": rate.percentage,
            "base": rate.base,
            "discount": rate.discount,
            "vat": rate.vat,
            "total": rate.base + rate.vat,
        }
        for rate in totals.rates
    ]
    discount = sum((rate.discount for rate in totals.rates), ZERO)
    return {
        "rates": rates, "discount": discount, "net": totals.net, "vat": totals.vat, "total": totals.total, "currency": currency,
    }  # fmt: skip


def _term(request: HttpRequest, scope: DocumentScope) -> PaymentTerm | None:
    key = request.POST.get("payment_term", "")
    if key.isdigit():
        return PaymentTerm.objects.filter(pk=key).first()
    party = sent_party(request)
    if party is not None and scope.entity is not None:
        return services.default_payment_term(entity=scope.entity, party=party)
    return None


def _rows(request: HttpRequest, prefix: str) -> Iterator[str]:
    """The prefixes of the rows of a formset that are not marked for deletion."""
    total = request.POST.get(f"{prefix}-TOTAL_FORMS", "0")
    for index in range(min(int(total) if total.isdigit() else 0, _MAX_ROWS)):
        row = f"{prefix}-{index}"
        if not request.POST.get(f"{row}-DELETE"):
            yield row


def _lines(request: HttpRequest, scope: DocumentScope) -> Iterator[tuple[str, SalesLine]]:
    for row in _rows(request, "lines"):
        rate = scope.rates.get(request.POST.get(f"{row}-vat_rate", ""))
        price = _decimal(request.POST.get(f"{row}-unit_price", ""))
        quantity = _decimal(request.POST.get(f"{row}-quantity", ""))
        discount = _decimal(request.POST.get(f"{row}-discount", "") or "0")
        if rate is None or price is None or quantity is None or discount is None or not 0 <= discount <= 100:
            continue
        yield row, SalesLine(quantity=quantity, unit_price=price, discount=discount, vat_rate=rate)


def _discounts(request: HttpRequest) -> Iterator[DocumentDiscount]:
    for row in _rows(request, "discounts"):
        percentage = _decimal(request.POST.get(f"{row}-percentage", ""))
        if percentage is not None and 0 < percentage <= 100:
            yield DocumentDiscount(percentage=percentage)


def _decimal(text: str) -> Decimal | None:
    """A number as the form reads it; None while it is none. Longer than any amount: none."""
    try:
        value = Decimal(typed_number(text))
    except InvalidOperation:
        return None
    return value if value.is_finite() and abs(value) < Decimal(10) ** 12 else None
