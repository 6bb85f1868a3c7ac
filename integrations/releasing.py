"""What the recycle bin means for links: a party that goes into it lets its numbers in the tools go, as nobody may have

one twice; one that comes out gets them back, save those that another party has taken since.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.db.models import Q
from django.dispatch import receiver
from django.utils.translation import gettext as _

from config.figures import before_stop
from crm.binning import let_go
from crm.models import Party
from crm.signals import parties_binned, parties_restored

from .models import LinkRole, PartyLink, ReleasedLink, ToolParty

_BATCH = 500
_KEPT = (
    "administration_id",
    "party_id",
    "role",
    "is_customer",
    "is_supplier",
    "external_id",
    "code",
    "primary",
    "sent_hash",
    "matched_by",
    "linked_at",
)

# A creation that was begun and not yet answered: which relation it makes is to be recorded first.
let_go(PartyLink, unless=Q(external_id="", sent_at__isnull=False))


@receiver(parties_binned, dispatch_uid="integrations.release_links")
def release(parties: Sequence[Party], **kwargs: Any) -> None:
    """Keep the links of `parties` aside and delete them; three queries, in the sender's transaction."""
    links = PartyLink.objects.select_for_update().filter(party__in=[party.pk for party in parties])
    rows = list(links)
    ReleasedLink.objects.bulk_create(
        (_copy(link, ReleasedLink) for link in rows if link.external_id), batch_size=_BATCH
    )
    PartyLink.objects.filter(pk__in=[link.pk for link in rows]).delete()


@receiver(parties_restored, dispatch_uid="integrations.give_links_back")
def give_back(parties: Sequence[Party], **kwargs: Any) -> dict[int, list[str]]:
    """Give `parties` their links back, in the sender's transaction; sentences about those that stay away, by party.

    A number stays away when another party has it now, in whatever role, or when its relation is gone from the tool.
    Where the party has another first number by now, what comes back is a second one. A fixed number of queries.
    """
    released = list(
        ReleasedLink.objects.filter(party__in=[party.pk for party in parties])
        .select_related("administration", "party")
        .order_by("-primary", "pk")
    )
    if not released:
        return {}
    taken = _owners(released)
    gone = set(
        ToolParty.objects.filter(
            administration__in={link.administration_id for link in released},
            external_id__in={link.external_id for link in released},
            deleted=True,
        ).values_list("administration_id", "external_id")
    )
    first = set(
        PartyLink.objects.filter(party__in=[party.pk for party in parties], primary=True).values_list(
            "administration_id", "party_id", "role"
        )
    )
    coming: list[PartyLink] = []
    for link in released:
        key = (link.administration_id, link.external_id)
        if key in taken or key in gone:
            continue
        row = _copy(link, PartyLink)
        place = (row.administration_id, row.party_id, row.role)
        row.primary = row.primary and place not in first
        if row.primary:
            first.add(place)
        taken[key] = link.party_id
        coming.append(row)
    with transaction.atomic():
        # Whoever was quicker between the look and the write keeps the number.
        PartyLink.objects.bulk_create(coming, batch_size=_BATCH, ignore_conflicts=True)
    owners = _owners(released)
    names = dict(Party.objects.filter(pk__in=set(owners.values())).values_list("pk", "name"))
    left: dict[int, list[str]] = {}
    for link in released:
        owner = owners.get((link.administration_id, link.external_id))
        if owner != link.party_id:
            left.setdefault(link.party_id, []).append(_left_words(link, names.get(owner or 0)))
    ReleasedLink.objects.filter(pk__in=[link.pk for link in released]).delete()
    return left


def _owners(links: Sequence[ReleasedLink]) -> dict[tuple[int, str], int]:
    """By administration and number, whose it is."""
    rows = PartyLink.objects.filter(
        administration__in={link.administration_id for link in links},
        role__in=LinkRole.values,  # all there are, for the index that begins so
        external_id__in={link.external_id for link in links},
    )
    return {(administration, number): party for administration, number, party in rows.values_list(
        "administration_id", "external_id", "party_id"
    )}  # fmt: skip


def _copy(link: PartyLink | ReleasedLink, model: Any) -> Any:
    return model(**{name: getattr(link, name) for name in _KEPT})


def _left_words(link: ReleasedLink, owner: str | None) -> str:
    values = {"party": link.party, "id": str(link), "administration": before_stop(link.administration), "owner": owner}
    if owner is None:
        return _("%(party)s came back without number %(id)s: that relation is gone from %(administration)s.") % values
    return _("%(party)s came back without number %(id)s in %(administration)s: %(owner)s has it now.") % values
