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
_Key = tuple[int, bool]  # a party, and whether it is meant as a supplier


@dataclass(frozen=True, slots=True)
class BookingPart:
    """What of a booking goes to one account under one VAT code."""

    account: str
    vat_code: str
    net: Decimal
    vat: Decimal


@dataclass(frozen=True, slots=True)
class ShownLine:
    """A document to send: its parts as they will stand in the books, and whether its customer or supplier is new there."""

    line: services.PreviewLine
    parts: list[BookingPart]
    is_new: bool


_Sums = dict[tuple[bool, str], Decimal]  # whether of purchases, currency -> signed sum


@dataclass(slots=True)
class _OfParty:
    """How many documents of one customer go out, and their sums."""

    counts: Counter[str] = field(default_factory=Counter)
    sums: _Sums = field(default_factory=dict)


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
    sums: _Sums = {}
    held_sums: _Sums = {}
    parties: dict[_Key, _OfParty] = {}
    for line in services.preview(connection=connection):
        if line.problem is not None:
            counts["held"] += 1
            _add(held_sums, (line.is_purchase, line.currency), line.total)
            if len(held) < SHOWN_LINES:
                held.append(line)
        elif line.booking is not None:
            total = -line.booking.total if line.booking.kind.is_credit_note else line.booking.total
            of_party = parties.setdefault((line.party_id, line.is_purchase), _OfParty())
            kind = (
                "expenses" if line.is_purchase else "credit_notes" if line.booking.kind.is_credit_note else "invoices"
            )
            for counted in (counts, of_party.counts):
                counted["to_send"] += 1
                counted[kind] += 1
            for totals in (sums, of_party.sums):
                _add(totals, (line.is_purchase, line.booking.currency), total)
            if len(to_send) < SHOWN_LINES:
                to_send.append(line)
    customers = _Parties(connection, parties, suppliers=False)
    suppliers = _Parties(connection, parties, suppliers=True)
    asked = customers.asked | suppliers.asked
    # Where several relations fit a customer, its documents wait for a person all the same.
    held = [replace(line, problem=asked[_key(line)]) for line in to_send if _is_asked(line, asked)] + held
    to_send = [line for line in to_send if not _is_asked(line, asked)]
    for key in asked:
        for kind, number in parties[key].counts.items():
            counts[kind] -= number
        counts["held"] += parties[key].counts["to_send"]
        for place, total in parties[key].sums.items():
            sums[place] -= total
            _add(held_sums, place, total)
    new = customers.new | suppliers.new
    names = _account_names(connection, to_send)
    number = counts["to_send"]
    return {
        "to_send": [ShownLine(line, _parts(line.booking, names), _key(line) in new) for line in to_send],
        "to_send_count": number,
        "invoice_count": counts["invoices"],
        "credit_note_count": counts["credit_notes"],
        "expense_count": counts["expenses"],
        "held": _held(held, tool_label(connection.tool)),
        "held_count": counts["held"],
        "held_sums": _shown(held_sums, purchases=False),
        "held_expense_sums": _shown(held_sums, purchases=True),
        "excluded_count": connection.postings.filter(state=PostingState.EXCLUDED).count(),
        "sums": _shown(sums, purchases=False),
        "expense_sums": _shown(sums, purchases=True),
        "left_out": number - len(to_send),
        "customers": customers.shown,
        "customer_counts": dict(customers.actions),
        "customers_left_out": customers.left_out,
        "suppliers": suppliers.shown,
        "supplier_counts": dict(suppliers.actions),
        "suppliers_left_out": suppliers.left_out,
        "sync_words": ngettext("Sync %(n)d document", "Sync %(n)d documents", number) % {"n": number},
    }


def _add(sums: _Sums, place: tuple[bool, str], total: Decimal) -> None:
    sums[place] = sums.get(place, Decimal(0)) + total


def _shown(sums: _Sums, *, purchases: bool) -> list[tuple[str, Decimal]]:
    """The sums of one side by currency: what we are owed and what we owe are never added up."""
    return [(currency, total) for (is_purchase, currency), total in sums.items() if total and is_purchase == purchases]


class _Parties:
    """What becomes of the customers, or of the suppliers, of the documents that go out."""

    def __init__(self, connection: Connection, parties: Iterable[_Key], *, suppliers: bool) -> None:
        self.actions: Counter[str] = Counter()
        self.shown: list[services.PartyPreview] = []
        self.asked: dict[_Key, Problem] = {}
        self.new: set[_Key] = set()
        ids = [party for party, is_supplier in parties if is_supplier == suppliers]
        for found in services.preview_parties(connection=connection, party_ids=ids, suppliers=suppliers):
            self.actions[found.action] += 1
            if found.action == "ask":
                self.asked[found.party.pk, suppliers] = _asked(found)
            elif found.action == "create":
                self.new.add((found.party.pk, suppliers))
            if len(self.shown) < SHOWN_PARTIES:
                self.shown.append(found)

    @property
    def left_out(self) -> int:
        return sum(self.actions.values()) - len(self.shown)


def _key(line: services.PreviewLine) -> _Key:
    return line.party_id, line.is_purchase


def _is_asked(line: services.PreviewLine, asked: dict[_Key, Problem]) -> bool:
    return _key(line) in asked


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
