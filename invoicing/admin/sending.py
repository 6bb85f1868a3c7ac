"""Many documents at once on their way into the books: offered again, or kept out of the sync with a reason.

Both first show a page with the numbers. Each document is decided by itself, so one that changed meanwhile stops no other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from django.contrib import messages
from django.contrib.admin.helpers import ACTION_CHECKBOX_NAME
from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from integrations import services as bridge
from integrations.admin.books_panel import CHANGE, VERBS
from integrations.admin.words import tool_label
from integrations.base.errors import IntegrationError
from integrations.models import Connection, Posting

from .booking import person

if TYPE_CHECKING:
    from .documents import SalesDocumentAdmin

# More at once is work for several goes: some are looked up in the tool while the person waits.
MANY_AT_ONCE = 100


@dataclass(frozen=True, slots=True)
class Verb:
    """What is done to each: the states that allow it are those of the buttons beside a document."""

    key: str
    title: str | Promise
    asks_reason: bool


RETRY = Verb("retry", gettext_lazy("Retry"), asks_reason=False)
EXCLUDE = Verb("exclude", gettext_lazy("Exclude from sync"), asks_reason=True)


def may_decide(request: HttpRequest) -> bool:
    return bool(request.user.has_perm(CHANGE))


def ask_or_do(page: SalesDocumentAdmin, request: HttpRequest, chosen: QuerySet[Any], verb: Verb) -> HttpResponse | None:
    """The action of the list: a page with the numbers first, then the decision on each."""
    if not may_decide(request):
        raise PermissionDenied
    fitting = (
        Posting.objects.filter(
            sales_document__in=chosen.values("pk"), connection__in=Connection.objects.live(), state__in=VERBS[verb.key]
        )
        .select_related("sales_document__party", "connection__entity", "administration")
        .order_by("sales_document__date", "pk")
    )
    postings = list(fitting[: MANY_AT_ONCE + 1])
    if not postings:
        messages.warning(request, _("None of the selected documents waits for this."))
        return None
    if len(postings) > MANY_AT_ONCE:
        messages.error(request, _("Select at most %(number)d documents at once.") % {"number": MANY_AT_ONCE})
        return None
    reason = request.POST.get("reason", "").strip()
    if "confirmed" in request.POST and (reason or not verb.asks_reason):
        _do(request, postings, verb, reason)
        return HttpResponseRedirect(request.get_full_path())
    context = {
        **page.admin_site.each_context(request),
        "title": verb.title,
        "back_url": request.get_full_path(),
        "postings": postings,
        "left_out": chosen.count() - len(postings),
        "verb": verb,
        "reason_missing": "confirmed" in request.POST,
        "action_checkbox_name": ACTION_CHECKBOX_NAME,
        "action": f"{verb.key}_selected",
    }
    return TemplateResponse(request, "admin/invoicing/send_many.html", context)


def _do(request: HttpRequest, postings: list[Posting], verb: Verb, reason: str) -> None:
    done = 0
    for posting in postings:
        try:
            if verb is EXCLUDE:
                bridge.exclude(posting=posting, reason=reason, user=person(request))
            else:
                bridge.retry(posting=posting, user=person(request))
            done += 1
        except (bridge.PostingError, bridge.ConnectError) as error:
            messages.error(request, f"{posting}: {error}")
        except IntegrationError:
            words = _("%(document)s: %(tool)s did not answer. Nothing was changed; try again later.")
            messages.error(request, words % {"document": posting, "tool": tool_label(posting.connection.tool)})
    if done:
        messages.success(request, _words(verb, done))


def _words(verb: Verb, number: int) -> str:
    if verb is EXCLUDE:
        text = ngettext(
            "%(n)d document is excluded from the sync.", "%(n)d documents are excluded from the sync.", number
        )
    else:
        text = ngettext(
            "%(n)d document is offered again with the next sync.",
            "%(n)d documents are offered again with the next sync.",
            number,
        )
    return text % {"n": number}
