"""What the set-up of a connection remembers between its steps, and what it asks the tool. Saved after every step.

The choices themselves stand on the connection and its links, written by `settings`; here is only which step was
saved when, and what was found on the way. Source: S-075, S-083 to S-085, S-007; style guide section 6.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from django.contrib.auth.models import AbstractBaseUser
from django.db import transaction
from django.db.models import Count, Q
from django.utils import timezone
from django.utils.translation import gettext as _

from invoicing.models import DocumentStatus, LedgerAccount, SalesDocument, SalesLine
from invoicing.services import fill_line_accounts

from ..base.provider import Capability
from ..base.records import CatalogueKind
from ..models import SENT, Administration, Connection, ConnectionStatus, LedgerLink, LinkDirection, Posting
from ..registry import get_tool
from ..sync.lists import store_catalogue
from ..sync.selection import in_scope, to_plan
from ..sync.steps.catalogue import read_lists, share_ledger_accounts
from ..sync.steps.plan import reference_key
from .connecting import opened
from .errors import ConnectError
from .suggesting import suggest_administration

# Of the bookings that stand in the tool, so many pages are looked at while a person waits; a sync reads them all.
LOOK_PAGES = 5
_SHOWN_NUMBERS = 10


@dataclass(frozen=True, slots=True)
class SavedStep:
    """When a step was saved, by whom, and a mark of what was saved."""

    at: datetime
    by: str
    mark: str


@dataclass(frozen=True, slots=True)
class Progress:
    """The steps that were saved, by key, and what was found out on the way."""

    steps: Mapping[str, SavedStep]
    facts: Mapping[str, Any]

    @property
    def last(self) -> SavedStep | None:
        return max(self.steps.values(), key=lambda step: step.at, default=None)


def read_progress(connection: Connection) -> Progress:
    """What is remembered of a connection's set-up, fresh from the database."""
    stored = Connection.objects.values_list("wizard_progress", flat=True).get(pk=connection.pk)
    steps = {
        key: SavedStep(datetime.fromisoformat(row["at"]), row.get("by", ""), row.get("mark", ""))
        for key, row in stored.get("steps", {}).items()
    }
    return Progress(steps, stored.get("facts", {}))


def mark_of(values: Mapping[str, Any]) -> str:
    """A short mark that is equal for equal choices, to tell a second click from another choice."""
    return hashlib.sha256(json.dumps(values, sort_keys=True, default=str).encode()).hexdigest()[:16]


def save_step(*, connection: Connection, step: str, user: AbstractBaseUser, mark: str = "", **facts: Any) -> Progress:
    """Remember that a step was saved, with what was found; one transaction, other steps stay as they are."""
    row = {"at": timezone.now().isoformat(), "by": user.get_username(), "mark": mark}
    _change(connection, {step: row}, facts)
    return read_progress(connection)


def remember(*, connection: Connection, **facts: Any) -> None:
    """Keep what was found out, without any step counting as saved."""
    _change(connection, {}, facts)


def forget_steps(*, connection: Connection, steps: Iterable[str], **facts: Any) -> None:
    """Open steps again, as a new sign-in does with the check of its rights; `facts` take the place of what was found."""
    _change(connection, dict.fromkeys(steps), facts)


class SavedMeanwhile(Exception):
    """Between a page's look at its step and its save somebody else saved the step."""


@contextmanager
def one_save(*, connection: Connection, step: str, known: SavedStep | None) -> Iterator[None]:
    """Save all of a step or nothing of it, one window after the other, on top of what the page knew.

    SavedMeanwhile: the step was saved since `known`. ConnectError: the set-up was finished or switched off
    meanwhile, or another administration was chosen, whose codes are not those of the page.
    """
    with transaction.atomic():
        fresh = Connection.objects.select_for_update().get(pk=connection.pk)
        if fresh.status not in (ConnectionStatus.CONNECTING, ConnectionStatus.CONFIGURATION_NEEDED):
            raise ConnectError(_("Meanwhile the set-up was finished or switched off in another window."))
        if fresh.administration_id != connection.administration_id:
            raise ConnectError(_("Meanwhile another administration was chosen in another window."))
        if read_progress(fresh).steps.get(step) != known:
            raise SavedMeanwhile
        yield


