"""Customers and suppliers of Twinfield: looked up before they are made, created in batches, updated on what stands there.

Source: vendor notes, dimensions of type DEB and CRD; S-073 to S-082.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..base.errors import IntegrationError
from ..base.records import DocumentRef, ExternalRef, NotTried, Outcome, PartyData, Posted, Refused, Unclear
from ..base.texts import clean
from . import mapping, matching
from .client import TwinfieldClient
from .keys import ROLE_OF_TYPE, TYPE_OF_ROLE, party_key, split_party
from .limits import BATCH, LIMITS
from .listing import read_party
from .markup import Node, attribute, text
from .pairing import pair
from .refusals import messages_of
from .sending import Batch, refused, send
from .unsure import Readings
from .values import Unsendable

# An update is read before it is written; so many that two groups and their writing fit into the credits of a minute.
_UPDATES_PER_CALL = 8
_CANDIDATES = 10


def find(client: TwinfieldClient, party: PartyData) -> list[ExternalRef]:
    """Relations that may be the party, strongest fact first: by numbers in their addresses, and by name.

    Twinfield looks in one field at a time and shows codes and names, so what may be ours is read. A missing right is
    refused there, so an empty answer counts.
    """
    found: dict[str, ExternalRef] = {}
    for role in sorted(party.roles or TYPE_OF_ROLE):
        kind = TYPE_OF_ROLE[role]
        for code in _candidates(client, kind, party):
            record = read_party(client, kind, code)
            fact = "" if record.deleted else matching.matched_by(party, record)
            if fact:
                found[record.external_id] = mapping.external_ref(record, fact)
    return matching.strongest_first(list(found.values()))


def _candidates(client: TwinfieldClient, kind: str, party: PartyData) -> list[str]:
    """Codes of relations that are worth a look."""
    codes: dict[str, None] = {}
    own_kind, own_code = split_party(party.external_id)
    if own_kind == kind:
        codes[own_code] = None
    options = {"office": client.office, "dimtype": kind, "includehidden": "1"}
    for number in (party.vat_number, party.enterprise_number):
        plain = matching.compact(number)
        if plain:
            rows = client.search("DIM", options, pattern=f"*{plain}*", field=4)
            codes.update(dict.fromkeys(row[0] for row in rows[:_CANDIDATES]))
    start = clean(party.name)[:3]
    if start:
        wanted = matching.normal_name(party.name)
        pattern = "".join("?" if sign in "*?[]" or ord(sign) > 126 else sign for sign in start) + "*"
        rows = client.search("DIM", options, pattern=pattern, field=2)
        same = [row[0] for row in rows if len(row) > 1 and matching.normal_name(row[1]) == wanted]
        codes.update(dict.fromkeys(same[:_CANDIDATES]))
    return [code for code in codes if code]


def save(client: TwinfieldClient, batch: Sequence[PartyData], readings: Readings) -> list[Outcome]:
    """Create or update each: 25 new ones a call, 8 known ones with a read before each.

    A relation that only needs a role has it by its type, or cannot get it: roles are separate dimensions.
    """
    outcomes: dict[int, Outcome] = {}
    new: list[int] = []
    known: list[int] = []
    for place, data in enumerate(batch):
        if data.external_id and not data.name:
            outcomes[place] = _only_role(data)
        else:
            (known if data.external_id else new).append(place)
    sent = False
    for places, write, size in ((new, _create, BATCH), (known, _update, _UPDATES_PER_CALL)):
        for start in range(0, len(places), size):
            part = places[start : start + size]
            try:
                found = write(client, [batch[place] for place in part], readings)
            except IntegrationError as exc:
                if not sent:
                    raise
                found = [NotTried(reason=str(exc))] * len(part)
            sent = sent or not all(isinstance(outcome, NotTried) for outcome in found)
            outcomes.update(zip(part, found, strict=True))
    return [outcomes[place] for place in range(len(batch))]


def _create(client: TwinfieldClient, parties: Sequence[PartyData], readings: Readings) -> list[Outcome]:
    return _save(client, parties, {}, readings)


def _update(client: TwinfieldClient, parties: Sequence[PartyData], readings: Readings) -> list[Outcome]:
    """Save known relations on top of what stands there now."""
    standing: dict[str, Node] = {}
    gone: dict[int, Outcome] = {}
    for place, data in enumerate(parties):
        kind, code = split_party(data.external_id)
        if not kind:
            gone[place] = Refused(code="PAR-641", text=f"{data.external_id} is no relation of Twinfield")
            continue
        answer = client.ask(mapping.read_of("dimensions", client.office, code, dimension_type=kind))
        record = mapping.party(answer) if attribute(answer, "result") != "0" else None
        if record is None:
            gone[place] = refused(messages_of(answer))
        elif record.deleted:
            gone[place] = Refused(code="PAR-641", text=f"{data.external_id} is deleted")
        else:
            standing[data.external_id] = answer
    left = [data for place, data in enumerate(parties) if place not in gone]
    found = iter(_save(client, left, standing, readings) if left else [])
    return [gone[place] if place in gone else next(found) for place in range(len(parties))]


def _save(
    client: TwinfieldClient, parties: Sequence[PartyData], standing: dict[str, Node], readings: Readings
) -> list[Outcome]:
    office = client.office
    batch: Batch[PartyData] = Batch(
        root="dimensions",
        build=lambda data: mapping.dimension(data, office, standing.get(data.external_id), readings),
        pair=_pair,
        taken=_saved,
    )
    return send(parties, batch, client.write, BATCH)


def _only_role(data: PartyData) -> Outcome:
    kind, code = split_party(data.external_id)
    if not kind:
        return Refused(code="PAR-641", text=f"{data.external_id} is no relation of Twinfield")
    if ROLE_OF_TYPE[kind] in data.roles:
        return Posted(ref=DocumentRef(external_id=party_key(kind, code), number=code))
    return Refused(code="PAR-640", text="customers and suppliers are separate in Twinfield")


def _pair(sent: Sequence[PartyData], answered: Sequence[Node]) -> list[Node | None]:
    """Known ones by their code, new ones by our mark and name, or by the name alone where only one bears it."""
    by_code = pair(
        sent,
        answered,
        lambda data: split_party(data.external_id),
        lambda node: (text(node, "type"), text(node, "code")),
    )
    by_mark = pair(
        sent,
        answered,
        lambda data: (_type_of(data), _name_of(data), data.reference),
        lambda node: (text(node, "type"), text(node, "name"), text(node, "shortname")),
    )
    names = [(_type_of(data), _name_of(data)) for data in sent]
    by_name = pair(
        sent,
        answered,
        lambda data: (_type_of(data), _name_of(data)),
        lambda node: (text(node, "type"), text(node, "name")),
    )
    found: list[Node | None] = []
    for data, code, mark, name, named in zip(sent, by_code, by_mark, by_name, names, strict=True):
        if data.external_id:
            found.append(code)
        else:
            found.append(mark if mark is not None else name if names.count(named) == 1 else None)
    return found


def _type_of(data: PartyData) -> str:
    try:
        return mapping.wanted_type(data)
    except Unsendable:
        return ""


def _name_of(data: PartyData) -> str:
    return clean(data.name, LIMITS.field_lengths["party.name"])


def _saved(data: PartyData, node: Node) -> Outcome:
    record = mapping.party(node)
    if record is None:
        return Unclear(text="the answer names no code")
    return Posted(ref=DocumentRef(external_id=record.external_id, number=record.code))
