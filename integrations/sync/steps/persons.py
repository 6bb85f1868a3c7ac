"""The part of an import that takes over the contact persons of relations, as contacts at their companies.

Only persons of a company that is linked here come: whose company was left to a person, or stays in the tool, comes with
a later import. Known again by the link; else recognised by name at the same company, or by name and e-mail address
anywhere; else added. One who may be several of ours is left for a person and named. Nothing is ever taken away: whom
somebody moved to another company here, or put into the recycle bin and took out again, stays as it is.
Source: S-042, S-046, S-057; domain rules 13.9.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.db.models.functions import Lower

from crm.models import CompanyContact, Party, PartyKind
from crm.names import name_key
from crm.services import add_imported, fill_empty
from crm.tagging import tag_named, tag_parties

from ...base.records import ContactRecord
from ...models import ContactLink, PartyLink
from ..slices import Slice

_FILLED = ("email", "phone", "language")
_ROLE_LENGTH = 80


@dataclass(slots=True)
class Doubtful:
    """A person who may be several of ours."""

    record: ContactRecord
    parties: list[Party]


@dataclass(slots=True)
class _Person:
    """One to take over, at a company of ours."""

    key: str
    record: ContactRecord
    company: Party


# A person of the tool, and who of ours it is.
_Pair = tuple[_Person, Party]


@dataclass(slots=True)
class _Ours:
    """Our persons who may be meant, those that this page adds included."""

    at_company: dict[tuple[int, str], list[Party]] = field(default_factory=lambda: defaultdict(list))
    by_email: dict[tuple[str, str], list[Party]] = field(default_factory=lambda: defaultdict(list))

    def like(self, person: _Person) -> list[Party]:
        """Who of ours it may be. At a company a namesake with another address is somebody else."""
        name, email = name_key(person.record.name)[:200], person.record.email.lower()
        here = self.at_company.get((person.company.pk, name), [])
        fit = [party for party in here if not email or party.email.lower() in ("", email)]
        return fit or (list(self.by_email.get((email, name), [])) if email else [])

    def add(self, party: Party, company: int) -> None:
        self.at_company[company, party.name_key].append(party)
        if party.email:
            self.by_email[party.email.lower(), party.name_key].append(party)


def take_over(turn: Slice, records: Iterable[ContactRecord], tag: str) -> list[Doubtful]:
    """Link, recognise or add persons, in the caller's transaction of the lease's holder; those who are left to a person."""
    here = {_key(record): record for record in records}
    if not here:
        return []
    companies = _companies(turn, here.values())
    links = {
        link.external_id: link
        for link in ContactLink.objects.filter(
            administration=turn.administration, external_id__in=list(here)
        ).select_related("party")
    }
    known = {key for key, link in links.items() if link.party.deleted_at is None}
    _follow(
        {
            (links[key].party_id, company.pk)
            for key in known
            if (company := companies.get(here[key].company_external_id))
        }
    )
    wanted = [
        _Person(key, record, companies[record.company_external_id])
        for key, record in here.items()
        if key not in known and _may_come(record, companies)
    ]
    new, found, doubtful = _decide(wanted)
    _add(turn, new, tag)
    _recognise(turn, found, tag)
    _link(turn, [*new, *found])
    for what, number in (
        ("read", len(here)), ("known", len(known)), ("added", len({id(party) for _person, party in new})),
        ("linked", len(found)), ("doubtful", len(doubtful)),
        ("left_out", len(here) - len(known) - len(wanted)),
    ):  # fmt: skip
        turn.count("contacts", what, number)
    return doubtful


def _key(record: ContactRecord) -> str:
    """What a person is known again by: the tool's own key, else the relation and the name."""
    if record.external_id:
        return record.external_id
    digest = hashlib.sha256(name_key(record.name).encode()).hexdigest()[:16]
    return f"{record.company_external_id}:{digest}"


def _companies(turn: Slice, records: Iterable[ContactRecord]) -> dict[str, Party]:
    """Our companies by the relations they are linked to. Those in the recycle bin have no link."""
    links = PartyLink.objects.filter(
        administration=turn.administration,
        external_id__in={record.company_external_id for record in records},
        party__kind=PartyKind.COMPANY,
        party__deleted_at=None,
    )
    return {link.external_id: link.party for link in links.select_related("party")}


def _may_come(record: ContactRecord, companies: dict[str, Party]) -> bool:
    """Whether it has a name of its own, and a company of ours."""
    company = companies.get(record.company_external_id)
    return company is not None and name_key(record.name) not in ("", company.name_key)


def _decide(wanted: Sequence[_Person]) -> tuple[list[_Pair], list[_Pair], list[Doubtful]]:
    """Who is new, who is somebody of ours, and who may be several. One that stands there twice is new once."""
    ours = _ours(wanted)
    new: list[_Pair] = []
    found: list[_Pair] = []
    doubtful: list[Doubtful] = []
    for person in wanted:
        fits = ours.like(person)
        if len(fits) > 1:
            doubtful.append(Doubtful(person.record, fits))
            continue
        if fits:
            (found if fits[0].pk else new).append((person, fits[0]))
            continue
        party = _party_of(person.record)
        ours.add(party, person.company.pk)
        new.append((person, party))
    return new, found, doubtful


