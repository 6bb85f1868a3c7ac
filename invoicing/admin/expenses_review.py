"""The page of one expense: the document on the left, what to check and where it is booked on the right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import ForeignKey
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config import badges
from config.admin.links import change_url, faint, link, list_url
from config.admin.places import party_link
from config.figures import amount, before_stop, day, iban, percentage
from config.states import state_label
from crm.models import Party
from crm.names import name_key
from integrations.admin.books_panel import purchase_books
from integrations.admin.words import tool_label
from integrations.base.provider import Capability
from integrations.models import Connection
from integrations.registry import get_tool
from integrations.standing import standing_of

from ..errors import InvoicingError, NotPossible
from ..foreign_vat import is_foreign_vat, vat_country
from ..models import (
    PurchaseDocument,
    PurchaseFile,
    Quarantine,
    ReviewState,
    VatRateVersion,
)
from ..peppol.checks.formal import is_formal
from ..peppol.statuses import OTHER
from ..services import purchases
from ..services.purchases.intake import sentence
from ..services.purchases.officially import NOTHING_FOUND
from .booking import person
from .expenses_form import PAPER_ROUNDING, vat_within
from .expenses_lines import booking_fields, chosen_in, typed_on_lines
from .expenses_mending import quarantined, reopening
from .expenses_telling import UNTOLD, telling
from .returned import send_back, typed_before

if TYPE_CHECKING:
    from .expenses import ExpenseAdmin

APPROVE = "invoicing.approve_purchasedocument"
DRAWN = 200  # lines that the page shows
TABS = ("document", "pdf", "original")
# What the page has a tick or a field for; anything else has to be put right before.
_ASKED_FOR = frozenset({"iban", "duplicate", "findings", "vat-rate", "account", "exchange-rate"})


def review_key(document: PurchaseDocument) -> str:
    """The review's state as people read it: one of those stored, or what keeps the document from a decision."""
    if document.is_pending and document.quarantine:
        return "quarantine"
    if document.is_pending and not document.is_complete:
        return "incomplete"
    return document.review


def review_label(document: PurchaseDocument) -> SafeString:
    title = document.get_quarantine_display() if document.is_pending else document.refusal_reason
    return state_label("review", review_key(document), title=title)


def posting_words(document: PurchaseDocument) -> SafeString | str:
    """Where a document loaded with `standing.prefetches()` stands on its way into the books."""
    if document.review == ReviewState.REFUSED or document.quarantine:
        return state_label("posting", "excluded")
    if document.is_pending:
        return faint(_("after approval"))
    found = standing_of(document)
    if found.posting is not None:
        return state_label("posting", found.label)
    mailing = next(iter(document.mailings.all()), None)
    if mailing is not None:
        return state_label("mailing", mailing.state)
    return state_label("posting", found.label) if found.state else faint(_("by e-mail"))


# --- The page ---


@dataclass(frozen=True, slots=True)
class Check:
    """One row of the review: done, a thing to know, or a thing that stops."""

    state: str  # good | note | bad
    text: str | SafeString
    detail: str = ""


