"""Settings of a connection: lists, journals, links, and the moment it is ready. Every save has the effect of one.

Source: S-080, S-081, S-086 to S-090, S-114 to S-121, S-163, S-164; APP-101, APP-107, APP-119.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Min
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from config.figures import day as shown_day
from config.figures import moment, rate_name
from crm import audit

from ..base.provider import Capability
from ..base.records import CatalogueKind, DocumentKind
from ..models import (
    UNFINISHED,
    Administration,
    Connection,
    ConnectionStatus,
    FiscalPeriod,
    Journal,
    LedgerLink,
    LinkDirection,
    SyncRun,
    ToolLedgerAccount,
    ToolPaymentTerm,
    VatCode,
    VatLink,
)
from ..registry import get_tool
from ..sync import quotas
from ..sync.books import load_books
from ..sync.lists import store_catalogue
from ..sync.steps.catalogue import read_lists
from . import module, unlinking
from .connecting import opened
from .errors import ConnectError
from .switching import switch_off

JOURNAL_FIELDS = {
    "invoice": "invoice_journal",
    "credit_note": "credit_note_journal",
    "purchase_invoice": "purchase_journal",
    "purchase_credit_note": "purchase_credit_note_journal",
}
_UNSET: Any = object()


def load_lists(*, connection: Connection) -> list[str]:
    """Read all lists of the administration now; returns the kinds that came back empty although rows were known."""
    fresh = Connection.objects.select_related("administration").get(pk=connection.pk)
    if fresh.administration is None:
        raise ConnectError(_("Choose the administration first."))
    with opened(fresh) as provider:
        catalogue = read_lists(fresh, fresh.administration, provider, frozenset(CatalogueKind), anew=True)
    return store_catalogue(fresh.administration, catalogue)


def readings_left(connection: Connection) -> quotas.Left | None:
    """How often the lists may still be read today; None where the tool does not count that."""
    tool = get_tool(connection.tool)
    wanted = set(tool.list_operations.values())
    owners = quotas.Owners(connection.administration_id, connection.grant_id)
    lefts = [quotas.left(limit, owners) for limit in tool.limits.calls if limit.operations & wanted]
    return min(lefts, key=lambda one: one.left, default=None)


@transaction.atomic
def save_settings(
    *,
    connection: Connection,
    user: AbstractBaseUser | None,
    start_date: date | None = _UNSET,
    journals: Mapping[str, str | None] | None = None,
    default_payment_term: str | None = _UNSET,
    discount_account: str | None = _UNSET,
    default_ledger_account: str | None = _UNSET,
    automatic_sync: bool | None = None,
    attach_files: bool | None = None,
) -> Connection:
    """Save what is given, by the tool's codes. One transaction, logged; what is not given stays.

    `attach_files`: whether bookings made from now on get the PDF and the e-invoice beside them.
    `journals` has keys invoice, credit_note, purchase_invoice, purchase_credit_note. ConnectError: a code that
    the administration does not have, or automatic sync before a first successful run (APP-115).
    """
    fresh = Connection.objects.select_for_update().get(pk=connection.pk)
    changes: list[str] = []

    def put(field: str, value: Any) -> None:
        if getattr(fresh, field) != value:
            label = capfirst(str(Connection._meta.get_field(field).verbose_name))  # type: ignore[union-attr]
            changes.append(f"{label}: {_logged(getattr(fresh, field))} → {_logged(value)}")
            setattr(fresh, field, value)

    if start_date is None and fresh.status == ConnectionStatus.CONNECTED:
        raise ConnectError(_("A connection needs a start date."))
    if start_date is not _UNSET:
        put("start_date", start_date)
    for kind, code in (journals or {}).items():
        put(JOURNAL_FIELDS[kind], _by_code(Journal, fresh, code))
    if default_payment_term is not _UNSET:
        put("default_payment_term", _by_code(ToolPaymentTerm, fresh, default_payment_term))
    if discount_account is not _UNSET:
        put("discount_account", _by_code(ToolLedgerAccount, fresh, discount_account))
    if default_ledger_account is not _UNSET:
        put("default_ledger_account", _by_code(ToolLedgerAccount, fresh, default_ledger_account))
    if automatic_sync is not None:
        if automatic_sync and fresh.first_success_at is None:
            raise ConnectError(_("Run one manual sync first."))
        put("automatic_sync", automatic_sync)
    if attach_files is not None and attach_files != (fresh.attach_since is not None):
        put("attach_since", timezone.now() if attach_files else None)
    if changes:
        fresh.save()
        audit.record(by=user, objects=[fresh], flag=audit.CHANGED, message="; ".join(changes))
    return fresh


def _logged(value: Any) -> str:
    """A setting's value as people read it in the history."""
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, datetime):
        return moment(value)
    return shown_day(value) if isinstance(value, date) else str(value or "–")


