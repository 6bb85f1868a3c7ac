"""The section Accounting of an entity: a card per tool, taking over links, the module. And its tabs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config.admin.links import change_url, list_url
from config.countries import country_name
from config.figures import day, moment, number
from invoicing.admin.booking import person
from invoicing.models import CompanyEntity

from .. import services
from ..base.signin import Tool
from ..models import IN_BOOKS, Connection, ConnectionStatus, Module, Posting
from ..registry import TOOLS
from ..services.module import live_connections
from .frame import START, SyncButton
from .progress import loaded, progress_of
from .synchronisation import next_automatic
from .wizard import UNFINISHED
from .words import problem_of_connection, tool_label

if TYPE_CHECKING:
    from config.admin.lists import BookkeepingAdmin

_ADD, _CHANGE = "integrations.add_connection", "integrations.change_connection"


@dataclass(frozen=True, slots=True)
class Fact:
    words: str | Promise
    value: str
    url: str = ""
    more: str = ""


@dataclass(slots=True)
class Card:
    """One tool for one entity: how it stands, and what can be done. A button without address says why not."""

    tool: str
    state: str
    lead: str = ""
    facts: list[Fact] = field(default_factory=list)
    connection: Connection | None = None
    urls: dict[str, str] = field(default_factory=dict)
    why_not: str = ""
    is_off: bool = False


def entity_tabs(request: HttpRequest, entity: CompanyEntity, active: str) -> list[Any]:
    """The tabs of an entity's pages; none where the person may not see connections."""
    from .connection_pages import Tab

    if not request.user.has_perm("integrations.view_connection"):
        return []
    return [
        Tab(_("Details"), change_url(entity), active == "details"),
        Tab(_("Accounting"), accounting_url(entity), active == "accounting"),
    ]


def accounting_url(entity: CompanyEntity) -> str:
    return reverse("admin:invoicing_companyentity_accounting", args=[entity.pk])


