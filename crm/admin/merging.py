"""Merging on the page: which one stays, what differs, what moves; and the list of merges with their undo."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar
from urllib.parse import urlencode

from django.contrib import admin, messages
from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import PermissionDenied
from django.db.models import Count, Q, QuerySet
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_POST

from config.admin.links import change_url, link, list_url, next_url
from config.admin.places import party_link, party_url
from config.figures import before_stop, day, moment
from integrations.admin.postings import ReadOnlyAdmin
from invoicing.models import SalesDocument

from .. import duplicates, merging
from ..duplicates import verdicts
from ..duplicates.reasons import Reason
from ..merging import MergeRefused, Row, Side, fields
from ..models import DuplicatePair, Merge, PairState, Party, PartyKind
from ..search import find_parties

MERGE, UNDO, DECIDE = "crm.add_merge", "crm.change_merge", "crm.change_duplicatepair"
# More at once are looked at pair by pair all the same; who has more is served by the list of duplicates.
MANY_AT_ONCE = 10
SUGGESTED = 8
SHOWN_MERGES = 5
_CHOICE = "choice-"


def merge_url(party: Party, other: Party | None = None, **query: Any) -> str:
    """The page on which `party` stays and `other` goes into it."""
    url = reverse(f"admin:crm_{'contact' if party.is_person else 'company'}_merge", args=[party.pk])
    wanted = {"with": other.pk if other else "", **query}
    filled = {name: value for name, value in wanted.items() if value}
    return f"{url}?{urlencode(filled)}" if filled else url


def merges_of(party_id: int) -> list[Merge]:
    """The newest merges into a party, for its page."""
    return list(Merge.objects.filter(winner=party_id).select_related("loser", "winner", "by")[:SHOWN_MERGES])


class MergingAdmin:
    """What the lists and pages of companies and contacts have for merging."""

    merge_words: ClassVar[dict[str, str | Promise]] = {
        "company": _("Merge companies"),
        "contact": _("Merge contacts"),
    }

    def merge_urls(self) -> list[URLPattern]:
        name = f"{self.opts.app_label}_{self.opts.model_name}_merge"  # type: ignore[attr-defined]
        view = self.admin_site.admin_view(self.merge_view)  # type: ignore[attr-defined]
        return [path("<int:pk>/merge/", view, name=name)]

    def has_merge_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.has_perm(MERGE))

    @admin.action(description=_("Merge"), permissions=["merge"])
    def merge_selected(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        """Lead two to their page; of several ask first which one stays."""
        rows = list(queryset.order_by("pk")[: MANY_AT_ONCE + 1])
        back = request.get_full_path()
        if len(rows) < 2:
            messages.warning(request, gettext("Select two or more to merge."))
            return None
        if len(rows) > MANY_AT_ONCE:
            words = ngettext("Select at most %(n)d to merge.", "Select at most %(n)d to merge.", MANY_AT_ONCE)
            messages.error(request, words % {"n": MANY_AT_ONCE})
            return None
        stays = _known_longest(rows)
        wanted = request.POST.get("stays", "")
        chosen = next((row for row in rows if str(row.pk) == wanted), None)
        if len(rows) == 2 or chosen is not None:
            stays = chosen or stays
            first, *others = [row for row in rows if row.pk != stays.pk]
            then = ",".join(str(row.pk) for row in others)
            return HttpResponseRedirect(merge_url(stays, first, then=then, next=back))
        context = {
            **self._frame(request),
            "back_url": back,
            "sides": _sides(rows),
            "stays": stays,
            "model_name": self.opts.model_name,  # type: ignore[attr-defined]
        }
        return TemplateResponse(request, "admin/crm/merge_which.html", context)

    def merge_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        """Choose with whom (no `with`), look at both (GET), merge (POST)."""
        if not self.has_merge_permission(request):
            raise PermissionDenied
        winner = self._party(request, pk)
        if winner is None:
            return self._lead_away(request, pk)
        back = _back(request, party_url(winner))
        wanted = request.POST.get("with") or request.GET.get("with", "")
        if not wanted:
            return self._choose(request, winner, back)
        loser = self._party(request, int(wanted)) if wanted.isdigit() else None
        if loser is None or loser.pk == winner.pk:
            messages.error(request, why_gone(int(wanted) if wanted.isdigit() else 0))
            return HttpResponseRedirect(back)
        if request.method == "POST":
            apart = "apart" in request.POST
            answer = self._keep_apart(request, winner, loser) if apart else self._merge(request, winner, loser, back)
            if answer is not None:
                return answer
        return self._compare(request, winner, loser, back)

    def _frame(self, request: HttpRequest) -> dict[str, Any]:
        return {
            **self.admin_site.each_context(request),  # type: ignore[attr-defined]
            "title": self.merge_words[self.opts.model_name],  # type: ignore[attr-defined]
        }

    def _party(self, request: HttpRequest, pk: int) -> Party | None:
        """A live party of this kind that the person may see, as the concrete model."""
        if not self.get_queryset(request).filter(pk=pk).exists():  # type: ignore[attr-defined]
            return None
        return Party.objects.select_related("payment_term").get(pk=pk)

    def _lead_away(self, request: HttpRequest, pk: int) -> HttpResponse:
        """From the page of somebody who is not there any more: to whom it went into. Http404: there never was one."""
        kind = PartyKind.PERSON if self.opts.model_name == "contact" else PartyKind.COMPANY  # type: ignore[attr-defined]
        party = Party.objects.filter(pk=pk, kind=kind).first()
        if party is None:
            raise Http404
        messages.error(request, why_gone(pk))
        otherwise = list_url(self.model) if party.merged_into is None else party_url(merging.as_survivor(party))  # type: ignore[attr-defined]
        return HttpResponseRedirect(_back(request, otherwise))

    def _choose(self, request: HttpRequest, winner: Party, back: str) -> HttpResponse:
        term = request.GET.get("q", "").strip()
        if term:
            rows = find_parties(term).filter(kind=winner.kind).exclude(pk=winner.pk).order_by("name", "pk")
            found = [(party, "") for party in rows[:SUGGESTED]]
        else:
            found = _suggested(winner)
        own, *others = _sides([winner, *(party for party, _why in found)])
        return TemplateResponse(
            request,
            "admin/crm/merge_with.html",
            {
                **self._frame(request),
                "back_url": back,
                "next": _asked(request),
                "winner": winner,
                "term": term,
                "found": [
                    (side, why, _pair_url(own, side, _asked(request)))
                    for side, (_party, why) in zip(others, found, strict=True)
                ],
            },
        )

    def _compare(self, request: HttpRequest, winner: Party, loser: Party, back: str) -> HttpResponse:
        plan = merging.plan(winner, loser)
        asked, then = _asked(request), _then(request)
        context = {
            **self._frame(request),
            "back_url": back,
            "next": asked,
            "then": ",".join(then),
            "winner": winner,
            "loser": loser,
            "sides": _sides([winner, loser]),
            "plan": plan,
            "conflicts": [_Asked(row, _chosen(request, row)) for row in plan.conflicts],
            "moves": [move for move in plan.moves if move.count or move.text],
            "apart": DuplicatePair.objects.filter(_pair(winner, loser), state=PairState.SET_ASIDE)
            .select_related("set_aside_by")
            .first(),
            "may_decide": request.user.has_perm(DECIDE),
            "undo_days": merging.undo_until(Merge(at=timezone.now())),
            "swap_url": merge_url(loser, winner, then=",".join(then), next=asked),
        }
        return TemplateResponse(request, "admin/crm/merge.html", context)

    def _merge(self, request: HttpRequest, winner: Party, loser: Party, back: str) -> HttpResponse | None:
        """Merge and lead on; None, with the reason as a message, where nothing was changed."""
        choices = {
            name.removeprefix(_CHOICE): str(value) for name, value in request.POST.items() if name.startswith(_CHOICE)
        }
        try:
            done = merging.merge(
                winner=winner,
                loser=loser,
                choices=choices,
                by=_person(request),
                seen=request.POST.get("seen", ""),
                knows_apart="knows_apart" in request.POST,
            )
        except MergeRefused as refused:
            messages.error(request, str(refused))
            gone = Party.objects.filter(pk__in=[winner.pk, loser.pk], deleted_at__isnull=False).exists()
            return HttpResponseRedirect(back) if gone else None
        words = gettext("%(loser)s was merged into %(winner)s. Until %(date)s you can undo this:")
        text = words % {"loser": loser, "winner": before_stop(winner), "date": day(merging.undo_until(done))}
        messages.success(request, format_html("{} {}", text, link(change_url(done), gettext("Undo"))))
        return self._go_on(request, winner)

    def _keep_apart(self, request: HttpRequest, winner: Party, loser: Party) -> HttpResponse:
        """Remember that the two are not one, as on the list of duplicates, and lead on."""
        if not request.user.has_perm(DECIDE):
            raise PermissionDenied
        verdicts.keep_apart(one=winner, other=loser, by=_person(request))
        words = gettext("%(one)s and %(other)s are kept as two. You find them under Duplicates, Set aside.")
        messages.success(request, words % {"one": winner, "other": loser})
        return self._go_on(request, winner)

    def _go_on(self, request: HttpRequest, winner: Party) -> HttpResponse:
        """To the next of those that were chosen together, or back."""
        then = _then(request)
        if then:
            rest = Party.objects.live().filter(pk__in=then).order_by("pk")
            nexts = [party for party in rest if party.pk != winner.pk]
            if nexts:
                others = ",".join(str(party.pk) for party in nexts[1:])
                return HttpResponseRedirect(merge_url(winner, nexts[0], then=others, next=_asked(request)))
        return HttpResponseRedirect(_back(request, party_url(winner)))


@dataclass(frozen=True, slots=True)
class _Asked:
    """A row that differs, with the side that is chosen on the page; empty: none yet."""

    row: Row
    chosen: str


@dataclass(frozen=True, slots=True)
class _Shown:
    """A party with the facts by which people tell two apart."""

    party: Party
    url: str
    documents: int
    tags: str


def _sides(parties: list[Party]) -> list[_Shown]:
    """Both, with their documents and tags; three queries for any number."""
    ids = [party.pk for party in parties]
    rows = SalesDocument.objects.filter(party__in=ids).order_by().values("party").annotate(n=Count("pk"))
    counts = {row["party"]: row["n"] for row in rows}
    named: dict[int, list[str]] = {}
    for pk, name in Party.tags.through.objects.filter(party__in=ids).values_list("party_id", "tag__name"):
        named.setdefault(pk, []).append(name)
    return [
        _Shown(party, party_url(party), counts.get(party.pk, 0), ", ".join(sorted(named.get(party.pk, []))))
        for party in parties
    ]


def _known_longest(rows: list[Party]) -> Party:
    """The one that most likely stays: with the most documents, of these the oldest."""
    return min(_sides(rows), key=lambda side: (-side.documents, side.party.pk)).party


def _suggested(party: Party) -> list[tuple[Party, str]]:
    """Who may be the same, with the reason, the likeliest first; without those of whom a person said that they are not."""
    apart: set[int] = set()
    paired: list[tuple[Party, str]] = []
    pairs = DuplicatePair.objects.of_the_living().filter(Q(first=party.pk) | Q(second=party.pk))
    for pair in pairs.select_related("first", "second"):
        other = pair.second if pair.first_id == party.pk else pair.first
        if pair.state == PairState.SET_ASIDE:
            apart.add(other.pk)
        else:
            paired.append((other, _reason(pair)))
    likely = duplicates.likely(
        name=party.name, postcode=party.postcode, vat_number=party.vat_number, email=party.email,
        exclude=party.pk, kind=party.kind, limit=SUGGESTED + len(apart),
    )  # fmt: skip
    near = [(hint.party, hint.words) for hint in likely]
    known = {found.pk for found, _why in near} | {party.pk} | apart
    near += [(other, why) for other, why in paired if other.pk not in known]
    found = [(other, why) for other, why in near if other.pk not in apart]
    if not found:
        word = max(party.name_key.split(), key=len, default="")
        rows = Party.objects.live().filter(kind=party.kind, name_key__contains=word) if word else Party.objects.none()
        why = gettext("Has “%(word)s” in its name") % {"word": word}
        found = [(other, why) for other in rows.exclude(pk__in=known).order_by("name", "pk")[:SUGGESTED]]
    return found[:SUGGESTED]


def _reason(pair: DuplicatePair) -> str:
    key = pair.reasons[0] if pair.reasons else ""
    return str(Reason(key).label) if key in Reason.values else ""


def _pair(one: Party, other: Party) -> Q:
    return Q(first=min(one.pk, other.pk), second=max(one.pk, other.pk))


def _pair_url(own: _Shown, other: _Shown, back: str) -> str:
    """The page that compares the two. Whoever was here first stays, unless the other one has more documents."""
    stays, goes = own.party, other.party
    if goes.pk < stays.pk and other.documents >= own.documents:
        stays, goes = goes, stays
    return merge_url(stays, goes, next=back)


def _chosen(request: HttpRequest, row: Row) -> str:
    """What the person chose before; else the side that stays, but for a number, which nobody chooses by accident."""
    chosen = request.POST.get(f"{_CHOICE}{row.key}", "")
    return chosen if chosen in list(Side) else "" if row.must_choose else Side.WINNER


def why_gone(pk: int) -> str:
    """Why somebody is not offered for merging any more."""
    party = Party.objects.filter(pk=pk).select_related("merged_into").first()
    if party is not None and party.merged_into is not None:
        words = gettext("%(party)s has been merged into %(into)s already. Nothing was changed.")
        return words % {"party": party, "into": party.merged_into}
    return gettext("Choose another one of the same kind that is not in the recycle bin.")


def _asked(request: HttpRequest) -> str:
    """The page to return to as the address or the form says it; judged before it is used."""
    return request.POST.get("next") or request.GET.get("next", "")


def _back(request: HttpRequest, otherwise: str) -> str:
    return next_url(request, otherwise, wanted=_asked(request))


def _then(request: HttpRequest) -> list[str]:
    """The keys of those that come after this pair."""
    given = request.POST.get("then") or request.GET.get("then", "")
    return [key for key in given.split(",") if key.isdigit()][:MANY_AT_ONCE]


def _person(request: HttpRequest) -> AbstractBaseUser | None:
    return request.user if isinstance(request.user, AbstractBaseUser) else None


def lead_on(request: HttpRequest, party: Party) -> HttpResponse | None:
    """The way from a party that was merged to the one that it went into; None for all others."""
    if party.merged_into is None:
        return None
    survivor = merging.as_survivor(party)
    messages.info(request, gettext("%(party)s was merged into %(into)s.") % {"party": party, "into": survivor})
    return HttpResponseRedirect(party_url(survivor))


# --- the list of merges -------------------------------------------------------------------------------------------


@admin.register(Merge)
class MergeAdmin(ReadOnlyAdmin):
    """Who went into whom. Not in the menu: the list of duplicates and the pages of parties lead here."""

    list_display = ["went", "stays", "merged", "by", "state_words"]
    list_display_links = ["went"]
    list_select_related = ["winner", "loser", "by", "undone_by"]
    ordering = ["-at", "-pk"]
    empty_title = _("Nothing was merged yet")
    empty_text = _("Select two companies or contacts in their list and choose Merge.")

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(require_POST(self.undo_view))
        return [path("<int:pk>/undo/", view, name="crm_merge_undo"), *super().get_urls()]

    def change_view(
        self, request: HttpRequest, object_id: str, form_url: str = "", extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        """One merge: what was taken over, what moved, and the way back."""
        found: Merge = self.row(request, object_id)
        context = {
            **self.admin_site.each_context(request),
            "title": gettext("%(loser)s was merged into %(winner)s.")
            % {"loser": found.loser, "winner": before_stop(found.winner)},
            "back_url": list_url(Merge),
            "merge": found,
            "survivor_link": party_link(merging.as_survivor(found.winner)),
            "taken": _taken(found),
            "moved": _moved(found),
            "until": merging.undo_until(found),
            "can_be_undone": merging.can_be_undone(found),
            "may_undo": request.user.has_perm(UNDO),
            "undo_url": reverse("admin:crm_merge_undo", args=[found.pk]),
        }
        return TemplateResponse(request, "admin/crm/merge_done.html", context)

    def undo_view(self, request: HttpRequest, pk: int) -> HttpResponse:
        if not request.user.has_perm(UNDO):
            raise PermissionDenied
        found = Merge.objects.filter(pk=pk).select_related("winner", "loser").first()
        if found is None:
            raise Http404
        try:
            undone = merging.undo(merge=found, by=_person(request))
        except MergeRefused as refused:
            messages.error(request, str(refused))
            return HttpResponseRedirect(change_url(found))
        words = gettext("%(loser)s and %(winner)s are two again.")
        messages.success(request, words % {"loser": found.loser, "winner": found.winner})
        for sentence in undone.left:
            messages.warning(request, sentence)
        return HttpResponseRedirect(next_url(request, party_url(found.loser)))

    @admin.display(description=_("went into it"), ordering="loser__name")
    def went(self, merge: Merge) -> str:
        return merge.loser.name

    @admin.display(description=_("stays"), ordering="winner__name")
    def stays(self, merge: Merge) -> SafeString:
        return party_link(merge.winner)

    @admin.display(description=_("merged"), ordering="at")
    def merged(self, merge: Merge) -> str:
        return moment(merge.at)

    @admin.display(description=_("undo"))
    def state_words(self, merge: Merge) -> str:
        if merge.undone_at is not None:
            return gettext("Undone %(when)s") % {"when": moment(merge.undone_at)}
        if merging.can_be_undone(merge):
            return gettext("Possible until %(date)s") % {"date": day(merging.undo_until(merge))}
        return gettext("No longer possible")


def _taken(found: Merge) -> list[tuple[str, str, str]]:
    """Label, value before and value taken over, of what the party that stays got."""
    winner = found.winner
    rows = []
    for name, value in found.taken.items():
        column = Party._meta.get_field(name)
        before = found.before["winner"].get(name)
        rows.append((fields.label_of(winner, name), fields.shown(column, before), fields.shown(column, value)))
    return rows


def _moved(found: Merge) -> list[tuple[str, int]]:
    """How many rows of each kind moved, for the relations that count them."""
    named = {relation.name: relation for relation in merging.relations()}
    rows = []
    for name, kept in found.moved.items():
        relation = named.get(name)
        number = len(kept) if isinstance(kept, list) else len(kept.get("moved", ()))
        label = getattr(relation, "label", "") or {
            "crm.Party.tags": _("Tags"), "integrations.PartyLink.party": _("Numbers in the bookkeeping"),
        }.get(name, "")  # fmt: skip
        if label and number:
            rows.append((str(label), number))
    return rows
