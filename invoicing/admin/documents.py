"""Invoices and credit notes: their lists, the form of a draft, and where a booked one leads."""

from __future__ import annotations

from decimal import Decimal
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Q, QuerySet
from django.forms import BaseModelFormSet, ModelForm
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.functional import Promise
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST, require_safe
from unfold.admin import TabularInline
from unfold.contrib.filters.admin import AutocompleteSelectFilter, RangeDateFilter

from config.admin.exports import Column, ExportingAdmin
from config.admin.links import change_url, faint, link
from config.admin.lists import BookkeepingAdmin, View
from config.admin.places import document_url
from config.admin.stale import NoOverwriting
from config.figures import amount, day
from crm.admin.searching import customer_condition
from integrations import standing

from .. import services
from ..models import CreditNote, DocumentDiscount, Invoice, SalesDocument, SalesKind, SalesLine
from . import answers, booking, columns, downloads, export, page, period, sending, totals, verbs
from .filters import PostingFilter, chosen_entity
from .forms import DiscountForm, DiscountFormSet, DocumentForm, DraftLineFormSet, LineForm
from .scope import scope_of


class LineInline(TabularInline):
    model = SalesLine
    form = LineForm
    formset = DraftLineFormSet
    fields = ["description", "quantity", "unit_price", "discount", "vat_rate", "account", "shown_net"]
    readonly_fields = ["shown_net"]
    extra = 0
    min_num = 1
    hide_title = True
    ordering = ["position", "pk"]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).select_related("ledger_account", "vat_rate__rate")

    def get_formset(self, request: HttpRequest, obj: SalesDocument | None = None, **kwargs: Any) -> Any:
        """Lines of one request choose from what its entity and day allow."""
        form = type("ScopedLineForm", (LineForm,), {"scope": scope_of(request, obj)})
        return super().get_formset(request, obj, form=form, **kwargs)

    def get_fields(self, request: HttpRequest, obj: SalesDocument | None = None) -> list[str]:
        return list(self.fields)

    @admin.display(description=_("net"))
    def shown_net(self, line: SalesLine) -> str:
        return amount(line.net) if line.pk else "–"


class DiscountInline(TabularInline):
    model = DocumentDiscount
    form = DiscountForm
    formset = DiscountFormSet
    fields = ["description", "percentage"]
    extra = 0
    hide_title = True
    ordering = ["position", "pk"]


def sought(request: HttpRequest, term: str) -> Q:
    """The condition of a search for documents, found once for a request.

    Numbers and customers are looked up first: a condition on either alone is answered by an index, and only a term
    that fits both needs the two together.
    """
    kept: dict[str, Q] = request.__dict__.setdefault("_sought_documents", {})
    if term not in kept:
        by_number = Q(structured_communication=term)
        for beginning in {term, term.upper()}:
            by_number |= Q(number__startswith=beginning)
        is_number = SalesDocument.objects.filter(by_number).exists()
        by_customer = customer_condition(request, term, "party")
        if by_customer is None:
            kept[term] = by_number
        else:
            kept[term] = by_number | by_customer if is_number else by_customer
    return kept[term]


