"""Looking without touching: how far a run is, and what may have left."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from invoicing.errors import NotPossible
from invoicing.models import PurchaseDocument

from ..base.provider import Capability
from ..models import SENT, Connection, LedgerLink, LinkDirection, Posting, PostingState, RunStep, SyncRun
from ..registry import get_tool
from .postings import PostingError, exclude

_STEPS = [step.value for step in RunStep if step is not RunStep.IMPORT]


def progress(*, connection: Connection) -> dict[str, Any]:
    """The unfinished run, else the last one, in plain values; an empty dict when there never was one.

    Keys: run, state, is_running, step, step_number (1 to 7), to_send, sent, blocked, refused and the same of purchases
    (purchases_to_send and so on), since, by, not_before, finished_at, counters.
    """
    run = (
        SyncRun.objects.unfinished().filter(connection=connection).select_related("started_by").first()
        or SyncRun.objects.filter(connection=connection).select_related("started_by").order_by("-pk").first()
    )
    if run is None:
        return {}
    return {
        **_counts(run, "sales", ""),
        **_counts(run, "purchases", "purchases_"),
        "run": run.pk,
        "state": run.state,
        "is_running": not run.is_finished,
        "step": run.step,
        "step_label": RunStep(run.step).label,
        "step_number": _STEPS.index(run.step) + 1 if run.step in _STEPS else 1,
        "since": run.created_at,
        "by": str(run.started_by) if run.started_by else "",
        "not_before": run.not_before,
        "finished_at": run.finished_at,
        "counters": run.counters,
    }


def _counts(run: SyncRun, item: str, prefix: str) -> dict[str, int]:
    return {
        f"{prefix}to_send": run.counted(item, "to_send"),
        f"{prefix}sent": run.counted(item, "posted", "differs"),
        f"{prefix}blocked": run.counted(item, "blocked"),
        f"{prefix}refused": run.counted(item, "refused"),
    }


def sent_among(document_ids: Collection[int]) -> set[int]:
    """Documents with which a call may have left; from then on their lines' accounts are final too."""
    postings = Posting.objects.filter(sales_document__in=list(document_ids))
    found = postings.filter(Q(sent_at__isnull=False) | Q(state__in=SENT)).values_list("sales_document_id", flat=True)
    return {pk for pk in found if pk is not None}


def handles_purchases_of(document: PurchaseDocument) -> bool:
    """Whether a connection sends this document: a Peppol one of a connected entity, from the connection's first day on.

    One that is being set up has no first day yet; it may be any. What a person keeps out of its books is not sent.
    """
    if not document.is_peppol or document.entity_id is None:
        return False
    begins = Q(start_date=None) | Q(start_date__lte=document.date)
    live = Connection.objects.live().filter(begins, entity=document.entity_id)
    return live.exists() and not _here(document, PostingState.EXCLUDED).exists()


def _here(document: PurchaseDocument, *states: str) -> QuerySet[Posting]:
    """The document's postings in one of these states, in the administration that its entity is connected to now."""
    live = Connection.objects.live().filter(entity=document.entity_id)
    return Posting.objects.filter(
        purchase_document=document.pk, state__in=states, administration__in=live.values("administration")
    )


def books_purchase_by_lines(document: PurchaseDocument) -> bool:
    """Whether the booking of this document is made here, so that each line needs a VAT rate and a currency its rate."""
    if not handles_purchases_of(document):
        return False
    live = Connection.objects.live().filter(entity=document.entity_id)
    return any(Capability.PURCHASES_AS_FILES not in get_tool(row.tool).capabilities for row in live)


def purchase_lines_without_account(document: PurchaseDocument) -> int:
    """How many lines have an account neither of their own nor by their VAT rate, where the booking is made here (APP-104).

    Before the set-up has come to the accounts nothing is said: they are chosen there.
    """
    if not books_purchase_by_lines(document):
        return 0
    live = Connection.objects.live().exclude(start_date=None).filter(entity=document.entity_id)
    links = LedgerLink.objects.filter(connection__in=live, direction=LinkDirection.PURCHASE)
    if not live.filter(first_success_at__isnull=False).exists() and not links.exists():
        return 0
    bare = document.lines.filter(ledger_account=None).exclude(vat_rate=None)
    return bare.exclude(vat_rate__in=links.values("rate")).count()


def has_purchase(document: PurchaseDocument) -> bool:
    """Whether a call may have left with this document; so it is for one that was deleted in the tool."""
    left = Q(sent_at__isnull=False) | Q(state__in=SENT)
    return Posting.objects.filter(left, purchase_document=document.pk).exists()


def stands_in_books(document: PurchaseDocument) -> bool:
    """Whether the books of a tool have this document, or may have it; one deleted there waits for a person's word."""
    return Posting.objects.filter(purchase_document=document.pk, state__in=(*SENT, PostingState.GONE)).exists()


def is_held_up(document: PurchaseDocument) -> bool:
    """Whether the document cannot go into the books as it is: checks of ours hold it back, or the tool refused it."""
    return _here(document, PostingState.BLOCKED, PostingState.REFUSED).exists()


def leave_out(document: PurchaseDocument, by: AbstractBaseUser | None) -> None:
    """Exclude the document where it is held up, since it goes by e-mail. NotPossible: a sync took it up meanwhile."""
    for posting in _here(document, PostingState.BLOCKED, PostingState.REFUSED):
        try:
            exclude(posting=posting, reason=_("Sent to the bookkeeping by e-mail"), user=by)
        except PostingError as error:
            raise NotPossible(str(error)) from error