def accounting_page(page: BookkeepingAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    """What connects an entity with a tool, and everything that can be done about it from here."""
    entity = _entity(page, request, pk)
    rows = list(
        Connection.objects.filter(entity=entity).select_related("administration", "grant", "entity").order_by("-pk")
    )
    live = next((row for row in rows if row.status != ConnectionStatus.DEACTIVATED), None)
    module = Module.current()
    cards = [_card(request, entity, tool, rows, live, module) for tool in TOOLS.values()]
    cards.sort(key=lambda card: card.connection is None or card.connection is not live)
    runs = list(loaded(live.runs.unfinished()).order_by("pk")) if live is not None else []
    sync_url = ""
    if live is not None and live.status == ConnectionStatus.CONNECTED and request.user.has_perm(START) and not runs:
        sync_url = reverse("admin:integrations_connection_sync", args=[live.pk])
    may_copy = live is not None and live.administration_id is not None and request.user.has_perm(_CHANGE)
    progress = progress_of(runs, live.pk if live is not None else None)
    context = {
        **page.admin_site.each_context(request),
        "title": str(entity),
        "back_url": list_url(CompanyEntity),
        "page_tabs": entity_tabs(request, entity, "accounting"),
        "own_sync": SyncButton(
            url=sync_url,
            running=bool(runs),
            connection_id=live.pk if live is not None else None,
            views=progress.views,
        ),
        "own_progress": progress,
        "entity": entity,
        "live": live,
        "cards": cards,
        "sources": list(services.sources_for(live)) if may_copy and live is not None else [],
        "may_copy": may_copy,
        "copy_url": reverse("admin:invoicing_companyentity_copy_links", args=[entity.pk]),
        "module": module,
        "module_on": module.is_active,
        "module_count": live_connections(),
        "module_url": reverse("admin:integrations_module_changelist") if request.user.has_perm(_CHANGE) else "",
        "countries": _countries(),
    }
    return TemplateResponse(request, "admin/integrations/accounting.html", context)


def _entity(page: BookkeepingAdmin, request: HttpRequest, pk: int) -> CompanyEntity:
    """The entity of an own page. Http404, PermissionDenied."""
    may_look = page.has_view_or_change_permission(request) and request.user.has_perm("integrations.view_connection")
    if not may_look:
        raise PermissionDenied
    found = CompanyEntity.objects.filter(pk=pk).first()
    if found is None:
        raise Http404
    return found


def _countries() -> str:
    return ", ".join(country_name(code) for code in settings.BOEKBRUG_CONNECTOR_COUNTRIES)


def _card(
    request: HttpRequest,
    entity: CompanyEntity,
    tool: Tool,
    rows: list[Connection],
    live: Connection | None,
    module: Module,
) -> Card:
    # An older connection may be the live one: it was reactivated after a newer one was given up.
    own = [row for row in rows if row.tool == tool.key]
    mine = live if live in own else next(iter(own), None)
    card = Card(tool=tool.label, state=mine.status if mine is not None else "none", connection=mine)
    card.is_off = not module.is_active
    may_add, may_change = request.user.has_perm(_ADD), request.user.has_perm(_CHANGE)
    if card.is_off:
        card.why_not = services.why_closed(module)
    elif live is not None and live is not mine:
        card.why_not = _("%(tool)s is live for this entity.") % {"tool": tool_label(live.tool)}
    elif entity.country not in settings.BOEKBRUG_CONNECTOR_COUNTRIES:
        card.why_not = _("Offered to entities in %(countries)s. %(entity)s is in %(country)s.") % {
            "countries": _countries(),
            "entity": entity,
            "country": country_name(entity.country),
        }
    elif not may_add:
        card.why_not = _("An account admin can connect it.")
    if mine is None:
        card.lead = _("Sends customers, invoices, credit notes and approved purchases; fetches what is paid.")
        add = reverse("admin:integrations_connection_add")
        card.urls["connect"] = "" if card.why_not else f"{add}?entity={entity.pk}&tool={tool.key}"
        return card
    _fill(card, mine, may_change)
    return card


def _fill(card: Card, connection: Connection, may_change: bool) -> None:
    """Facts and buttons of a tool that the entity is, or was, connected with."""

    def url(verb: str) -> str:
        return reverse(f"admin:integrations_connection_{verb}", args=[connection.pk])

    administration = connection.administration
    if administration is not None:
        name = f"{administration.number} {administration.name}".strip()
        card.facts.append(Fact(_("Administration"), name))
    posted = Posting.objects.filter(connection=connection, state__in=IN_BOOKS).count()
    in_books = ngettext("%(n)s document in the books", "%(n)s documents in the books", posted) % {"n": number(posted)}
    if not posted:
        in_books = _("Nothing is posted yet")
    card.urls["history"] = url("runs")
    if connection.status == ConnectionStatus.DEACTIVATED:
        since, until = day(connection.start_date), day(connection.last_success_at)
        if since and until:
            card.facts.append(Fact(_("Used"), _("%(since)s to %(until)s") % {"since": since, "until": until}))
        card.facts.append(Fact(_("In the books"), number(posted) if posted else str(_("none yet"))))
        card.urls["reactivate"] = url("reactivate") if may_change and not card.why_not else ""
        return
    card.urls["open"] = change_url(connection)
    if connection.status in UNFINISHED:
        card.lead = _("The set-up is not finished; what you filled in stays.")
        card.urls["setup"] = url("setup") if may_change else ""
    else:
        if connection.start_date is not None:
            card.facts.append(Fact(_("Since"), day(connection.start_date), more=in_books))
        issues = connection.issues.open().count()
        words = ngettext("%(n)s issue", "%(n)s issues", issues) % {"n": number(issues)} if issues else ""
        last = moment(connection.last_success_at) or str(_("none yet"))
        card.facts.append(Fact(_("Last sync"), last, url("issues") if issues else "", words))
        following = next_automatic(connection)
        nightly = _("Every night, next %(when)s") % {"when": moment_ahead(following)} if following else ""
        if connection.becomes_automatic:
            nightly = capfirst(_("every night after the first successful sync"))
        card.facts.append(Fact(_("Automatic"), nightly or _("By hand")))
    if connection.status == ConnectionStatus.RECONNECT_NEEDED:
        problem = problem_of_connection(connection)
        card.lead = f"{problem.sentence if problem is not None else ''} {_('All links are kept.')}".strip()
        card.urls["reconnect"] = url("sign_in") if may_change else ""
    elif connection.status == ConnectionStatus.CONNECTED:
        card.urls["preview"] = url("preview")
    if may_change:
        card.urls["sign_in"] = url("sign_in") if connection.grant_id is not None else ""
        card.urls["deactivate"] = url("deactivate")


def moment_ahead(when: Any) -> str:
    """A coming moment: the time for one within a day, else day and time."""
    local = timezone.localtime(when)
    clock = f"{local:%H:%M}"
    return clock if (local - timezone.localtime()).total_seconds() < 86_400 else f"{day(local)}, {clock}"


# --- taking over links ---------------------------------------------------------------------------------------------------


def copy_page(page: BookkeepingAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    """Compare the links of another entity's connection with this one's (GET), take them over (POST)."""
    entity = _entity(page, request, pk)
    if not request.user.has_perm(_CHANGE):
        raise PermissionDenied
    target = Connection.objects.live().filter(entity=entity).select_related("administration", "entity").first()
    back = HttpResponseRedirect(accounting_url(entity))
    if target is None or target.administration_id is None:
        messages.warning(request, _("Connect %(entity)s and choose its administration first.") % {"entity": entity})
        return back
    wanted = request.POST.get("source", "") or request.GET.get("source", "")
    source = services.sources_for(target).filter(pk=wanted).first() if wanted.isdigit() else None
    if source is None:
        messages.warning(request, _("Choose an entity with links of %(tool)s.") % {"tool": tool_label(target.tool)})
        return back
    if request.method == "POST":
        done = services.copy_links(source=source, target=target, user=person(request))
        words = ngettext("%(n)d choice was taken over.", "%(n)d choices were taken over.", done) % {"n": done}
        messages.success(request, words if done else _("Nothing was left to take over."))
        return back
    rows = services.compare_links(source=source, target=target)
    context = {
        **page.admin_site.each_context(request),
        "title": _("Take over links from %(entity)s") % {"entity": source.entity},
        "back_url": accounting_url(entity),
        "own_sync": SyncButton(url="", running=False),
        "entity": entity,
        "source": source,
        "target": target,
        "tool": tool_label(target.tool),
        "rows": [{"row": row, "what": _what(row)} for row in rows],
        "to_set": sum(row.outcome == "set" for row in rows),
    }
    return TemplateResponse(request, "admin/integrations/copy_links.html", context)


def _what(row: services.CopyRow) -> str:
    kinds = {"vat": _("VAT code"), "ledger": _("Ledger account")}
    if row.kind not in kinds:
        return _("Setting")
    direction = _("sales") if row.direction == "sales" else _("purchases")
    return f"{kinds[row.kind]}, {direction}"