def _ours(wanted: Sequence[_Person]) -> _Ours:
    """Our live persons of these names: at these companies, or with these e-mail addresses; locked, in three queries."""
    ours = _Ours()
    names = {name_key(person.record.name)[:200] for person in wanted}
    emails = {email.lower() for person in wanted if (email := person.record.email)}
    places = CompanyContact.objects.filter(
        company__in={person.company.pk for person in wanted}, person__name_key__in=names
    ).values_list("person_id", "company_id")
    at: dict[int, list[int]] = defaultdict(list)
    for person_id, company_id in places:
        at[person_id].append(company_id)
    # Locked until the page is written: none goes into another one between this look and its link.
    mine = (
        Party.objects.select_for_update(no_key=True)
        .annotate(mailbox=Lower("email"))
        .filter(Q(pk__in=list(at)) | Q(name_key__in=names, mailbox__in=emails), kind=PartyKind.PERSON, deleted_at=None)
    )
    for party in mine.order_by("pk"):
        for company_id in at.get(party.pk, ()):
            ours.at_company[company_id, party.name_key].append(party)
        if party.email:
            ours.by_email[party.email.lower(), party.name_key].append(party)
    return ours


def _party_of(record: ContactRecord) -> Party:
    """A person as a contact of ours. What is not valid here is left empty rather than taken over wrong."""
    name = " ".join(record.name.split())[:200]
    first, last = record.first_name, record.last_name
    if not (first or last):
        first, _blank, last = name.rpartition(" ")
    party = Party(
        kind=PartyKind.PERSON,
        name=name,
        name_key=name_key(name)[:200],
        first_name=" ".join(first.split())[:100],
        last_name=" ".join(last.split())[:100],
        email=record.email[:254],
        phone=record.phone[:40],
        language=record.language[:2].lower(),
        is_customer=False,
        is_supplier=False,
    )
    try:
        party.clean_fields(exclude={"uid"})
    except ValidationError as error:
        for name_of_field in _FILLED:
            if name_of_field in error.message_dict:
                setattr(party, name_of_field, "")
    return party


def _add(turn: Slice, new: Sequence[_Pair], tag: str) -> None:
    parties = {id(party): party for _person, party in new}
    if parties:
        add_imported(parties=list(parties.values()), tag=tag, by=turn.run.started_by)


def _recognise(turn: Slice, found: Sequence[_Pair], tag: str) -> None:
    """Tag those of ours who were recognised and fill what is empty of them."""
    if not found:
        return
    fill_empty(parties=list(_missing(found)), message=turn.tool.label, by=turn.run.started_by)
    ids = sorted({party.pk for _person, party in found})
    tag_parties(ids=ids, tag=tag_named(tag), by=turn.run.started_by)


def _missing(found: Sequence[_Pair]) -> Iterator[tuple[Party, dict[str, str]]]:
    for person, party in found:
        there = _party_of(person.record)
        yield party, {name: value for name in _FILLED if (value := getattr(there, name))}


def _follow(persons: set[tuple[int, int]]) -> None:
    """Put known persons whose company went into the recycle bin at the one that was added again for its relation."""
    left = CompanyContact.objects.filter(
        person__in={pk for pk, _company in persons}, company__deleted_at__isnull=False, company__merged_into=None
    )
    roles = dict(left.values_list("person_id", "role"))
    CompanyContact.objects.bulk_create(
        (
            CompanyContact(company_id=company, person_id=pk, role=roles[pk])
            for pk, company in sorted(persons)
            if pk in roles
        ),
        ignore_conflicts=True,
    )


def _link(turn: Slice, persons: Sequence[_Pair]) -> None:
    """Put each at its company, and remember who it is. A link to one in the recycle bin leads to the new one now."""
    places: dict[tuple[int, int], str] = {}
    for person, party in persons:
        at = (person.company.pk, party.pk)
        places[at] = places.get(at) or person.record.role[:_ROLE_LENGTH]
    standing = {
        (place.company_id, place.person_id): place
        for place in CompanyContact.objects.filter(person__in={pk for _company, pk in places})
    }
    CompanyContact.objects.bulk_create(
        CompanyContact(company_id=company, person_id=pk, role=role)
        for (company, pk), role in places.items()
        if (company, pk) not in standing
    )
    nameless = [place for at, place in standing.items() if places.get(at) and not place.role]
    for place in nameless:
        place.role = places[place.company_id, place.person_id]
    CompanyContact.objects.bulk_update(nameless, ["role"])
    ContactLink.objects.bulk_create(
        (
            ContactLink(administration=turn.administration, external_id=person.key, party=party)
            for person, party in persons
        ),
        update_conflicts=True,
        unique_fields=["administration", "external_id"],
        update_fields=["party"],
    )
