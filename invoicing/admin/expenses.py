"""The list of expenses, and the addresses of what is done with one."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch, Q, QuerySet
from django.forms import ModelForm
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from unfold.contrib.filters.admin import AutocompleteSelectFilter, RangeDateFilter

from config import badges
from config.admin.exports import Column, ExportingAdmin
from config.admin.links import change_url, faint
from config.admin.lists import View
from config.admin.stale import NoOverwriting
from config.figures import amount, day
from config.states import label_for, state_label
from crm.admin.searching import customer_condition
from integrations import standing
from integrations.standing import prefetches

from ..models import (
    CompanyEntity,
    LedgerAccount,
    LedgerAccountKind,
    PurchaseDocument,
    PurchaseMailing,
    PurchasePayment,
    PurchaseSource,
    Quarantine,
    ReviewState,
    SupplierResponse,
)
from ..models.purchases import key_of_number
from ..services import purchases
from . import expenses_files, expenses_many, expenses_mending, expenses_review, expenses_telling, expenses_upload
from .columns import quarter_of
from .expenses_form import TypedForm
from .expenses_review import APPROVE
from .refused_files import refused_now

SHOWN_NUMBER = 40  # signs
ACCOUNTS = 2000  # that a field offers while it is typed in


def untold() -> Q:
    """Expenses of which the supplier was not told, or perhaps not, what became of them."""
    return Q(pk__in=SupplierResponse.objects.for_people().values("document"))


def views() -> list[View]:
    """The chips above the list."""
    start, end = quarter_of(timezone.localdate())
    open_now = Q(review=ReviewState.PENDING, quarantine="")
    return [
        View(key="", title=_("All")),
        View(
            key="quarter", title=_("This quarter"), condition=Q(date__gte=start, date__lt=end),
            empty_title=_("Nothing dated in this quarter"),
        ),
        View(
            key="to-approve", title=_("To approve"), condition=open_now,
            empty_title=_("All expenses are handled."), empty_text=_("New ones appear here when they arrive."),
        ),
        View(
            key="approved", title=_("Approved"), condition=Q(review=ReviewState.APPROVED),
            empty_title=_("Nothing approved yet"),
        ),
        View(
            key="waiting", title=_("Waiting"), condition=standing.purchases_waiting(),
            empty_title=_("Nothing waits for the next sync"),
        ),
        View(
            key="blocked", title=_("Blocked"), condition=standing.purchases_blocked(),
            empty_title=_("Nothing is blocked"),
        ),
        View(key="refused", title=_("Refused"), condition=Q(review=ReviewState.REFUSED), empty_title=_("Nothing refused")),
        View(
            key="iban", title=_("IBAN changed"), condition=Q(iban_changed=True, review=ReviewState.PENDING),
            empty_title=_("No bank account has changed"),
        ),
        View(
            key="unknown", title=_("Supplier unknown"), condition=Q(supplier=None) & open_now,
            empty_title=_("Every supplier is known"),
        ),
        View(
            key="not-peppol", title=_("Not by Peppol"), condition=~Q(source=PurchaseSource.PEPPOL),
            empty_title=_("Everything came by Peppol"),
        ),
        View(
            key="untold", title=_("Supplier not told"), condition=untold,
            empty_title=_("Every supplier was told"),
            empty_text=_("What the access point did not take, or perhaps took, appears here."),
        ),
        View(
            key="quarantine", title=_("Quarantine"), condition=~Q(quarantine="") & Q(review=ReviewState.PENDING),
            empty_title=_("Nothing is in quarantine"),
        ),
    ]  # fmt: skip


@admin.register(PurchaseDocument)
class ExpenseAdmin(NoOverwriting, ExportingAdmin):
    """The form is for what a person types; everything else has the review page."""

    form = TypedForm
    list_display = [
        "shown_number",
        "who",
        "source_words",
        "dated",
        "due",
        "shown_total",
        "review_state",
        "posting",
        "paid",
    ]
    list_display_links = ["shown_number"]
    list_filter = [
        "entity",
        ("date", RangeDateFilter),
        "review",
        "source",
        "kind",
        "payment_state",
        ("supplier", AutocompleteSelectFilter),
    ]
    list_select_related = ["entity", "supplier"]
    ordering = ["-date", "-pk"]
    search_fields = ["number"]
    search_help_text = _("Number or supplier")
    autocomplete_fields = ["supplier"]
    actions = ["approve_selected", "mail_selected", "export_xlsx", "export_csv"]
    list_before_template = "admin/invoicing/expenses_before.html"
    shows_progress = True
    sum_field = "signed_total"
    sum_of = ~Q(review=ReviewState.REFUSED) & Q(quarantine="") & ~Q(review=ReviewState.PENDING, copy_number__gt=0)
    sum_words = _("Total including VAT, without what is refused, in quarantine or perhaps received twice:")
    show_add_link = True
    add_words = _("Enter by hand")
    empty_title = _("No expenses yet")
    empty_text = _("Drop the files of your suppliers above, or enter a receipt by hand.")
    change_form_before_template = "admin/invoicing/expense_pdf.html"
    change_form_after_template = "admin/invoicing/expense_accounts.html"
    fieldsets = [
        (None, {"fields": ["entity", "kind", "supplier", "supplier_name", "number", ("date", "due_date")]}),
        (_("Amounts"), {"fields": [("total", "vat_total"), ("currency", "vat_rate"), "paid"]}),
        (_("How to book it"), {"fields": ["description", "account"]}),
        (_("File"), {"fields": ["file"]}),
    ]

    class Media:
        js: ClassVar[list[str]] = ["boekbrug/drop.js"]

    # --- the list ---

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return (
            super()
            .get_queryset(request)
            .defer("supplier_snapshot", "findings", "payment_terms", "note", "preceding")
            .prefetch_related(
                Prefetch("mailings", queryset=PurchaseMailing.objects.order_by("-created_at", "-pk")),
                *prefetches(brief=True),
            )
        )

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Numbers from their beginning, the supplier's name as the document writes it, and the suppliers that fit."""
        term = search_term.strip()
        if not term:
            return queryset, False
        found = Q(number_key__startswith=key_of_number(term)) | Q(supplier_name__istartswith=term)
        by_supplier = customer_condition(request, term, "supplier")
        return queryset.filter(found | by_supplier if by_supplier is not None else found), False

    def get_list_display(self, request: HttpRequest) -> list[str]:
        """With the entity where there are several."""
        columns = list(self.list_display)
        if CompanyEntity.objects.count() > 1:
            columns.insert(columns.index("source_words"), "entity")
        return columns

    def get_views(self, request: HttpRequest) -> list[View]:
        return views()

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        context = {**(extra_context or {}), **expenses_upload.panel(self, request)}
        context["refused_files"], context["refused_url"] = refused_now(request)
        if request.user.has_perm(APPROVE):
            context["first_to_approve"] = purchases.next_to_approve()
        return super().changelist_view(request, context)

    @admin.display(description=_("number"), ordering="number")
    def shown_number(self, document: PurchaseDocument) -> SafeString | str:
        shown = _short(str(document))
        if document.copy_number and document.is_pending:
            return format_html("{}<br>{}", shown, state_label("review", "duplicate"))
        return shown

    @admin.display(description=_("supplier"), ordering="supplier_name")
    def who(self, document: PurchaseDocument) -> SafeString | str:
        name = document.supplier_name or (str(document.supplier) if document.supplier else "")
        if document.iban_changed and document.is_pending:
            return format_html("{}<br>{}", name, state_label("review", "iban_changed"))
        return name or faint(gettext("not known yet"))

    @admin.display(description=_("source"), ordering="source")
    def source_words(self, document: PurchaseDocument) -> str:
        return document.get_source_display()

    @admin.display(description=_("date"), ordering="date")
    def dated(self, document: PurchaseDocument) -> str:
        return day(document.date)

    @admin.display(description=_("due"), ordering="due_date")
    def due(self, document: PurchaseDocument) -> str:
        return day(document.due_date)

    @admin.display(description=_("total"), ordering="signed_total")
    def shown_total(self, document: PurchaseDocument) -> str:
        if document.quarantine == Quarantine.SELF_BILLING and not document.total:
            return ""  # a sale, which is not read
        return amount(document.signed_total, "" if document.currency == "EUR" else document.currency)

    @admin.display(description=_("review"), ordering="review")
    def review_state(self, document: PurchaseDocument) -> SafeString:
        return expenses_review.review_label(document)

    @admin.display(description=_("posting"))
    def posting(self, document: PurchaseDocument) -> SafeString | str:
        return expenses_review.posting_words(document)

    @admin.display(description=_("paid"))
    def paid(self, document: PurchaseDocument) -> SafeString | str:
        return state_label("payment", document.payment_state) if _payment_words(document) else ""

    def export_columns(self, request: HttpRequest) -> list[Column]:
        return COLUMNS

    @admin.action(description=_("Approve the selected expenses"), permissions=["approve"])
    def approve_selected(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        return expenses_many.approve_selected(self, request, queryset)

    @admin.action(description=_("Send to the bookkeeping by e-mail"), permissions=["approve"])
    def mail_selected(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        return expenses_many.mail_selected(self, request, queryset)

    # --- rights ---

    def has_approve_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm(APPROVE))

    def has_delete_permission(self, request: HttpRequest, obj: PurchaseDocument | None = None) -> bool:
        """What was received stays; what is not ours is refused."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: PurchaseDocument | None = None) -> bool:
        """The form is for what a person typed or dropped as a PDF, until somebody decided."""
        if obj is not None and (obj.is_peppol or not obj.is_pending):
            return False
        return super().has_change_permission(request, obj)

    # --- pages of one ---

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}"
        view = self.admin_site.admin_view

        def page(handler: Any) -> Any:
            return view(lambda request, *args, **kwargs: handler(self, request, *args, **kwargs))

        def form(handler: Any) -> Any:
            """A page that only takes a form that was sent."""
            return view(require_POST(lambda request, *args, **kwargs: handler(self, request, *args, **kwargs)))

        own = [
            path("upload/", form(expenses_upload.upload_view), name=f"{name}_upload"),
            path("<int:pk>/edit/", page(ExpenseAdmin.edit_view), name=f"{name}_edit"),
            path("<int:pk>/approve/", form(expenses_review.approve_view), name=f"{name}_approve"),
            path("<int:pk>/refuse/", form(expenses_review.refuse_view), name=f"{name}_refuse"),
            path("<int:pk>/reopen/", form(expenses_mending.reopen_view), name=f"{name}_reopen"),
            path("<int:pk>/mend/", form(expenses_mending.mend_view), name=f"{name}_mend"),
            path("<int:pk>/paid/", form(expenses_mending.paid_view), name=f"{name}_paid"),
            path("<int:pk>/lift/", form(expenses_mending.lift_view), name=f"{name}_lift"),
            path("<int:pk>/supplier/", form(expenses_review.supplier_view), name=f"{name}_supplier"),
            path("<int:pk>/mail/", form(expenses_review.mail_view), name=f"{name}_mail"),
            path("<int:pk>/tell/<int:response>/", form(expenses_telling.tell_view), name=f"{name}_tell"),
            path("<int:pk>/file/<int:file>/", page(expenses_files.download_view), name=f"{name}_file"),
            path("<int:pk>/file/<int:file>/show/", page(expenses_files.show_view), name=f"{name}_show"),
        ]
        return [*own, *super().get_urls()]

    def url(self, verb: str, *args: Any) -> str:
        return reverse(f"admin:{self.opts.app_label}_{self.opts.model_name}_{verb}", args=args)

    def document(self, request: HttpRequest, pk: int) -> PurchaseDocument:
        """The document of an own page. Http404, PermissionDenied."""
        found = PurchaseDocument.objects.select_related("entity", "supplier").filter(pk=pk).first()
        if found is None:
            raise Http404
        if not self.has_view_permission(request, found):
            raise PermissionDenied
        return found

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """The review page; what it does has addresses of its own."""
        found = PurchaseDocument.objects.filter(pk=object_id).first() if object_id.isdigit() else None
        if found is None:
            return self._get_obj_does_not_exist_redirect(request, self.opts, object_id)
        if request.method == "POST":
            raise PermissionDenied
        return expenses_review.review_page(self, request, self.document(request, found.pk))

    def edit_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """The form of what a person typed, or of a dropped PDF that waits for its amounts."""
        found = self.document(request, pk)
        if not self.has_change_permission(request, found):
            if found.is_pending or not self.has_change_permission(request):
                raise PermissionDenied
            text = gettext("%(document)s is decided about, so it was not changed. Take the decision back first.")
            messages.warning(request, text % {"document": found})
            return HttpResponseRedirect(change_url(found))
        return super().change_view(request, str(pk))

    # --- the form ---

    def version_values(self, request: HttpRequest, obj: Any) -> list[object]:
        """With what the form shows of its one line, and whether it is paid."""
        return [*super().version_values(request, obj), purchases.mark_of(obj), obj.payment_state]

    def version_url(self, obj: Any) -> str:
        return self.url("edit", obj.pk)

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> type[ModelForm[Any]]:
        form = super().get_form(request, obj, change=change, **kwargs)
        for name in ("entity", "supplier"):
            widget = form.base_fields[name].widget
            widget.can_add_related = widget.can_change_related = widget.can_delete_related = widget.can_view_related = (
                False
            )
        return form

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """With the accounts that the form's field chooses from: those of the entity, or of all before it is chosen."""
        obj = kwargs.get("obj")
        rows = LedgerAccount.objects.filter(active=True).exclude(kind=LedgerAccountKind.REVENUE)
        if obj is not None:
            rows = rows.filter(entity=obj.entity_id)
        names = dict.fromkeys(str(row) for row in rows.order_by("code")[:ACCOUNTS])
        context = {**context, "account_list": list(names)}
        pdf = obj.files.defer("content").filter(media_type="application/pdf").first() if obj is not None else None
        if obj is not None and pdf is not None:
            context["pdf_url"] = self.url("show", obj.pk, pdf.pk)
        return super().render_change_form(request, context, *args, **kwargs)

    def save_model(self, request: HttpRequest, obj: PurchaseDocument, form: Any, change: bool) -> None:
        saved = form.store(by=request.user, document=obj if change else None)
        obj.pk = saved.pk
        obj._state.adding = False
        badges.forget()

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: bool) -> None:
        """Nothing: the service stored the line with the document."""

    def construct_change_message(self, request: HttpRequest, form: Any, formsets: Any, add: bool = False) -> str:
        return ""

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """The service logs."""

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """The service logs."""

    def response_add(
        self, request: HttpRequest, obj: PurchaseDocument, post_url_continue: str | None = None
    ) -> HttpResponse:
        return HttpResponseRedirect(change_url(obj))

    def response_change(self, request: HttpRequest, obj: PurchaseDocument) -> HttpResponse:
        return HttpResponseRedirect(change_url(obj))


