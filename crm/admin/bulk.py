"""What is done to many companies or contacts of a list at once: tags, and the recycle bin. Each behind a page first."""

from __future__ import annotations

from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.contrib.auth.models import AbstractBaseUser
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from config.figures import number
from integrations.segmenting import recognised

from .. import binning, binning_jobs, tagging
from ..models import BinJob, Party, Tag
from .seen import mark_of

# So many at once are taken; of more, the first so many.
MANY_AT_ONCE = 20_000
# More than this go in and out of the recycle bin in the background.
IN_BACKGROUND = 500
# Of those that are kept, so many are named.
NAMED = 50
BIN_MANY, REMOVE_TAGS = "crm.add_binnedparty", "crm.add_binnedparty"


class BulkActions:
    """Mixed into the lists of companies and contacts. Name the actions in `actions`."""

    @admin.action(description=gettext_lazy("Add or remove a tag"), permissions=["change"])
    def tag_selected(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        return tag_or_ask(self, request, queryset)

    @admin.action(description=gettext_lazy("Move to the recycle bin"), permissions=["bin"])
    def bin_selected(self, request: HttpRequest, queryset: QuerySet[Any]) -> HttpResponse | None:
        return bin_or_ask(self, request, queryset)

    def has_bin_permission(self, request: HttpRequest) -> bool:
        """Deleting many is an account admin's (domain rules 13.13)."""
        return bool(request.user.has_perm(BIN_MANY))


def person(request: HttpRequest) -> AbstractBaseUser:
    """The signed-in user, as the services take it."""
    return cast(AbstractBaseUser, request.user)


def bin_or_ask(page: Any, request: HttpRequest, chosen: QuerySet[Any]) -> HttpResponse | None:
    """A page with who goes and who stays; then the recycle bin. What changed in between is shown anew first."""
    if not page.has_bin_permission(request):
        raise PermissionDenied
    ids, is_cut = keys_of(chosen)
    asked = "confirmed" in request.POST
    known = Party.objects.live().filter(recognised(), pk__in=_rows(chosen, ids, is_cut))
    kept = Party.objects.live().filter(binning.kept_condition(), pk__in=_rows(chosen, ids, is_cut))
    keys_known, keys_kept = _keys(known), _keys(kept)
    seen = mark_of(ids, keys_known, keys_kept)
    if asked and request.POST.get("seen") == seen:
        if request.POST.get("leave") == "known":
            ids = [pk for pk in ids if pk not in keys_known]
        if len(ids) > IN_BACKGROUND:
            return in_background(request, BinJob.What.BIN, ids, is_cut)
        outcome = binning.move_many_to_recycle_bin(ids=ids, by=person(request), names=NAMED)
        _tell_binned(request, outcome)
        if is_cut:
            messages.info(request, _("That were the first of them. Do the same again for the others."))
        return HttpResponseRedirect(request.get_full_path())
    number_kept, number_known = len(keys_kept), len(keys_known - keys_kept)
    known = known.exclude(binning.kept_condition())
    context = {
        **shared(page, request, "bin_selected", _("Move to the recycle bin")),
        "seen": seen,
        "number": len(ids),
        "going": len(ids) - number_kept - number_known,
        "known": number_known,
        "known_names": list(known.order_by("name", "pk").values_list("name", flat=True)[:NAMED])
        if number_known
        else [],
        "everybody": len(ids) - number_kept,
        "kept": number_kept,
        "kept_words": binning.kept_words(list(kept.order_by("name", "pk")[:NAMED])),
        "names": list(
            Party.objects.filter(pk__in=_rows(chosen, ids, is_cut))
            .exclude(binning.kept_condition())
            .exclude(recognised())
            .order_by("name", "pk")
            .values_list("name", flat=True)[:NAMED]
        ),
        "is_cut": is_cut,
        "most": MANY_AT_ONCE,
        "changed": asked,
    }
    return TemplateResponse(request, "admin/crm/bin_many.html", context)


def in_background(request: HttpRequest, what: str, ids: list[int], is_cut: bool) -> HttpResponse:
    """Have it done by a worker, and lead to the page that shows how far it is."""
    job = binning_jobs.ask(what=what, keys=ids, by=person(request))
    if is_cut and job is not None:
        messages.info(request, _("That were the first of them. Do the same again for the others."))
    if job is None:
        messages.error(
            request, _("Somebody's work of this kind is under way. Nothing was begun; try again afterwards.")
        )
    return HttpResponseRedirect(reverse("admin:crm_binnedparty_work"))


def tag_or_ask(page: Any, request: HttpRequest, chosen: QuerySet[Any]) -> HttpResponse | None:
    """A page that asks for the tag; then it is set or taken off."""
    if not page.has_change_permission(request):
        raise PermissionDenied
    may_remove = request.user.has_perm(REMOVE_TAGS)
    ids, is_cut = keys_of(chosen)
    seen = mark_of(ids)
    problem = ""
    if "confirmed" in request.POST:
        removes = request.POST.get("what") == "remove"
        if removes and not may_remove:
            raise PermissionDenied
        name = " ".join(request.POST.get("tag", "").split())
        tag = Tag.objects.filter(name__iexact=name).first() if name else None
        if not name:
            problem = _("Fill in a tag.")
        elif len(name) > 80:
            problem = _("A tag has at most 80 characters.")
        elif removes and tag is None:
            problem = _("There is no tag “%(tag)s”.") % {"tag": name}
        elif request.POST.get("seen") != seen:
            problem = _("The list has changed meanwhile. Look at the number and confirm again.")
        else:
            if removes and tag is not None:
                count = tagging.untag_parties(ids=ids, tag=tag, by=person(request))
                words = ngettext("Tag removed from %(n)s of %(all)s.", "Tag removed from %(n)s of %(all)s.", count)
            else:
                count = tagging.tag_parties(ids=ids, tag=tag or tagging.tag_named(name), by=person(request))
                words = ngettext("Tag added to %(n)s of %(all)s.", "Tag added to %(n)s of %(all)s.", count)
            messages.success(request, words % {"n": number(count), "all": number(len(ids))})
            if is_cut:
                messages.info(request, _("That were the first of them. Do the same again for the others."))
            return HttpResponseRedirect(request.get_full_path())
    context = {
        **shared(page, request, "tag_selected", _("Add or remove a tag")),
        "seen": seen,
        "number": len(ids),
        "is_cut": is_cut,
        "most": MANY_AT_ONCE,
        "may_remove": may_remove,
        "tags": list(Tag.objects.order_by("name").values_list("name", flat=True)[:500]),
        "problem": problem,
        "typed": request.POST.get("tag", ""),
        "removes": request.POST.get("what") == "remove",
    }
    return TemplateResponse(request, "admin/crm/tag_many.html", context)


def keys_of(chosen: QuerySet[Any]) -> tuple[list[int], bool]:
    """The keys of what was chosen, at most `MANY_AT_ONCE` by their order, and whether there are more."""
    found = list(chosen.order_by("pk").values_list("pk", flat=True)[: MANY_AT_ONCE + 1])
    return found[:MANY_AT_ONCE], len(found) > MANY_AT_ONCE


def _keys(parties: QuerySet[Party]) -> set[int]:
    return set(parties.order_by().values_list("pk", flat=True))


def _rows(chosen: QuerySet[Any], ids: list[int], is_cut: bool) -> Any:
    """The chosen rows for a condition: as they were asked for, or by their keys where not all of them are meant."""
    return ids if is_cut or len(ids) <= binning.BATCH else chosen.order_by().values("pk")


def shared(page: Any, request: HttpRequest, action: str, title: str) -> dict[str, Any]:
    across = request.POST.get("select_across") == "1"
    return {
        **page.admin_site.each_context(request),
        "title": title,
        "back_url": request.get_full_path(),
        "action": action,
        "action_checkbox_name": ACTION_CHECKBOX_NAME,
        "across": across,
        # Also where all that fit are meant: without any of them the list takes it for no action at all.
        "selected": request.POST.getlist(ACTION_CHECKBOX_NAME),
    }


def _tell_binned(request: HttpRequest, outcome: binning.ManyOutcome) -> None:
    if outcome.moved:
        words = ngettext("%(n)s is in the recycle bin.", "%(n)s are in the recycle bin.", outcome.moved)
        messages.success(request, words % {"n": number(outcome.moved)})
    if outcome.kept:
        words = ngettext(
            "%(n)s has documents or bookings and was kept: %(names)s",
            "%(n)s have documents or bookings and were kept: %(names)s",
            outcome.kept,
        )
        names = " ".join(outcome.named[:5]) + (" …" if outcome.kept > 5 else "")
        messages.warning(request, words % {"n": number(outcome.kept), "names": names})
