"""What all list pages share: views as chips, sums, words for an empty list, counts that stay cheap."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, ClassVar

from django.contrib.admin import SimpleListFilter
from django.contrib.admin.views.main import ORDER_VAR, PAGE_VAR, SEARCH_VAR
from django.core.paginator import Page, Paginator
from django.db.models import Count, F, Model, Q, QuerySet
from django.db.models import Sum as SumOf
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.utils.functional import Promise, cached_property
from django.utils.html import format_html
from django.utils.text import capfirst
from django.utils.translation import get_language, gettext_lazy
from django.utils.translation import gettext as _
from unfold.admin import ModelAdmin
from unfold.decorators import display
from unfold.views import ChangeList

from config.figures import number

from .rows import selecting_box

# Rows that a list counts, adds up and turns the pages of; that there are more is said in words.
COUNT_BOUND = 10_000
# Within a filter or a search of more rows than this the chips bear no numbers.
FILTERED_BOUND = 300

EURO = "EUR"

Words = str | Promise


class BoundedPaginator(Paginator[Any]):
    """Counts at most `bound` rows; what lies behind is reached by searching and filtering.

    A page is read in two steps, first the keys in their order and then these rows whole, so that sorting carries no
    wide rows along. `collects`: sort what fits, however much it is, as what is searched for may lie far back.
    """

    bound = COUNT_BOUND
    # What the list says when it has more rows than that.
    cut_words: Words = gettext_lazy(
        "There are more than %(number)s rows; these are the first ones. Search or filter to reach the others."
    )

    def __init__(
        self, *args: Any, collects: bool = False, sum_field: str = "", sum_of: Q | None = None, **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.sum_of = sum_of or Q()
        self.collects = collects
        self.sum_field = sum_field

    @cached_property
    def _counted(self) -> dict[str, Any]:
        """How many rows there are, at most one more than the bound; and their sum, as long as all are in euro."""
        rows: Any = self.object_list
        if not isinstance(rows, QuerySet):
            return {"rows": len(rows)}
        rows = rows.order_by()[: self.bound + 1]
        if not self.sum_field:
            return {"rows": rows.count()}
        euro = Q(currency=EURO)
        found: dict[str, Any] = rows.aggregate(
            rows=Count("pk"), euros=Count("pk", filter=euro), total=SumOf(self.sum_field, filter=euro & self.sum_of)
        )
        return found

    @property
    def _found(self) -> int:
        return int(self._counted["rows"])

    @property
    def euro_total(self) -> Decimal | None:
        """The sum of all rows; None where some are in another currency."""
        counted = self._counted
        total: Decimal | None = counted["total"] if counted.get("euros") == counted["rows"] else None
        return total

    @cached_property
    def count(self) -> int:
        return min(self._found, self.bound)

    @property
    def is_cut(self) -> bool:
        """Whether there are more rows than the list counts."""
        return self._found > self.bound

    def page(self, number: Any) -> Page[Any]:
        rows: Any = self.object_list
        if not isinstance(rows, QuerySet):
            return super().page(number)
        number = self.validate_number(number)
        bottom = (number - 1) * self.per_page
        ordered = rows if self.is_cut and not self.collects else collected(rows)
        top = min(bottom + self.per_page, max(self.count, 1))
        keys = list(ordered.values_list("pk", flat=True)[bottom:top])
        return Page(whole(rows, keys) if keys else rows.none(), number, self)


def whole(rows: QuerySet[Any], keys: list[Any]) -> QuerySet[Any]:
    """The rows of these keys as `rows` would give them. What they had to fit is not asked a second time."""
    if rows.query.annotations or rows.query.extra or rows.query.distinct:
        return rows.filter(pk__in=keys)
    fresh: Any = rows.model._default_manager.using(rows.db).filter(pk__in=keys).order_by(*rows.query.order_by)
    fresh.query.select_related = rows.query.select_related
    fresh.query.deferred_loading = rows.query.deferred_loading
    return fresh.prefetch_related(*rows._prefetch_related_lookups)  # type: ignore[attr-defined]


def collected(rows: QuerySet[Any]) -> QuerySet[Any]:
    """The same rows in the same order, which the database reaches by sorting all that fit.

    For the first rows of an order it may else walk an index of that order and drop what does not fit; where little
    fits that is nearly the whole table. An expression has no index.
    """
    order = list(rows.query.order_by or rows.model._meta.ordering)
    if not order or not isinstance(order[0], str) or order[0] == "?" or rows.query.distinct:
        return rows
    name = order[0].lstrip("-")
    column = Coalesce(F(name), F(name))
    return rows.order_by(column.desc() if order[0].startswith("-") else column.asc(), *order[1:])


@dataclass(frozen=True, slots=True, kw_only=True)
class View:
    """A ready-made view of a list: one chip. The one with an empty key is what the list opens with.

    `condition` None shows everything. One that has to ask the database is a function, called when it is needed.
    """

    key: str
    title: Words
    condition: Q | Callable[[], Q] | None = None
    # The same for counting among few rows, where that is another way of asking.
    among_few: Q | None = None
    empty_title: Words = ""
    empty_text: Words = ""
    counted: bool = True

    def as_q(self) -> Q:
        if self.condition is None:
            return Q()
        return self.condition if isinstance(self.condition, Q) else self.condition()

    def as_filter(self) -> Q:
        return self.among_few if self.among_few is not None else self.as_q()


@dataclass(frozen=True, slots=True)
class ListChip:
    view: View
    query: str
    active: bool
    count: int | None


@dataclass(frozen=True, slots=True)
class Sum:
    currency: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class EmptyWords:
    title: Words
    text: Words
    clear: bool  # offer a link that clears search and filters


class ViewFilter(SimpleListFilter):
    """The filter behind the chips. It draws nothing in the filter drawer, since the chips stand above the list."""

    parameter_name = "view"
    title = gettext_lazy("view")
    template = "boekbrug/nothing.html"

    def __init__(self, request: HttpRequest, params: dict[str, Any], model: type[Model], model_admin: Any) -> None:
        self.views: list[View] = model_admin.get_views(request)
        super().__init__(request, params, model, model_admin)
        self.chosen = next((v for v in self.views if v.key == (self.value() or "")), self.views[0])

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        return [(view.key, str(view.title)) for view in self.views if view.key]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> QuerySet[Any]:
        return queryset.filter(self.chosen.as_q()) if self.chosen.condition is not None else queryset

    def choices(self, changelist: ChangeList) -> Iterator[Any]:
        """One hidden field, so that sending the filter form keeps the chosen view."""
        yield {"name": self.parameter_name, "value": self.value() or ""}


class PagedChangeList(ChangeList):
    """Reads its rows through the paginator also when one page holds them all, so that lists of any length cost alike."""

    def get_results(self, request: HttpRequest) -> None:
        super().get_results(request)
        rows: Any = self.result_list if self.multi_page else self.paginator.page(1).object_list
        self.result_list: Any = self.model_admin.as_rows(rows) if isinstance(rows, QuerySet) else rows


class BookkeepingAdmin(ModelAdmin):
    """A list and its pages as this product shows them. Subclasses say the words."""

    list_per_page = 50
    list_max_show_all = 50
    list_fullwidth = True
    list_filter_submit = True
    list_filter_sheet = True
    list_before_template = "boekbrug/list_before.html"
    list_after_template = "boekbrug/list_after.html"
    show_full_result_count = False
    show_facets: Any = None
    paginator: Any = BoundedPaginator
    warn_unsaved_form = True
    actions_on_top = True
    # Name of the amount that the list adds up per currency, empty for none.
    sum_field: ClassVar[str] = ""
    sum_words: ClassVar[Words] = ""
    # Which rows count in it; None: all.
    sum_of: ClassVar[Q | None] = None
    # Words of the button that makes a new row, e.g. "New invoice".
    add_words: ClassVar[Words] = ""
    search_words: ClassVar[Words] = ""
    empty_title: ClassVar[Words] = gettext_lazy("Nothing here yet")
    empty_text: ClassVar[Words] = ""
    # Whether the list shows the state of running syncs on top.
    shows_progress: ClassVar[bool] = False

    def render_change_form(self, request: HttpRequest, context: dict[str, Any], *args: Any, **kwargs: Any) -> Any:
        """Titles begin with a capital; in other languages than English they begin with the name of the thing."""
        return super().render_change_form(request, {**context, "title": capfirst(context["title"])}, *args, **kwargs)

    def get_views(self, request: HttpRequest) -> list[View]:
        """The chips above the list, the one it opens with (empty key) first. None at all: no chips."""
        return []

    def get_list_filter(self, request: HttpRequest) -> list[Any]:
        filters = list(super().get_list_filter(request))
        return [ViewFilter, *filters] if self.get_views(request) else filters

    @display(description=ModelAdmin.action_checkbox.short_description)
    def action_checkbox(self, obj: Model) -> str:
        before, after = selecting_box(get_language() or "")
        return format_html("{}{}{}", before, obj.pk, after)

    def get_changelist(self, request: HttpRequest, **kwargs: Any) -> type[ChangeList]:
        return PagedChangeList

    def as_rows(self, rows: QuerySet[Any]) -> QuerySet[Any]:
        """The rows of one page with no more than its columns read; actions and exports read their rows whole."""
        return rows

    def get_paginator(
        self,
        request: HttpRequest,
        queryset: QuerySet[Any],
        per_page: int,
        orphans: int = 0,
        allow_empty_first_page: bool = True,
    ) -> Any:
        searched = bool(request.GET.get(SEARCH_VAR, "").strip())
        # The history of a row is turned by the same pages.
        summed = self.sum_field if queryset.model is self.model else ""
        return self.paginator(
            queryset, per_page, orphans, allow_empty_first_page, collects=searched, sum_field=summed, sum_of=self.sum_of
        )

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """Without Django's own deletion of many rows: what may go, goes one by one from its own page."""
        actions: dict[str, Any] = super().get_actions(request)
        actions.pop("delete_selected", None)
        return actions