def _short(number: str) -> SafeString | str:
    """A number as a column has room for; of a long one its beginning and its end, which tells two apart."""
    if len(number) <= SHOWN_NUMBER:
        return number
    return format_html('<span title="{}">{}…{}</span>', number, number[:20], number[-12:])


def _payment_words(document: PurchaseDocument) -> str:
    """Empty where nobody is to pay it, or nobody knows."""
    nobody_pays = document.review == ReviewState.REFUSED or document.quarantine
    if nobody_pays or document.payment_state == PurchasePayment.UNKNOWN:
        return ""
    return document.get_payment_state_display()


COLUMNS = [
    Column(_("number"), lambda document: document.number),
    Column(_("kind"), lambda document: document.get_kind_display()),
    Column(_("entity"), lambda document: str(document.entity or "")),
    Column(_("supplier"), lambda document: document.supplier_name),
    Column(_("source"), lambda document: document.get_source_display()),
    Column(_("date"), lambda document: document.date),
    Column(_("due date"), lambda document: document.due_date),
    Column(_("currency"), lambda document: document.currency),
    Column(_("net"), lambda document: -document.net_total if document.is_credit_note else document.net_total),
    Column(_("VAT"), lambda document: -document.vat_total if document.is_credit_note else document.vat_total),
    Column(_("total"), lambda document: document.signed_total),
    Column(_("bank account"), lambda document: document.iban),
    Column(_("communication"), lambda document: document.payment_reference),
    Column(_("review"), lambda document: str(label_for("review", expenses_review.review_key(document)).word)),
    Column(_("decided by"), lambda document: document.reviewed_by),
    Column(_("payment"), _payment_words),
]
