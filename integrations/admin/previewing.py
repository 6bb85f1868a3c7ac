"""The preview: what the next sync would do with each document and customer. Nothing is sent, nothing is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config.admin.links import change_url

from .. import services
from ..base.records import Document
from ..messages import problem_text
from ..models import Connection, PostingState, ToolLedgerAccount
from ..sync.problems import Problem
from .syncing import own_sync
from .words import tool_label

if TYPE_CHECKING:
    from .connections import ConnectionAdmin

# A preview of more documents than this is a list nobody reads; the figures above it count on.
SHOWN_LINES = 300
SHOWN_PARTIES = 50


@dataclass(frozen=True, slots=True)
class BookingPart:
    """What of a booking goes to one account under one VAT code."""

    account: str
    vat_code: str
    net: Decimal
    vat: Decimal


@dataclass(frozen=True, slots=True)
class ShownLine:
    """A document to send: its parts as they will stand in the books, and whether its customer is new there."""

    line: services.PreviewLine
    parts: list[BookingPart]
    is_new: bool


@dataclass(slots=True)
class _OfParty:
    """How many documents of one customer go out, and their sums per currency."""

    counts: Counter[str] = field(default_factory=Counter)
    sums: dict[str, Decimal] = field(default_factory=dict)


def preview_page(page: ConnectionAdmin, request: HttpRequest, pk: int) -> HttpResponse:
    connection = page.connection(request, pk)
    context: dict[str, Any] = {
        **page.admin_site.each_context(request),
        **own_sync(request, page, connection),
        "title": _("Preview sync"),
        "back_url": change_url(connection),
        "issues_url": page.url("issues", connection),
        "connection": connection,
        "tool": tool_label(connection.tool),
        "made_at": timezone.now(),
    }
    if connection.administration_id is None or connection.start_date is None:
        context["not_ready"] = True
        return TemplateResponse(request, "admin/integrations/preview.html", context)
    context |= _previewed(connection)
    return TemplateResponse(request, "admin/integrations/preview.html", context)


def _previewed(connection: Connection) -> dict[str, Any]:
    """What the preview page shows. Only the documents that are shown are kept; the others are counted."""
    to_send: list[services.PreviewLine] = []
    held: list[services.PreviewLine] = []
    counts: Counter[str] = Counter()
    sums: dict[str, Decimal] = {}
    held_sums: dict[str, Decimal] = {}
    parties: dict[int, _OfParty] = {}
    for line in services.preview(connection=connection):
        if line.problem is not None:
            counts["held"] += 1
            held_sums[line.currency] = held_sums.get(line.currency, Decimal(0)) + line.total
            if len(held) < SHOWN_LINES:
                held.append(line)
        elif line.booking is not None:
            total = -line.booking.total if line.booking.kind.is_credit_note else line.booking.total
            of_party = parties.setdefault(line.party_id, _OfParty())
            for kind in ("to_send", "credit_notes") if line.booking.kind.is_credit_note else ("to_send",):
                counts[kind] += 1
                of_party.counts[kind] += 1
            for totals in (sums, of_party.sums):
                totals[line.booking.currency] = totals.get(line.booking.currency, Decimal(0)) + total
            if len(to_send) < SHOWN_LINES:
                to_send.append(line)
    actions: Counter[str] = Counter()
    customers: list[services.PartyPreview] = []
    asked: dict[int, Problem] = {}
    for party in services.preview_parties(connection=connection, party_ids=parties):
        actions[party.action] += 1
        if party.action == "ask":
            asked[party.party.pk] = _asked(party)
        if len(customers) < SHOWN_PARTIES:
            customers.append(party)
    # Where several relations fit a customer, its documents wait for a person all the same.
    held = [replace(line, problem=asked[line.party_id]) for line in to_send if line.party_id in asked] + held
    to_send = [line for line in to_send if line.party_id not in asked]
    for party_id in asked:
        for kind, number in parties[party_id].counts.items():
            counts[kind] -= number
        counts["held"] += parties[party_id].counts["to_send"]
        for currency, total in parties[party_id].sums.items():
            sums[currency] -= total
            held_sums[currency] = held_sums.get(currency, Decimal(0)) + total
    new = {party.party.pk for party in customers if party.action == "create"}
    names = _account_names(connection, to_send)
    number = counts["to_send"]
    return {
        "to_send": [ShownLine(line, _parts(line.booking, names), line.party_id in new) for line in to_send],
        "to_send_count": number,
        "invoice_count": number - counts["credit_notes"],
        "credit_note_count": counts["credit_notes"],
        "held": _held(held, tool_label(connection.tool)),
        "held_count": counts["held"],
        "held_sums": held_sums.items(),
        "excluded_count": connection.postings.filter(state=PostingState.EXCLUDED).count(),
        "sums": [(currency, total) for currency, total in sums.items() if total],
        "left_out": number - len(to_send),
        "customers": customers,
        "customer_counts": dict(actions),
        "customers_left_out": sum(actions.values()) - len(customers),
        "sync_words": ngettext("Sync %(n)d document", "Sync %(n)d documents", number) % {"n": number},
    }


def _asked(party: services.PartyPreview) -> Problem:
    """What the sync says about a customer whom several relations fit."""
    relations = ", ".join(party.relations[:5])
    return Problem(
        code="APP-219",
        cause_key=f"party:{party.party.pk}",
        params={"party": party.party.name, "relations": relations},
        party_id=party.party.pk,
    )


def _account_names(connection: Connection, lines: Iterable[services.PreviewLine]) -> dict[str, str]:
    codes = {line.ledger_account.code for one in lines if one.booking is not None for line in one.booking.lines}
    rows = ToolLedgerAccount.objects.filter(administration=connection.administration_id or 0, code__in=codes)
    return {row.code: str(row) for row in rows.order_by("active")}


def _parts(booking: Document | None, names: dict[str, str]) -> list[BookingPart]:
    """The lines of a booking, summed by account and VAT code."""
    sums: dict[tuple[str, str], tuple[Decimal, Decimal]] = {}
    for line in booking.lines if booking is not None else ():
        key = (line.ledger_account.code, line.vat_code)
        net, vat = sums.get(key, (Decimal(0), Decimal(0)))
        sums[key] = (net + line.net, vat + line.vat)
    return [BookingPart(names.get(code, code), vat_code, *sums[code, vat_code]) for code, vat_code in sums]


def _held(lines: list[services.PreviewLine], tool: str) -> list[dict[str, Any]]:
    """What is held up by cause, the one that holds up most first."""
    causes: dict[tuple[str, str], dict[str, Any]] = {}
    for line in lines:
        if line.problem is not None:
            words = problem_text(line.problem.code, line.problem.params, tool)
            causes.setdefault(line.problem.cause, {"problem": words, "lines": []})["lines"].append(line)
    return sorted(causes.values(), key=lambda cause: -len(cause["lines"]))
