"""Companies and contacts: lists, forms, and what hangs on a customer."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar

from django.contrib import admin, messages
from django.contrib.admin.views.main import SEARCH_VAR
from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import URLPattern, path, reverse
from django.utils.safestring import SafeString
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST
from unfold.admin import TabularInline

from config.admin.exports import Column, ExportingAdmin
from config.admin.links import faint, list_url
from config.admin.lists import BookkeepingAdmin, View
from config.admin.places import document_url, party_url
from config.admin.stale import NoOverwriting
from integrations import services
from integrations.messages import fixes
from integrations.models import Administration, Connection, Issue, PartyLink
from invoicing.admin.columns import payment_state_of
from invoicing.models import SalesDocument

from ..binning import move_to_recycle_bin
from ..models import Company, CompanyContact, Contact, Party, PartyKind
from ..search import party_condition
from ..segments import sentences
from . import export
from .bulk import BulkActions
from .filters import CountryFilter, ExternalIdFilter, SegmentFilter, TagFilter, chosen_segment
from .forms import CompanyForm, ContactForm, PartyForm
from .merging import MERGE, MergingAdmin, lead_on, merges_of
from .searching import SearchedPaginator, SegmentPaginator
from .typing_hint import TypingHint

LATEST_DOCUMENTS = 8
CHOOSE = "integrations.change_partylink"
ASKS_FOR_RELATION = fixes.ASKS_FOR_RELATION


class PeopleInline(TabularInline):
    """The contacts of a company with their roles."""

    model = CompanyContact
    fk_name = "company"
    fields = ["person", "role"]
    autocomplete_fields = ["person"]
    verbose_name = _("contact")
    verbose_name_plural = _("contacts")
    extra = 0
    hide_title = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[CompanyContact]:
        found: QuerySet[CompanyContact] = super().get_queryset(request)
        return found.select_related("person")


class CompaniesInline(TabularInline):
    """The companies of a contact with the role there."""

    model = CompanyContact
    fk_name = "person"
    fields = ["company", "role"]
    autocomplete_fields = ["company"]
    verbose_name = _("company")
    verbose_name_plural = _("companies")
    extra = 0
    hide_title = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[CompanyContact]:
        found: QuerySet[CompanyContact] = super().get_queryset(request)
        return found.select_related("company")


class PartyListAdmin(NoOverwriting, TypingHint, MergingAdmin, BulkActions, ExportingAdmin):
    """What companies and contacts share."""

    list_filter = [
        SegmentFilter, TagFilter, ExternalIdFilter, "is_customer", "is_supplier", "vat_type", CountryFilter,
    ]  # fmt: skip
    list_before_template = "admin/crm/list_before.html"
    search_fields = ["name"]  # shows the box; the search itself is `get_search_results`
    search_help_text = _("Name, VAT number or enterprise number")
    autocomplete_fields = ["tags"]
    change_form_outer_before_template = "admin/crm/party_before.html"
    change_form_outer_after_template = "admin/crm/party_after.html"
    delete_confirmation_template = "admin/crm/party_delete.html"
    form = PartyForm
    actions = ["merge_selected", "export_xlsx", "export_csv", "tag_selected", "bin_selected"]
    # Loading a page asks for these at once, whatever the number of rows.
    links: ClassVar[Any] = Prefetch(
        "tool_links",
        queryset=PartyLink.objects.filter(primary=True).exclude(external_id="").select_related("administration"),
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        found: QuerySet[Any] = super().get_queryset(request)
        return found.prefetch_related(self.links)

    def get_paginator(self, request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
        if request.GET.get(SEARCH_VAR, "").strip():
            return SearchedPaginator(*args, collects=True, **kwargs)
        if request.GET.get("segment"):
            return SegmentPaginator(*args, **kwargs)
        return super().get_paginator(request, *args, **kwargs)

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        segment = chosen_segment(request)
        shown = {"segment": segment, "segment_words": sentences(segment.rules)} if segment is not None else {}
        if request.user.has_perm("crm.add_importbatch"):
            kind = PartyKind.PERSON if issubclass(self.model, Contact) else PartyKind.COMPANY
            shown["import_url"] = f"{reverse('admin:crm_importbatch_add')}?kind={kind}"
        return super().changelist_view(request, {**(extra_context or {}), **shown})

    def export_columns(self, request: HttpRequest) -> list[Column]:
        return export.columns()

    def export_rows(self, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return export.with_their_facts(queryset)

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        if not search_term.strip():
            return queryset, False
        condition = party_condition(search_term)
        return (queryset.filter(condition) if condition is not None else queryset.none()), False

    def get_views(self, request: HttpRequest) -> list[View]:
        return [
            View(key="", title=_("All")),
            View(
                key="customers", title=_("Customers"), condition=Q(is_customer=True),
                empty_title=_("No customers yet"), empty_text=_("A company is a customer once that box is ticked on its page."),
            ),
            View(
                key="suppliers", title=_("Suppliers"), condition=Q(is_supplier=True),
                empty_title=_("No suppliers yet"), empty_text=_("A company is a supplier once that box is ticked on its page."),
            ),
        ]  # fmt: skip

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        merged = Party.objects.filter(pk=object_id if object_id.isdigit() else 0, merged_into__isnull=False).first()
        if merged is not None and (answer := lead_on(request, merged)) is not None:
            return answer
        context = {
            **(extra_context or {}),
            **party_context(request, object_id, str(self.opts.model_name)),
            "delete_words": _("Move to the recycle bin"),
        }
        return super().change_view(request, object_id, form_url, context)

    def get_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_relation"
        view = self.admin_site.admin_view(require_POST(self.choose_relation))
        return [path("<int:pk>/relation/", view, name=name), *self.merge_urls(), *super().get_urls()]

    def choose_relation(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Link a customer to the relation of a tool: one that a person chose (APP-219), or whose number was typed."""
        party = self.get_queryset(request).filter(pk=pk).first()
        if party is None:
            raise Http404
        if not _may_view(request.user, CHOOSE):
            raise PermissionDenied
        number = request.POST.get("connection", "")
        connection = Connection.objects.live().filter(pk=number if number.isdigit() else 0).first()
        if connection is None:
            raise Http404
        who: dict[str, Any] = {
            "connection": connection,
            "party": Party.objects.get(pk=pk),
            "user": request.user if isinstance(request.user, AbstractBaseUser) else None,
        }
        if "second" in request.POST:
            if released := services.let_go_of_second(external_id=request.POST["second"][:60], **who):
                words = gettext(
                    "%(number)s is no number of %(party)s any more. What was sent under it stays where it is."
                )
                messages.success(request, words % {"party": party, "number": released})
            return HttpResponseRedirect(party_url(party))
        try:
            if "number" in request.POST:
                chosen = services.change_external_id(number=request.POST["number"][:60], **who)
            else:
                chosen = services.link_party(external_id=request.POST.get("external_id", "")[:60], **who)
        except services.ConnectError as error:
            messages.error(request, str(error))
        else:
            words = gettext("%(party)s is relation %(code)s now. Its documents go with the next sync.")
            messages.success(request, words % {"party": party, "code": chosen})
        return HttpResponseRedirect(party_url(party))

    def response_delete(self, request: HttpRequest, obj_display: str, obj_id: int) -> HttpResponse:
        if not self.get_queryset(request).filter(pk=obj_id).exists():
            messages.success(request, gettext("%(name)s is in the recycle bin.") % {"name": obj_display})
        return HttpResponseRedirect(list_url(self.model))

    def delete_model(self, request: HttpRequest, obj: Party) -> None:
        """Move to the recycle bin; what documents or bookings point to is kept."""
        outcome = move_to_recycle_bin(
            parties=[obj], by=request.user if isinstance(request.user, AbstractBaseUser) else None
        )
        for _party, reason in outcome.kept:
            messages.error(request, reason)

    def get_deleted_objects(
        self, objs: Any, request: HttpRequest
    ) -> tuple[list[str], dict[str, int], set[str], list[str]]:
        """Say that nothing else goes: a party moves to the recycle bin alone, whatever hangs on it."""
        return [str(obj) for obj in objs], {str(self.opts.verbose_name_plural): len(objs)}, set(), []

    @admin.display(description=_("city"), ordering="city")
    def place(self, party: Party) -> str:
        return ", ".join(part for part in (party.city, party.country) if part)

    @admin.display(description=_("external ID"))
    def external_id(self, party: Party) -> str | SafeString:
        codes = [str(found) for found in party.tool_links.all()]
        return ", ".join(codes) if codes else faint(_("none yet"))

    @admin.display(description=_("VAT number"), ordering="vat_number")
    def vat(self, party: Party) -> str:
        return party.vat_number or "–"