def review_page(page: ExpenseAdmin, request: HttpRequest, document: PurchaseDocument) -> HttpResponse:
    """The page; what a form of it said that could not be done is shown again."""
    may_refuse = page.has_approve_permission(request) and document.is_pending
    may_decide = may_refuse and not document.quarantine
    lines = list(document.lines.select_related("ledger_account", "vat_rate")[: DRAWN + 1])
    files = list(document.files.defer("content"))
    pdf = next((file for file in files if file.is_pdf), None)
    tab = request.GET.get("tab", "")
    tab = tab if tab in TABS else "document" if document.is_peppol or pdf is None else "pdf"
    account = purchases.account_of(document) if document.is_pending else purchases.BankAccount()
    others = purchases.duplicates_of(document)
    problems = purchases.problems_of(document) if may_decide else []
    typed = typed_before(request, document)
    stopping = [problem for problem in problems if problem.code not in _ASKED_FOR]
    waiting = PurchaseDocument.objects.to_approve()
    seen = document.supplier_snapshot
    context: dict[str, Any] = {
        **page.admin_site.each_context(request),
        "title": _("Expense %(number)s") % {"number": document},
        "back_url": list_url(PurchaseDocument),
        "document": document,
        "state_label": review_label(document),
        "seen": seen,
        "lines": lines[:DRAWN],
        "lines_left": max(document.lines.count() - DRAWN, 0) if len(lines) > DRAWN else 0,
        "vat_totals": list(document.vat_totals.all()),
        "sign": "-" if document.is_credit_note else "",
        "tabs": _tabs(page, document, tab, pdf),
        "tab": tab,
        "pdf_url": page.url("show", document.pk, pdf.pk) if pdf else "",
        "files": [(file, page.url("file", document.pk, file.pk)) for file in files],
        "checks": _checks(document, others),
        "others": [(other, change_url(other), review_label(other)) for other in others],
        "account": account,
        "seen_mark": purchases.mark_of(document),
        "account_words": ", ".join(iban(text) for text in account.unknown),
        "supplier_history_url": list_url(PurchaseDocument, supplier__id__exact=document.supplier_id or 0),
        "findings": [_finding(row) for row in document.findings],
        "stopping": stopping,
        "asks_findings": any(problem.code == "findings" for problem in problems),
        "asks_duplicate": any(problem.code == "duplicate" for problem in problems),
        "may_decide": may_decide,
        "may_refuse": may_refuse,
        "typed": typed,
        "buyer_differs": bool(
            document.entity and seen.get("buyer") and name_key(seen["buyer"]) != name_key(document.entity.name)
        ),
        "form_id": "approve" if may_decide else "mend",
        "may_edit": page.has_change_permission(request, document),
        "edit_url": page.url("edit", document.pk),
        "reviews": list(document.reviews.all()[:20]),
        "history_url": page.url("history", document.pk),
        "goes_to": _goes_to(document),
    }
    if page.has_approve_permission(request):
        context |= {**reopening(page, document, lines, typed), **quarantined(page, document)}
    if document.review == ReviewState.APPROVED:
        context |= {
            "books": purchase_books(request, document.pk),
            "payment_label": state_label("payment", document.payment_state),
            "paid_url": page.url("paid", document.pk) if page.has_approve_permission(request) else "",
            "today": timezone.localdate(),
        }
    if may_refuse:
        context["refuse_url"] = page.url("refuse", document.pk)
    if may_decide:
        following = purchases.next_to_approve(after=document)
        supplier_field = _supplier_field(page, request) if document.is_peppol else None
        context |= {
            "approve_url": page.url("approve", document.pk),
            "skip_url": change_url(following) if following is not None else "",
            "place": waiting.filter(pk__lte=document.pk).count() or 1,
            "waiting": waiting.count(),
            "supplier_url": page.url("supplier", document.pk),
            "proposed": purchases.proposed_suppliers(document) if document.supplier_id is None else [],
            "supplier_field": supplier_field.render("chosen", None, {"id": "supplier-party", "form": "approve"})
            if supplier_field
            else "",
            "media": supplier_field.media if supplier_field else "",
            **booking_fields(document, lines, typed),
        }
    context |= {**_mailing(page, request, document), **telling(page, request, document)}
    return TemplateResponse(request, "admin/invoicing/expense.html", context)


def _supplier_field(page: ExpenseAdmin, request: HttpRequest) -> forms.Widget:
    """The look-up box of the suppliers, as in the form of a typed expense."""
    key = cast("ForeignKey[Any, Any]", PurchaseDocument._meta.get_field("supplier"))
    field = page.formfield_for_foreignkey(key, request)
    assert field is not None  # noqa: S101 - the key is in autocomplete_fields
    return field.widget


def _tabs(
    page: ExpenseAdmin, document: PurchaseDocument, chosen: str, pdf: PurchaseFile | None
) -> list[dict[str, Any]]:
    words = {"document": _("Document"), "pdf": _("PDF"), "original": _("Original file")}
    keys = [key for key in TABS if key != "pdf" or pdf is not None]
    return [{"url": f"{change_url(document)}?tab={key}", "title": words[key], "active": key == chosen} for key in keys]


