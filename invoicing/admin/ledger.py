"""Ledger accounts as lines choose them."""

from __future__ import annotations

from typing import Any

from django.contrib import admin
from django.db.models import Q, QuerySet
from django.http import HttpRequest
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from config.admin.lists import BookkeepingAdmin
from config.states import state_label

from ..models import LedgerAccount


@admin.register(LedgerAccount)
class LedgerAccountAdmin(BookkeepingAdmin):
    list_display = ["code", "name", "entity", "kind_words", "source", "state"]
    list_display_links = ["code", "name"]
    list_filter = ["entity", "kind", "active", "from_tool"]
    list_select_related = ["entity"]
    search_fields = ["code"]
    search_help_text = _("Beginning of the code, or a part of the name")
    ordering = ["entity__name", "code"]
    add_words = _("New ledger account")
    empty_title = _("No ledger accounts yet")
    empty_text = _("A connected entity takes them over from its bookkeeping; without a connection you add them here.")
    fields = ["entity", "code", "name", "kind", "active"]

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        term = search_term.strip()
        return (queryset.filter(Q(code__startswith=term) | Q(name__icontains=term)) if term else queryset), False

    def get_readonly_fields(self, request: HttpRequest, obj: LedgerAccount | None = None) -> list[str]:
        """What the bookkeeping gave is changed there."""
        if obj is None:
            return []
        return ["entity", "code", "name", "kind"] if obj.from_tool else ["entity"]

    def has_delete_permission(self, request: HttpRequest, obj: LedgerAccount | None = None) -> bool:
        """An account of the tool is switched off, not deleted: the next sync would bring it back."""
        return super().has_delete_permission(request, obj) and not (obj is not None and obj.from_tool)

    @admin.display(description=_("kind"), ordering="kind")
    def kind_words(self, account: LedgerAccount) -> str:
        return account.get_kind_display()

    @admin.display(description=_("source"), ordering="from_tool")
    def source(self, account: LedgerAccount) -> str:
        return str(_("from the bookkeeping tool") if account.from_tool else _("added here"))

    @admin.display(description=_("state"), ordering="active")
    def state(self, account: LedgerAccount) -> SafeString:
        return state_label("activity", "active" if account.active else "inactive")