@admin.register(Company)
class CompanyAdmin(PartyListAdmin):
    form = CompanyForm
    list_display = ["name", "vat", "place", "email", "vat_type", "external_id"]
    inlines = [PeopleInline]
    add_words = _("New company")
    empty_title = _("No companies yet")
    empty_text = _("Add your first customer; an invoice needs one.")
    fieldsets = [
        (None, {"fields": ["name", ("is_customer", "is_supplier"), "vat_type", "vat_number", "enterprise_number"]}),
        (_("Address"), {"fields": ["street", ("postcode", "city"), "country"]}),
        (_("Reach"), {"fields": [("email", "phone"), "website", "peppol_id", "language"]}),
        (_("Payment"), {"fields": ["payment_term", ("iban", "bic")]}),
        (_("More"), {"fields": ["tags", "notes"]}),
    ]


@admin.register(Contact)
class ContactAdmin(PartyListAdmin):
    form = ContactForm
    list_display = ["name", "works_at", "place", "email", "phone", "external_id"]
    inlines = [CompaniesInline]
    add_words = _("New contact")
    empty_title = _("No contacts yet")
    empty_text = _("A contact is a person: at one of your companies, or a customer without a company.")
    fieldsets = [
        (None, {"fields": [("first_name", "last_name"), ("is_customer", "is_supplier"), "vat_type", "vat_number"]}),
        (_("Address"), {"fields": ["street", ("postcode", "city"), "country"]}),
        (_("Reach"), {"fields": [("email", "phone"), "website", "language"]}),
        (_("Payment"), {"fields": ["payment_term", ("iban", "bic")]}),
        (_("More"), {"fields": ["tags", "notes"]}),
    ]

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        places = Prefetch("companies", queryset=CompanyContact.objects.select_related("company"))
        return super().get_queryset(request).prefetch_related(places)

    @admin.display(description=_("company"))
    def works_at(self, contact: Contact) -> str:
        return ", ".join(str(place.company) for place in contact.companies.all()) or "–"