def _checks(document: PurchaseDocument, others: list[PurchaseDocument]) -> list[Check]:
    found: list[Check] = []
    if document.quarantine:
        found.append(Check("bad", document.get_quarantine_display(), _quarantine_advice(document)))
    if document.quarantine == Quarantine.SELF_BILLING:
        return found  # no purchase, so nothing that is checked of purchases
    if document.supplier is not None:
        name = format_html("{} {}", _("Supplier"), party_link(document.supplier))
        by = _("by %(what)s") % {"what": document.get_matched_by_display()} if document.matched_by else ""
        found.append(Check("good", name, by))
        seen = document.supplier_snapshot.get("name", "")
        if seen and name_key(seen) != name_key(document.supplier.name):
            words = _("The document says “%(name)s”") % {"name": seen}
            found.append(Check("note", words, _("Look whether that is the same supplier.")))
    elif not document.is_peppol and document.supplier_name:
        found.append(Check("good", _("Supplier %(name)s") % {"name": document.supplier_name}))
    else:
        found.append(Check("bad", _("The supplier is not known yet"), _supplier_advice(document)))
    if document.is_peppol:
        errors = purchases.broken_rules(document)
        if errors:
            words = ngettext("%(n)d rule is broken; see below", "%(n)d rules are broken; see below", errors)
            found.append(Check("note", words % {"n": errors}))
        elif formal := purchases.formal_rules(document):
            words = ngettext(
                "Totals add up; %(n)d formal rule is broken, see below",
                "Totals add up; %(n)d formal rules are broken, see below",
                formal,
            )
            found.append(Check("good", words % {"n": formal}, _("Nothing to do: the booking stays the same.")))
        else:
            found.append(Check("good", _("Totals add up, valid Peppol document")))
    if any(is_foreign_vat(document, part.category) and part.vat for part in document.vat_totals.all()):
        words = _("VAT of %(country)s") % {"country": vat_country(document)}
        found.append(Check("note", words, _("Not deducted here: it is part of the cost.")))
    alive = [other for other in others if other.review != ReviewState.REFUSED]
    if alive:
        advice = _("Compare them before you approve.") if document.is_pending else ""
        found.append(Check("bad", _("It looks like one received before"), advice))
    else:
        found.append(Check("good", _("Not received before")))
    found += [*_doubtful_days(document), *_low_vat(document)]
    if document.is_direct_debit:
        found.append(Check("note", _("Paid by direct debit"), _("Do not pay it yourself.")))
    return found


def _doubtful_days(document: PurchaseDocument) -> list[Check]:
    """Dates that are probably slips: nothing stops the document, and it would be booked in that period."""
    found = []
    if document.date > timezone.localdate():
        words = _("Dated in the future: %(day)s") % {"day": day(document.date)}
        detail = _(
            "It is booked in that period. If the date is wrong, refuse it and ask the supplier for a corrected one."
        )
        found.append(
            Check("bad", words, detail if document.is_peppol else _("Press Edit, and fill in what the paper says."))
        )
    if document.due_date is not None and document.due_date < document.date:
        words = _("Due on %(due)s, before its date of %(day)s")
        names = {"due": day(document.due_date), "day": day(document.date)}
        found.append(Check("note", words % names, _("Compare the dates with the document before you approve it.")))
    return found


def _low_vat(document: PurchaseDocument) -> list[Check]:
    """Typed VAT that is less than the chosen rate makes of the total: mixed rates, or a slip."""
    line = None if document.is_peppol else document.lines.filter(vat_rate__isnull=False).first()
    version = VatRateVersion.objects.on(document.date).filter(rate=line.vat_rate_id).first() if line else None
    if version is None or not document.total:
        return []
    expected = vat_within(document.total, version.percentage)
    if document.vat_total >= expected - PAPER_ROUNDING:
        return []
    words = _("The VAT is %(vat)s; at %(percent)s it would be %(expected)s")
    names = {
        "vat": amount(document.vat_total),
        "percent": percentage(version.percentage),
        "expected": amount(expected),
    }
    advice = _("Compare it with the paper. Where it is a slip, press Edit.") if document.is_pending else ""
    return [Check("bad", words % names, advice)]


