"""What the next sync would send, worked out from what is known here; asks no tool and writes nothing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal

from django.urls import reverse

from crm.models import Party
from invoicing.models import PurchaseDocument

from ..base.provider import Capability
from ..base.records import Document
from ..models import Connection, PartyLink
from ..registry import get_tool
from ..sync import mirror
from ..sync.books import load_books
from ..sync.partylinks import ROLE_OPEN, role_open
from ..sync.planning import party_data, party_hash
from ..sync.problems import Note, Problem
from ..sync.sides import PURCHASES, SALES, Side
from ..sync.steps.plan import preview as plan_preview

_BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class PreviewLine:
    """One document of the preview: its booking, or why it is held up. Total in the document's currency, signed.

    `party_id`, `customer`: of a purchase its supplier.
    """

    document_id: int
    is_purchase: bool
    number: str
    party_id: int
    customer: str
    total: Decimal
    currency: str
    state: str
    booking: Document | None
    problem: Problem | None
    notes: tuple[Note, ...]

    @property
    def page(self) -> str:
        """The address of the document's page."""
        kind = "purchasedocument" if self.is_purchase else "salesdocument"
        return reverse(f"admin:invoicing_{kind}_change", args=[self.document_id])


@dataclass(frozen=True, slots=True, kw_only=True)
class PartyPreview:
    """What happens to a customer or supplier first: "create", "update", "link" to the one relation that fits, or "ask"
    of several.

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
        is_purchase = isinstance(document, PurchaseDocument)
        party = document.supplier if isinstance(document, PurchaseDocument) else document.party
        name = document.supplier_name if isinstance(document, PurchaseDocument) else document.buyer_name
        yield PreviewLine(
            document_id=document.pk,
            is_purchase=is_purchase,
            number=document.number,
            party_id=party.pk if party is not None else 0,
            customer=name or (party.name if party is not None else ""),
            total=-document.total if document.is_credit_note else document.total,
            currency=document.currency,
            state=placed.posting.state,
            booking=placed.planned.document,
            problem=placed.planned.problem,
            notes=placed.planned.notes,
        )


def preview_parties(
    *, connection: Connection, party_ids: Iterable[int], suppliers: bool = False
) -> Iterator[PartyPreview]:
    """What the next sync would do with each of these customers or suppliers, those left out with which it does nothing.

    Found by the list of relations as it was last read, in six queries per 500. A tool that takes customers along
    with their documents, or purchases as files, has none of its own to do.
    """
    fresh = Connection.objects.select_related("administration").get(pk=connection.pk)
    side = PURCHASES if suppliers else SALES
    capabilities = get_tool(fresh.tool).capabilities
    by_themselves = Capability.PURCHASES_AS_FILES if suppliers else Capability.CONTACTS_INLINE
    if fresh.administration is None or by_themselves in capabilities:
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
                role__in=side.link_roles,
            ).exclude(external_id="")
        }
        found = mirror.find(fresh.administration, [party for party in parties if party.pk not in links])
        if Capability.SEPARATE_ROLE_CODES in capabilities:
            found = {pk: [hit for hit in hits if side.role in hit.roles] for pk, hits in found.items()}
        for party in parties:
            link = links.get(party.pk)
            if link is not None:
                if _is_sent_anew(link, party, side):
                    yield PartyPreview(party=party, action="update", relations=(str(link),))
                continue
            hits = found[party.pk]
            names = tuple(f"{hit.code} {hit.name}".strip() for hit in hits)
            if not hits:
                yield PartyPreview(party=party, action="create")
            else:
                action = "link" if len(hits) == 1 else "ask"
                yield PartyPreview(party=party, action=action, relations=names, fact=hits[0].matched_by)


def _is_sent_anew(link: PartyLink, party: Party, side: Side) -> bool:
    """Whether its fields changed, or it lacks the role over there."""
    fingerprint = party_hash(party_data(party, external_id=link.external_id))
    if side is PURCHASES:
        return link.sent_hash not in (fingerprint, role_open(fingerprint)) or not side.has_role(link)
    return link.sent_hash != fingerprint or link.sent_hash.startswith(ROLE_OPEN)
