"""On the page of an expense: what its supplier was told of it through Peppol, and what the person is asked about that."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from config.admin.links import change_url
from config.figures import moment
from config.states import state_label

from ..errors import InvoicingError
from ..models import PurchaseDocument, ResponseCode, SupplierResponse, SupplierResponseState
from ..services import purchases
from .booking import person
from .response_words import REASON_WORDS, TOLD_WORDS

if TYPE_CHECKING:
    from .expenses import ExpenseAdmin

UNTOLD = "-"


@dataclass(frozen=True, slots=True)
class Told:
    """One status as the page says it. `again_url` empty: nothing is to be done about it."""

    words: str
    label: SafeString
    detail: str
    error: str
    again_url: str
    asks_look: bool


def telling(page: ExpenseAdmin, request: HttpRequest, document: PurchaseDocument) -> dict[str, Any]:
    """What the page shows; empty where the supplier is told nothing and expects nothing."""
    if not document.is_peppol or document.entity is None or document.quarantine:
        return {}
    may_decide = page.has_approve_permission(request)
    rows = document.responses.exclude(state=SupplierResponseState.WITHDRAWN).defer("content").order_by("pk")
    told = [_told(page, row, may_decide=may_decide) for row in rows]
    why = purchases.why_untold(document)
    demands = purchases.demands_response(document)
    known = purchases.told_decision(document)
    context: dict[str, Any] = {
        "told": told,
        "told_otherwise": TOLD_WORDS[ResponseCode(known.code)]
        if known and purchases.is_told_otherwise(document)
        else "",
        "demands_response": demands,
        "why_untold": why if demands or document.entity.answers_suppliers else "",
        "was_told": known is not None and not document.is_pending,
    }
    if may_decide and document.is_pending and known is None and purchases.is_answered(document):
        context["tells_reasons"] = list(REASON_WORDS.items())
        context["untold"] = UNTOLD
    return context


def _told(page: ExpenseAdmin, row: SupplierResponse, *, may_decide: bool) -> Told:
    what = {"what": TOLD_WORDS.get(ResponseCode(row.code), row.get_code_display())}
    again_url = page.url("tell", row.document_id, row.pk) if may_decide else ""
    if row.state == SupplierResponseState.SENT:
        words = _("The supplier was told: %(what)s, %(when)s.") % {**what, "when": moment(row.sent_at)}
        return Told(words, state_label("told", "sent"), row.reason, "", "", asks_look=False)
    if row.is_unclear:
        detail = _("Nothing says whether it left. Look at your access point before you send it again.")
        words = _("Perhaps the supplier was told: %(what)s.") % what
        return Told(words, state_label("told", "unclear"), detail, "", again_url, asks_look=True)
    if row.state == SupplierResponseState.SENDING:
        words = _("The supplier is being told: %(what)s.") % what
        return Told(words, state_label("told", "sending"), "", "", "", asks_look=False)
    words = _("The supplier was not told: %(what)s.") % what
    if row.state == SupplierResponseState.FAILED:
        detail = _("It did not reach the supplier. Tell them yourself, or try again.")
        return Told(words, state_label("told", "failed"), detail, row.error, again_url, asks_look=False)
    if row.attempts:
        detail = _("The access point did not take it. It is tried again %(when)s.") % {"when": moment(row.not_before)}
        return Told(words, state_label("told", "waiting"), detail, row.error, "", asks_look=False)
    if row.not_before <= timezone.now():
        words = _("The supplier is told in a moment: %(what)s.") % what
        return Told(words, state_label("told", "waiting"), "", "", "", asks_look=False)
    words = _("The supplier is told %(when)s: %(what)s.") % {**what, "when": moment(row.not_before)}
    detail = _("Take the decision back before then, and they hear nothing of it.")
    return Told(words, state_label("told", "waiting"), detail, "", "", asks_look=False)


def tell_view(page: ExpenseAdmin, request: HttpRequest, pk: int, response: int) -> HttpResponse:
    """Have the supplier told what was given up, or what broke off and did not leave."""
    document = page.document(request, pk)
    if not page.has_approve_permission(request):
        raise PermissionDenied
    try:
        purchases.send_again(document=document, pk=response, by=person(request), looked="looked" in request.POST)
        messages.success(request, _("The supplier is told in a moment."))
    except InvoicingError as error:
        messages.error(request, str(error))
    return HttpResponseRedirect(change_url(document))
