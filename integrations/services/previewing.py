"""What the next sync would send, worked out from what is known here; asks no tool and writes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from crm.models import Party

from ..base.provider import Capability
from ..base.records import Document
from ..models import Connection, LinkRole, PartyLink
from ..registry import get_tool
from ..sync import mirror
from ..sync.books import load_books
from ..sync.partylinks import ROLE_OPEN
from ..sync.planning import party_data, party_hash
from ..sync.problems import Note, Problem
from ..sync.steps.plan import preview as plan_preview

_BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewLine:
    """One document of the preview: its booking, or why it is held up. Total in the document's currency, signed."""

    document_id: int
    number: str
    party_id: int
    customer: str
    total: Decimal
    currency: str
    state: str
    booking: Document | None
    problem: Problem | None
    notes: tuple[Note, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyPreview:
    """What happens to a customer first: "create", "update", "link" to the one relation that fits, or "ask" of several.

    `relations` are names of what was found, `fact` by what.
    """

    party: Party
    action: str
    relations: tuple[str, ...] = ()
    fact: str = ""


def preview(*, connection: Connection) -> Iterator[PreviewLine]:
    """What the next sync would do with each document in scope; nothing is sent and nothing is written."""
    fresh = Connection.objects.select_related("administration").get(pk=connection.pk)
    for placed in plan_preview(fresh, load_books(fresh, get_tool(fresh.tool))):
        document = placed.document
        yield PreviewLine(
            document_id=document.pk,
            number=document.number,
            party_id=document.party_id,
            customer=document.buyer_name or document.party.name,
            total=-document.total if document.is_credit_note else document.total,
            currency=document.currency,
            state=placed.posting.state,
            booking=placed.planned.document,
            problem=placed.planned.problem,
            notes=placed.planned.notes,
        )


def preview_parties(*, connection: Connection, party_ids: Iterable[int]) -> Iterator[PartyPreview]:
    """What the next sync would do with each of these customers, those left out with which it does nothing.

    Found by the list of relations as it was last read, in six queries per 500. A tool that takes customers along
    with their documents has none of its own to do.
    """
    fresh = Connection.objects.select_related("administration").get(pk=connection.pk)
    if fresh.administration is None or Capability.CONTACTS_INLINE in get_tool(fresh.tool).capabilities:
        return
    ids = sorted(set(party_ids))
    for start in range(0, len(ids), _BATCH):
        parties = list(Party.objects.filter(pk__in=ids[start : start + _BATCH]).order_by("name", "pk"))
        links = {
            link.party_id: link
            for link in PartyLink.objects.filter(
                administration=fresh.administration,
                party__in=parties,
                primary=True,
                role__in=(LinkRole.CUSTOMER, LinkRole.BOTH),
            ).exclude(external_id="")
        }
        found = mirror.find(fresh.administration, [party for party in parties if party.pk not in links])
        for party in parties:
            link = links.get(party.pk)
            if link is not None:
                fingerprint = party_hash(party_data(party, external_id=link.external_id))
                if link.sent_hash != fingerprint or link.sent_hash.startswith(ROLE_OPEN):
                    yield PartyPreview(party=party, action="update", relations=(str(link),))
                continue
            hits = found[party.pk]
            names = tuple(f"{hit.code} {hit.name}".strip() for hit in hits)
            if not hits:
                yield PartyPreview(party=party, action="create")
            else:
                action = "link" if len(hits) == 1 else "ask"
                yield PartyPreview(party=party, action=action, relations=names, fact=hits[0].matched_by)
