"""Writes on the link of a party: begun before a creation is sent, completed right after it.

Each is conditional on the lease and on what the link was when it was read, so that neither a worker that lost its
lease nor one that a person overtook changes a link. Source: design section 5; domain rules 8 and 18.3.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import QuerySet
from django.db.models.fields.json import KT
from django.utils import timezone

from crm.models import Party

from ..base.errors import LeaseLost
from ..base.provider import Capability
from ..base.records import PartyRole
from ..base.signin import Tool
from ..models import SENT, LinkRole, PartyLink, Posting, ToolParty
from .sides import SIDES
from .slices import Slice

# Begins the hash of a link whose relation still has to be made a customer; nothing is booked on it before that.
ROLE_OPEN = "role:"


def link_role(tool: Tool, roles: Collection[PartyRole] = (PartyRole.CUSTOMER,)) -> LinkRole:
    """The role of a link to a relation of these roles: both, unless the tool keeps customers and suppliers apart."""
    if Capability.SEPARATE_ROLE_CODES not in tool.capabilities:
        return LinkRole.BOTH
    return LinkRole.CUSTOMER if PartyRole.CUSTOMER in roles else LinkRole.SUPPLIER


def role_open(fingerprint: str) -> str:
    """The mark of a link whose relation still has to be made a customer; none of its other fields were sent."""
    return f"{ROLE_OPEN}{fingerprint[:50]}"


@contextmanager
def held(turn: Slice, *, durable: bool = False) -> Iterator[None]:
    """A transaction of the lease's holder. Raises LeaseLost."""
    with transaction.atomic(durable=durable):
        if not turn.lease.is_held():
            raise LeaseLost("another worker serves this administration now")
        yield


def is_itself(party_id: int) -> bool:
    """Whether the party went into no other one; it cannot until the end of the caller's transaction.

    Who writes a link of a party that was read a while ago asks this first, within the transaction of the write.
    """
    rows = Party.objects.select_for_update(no_key=True).filter(pk=party_id, merged_into=None)
    return bool(list(rows.values_list("pk", flat=True)))


def begin(turn: Slice, link: PartyLink) -> bool:
    """Commit that a creation is about to be sent. False: a person linked or merged the party meanwhile."""
    turn.lease.ensure(1)
    link.sent_at = timezone.now()
    try:
        with held(turn, durable=True):
            if not is_itself(link.party_id):
                return False
            if link.pk is not None:
                own = _of_unlinked(link).filter(party=link.party_id, primary=True)
                return own.update(sent_at=link.sent_at) == 1
            with transaction.atomic():
                link.save()
            return True
    except IntegrityError:
        return False


def unbegin(link: PartyLink) -> None:
    """Take a beginning back whose call provably never left."""
    _of_unlinked(link).filter(sent_at=link.sent_at).update(sent_at=None)


def complete(turn: Slice, link: PartyLink, **columns: Any) -> bool:
    """Commit what became of a creation or update. False: the link is another one now, and stays as it is."""
    with held(turn, durable=True):
        return PartyLink.objects.filter(pk=link.pk, external_id=link.external_id).update(**columns) == 1


def forget(turn: Slice, link: PartyLink) -> None:
    """The relation no longer exists there (PAR-641): the link goes, and the mirror does not offer it again."""
    with held(turn):
        ToolParty.objects.filter(administration=turn.administration, external_id=link.external_id).update(deleted=True)
        PartyLink.objects.filter(pk=link.pk, external_id=link.external_id).delete()
    turn.count("parties", "unlinked")


def promote_seconds(turn: Slice, parties: Collection[Party], roles: Collection[LinkRole]) -> dict[int, PartyLink]:
    """Make the oldest second number of each party its first one of `roles`, where it has one; the links by party.

    For parties without a first number: theirs was deleted over there. A second relation is not made beside a known one.
    """
    links = PartyLink.objects.filter(
        administration=turn.administration, party__in=parties, primary=False, role__in=roles
    ).exclude(external_id="")
    gone = ToolParty.objects.filter(administration=turn.administration, deleted=True)
    found: dict[int, PartyLink] = {}
    for link in links.exclude(external_id__in=gone.values("external_id")).order_by("pk"):
        if link.party_id in found:
            continue
        with held(turn):
            others = PartyLink.objects.filter(administration=turn.administration, party=link.party_id, primary=True)
            if others.filter(role__in=roles).exists():
                continue
            if PartyLink.objects.filter(pk=link.pk, party=link.party_id).update(primary=True):
                link.primary = True
                found[link.party_id] = link
    return found


def as_second(link: PartyLink) -> PartyLink:
    """A link as a second number beside the one that takes its place; to be saved after that one let go of it."""
    names = ("administration_id", "party_id", "role", "is_customer", "is_supplier", "external_id", "code", "sent_hash",
             "matched_by", "sent_at", "linked_at")  # fmt: skip
    return PartyLink(primary=False, **{name: getattr(link, name) for name in names})


def sent_under(administration_id: int, numbers: Mapping[int, str]) -> set[int]:
    """Those parties of which documents were sent under the number given for each; two queries for any number of parties.

    Such a number stays known when another one takes its place, or else a later import would take its relation for somebody
    new, and a purchase that stands there would not be seen as this supplier's. One that nothing was sent under is let go
    of: it may be a mistake, and a second number is what the next document goes to when the first is deleted there.
    """
    found: set[int] = set()
    for side in SIDES:
        rows = Posting.objects.filter(
            administration=administration_id, state__in=SENT, **{f"{side.party_path}__in": list(numbers)}
        )
        pairs = rows.order_by().values_list(side.party_path, KT("sent__party")).distinct()
        found |= {party for party, number in pairs if numbers[party] == number}
    return found


def quiet_until(sent_at: datetime) -> datetime:
    """From when on a creation that is not to be seen did not happen."""
    return sent_at + timedelta(seconds=settings.BOEKBRUG_REQUEST_DEADLINE_SECONDS + settings.BOEKBRUG_QUIET_SECONDS)


def _of_unlinked(link: PartyLink) -> QuerySet[PartyLink]:
    return PartyLink.objects.filter(pk=link.pk, external_id="")