def check_start_date(*, connection: Connection, day: date) -> None:
    """Raise ConnectError for a start date that the books cannot have, saying which they can.

    Not before the first financial year that the tool shows, and at most a year ahead.
    """
    latest = timezone.localdate() + timedelta(days=366)
    if day > latest:
        raise ConnectError(
            _("That is more than a year ahead. Choose a day up to %(latest)s.") % {"latest": shown_day(latest)}
        )
    years = FiscalPeriod.objects.filter(administration_id=connection.administration_id or 0, active=True)
    first = years.aggregate(first=Min("start"))["first"]
    if first is not None and day < first:
        raise ConnectError(
            _("The first financial year that %(tool)s has begins on %(first)s. Choose that day or a later one.")
            % {"tool": connection.tool_label, "first": shown_day(first)}
        )


def _by_code(model: Any, connection: Connection, code: str | None) -> Any:
    if not code:
        return None
    row = model.objects.filter(administration_id=connection.administration_id, code=code).order_by("-active").first()
    if row is None:
        raise ConnectError(_("%(code)s does not exist in the administration.") % {"code": code})
    return row


def link_vat(
    *, connection: Connection, direction: str, links: Mapping[int, str | None], user: AbstractBaseUser | None
) -> int:
    """Link VAT rates (by id) to the tool's VAT codes (by code, None unlinks); the number of changed links.

    ConnectError: a code that does not exist, is inactive or inclusive (APP-119), or of the other direction.
    """
    with transaction.atomic():
        return _link(
            connection, direction, links, user, model=VatLink, target=VatCode, column="vat_code", check=_check_vat
        )


def link_ledger(
    *, connection: Connection, direction: str, links: Mapping[int, str | None], user: AbstractBaseUser | None
) -> int:
    """Link VAT rates (by id) to ledger accounts (by code, None unlinks); the number of changed links."""
    with transaction.atomic():
        return _link(
            connection,
            direction,
            links,
            user,
            model=LedgerLink,
            target=ToolLedgerAccount,
            column="account",
            check=_check_account,
        )


def _link(
    connection: Connection,
    direction: str,
    links: Mapping[int, str | None],
    user: AbstractBaseUser | None,
    *,
    model: Any,
    target: Any,
    column: str,
    check: Any,
) -> int:
    changes: list[str] = []
    present = {
        link.rate_id: link
        for link in model.objects.filter(connection=connection, direction=direction).select_related(column, "rate")
    }
    for rate_id, code in links.items():
        link = present.get(rate_id)
        row = _by_code(target, connection, code)
        if row is None:
            if link is not None:
                link.delete()
                changes.append(f"{_rate(link)}: {getattr(link, column).code} → –")
            continue
        # What stands unchanged is not judged anew: one account that was blocked since would stop every other link.
        if link is not None and getattr(link, f"{column}_id") == row.pk:
            continue
        check(row, direction)
        saved, __ = model.objects.update_or_create(
            connection=connection, rate_id=rate_id, direction=direction, defaults={column: row}
        )
        changes.append(f"{_rate(saved)}: {getattr(link, column).code if link is not None else '–'} → {row.code}")
    if changes:
        what = capfirst(str(model._meta.get_field(column).verbose_name))
        words = f"{what}, {LinkDirection(direction).label}: " + "; ".join(changes)
        audit.record(by=user, objects=[connection], flag=audit.CHANGED, message=words)
    return len(changes)


def _rate(link: VatLink | LedgerLink) -> str:
    return rate_name(None, link.rate.name or link.rate.code)


def _check_vat(code: VatCode, direction: str) -> None:
    if not code.active:
        raise ConnectError(_("VAT code %(code)s is not active in the tool.") % {"code": code.code})
    if code.inclusive:
        raise ConnectError(
            _("VAT code %(code)s is inclusive; amounts are sent without VAT. Choose an exclusive code.")
            % {"code": code.code}
        )
    if code.direction not in ("both", direction):
        raise ConnectError(_("VAT code %(code)s is not meant for this direction.") % {"code": code.code})


def _check_account(account: ToolLedgerAccount, direction: str) -> None:
    if not account.active or not account.bookable:
        raise ConnectError(_("Account %(code)s cannot be used on documents.") % {"code": account.code})


