"""The page of a document that is not edited: what it says, where it stands in the books, what is paid."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from config.admin.links import list_url
from config.admin.places import document_link, party_link
from config.countries import country_name
from integrations.admin.books_panel import books_panel

from ..models import PaymentSource, PaymentState, SalesDocument, SalesLine
from . import downloads, totals
from .columns import payment_state_of
from .forms import ACCOUNT_LIST, PaidByHandForm
from .scope import DocumentScope

if TYPE_CHECKING:
    from .documents import SalesDocumentAdmin


def document_page(page: SalesDocumentAdmin, request: HttpRequest, document: SalesDocument) -> HttpResponse:
    """Return the read-only page; its forms appear where the person may use them."""
    lines = list(document.lines.select_related("vat_rate__rate", "ledger_account"))
    scope = DocumentScope(entity=document.entity, day=document.date, document=document)
    may_work = page.may_work_on(request)
    books = books_panel(request, document)
    payments = list(document.payments.all())
    context: dict[str, Any] = {
        **page.admin_site.each_context(request),
        "title": _title(document),
        "back_url": list_url(page.model),
        "document": document,
        "buyer": buyer_of(document),
        "customer_link": party_link(document.party, document.buyer_name or str(document.party)),
        "lines": lines,
        "accounts_may_change": may_work and document.is_booked and not books.is_sent,
        "books": books,
        "payments": payments,
        "payment_state": payment_state_of(document),
        "by_hand": any(payment.source == PaymentSource.MANUAL for payment in payments),
        "credit_notes": [document_link(credit) for credit in document.credit_notes.order_by("pk")],
        "credited": document_link(document.credited_invoice) if document.credited_invoice else "",
        "history_url": page.url("history", document.pk),
        "account_list_id": ACCOUNT_LIST,
        **_forms(page, request, document, may_work=may_work, lines=lines),
        **downloads.panel_context(page, request, document),
    }
    if context["accounts_may_change"]:
        context["account_list"] = list(scope.accounts.values())
    context |= {"totals": _stored_totals(document)}
    return TemplateResponse(request, "admin/invoicing/document.html", context)


def _forms(
    page: SalesDocumentAdmin, request: HttpRequest, document: SalesDocument, *, may_work: bool, lines: list[SalesLine]
) -> dict[str, Any]:
    """The addresses of what the person may do; what may not be done has none."""
    found: dict[str, Any] = {}
    if not document.is_booked:
        return found
    if may_work and document.total and document.payment_state != PaymentState.PAID:
        found |= {"paid_url": page.url("paid", document.pk), "paid_form": PaidByHandForm()}
    if may_work:
        found["undo_paid_url"] = page.url("paid_undo", document.pk)
        for line in lines:
            line.account_url = page.url("account", document.pk, line.pk)  # type: ignore[attr-defined]
    if request.user.has_perm("invoicing.add_creditnote") and not document.is_credit_note and document.total > 0:
        found["credit_url"] = page.url("credit", document.pk)
    return found


def buyer_of(document: SalesDocument) -> dict[str, str]:
    """The buyer as the document says it: from the snapshot once booked, from today's customer before."""
    party = document.party
    known: dict[str, str] = document.buyer_snapshot if document.is_booked else {}

    def value(name: str) -> str:
        return str(known.get(name, "") if known else getattr(party, name, "") or "")

    place = " ".join(part for part in (value("postcode"), value("city")) if part)
    address = ", ".join(part for part in (value("street"), place, country_name(value("country"))) if part)
    return {"address": address, "vat_number": value("vat_number"), "enterprise_number": value("enterprise_number")}


def _stored_totals(document: SalesDocument) -> dict[str, Any]:
    rows: list[dict[str, Any]] = [
        {
            "percentage": row.vat_rate.percentage,
            "name": row.vat_rate.rate.name,
            "base": row.base,
            "discount": row.discount,
            "vat": row.vat,
            "total": row.base + row.vat,
        }
        for row in document.vat_totals.select_related("vat_rate__rate")
    ]
    return {
        "rates": rows,
        "discount": sum((row["discount"] for row in rows), totals.ZERO),
        "net": document.net_total,
        "vat": document.vat_total,
        "total": document.total,
        "currency": document.currency,
    }


def _title(document: SalesDocument) -> str:
    kind = document.get_kind_display()
    return f"{kind} {document.number}" if document.number else _("%(kind)s, draft") % {"kind": kind}
