"""Tags: chosen on parties; their own page is reached from there."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.utils.translation import gettext_lazy as _

from config.admin.lists import BookkeepingAdmin

from ..models import Tag


@admin.register(Tag)
class TagAdmin(BookkeepingAdmin):
    list_display = ["name", "parties"]
    search_fields = ["name"]
    add_words = _("New tag")
    empty_title = _("No tags yet")
    empty_text = _("Tags group companies and contacts; set them on a company or let an import set them.")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Tag]:
        found: QuerySet[Tag] = super().get_queryset(request)
        return found.annotate(uses=Count("parties"))

    @admin.display(description=_("companies and contacts"), ordering="uses")
    def parties(self, tag: Tag) -> int:
        uses: int = tag.uses  # type: ignore[attr-defined]  # annotated in get_queryset
        return uses
