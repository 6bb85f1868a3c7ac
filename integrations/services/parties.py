"""Which relation of the tool a customer is: chosen by a person where the facts do not decide (APP-219, PAR-645)."""

from __future__ import annotations

from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from crm import audit
from crm.models import Party

from ..models import Connection, LinkRole, PartyLink, ToolParty
from ..sync import mirror
from ..sync.planning import party_data, party_hash
from .connecting import ConnectError


def candidates(*, connection: Connection, party: Party) -> list[ToolParty]:
    """The relations that fit `party` by the strongest fact that fits any."""
    if connection.administration is None:
        return []
    refs = mirror.find(connection.administration, [party])[party.pk]
    rows = ToolParty.objects.filter(
        administration=connection.administration, external_id__in=[ref.external_id for ref in refs]
    )
    return list(rows.order_by("code"))


@transaction.atomic
def link_party(*, connection: Connection, party: Party, external_id: str, user: AbstractBaseUser | None) -> PartyLink:
    """Link `party` to a relation of the tool; its fields over there stay until ours change. Logged.

    ConnectError: the relation is unknown or deleted there, or another party has it.
    """
    administration_id = connection.administration_id
    if administration_id is None:
        raise ConnectError(_("Choose the administration first."))
    relation = ToolParty.objects.filter(
        administration_id=administration_id, external_id=external_id, deleted=False
    ).first()
    if relation is None:
        raise ConnectError(_("That relation does not exist in the administration."))
    link = PartyLink.objects.filter(
        administration_id=administration_id, party=party, primary=True
    ).first() or PartyLink(administration_id=administration_id, party=party, role=LinkRole.BOTH)
    link.external_id, link.code, link.matched_by = relation.external_id, relation.code, "person"
    link.sent_hash = party_hash(party_data(party))
    link.sent_at, link.linked_at = None, timezone.now()
    link.refused_hash = link.refused_code = link.refused_text = ""
    try:
        with transaction.atomic():
            link.save()
    except IntegrityError:
        other = (
            PartyLink.objects.filter(administration_id=administration_id, external_id=external_id)
            .select_related("party")
            .first()
        )
        name = other.party.name if other else ""
        raise ConnectError(_("That relation is already linked to %(party)s.") % {"party": name}) from None
    audit.record(
        by=user, objects=[party], flag=audit.CHANGED, message=f"External ID: {relation.code or relation.external_id}"
    )
    return link
