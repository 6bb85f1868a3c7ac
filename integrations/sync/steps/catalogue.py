"""Step 1: refresh the tool's lists within its quotas. An empty or shorter answer never deletes.

A row that a full list no longer holds becomes inactive; an empty list where rows were known changes nothing and
is a question about rights, which the tool is then asked. Source: S-005, S-031, domain rules 5; invariant 3.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import cast

from django.utils import timezone

from invoicing.models import LedgerAccount, LedgerAccountKind

from ...base.errors import AccessDenied, RateLimited, Temporary
from ...base.provider import Capability, PiecemealProvider, Provider
from ...base.records import AccountKind, Catalogue, CatalogueKind, SupplyKind, VatCodeRecord, VatDirection
from ...models import (
    IN_BOOKS,
    Administration,
    Connection,
    Issue,
    Posting,
    PostingState,
    RunTrigger,
    ToolLedgerAccount,
    Unplaced,
    VatCode,
    VatLink,
)
from ...registry import get_tool
from ..lists import store_catalogue, store_vat_codes
from ..selection import to_plan
from ..sides import PURCHASES
from ..slices import Slice

_BATCH = 500
# Details of linked VAT codes, where each costs a call: read again after that time, so many at most in a reading.
_DETAILS_KEPT = timedelta(days=6)
_DETAILS_AGAIN = 5
_UNFINISHED_KEPT = timedelta(hours=1)
# At night, with nothing that could go out, the lists are left alone so long: the calls are scarce, and nobody asks.
_IDLE_KEPT = timedelta(days=3)
# Hardly ever changes; read again at once when a document is held up by its currency.
_DEFAULT_SECONDS = {CatalogueKind.CURRENCIES: 30 * 24 * 3600}


def run(turn: Slice) -> bool:
    """Refresh every list that is due; the lists are short, so one slice always does it."""
    due = due_kinds(turn)
    if due and turn.run.trigger == RunTrigger.NIGHTLY and not _may_send(turn):
        due = frozenset(kind for kind in due if _is_old(turn, kind))
    if due:
        _refresh_within_quota(turn, due)
    turn.forget_books()
    return True


def _may_send(turn: Slice) -> bool:
    """Whether a document could go out or is held up, be it by a list: the lists then decide what becomes of it."""
    settled = (*IN_BOOKS, PostingState.EXCLUDED)
    start = turn.connection.start_date
    return (
        start is None
        or Unplaced.objects.filter(entity=turn.connection.entity_id, date__gte=start).exists()
        or to_plan(turn.connection, PURCHASES).exists()
        or Posting.objects.filter(connection=turn.connection).exclude(state__in=settled).exists()
        or Issue.objects.open().filter(connection=turn.connection).exists()
    )


def _is_old(turn: Slice, kind: CatalogueKind) -> bool:
    last = (turn.administration.refreshed_at or {}).get(kind.value)
    return not last or datetime.fromisoformat(last) + _IDLE_KEPT <= timezone.now()


def _refresh_within_quota(turn: Slice, kinds: frozenset[CatalogueKind]) -> None:
    """Refresh; where the tool counts the reading of each list, list by list, and one that is used up stays as it is."""
    if not any(limit.operations for limit in turn.tool.limits.calls):
        refresh(turn, kinds)
        return
    for kind in sorted(kinds):
        try:
            refresh(turn, frozenset({kind}))
        except RateLimited as exc:
            if exc.scope == "minute" or kind.value not in (turn.administration.refreshed_at or {}):
                raise
            if not exc.counted:
                turn.gate.exhausted(exc.scope, exc.until, exc.operation)
            turn.count("catalogue", "kept")


def due_kinds(turn: Slice) -> frozenset[CatalogueKind]:
    kinds = set(CatalogueKind)
    if Capability.JOURNALS not in turn.tool.capabilities:
        kinds.discard(CatalogueKind.JOURNALS)
    if Capability.PAYMENT_TERMS not in turn.tool.capabilities:
        kinds.discard(CatalogueKind.PAYMENT_TERMS)
    now = timezone.now()
    refreshed: dict[str, str] = dict(turn.administration.refreshed_at or {})
    if Issue.objects.open().filter(connection=turn.connection, code="APP-210").exists():
        refreshed.pop(CatalogueKind.CURRENCIES.value, None)

    def is_due(kind: CatalogueKind) -> bool:
        age = turn.tool.list_seconds.get(kind.value, _DEFAULT_SECONDS.get(kind, 0))
        last = refreshed.get(kind.value)
        return not last or not age or datetime.fromisoformat(last) + timedelta(seconds=age) <= now

    return frozenset(kind for kind in kinds if is_due(kind))


def refresh(turn: Slice, kinds: frozenset[CatalogueKind]) -> None:
    """Read `kinds` and store them. Raises AccessDenied when a list emptied because a right is missing."""
    catalogue = read_lists(turn.connection, turn.administration, turn.provider, kinds, anew=False)
    emptied = store_catalogue(turn.administration, catalogue)
    turn.count("catalogue", "lists", len(kinds))
    if emptied:
        missing = [right for right in turn.provider.check_access() if not right.optional]
        if missing:
            raise AccessDenied(
                "a list is empty because a right is missing",
                params={"right": "; ".join(right.right for right in missing)},
            )
        turn.set_count("catalogue", "emptied", len(emptied))
    share_ledger_accounts(turn.connection, turn.administration)


def read_lists(
    connection: Connection,
    administration: Administration,
    provider: Provider,
    kinds: frozenset[CatalogueKind],
    *,
    anew: bool,
) -> Catalogue:
    """The lists. Where a VAT code costs a call, of those only what is new, renamed or due again; all of them `anew`.

    What was read of VAT codes before the tool wanted a pause is kept, and the next reading goes on behind it.
    """
    piecemeal = kinds & {CatalogueKind.VAT_CODES}
    if not piecemeal or Capability.VAT_CODES_ONE_BY_ONE not in get_tool(connection.tool).capabilities:
        return provider.catalogue(kinds)
    rows = VatCode.objects.filter(administration=administration, active=True, details_at__isnull=False)
    known = _read_just_now(administration, rows) if anew else _not_due(administration, rows)
    found: list[VatCodeRecord] = []
    try:
        for record in cast("PiecemealProvider", provider).vat_codes({row.external_id: _known(row) for row in known}):
            found.append(record)
        return replace(provider.catalogue(kinds - piecemeal), vat_codes=tuple(found))
    except Temporary:
        store_vat_codes(administration, found)
        raise


def _read_just_now(administration: Administration, rows: Iterable[VatCode]) -> list[VatCode]:
    """VAT codes of a reading that began within the hour and was not finished."""
    finished = (administration.refreshed_at or {}).get(CatalogueKind.VAT_CODES.value)
    since = timezone.now() - _UNFINISHED_KEPT
    if finished:
        since = max(since, datetime.fromisoformat(finished))
    return [row for row in rows if row.details_at is not None and row.details_at > since]


def _not_due(administration: Administration, rows: Iterable[VatCode]) -> list[VatCode]:
    """VAT codes without the linked ones that were not read the longest."""
    linked = set(VatLink.objects.filter(connection__administration=administration).values_list("vat_code", flat=True))
    kept = list(rows)
    old = timezone.now() - _DETAILS_KEPT
    due = sorted(
        (row.details_at, row.pk) for row in kept if row.pk in linked and row.details_at and row.details_at <= old
    )
    again = {pk for _, pk in due[:_DETAILS_AGAIN]}
    return [row for row in kept if row.pk not in again]


def _known(row: VatCode) -> VatCodeRecord:
    return VatCodeRecord(
        external_id=row.external_id,
        code=row.code,
        name=row.name,
        percentage=row.percentage,
        direction=VatDirection(row.direction),
        inclusive=row.inclusive,
        active=row.active,
        reverse_charge=row.reverse_charge,
        vendor_type=row.vendor_type,
        country=row.country,
        supply=SupplyKind(row.supply) if row.supply else None,
    )


def share_ledger_accounts(connection: Connection, administration: Administration) -> None:
    """Offer the tool's revenue accounts on the lines of the connection's entity (S-005, S-031, S-132), its cost accounts
    on those of purchases."""
    entity = connection.entity
    prefixes = get_tool(connection.tool).revenue_prefixes.get(entity.country, ())
    rows = ToolLedgerAccount.objects.filter(administration=administration, bookable=True)
    offered: dict[str, ToolLedgerAccount] = {}
    kinds: dict[str, LedgerAccountKind] = {}
    for one in rows:
        is_revenue = one.kind == AccountKind.REVENUE.value or (prefixes and one.code.startswith(prefixes))
        if one.active and (is_revenue or one.kind == AccountKind.COST.value):
            offered[one.code] = one
            kinds[one.code] = LedgerAccountKind.REVENUE if is_revenue else LedgerAccountKind.COST
    known = {account.code: account for account in LedgerAccount.objects.filter(entity=entity)}
    new = [
        LedgerAccount(entity=entity, code=row.code, name=row.name, kind=kinds[row.code], from_tool=True)
        for row in offered.values()
        if row.code not in known
    ]
    if new:
        LedgerAccount.objects.bulk_create(new, batch_size=_BATCH, ignore_conflicts=True)
    for code, account in known.items():
        row = offered.get(code)
        if row is not None and (not account.active or account.name != row.name or not account.from_tool):
            account.active, account.name, account.from_tool = True, row.name, True
            account.save(update_fields=["active", "name", "from_tool"])
        elif row is None and account.from_tool and account.active:
            account.active = False
            account.save(update_fields=["active"])
