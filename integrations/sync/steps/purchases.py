"""Step 5: approved purchases go to the tool, after the sales. The supplier's own file goes along where it is taken."""

from __future__ import annotations

from invoicing.models import PurchaseDocument

from ...models import Posting
from ..sides import PURCHASES
from ..slices import Slice
from .sending import send


def run(turn: Slice) -> bool:
    _count_others(turn)
    if not Posting.objects.filter(PURCHASES.of_postings, connection=turn.connection).exists():
        turn.set_count("purchases", "planned", 0)
        return True
    return send(turn, PURCHASES)


def _count_others(turn: Slice) -> None:
    """Say in the report how many approved ones in scope go another way (requirement S-139); one query a run."""
    start = turn.connection.start_date
    if start is not None and "other_origin" not in turn.counters.get("purchases", {}):
        others = PurchaseDocument.objects.left_to_people().filter(entity=turn.connection.entity_id, date__gte=start)
        turn.set_count("purchases", "other_origin", others.count())
