"""The tool's lists in our mirrors: rows made, changed, and made inactive when a whole list no longer holds them.

Source: S-005, S-031, domain rules 5; invariant 3.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils import timezone

from ..base.records import Catalogue, CatalogueKind, VatCodeRecord
from ..models import Administration, FiscalPeriod, Journal, ToolLedgerAccount, ToolPaymentTerm, VatCode

_BATCH = 500


def store_vat_codes(administration: Administration, records: Sequence[VatCodeRecord]) -> None:
    """Write what was read of a list that did not come to its end; nothing is gone for that."""
    now = timezone.now()
    spec = next(spec for spec in _SPECS if spec.kind is CatalogueKind.VAT_CODES)
    if _store(administration, spec, records, now, is_whole=False):
        administration.catalogue_changed_at = now
        administration.save(update_fields=["catalogue_changed_at"])
    note_details(administration, records, now)


def note_details(administration: Administration, records: Sequence[VatCodeRecord], now: datetime) -> None:
    """Keep of which VAT codes more than the name was read."""
    read = [record.external_id for record in records if not record.is_remembered]
    for start in range(0, len(read), _BATCH):
        VatCode.objects.filter(administration=administration, external_id__in=read[start : start + _BATCH]).update(
            details_at=now
        )


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
    note_details(administration, catalogue.vat_codes or (), now)
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
        "supply": record.supply.value if record.supply else "",
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
        (
            "code",
            "name",
            "percentage",
            "direction",
            "inclusive",
            "reverse_charge",
            "vendor_type",
            "country",
            "supply",
            "active",
        ),
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


def _store(
    administration: Administration, spec: _Spec, records: Sequence[Any], now: datetime, *, is_whole: bool = True
) -> bool:
    """Upsert `records`, make inactive what the whole list no longer holds; whether anything differed from before.

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
    gone = [row.pk for row in known.values() if row.active] if is_whole else []
    if gone:
        unseen: dict[str, Any] = {"active": False}
        if spec.model is ToolLedgerAccount:
            unseen["is_shown"] = False
        for start in range(0, len(gone), _BATCH):
            spec.model.objects.filter(pk__in=gone[start : start + _BATCH]).update(**unseen)
    return bool(changed or gone)
