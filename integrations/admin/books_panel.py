"""The panel "In the books" of a document: where it stands there, why, and what may be done about it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal

from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _

from config.admin.links import change_url
from config.figures import amount, day
from invoicing.models import PaymentSource, PurchaseDocument, SalesDocument
from invoicing.services import purchases

from .. import services
from ..base.provider import Capability
from ..messages import Fix, ProblemText, note_text
from ..messages.values import shown_place
from ..models import IN_BOOKS, SENT, ConnectionStatus, Posting, PostingState
from ..registry import get_tool
from ..standing import Standing, external_id_of, prefetches, reason_words, standing_of
from ..sync import claims
from ..sync.purchase_planning import MAILED
from ..sync.sides import side_of
from .naming import give_names
from .words import FixLink, fix_for, fix_of_posting, problem_of_posting, tool_label

# Which verbs a state allows; the services check it again.
VERBS: dict[str, frozenset[str]] = {
    "retry": frozenset({PostingState.BLOCKED, PostingState.REFUSED}),
    "include": frozenset({PostingState.EXCLUDED}),
    "exclude": frozenset({PostingState.WAITING, PostingState.BLOCKED, PostingState.REFUSED, PostingState.GONE}),
    "link": frozenset({PostingState.BLOCKED, PostingState.REFUSED, PostingState.UNCLEAR, PostingState.GONE}),
    "other": frozenset({PostingState.BLOCKED, PostingState.REFUSED, PostingState.UNCLEAR}),
    "send_again": frozenset({PostingState.GONE}),
    "send_unseen": frozenset({PostingState.UNCLEAR}),
    "refresh": frozenset(IN_BOOKS),
    "attach_again": frozenset({PostingState.POSTED}),
}
# Verbs that need more than a state.
_ASKED: dict[str, Callable[[Posting], bool]] = {
    "send_unseen": services.is_seen_nowhere,
    "attach_again": services.may_attach_again,
}
CHANGE = "integrations.change_posting"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A booking in the tool that may be this document: what a person compares before deciding."""

    external_id: str
    words: str
    link_url: str
    other_url: str


def candidate_of(request: HttpRequest, posting: Posting) -> Candidate | None:
    """The booking that a held-up posting is in doubt about, for somebody who may decide; None without one."""
    params = posting.reason_params
    external_id = params.get("external_id", "")
    urls = verb_urls(request, posting)
    problem = problem_of_posting(posting)
    # The id of a relation (IMP-306) is no booking: only reasons about a booking lead to this choice.
    if not external_id or "link" not in urls or problem is None or problem.fix is not Fix.POSTING:
        return None
    place = " ".join(part for part in (params.get("journal", ""), params.get("number", "")) if part)
    parts = [place or external_id]
    if params.get("date"):
        parts.append(day(date.fromisoformat(params["date"])))
    if params.get("total"):
        parts.append(amount(abs(Decimal(params["total"])), ""))
    return Candidate(external_id, ", ".join(parts), urls["link"], urls.get("other", ""))


@dataclass(frozen=True, slots=True)
class Event:
    at: datetime
    words: str
    detail: str = ""


@dataclass(slots=True)
class BooksPanel:
    """Everything the panel shows; addresses are empty where the person or the state does not allow the verb."""

    standing: Standing
    reason: str = ""
    problem: ProblemText | None = None
    fix: FixLink | None = None
    tool_label: str = ""
    administration: str = ""
    external_id: str = ""
    totals: str = ""
    where_to_look: str = ""
    remark: str = ""
    posting_url: str = ""
    connection_url: str = ""
    connect_url: str = ""
    issue_url: str = ""
    candidate: Candidate | None = None
    timeline: list[Event] = field(default_factory=list)
    notes: list[ProblemText] = field(default_factory=list)  # what is to be known though nothing was held up
    urls: dict[str, str] = field(default_factory=dict)

    @property
    def posting(self) -> Posting | None:
        return self.standing.posting

    @property
    def is_sent(self) -> bool:
        """Whether the tool has the document, or may have it."""
        return self.standing.state in SENT

    @property
    def is_held_by_pause(self) -> bool:
        return self.posting is not None and is_held_by_pause(self.posting)

    @property
    def paid_here_open_there(self) -> bool:
        return self.posting is not None and self.posting.paid_here_open_there


