"""Booking from the admin: one draft by its button, many by an action, each behind a page that says the effect."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config.admin.links import change_url

from .. import services
from ..models import SalesDocument

if TYPE_CHECKING:
    from .documents import SalesDocumentAdmin

# More at once is work for several goes: each is booked in its own transaction while the person waits.
MANY_AT_ONCE = 200


def person(request: HttpRequest) -> AbstractBaseUser:
    """The signed-in user, as the services take it."""
    return cast(AbstractBaseUser, request.user)


def book_view(page: SalesDocumentAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    """Show what booking will do (GET) and book (POST)."""
    document = page.document(request, pk)
    if not page.may_work_on(request):
        raise PermissionDenied
    if document.is_booked:
        messages.info(request, _("%(document)s is booked already.") % {"document": document})
        return HttpResponseRedirect(change_url(document))
    if request.method == "POST":
        try:
            booked = services.book(document=document, by=person(request), seen=request.POST.get("seen", ""))
        except services.BookingRefused as refused:
            for problem in refused.problems:
                messages.error(request, problem.text)
            return HttpResponseRedirect(page.url("book", pk))
        messages.success(request, _("Booked as %(number)s.") % {"number": booked.number})
        return HttpResponseRedirect(change_url(document))
    context = {
        **page.admin_site.each_context(request),
        "title": page.book_words,
        "back_url": change_url(document),
        "document": document,
        "preview": services.preview_booking(document),
    }
    return TemplateResponse(request, "admin/invoicing/book.html", context)


def book_selected(page: SalesDocumentAdmin, request: HttpRequest, chosen: QuerySet[Any]) -> HttpResponse | None:
    """The action of the list: a page with the numbers first, then the booking. Booked ones in the choice are left out."""
    if not page.may_work_on(request):
        raise PermissionDenied
    drafts = list(
        SalesDocument.objects.drafts()
        .filter(pk__in=chosen.values("pk"))
        .select_related("entity", "party")[: MANY_AT_ONCE + 1]
    )
    if not drafts:
        messages.warning(request, _("There is no draft among what you selected."))
        return None
    if len(drafts) > MANY_AT_ONCE:
        messages.error(request, _("Select at most %(number)d drafts at once.") % {"number": MANY_AT_ONCE})
        return None
    drafts.sort(key=lambda d: (d.date, d.pk))
    rows = [(draft, services.preview_booking(draft)) for draft in drafts]
    if "confirmed" in request.POST:
        seen = {draft.pk: request.POST.get(f"seen-{draft.pk}", "") for draft in drafts}
        if all(seen[draft.pk] in ("", preview.seen) for draft, preview in rows):
            _report(request, services.book_many(documents=drafts, by=person(request), seen=seen))
            return HttpResponseRedirect(request.get_full_path())
        words = _("Nothing was booked: a draft was changed since this page was opened. Look at the amounts again.")
        messages.error(request, words)
    ready = [draft for draft, preview in rows if preview.can_be_booked]
    context = {
        **page.admin_site.each_context(request),
        "title": _("Book drafts"),
        "back_url": request.get_full_path(),
        "rows": rows,
        "ready": len(ready),
        "left_out": chosen.count() - len(drafts),
        "action_checkbox_name": ACTION_CHECKBOX_NAME,
        "action": "book_selected",
    }
    return TemplateResponse(request, "admin/invoicing/book_many.html", context)


def _report(request: HttpRequest, outcomes: list[services.BookingOutcome]) -> None:
    booked = [outcome for outcome in outcomes if outcome.is_booked]
    if booked:
        words = ngettext("%(n)d document booked: %(numbers)s.", "%(n)d documents booked: %(numbers)s.", len(booked))
        numbers = [str(outcome.document) for outcome in booked]
        shown = ", ".join(numbers) if len(numbers) <= 5 else f"{numbers[0]} … {numbers[-1]}"
        messages.success(request, words % {"n": len(booked), "numbers": shown})
    for outcome in outcomes:
        if not outcome.is_booked:
            reasons = " ".join(problem.text for problem in outcome.problems)
            words = _("Draft for %(customer)s of %(total)s not booked. %(reasons)s")
            document = outcome.document
            names = {"customer": document.party, "total": f"{document.total} {document.currency}", "reasons": reasons}
            messages.error(request, words % names)
