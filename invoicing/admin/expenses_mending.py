"""What is still done about an expense that was decided about, or kept apart: mended, reopened, out of quarantine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect, QueryDict
from django.utils.dateparse import parse_date
from django.utils.translation import gettext as _

from config import badges
from config.admin.links import change_url

from ..errors import InvoicingError, NotPossible
from ..models import CompanyEntity, PurchaseDocument, PurchaseLine, Quarantine, ReviewState
from ..services import purchases
from .booking import person
from .expenses_lines import booking_fields, chosen_in
from .returned import send_back

if TYPE_CHECKING:
    from .expenses import ExpenseAdmin


def reopening(
    page: ExpenseAdmin, document: PurchaseDocument, lines: list[PurchaseLine], typed: QueryDict
) -> dict[str, Any]:
    """What the page offers of a decided document to somebody who may decide."""
    if document.is_pending:
        return {}
    if document.review == ReviewState.REFUSED:
        return {"reopen_url": page.url("reopen", document.pk)}
    if fixed := purchases.why_fixed(document):
        return {"why_fixed": fixed}
    return {
        "reopen_url": page.url("reopen", document.pk),
        "was_mailed": purchases.may_have_left(document),
        "mend_url": page.url("mend", document.pk),
        **booking_fields(document, lines, typed),
    }


def quarantined(page: ExpenseAdmin, document: PurchaseDocument) -> dict[str, Any]:
    """Who the document says its buyer is, and for which entity it may be taken out of quarantine."""
    reading = purchases.read_again(document) if document.quarantine else None
    if reading is None:
        return {}
    name, numbers = purchases.buyer_of(reading)
    buyer = {"buyer_name": name, "buyer_number": numbers.vat or numbers.enterprise or numbers.endpoint}
    if document.quarantine == Quarantine.SELF_BILLING:
        return buyer
    likely = purchases.likely_entity(reading)
    return {
        **buyer,
        "lift_url": page.url("lift", document.pk) if document.is_pending else "",
        "lift_entities": list(CompanyEntity.objects.all()[:200]),
        "likely_entity": likely.pk if likely is not None else 0,
    }


def mend_view(page: ExpenseAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    """Change accounts, VAT rates or the exchange rate of what is approved and not sent."""
    document = _deciding(page, request, pk)
    seen = request.POST.get("seen", "")
    if (problem := purchases.changed_since(document, seen)) is not None:
        messages.error(request, problem.text)
        return HttpResponseRedirect(f"{change_url(document)}#lines")
    chosen = chosen_in(request, document)
    for text in chosen.mistakes:
        messages.error(request, text)
    if chosen.mistakes:
        return send_back(request, document, "#lines")
    try:
        changed = purchases.mend(document=document, lines=chosen.lines, rate=chosen.rate, by=person(request), seen=seen)
        if changed:
            messages.success(request, _("Saved: %(changes)s") % {"changes": " ".join(changed)[:500]})
        else:
            messages.info(request, _("Nothing was changed."))
    except InvoicingError as error:
        messages.error(request, str(error))
    return HttpResponseRedirect(f"{change_url(document)}#lines")


def reopen_view(page: ExpenseAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    document = _deciding(page, request, pk)
    try:
        purchases.reopen(
            document=document,
            by=person(request),
            reason=request.POST.get("reason", ""),
            knows_it_was_mailed="knows_it_was_mailed" in request.POST,
            tells_the_supplier="tells_the_supplier" in request.POST,
        )
        messages.success(request, _("%(document)s waits for a decision again.") % {"document": document})
    except InvoicingError as error:
        messages.error(request, str(error))
    badges.forget()
    return HttpResponseRedirect(change_url(document))


def lift_view(page: ExpenseAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    """Take a document out of quarantine, for the entity that the person chose and with the reason."""
    document = _deciding(page, request, pk)
    key = request.POST.get("entity", "")
    entity = CompanyEntity.objects.filter(pk=key).first() if key.isdigit() and len(key) < 18 else None
    if entity is None:
        messages.error(request, _("Choose the entity whose expense it is."))
        return HttpResponseRedirect(change_url(document))
    try:
        purchases.lift_quarantine(
            document=document, entity=entity, reason=request.POST.get("reason", ""), by=person(request)
        )
        words = _("%(document)s is an expense of %(entity)s now and waits for approval.")
        messages.success(request, words % {"document": document, "entity": entity})
    except InvoicingError as error:
        messages.error(request, str(error))
    badges.forget()
    return HttpResponseRedirect(change_url(document))


def paid_view(page: ExpenseAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    """Mark as paid on the day of the form, or as not paid after all."""
    document = _deciding(page, request, pk)
    try:
        if "open" in request.POST:
            purchases.mark_open(document=document, by=person(request))
            messages.success(request, _("%(document)s is not paid.") % {"document": document})
        else:
            on = parse_date(request.POST.get("paid_on", "")[:10])
            if on is None:
                raise NotPossible(_("Fill in the day of the payment."))
            purchases.mark_paid(document=document, on=on, by=person(request))
            messages.success(request, _("%(document)s is marked as paid.") % {"document": document})
    except (InvoicingError, ValueError) as error:
        messages.error(request, str(error) if isinstance(error, InvoicingError) else _("This is no date."))
    return HttpResponseRedirect(change_url(document))


def _deciding(page: ExpenseAdmin, request: HttpRequest, pk: int) -> PurchaseDocument:
    document = page.document(request, pk)
    if not page.has_approve_permission(request):
        raise PermissionDenied
    return document
