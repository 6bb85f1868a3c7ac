"""What the figures are made of: documents counted and summed per entity, kind and currency. Pure rows, no words.

A constant number of queries. In a large installation the rows are kept for a short while, so that only one person of
many pays for them; in any other they are of this moment.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, TypeVar

from django.core.cache import cache
from django.db.models import Count, F, Max, Sum
from django.utils import timezone

from integrations import standing
from integrations.models import IN_BOOKS, Connection, Posting, PostingState
from invoicing.admin.columns import LONG_OPEN_DAYS
from invoicing.models import PaymentState, PurchaseDocument, SalesDocument, SalesKind

# What a person has to see to before it goes to the books, as the chips "Blocked" of the lists mean it.
BLOCKED = (PostingState.BLOCKED, PostingState.REFUSED)
# From so many documents on an installation is a large one.
COUNT_BOUND = 100_000
_KEPT_SECONDS = 45
# How long one person may be at it before another tries, and how old figures are shown at most while that lasts.
_MAKING_SECONDS, _OLDEST_SECONDS = 30, 300

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Share:
    """Documents of one entity, kind and currency; the amount of credit notes is below zero."""

    entity: int
    kind: str
    currency: str
    count: int
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Tally:
    shares: tuple[Share, ...]

    def count(self, *, entity: int | None = None, kind: str | None = None) -> int:
        return sum(share.count for share in self._chosen(entity, kind))

    def amounts(self, *, kind: str | None = None) -> tuple[tuple[str, Decimal], ...]:
        """The sum of each currency."""
        found: dict[str, Decimal] = {}
        for share in self._chosen(None, kind):
            found[share.currency] = found.get(share.currency, Decimal(0)) + share.amount
        return tuple(sorted(found.items()))

    def _chosen(self, entity: int | None, kind: str | None) -> Iterable[Share]:
        return (s for s in self.shares if entity in (None, s.entity) and kind in (None, s.kind))


@dataclass(frozen=True, slots=True)
class Tallies:
    waiting: Tally
    blocked: Tally
    posted: Tally  # since the first of the month
    paid: Tally  # since the first of the month
    long_open: Tally  # amounts that are still open
    expenses_waiting: Tally
    expenses_blocked: Tally


def tallies(first: date) -> Tallies:
    """Return the rows behind the five figures; `first` is the first day of the month."""
    booked = SalesDocument.objects.booked()
    limit = timezone.localdate() - timedelta(days=LONG_OPEN_DAYS)
    long_open = booked.filter(kind=SalesKind.INVOICE, date__lt=limit).exclude(payment_state=PaymentState.PAID)
    # With the connections named, the database finds the few postings of a state by its index.
    blocked = Posting.objects.filter(connection__in=Connection.objects.values("pk"), state__in=BLOCKED)
    posted = Posting.objects.filter(state__in=IN_BOOKS, posted_at__gte=midnight(first), sales_document__isnull=False)
    expenses = PurchaseDocument.objects.all()
    return Tallies(
        waiting=_of(SalesDocument.objects.filter(standing.waiting())),
        blocked=_of(SalesDocument.objects.filter(pk__in=blocked.values("sales_document"))),
        posted=_of(posted, "sales_document__"),
        paid=_of(booked.filter(payment_state=PaymentState.PAID, paid_on__gte=first)),
        long_open=_of(long_open, amount=Sum(F("total") - F("paid_amount"))),
        expenses_waiting=_of(expenses.filter(standing.purchases_waiting())),
        expenses_blocked=_of(expenses.filter(standing.purchases_blocked())),
    )


def midnight(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time.min))


def _of(rows: Any, path: str = "", amount: Any = None) -> Tally:
    names = [f"{path}{name}" for name in ("entity", "kind", "currency")]
    found = rows.order_by().values_list(*names).annotate(n=Count("pk"), amount=amount or Sum(f"{path}total"))
    return Tally(
        tuple(
            Share(entity, kind, currency, n, -sum_ if kind == SalesKind.CREDIT_NOTE else sum_)
            for entity, kind, currency, n, sum_ in found
        )
    )


def is_large() -> bool:
    """Whether so many documents were ever made that counting them all takes a while."""
    newest: int | None = SalesDocument.objects.aggregate(newest=Max("pk"))["newest"]
    return (newest or 0) > COUNT_BOUND


def kept(name: str, day: date, compute: Callable[[], T]) -> T:
    """What `compute` returns, made at most `_KEPT_SECONDS` ago. Nothing in it may depend on the person or the language.

    When it is older, one person waits for new figures; whoever comes meanwhile sees the old ones.
    """
    key = f"boekbrug-start-{name}-{day.isoformat()}"
    now = timezone.now()
    found: tuple[datetime, T] | None = cache.get(key)
    if found is not None:
        made_at, value = found
        if now - made_at < timedelta(seconds=_KEPT_SECONDS):
            return value
        if not cache.add(f"{key}-made-anew", 1, _MAKING_SECONDS):
            return value
    value = compute()
    cache.set(key, (now, value), _OLDEST_SECONDS)
    cache.delete(f"{key}-made-anew")
    return value
