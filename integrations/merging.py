"""What a merge of customers does in the bridge: every number of both in a tool stays known, and one is the first.

Nothing is sent by a merge. A posting keeps what was sent, so payments and look-ups go on by the number that it was
booked under; the next document goes to the first number, with the fields as they are now.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from crm.merging import Job, Kept, Keys, Move, Outcome, Relation, Row, Side, Stays, register
from crm.models import Party

from .models import LinkRole, PartyLink


class _Links(Relation):
    def rows(self, winner: Party, loser: Party) -> Iterable[Row]:
        """One row per administration and role that either has a number in; two numbers are a choice (MRG-310)."""
        ours, theirs = _firsts(winner), _firsts(loser)
        for key, link in sorted((ours | theirs).items(), key=lambda item: (str(item[1].administration), item[0])):
            own, other = ours.get(key), theirs.get(key)
            outcome = Outcome.EQUAL if other is None else Outcome.TAKEN if own is None else Outcome.CONFLICT
            yield Row(
                key=key,
                label=gettext_lazy("Number in %(administration)s") % {"administration": link.administration},
                winner=str(own or ""),
                loser=str(other or ""),
                outcome=outcome,
                remark=gettext_lazy("the other stays as a second number") if outcome is Outcome.CONFLICT else "",
                must_choose=outcome is Outcome.CONFLICT,
            )

    def moves(self, winner: Party, loser: Party) -> Iterable[Move]:
        taken = {row.key: row.outcome for row in self.rows(winner, loser)}
        for key, link in _firsts(loser).items():
            names = {"number": link, "party": winner}
            words = (
                _("Number %(number)s becomes a number of %(party)s; which one is first is chosen above")
                if taken[key] is Outcome.CONFLICT
                else _("Number %(number)s becomes the number of %(party)s")
            )
            yield Move(label=str(link.administration), text=words % names)

    def move(self, job: Job) -> Kept:
        own = list(PartyLink.objects.select_for_update().filter(party=job.winner, primary=True).order_by("pk"))
        moved: list[dict[str, Any]] = []
        demoted: list[dict[str, Any]] = []
        for link in PartyLink.objects.select_for_update().filter(party=job.loser).order_by("pk"):
            moved.append(_facts(link))
            primary = link.primary
            rivals = [rival for rival in own if _meet(rival, link)] if primary else []
            if rivals:
                chosen = job.choices.get(_key(link)) if all(rival.external_id for rival in rivals) else ""
                primary = chosen == Side.LOSER if link.external_id and chosen else _says_more(link, rivals)
            if primary:
                for rival in rivals:
                    demoted.append(_facts(rival))
                    own.remove(rival)
                    PartyLink.objects.filter(pk=rival.pk).update(primary=False)
                own.append(link)
            PartyLink.objects.filter(pk=link.pk).update(party=job.winner, primary=primary)
        return {"moved": moved, "demoted": demoted} if moved else None

    def move_back(self, job: Job, kept: Kept) -> Iterator[str]:
        for facts in kept["moved"]:
            link = _find(facts, job.winner)
            if link is None:
                words = _("Number %(number)s is no longer a number of %(party)s and stays where it is.")
                yield words % {"number": facts["code"] or facts["external_id"], "party": job.winner}
                continue
            primary = facts["primary"] and not _has_first(link, job.loser)
            PartyLink.objects.filter(pk=link.pk).update(party=job.loser, primary=primary)
        for facts in kept["demoted"]:
            link = _find(facts, job.winner)
            if link is not None and not link.primary and not _has_first(link, job.winner):
                PartyLink.objects.filter(pk=link.pk).update(primary=True)


def _firsts(party: Party) -> dict[str, PartyLink]:
    links = PartyLink.objects.filter(party=party, primary=True).exclude(external_id="")
    return {_key(link): link for link in links.select_related("administration").order_by("pk")}


def _key(link: PartyLink) -> str:
    """The key of the choice between two numbers."""
    return f"number:{link.administration_id}:{link.role}"


def _meet(one: PartyLink, other: PartyLink) -> bool:
    """Whether the two say who a party is in the same list of the same administration."""
    same_list = one.role == other.role or LinkRole.BOTH in (one.role, other.role)
    return one.administration_id == other.administration_id and same_list


def _says_more(link: PartyLink, rivals: list[PartyLink]) -> bool:
    """Whether `link` leads nearer to a relation than all of `rivals`: one that is there, or one on its way."""

    def weight(row: PartyLink) -> int:
        return 2 if row.external_id else 1 if row.sent_at is not None else 0

    return all(weight(link) > weight(rival) for rival in rivals)


def _has_first(link: PartyLink, party: Party) -> bool:
    rows = PartyLink.objects.filter(administration=link.administration_id, party=party, primary=True)
    return any(_meet(row, link) for row in rows.exclude(pk=link.pk))


def _facts(link: PartyLink) -> dict[str, Any]:
    names = ("pk", "administration_id", "role", "external_id", "code", "primary")
    return {name: getattr(link, name) for name in names}


def _find(facts: dict[str, Any], party: Party) -> PartyLink | None:
    """The link as it was, or the one that has its number now; None where the party has neither."""
    links = PartyLink.objects.filter(party=party)
    if not facts["external_id"]:
        return links.filter(pk=facts["pk"]).first()
    numbers = {name: facts[name] for name in ("administration_id", "role", "external_id")}
    return links.filter(**numbers).first()


def register_relations() -> None:
    """Called when the app is ready."""
    register(
        _Links("integrations.PartyLink.party"),
        Keys("integrations.Issue.party"),
        Keys("integrations.ContactLink.party"),
        Stays(
            "integrations.ReleasedLink.party", why="numbers let go in the recycle bin; only restoring gives them back"
        ),
    )
