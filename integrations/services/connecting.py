"""Connecting an entity to an administration: sign-in, access, choice of the administration.

HTTP to the tool happens here with a short deadline and no transaction open. Source: S-009, S-010, S-075, S-078
to S-081, S-111; APP-111; design section 10 (OAuth state).
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Mapping

from django.conf import settings
from django.contrib.auth.models import AbstractBaseUser
from django.db import IntegrityError, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext as _

from crm import audit
from crm.numbers import normalise_vat_number
from invoicing.models import CompanyEntity

from .. import tools
from ..base.provider import Provider
from ..base.records import AdministrationRecord, MissingRight
from ..base.signin import SignInKind, Tokens, Tool
from ..models import Administration, Connection, ConnectionStatus, Grant, SignInAttempt
from ..registry import get_tool
from ..sync.gates import SliceGate
from ..sync.opening import open_provider
from ..sync.tokens import token_columns
from . import module
from .errors import ConnectError, NeedsConfirmation

PAGE_DEADLINE_SECONDS = 20.0


def start_connection(*, entity: CompanyEntity, tool: str, site: str, user: AbstractBaseUser | None) -> Connection:
    """Begin (or go on with) the connection of `entity` to `tool`. One live connection per entity, by constraint.

    A connection of the same entity and tool that is not finished is handed back. ConnectError: the entity's
    country is not offered, the site is unknown, or another connection is live (APP-111).
    """
    known = get_tool(tool)
    if entity.country not in settings.BOEKBRUG_CONNECTOR_COUNTRIES:
        countries = ", ".join(settings.BOEKBRUG_CONNECTOR_COUNTRIES)
        raise ConnectError(
            _("Offered to entities in %(countries)s. %(entity)s is in %(country)s.")
            % {"countries": countries, "entity": entity, "country": entity.country}
        )
    if site not in {s.code for s in known.sites}:
        raise ConnectError(_("%(tool)s has no site of that country.") % {"tool": known.label})
    module.check_room(entity_id=entity.pk)
    live = Connection.objects.live().filter(entity=entity).first()
    if live is not None:
        if live.tool == tool and live.status in (ConnectionStatus.CONNECTING, ConnectionStatus.CONFIGURATION_NEEDED):
            return live
        raise ConnectError(
            _("%(entity)s already has a connection, with %(tool)s. Deactivate that one first.")
            % {"entity": entity, "tool": live.tool_label}
        )
    try:
        with transaction.atomic():
            connection = Connection.objects.create(entity=entity, tool=tool, site=site, attach_since=timezone.now())
            audit.record(by=user, objects=[connection], flag=audit.ADDED, message=f"{known.label} ({site})")
    except IntegrityError:
        raise ConnectError(_("%(entity)s already has a connection.") % {"entity": entity}) from None
    return connection


# --- signing in -----------------------------------------------------------------------------------------------


def begin_sign_in(*, connection: Connection, user: AbstractBaseUser, redirect_uri: str) -> str:
    """The address to send the user to. Its state works once, for this user and connection, for ten minutes."""
    tool = get_tool(connection.tool)
    if tool.sign_in is not SignInKind.OAUTH:
        raise ConnectError(_("%(tool)s does not sign in in the browser.") % {"tool": tool.label})
    _check_registered(tool)
    state = secrets.token_urlsafe(32)
    SignInAttempt.objects.create(
        state_hash=_state_hash(state),
        connection=connection,
        user_id=user.pk,
        redirect_uri=redirect_uri,
        created_at=timezone.now(),
    )
    return tools.oauth(connection.tool, connection.site).authorize_url(
        state=state, redirect_uri=redirect_uri, nonce=_nonce(state)
    )


def complete_sign_in(*, state: str, code: str, user: AbstractBaseUser, error: str = "") -> Connection:
    """Swap the code for tokens and store them; the connection keeps all its links.

    ConnectError: a state that is unknown, used, too old or another user's; consent refused. Raises the tool's
    IntegrationError when the swap fails.
    """
    attempt = SignInAttempt.objects.filter(state_hash=_state_hash(state)).select_related("connection").first()
    now = timezone.now()
    if attempt is None or attempt.user_id != user.pk or attempt.created_at < now - SignInAttempt.LIFE:
        raise ConnectError(_("This sign-in is no longer valid. Start again from the connection's page."))
    if not SignInAttempt.objects.filter(pk=attempt.pk, used_at__isnull=True).update(used_at=now):
        raise ConnectError(_("This sign-in was already used. Start again from the connection's page."))
    connection = attempt.connection
    tool = get_tool(connection.tool)
    if error or not code:
        raise ConnectError(
            _("%(tool)s was not given permission. Sign in again and allow access.") % {"tool": tool.label}
        )
    tokens = tools.oauth(connection.tool, connection.site).exchange(
        code=code, redirect_uri=attempt.redirect_uri, nonce=_nonce(state)
    )
    return _keep_sign_in(connection, user, tokens)


def log_in(*, connection: Connection, credentials: Mapping[str, str], user: AbstractBaseUser) -> Connection:
    """Sign in by what a person filled in and keep it, encrypted; the connection keeps all its links.

    ConnectError: the tool signs in in the browser, or something is not filled in. Raises the tool's IntegrationError;
    what it refused is not kept, and what was kept before stays.
    """
    tool = get_tool(connection.tool)
    if tool.sign_in is SignInKind.OAUTH:
        raise ConnectError(_("%(tool)s signs in in the browser.") % {"tool": tool.label})
    _check_registered(tool)
    wanted = {field.name: credentials.get(field.name, "").strip() for field in tool.credential_fields}
    if not all(wanted.values()):
        raise ConnectError(_("Fill in everything that %(tool)s asks for.") % {"tool": tool.label})
    tokens = tools.log_in(connection.tool, connection.site).log_in(wanted)
    return _keep_sign_in(connection, user, tokens, credentials=json.dumps(wanted))


def _check_registered(tool: Tool) -> None:
    if tool.needs_registration and not tools.app(tool).client_id:
        raise ConnectError(
            _("This installation is not registered at %(tool)s. Ask the person who runs it to set the client ID.")
            % {"tool": tool.label}
        )


def connection_of_sign_in(*, state: str, user: AbstractBaseUser) -> Connection | None:
    """The connection for which this person left with that state, though it be used or too old by now."""
    attempt = SignInAttempt.objects.filter(state_hash=_state_hash(state), user_id=user.pk).first()
    return attempt.connection if attempt is not None else None


def _keep_sign_in(
    connection: Connection, user: AbstractBaseUser, tokens: Tokens, credentials: str | None = None
) -> Connection:
    """Store what a sign-in brought, committed before any use."""
    columns = {**token_columns(tokens), "identity": tokens.identity}
    if credentials is not None:
        columns["credentials"] = credentials
    try:
        _store_sign_in(connection, user, columns)
    except IntegrityError:
        # The same user's sign-in for another connection was stored at that moment: its grant is there now.
        _store_sign_in(connection, user, columns)
    return Connection.objects.get(pk=connection.pk)


def _store_sign_in(connection: Connection, user: AbstractBaseUser, columns: Mapping[str, object]) -> None:
    with transaction.atomic(durable=True):
        # It may have been switched off while the person was away; its sign-in is kept, and it stays off.
        fresh = Connection.objects.select_for_update().get(pk=connection.pk)
        _store_grant(fresh, user, columns)
        if "credentials" in columns:
            # A token of the administration was given to whoever signed in before.
            Administration.objects.filter(connections=fresh).update(session_token=None, session_until=None)
        audit.record(by=user, objects=[fresh], flag=audit.CHANGED, message="Signed in")


def _store_grant(connection: Connection, user: AbstractBaseUser, columns: Mapping[str, object]) -> None:
    """Put fresh tokens on the grant of whoever signed in, and bring back what was lost with it."""
    grant = _grant_for(connection, str(columns.get("identity", "")))
    if grant is None:
        grant = Grant.objects.create(
            tool=connection.tool, site=connection.site, created_by_id=user.pk, version=1, **columns
        )
    else:
        # Raised in the database: a refresh that is under way must not store its pair on top of this one.
        Grant.objects.filter(pk=grant.pk).update(version=F("version") + 1, **columns)
    status = connection.status
    if connection.administration_id is None and status != ConnectionStatus.DEACTIVATED:
        status = ConnectionStatus.CONFIGURATION_NEEDED
    elif status == ConnectionStatus.RECONNECT_NEEDED:
        status = ConnectionStatus.CONNECTED
    Connection.objects.filter(pk=connection.pk).update(grant=grant, status=status, status_code="", status_params={})
    if connection.administration_id is not None:
        Administration.objects.filter(pk=connection.administration_id).update(grant=grant)
    # Other connections of this grant were lost with it and come back with it.
    Connection.objects.filter(grant=grant, status=ConnectionStatus.RECONNECT_NEEDED).update(
        status=ConnectionStatus.CONNECTED, status_code="", status_params={}
    )


def _grant_for(connection: Connection, identity: str) -> Grant | None:
    """The grant that the tokens of this user belong on; None: a new one.

    A tool may end a user's earlier tokens at each new sign-in, or leave them. With one grant per user all of the
    user's connections go on with the newest pair, which is right both ways. Another user's tokens never replace
    those that other connections work with.
    """
    if identity:
        same = Grant.objects.filter(tool=connection.tool, site=connection.site, identity=identity).first()
        if same is not None:
            return same
    own = connection.grant
    if own is None or own.identity in ("", identity):
        return own
    return None if own.connections.exclude(pk=connection.pk).exists() else own


def _state_hash(state: str) -> str:
    return hashlib.sha256(state.encode()).hexdigest()


def _nonce(state: str) -> str:
    """Follows from the state, which nobody else knows and which works once: nothing more has to be kept."""
    return hashlib.sha256(f"nonce {state}".encode()).hexdigest()


# --- access and administration ------------------------------------------------------------------------------------


def list_administrations(*, connection: Connection) -> list[AdministrationRecord]:
    """Every administration this sign-in may open; closed ones are marked, with the reason."""
    with opened(connection, administration_id="") as provider:
        return provider.administrations()


def check_access(*, connection: Connection) -> list[MissingRight]:
    """The rights that are missing, named; optional ones are marked."""
    with opened(connection) as provider:
        return provider.check_access()


def choose_administration(
    *, connection: Connection, external_id: str, user: AbstractBaseUser | None, is_confirmed: bool = True
) -> Connection:
    """Bind the connection to an administration of this sign-in. Frozen after the first posting.

    NeedsConfirmation, unless `is_confirmed`: it looks like the books of another entity, or serves one already.
    ConnectError: not in the list, closed, in use by a former connection of the entity, or postings exist.
    """
    records = {record.external_id: record for record in list_administrations(connection=connection)}
    record = records.get(external_id)
    if record is None:
        raise ConnectError(_("This sign-in has no access to that administration. Sign in as another user."))
    if not record.is_open:
        raise ConnectError(_("Administration %(name)s is closed.") % {"name": record.name})
    if not is_confirmed and (doubts := _doubts(connection, record)):
        raise NeedsConfirmation(doubts, name=record.name)
    with transaction.atomic():
        # Two choices at once take turns: the second one sees the first, and forgets what was chosen for it.
        fresh = Connection.objects.select_for_update().get(pk=connection.pk)
        if fresh.status == ConnectionStatus.DEACTIVATED:
            raise ConnectError(_("This connection is switched off. Switch it on again to go on with its set-up."))
        if fresh.administration_id is not None:
            if fresh.administration is not None and fresh.administration.external_id == external_id:
                return fresh
            if fresh.postings.exists():
                raise ConnectError(_("Documents were already sent; the administration can no longer be changed."))
        known = {
            "name": record.name[:200],
            "number": record.number,
            "country": record.country,
            "currency": record.currency,
            "vat_number": record.vat_number[:24],
            "grant_id": fresh.grant_id,
        }
        # The epoch of a known administration is the sync's to compare: a new one voids the cursors.
        administration, __ = Administration.objects.update_or_create(
            tool=connection.tool,
            site=connection.site,
            external_id=external_id,
            defaults=known,
            create_defaults={**known, "epoch": record.epoch, "checked_at": timezone.now()},
        )
        former = Connection.objects.filter(entity_id=fresh.entity_id, administration=administration).exclude(
            pk=fresh.pk
        )
        if former.exists():
            raise ConnectError(
                _("%(entity)s was connected to %(name)s before. Reactivate that connection; its links are kept.")
                % {"entity": fresh.entity, "name": record.name}
            )
        changed = fresh.administration_id is not None
        fresh.administration = administration
        fresh.status = ConnectionStatus.CONFIGURATION_NEEDED
        if changed:
            _forget_administration_settings(fresh)
        fresh.save()
        audit.record(by=user, objects=[fresh], flag=audit.CHANGED, message=f"Administration: {record.name}")
    return fresh


def _doubts(connection: Connection, record: AdministrationRecord) -> list[str]:
    """Why these may not be the books of this entity, a sentence each; sharing them is allowed, but on purpose."""
    entity, administration = connection.entity, connection.administration
    if administration is not None and administration.external_id == record.external_id:
        return []
    found = []
    own = normalise_vat_number(entity.vat_number, entity.country)
    theirs = normalise_vat_number(record.vat_number, record.country)
    if own and theirs and own != theirs:
        words = _("%(name)s has VAT number %(theirs)s, and %(entity)s has %(own)s.")
        found.append(words % {"name": record.name, "theirs": theirs, "entity": entity, "own": own})
    others = Connection.objects.live().filter(
        administration__tool=connection.tool,
        administration__site=connection.site,
        administration__external_id=record.external_id,
    )
    names = [str(other.entity) for other in others.exclude(entity=entity).select_related("entity").order_by("pk")]
    if names:
        words = _("%(name)s is connected to %(others)s already; both would book into it.")
        found.append(words % {"name": record.name, "others": ", ".join(names)})
    return found


# What the set-up saved and found out of an administration, by the keys of its steps and facts.
_STEPS_OF_ADMINISTRATION = frozenset({"journals", "vat-codes", "ledger-accounts", "check"})
_FACTS_OF_ADMINISTRATION = frozenset({"relations", "more_relations", "standing"})


def _forget_administration_settings(connection: Connection) -> None:
    """Journals, accounts and codes belong to the administration that was left, and so do the steps that chose them."""
    steps, facts = (connection.wizard_progress.get(part, {}) for part in ("steps", "facts"))
    connection.wizard_progress = {
        "steps": {key: row for key, row in steps.items() if key not in _STEPS_OF_ADMINISTRATION},
        "facts": {key: value for key, value in facts.items() if key not in _FACTS_OF_ADMINISTRATION},
    }
    connection.invoice_journal = None
    connection.credit_note_journal = None
    connection.purchase_journal = None
    connection.purchase_credit_note_journal = None
    connection.default_payment_term = None
    connection.discount_account = None
    connection.default_ledger_account = None
    # What succeeded there says nothing about here; what stands in these books is read before the first send.
    connection.first_success_at = connection.last_success_at = None
    connection.automatic_sync = False
    connection.vat_links.all().delete()
    connection.ledger_links.all().delete()


class opened:
    """A provider for calls from a page: short deadline, no lease, its calls logged like a worker's."""

    def __init__(self, connection: Connection, *, administration_id: str | None = None) -> None:
        self._connection = Connection.objects.select_related("administration", "grant").get(pk=connection.pk)
        self._administration_id = administration_id
        self._gate: SliceGate | None = None

    def __enter__(self) -> Provider:
        connection = self._connection
        administration = connection.administration
        external_id = self._administration_id
        if external_id is None:
            if administration is None:
                raise ConnectError(_("Choose the administration first."))
            external_id = administration.external_id
        self._gate = SliceGate(
            tool=get_tool(connection.tool),
            administration=administration,
            lease=None,
            run=None,
            grant_id=connection.grant_id,
        )
        return open_provider(
            connection.grant,
            external_id,
            self._gate,
            administration=administration,
            deadline=PAGE_DEADLINE_SECONDS,
        )

    def __exit__(self, *exc_info: object) -> None:
        if self._gate is not None:
            self._gate.flush()
