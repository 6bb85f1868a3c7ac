"""Step 1: refresh the tool's lists within its quotas. An empty or shorter answer never deletes.

A row that a full list no longer holds becomes inactive; an empty list where rows were known changes nothing and
is a question about rights, which the tool is then asked. Source: S-005, S-031, domain rules 5; invariant 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.utils import timezone

from invoicing.models import LedgerAccount, LedgerAccountKind

from ...base.errors import AccessDenied, RateLimited
from ...base.provider import Capability
from ...base.records import AccountKind, Catalogue, CatalogueKind
from ...models import (
    Administration,
    Connection,
    FiscalPeriod,
    Issue,
    Journal,
    ToolLedgerAccount,
    ToolPaymentTerm,
    VatCode,
)
from ...registry import get_tool
from ..slices import Slice

_BATCH = 500
# Hardly ever changes; read again at once when a document is held up by its currency.
_DEFAULT_SECONDS = {CatalogueKind.CURRENCIES: 30 * 24 * 3600}


def run(turn: Slice) -> bool:
    """Refresh every list that is due; the lists are short, so one slice always does it."""
    due = due_kinds(turn)
    if due:
        _refresh_within_quota(turn, due)
    turn.forget_books()
    return True


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
    catalogue = turn.provider.catalogue(kinds)
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


def store_catalogue(administration: Administration, catalogue: Catalogue) -> list[str]:
    """Write the lists into the mirrors and return the kinds that came back empty although rows were known."""
    now = timezone.now()
    emptied: list[str] = []
    refreshed = dict(administration.refreshed_at or {})
    for spec in _SPECS:
        records = getattr(catalogue, spec.attribute)
        if records is None:
            continue
        if not records and spec.model.objects.filter(administration=administration).exists():
            emptied.append(spec.kind.value)
            continue
        if _store(administration, spec, records, now):
            administration.catalogue_changed_at = now
        refreshed[spec.kind.value] = now.isoformat()
    if catalogue.currencies:
        administration.currencies = sorted(catalogue.currencies)
        refreshed[CatalogueKind.CURRENCIES.value] = now.isoformat()
    administration.refreshed_at = refreshed
    administration.save(update_fields=["currencies", "refreshed_at", "catalogue_changed_at"])
    return emptied


@dataclass(frozen=True)
class _Spec:
    kind: CatalogueKind
    attribute: str
    model: Any
    columns: tuple[str, ...]

    def values(self, record: Any) -> dict[str, Any]:
        return _VALUES[self.kind](record)


def _journal(record: Any) -> dict[str, Any]:
    return {
        "code": record.code,
        "name": record.name[:200],
        "kind": record.kind.value,
        "vendor_type": record.vendor_type,
        "ledger_account_code": record.ledger_account_code,
        "active": record.active,
    }


def _account(record: Any) -> dict[str, Any]:
    return {
        "code": record.code,
        "name": record.name[:200],
        "kind": record.kind.value,
        "vendor_type": record.vendor_type,
        "bookable": record.bookable,
        "needs_cost_centre": record.needs_cost_centre,
        "active": record.active,
        "is_shown": True,
    }


def _vat_code(record: Any) -> dict[str, Any]:
    return {
        "code": record.code,
        "name": record.name[:200],
        "percentage": record.percentage,
        "direction": record.direction.value,
        "inclusive": record.inclusive,
        "reverse_charge": record.reverse_charge,
        "vendor_type": record.vendor_type,
        "country": record.country,
        "active": record.active,
    }


def _term(record: Any) -> dict[str, Any]:
    return {
        "code": record.code,
        "name": record.name[:200],
        "days": record.days,
        "month_ends": record.month_ends,
        "method": record.method.value,
        "has_discount": record.has_discount,
        "active": record.active,
    }


def _period(record: Any) -> dict[str, Any]:
    return {
        "code": f"{record.year}-{record.number:02d}",
        "name": "",
        "year": record.year,
        "period": record.number,
        "book_year": record.book_year,
        "start": record.start,
        "end": record.end,
        "closed": record.closed,
        "closed_journals": sorted(record.closed_journals),
        "active": True,
    }


_VALUES = {
    CatalogueKind.JOURNALS: _journal,
    CatalogueKind.LEDGER_ACCOUNTS: _account,
    CatalogueKind.VAT_CODES: _vat_code,
    CatalogueKind.PAYMENT_TERMS: _term,
    CatalogueKind.FISCAL_PERIODS: _period,
}
_SPECS = (
    _Spec(
        CatalogueKind.JOURNALS,
        "journals",
        Journal,
        ("code", "name", "kind", "vendor_type", "ledger_account_code", "active"),
    ),
    _Spec(
        CatalogueKind.LEDGER_ACCOUNTS,
        "ledger_accounts",
        ToolLedgerAccount,
        ("code", "name", "kind", "vendor_type", "bookable", "needs_cost_centre", "active", "is_shown"),
    ),
    _Spec(
        CatalogueKind.VAT_CODES,
        "vat_codes",
        VatCode,
        ("code", "name", "percentage", "direction", "inclusive", "reverse_charge", "vendor_type", "country", "active"),
    ),
    _Spec(
        CatalogueKind.PAYMENT_TERMS,
        "payment_terms",
        ToolPaymentTerm,
        ("code", "name", "days", "month_ends", "method", "has_discount", "active"),
    ),
    _Spec(
        CatalogueKind.FISCAL_PERIODS,
        "fiscal_periods",
        FiscalPeriod,
        ("code", "name", "year", "period", "book_year", "start", "end", "closed", "closed_journals", "active"),
    ),
)


def _store(administration: Administration, spec: _Spec, records: Sequence[Any], now: datetime) -> bool:
    """Upsert `records`, make inactive what the list no longer holds; whether anything differed from before.

    Unchanged rows cost one common update.
    """
    known = {row.external_id: row for row in spec.model.objects.filter(administration=administration)}
    changed: list[Any] = []
    unchanged: list[int] = []
    for record in records:
        values = spec.values(record)
        row = known.pop(record.external_id, None)
        if row is not None and all(getattr(row, name) == value for name, value in values.items()):
            unchanged.append(row.pk)
            continue
        changed.append(
            spec.model(administration=administration, external_id=record.external_id, last_seen_at=now, **values)
        )
    if changed:
        spec.model.objects.bulk_create(
            changed,
            batch_size=_BATCH,
            update_conflicts=True,
            unique_fields=["administration", "external_id"],
            update_fields=[*spec.columns, "last_seen_at"],
        )
    for start in range(0, len(unchanged), _BATCH):
        spec.model.objects.filter(pk__in=unchanged[start : start + _BATCH]).update(last_seen_at=now)
    gone = [row.pk for row in known.values() if row.active]
    if gone:
        unseen: dict[str, Any] = {"active": False}
        if spec.model is ToolLedgerAccount:
            unseen["is_shown"] = False
        for start in range(0, len(gone), _BATCH):
            spec.model.objects.filter(pk__in=gone[start : start + _BATCH]).update(**unseen)
    return bool(changed or gone)


def share_ledger_accounts(connection: Connection, administration: Administration) -> None:
    """Offer the tool's revenue accounts on the lines of the connection's entity (S-005, S-031, S-132)."""
    entity = connection.entity
    prefixes = get_tool(connection.tool).revenue_prefixes.get(entity.country, ())
    rows = ToolLedgerAccount.objects.filter(administration=administration, bookable=True)
    offered = {
        row.code: row
        for row in rows
        if row.active and (row.kind == AccountKind.REVENUE.value or (prefixes and row.code.startswith(prefixes)))
    }
    known = {account.code: account for account in LedgerAccount.objects.filter(entity=entity)}
    new = [
        LedgerAccount(entity=entity, code=row.code, name=row.name, kind=LedgerAccountKind.REVENUE, from_tool=True)
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