@transaction.atomic
def _change(connection: Connection, steps: Mapping[str, Any], facts: Mapping[str, Any]) -> None:
    fresh = Connection.objects.select_for_update().only("wizard_progress").get(pk=connection.pk)
    stored: dict[str, dict[str, Any]] = dict(fresh.wizard_progress or {})
    kept = {**stored.get("steps", {}), **steps}
    stored["steps"] = {key: row for key, row in kept.items() if row is not None}
    stored["facts"] = {**stored.get("facts", {}), **facts}
    Connection.objects.filter(pk=fresh.pk).update(wizard_progress=stored)
    connection.wizard_progress = stored


# --- what is asked of the tool ----------------------------------------------------------------------------------------


def check_rights(*, connection: Connection, user: AbstractBaseUser) -> Progress:
    """Ask the tool which rights are missing and remember its answer; the step is saved only when none is.

    Rights belong to an administration: the chosen one, else the one that looks like the entity's, else the first
    open one. ConnectError: no administration is open to this sign-in. Raises the tool's IntegrationError.
    """
    fresh = Connection.objects.select_related("entity", "administration").get(pk=connection.pk)
    if fresh.administration is not None:
        asked, name = fresh.administration.external_id, fresh.administration.name
    else:
        with opened(fresh, administration_id="") as provider:
            records = [record for record in provider.administrations() if record.is_open]
        if not records:
            raise ConnectError(_("This sign-in shows no open administration. Sign in as a user who may open it."))
        proposed = suggest_administration(fresh.entity, records).code or records[0].external_id
        asked, name = next((r.external_id, r.name) for r in records if r.external_id == proposed)
    with opened(fresh, administration_id=asked) as provider:
        missing = provider.check_access()
    found = {
        "at": timezone.now().isoformat(),
        "administration": asked,
        "name": name,
        "missing": [{"code": m.code, "right": m.right, "optional": m.optional} for m in missing],
    }
    if any(not right.optional for right in missing):
        _change(connection, {"access": None}, {"access": found})
        return read_progress(connection)
    return save_step(connection=connection, step="access", user=user, mark=asked, access=found)


def fetch_list(*, connection: Connection, kind: CatalogueKind) -> None:
    """Read one list of the administration now, so that a page can show how far it is. Raises IntegrationError."""
    fresh = Connection.objects.select_related("administration", "entity").get(pk=connection.pk)
    if fresh.administration is None:
        raise ConnectError(_("Choose the administration first."))
    with opened(fresh) as provider:
        catalogue = read_lists(fresh, fresh.administration, provider, frozenset({kind}), anew=True)
    store_catalogue(fresh.administration, catalogue)
    if kind is CatalogueKind.LEDGER_ACCOUNTS:
        share_ledger_accounts(fresh, fresh.administration)


def share_known_accounts(*, connection: Connection) -> None:
    """Offer the entity the accounts of an administration whose lists were read before, for another entity."""
    fresh = Connection.objects.select_related("administration", "entity").get(pk=connection.pk)
    if fresh.administration is not None and CatalogueKind.LEDGER_ACCOUNTS.value in fresh.administration.refreshed_at:
        share_ledger_accounts(fresh, fresh.administration)


def count_relations(*, connection: Connection) -> tuple[int, bool]:
    """How many relations the administration has, by its first page; True when there are more than those."""
    with opened(connection) as provider:
        page = next(iter(provider.parties("")), None)
    number = sum(not record.deleted for record in page.items) if page is not None else 0
    more = page is not None and not page.is_last
    remember(connection=connection, relations=number, more_relations=more)
    return number, more


@dataclass(frozen=True, slots=True)
class Standing:
    """What already stands in the books since the start date; `complete` False: only the first pages were read."""

    read: int
    complete: bool
    same: tuple[str, ...]
    same_count: int


