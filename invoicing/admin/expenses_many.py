"""Many expenses at once: approved, or sent to the bookkeeping by e-mail. Both first show a page with the numbers."""

from __future__ import annotations

from collections.abc import Set
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch, QuerySet, prefetch_related_objects
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config import badges
from config.admin.links import change_url
from config.figures import rate_name

from ..errors import InvoicingError
from ..models import PurchaseDocument, PurchaseLine, ReviewState
from ..services import purchases
from .booking import person

if TYPE_CHECKING:
    from .expenses import ExpenseAdmin

# More at once is work for several goes: each is decided in a transaction of its own while the person waits.
MANY_AT_ONCE = 100
SHOWN_BOOKINGS = 4  # of one document


def approve_selected(page: ExpenseAdmin, request: HttpRequest, chosen: QuerySet[Any]) -> HttpResponse | None:
    """What needs a look of its own (a new bank account, a duplicate, no supplier) is left out with the reason."""
    documents = _few(page, request, PurchaseDocument.objects.to_approve().filter(pk__in=chosen.values("pk")))
    if documents is None:
        return None
    prefetch_related_objects(
        documents, Prefetch("lines", PurchaseLine.objects.select_related("ledger_account", "vat_rate"))
    )
    if "confirmed" in request.POST:
        seen = {document.pk: request.POST.get(f"seen-{document.pk}", "") for document in documents}
        if all(purchases.changed_since(document, seen[document.pk]) is None for document in documents):
            _report(request, purchases.approve_many(documents=documents, by=person(request), seen=seen))
            badges.forget()
            return HttpResponseRedirect(request.get_full_path())
        words = _("Nothing was approved: an expense was changed since this page was opened. Look at the amounts again.")
        messages.error(request, words)
    rows = [(document, [problem.text for problem in purchases.problems_of(document)]) for document in documents]
    return _ask(
        page, request, rows, chosen, title=_("Approve expenses"), action="approve_selected", template_verb="approve"
    )


def mail_selected(page: ExpenseAdmin, request: HttpRequest, chosen: QuerySet[Any]) -> HttpResponse | None:
    approved = PurchaseDocument.objects.filter(pk__in=chosen.values("pk"), review=ReviewState.APPROVED)
    documents = _few(page, request, approved)
    if documents is None:
        return None
    prefetch_related_objects(documents, "mailings")
    if "confirmed" in request.POST:
        _mail(request, documents, again=set(request.POST.getlist("again")))
        return HttpResponseRedirect(request.get_full_path())
    rows = [(document, _not_mailed_because(document)) for document in documents]
    doubtful = {
        document.pk
        for document, reasons in rows
        if not reasons and purchases.sent_before(document) is purchases.SentBefore.PERHAPS
    }
    return _ask(
        page, request, rows, chosen, title=_("Send to the bookkeeping by e-mail"), action="mail_selected",
        template_verb="mail", doubtful=doubtful,
    )  # fmt: skip


def _not_mailed_because(document: PurchaseDocument) -> list[str]:
    """What keeps one of many from being sent; that it may have arrived already is asked about instead."""
    entity = document.entity
    if text := purchases.mailing_refusal(document):
        return [text]
    if purchases.sent_before(document) is purchases.SentBefore.YES:
        return [_("It was sent already, or is on its way.")]
    if entity is not None and entity.confirmed_bookkeeping_email != entity.bookkeeping_email:
        text = _("Send one expense of %(entity)s from its page first, and confirm there that %(address)s is right.")
        return [text % {"entity": entity, "address": entity.bookkeeping_email}]
    return []


def _mail(request: HttpRequest, documents: list[PurchaseDocument], *, again: set[str]) -> None:
    """Send them; one that may have arrived already only where its own tick says that somebody asked."""
    sent, perhaps = 0, []
    for document in documents:
        if purchases.sent_before(document) is purchases.SentBefore.PERHAPS and str(document.pk) not in again:
            perhaps.append(document)
            continue
        try:
            purchases.send_to_bookkeeping(document=document, by=person(request), again=str(document.pk) in again)
            sent += 1
        except InvoicingError as error:
            messages.error(request, f"{document}: {error}")
    if sent:
        words = ngettext(
            "%(n)d expense is on its way to the bookkeeping.",
            "%(n)d expenses are on their way to the bookkeeping.",
            sent,
        )
        messages.success(request, words % {"n": sent})
    if perhaps:
        words = _("Not sent, since they may have arrived already: %(documents)s. Ask the bookkeeping, then tick them.")
        messages.warning(request, words % {"documents": ", ".join(map(str, perhaps))[:500]})


def _few(page: ExpenseAdmin, request: HttpRequest, rows: QuerySet[Any]) -> list[PurchaseDocument] | None:
    """The documents that this can be done with, at most as many as one go takes; None when told why not."""
    if not page.has_approve_permission(request):
        raise PermissionDenied
    found = list(rows.select_related("entity", "supplier").order_by("date", "pk")[: MANY_AT_ONCE + 1])
    if not found:
        messages.warning(request, _("None of the selected documents waits for this."))
        return None
    if len(found) > MANY_AT_ONCE:
        messages.error(request, _("Select at most %(number)d documents at once.") % {"number": MANY_AT_ONCE})
        return None
    return found


def _ask(
    page: ExpenseAdmin,
    request: HttpRequest,
    rows: list[tuple[PurchaseDocument, list[str]]],
    chosen: QuerySet[Any],
    *,
    title: str,
    action: str,
    template_verb: str,
    doubtful: Set[int] = frozenset(),
) -> HttpResponse:
    """`doubtful`: those that each need a tick of their own."""
    shows_bookings = template_verb == "approve"
    context = {
        **page.admin_site.each_context(request),
        "title": title,
        "back_url": request.get_full_path(),
        "rows": [
            (
                document,
                reasons,
                _bookings(document) if shows_bookings else [],
                purchases.mark_of(document) if shows_bookings else "",
                change_url(document),
            )
            for document, reasons in rows
        ],
        "ready": sum(not reasons and document.pk not in doubtful for document, reasons in rows),
        "doubtful": doubtful,
        "left_out": chosen.count() - len(rows),
        "action": action,
        "verb": template_verb,
        "action_checkbox_name": ACTION_CHECKBOX_NAME,
    }
    return TemplateResponse(request, "admin/invoicing/expenses_many.html", context)


def _bookings(document: PurchaseDocument) -> list[tuple[str, str]]:
    """Ledger account and VAT rate of the lines, each pair once; a dash where nothing is proposed."""
    found = ((line.ledger_account, line.vat_rate) for line in document.lines.all())
    pairs = ((str(account or "–"), rate_name(None, rate.name or rate.code) if rate else "–") for account, rate in found)
    return list(dict.fromkeys(pairs))[:SHOWN_BOOKINGS]


def _report(request: HttpRequest, outcomes: list[purchases.ReviewOutcome]) -> None:
    approved = sum(outcome.is_approved for outcome in outcomes)
    if approved:
        words = ngettext("%(n)d expense is approved.", "%(n)d expenses are approved.", approved)
        messages.success(request, words % {"n": approved})
    for outcome in outcomes:
        if not outcome.is_approved:
            reasons = " ".join(problem.text for problem in outcome.problems)
            messages.error(request, f"{outcome.document}: {reasons}")
