"""The mirror of a tool's relations: read once, then by changes, so that finding a party costs no call.

Source: design section 8; domain rules 8.3 (reference, VAT number, enterprise number, exact name and postcode).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from crm.models import Party
from crm.names import name_key, postcode_key
from crm.numbers import normalise_enterprise_number, normalise_vat_number

from ..base.errors import AccessDenied, LeaseLost, Unreachable
from ..base.records import ExternalRef, PartyRecord, PartyRole
from ..models import Administration, ToolParty
from .planning import party_data
from .slices import Slice

# How old a reading may be for a creation that relies on it alone: somebody may make the same relation by hand meanwhile.
FRESH = timedelta(minutes=2)
_BATCH = 500
_COLUMNS = [
    "code",
    "name",
    "reference",
    "caller_number",
    "vat_number",
    "enterprise_number",
    "name_key",
    "postcode_key",
    "country",
    "is_person",
    "is_customer",
    "is_supplier",
    "blocked",
    "deleted",
    "last_seen_at",
]


def refresh(turn: Slice) -> bool:
    """Read the relations changed since the last time; True when the last page is in.

    Each page is stored together with its cursor, so a turn that ends in the middle goes on where it stopped.
    """
    administration = turn.administration
    calls_before, asked_at = turn.gate.calls, timezone.now()
    try:
        for page in turn.provider.parties(administration.party_cursor):
            store(turn, page.items, page.cursor)
            if any(not record.deleted for record in page.items):
                turn.cursor["relations_seen"] = True
            if not page.is_last and turn.is_over:
                return False
    finally:
        turn.count("parties", "mirror_calls", turn.gate.calls - calls_before)
    if not ToolParty.objects.filter(administration=administration).exists():
        # An empty list of relations may mean a missing right; then every customer would be created again.
        missing = [right for right in turn.provider.check_access() if not right.optional]
        if missing:
            raise AccessDenied(
                "relations cannot be read", params={"right": "; ".join(right.right for right in missing)}
            )
    turn.cursor["mirror_fresh"], turn.cursor["mirror_read_at"] = True, asked_at.isoformat()
    return True


def is_fresh(turn: Slice) -> bool:
    """Whether the relations were read in this run; where creations rely on that alone, a moment ago."""
    if not turn.cursor.get("mirror_fresh"):
        return False
    if turn.tool.party_number is None:
        return True
    return timezone.now() - datetime.fromisoformat(turn.cursor["mirror_read_at"]) < FRESH


def free_numbers(turn: Slice, parties: Sequence[Party]) -> set[int]:
    """Ids of those of `parties` whose number over there nobody has, blocked relations included; two queries.

    Empty where callers give no numbers, and where the mirror has no blocked relation: whether the tool lists those is
    not proven then, and each party has to be looked for before it is made.
    """
    number_of = turn.tool.party_number
    rows = ToolParty.objects.filter(administration=turn.administration)
    if number_of is None or not parties or not rows.filter(blocked=True).exists():
        return set()
    wanted = {party.pk: number_of(party.mark) for party in parties}
    taken = set(rows.filter(caller_number__in=wanted.values()).values_list("caller_number", flat=True))
    given = Counter(wanted.values())
    return {pk for pk, number in wanted.items() if number not in taken and given[number] == 1}


def prove(turn: Slice, parties: Sequence[Party], role: PartyRole = PartyRole.CUSTOMER) -> None:
    """Before the first relation of a run is created: make sure that an answer without changes was not blindness.

    Asks the tool for one of `parties`, once per run and only when the list brought nothing. Raises AccessDenied
    when the right to see relations is not proven; Unreachable when the tool shows a relation that the list kept
    back, which is then read from its beginning.
    """
    if turn.cursor.get("relations_seen"):
        return
    calls_before = turn.gate.calls
    refs = turn.provider.find_party(party_data(parties[0], roles=frozenset({role})))
    turn.count("parties", "mirror_calls", turn.gate.calls - calls_before)
    known = ToolParty.objects.filter(
        administration=turn.administration, external_id__in=[ref.external_id for ref in refs]
    ).count()
    if known < len(refs):
        # The list is not whole: read it from its beginning at the next try rather than make duplicates.
        Administration.objects.filter(pk=turn.administration.pk, lease_token=turn.lease.token).update(party_cursor="")
        turn.cursor["mirror_fresh"] = False
        raise Unreachable("the list of relations is not whole")
    turn.cursor["relations_seen"] = True


def store(turn: Slice, records: Sequence[PartyRecord], cursor: str) -> None:
    """Write a page of relations together with the cursor behind it. Raises LeaseLost."""
    now = timezone.now()
    rows = [to_row(turn.administration, record) for record in records]
    for row in rows:
        row.last_seen_at = now
    with transaction.atomic():
        if not turn.lease.is_held():
            raise LeaseLost("another worker serves this administration now")
        for start in range(0, len(rows), _BATCH):
            ToolParty.objects.bulk_create(
                rows[start : start + _BATCH],
                update_conflicts=True,
                unique_fields=["administration", "external_id"],
                update_fields=_COLUMNS,
            )
        Administration.objects.filter(pk=turn.administration.pk).update(party_cursor=cursor)
    turn.administration.party_cursor = cursor


def compared_values(record: PartyRecord) -> dict[str, str]:
    """The numbers and names of a relation in the form in which they are compared."""
    return {
        "vat_number": normalise_vat_number(record.vat_number, record.country)[:24],
        "enterprise_number": normalise_enterprise_number(record.enterprise_number, record.country)[:24],
        "name_key": name_key(record.name)[:200],
        "postcode_key": postcode_key(record.postcode)[:16],
    }


def to_row(administration: Administration, record: PartyRecord) -> ToolParty:
    """A relation with its numbers and names in the form they are compared by."""
    return ToolParty(
        administration=administration,
        external_id=record.external_id,
        code=record.code[:40],
        name=record.name[:200],
        reference=record.reference[:40],
        caller_number=record.caller_number[:20],
        **compared_values(record),
        country=record.country[:2],
        is_person=record.is_person,
        is_customer=PartyRole.CUSTOMER in record.roles,
        is_supplier=PartyRole.SUPPLIER in record.roles,
        blocked=record.blocked,
        deleted=record.deleted,
        last_seen_at=timezone.now(),
    )


def find(administration: Administration, parties: Iterable[Party]) -> dict[int, list[ExternalRef]]:
    """Candidates of each party by the strongest fact that has any; five queries for any number of parties."""
    wanted = list(parties)
    absorbed = _absorbed_marks(wanted)
    rows = ToolParty.objects.filter(administration=administration, deleted=False).order_by("pk")
    by_reference = _index(rows.filter(reference__in=[p.mark for p in wanted] + list(absorbed)), "reference")
    by_vat = _index(rows.filter(vat_number__in=[p.vat_number for p in wanted if p.vat_number]), "vat_number")
    by_enterprise = _index(
        rows.filter(enterprise_number__in=[_enterprise(p) for p in wanted if _enterprise(p)]), "enterprise_number"
    )
    names = rows.filter(name_key__in=[p.name_key for p in wanted if p.name_key and p.postcode]).filter(
        ~Q(postcode_key="")
    )
    by_name: dict[tuple[str, str], list[ToolParty]] = defaultdict(list)
    for row in names:
        by_name[row.name_key, row.postcode_key].append(row)
    found: dict[int, list[ExternalRef]] = {}
    for party in wanted:
        steps: tuple[tuple[str, list[ToolParty]], ...] = (
            ("reference", by_reference.get(party.mark, [])),
            # Made for one that went into this party since.
            ("reference", [r for mark, pk in absorbed.items() if pk == party.pk for r in by_reference.get(mark, [])]),
            ("VAT number", by_vat.get(party.vat_number, []) if party.vat_number else []),
            ("enterprise number", by_enterprise.get(_enterprise(party), []) if _enterprise(party) else []),
            (
                "name and postcode",
                _not_contradicting(party, by_name.get((party.name_key, postcode_key(party.postcode)), [])),
            ),
        )
        fact, hits = next(((fact, hits) for fact, hits in steps if hits), ("", []))
        found[party.pk] = [_ref(row, fact) for row in hits]
    return found


def _absorbed_marks(parties: list[Party]) -> dict[str, int]:
    """Our marks of the parties that went into one of `parties`, with whom they went into."""
    gone = Party.objects.filter(merged_into__in=parties).only("uid", "merged_into").order_by("pk")
    return {party.mark: party.merged_into_id for party in gone if party.merged_into_id is not None}


def _not_contradicting(party: Party, rows: list[ToolParty]) -> list[ToolParty]:
    """Namesakes at the same postcode, without those whose VAT number says that they are someone else."""
    return [row for row in rows if not (row.vat_number and party.vat_number and row.vat_number != party.vat_number)]


def numbers(party: Party) -> list[tuple[str, str]]:
    """The numbers by which a relation is this party's and nobody else's: of what kind, and which."""
    known = (("vat", party.vat_number), ("enterprise", _enterprise(party)))
    return [(kind, value) for kind, value in known if value]


def _enterprise(party: Party) -> str:
    return normalise_enterprise_number(party.enterprise_number, party.country)


def _index(rows: Iterable[ToolParty], column: str) -> dict[str, list[ToolParty]]:
    index: dict[str, list[ToolParty]] = defaultdict(list)
    for row in rows:
        index[getattr(row, column)].append(row)
    return index


def _ref(row: ToolParty, fact: str) -> ExternalRef:
    roles = {
        role for role, has in ((PartyRole.CUSTOMER, row.is_customer), (PartyRole.SUPPLIER, row.is_supplier)) if has
    }
    return ExternalRef(
        external_id=row.external_id,
        code=row.code,
        name=row.name,
        matched_by=fact,
        roles=frozenset(roles),
        blocked=row.blocked,
    )