def _supplier_advice(document: PurchaseDocument) -> str:
    if document.quarantine or not document.is_pending:
        return ""
    if document.is_peppol:
        return _("Choose it or create it below.")
    return _("Press Edit, and fill in what the paper says.")


_QUARANTINE = {
    Quarantine.NOT_OURS.value: lambda: _(
        "Its buyer is none of our entities. Refuse it and tell the sender; or say below whose expense it is."
    ),
    Quarantine.SEVERAL.value: lambda: _(
        "Its numbers name more than one of our entities. Ask the sender for a right one."
    ),
    Quarantine.OTHER_ENTITY.value: lambda: _("It was delivered through the access point of another entity."),
}


def _quarantine_advice(document: PurchaseDocument) -> str:
    if document.quarantine == Quarantine.SELF_BILLING:
        return purchases.self_billing_advice(document, purchases.read_again(document))
    return _QUARANTINE[document.quarantine]()


def _finding(row: dict[str, Any]) -> dict[str, str]:
    code = str(row.get("code", ""))
    return {
        "level": "formal" if is_formal(code) and row.get("level") == "error" else str(row.get("level", "")),
        "code": "" if code == NOTHING_FOUND else code,
        "text": sentence(str(row.get("text", "")), row.get("values") or {}),
        "place": str(row.get("place", "")),
    }


def _goes_to(document: PurchaseDocument) -> str:
    if document.quarantine or document.review == ReviewState.REFUSED or document.entity is None:
        return ""
    if not document.is_peppol:
        return _("Did not come by Peppol: it goes to the bookkeeping by e-mail, never through a connection.")
    connection = Connection.objects.live().filter(entity=document.entity).first()
    if connection is None:
        return _("%(entity)s has no connection; send it to the bookkeeping by e-mail.") % {"entity": document.entity}
    if connection.start_date is not None and document.date < connection.start_date:
        text = _("Dated before %(day)s, from when on documents go to %(tool)s.")
        return text % {"day": day(connection.start_date), "tool": tool_label(connection.tool)}
    if not document.total:
        return _("Its total is zero, so nothing of it is booked.")
    if not purchases.handled_by_connection(document):
        text = _("It is excluded from the sync, so it does not go to %(tool)s.")
        return text % {"tool": tool_label(connection.tool)}
    if purchases.may_have_left(document):
        return _(
            "The bookkeeping has it by e-mail. The next sync after approval holds it up until you exclude it, or say that"
            " nobody booked the e-mail."
        )
    if Capability.PURCHASES_AS_FILES in get_tool(connection.tool).capabilities:
        text = _("Its file goes to the archive of %(tool)s with the next sync after approval; it is booked there.")
        return text % {"tool": tool_label(connection.tool)}
    if document.is_foreign and document.exchange_rate is None:
        text = _("Goes to %(tool)s once it is approved and has an exchange rate.")
        return text % {"tool": tool_label(connection.tool)}
    return _("Goes to %(tool)s with the next sync after approval.") % {"tool": tool_label(connection.tool)}


def _mailing(page: ExpenseAdmin, request: HttpRequest, document: PurchaseDocument) -> dict[str, Any]:
    mailings = list(document.mailings.all()[:5])
    found: dict[str, Any] = {"mailings": [(row, state_label("mailing", row.state)) for row in mailings]}
    if document.review != ReviewState.APPROVED:
        return found
    before = purchases.sent_before(document)
    entity = document.entity
    if before is purchases.SentBefore.YES or not page.has_approve_permission(request) or entity is None:
        return found
    instead = purchases.may_go_instead(document) and bool(entity.bookkeeping_email)
    refusal = "" if instead else purchases.mailing_refusal(document)
    found |= {"mail_instead": instead, "mail_refusal": refusal, "mail_address": entity.bookkeeping_email}
    if not refusal:
        found |= {
            "mail_url": page.url("mail", document.pk),
            "asks_again": before is purchases.SentBefore.PERHAPS,
            "asks_address": entity.confirmed_bookkeeping_email != entity.bookkeeping_email,
        }
    return found


# --- What is done ---


