"""The numbers of parties in an administration, for imports from a file; registered with `crm.importing` at start.

A number is looked up as on the page of a customer: as people read it in the tool, else as the tool's own id. What is
not in the mirror of relations is not believed. Source: S-067; rule 8.5; IMP-306.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from django.db.models import Q
from django.utils import timezone

from crm.importing.numbers import Relation, TakenMeanwhile
from crm.models import Party

from .models import Administration, LinkRole, PartyLink, ToolParty
from .registry import get_tool
from .sync.partylinks import as_second, link_role, role_open, sent_under
from .sync.planning import party_data, party_hash

_CHUNK = 500
_MOMENTS = ("sent_at", "refused_at", "linked_at")
_KEPT = (
    "id", "role", "external_id", "code", "primary", "sent_hash", "matched_by", "sent_at", "refused_hash",
    "is_customer", "is_supplier", "refused_code", "refused_at", "refused_text", "linked_at",
)  # fmt: skip
# What a sync notes of its own sending.
_SENT = ("sent_hash", "sent_at", "refused_hash", "refused_code", "refused_at", "refused_text")


class BookNumbers:
    """The links of one administration."""

    def __init__(self, administration_id: int) -> None:
        self.administration = Administration.objects.get(pk=administration_id)
        self.name = str(self.administration)

    def find(self, typed: Collection[str]) -> dict[str, list[Relation]]:
        by_code: dict[str, list[ToolParty]] = {}
        by_id: dict[str, list[ToolParty]] = {}
        relations = ToolParty.objects.filter(administration=self.administration, deleted=False)
        for chunk in _chunks(sorted(typed)):
            for row in relations.filter(Q(code__in=chunk) | Q(external_id__in=chunk)).only("external_id", "code"):
                if row.code in typed:
                    by_code.setdefault(row.code, []).append(row)
                if row.external_id in typed:
                    by_id.setdefault(row.external_id, []).append(row)
        rows = {number: by_code.get(number) or by_id.get(number) or [] for number in typed}
        holders = self._holders({row.external_id for found in rows.values() for row in found})
        return {
            number: [
                Relation(row.external_id, row.code or row.external_id, holders.get(row.external_id)) for row in found
            ]
            for number, found in rows.items()
            if found
        }

    def _holders(self, external_ids: Collection[str]) -> dict[str, int]:
        found: dict[str, int] = {}
        links = PartyLink.objects.filter(administration=self.administration)
        for chunk in _chunks(sorted(external_ids)):
            found.update(links.filter(external_id__in=chunk).values_list("external_id", "party_id"))
        return found

    def current(self, party_ids: Collection[int]) -> dict[int, Relation]:
        found = {}
        for chunk in _chunks(sorted(party_ids)):
            for link in self._own(chunk).exclude(external_id=""):
                found[link.party_id] = Relation(link.external_id, str(link), link.party_id)
        return found

    def _own(self, party_ids: Collection[int]) -> Any:
        """The first link of each party as a customer."""
        return PartyLink.objects.filter(
            administration=self.administration, party__in=party_ids, primary=True,
            role__in=(LinkRole.CUSTOMER, LinkRole.BOTH),
        )  # fmt: skip

    def link(self, pairs: Sequence[tuple[Party, Relation]]) -> None:
        """As `services.link_party` does for one, in a few statements for many. No number here is another party's, first or
        second: such a row is wrong (IMP-306)."""
        if not pairs:
            return
        ids = [party.pk for party, _relation in pairs]
        wanted = [relation.external_id for _party, relation in pairs]
        customers = set(
            ToolParty.objects.filter(
                administration=self.administration, external_id__in=wanted, is_customer=True
            ).values_list("external_id", flat=True)
        )
        links = {link.party_id: link for link in self._own(ids)}
        seconds = PartyLink.objects.filter(administration=self.administration, party__in=ids, primary=False)
        was_second = {(link.party_id, link.external_id): link.pk for link in seconds}
        numbered = {pk: link.external_id for pk, link in links.items() if link.external_id}
        sent = self._sent_under(numbered)
        role, now = link_role(get_tool(self.administration.tool)), timezone.now()
        gone: list[int] = []
        fresh: list[PartyLink] = []
        changed: list[PartyLink] = []
        swapped: list[PartyLink] = []
        for party, relation in pairs:
            link = links.get(party.pk)
            if link is not None and link.external_id == relation.external_id:
                continue
            second = was_second.get((party.pk, relation.external_id))
            if second is not None:
                gone.append(second)
            if link is not None and link.external_id and (second is not None or party.pk in sent):
                swapped.append(as_second(link))
            (changed if link is not None else fresh).append(self._linked(link, party, relation, role, now, customers))
        PartyLink.objects.filter(pk__in=gone).delete()
        # Numbers that move from one party to another within the file must not meet on their way.
        PartyLink.objects.filter(pk__in=[link.pk for link in changed]).update(external_id="")
        _store(changed)
        PartyLink.objects.bulk_create([*fresh, *swapped], batch_size=_CHUNK)

    def _sent_under(self, numbers: Mapping[int, str]) -> set[int]:
        """Those parties of which documents were sent under the number given for each."""
        return {
            pk
            for chunk in _chunks(sorted(numbers))
            for pk in sent_under(self.administration.pk, {pk: numbers[pk] for pk in chunk})
        }

    def _linked(
        self, link: PartyLink | None, party: Party, relation: Relation, role: LinkRole, now: datetime,
        customers: Collection[str],
    ) -> PartyLink:  # fmt: skip
        link = link or PartyLink(administration=self.administration, party=party, role=role)
        fingerprint = party_hash(party_data(party))
        link.external_id, link.matched_by = relation.external_id, "file"
        link.code = relation.shown if relation.shown != relation.external_id else ""
        # Whether it is a supplier as well is seen in the list of relations when a purchase needs it.
        link.is_customer, link.is_supplier = relation.external_id in customers, False
        link.sent_hash = fingerprint if relation.external_id in customers else role_open(fingerprint)
        link.sent_at, link.linked_at = None, now
        link.refused_hash = link.refused_code = link.refused_text = ""
        return link

    def snapshot(self, party_ids: Collection[int]) -> dict[int, list[dict[str, Any]]]:
        found: dict[int, list[dict[str, Any]]] = {}
        for chunk in _chunks(sorted(party_ids)):
            rows = PartyLink.objects.filter(administration=self.administration, party__in=chunk).order_by("pk")
            for row in rows.values("party_id", *_KEPT):
                pk = row.pop("party_id")
                found.setdefault(pk, []).append(
                    {name: value.isoformat() if isinstance(value, datetime) else value for name, value in row.items()}
                )
        return found

    def restore(self, before: Mapping[int, list[dict[str, Any]]]) -> None:
        links = PartyLink.objects.filter(administration=self.administration)
        own = [links_of["external_id"] for rows in before.values() for links_of in rows if links_of["external_id"]]
        taken: set[str] = set()
        for chunk in _chunks(sorted(own)):
            found = links.filter(external_id__in=chunk).exclude(party__in=list(before))
            taken |= set(found.values_list("external_id", flat=True))
        if taken:
            lost = [pk for pk, rows in before.items() if taken & {row["external_id"] for row in rows}]
            raise TakenMeanwhile(lost)
        stay = self._used_since(before)
        # What a sync sent since stands in the tool, whatever is put back here.
        sent: dict[tuple[int, str, str], dict[str, Any]] = {}
        for chunk in _chunks(sorted(before)):
            for row in links.filter(party__in=chunk).values("party_id", "external_id", "role", *_SENT):
                sent[row.pop("party_id"), row.pop("external_id"), row.pop("role")] = row
            links.filter(party__in=chunk).delete()
        back = [self._from_kept(pk, row) for pk, rows in before.items() for row in rows]
        for link in back:
            for name, value in sent.get((link.party_id, link.external_id, link.role), {}).items():
                setattr(link, name, value)
        PartyLink.objects.bulk_create([*back, *stay], batch_size=_CHUNK)

    def _used_since(self, before: Mapping[int, list[dict[str, Any]]]) -> list[PartyLink]:
        """First numbers that were not there before, and under which documents were sent since: as second numbers."""
        fresh = {
            link.party_id: link
            for chunk in _chunks(sorted(before))
            for link in self._own(chunk).exclude(external_id="")
            if link.external_id not in {row["external_id"] for row in before[link.party_id]}
        }
        used = self._sent_under({pk: link.external_id for pk, link in fresh.items()})
        return [as_second(link) for pk, link in fresh.items() if pk in used]

    def _from_kept(self, party_id: int, row: Mapping[str, Any]) -> PartyLink:
        values = {
            name: datetime.fromisoformat(value) if name in _MOMENTS and value else value for name, value in row.items()
        }
        return PartyLink(administration=self.administration, party_id=party_id, **values)


def _store(links: Sequence[PartyLink]) -> None:
    columns = [name for name in _KEPT if name not in ("id", "role", "primary")]
    PartyLink.objects.bulk_create(
        links, batch_size=_CHUNK, update_conflicts=True, unique_fields=["id"], update_fields=columns
    )


def _chunks(values: Sequence[Any]) -> Iterator[Sequence[Any]]:
    return (values[start : start + _CHUNK] for start in range(0, len(values), _CHUNK))
