"""Columns and views that the lists of invoices and of credit notes share."""

from __future__ import annotations

from datetime import date, timedelta
from functools import cache, partial

from django.db.models import Q
from django.utils import timezone
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from config.admin.lists import View
from config.states import state_label
from integrations import standing
from integrations.models import PostingState

from ..models import DocumentStatus, PaymentState, SalesDocument
from .answers import ASKING_VIEW

LONG_OPEN_DAYS = 30


def quarter_of(day: date) -> tuple[date, date]:
    """The first day of the quarter of `day` and the first day of the next one."""
    first = date(day.year, day.month - (day.month - 1) % 3, 1)
    following = date(first.year + 1, 1, 1) if first.month == 10 else date(first.year, first.month + 3, 1)
    return first, following


def views(*, payments: bool, entity: int | None = None) -> list[View]:
    """The chips above a list of documents; those about payment stand on invoices only.

    `entity`: the one whose documents the list holds, where it is filtered by it.
    """
    today = timezone.localdate()
    start, end = quarter_of(today)
    unpaid = standing.BOOKED & ~Q(payment_state=PaymentState.PAID)
    found = [
        View(key="", title=_("All")),
        View(
            key="quarter", title=_("This quarter"), condition=Q(date__gte=start, date__lt=end),
            empty_title=_("Nothing dated in this quarter"),
        ),
        View(
            key="drafts", title=_("Drafts"), condition=Q(status=DocumentStatus.DRAFT),
            empty_title=_("No drafts"), empty_text=_("Everything you made is booked."),
        ),
        View(
            key="not-posted", title=_("Not posted"), condition=cache(partial(standing.not_posted, entity)),
            among_few=standing.is_not_posted(),
            empty_title=_("Everything is posted"), empty_text=_("Every booked document in scope stands in the books."),
        ),
        View(
            key="blocked", title=_("Blocked"), condition=standing.in_states(PostingState.BLOCKED, PostingState.REFUSED),
            empty_title=_("Nothing is blocked"),
            empty_text=_("Every booked document in scope is in the books or waits for the next sync."),
        ),
        View(
            key="check", title=_("To check"),
            condition=standing.in_states(PostingState.UNCLEAR, PostingState.DIFFERS, PostingState.GONE),
            empty_title=_("Nothing to check"), empty_text=_("No document is unclear, differs or has gone from the books."),
        ),
    ]  # fmt: skip
    found.append(ASKING_VIEW)
    if payments:
        found += [
            View(
                key="open-long", title=_("Open over 30 days"),
                condition=unpaid & Q(date__lt=today - timedelta(days=LONG_OPEN_DAYS)),
                empty_title=_("Nothing is open that long"),
            ),
            View(
                key="overdue", title=_("Overdue"), condition=unpaid & Q(due_date__lt=today),
                empty_title=_("Nothing is overdue"),
            ),
            View(
                key="paid-here", title=_("Paid here, open there"), condition=standing.paid_here_open_there(),
                empty_title=_("Here and there agree"), empty_text=_("No document is paid here and open in the books."),
            ),
        ]  # fmt: skip
    found.append(
        View(
            key="no-external-id",
            title=_("No external ID"),
            condition=cache(standing.without_external_id),
            among_few=standing.has_no_external_id(),
            empty_title=_("Every customer is known there"),
        )
    )
    return found


def payment_state_of(document: SalesDocument) -> str:
    """The payment state as people read it: an open document past its due date is overdue."""
    late = document.due_date is not None and document.due_date < timezone.localdate()
    if document.payment_state == PaymentState.OPEN and document.is_booked and late and document.total:
        return "overdue"
    return document.payment_state


def payment_label(document: SalesDocument) -> SafeString | str:
    if not document.is_booked or not document.total:
        return ""
    return state_label("payment", payment_state_of(document))


def posting_label(document: SalesDocument) -> SafeString:
    """The label of a document's way into the books; a draft says that it is one."""
    found = standing.standing_of(document)
    if not found.state:
        return state_label("document", "draft")
    return state_label("posting", found.label, title=standing.reason_words(found))
