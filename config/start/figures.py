"""The five figures on top: each counts what the list behind it shows."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal
from typing import Any

from django.http import HttpRequest
from django.utils.formats import date_format
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config.admin.links import list_url
from integrations.models import Posting
from invoicing.models import CreditNote, Invoice, PurchaseDocument, SalesKind

from .tallies import Tallies, Tally


@dataclass(frozen=True, slots=True)
class Also:
    """Credit notes or expenses beside the invoices of a figure: they have a list of their own."""

    words: str
    url: str


@dataclass(frozen=True, slots=True)
class Figure:
    words: str | Promise
    count: int
    amounts: tuple[tuple[str, Decimal], ...]  # currency, sum
    url: str
    mark: str  # class of the coloured dot
    also: Also | None = None
    expenses: Also | None = None


def figures_of(request: HttpRequest, found: Tallies, first: date) -> list[Figure]:
    month = {"month": date_format(first, "F")}
    since = {"paid_on_from": first.isoformat(), "payment_state__exact": "paid"}
    return [
        replace(
            _of_documents(request, _("Waiting"), found.waiting, "bb-c-idle", posting="waiting"),
            expenses=_expenses(request, found.expenses_waiting, "waiting"),
        ),
        replace(
            _of_documents(request, _("Blocked"), found.blocked, "bb-c-warn", view="blocked"),
            expenses=_expenses(request, found.expenses_blocked, "blocked"),
        ),
        Figure(
            _("Posted in %(month)s") % month,
            found.posted.count(),
            found.posted.amounts(),
            list_url(Posting, view="posted", posted_at_from_0=first.isoformat(), posted_at_from_1="00:00:00"),
            "bb-c-posted",
        ),
        _of_documents(request, _("Paid in %(month)s") % month, found.paid, "bb-c-paid", **since),
        _of_documents(request, _("Open over 30 days"), found.long_open, "", view="open-long"),
    ]


def _expenses(request: HttpRequest, tally: Tally, view: str) -> Also | None:
    number = tally.count()
    if not number or not request.user.has_perm("invoicing.view_purchasedocument"):
        return None
    words = ngettext("and %(n)d expense", "and %(n)d expenses", number) % {"n": number}
    return Also(words, list_url(PurchaseDocument, view=view))


def _of_documents(request: HttpRequest, words: str, tally: Tally, mark: str, **filters: Any) -> Figure:
    """A figure about invoices, and beside it how many credit notes there are of the same kind."""
    also = None
    number = tally.count(kind=SalesKind.CREDIT_NOTE)
    if number and request.user.has_perm("invoicing.view_creditnote"):
        text = ngettext("and %(n)d credit note", "and %(n)d credit notes", number) % {"n": number}
        also = Also(text, list_url(CreditNote, **filters))
    return Figure(
        words,
        tally.count(kind=SalesKind.INVOICE),
        tally.amounts(kind=SalesKind.INVOICE),
        list_url(Invoice, **filters),
        mark,
        also,
    )