def _view_filter(cl: ChangeList) -> ViewFilter | None:
    return next((spec for spec in cl.filter_specs if isinstance(spec, ViewFilter)), None)


def list_chips(cl: ChangeList, request: HttpRequest) -> list[ListChip]:
    """Return the chips of a list; their counts come from the list's own rows without the view, in one query.

    Lists beyond the bound are not counted per chip: a chip without a number is better than a slow page.
    """
    spec = _view_filter(cl)
    if spec is None:
        return []
    counts = _chip_counts(cl, request, spec)
    return [
        ListChip(
            view=view,
            query=cl.get_query_string(
                {spec.parameter_name: view.key} if view.key else {}, [PAGE_VAR, spec.parameter_name]
            ),
            active=view is spec.chosen,
            count=counts.get(view.key),
        )
        for view in spec.views
    ]


def _chip_counts(cl: ChangeList, request: HttpRequest, spec: ViewFilter) -> dict[str, int]:
    rows = cl.get_queryset(request, exclude_parameters=[spec.parameter_name]).order_by()
    everything = cl.result_count if spec.chosen.condition is None else rows[: COUNT_BOUND + 1].count()
    if everything > COUNT_BOUND or (spec.chosen.condition is None and is_cut(cl)):
        return {}
    if everything > FILTERED_BOUND and set(cl.params) - {PAGE_VAR, ORDER_VAR, spec.parameter_name}:
        return {}  # within a filter or a search the chips say little, and cost as much
    wanted = {f"n_{i}": view for i, view in enumerate(spec.views) if view.condition is not None and view.counted}
    found = (
        rows.aggregate(**{name: Count("pk", filter=view.as_filter()) for name, view in wanted.items()})
        if wanted
        else {}
    )
    whole = {view.key: everything for view in spec.views if view.condition is None}
    return {**whole, **{view.key: found[name] for name, view in wanted.items()}}


