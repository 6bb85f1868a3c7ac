"""What may be done with a booked document: credit it, mark it as paid, correct a line's account."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _

from config.admin.links import change_url
from config.admin.places import document_url

from .. import services
from ..models import LedgerAccount, SalesLine
from .booking import person
from .forms import PaidByHandForm

if TYPE_CHECKING:
    from .documents import SalesDocumentAdmin


def credit_view(page: SalesDocumentAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    """Say what a credit note of the whole invoice will hold (GET) and make its draft (POST)."""
    document = page.document(request, pk)
    if not request.user.has_perm("invoicing.add_creditnote"):
        raise PermissionDenied
    if request.method == "POST":
        try:
            credit = services.credit_invoice(invoice=document, by=person(request))
        except (services.NotPossible, ValidationError) as error:
            messages.error(request, _sentence(error))
            return HttpResponseRedirect(change_url(document))
        words = _("Draft of a credit note for %(invoice)s made. Take out what is not credited, then book it.")
        messages.success(request, words % {"invoice": document})
        return HttpResponseRedirect(document_url(credit))
    context = {
        **page.admin_site.each_context(request),
        "title": _("Make credit note"),
        "back_url": change_url(document),
        "document": document,
        "earlier": list(document.credit_notes.order_by("pk")),
    }
    return TemplateResponse(request, "admin/invoicing/credit.html", context)


def paid_view(page: SalesDocumentAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    """Mark a document as paid by hand, on the day of the form."""
    document = page.document(request, pk)
    if not page.may_work_on(request):
        raise PermissionDenied
    form = PaidByHandForm(request.POST)
    if not form.is_valid():
        messages.error(request, " ".join(str(text) for texts in form.errors.values() for text in texts))
        return HttpResponseRedirect(change_url(document))
    try:
        services.mark_paid_by_hand(document=document, on=form.cleaned_data["on"], by=person(request))
        messages.success(request, _("%(document)s is marked as paid.") % {"document": document})
    except (services.InvoicingError, ValidationError) as error:
        messages.error(request, _sentence(error))
    return HttpResponseRedirect(change_url(document))


def undo_paid_view(page: SalesDocumentAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    """Take back what was marked as paid by hand."""
    document = page.document(request, pk)
    if not page.may_work_on(request):
        raise PermissionDenied
    try:
        services.undo_manual_payment(document=document, by=person(request))
        messages.success(request, _("The payment by hand of %(document)s is taken back.") % {"document": document})
    except services.InvoicingError as error:
        messages.error(request, str(error))
    return HttpResponseRedirect(change_url(document))


def account_view(page: SalesDocumentAdmin, request: HttpRequest, pk: int, line: int) -> HttpResponse:
    """Give a line of a booked document another ledger account, until it is sent."""
    document = page.document(request, pk)
    if not page.may_work_on(request):
        raise PermissionDenied
    row = SalesLine.objects.select_related("document__entity").filter(pk=line, document_id=document.pk).first()
    if row is None:
        raise Http404
    code = request.POST.get("account", "").strip()
    account = (
        LedgerAccount.objects.filter(entity=document.entity, code=code.partition(" ")[0]).first() if code else None
    )
    if code and account is None:
        messages.error(request, _("There is no active ledger account “%(text)s”.") % {"text": code})
        return HttpResponseRedirect(change_url(document))
    try:
        services.change_line_account(line=row, account=account, by=person(request))
        messages.success(request, _("The ledger account is changed."))
    except services.InvoicingError as error:
        messages.error(request, str(error))
    return HttpResponseRedirect(change_url(document))


def _sentence(error: Exception) -> str:
    return " ".join(error.messages) if isinstance(error, ValidationError) else str(error)
