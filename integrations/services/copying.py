"""Taking over links from another entity's connection with the same tool (S-127). Journals and dates are not taken over.

Codes are looked for by code in the target's own lists; what somebody chose for the target stays.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from invoicing.models import VatRate

from ..models import Connection, LedgerLink, LinkDirection, ToolLedgerAccount, ToolPaymentTerm, VatCode, VatLink
from .errors import ConnectError
from .settings import link_ledger, link_vat, save_settings

_SETTINGS: dict[str, Any] = {
    "discount_account": ToolLedgerAccount,
    "default_ledger_account": ToolLedgerAccount,
    "default_payment_term": ToolPaymentTerm,
}


class Outcome(enum.StrEnum):
    SET = "set"
    SAME = "same"
    STAYS = "stays"
    NO_RATE = "no-rate"
    NO_CODE = "no-code"


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyRow:
    """One link or setting of the source, and what taking it over would do.

    `kind` is vat, ledger, or the name of a setting; `stays` what the target has instead.
    """

    kind: str
    direction: str
    name: str
    code: str
    outcome: Outcome
    rate_id: int | None = None
    stays: str = ""


def sources_for(target: Connection) -> QuerySet[Connection]:
    """Connections of other entities with the same tool that have links to take over."""
    has_links = Q(vat_links__isnull=False) | Q(ledger_links__isnull=False)
    others = Connection.objects.filter(has_links, tool=target.tool, administration__isnull=False)
    return others.exclude(entity_id=target.entity_id).select_related("entity", "administration").distinct()


def compare_links(*, source: Connection, target: Connection) -> list[CopyRow]:
    """What taking over would do, row by row; writes nothing. ConnectError: another tool, or no administration yet."""
    if source.tool != target.tool or source.entity_id == target.entity_id:
        raise ConnectError(_("Links are taken over between two entities with the same tool."))
    if source.administration_id is None or target.administration_id is None:
        raise ConnectError(_("Choose the administration first."))
    rows = list(_links(source, target, "vat", VatLink, "vat_code", VatCode))
    rows += _links(source, target, "ledger", LedgerLink, "account", ToolLedgerAccount)
    rows += _settings(source, target)
    return rows


@transaction.atomic
def copy_links(*, source: Connection, target: Connection, user: AbstractBaseUser | None) -> int:
    """Take over what `compare_links` says would be set; the number of rows. Doing it twice changes nothing more."""
    rows = [row for row in compare_links(source=source, target=target) if row.outcome is Outcome.SET]
    for direction in LinkDirection.values:
        for kind, save in (("vat", link_vat), ("ledger", link_ledger)):
            links: dict[int, str | None] = {
                row.rate_id: row.code
                for row in rows
                if row.kind == kind and row.direction == direction and row.rate_id is not None
            }
            if links:
                save(connection=target, direction=direction, links=links, user=user)
    settings: dict[str, Any] = {row.kind: row.code for row in rows if row.kind in _SETTINGS}
    if settings:
        save_settings(connection=target, user=user, **settings)
    return len(rows)


def _links(
    source: Connection, target: Connection, kind: str, model: Any, column: str, mirror: Any
) -> Iterator[CopyRow]:
    there = model.objects.filter(connection=source).select_related(column, "rate").order_by("direction", "rate__code")
    here = {
        (link.direction, link.rate_id): getattr(link, column)
        for link in model.objects.filter(connection=target).select_related(column)
    }
    rates = _rates(target)
    offered = {row.code: row for row in mirror.objects.filter(administration=target.administration_id, active=True)}
    for link in there:
        code = getattr(link, column).code
        rate_id = link.rate_id if link.rate.entity_id is None else rates.get(_same(link.rate))
        if link.rate.entity_id is None and link.rate.country != target.entity.country:
            rate_id = None
        facts: dict[str, Any] = {"kind": kind, "direction": link.direction, "name": str(link.rate), "code": code}
        if rate_id is None:
            yield CopyRow(**facts, outcome=Outcome.NO_RATE)
            continue
        present = here.get((link.direction, rate_id))
        if present is not None:
            outcome = Outcome.SAME if present.code == code else Outcome.STAYS
            yield CopyRow(**facts, outcome=outcome, rate_id=rate_id, stays=str(present))
        elif code in offered and _usable(offered[code], link.direction):
            yield CopyRow(**facts, outcome=Outcome.SET, rate_id=rate_id)
        else:
            yield CopyRow(**facts, outcome=Outcome.NO_CODE, rate_id=rate_id)


def _usable(row: Any, direction: str) -> bool:
    if isinstance(row, VatCode):
        return not row.inclusive and row.direction in ("both", direction)
    return bool(row.bookable)


def _settings(source: Connection, target: Connection) -> Iterator[CopyRow]:
    for name, model in _SETTINGS.items():
        theirs, ours = getattr(source, name), getattr(target, name)
        if theirs is None:
            continue
        label = str(Connection._meta.get_field(name).verbose_name)  # type: ignore[union-attr]
        facts: dict[str, Any] = {"kind": name, "direction": "", "name": label, "code": theirs.code}
        if ours is not None:
            outcome = Outcome.SAME if ours.code == theirs.code else Outcome.STAYS
            yield CopyRow(**facts, outcome=outcome, stays=str(ours))
            continue
        here = model.objects.filter(administration=target.administration_id, active=True, code=theirs.code)
        yield CopyRow(**facts, outcome=Outcome.SET if here.exists() else Outcome.NO_CODE)


def _rates(target: Connection) -> dict[tuple[object, ...], int]:
    """The target's own rates by what makes two of them the same."""
    own = VatRate.objects.filter(entity=target.entity_id, active=True).prefetch_related("versions")
    return {_same(rate): rate.pk for rate in own}


def _same(rate: VatRate) -> tuple[object, ...]:
    newest = max(rate.versions.all(), key=lambda version: version.valid_from, default=None)
    return rate.country, rate.code, rate.category, newest.percentage if newest is not None else None