def books_panel(request: HttpRequest, document: SalesDocument) -> BooksPanel:
    """Return the panel of a document loaded with `standing.prefetches()` and `links_prefetch()`."""
    found = standing_of(document)
    panel = BooksPanel(found, reason=reason_words(found), external_id=external_id_of(document))
    connection = found.connection
    if connection is not None:
        panel.tool_label = tool_label(connection.tool)
        panel.administration = str(connection.administration or "")
        if request.user.has_perm("integrations.view_connection"):
            panel.connection_url = change_url(connection)
    elif request.user.has_perm("integrations.add_connection"):
        panel.connect_url = f"{reverse('admin:integrations_connection_add')}?entity={document.entity_id}"
    if found.posting is not None:
        _fill(panel, request, document, found.posting)
    panel.timeline = _timeline(document, found.posting, panel.tool_label)
    return panel


def purchase_books(request: HttpRequest, pk: int) -> BooksPanel | None:
    """The same panel for the page of an expense; None where it never goes out, or not yet. Rights are the page's own.

    Draw it with `admin/integrations/books_panel.html`, as `books`.
    """
    document = PurchaseDocument.objects.select_related("entity", "supplier").prefetch_related(*prefetches()).get(pk=pk)
    found = standing_of(document)
    if not found.state:
        return None
    panel = BooksPanel(found, reason=_why_it_waits(document, found) or reason_words(found), external_id="")
    connection = found.connection
    if connection is not None:
        panel.tool_label = tool_label(connection.tool)
        panel.administration = str(connection.administration or "")
        if request.user.has_perm("integrations.view_connection"):
            panel.connection_url = change_url(connection)
        if Capability.PURCHASES_AS_FILES in get_tool(connection.tool).capabilities:
            words = _("%(tool)s gets the supplier's file in its archive, and whoever keeps the books there books it.")
            panel.remark = words % {"tool": panel.tool_label}
    if found.posting is not None:
        _fill(panel, request, document, found.posting)
        panel.timeline = _of_posting(found.posting, panel.tool_label)
    return panel


def _why_it_waits(document: PurchaseDocument, found: Standing) -> str:
    """What the next sync holds an expense up for, though it was not there yet; empty where it goes, or does not wait."""
    if found.state != PostingState.WAITING:
        return ""
    posting = found.posting
    if purchases.may_have_left(document) and (posting is None or claims.ALSO_MAILED not in posting.sent):
        return _(
            "It went to the bookkeeping by e-mail, so the next sync holds it up: exclude it, or say then that nobody booked"
            " the e-mail."
        )
    missing = " ".join(problem.text for problem in purchases.missing_for_books(document))
    return _("It cannot go with the next sync yet. %(missing)s") % {"missing": missing} if missing else ""


def _fill(
    panel: BooksPanel, request: HttpRequest, document: SalesDocument | PurchaseDocument, posting: Posting
) -> None:
    # Loaded already; without it the words would lack the document.
    setattr(posting, side_of(posting).field, document)
    give_names([posting])
    panel.problem = problem_of_posting(posting)
    fix = fix_of_posting(posting, panel.problem)
    if fix is not None and panel.problem is not None and panel.problem.fix is Fix.DOCUMENT and "#" not in fix.url:
        fix = None  # "Open the document" leads nowhere from its own page
    panel.fix = fix_for(request.user, fix)
    panel.totals = totals_words(posting)
    panel.notes = notes_of(posting)
    if posting.external_id and posting.sales_document_id is not None:
        panel.where_to_look = shown_place(get_tool(posting.connection.tool).where_to_look)
    if request.user.has_perm("integrations.view_posting"):
        panel.posting_url = change_url(posting)
    if posting.issue is not None and request.user.has_perm("integrations.view_issue"):
        panel.issue_url = change_url(posting.issue)
    if services.files_go_again(posting):
        panel.remark = f"{panel.remark} {_('Its files go along with the next sync.')}".strip()
    panel.urls = verb_urls(request, posting)
    panel.candidate = candidate_of(request, posting)


