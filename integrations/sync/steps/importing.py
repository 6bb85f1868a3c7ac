"""The step of an import: take over the relations of an administration as companies and contacts, with their persons.

Found before added: by the link, the VAT number, the enterprise number, or name and postcode. Who is not found is added
with a tag; who is found gets the tag too, and what is empty of it filled; who fits more than one of ours, or one that
has another relation already, is left for a person and named.
A relation that has its link is left alone, so that a second import, or one that a crash cut short, adds nothing twice.
Source: S-042 to S-046, S-057, S-083; domain rules 8.3 and 13.9.
"""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, cast

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils import timezone

from crm.models import Party, PartyKind
from crm.names import postcode_key
from crm.numbers import is_valid_vat_number
from crm.services import add_imported, fill_empty
from crm.tagging import tag_named, tag_parties

from ...base.errors import AccessDenied, LeaseLost, ProtocolSurprise, Rejected
from ...base.provider import Capability, ImportProvider
from ...base.records import ContactRecord, PartyRecord, PartyRole
from ...models import PartyLink, ToolParty
from .. import mirror
from ..partylinks import link_role, role_open
from ..planning import party_data, party_hash
from ..slices import Slice
from . import persons

logger = logging.getLogger(__name__)

# Names of the doubtful ones that the run keeps for its page.
_NAMED = 50
_FILLED = ("email", "phone", "website", "language")
_OPTIONAL = ("vat_number", "enterprise_number", "email", "website", "phone", "language", "country")


def run(turn: Slice) -> bool:
    """Read page by page from where the slice before stopped; True when the last page is in."""
    state: dict[str, Any] = turn.cursor.setdefault("import", {"cursor": ""})
    if not state.get("relations_in"):
        if not _read_relations(turn, state):
            return False
        state["relations_in"] = True
    return _read_besides(turn, state)


def _read_relations(turn: Slice, state: dict[str, Any]) -> bool:
    """The list that a sync reads as well; True when its last page is in."""
    if "leads" not in state:
        # Nobody has read the list yet: then this reading is the mirror's first one as well.
        state["leads"] = not turn.administration.party_cursor
    for page in turn.provider.parties(state["cursor"]):
        _take_over(turn, page.items, page.cursor if state["leads"] else turn.administration.party_cursor)
        state["cursor"] = page.cursor
        turn.show_progress()
        if page.is_last:
            return True
        if turn.is_over:
            return False
    return True


def _read_besides(turn: Slice, state: dict[str, Any]) -> bool:
    """What only an import reads; True when its last page is in.

    A tool that does not let us read it stops no import: who is on the list of relations is in, and the run says the rest.
    """
    if Capability.IMPORT_BESIDES not in turn.tool.capabilities:
        return True
    provider = cast(ImportProvider, turn.provider)
    try:
        for page in provider.besides(state.get("besides", "")):
            relations = [record for record in page.items if isinstance(record, PartyRecord)]
            contacts = [record for record in page.items if isinstance(record, ContactRecord)]
            _take_over(turn, relations, turn.administration.party_cursor, contacts)
            state["besides"] = page.cursor
            turn.show_progress()
            if page.is_last:
                return True
            if turn.is_over:
                return False
    except (AccessDenied, ProtocolSurprise, Rejected) as exc:
        logger.warning("an import could not read all", extra={"connection": turn.connection.pk, "code": exc.code})
        state["unread"] = {"right": exc.params.get("right", ""), "text": exc.vendor_text or str(exc)}
    return True


@dataclass(slots=True)
class _Found:
    """A relation that nobody of ours is linked to, with those of ours who may be it, by the strongest fact."""

    row: ToolParty
    record: PartyRecord
    parties: list[Party]
    fact: str