def missing_settings(*, connection: Connection) -> list[str]:
    """The wizard steps that still have to be done before a sync may start, in order."""
    fresh = Connection.objects.select_related("administration", "grant").get(pk=connection.pk)
    tool = get_tool(fresh.tool)
    missing: list[str] = []
    if fresh.grant_id is None:
        missing.append("sign-in")
    if fresh.administration_id is None:
        return [*missing, "administration"]
    if fresh.start_date is None:
        missing.append("start-date")
    if Capability.JOURNALS in tool.capabilities:
        books = load_books(fresh, tool)
        if any(books.journal_problem(k) for k in (DocumentKind.SALES_INVOICE, DocumentKind.SALES_CREDIT_NOTE)):
            missing.append("journals")
    if Capability.PAYMENT_TERMS in tool.capabilities and fresh.default_payment_term_id is None:
        missing.append("payment-term")
    if not VatLink.objects.filter(connection=fresh).exists():
        missing.append("vat-codes")
    return missing


def finish_setup(*, connection: Connection, user: AbstractBaseUser | None) -> Connection:
    """Mark the connection connected. Doing it twice changes nothing. ConnectError names the first missing step."""
    missing = missing_settings(connection=connection)
    if missing:
        names = {
            "sign-in": _("Sign in"),
            "administration": _("Administration"),
            "start-date": _("Start date"),
            "journals": _("Journals"),
            "payment-term": _("Default payment term"),
            "vat-codes": _("VAT codes"),
        }
        raise ConnectError(_("First finish: %(step)s.") % {"step": names[missing[0]]})
    changed = Connection.objects.filter(
        pk=connection.pk, status__in=[ConnectionStatus.CONNECTING, ConnectionStatus.CONFIGURATION_NEEDED]
    ).update(status=ConnectionStatus.CONNECTED, status_code="", status_params={})
    fresh = Connection.objects.get(pk=connection.pk)
    if changed:
        audit.record(by=user, objects=[fresh], flag=audit.CHANGED, message="Connected")
    return fresh


def deactivate(
    *, connection: Connection, user: AbstractBaseUser | None, unlink_from: date | None = None
) -> tuple[Connection, int]:
    """Switch the connection off; history stays. Returns it and the number of documents that lost their link.

    Links stay, or with `unlink_from` end for documents dated that day or later, which then count as not sent.
    Doing it twice changes nothing the second time. ConnectError while a sync runs.
    """
    if SyncRun.objects.filter(connection=connection, state__in=UNFINISHED).exists():
        raise ConnectError(_("A sync is running. Wait until it has finished."))
    with transaction.atomic():
        fresh = Connection.objects.select_for_update().get(pk=connection.pk)
        changed = fresh.status != ConnectionStatus.DEACTIVATED
        if changed:
            switch_off(fresh)
        released = unlinking.release(fresh, unlink_from) if changed and unlink_from is not None else 0
        if changed:
            words = f"; links of {released} documents from {unlink_from} on ended" if unlink_from is not None else ""
            audit.record(by=user, objects=[fresh], flag=audit.CHANGED, message=f"Deactivated{words}")
    return fresh, released


def reactivate(*, connection: Connection, user: AbstractBaseUser | None) -> Connection:
    """Switch a deactivated connection on again with all it had; nothing is sent a second time.

    Nights begin again, where they were wanted, after the first sync that succeeds.
    ConnectError: the entity has another live connection.
    """
    fresh = Connection.objects.get(pk=connection.pk)
    if fresh.status != ConnectionStatus.DEACTIVATED:
        return fresh
    if Connection.objects.live().filter(entity_id=fresh.entity_id).exists():
        raise ConnectError(_("%(entity)s already has a connection.") % {"entity": fresh.entity})
    module.check_room(entity_id=fresh.entity_id)
    ready = not missing_settings(connection=fresh)
    fresh.status = ConnectionStatus.CONNECTED if ready else ConnectionStatus.CONFIGURATION_NEEDED
    # The first sync after a pause is looked at by a person before nights go on by themselves.
    fresh.first_success_at = None
    fresh.save(update_fields=["status", "first_success_at"])
    # Meanwhile somebody may have booked our documents there by hand: what stands there is read again first.
    Administration.objects.filter(pk=fresh.administration_id or 0).update(references_since=None)
    audit.record(by=user, objects=[fresh], flag=audit.CHANGED, message="Reactivated")
    return fresh