class SalesDocumentAdmin(NoOverwriting, ExportingAdmin):
    """What invoices and credit notes share. Booked ones have a page of their own; the form is for drafts."""

    form = DocumentForm
    inlines = [LineInline, DiscountInline]
    list_display = ["shown_number", "customer", "external_id", "dated", "due", "shown_total", "payment", "posting"]
    list_filter = [
        "entity",
        ("date", RangeDateFilter),
        PostingFilter,
        answers.PeppolFilter,
        "payment_state",
        ("paid_on", RangeDateFilter),
        ("party", AutocompleteSelectFilter),
    ]
    list_select_related = ["entity", "party"]
    ordering = ["-date", "-pk"]
    search_fields = ["number"]
    search_help_text = _("Number or customer name")
    autocomplete_fields = ["party"]
    change_form_after_template = "admin/invoicing/document_totals.html"
    actions = ["book_selected", "retry_selected", "exclude_selected", "export_xlsx", "export_csv", "download_zip"]
    list_before_template = "admin/invoicing/documents_before.html"
    shows_progress = True
    sum_field = "total"
    show_add_link = True
    kind: ClassVar[str] = SalesKind.INVOICE
    book_words: ClassVar[str | Promise] = _("Book invoice")
    fieldsets = [
        (None, {"fields": ["entity", "party", ("date", "due_date"), "payment_term"]}),
        (
            _("More"),
            {
                "fields": ["customer_reference", ("currency", "exchange_rate"), "language", "note"],
                "classes": ["collapse"],
            },
        ),
    ]

    class Media:
        js = ["boekbrug/totals.js"]

    # --- the list ---

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).prefetch_related(*standing.prefetches(), standing.links_prefetch())

    def as_rows(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        plain = rows.defer("seller_snapshot", "buyer_snapshot").prefetch_related(None)
        return plain.prefetch_related(*standing.prefetches(brief=True), standing.links_prefetch())

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Numbers from their beginning, and the documents of the customers that the words fit."""
        term = search_term.strip()
        return (queryset.filter(sought(request, term)) if term else queryset), False

    def get_views(self, request: HttpRequest) -> list[View]:
        """The same for one request, which asks several times: some of their conditions cost a query."""
        kept: list[View] | None = getattr(request, "_document_views", None)
        if kept is None:
            kept = columns.views(payments=self.kind == SalesKind.INVOICE, entity=chosen_entity(request))
            request._document_views = kept  # type: ignore[attr-defined]
        return kept

    @admin.display(description=_("number"), ordering="number")
    def shown_number(self, document: SalesDocument) -> str:
        return document.number or str(_("Draft"))

    @admin.display(description=_("customer"))
    def customer(self, document: SalesDocument) -> str:
        return document.buyer_name or str(document.party)

    @admin.display(description=_("external ID"))
    def external_id(self, document: SalesDocument) -> str | SafeString:
        return standing.external_id_of(document) or faint(_("none yet"))

    @admin.display(description=_("date"), ordering="date")
    def dated(self, document: SalesDocument) -> str:
        return day(document.date)

    @admin.display(description=_("due"), ordering="due_date")
    def due(self, document: SalesDocument) -> str:
        return day(document.due_date)

    @admin.display(description=_("total"), ordering="total")
    def shown_total(self, document: SalesDocument) -> str:
        return amount(document.total, "" if document.currency == "EUR" else document.currency)

    @admin.display(description=_("paid"))
    def payment(self, document: SalesDocument) -> SafeString | str:
        return columns.payment_label(document)

    @admin.display(description=_("posting"))
    def posting(self, document: SalesDocument) -> SafeString:
        label = columns.posting_label(document)
        found = standing.standing_of(document).posting
        return link(change_url(found), label) if found is not None else label

    def export_columns(self, request: HttpRequest) -> list[Column]:
        return export.COLUMNS

    @admin.action(description=_("Book the selected drafts"), permissions=["change"])
    def book_selected(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        return booking.book_selected(self, request, queryset)

    @admin.action(description=_("Retry"), permissions=["decide"])
    def retry_selected(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        return sending.ask_or_do(self, request, queryset, sending.RETRY)

    @admin.action(description=_("Exclude from sync"), permissions=["decide"])
    def exclude_selected(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        return sending.ask_or_do(self, request, queryset, sending.EXCLUDE)

    @admin.action(description=_("Download as ZIP (PDF and UBL)"), permissions=["view"])
    def download_zip(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponseBase | None:
        return downloads.download_selected(self, request, queryset)

    def has_decide_permission(self, request: HttpRequest) -> bool:
        """Who may say what becomes of documents on their way into the books."""
        return sending.may_decide(request)

    # --- rights: a booked document is never edited or deleted here ---

    def has_change_permission(self, request: HttpRequest, obj: SalesDocument | None = None) -> bool:
        return super().has_change_permission(request, obj) and not (obj is not None and obj.is_booked)

    def has_delete_permission(self, request: HttpRequest, obj: SalesDocument | None = None) -> bool:
        return super().has_delete_permission(request, obj) and not (obj is not None and obj.is_booked)

    def may_work_on(self, request: HttpRequest) -> bool:
        """Whether the person may book, credit and mark as paid: who may change the drafts of this kind."""
        return super().has_change_permission(request)

    # --- the form ---

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        view = self.admin_site.admin_view

        def form(handler: Any) -> Any:
            """A page that only takes a form that was sent."""
            return view(require_POST(lambda request, *args, **kwargs: handler(self, request, *args, **kwargs)))

        def file(handler: Any) -> Any:
            """An address that only gives a file."""
            return view(require_safe(lambda request, *args, **kwargs: handler(self, request, *args, **kwargs)))

        both = [path("period/", view(lambda request: period.period_view(self, request)), name=f"{name}_period")]
        own = [
            # One page for both kinds.
            *(both if self.kind == SalesKind.INVOICE else ()),
            path("totals/", form(totals.totals_view), name=f"{name}_totals"),
            path("<int:pk>/totals/", form(totals.totals_view), name=f"{name}_totals_of"),
            path("<int:pk>/book/", view(lambda request, pk: booking.book_view(self, request, pk)), name=f"{name}_book"),
            path(
                "<int:pk>/credit/",
                view(lambda request, pk: verbs.credit_view(self, request, pk)),
                name=f"{name}_credit",
            ),
            path("<int:pk>/pdf/", file(downloads.pdf_view), name=f"{name}_pdf"),
            path("<int:pk>/e-invoice/", file(downloads.einvoice_view), name=f"{name}_einvoice"),
            path("<int:pk>/hand-over/", form(downloads.hand_over_view), name=f"{name}_hand_over"),
            path("<int:pk>/attend/", form(answers.attend_view), name=f"{name}_attend"),
            path("<int:pk>/paid/", form(verbs.paid_view), name=f"{name}_paid"),
            path("<int:pk>/paid/undo/", form(verbs.undo_paid_view), name=f"{name}_paid_undo"),
            path("<int:pk>/lines/<int:line>/account/", form(verbs.account_view), name=f"{name}_account"),
        ]
        return [*own, *super().get_urls()]

    def url(self, verb: str, *args: Any) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_{verb}", args=args)

    def document(self, request: HttpRequest, pk: int) -> Any:
        """The document of an own page, with what its panels read. Http404, PermissionDenied."""
        found = (
            self.get_queryset(request)
            .select_related("entity", "party", "payment_term", "credited_invoice")
            .filter(pk=pk)
            .first()
        )
        if found is None:
            raise Http404
        if not self.has_view_or_change_permission(request):
            raise PermissionDenied
        return found

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The form for a draft that the person may change; the page for everything else."""
        found = self.get_queryset(request).filter(pk=object_id).first() if object_id.isdigit() else None
        if found is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if found.is_booked or not self.has_change_permission(request, found):
            if request.method == "POST":
                return self._too_late(request, found)
            return page.document_page(self, request, self.document(request, found.pk))
        context = {
            **(extra_context or {}),
            "totals_url": self.url("totals_of", found.pk),
            "book_words": self.book_words,
        }
        context |= totals.stored_context(found, scope_of(request, found))
        try:
            return super().change_view(request, object_id, form_url, context)
        except services.FrozenDocument as error:
            # Someone else booked it while this form was open; the transaction took everything back.
            messages.error(request, str(error))
            return HttpResponseRedirect(change_url(found))

    def delete_view(
        self, request: HttpRequest, object_id: str, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        found = self.get_queryset(request).filter(pk=object_id).first() if object_id.isdigit() else None
        if found is not None and found.is_booked:
            return self._too_late(request, found)
        return super().delete_view(request, object_id, extra_context)

    def _too_late(self, request: HttpRequest, document: SalesDocument) -> HttpResponse:
        """Lead somebody who may change drafts to what became of one; nobody else."""
        if not (document.is_booked and self.may_work_on(request)):
            raise PermissionDenied
        words = gettext("It is booked as %(number)s by now, so nothing was changed. Correct it with a credit note.")
        messages.error(request, words % {"number": document.number})
        return HttpResponseRedirect(change_url(document))

    def add_view(
        self, request: HttpRequest, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        context = {**(extra_context or {}), "totals_url": self.url("totals"), "book_words": self.book_words}
        context |= totals.empty_context(scope_of(request, None))
        return super().add_view(request, form_url, context)

    def get_changeform_initial_data(self, request: HttpRequest) -> dict[str, Any]:
        entity = scope_of(request, None).entity
        initial: dict[str, Any] = {**super().get_changeform_initial_data(request)}
        if entity is not None:
            initial = {"entity": entity.pk, "currency": entity.currency, **initial}
        return initial

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> type[ModelForm[Any]]:
        form = super().get_form(request, obj, change=change, **kwargs)
        for name in ("entity", "party", "payment_term", "credited_invoice"):
            if name in form.base_fields:
                widget = form.base_fields[name].widget
                widget.can_add_related = widget.can_change_related = widget.can_delete_related = (
                    widget.can_view_related
                ) = False
        return form

    def save_model(self, request: HttpRequest, obj: SalesDocument, form: ModelForm[Any], change: bool) -> None:
        if not change:
            obj.kind = self.kind
            obj.language = obj.language or obj.party.language or obj.entity.language
            obj.payment_term = obj.payment_term or services.default_payment_term(entity=obj.entity, party=obj.party)
        if obj.exchange_rate is None:
            obj.exchange_rate = Decimal(1)
        super().save_model(request, obj, form, change)

    def save_related(
        self, request: HttpRequest, form: ModelForm[Any], formsets: list[BaseModelFormSet[Any, Any]], change: bool
    ) -> None:
        super().save_related(request, form, formsets, change)
        services.recalculate(document=form.instance)

    def delete_model(self, request: HttpRequest, obj: SalesDocument) -> None:
        obj.delete()

    def response_add(
        self, request: HttpRequest, obj: SalesDocument, post_url_continue: str | None = None
    ) -> HttpResponse:
        if "_book" in request.POST:
            return HttpResponseRedirect(self.url("book", obj.pk))
        return super().response_add(request, obj, post_url_continue)

    def response_change(self, request: HttpRequest, obj: SalesDocument) -> HttpResponse:
        if "_book" in request.POST:
            return HttpResponseRedirect(self.url("book", obj.pk))
        return super().response_change(request, obj)


@admin.register(Invoice)
class InvoiceAdmin(SalesDocumentAdmin):
    add_words = _("New invoice")
    empty_title = _("No invoices yet")
    empty_text = _("Make one; it stays a draft until you book it.")
    sum_words = _("Total of these invoices, including VAT:")


@admin.register(CreditNote)
class CreditNoteAdmin(SalesDocumentAdmin):
    kind = SalesKind.CREDIT_NOTE
    book_words = _("Book credit note")
    autocomplete_fields = ["party", "credited_invoice"]
    add_words = _("New credit note")
    empty_title = _("No credit notes yet")
    empty_text = _("Make one from the invoice that it corrects.")
    sum_words = _("Total of these credit notes, including VAT:")
    fieldsets = [
        (None, {"fields": ["entity", "party", "credited_invoice", ("date", "due_date"), "payment_term"]}),
        (
            _("More"),
            {
                "fields": ["customer_reference", ("currency", "exchange_rate"), "language", "note"],
                "classes": ["collapse"],
            },
        ),
    ]


@admin.register(SalesDocument)
class AnyDocumentAdmin(BookkeepingAdmin):
    """Not in the menu: forms look booked invoices up here, and old links find their page."""

    search_fields = ["number"]
    ordering = ["-date", "-pk"]

    def has_module_permission(self, request: HttpRequest) -> bool:
        return False

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return bool(request.user.has_perm("invoicing.view_invoice"))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        booked = super().get_queryset(request).filter(standing.BOOKED)
        # Looked up by a form, it means the invoice that a credit note corrects.
        return booked.filter(kind=SalesKind.INVOICE) if request.path.endswith("/autocomplete/") else booked

    get_search_results = SalesDocumentAdmin.get_search_results

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return HttpResponseRedirect(reverse("admin:invoicing_invoice_changelist"))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        found = SalesDocument.objects.filter(pk=object_id if object_id.isdigit() else 0).first()
        if found is None:
            raise Http404
        return HttpResponseRedirect(document_url(found))
