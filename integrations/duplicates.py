"""What the bridge knows of customers that the finder of duplicates wants: which of them share a number in a tool."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from django.db.models import Count

from crm import duplicates

from .models import LinkRole, PartyLink, RunTrigger, SyncRun
from .sync import announcing

_BATCH = 1_000


def register() -> None:
    """Called once at start: the finder asks here, and an import has duplicates looked for when it ends."""
    duplicates.register(shared=shared_ids, numbers=numbers_of)
    announcing.register(on_finished=look_after_import, on_tick=duplicates.pick_up)


def shared_ids() -> Iterable[tuple[str, int]]:
    """Parties with one relation of an administration; two queries.

    A tool that keeps customers and suppliers apart numbers them apart, too: there an equal number says nothing.
    """
    links = PartyLink.objects.exclude(external_id="").filter(role=LinkRole.BOTH)
    several = links.order_by().values("administration", "external_id").annotate(n=Count("party", distinct=True))
    keys = {(row["administration"], row["external_id"]) for row in several.filter(n__gt=1)}
    # Two links of one role cannot have one number; what can is a number that was written with blanks or in other case.
    codes = links.exclude(code="").order_by().values("administration", "code").annotate(n=Count("party", distinct=True))
    same_code = {(row["administration"], row["code"]) for row in codes.filter(n__gt=1)}
    if not keys and not same_code:
        return
    wanted = links.values_list("administration_id", "external_id", "code", "party_id")
    for administration, external_id, code, party_id in wanted.iterator(chunk_size=5_000):
        if (administration, external_id) in keys:
            yield f"{administration}:{external_id}", party_id
        if (administration, code) in same_code:
            yield f"{administration}:code:{code}", party_id


def numbers_of(ids: Collection[int]) -> Iterable[tuple[int, str, str]]:
    ordered = sorted(ids)
    for start in range(0, len(ordered), _BATCH):
        links = PartyLink.objects.filter(party__in=ordered[start : start + _BATCH], primary=True).exclude(
            external_id=""
        )
        for party_id, administration, role, external_id in links.values_list(
            "party_id", "administration_id", "role", "external_id"
        ):
            yield party_id, f"{administration}:{role}", external_id


def look_after_import(run_id: int) -> None:
    """Have duplicates looked for once relations of a tool were taken over; doing it twice looks twice."""
    if SyncRun.objects.filter(pk=run_id, trigger=RunTrigger.IMPORT).exists():
        duplicates.ask_for_look(by=None)
