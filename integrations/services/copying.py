"""Taking over links from another entity's connection with the same tool (S-127). Journals and dates are not taken over.

Codes are looked for by code in the target's own lists; what somebody chose for the target stays.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _

from config.figures import percentage
from crm import audit
from invoicing.models import VatRate

from ..base.records import AccountKind
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
    OTHER_CODE = "other-code"  # the code is there, and is for something else


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyRow:
    """One link or setting of the source, and what taking it over would do.

    `kind` is vat, ledger, or the name of a setting; `name` the rate, or the setting's label; `theirs` and `ours` what
    the source has, and what the target has or its list knows under that code.
    """

    kind: str
    direction: str
    name: str
    code: str
    theirs: str
    outcome: Outcome
    rate_id: int | None = None
    ours: str = ""


def sources_for(target: Connection) -> QuerySet[Connection]:
    """Connections of other entities with the same tool that have links to take over."""
    mine = {"connection": OuterRef("pk")}
    has_links = Exists(VatLink.objects.filter(**mine)) | Exists(LedgerLink.objects.filter(**mine))
    others = Connection.objects.filter(has_links, tool=target.tool, administration__isnull=False)
    return (
        others.exclude(entity_id=target.entity_id)
        .select_related("entity", "administration")
        .order_by("entity__name", "-pk")
    )


def compare_links(*, source: Connection, target: Connection) -> list[CopyRow]:
    """What taking over would do, row by row; writes nothing. ConnectError: another tool, or no administration yet."""
    source, target = _fresh(source), _fresh(target)
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
    """Take over what `compare_links` says would be set; the number of links and settings that changed.

    One transaction, logged; doing it twice changes nothing more. ConnectError as `compare_links`.
    """
    # The second of two clicks waits here and then finds everything set.
    locked = Connection.objects.select_for_update().get(pk=target.pk)
    rows = [row for row in compare_links(source=source, target=locked) if row.outcome is Outcome.SET]
    changed = 0
    for direction in LinkDirection.values:
        for kind, save in (("vat", link_vat), ("ledger", link_ledger)):
            links: dict[int, str | None] = {
                row.rate_id: row.code
                for row in rows
                if row.kind == kind and row.direction == direction and row.rate_id is not None
            }
            if links:
                changed += save(connection=locked, direction=direction, links=links, user=user)
    settings: dict[str, Any] = {row.kind: row.code for row in rows if row.kind in _SETTINGS}
    if settings:
        save_settings(connection=locked, user=user, **settings)
        changed += len(settings)
    if changed:
        audit.record(
            by=user, objects=[locked], flag=audit.CHANGED, message=f"Taken over from {source.entity}: {changed}"
        )
    return changed


def _fresh(connection: Connection) -> Connection:
    return Connection.objects.select_related("entity", *_SETTINGS).get(pk=connection.pk)


def _links(
    source: Connection, target: Connection, kind: str, model: Any, column: str, mirror: Any
) -> Iterator[CopyRow]:
    there = (
        model.objects.filter(connection=source, rate__active=True)
        .select_related(column, "rate")
        .prefetch_related("rate__versions")
        .order_by("direction", "rate__code", "pk")
    )
    present = {
        (link.direction, link.rate_id): getattr(link, column)
        for link in model.objects.filter(connection=target).select_related(column)
    }
    offered = {row.code: row for row in mirror.objects.filter(administration=target.administration_id, active=True)}
    own_rates = _own_rates(target)
    for link in there:
        theirs = getattr(link, column)
        facts: dict[str, Any] = {
            "kind": kind, "direction": link.direction, "name": _rate_words(link.rate), "code": theirs.code,
            "theirs": str(theirs),
        }  # fmt: skip
        rate = _rate_of(target, link.rate, own_rates)
        if rate is None:
            yield CopyRow(**facts, outcome=Outcome.NO_RATE)
            continue
        key = (link.direction, rate.pk)
        ours, stands = present.get(key), key in present
        if not stands:
            ours = offered.get(theirs.code)
        outcome = _outcome(theirs, ours, stands, fits=ours is not None and _may_be_linked(ours, link.direction, rate))
        if outcome is Outcome.SET:
            # A second rate of the source that is the same one here finds it taken.
            present[key] = ours
        yield CopyRow(**facts, outcome=outcome, rate_id=rate.pk, ours=str(ours) if ours is not None else "")


def _settings(source: Connection, target: Connection) -> Iterator[CopyRow]:
    for name, model in _SETTINGS.items():
        theirs, ours = getattr(source, name), getattr(target, name)
        if theirs is None:
            continue
        stands = ours is not None
        if not stands:
            ours = model.objects.filter(administration=target.administration_id, active=True, code=theirs.code).first()
        label = str(Connection._meta.get_field(name).verbose_name)  # type: ignore[union-attr]
        yield CopyRow(
            kind=name, direction="", name=label, code=theirs.code, theirs=str(theirs),
            outcome=_outcome(theirs, ours, stands, fits=getattr(ours, "bookable", True)),
            ours=str(ours) if ours is not None else "",
        )  # fmt: skip


def _outcome(theirs: Any, ours: Any, stands: bool, *, fits: bool) -> Outcome:
    """`ours`: what the target has (`stands`), else what its list knows under the code of `theirs`."""
    if stands:
        return Outcome.SAME if ours.code == theirs.code else Outcome.STAYS
    if ours is None:
        return Outcome.NO_CODE
    return Outcome.SET if fits and _means(ours) == _means(theirs) else Outcome.OTHER_CODE


def _may_be_linked(row: Any, direction: str, rate: VatRate) -> bool:
    """Whether the pages of the links would offer this row for the rate."""
    if isinstance(row, VatCode):
        return not row.inclusive and row.direction in ("both", direction) and row.country in ("", rate.country)
    kind = AccountKind.REVENUE if direction == LinkDirection.SALES else AccountKind.COST
    return bool(row.bookable) and row.kind in (kind, AccountKind.OTHER)


def _means(row: Any) -> tuple[object, ...]:
    """What a code stands for: two administrations may use one code for two things."""
    if isinstance(row, VatCode):
        return row.percentage, row.reverse_charge
    if isinstance(row, ToolPaymentTerm):
        return row.days, row.month_ends, row.method
    return ()


# --- rates ---------------------------------------------------------------------------------------------------------------


def _own_rates(target: Connection) -> dict[tuple[object, ...], list[VatRate]]:
    """The target's own rates by what makes two of them the same."""
    found: dict[tuple[object, ...], list[VatRate]] = {}
    for rate in VatRate.objects.filter(entity=target.entity_id, active=True).prefetch_related("versions"):
        found.setdefault(_same(rate), []).append(rate)
    return found


def _rate_of(
    target: Connection, rate: VatRate, own_rates: Mapping[tuple[object, ...], list[VatRate]]
) -> VatRate | None:
    """The target's rate that is the same as the source's; None when there is none, or more than one."""
    if rate.entity_id is None:
        return rate if rate.country == target.entity.country else None
    candidates = own_rates.get(_same(rate), [])
    if len(candidates) > 1:
        candidates = [one for one in candidates if one.code == rate.code]
    return candidates[0] if candidates else None


def _same(rate: VatRate) -> tuple[object, ...]:
    return rate.country, rate.category, _newest_percentage(rate)


def _newest_percentage(rate: VatRate) -> Any:
    newest = max(rate.versions.all(), key=lambda version: version.valid_from, default=None)
    return newest.percentage if newest is not None else None


def _rate_words(rate: VatRate) -> str:
    return f"{percentage(_newest_percentage(rate))} {rate.name or rate.code}".strip()