def look_into_books(*, connection: Connection) -> Standing:
    """Read which bookings stand there since the start date, and which of them carry a number of ours.

    Stores nothing but the answer for the page: the first sync reads them all before it sends anything.
    """
    fresh = Connection.objects.select_related("administration").get(pk=connection.pk)
    if fresh.start_date is None:
        raise ConnectError(_("Fill in the start date first."))
    keys: set[str] = set()
    read, complete = 0, True
    with opened(fresh) as provider:
        for number, page in enumerate(provider.references(fresh.start_date), 1):
            read += len(page.items)
            keys |= {reference_key(record.reference) for record in page.items if record.reference}
            if number == LOOK_PAGES and not page.is_last:
                complete = False
                break
    sent = fresh.postings.filter(sent_at__isnull=False, sales_document__isnull=False).values("sales_document")
    ours = in_scope(fresh).exclude(pk__in=sent).order_by("date", "pk").values_list("number", flat=True)
    same = [number for number in ours.iterator() if reference_key(number) in keys] if keys else []
    found = Standing(read, complete, tuple(same[:_SHOWN_NUMBERS]), len(same))
    remember(
        connection=connection,
        standing={
            "at": timezone.now().isoformat(),
            "since": fresh.start_date.isoformat(),
            "read": found.read,
            "complete": found.complete,
            "same": list(found.same),
            "same_count": found.same_count,
        },
    )
    return found


# --- lines without an account -----------------------------------------------------------------------------------------


def _fillable(connection: Connection) -> tuple[dict[int, LedgerAccount], Any]:
    """The account per VAT rate as the links say, and the lines that would get one."""
    links = LedgerLink.objects.filter(connection=connection, direction=LinkDirection.SALES).select_related("account")
    codes = {link.rate_id: link.account.code for link in links}
    own = {
        account.code: account
        for account in LedgerAccount.objects.filter(
            entity=connection.entity_id, code__in=set(codes.values()), active=True
        )
    }
    accounts = {rate: own[code] for rate, code in codes.items() if code in own}
    lines = SalesLine.objects.filter(
        document__entity=connection.entity_id, ledger_account=None, vat_rate__rate__in=list(accounts)
    ).exclude(document__in=_sent_documents(connection))
    return accounts, lines


def _sent_documents(connection: Connection) -> Any:
    """Documents whose lines are final; one that was linked to a booking found there was never sent by us."""
    return Posting.objects.filter(
        Q(sent_at__isnull=False) | Q(state__in=SENT), sales_document__entity=connection.entity_id
    ).values("sales_document")


def count_fillable(connection: Connection) -> int:
    """How many lines of documents not yet sent have no account and a VAT rate that names one."""
    return int(_fillable(connection)[1].count())


def lines_without_account(connection: Connection) -> dict[int, int]:
    """Lines of documents not yet sent that have no account, by VAT rate."""
    lines = SalesLine.objects.filter(document__entity=connection.entity_id, ledger_account=None)
    unsent = lines.exclude(document__in=_sent_documents(connection)).order_by()
    return dict(unsent.values_list("vat_rate__rate_id").annotate(number=Count("pk")))


def documents_without_account(connection: Connection, rates: Iterable[int]) -> dict[int, int]:
    """Documents still to be sent with a line that has no account and a VAT rate other than `rates`, by rate."""
    lines = SalesLine.objects.filter(document__in=to_plan(connection), ledger_account=None)
    others = lines.exclude(vat_rate__rate__in=list(rates)).order_by()
    return dict(others.values_list("vat_rate__rate_id").annotate(number=Count("document", distinct=True)))


def fill_lines(*, connection: Connection, user: AbstractBaseUser) -> int:
    """Give those lines the account of their VAT rate; the number of lines filled (S-121)."""
    accounts, lines = _fillable(connection)
    return fill_line_accounts(document_ids=set(lines.values_list("document_id", flat=True)), accounts=accounts, by=user)


# --- counts on our side -------------------------------------------------------------------------------------------------


def documents_since(connection: Connection, day: date) -> int:
    """Booked documents of the entity dated `day` or later."""
    return SalesDocument.objects.filter(
        entity=connection.entity_id, status=DocumentStatus.BOOKED, date__gte=day
    ).count()


def lists_of(connection: Connection) -> list[CatalogueKind]:
    """The lists that the connection's tool has."""
    capabilities = get_tool(connection.tool).capabilities
    without = {
        CatalogueKind.JOURNALS: Capability.JOURNALS,
        CatalogueKind.PAYMENT_TERMS: Capability.PAYMENT_TERMS,
    }
    return [kind for kind in CatalogueKind if kind not in without or without[kind] in capabilities]


def lists_due(connection: Connection) -> list[CatalogueKind]:
    """Those of them that were never read in the chosen administration; empty while none is chosen."""
    refreshed = Administration.objects.filter(connections=connection).values_list("refreshed_at", flat=True).first()
    if refreshed is None:
        return []
    return [kind for kind in lists_of(connection) if kind.value not in refreshed]