def _take_over(
    turn: Slice, records: Sequence[PartyRecord], mirror_cursor: str, contacts: Sequence[ContactRecord] = ()
) -> None:
    """Store a page in the mirror, link whom it names and add the others, in one transaction of the lease's holder.

    The persons of its relations follow in the same transaction, with `contacts` where the page has such besides.
    """
    with transaction.atomic():
        if not turn.lease.is_held():
            raise LeaseLost("another worker serves this administration now")
        mirror.store(turn, records, mirror_cursor)
        here = {record.external_id: record for record in records if _is_wanted(record)}
        linked = set(
            PartyLink.objects.filter(administration=turn.administration, external_id__in=list(here)).values_list(
                "external_id", flat=True
            )
        )
        counts = {"read": len(records), "left_out": len(records) - len(here), "known": len(linked)}
        new: list[PartyRecord] = []
        recognised: list[tuple[Party, _Found]] = []
        taken = _linked_parties(turn, _matches(turn, [r for key, r in here.items() if key not in linked]))
        for found in taken.found:
            if not found.parties:
                new.append(found.record)
                continue
            party = found.parties[0] if len(found.parties) == 1 else None
            role = link_role(turn.tool, found.record.roles)
            if party is None or party.pk not in taken.still or (party.pk, role) in taken.busy:
                counts["doubtful"] = counts.get("doubtful", 0) + 1
                _name(turn, f"{found.record.code} {found.record.name}", found.parties, found.fact)
                continue
            taken.busy.add((party.pk, role))
            recognised.append((taken.still[party.pk], found))
        counts["linked"] = _recognise(turn, recognised)
        counts["added"] = _add(turn, new)
        counts["wrong"] = len(new) - counts["added"]
        inside = [contact for record in here.values() for contact in record.contacts]
        for doubtful in persons.take_over(turn, [*inside, *contacts], _tag(turn)):
            _name(turn, doubtful.record.name, doubtful.parties, "name")
    for what, number in counts.items():
        turn.count("import", what, number)


def _is_wanted(record: PartyRecord) -> bool:
    """Relations that are in use, prospects as well; blocked and deleted ones stay in the tool."""
    return not record.deleted and not record.blocked


@dataclass(slots=True)
class _Matches:
    found: list[_Found]
    busy: set[tuple[int, str]]  # ours who have a relation of that role in this administration already
    still: dict[int, Party]  # ours who are neither deleted nor merged since they were read, as they are now


def _matches(turn: Slice, records: Sequence[PartyRecord]) -> list[_Found]:
    """Whom of ours each relation may be, in three queries for a page."""
    rows = {record.external_id: mirror.to_row(turn.administration, record) for record in records}
    ours = Party.objects.filter(deleted_at__isnull=True).order_by("pk")
    by_vat = _index(ours.filter(vat_number__in=_texts(row.vat_number for row in rows.values())), "vat_number")
    by_enterprise = _index(
        ours.filter(enterprise_number__in=_texts(row.enterprise_number for row in rows.values())), "enterprise_number"
    )
    by_name: dict[tuple[str, str], list[Party]] = defaultdict(list)
    for party in ours.filter(name_key__in=_texts(row.name_key for row in rows.values())).exclude(postcode=""):
        by_name[party.name_key, postcode_key(party.postcode)].append(party)
    found = []
    for record in records:
        row = rows[record.external_id]
        namesakes = [
            party
            for party in (by_name.get((row.name_key, row.postcode_key), []) if row.postcode_key else [])
            if not (party.vat_number and row.vat_number and party.vat_number != row.vat_number)
        ]
        steps: tuple[tuple[str, list[Party]], ...] = (
            ("VAT number", by_vat.get(row.vat_number, []) if row.vat_number else []),
            ("enterprise number", by_enterprise.get(row.enterprise_number, []) if row.enterprise_number else []),
            ("name and postcode", namesakes),
        )
        fact, parties = next(((fact, parties) for fact, parties in steps if parties), ("", []))
        found.append(_Found(row, record, parties, fact))
    return found


def _linked_parties(turn: Slice, found: list[_Found]) -> _Matches:
    ids = {party.pk for one in found for party in one.parties}
    # Locked until the page is written: none goes into another one between this look and its link.
    here = Party.objects.select_for_update(no_key=True).filter(pk__in=ids, deleted_at=None).order_by("pk")
    still = {party.pk: party for party in here}
    busy = PartyLink.objects.filter(administration=turn.administration, party__in=ids, primary=True)
    return _Matches(found, set(busy.values_list("party_id", "role")), still)


def _texts(values: Iterable[str]) -> list[str]:
    return sorted({value for value in values if value})


def _index(parties: Iterable[Party], column: str) -> dict[str, list[Party]]:
    index: dict[str, list[Party]] = defaultdict(list)
    for party in parties:
        index[getattr(party, column)].append(party)
    return index


