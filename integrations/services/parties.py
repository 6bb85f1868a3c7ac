"""Which relation of the tool a customer is: chosen by a person where the facts do not decide (APP-219, PAR-645),

or set by an account admin on the customer's page at any time (S-047).
"""

from __future__ import annotations

from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from config.figures import before_stop
from crm import audit
from crm.models import Party
from crm.services import as_page

from ..models import Administration, Connection, LinkRole, PartyLink, ToolParty
from ..registry import get_tool
from ..sync import mirror
from ..sync.partylinks import as_second, is_itself, link_role, role_open, sent_under
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


def change_external_id(
    *, connection: Connection, party: Party, number: str, user: AbstractBaseUser | None
) -> PartyLink:
    """Link `party` to the relation with the number that a person typed: as people read it there, or its id.

    ConnectError: no number, a number of no relation or of several, or what `link_party` refuses.
    """
    if connection.administration is None:
        raise ConnectError(_("Choose the administration first."))
    wanted = number.strip()
    if not wanted:
        raise ConnectError(_("Fill in the external ID."))
    relations = ToolParty.objects.filter(administration=connection.administration, deleted=False)
    found = list(relations.filter(code=wanted)[:2]) or list(relations.filter(external_id=wanted))
    names = {"id": wanted, "administration": connection.administration}
    if not found:
        raise ConnectError(
            _(
                "%(administration)s has no relation with number %(id)s, as far as it was read. "
                "If it was made there just now, import the relations and try again."
            )
            % names
        )
    if len(found) > 1:
        raise ConnectError(_("%(administration)s has several relations with number %(id)s.") % names)
    return link_party(connection=connection, party=party, external_id=found[0].external_id, user=user)


@transaction.atomic
def link_party(*, connection: Connection, party: Party, external_id: str, user: AbstractBaseUser | None) -> PartyLink:
    """Link `party` to a relation of the tool; its fields over there stay until ours change. Logged.

    A number that it had stays as a second one where documents were sent under it (`sent_under`), or where the new one was
    its second before. Nothing changes, and nothing is logged, where the relation is its first one already.
    ConnectError: the relation is unknown or deleted there, or another party has it, in whatever role.
    """
    administration = connection.administration
    if administration is None:
        raise ConnectError(_("Choose the administration first."))
    relation = ToolParty.objects.filter(administration=administration, external_id=external_id, deleted=False).first()
    if relation is None:
        raise ConnectError(_("That relation does not exist in the administration."))
    _refuse_taken(administration, party, relation)
    if not is_itself(party.pk):
        raise ConnectError(_("%(party)s was merged into another customer. Nothing was changed.") % {"party": party})
    own = PartyLink.objects.filter(administration=administration, party=party)
    link = own.filter(primary=True, role__in=(LinkRole.CUSTOMER, LinkRole.BOTH)).first() or PartyLink(
        administration=administration, party=party, role=link_role(get_tool(connection.tool))
    )
    if link.external_id == relation.external_id:
        return link
    before, old = str(link), as_second(link) if link.external_id else None
    fingerprint = party_hash(party_data(party))
    link.external_id, link.code, link.matched_by = relation.external_id, relation.code, "person"
    link.is_customer, link.is_supplier = relation.is_customer, relation.is_supplier
    link.sent_hash = fingerprint if relation.is_customer else role_open(fingerprint)
    link.sent_at, link.linked_at = None, timezone.now()
    link.refused_hash = link.refused_code = link.refused_text = ""
    try:
        with transaction.atomic():
            was_second, __ = own.filter(primary=False, external_id=relation.external_id).delete()
            link.save()
            if old is not None and (was_second or sent_under(administration.pk, {party.pk: old.external_id})):
                old.save()
    except IntegrityError:
        # Somebody else linked it between the look and the write.
        _refuse_taken(administration, party, relation)
        raise
    words = _("External ID in %(administration)s: %(before)s → %(after)s") % {
        "administration": administration, "before": before or "–",
        "after": relation.code or relation.external_id,
    }  # fmt: skip
    audit.record(by=user, objects=[as_page(party)], flag=audit.CHANGED, message=words)
    return link


@transaction.atomic
def let_go_of_second(
    *, connection: Connection, party: Party, external_id: str, user: AbstractBaseUser | None
) -> str | None:
    """Take a second number from `party`, so that another party may have it; the number as people read it. Logged.

    What was sent under it stays where it is, as each booking remembers whose it was. None: it had no such second number.
    """
    link = PartyLink.objects.filter(
        administration=connection.administration, party=party, primary=False, external_id=external_id
    ).exclude(external_id="").first()  # fmt: skip
    if link is None:
        return None
    link.delete()
    words = _("Second number in %(administration)s let go of: %(id)s")
    message = words % {"administration": connection.administration, "id": link}
    audit.record(by=user, objects=[as_page(party)], flag=audit.CHANGED, message=message)
    return str(link)


def _refuse_taken(administration: Administration, party: Party, relation: ToolParty) -> None:
    """Raise ConnectError where another party has the relation, as first or second number (IMP-306)."""
    other = (
        PartyLink.objects.filter(administration=administration, external_id=relation.external_id)
        .exclude(party=party)
        .select_related("party")
        .first()
    )
    if other is not None:
        words = _("External ID %(id)s is already used by %(party)s. Nothing was changed.")
        raise ConnectError(
            words % {"id": relation.code or relation.external_id, "party": before_stop(other.party.name)}
        )
