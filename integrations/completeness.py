"""How far the customers of a connection's invoices are known in its books (S-069)."""

from __future__ import annotations

from dataclasses import dataclass

from django.core.cache import cache
from django.db.models import Max

from invoicing.models import SalesDocument, SalesKind

from . import standing
from .models import Connection

# From so many documents on the number of invoices is kept for a while, as counting them all takes a moment.
_LARGE = 100_000
_KEPT_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Completeness:
    """`lacking`: invoices whose customer has no external ID there; at most `standing.NAMED_BOUND`, `is_cut` when more."""

    total: int
    lacking: int
    is_cut: bool

    @property
    def known(self) -> int:
        return max(self.total - self.lacking, 0)


def completeness_of(connection: Connection) -> Completeness | None:
    """The booked invoices in scope of a connection, and those that lack an external ID; None before its set-up is done.

    Four queries at most, whatever the number of invoices.
    """
    if connection.administration_id is None or connection.start_date is None:
        return None
    invoices = SalesDocument.objects.filter(kind=SalesKind.INVOICE, entity=connection.entity_id)
    lacking = invoices.filter(standing.without_external_id()).order_by()[: standing.NAMED_BOUND + 1].count()
    in_scope = invoices.filter(standing.BOOKED, date__gte=connection.start_date)
    newest: int | None = SalesDocument.objects.aggregate(newest=Max("pk"))["newest"]
    if (newest or 0) > _LARGE:
        key = f"boekbrug-in-scope-{connection.pk}-{connection.start_date.isoformat()}"
        total = int(cache.get_or_set(key, in_scope.count, _KEPT_SECONDS) or 0)
    else:
        total = in_scope.count()
    is_cut = lacking > standing.NAMED_BOUND
    return Completeness(total=total, lacking=min(lacking, standing.NAMED_BOUND), is_cut=is_cut)