def notes_of(posting: Posting) -> list[ProblemText]:
    """What the document's reader should know although it went through: a file that stayed here, another term."""
    return [note_text(note, posting.connection.tool) for note in posting.notes] if posting.state in SENT else []


def verb_urls(request: HttpRequest, posting: Posting) -> dict[str, str]:
    """The addresses of the verbs that this person may use on a posting in its state.

    None while its connection is deactivated: nothing is sent or asked there.
    """
    if not request.user.has_perm(CHANGE) or is_switched_off(posting):
        return {}
    urls = {
        verb: reverse(f"admin:integrations_posting_{verb}", args=[posting.pk])
        for verb, states in VERBS.items()
        if posting.state in states and (verb not in _ASKED or _ASKED[verb](posting))
    }
    if posting.reason_code == MAILED and "retry" in urls:
        urls["send_anyway"] = urls.pop("retry")
    return urls


def is_switched_off(posting: Posting) -> bool:
    return posting.connection.status == ConnectionStatus.DEACTIVATED


def is_held_by_pause(posting: Posting) -> bool:
    """Whether a document is not in the books although nobody kept it out, and its connection is deactivated."""
    return posting.state not in (*SENT, PostingState.EXCLUDED) and is_switched_off(posting)


def totals_words(posting: Posting) -> str:
    """Whether the tool's totals are ours; empty before there are any."""
    if posting.state == PostingState.DIFFERS:
        difference = posting.reason_params.get("difference", "")
        return _("Differ by %(difference)s") % {"difference": difference} if difference else _("Differ")
    if posting.state == PostingState.POSTED:
        return _("Equal to the cent") if any(posting.tool_totals.values()) else _("Not stated by the tool")
    return ""


def _of_posting(posting: Posting, tool: str) -> list[Event]:
    """What happened on the way into the books, newest first."""
    events: list[Event] = []
    if posting.sent_at is not None and posting.posted_at is None:
        events.append(Event(posting.sent_at, _("Sent to %(tool)s, no booking known yet") % {"tool": tool}))
    if posting.posted_at is not None:
        place = " ".join(part for part in (posting.journal, posting.number) if part)
        words = _("Posted as %(place)s") % {"place": place} if place else _("Posted")
        looked = _("at attempt %(number)d") % {"number": posting.attempts} if posting.attempts > 1 else ""
        events.append(Event(posting.posted_at, words, looked))
    if posting.attached_at is not None:
        refused = any(note["code"] == services.FILES_REFUSED for note in posting.notes)
        words = _("Not every file was attached") if refused else _("Files attached")
        events.append(Event(posting.attached_at, words))
    if posting.state == PostingState.EXCLUDED:
        events.append(Event(posting.changed_at, _("Excluded from the sync"), posting.excluded_by))
    return sorted(events, key=lambda event: event.at, reverse=True)


def _timeline(document: SalesDocument, posting: Posting | None, tool: str) -> list[Event]:
    """What happened, newest first, in plain words."""
    events: list[Event] = []
    if document.booked_at is not None:
        events.append(
            Event(document.booked_at, _("Booked as %(number)s") % {"number": document.number}, document.booked_by)
        )
    if posting is not None:
        events += _of_posting(posting, tool)
    for payment in document.payments.all():
        words = _("Payment of %(amount)s") % {"amount": amount(payment.amount, document.currency)}
        source = tool if payment.source == PaymentSource.TOOL else payment.entered_by
        events.append(Event(payment.created_at, words, source))
    return sorted(events, key=lambda event: event.at, reverse=True)