@admin.register(Party)
class PartyAdmin(BookkeepingAdmin):
    """Not in the menu: forms look parties up here, and old links find their page."""

    search_fields = ["name"]
    ordering = ["name", "pk"]

    def has_module_permission(self, request: HttpRequest) -> bool:
        return False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        return super().get_queryset(request).filter(deleted_at__isnull=True)

    get_search_results = PartyListAdmin.get_search_results

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        return HttpResponseRedirect(list_url(Company))

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        party = Party.objects.filter(pk=object_id if object_id.isdigit() else 0).first()
        if party is None:
            raise Http404
        if (answer := lead_on(request, party)) is not None:
            return answer
        if party.deleted_at is not None:
            messages.info(request, gettext("%(name)s is in the recycle bin.") % {"name": party})
            return HttpResponseRedirect(list_url(Company))
        return HttpResponseRedirect(party_url(party))


def party_context(request: HttpRequest, object_id: str, model_name: str) -> dict[str, Any]:
    """What the page of a party shows beside its form: latest documents and, to account admins, its external IDs."""
    if not object_id.isdigit():
        return {}
    user = request.user
    documents: list[dict[str, Any]] = []
    more = False
    if _may_view(user, "invoicing.view_invoice"):
        rows = SalesDocument.objects.filter(party_id=object_id).order_by("-date", "-pk")
        found = list(rows[: LATEST_DOCUMENTS + 1])
        more = len(found) > LATEST_DOCUMENTS
        for document in found[:LATEST_DOCUMENTS]:
            documents.append(
                {"document": document, "url": document_url(document), "payment": payment_state_of(document)}
            )
    may_choose = _may_view(user, CHOOSE)
    return {
        "party_documents": documents,
        "party_has_more": more,
        # External IDs are an account admin's (S-047); everybody else sees them in the list of invoices.
        "party_shows_books": may_choose,
        "party_books": _books(int(object_id)) if may_choose else [],
        "party_relation_url": reverse(f"admin:crm_{model_name}_relation", args=[object_id]),
        "party_id": object_id,
        "party_merges": merges_of(int(object_id)),
        "party_merge_url": reverse(f"admin:crm_{model_name}_merge", args=[object_id]) if user.has_perm(MERGE) else "",
        "party_choices": _choices(int(object_id)) if may_choose else [],
    }


@dataclass(slots=True)
class PartyBooks:
    """A party's numbers in one administration. `connection` None: they are shown, and not changed here."""

    administration: Administration
    connection: Connection | None = None
    first: PartyLink | None = None
    seconds: list[PartyLink] = field(default_factory=list)


def _books(party_id: int) -> list[PartyBooks]:
    """The administrations that know the party, and those that are connected; by name."""
    found: dict[int, PartyBooks] = {}
    connections = Connection.objects.live().filter(administration__isnull=False).select_related("administration")
    for connection in connections.order_by("pk"):
        if connection.administration is not None:
            books = found.setdefault(connection.administration.pk, PartyBooks(connection.administration))
            books.connection = books.connection or connection
    links = PartyLink.objects.filter(party_id=party_id).exclude(external_id="").select_related("administration")
    for link in links.order_by("pk"):
        books = found.setdefault(link.administration_id, PartyBooks(link.administration))
        if link.primary and books.first is None:
            books.first = link
        else:
            books.seconds.append(link)
    return sorted(found.values(), key=lambda books: (books.administration.name, books.administration.pk))


def _choices(party_id: int) -> list[dict[str, Any]]:
    """Where a connection asks which relation this customer is: the relations to choose from."""
    issues = Issue.objects.open().filter(party_id=party_id, code__in=ASKS_FOR_RELATION).select_related("connection")
    party = Party.objects.filter(pk=party_id).first()
    if party is None:
        return []
    url = reverse(f"admin:crm_{'contact' if party.is_person else 'company'}_relation", args=[party_id])
    return [
        {
            "connection": issue.connection,
            "url": url,
            "relations": services.candidates(connection=issue.connection, party=party),
        }
        for issue in issues
    ]


def _may_view(user: AbstractBaseUser | AnonymousUser, permission: str) -> bool:
    return bool(user.has_perm(permission))  # type: ignore[union-attr]