def _deciding(page: ExpenseAdmin, request: HttpRequest, pk: int) -> PurchaseDocument:
    document = page.document(request, pk)
    if not page.has_approve_permission(request):
        raise PermissionDenied
    return document


def approve_view(page: ExpenseAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    document = _deciding(page, request, pk)
    seen = request.POST.get("seen", "")
    if document.is_pending and (problem := purchases.changed_since(document, seen)) is not None:
        # Without what was typed and ticked: that was said of another document.
        messages.error(request, problem.text)
        return HttpResponseRedirect(change_url(document))
    chosen = chosen_in(request, document)
    if chosen.mistakes and document.is_pending:
        for text in chosen.mistakes:
            messages.error(request, text)
        return send_back(request, document)
    ticks = purchases.Ticks(
        iban=request.POST.get("checked_iban", ""),
        not_a_duplicate="not_a_duplicate" in request.POST,
        findings="checked_findings" in request.POST,
        unbooked="unbooked" in request.POST,
    )
    try:
        found = purchases.approve(
            document=document, by=person(request), lines=chosen.lines, rate=chosen.rate, ticks=ticks, seen=seen
        )
    except InvoicingError as error:
        messages.error(request, str(error))
        document = page.document(request, pk)
        if document.is_pending and not document.quarantine:
            return send_back(request, document)
        return HttpResponseRedirect(change_url(document))
    words = _("%(document)s is approved: %(amount)s.")
    _say(request, words % {"document": document, "amount": amount(found.signed_total, found.currency)}, document)
    return _next(page, request, document)


def refuse_view(page: ExpenseAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    document = _deciding(page, request, pk)
    try:
        told_as = request.POST.get("told_as", "")
        purchases.refuse(
            document=document,
            reason=request.POST.get("reason", ""),
            by=person(request),
            told_as=told_as if told_as not in ("", UNTOLD) else OTHER,
            tells=told_as != UNTOLD,
        )
    except InvoicingError as error:
        messages.error(request, str(error))
        return HttpResponseRedirect(change_url(document))
    _say(request, _("%(document)s is refused.") % {"document": document}, document)
    return _next(page, request, document)


def supplier_view(page: ExpenseAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    """Take a party as the supplier, or make the one that the document proposes. What was typed meanwhile comes back."""
    document = _deciding(page, request, pk)
    typed = typed_on_lines(request, document)
    key = request.POST.get("chosen" if "take" in request.POST else "party", "")
    try:
        if key.isdigit() and len(key) < 18:
            party = Party.objects.live().filter(pk=key).first()
            if party is None:
                raise NotPossible(_("This contact is not there any more."))
            found = purchases.assign_supplier(document=document, party=party, by=person(request))
        elif "create" in request.POST:
            if not request.user.has_perm("crm.add_company"):
                raise PermissionDenied
            found = purchases.create_supplier(document=document, by=person(request))
        else:
            raise NotPossible(_("Choose the supplier or create it first."))
        messages.success(request, _("Supplier: %(party)s.") % {"party": before_stop(found.supplier)})
    except InvoicingError as error:
        messages.error(request, str(error))
    return send_back(request, document, fields=typed)


def mail_view(page: ExpenseAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    document = _deciding(page, request, pk)
    try:
        sent = purchases.send_to_bookkeeping(
            document=document,
            by=person(request),
            confirmed="confirmed" in request.POST,
            again="again" in request.POST,
            instead="instead" in request.POST,
        )
        messages.success(request, _("On its way to %(address)s.") % {"address": sent.address})
    except InvoicingError as error:
        messages.error(request, str(error))
    return HttpResponseRedirect(change_url(document))


def _say(request: HttpRequest, words: str, document: PurchaseDocument) -> None:
    messages.success(request, format_html("{} {}", words, link(change_url(document), _("Look at it"))))


def _next(page: ExpenseAdmin, request: HttpRequest, document: PurchaseDocument) -> HttpResponse:
    """On to the next that waits; after the last one back to the list, which says so."""
    badges.forget()
    following = purchases.next_to_approve(after=document)
    if following is not None:
        return HttpResponseRedirect(change_url(following))
    messages.info(request, _("All expenses are handled."))
    return HttpResponseRedirect(page.url("changelist"))