def _name(turn: Slice, there: str, ours: Sequence[Party], fact: str) -> None:
    """Keep the names of a doubtful one for the page of the run."""
    named: list[list[str]] = turn.cursor["import"].setdefault("doubtful", [])
    if len(named) < _NAMED:
        fits = ", ".join(party.name for party in ours[:3])
        named.append([there.strip()[:120], fits[:200], fact])


def _new_link(turn: Slice, party: Party, record: PartyRecord, fact: str) -> PartyLink:
    fingerprint = party_hash(party_data(party))
    now = timezone.now()
    return PartyLink(
        administration=turn.administration,
        party=party,
        role=link_role(turn.tool, record.roles),
        external_id=record.external_id,
        code=record.code[:40],
        matched_by=fact,
        # What stands there stays until ours changes; only a missing role is asked for, when a document needs it.
        is_customer=PartyRole.CUSTOMER in record.roles,
        is_supplier=PartyRole.SUPPLIER in record.roles,
        sent_hash=fingerprint if PartyRole.CUSTOMER in record.roles else role_open(fingerprint),
        linked_at=now,
    )


def _recognise(turn: Slice, found: Sequence[tuple[Party, _Found]]) -> int:
    """Link ours to their relations, tag them and fill what is empty; the number linked."""
    filled = [(party, values) for party, one in found if (values := _missing(party, one))]
    fill_empty(parties=filled, message=turn.tool.label, by=turn.run.started_by)
    # After that: what stands there is what we have now.
    PartyLink.objects.bulk_create(_new_link(turn, party, one.record, one.fact) for party, one in found)
    if found:
        tag_parties(ids=[party.pk for party, _one in found], tag=tag_named(_tag(turn)), by=turn.run.started_by)
    return len(found)


def _tag(turn: Slice) -> str:
    return f"{turn.tool.label} Import"


def _missing(party: Party, found: _Found) -> dict[str, str]:
    """What the relation says and the party does not; numbers and address only where they are surely about the same."""
    there = _party_of(found.record)
    if there is None:
        return {}
    names = [*_FILLED]
    if not (party.vat_number or party.enterprise_number) or found.fact != "name and postcode":
        names += ("vat_number", "enterprise_number")
    if postcode_key(party.postcode) in ("", postcode_key(there.postcode)):
        names += ("street", "postcode", "city")
    return {name: value for name in names if not getattr(party, name) and (value := getattr(there, name))}


def _add(turn: Slice, records: Sequence[PartyRecord]) -> int:
    """Add companies and contacts with their links; the number added. One without a name is none."""
    pairs = [(made, record) for record in records if (made := _party_of(record)) is not None]
    if pairs:
        add_imported(parties=[party for party, _record in pairs], tag=_tag(turn), by=turn.run.started_by)
        PartyLink.objects.bulk_create(_new_link(turn, party, record, "import") for party, record in pairs)
    return len(pairs)


def _party_of(record: PartyRecord) -> Party | None:
    """A relation as a party of ours. What is not valid here is left empty rather than taken over wrong."""
    name = " ".join(record.name.split())[:200]
    if not name:
        return None
    row = mirror.compared_values(record)
    party = Party(
        kind=PartyKind.PERSON if record.is_person else PartyKind.COMPANY,
        name=name,
        name_key=row["name_key"],
        vat_number=row["vat_number"] if is_valid_vat_number(row["vat_number"]) else "",
        enterprise_number=row["enterprise_number"],
        street=record.street[:200],
        postcode=record.postcode[:16],
        city=record.city[:100],
        country=record.country[:2],
        language=record.language[:2].lower(),
        email=record.email[:254],
        phone=record.phone[:40],
        website=record.website[:200],
        is_customer=PartyRole.CUSTOMER in record.roles,
        is_supplier=PartyRole.SUPPLIER in record.roles,
    )
    if record.is_person:
        party.first_name, _blank, party.last_name = name.rpartition(" ")
        party.first_name, party.last_name = party.first_name[:100], party.last_name[:100]
    try:
        party.clean_fields(exclude={"uid"})
    except ValidationError as error:
        for field in _OPTIONAL:
            if field in error.message_dict:
                setattr(party, field, "")
    return party
