"""Duplicates: the work list of pairs and groups, what a person says of them, and merging all certain ones at once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.contrib import admin, messages
from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import PermissionDenied
from django.core.paginator import Paginator
from django.db.models import Count, Q, QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import NoReverseMatch, URLPattern, path, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from config import badges
from config.admin.links import list_url, next_url
from config.admin.lists import BookkeepingAdmin
from config.admin.places import party_url
from integrations.admin.words import tool_label

from ..duplicates import certain, jobs, verdicts
from ..duplicates.groups import Edge, groups_of
from ..duplicates.names import likeness, words_of
from ..duplicates.reasons import BY_NAME, Reason
from ..models import Company, DuplicateJob, DuplicatePair, PairState, Party, PartyKind
from .merging import merge_url, why_gone
from .seen import mark_of

MERGE, DECIDE = "crm.add_merge", "crm.change_duplicatepair"
GROUPS_ON_A_PAGE = 25
# Pairs that are put into groups; whoever has more begins with these.
MOST_PAIRS = 20_000
# From here on merging one by one is no work for a person (S-053).
MANY = 50
_SHOWN_IN_PREVIEW = 50
# Certain pairs up to which the button tells how many of them can be merged without a person.
_MOST_COUNTED = 300


@dataclass(frozen=True, slots=True)
class Chip:
    title: str | Promise
    query: str
    count: int
    active: bool


@dataclass(frozen=True, slots=True)
class Side:
    """One of two companies as the list shows it."""

    party: Party
    url: str
    facts: str


@dataclass(frozen=True, slots=True)
class PairRow:
    pair: DuplicatePair
    one: Side
    other: Side
    why: str
    also: str
    documents: str
    merge_url: str


_VIEWS = {
    "": (gettext_lazy("To look at"), Q(state=PairState.OPEN)),
    "certain": (gettext_lazy("Certain"), Q(state=PairState.OPEN, certain=True)),
    "contacts": (gettext_lazy("Contacts"), Q(state=PairState.OPEN, kind=PartyKind.PERSON)),
    "aside": (gettext_lazy("Set aside"), Q(state=PairState.SET_ASIDE)),
}


@admin.register(DuplicatePair)
class DuplicatePairAdmin(BookkeepingAdmin):
    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> QuerySet[DuplicatePair]:
        """Without the pairs of whom has been merged or deleted meanwhile."""
        return DuplicatePair.objects.of_the_living()

    def get_urls(self) -> list[URLPattern]:
        wrap = self.admin_site.admin_view
        own = [
            path("look/", wrap(require_POST(self.look)), name="crm_duplicatepair_look"),
            path("certain/", wrap(self.certain), name="crm_duplicatepair_certain"),
            path("<int:pk>/set-aside/", wrap(require_POST(self.set_aside)), name="crm_duplicatepair_set_aside"),
            path("<int:pk>/take-back/", wrap(require_POST(self.take_back)), name="crm_duplicatepair_take_back"),
        ]
        return [*own, *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if not self.has_view_permission(request):
            raise PermissionDenied
        view = request.GET.get("view", "")
        view = view if view in _VIEWS else ""
        chips = _chips(view)
        groups = groups_of(
            Edge(*row)
            for row in DuplicatePair.objects.of_the_living()
            .filter(_VIEWS[view][1])
            .values_list("pk", "first_id", "second_id")[:MOST_PAIRS]
        )
        page = Paginator(groups, GROUPS_ON_A_PAGE).get_page(request.GET.get("p"))
        counts = {chip.query: chip.count for chip in chips}
        merges = _certain_merges(counts["?view=certain"]) if request.user.has_perm(MERGE) else 0
        context = {
            **self.admin_site.each_context(request),
            "title": _("Duplicates"),
            "chips": chips,
            "view": view,
            "groups": _rows(list(page.object_list), request),
            "page": page,
            "page_query": f"?view={view}&p=" if view else "?p=",
            "may_merge": request.user.has_perm(MERGE),
            "may_decide": request.user.has_perm(DECIDE),
            "merges_all": merges is None or merges > 0,
            "certain_merges": merges,
            "open": counts["?"],
            "many": MANY,
            "companies": Company.objects.count(),
            "look": jobs.last(DuplicateJob.What.LOOK),
            "looking": jobs.under_way(DuplicateJob.What.LOOK),
            "merging": jobs.under_way(DuplicateJob.What.MERGE),
            "merged": _last_merges(),
            "given_up": [
                job for what in DuplicateJob.What if (job := jobs.last(what)) is not None and job.was_given_up
            ],
            "import_url": _url("admin:crm_importbatch_changelist"),
        }
        return TemplateResponse(request, "admin/crm/duplicates.html", context)

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """A pair has no page of its own: the list says all of it."""
        return HttpResponseRedirect(list_url(DuplicatePair))

    def set_aside(self, request: HttpRequest, pk: int) -> HttpResponse:
        pair = self._pair(request, pk)
        if pair is None:
            return self._back(request)
        verdicts.set_aside(pair=pair, by=_user(request))
        words = _("%(one)s and %(other)s are kept as two. You find them under Set aside.")
        messages.success(request, words % {"one": pair.first, "other": pair.second})
        return self._back(request)

    def take_back(self, request: HttpRequest, pk: int) -> HttpResponse:
        pair = self._pair(request, pk)
        if pair is None:
            return self._back(request)
        verdicts.take_back(pair=pair, by=_user(request))
        words = _("%(one)s and %(other)s are looked at again.")
        messages.success(request, words % {"one": pair.first, "other": pair.second})
        return self._back(request)

    def look(self, request: HttpRequest) -> HttpResponse:
        if not request.user.has_perm(DECIDE):
            raise PermissionDenied
        jobs.ask_for_look(by=_user(request))
        messages.info(request, _("Duplicates are being looked for. The list is new in a moment."))
        return HttpResponseRedirect(list_url(DuplicatePair))

    def certain(self, request: HttpRequest) -> HttpResponse:
        """What merging all certain pairs would do; by POST it is done."""
        if not request.user.has_perm(MERGE):
            raise PermissionDenied
        proposal = certain.propose()
        seen = mark_of((found.winner.pk, found.loser.pk) for found in proposal.merges)
        if request.method == "POST":
            if jobs.under_way(DuplicateJob.What.MERGE) is not None:
                messages.info(request, _("The certain ones are being merged already."))
            elif request.POST.get("seen") != seen or not proposal.merges:
                messages.error(
                    request, _("Nothing was merged: the list has changed since this page was opened. Look at it again.")
                )
                return HttpResponseRedirect(reverse("admin:crm_duplicatepair_certain"))
            else:
                certain.begin(proposal=proposal, by=_user(request))
                number = len(proposal.merges)
                words = ngettext("%(n)d pair is being merged.", "%(n)d pairs are being merged.", number)
                messages.success(request, words % {"n": number})
            return HttpResponseRedirect(list_url(DuplicatePair))
        ids = {party.pk for found in proposal.merges[:_SHOWN_IN_PREVIEW] for party in (found.winner, found.loser)}
        documents = certain.documents_of(ids)
        context = {
            **self.admin_site.each_context(request),
            "title": _("Merge all certain ones"),
            "back_url": list_url(DuplicatePair),
            "merges": [
                {
                    "winner": found.winner, "winner_url": party_url(found.winner), "facts": _facts(found.winner),
                    "loser": found.loser, "loser_url": party_url(found.loser), "other_facts": _facts(found.loser),
                    "documents": documents.get(found.winner.pk, 0), "other_documents": documents.get(found.loser.pk, 0),
                }
                for found in proposal.merges[:_SHOWN_IN_PREVIEW]
            ],
            "more": max(len(proposal.merges) - _SHOWN_IN_PREVIEW, 0),
            "number": len(proposal.merges),
            "seen": seen,
            "left_out": [
                {"found": found, "url": merge_page(found.winner, found.loser), "against": ", ".join(found.against)}
                for found in proposal.left_out[:_SHOWN_IN_PREVIEW]
            ],
            "left_number": len(proposal.left_out),
            "left_more": max(len(proposal.left_out) - _SHOWN_IN_PREVIEW, 0),
        }  # fmt: skip
        return TemplateResponse(request, "admin/crm/duplicates_certain.html", context)

    def _pair(self, request: HttpRequest, pk: int) -> DuplicatePair | None:
        """The pair as the page showed it; None, with the reason as a message, when it is not that one any more."""
        if not request.user.has_perm(DECIDE):
            raise PermissionDenied
        pair = self.get_queryset(request).select_related("first", "second").filter(pk=pk).first()
        shown = request.POST.get("parties", "")
        if pair is not None and shown in ("", f"{pair.first_id}-{pair.second_id}"):
            return pair
        messages.error(request, _why_no_pair(shown))
        return None

    def _back(self, request: HttpRequest) -> HttpResponse:
        badges.forget()
        return HttpResponseRedirect(next_url(request, list_url(DuplicatePair)))


def _why_no_pair(shown: str) -> str:
    """Why two are not a pair any more, by their keys as the page sent them."""
    keys = [int(key) for key in shown.split("-") if key.isdigit() and len(key) < 18]
    merged = Party.objects.filter(pk__in=keys, merged_into__isnull=False).first()
    if merged is not None:
        return why_gone(merged.pk)
    return _("These two do not stand in the list any more. Nothing was changed; look at the list again.")


def merge_page(one: Party, other: Party) -> str:
    """The page that merges the two, from which a person comes back to the list."""
    return merge_url(one, other, next=list_url(DuplicatePair))


def _url(name: str, *args: Any) -> str:
    try:
        return reverse(name, args=args)
    except NoReverseMatch:
        return ""


def _chips(view: str) -> list[Chip]:
    wanted = {f"n_{key}": Count("pk", filter=condition) for key, (_title, condition) in _VIEWS.items()}
    counts = DuplicatePair.objects.of_the_living().order_by().aggregate(**wanted)
    return [
        Chip(title, f"?view={key}" if key else "?", counts[f"n_{key}"], key == view)
        for key, (title, _condition) in _VIEWS.items()
        if key != "contacts" or counts["n_contacts"] or key == view
    ]


def _rows(groups: Sequence[list[Edge]], request: HttpRequest) -> list[list[PairRow]]:
    """The groups of one page with all that they show: four queries."""
    keys = [edge.pk for group in groups for edge in group]
    loaded = DuplicatePair.objects.filter(pk__in=keys).select_related("first", "second", "set_aside_by")
    links = "tool_links__administration"
    pairs = {pair.pk: pair for pair in loaded.prefetch_related(f"first__{links}", f"second__{links}")}
    ids = {pk for pair in pairs.values() for pk in (pair.first_id, pair.second_id)}
    documents = certain.documents_of(ids) if request.user.has_perm("invoicing.view_invoice") else {}
    return [[_row(pairs[edge.pk], documents) for edge in group if edge.pk in pairs] for group in groups]


def _row(pair: DuplicatePair, documents: dict[int, int]) -> PairRow:
    # Who has more documents stands at the left: the other one goes into it.
    one, other = sorted((pair.first, pair.second), key=lambda party: (-documents.get(party.pk, 0), party.pk))
    numbers = {"one": documents.get(one.pk, 0), "other": documents.get(other.pk, 0)}
    return PairRow(
        pair=pair,
        one=Side(one, party_url(one), _facts(one)),
        other=Side(other, party_url(other), _facts(other)),
        why=_why(pair),
        also=", ".join(str(Reason(key).label) for key in pair.reasons[1:] if key in Reason.values),
        documents=_("%(one)d and %(other)d") % numbers,
        merge_url=merge_page(one, other),
    )


def _why(pair: DuplicatePair) -> str:
    """The strongest reason in words; of names how alike they are."""
    key = pair.reasons[0] if pair.reasons else ""
    if key not in Reason.values:
        return ""
    if key not in BY_NAME:
        return str(Reason(key).label)
    alike = likeness(words_of(pair.first.name_key), words_of(pair.second.name_key)).score
    name = (
        _("Same name") if alike == 100 else _("Name %(share)d%% alike") % {"share": alike} if alike else _("Name alike")
    )
    beside = {
        Reason.NAME_POSTCODE: _("same postcode"),
        Reason.NAME_CITY: _("same place"),
        Reason.EMAIL_DOMAIN: _("same e-mail domain"),
        Reason.PHONE: _("same phone number"),
        Reason.NAME_ONLY: _("one has no address"),
    }
    return f"{name}, {beside[Reason(key)]}"


def _facts(party: Party) -> str:
    """Where it is, its VAT number and its numbers in the tools, on one line."""
    number = party.vat_number or ("" if party.is_person else _("no VAT number"))
    parts = [party.city or party.country, number]
    if "tool_links" in getattr(party, "_prefetched_objects_cache", {}):
        links = [link for link in party.tool_links.all() if link.external_id and link.primary]
        parts += [f"{tool_label(link.administration.tool)} {link}" for link in links]
    return ", ".join(part for part in parts if part)


def _certain_merges(certain_pairs: int) -> int | None:
    """How many pairs merging all certain ones would merge; None where there are too many to tell on a list."""
    if certain_pairs > _MOST_COUNTED:
        return None
    return len(certain.propose().merges) if certain_pairs else 0


def _last_merges() -> dict[str, Any] | None:
    """What the last round of merges did, with the pairs that it left alone after all."""
    job = jobs.last(DuplicateJob.What.MERGE)
    if job is None:
        return None
    ids = {pk for row in job.left[:10] for pk in row[:2]}
    names = dict(Party.objects.filter(pk__in=ids).values_list("pk", "name")) if ids else {}
    left = [{"one": names.get(row[0], ""), "other": names.get(row[1], ""), "sentence": row[2]} for row in job.left[:10]]
    return {"job": job, "left": left}


def _user(request: HttpRequest) -> AbstractBaseUser | None:
    return request.user if isinstance(request.user, AbstractBaseUser) else None