def is_cut(cl: ChangeList) -> bool:
    """Whether the list has more rows than it counts and shows."""
    return bool(getattr(cl.paginator, "is_cut", False))


def list_remarks(cl: ChangeList, request: HttpRequest) -> list[str]:
    """Return what a person has to know about rows that the list does not show: that there are more, and what to do."""
    found = list(search_remarks(request))
    if is_cut(cl):
        found.append(str(cl.paginator.cut_words) % {"number": number(cl.paginator.bound)})
    return found


def search_remarks(request: HttpRequest) -> list[str]:
    """What a search of this request has to say beside its rows; a search adds its sentences here."""
    kept: list[str] = request.__dict__.setdefault("_search_remarks", [])
    return kept


def list_sums(cl: ChangeList) -> list[Sum]:
    """Return the total of the filtered rows per currency; nothing where the list has no amount or too many rows."""
    field = getattr(cl.model_admin, "sum_field", "")
    if not field or not cl.result_count or is_cut(cl):
        return []
    if cl.paginator.euro_total is not None:
        return [Sum(EURO, cl.paginator.euro_total)]
    summed = cl.queryset.filter(cl.model_admin.sum_of or Q())
    found = summed.order_by("currency").values("currency").annotate(total=SumOf(field))
    return [Sum(row["currency"], row["total"]) for row in found]


def list_empty_words(cl: ChangeList) -> EmptyWords:
    """Return what an empty list says: what was searched for, what the view means, or what to do first."""
    if cl.query:
        return EmptyWords(
            _("Nothing found for “%(query)s”") % {"query": cl.query},
            _("Numbers must match from their beginning."),
            clear=True,
        )
    spec = _view_filter(cl)
    if spec is not None and spec.chosen.empty_title:
        return EmptyWords(spec.chosen.empty_title, spec.chosen.empty_text, clear=False)
    ignored = {SEARCH_VAR, PAGE_VAR}
    if any(value for key, value in cl.params.items() if key not in ignored):
        return EmptyWords(_("Nothing fits these filters"), "", clear=True)
    admin = cl.model_admin
    return EmptyWords(getattr(admin, "empty_title", ""), getattr(admin, "empty_text", ""), clear=False)
