"""Signing in at a tool: what every kind of sign-in gives the engine, and how a tool is opened.

Storing and renewing tokens is the engine's work (`integrations.sync.tokens`), since it must survive two workers
and a crash; here are only the shapes.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from .http import CallGate
from .provider import Capability, Limits, Provider, RateState


class SignInKind(enum.StrEnum):
    OAUTH = "oauth"
    PASSWORD = "password"  # noqa: S105 - the name of a kind, no secret
    API_KEY = "api-key"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tokens:
    """What a sign-in or a refresh returned. Moments are aware UTC.

    `refresh_from`: the tool refuses an earlier refresh. `refresh_until`: an unused refresh token dies then.
    `identity`: who signed in, by the tool's own key that never changes; empty where the tool does not say, and after a
    refresh, which changes nobody. Sign-ins of one identity share one grant.
    """

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False, default="")
    obtained_at: datetime
    expires_at: datetime
    refresh_from: datetime
    refresh_until: datetime | None = None
    identity: str = ""


class RefreshTooEarly(Exception):
    """The tool says that the present access token is still good; nothing was consumed."""


class TokenSource(Protocol):
    def current(self) -> str:
        """An access token that is valid now, refreshed when needed. Raises AuthorisationLost, Unreachable."""

    def reject(self, token: str) -> None:
        """The tool answered 401 to `token`: treat it as expired; the next `current()` gets another or raises."""


class SessionStore(Protocol):
    """One more token, of the administration itself, that lives longer than one provider; kept encrypted."""

    def get(self) -> str:
        """The kept token; empty when there is none, or none that is good for another call."""

    def put(self, token: str, expires_at: datetime) -> None: ...

    def drop(self) -> None:
        """The tool refused it: forget it."""


class MemorySession:
    """A session of one process: sign-in level calls and tests."""

    def __init__(self) -> None:
        self._token, self._expires_at = "", datetime.max.replace(tzinfo=UTC)

    def get(self) -> str:
        return self._token if datetime.now(UTC) < self._expires_at else ""

    def put(self, token: str, expires_at: datetime) -> None:
        self._token, self._expires_at = token, expires_at

    def drop(self) -> None:
        self._token = ""


class OAuthSignIn(Protocol):
    def authorize_url(self, *, state: str, redirect_uri: str, nonce: str) -> str:
        """`nonce` goes along where the tool signs an identity, and comes back inside it."""

    def exchange(self, *, code: str, redirect_uri: str, nonce: str) -> Tokens:
        """Turn a one-time code into tokens. Raises Rejected, Unreachable, OutcomeUnknown."""

    def refresh(self, refresh_token: str) -> Tokens:
        """Swap a refresh token for a new pair; the old one is dead afterwards.

        Raises RefreshTooEarly (keep what you have), AuthorisationLost (a person must sign in), Unreachable
        (provably not sent, or refused as busy), OutcomeUnknown (the old token may be dead).
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class CredentialField:
    """One thing that people fill in to sign in; English, shown translated. Secret ones are never shown again."""

    name: str
    label: str
    is_secret: bool = False
    hint: str = ""


class CredentialSignIn(Protocol):
    """Signing in by what a person filled in: a password or a key, kept encrypted for the next session."""

    def log_in(self, credentials: Mapping[str, str]) -> Tokens:
        """A new session as `access_token`; there is no refresh token, the next one is another `log_in`.

        Raises AuthorisationLost (refused: never tried again without a person, some tools lock the account),
        Unreachable, OutcomeUnknown.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """One country installation of a tool; accounts and tokens do not travel between sites."""

    code: str
    label: str
    base_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class App:
    """Our registration at a tool; the secret is empty where there is none."""

    client_id: str
    client_secret: str = field(repr=False, default="")


@dataclass(frozen=True, slots=True, kw_only=True)
class Opening:
    """Everything a provider needs to talk to one administration (empty id: only sign-in level calls)."""

    base_url: str
    administration_id: str
    tokens: TokenSource
    gate: CallGate
    deadline_seconds: float
    country: str = ""
    session: SessionStore = field(default_factory=MemorySession)
    app: App | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolRight:
    """A right that the signed-in user needs, in the words of the tool's own screens; English, shown translated."""

    code: str  # that of `MissingRight`
    right: str
    needed_for: str
    optional: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Tool:
    """One bookkeeping tool as the registry lists it."""

    key: str
    label: str
    sign_in: SignInKind
    sites: tuple[Site, ...]
    capabilities: frozenset[Capability]
    limits: Limits
    open: Callable[[Opening], Provider]
    oauth: Callable[[str, App, float, CallGate], OAuthSignIn] | None = None  # base URL, app, deadline, gate
    log_in: Callable[[str, App, float, CallGate], CredentialSignIn] | None = None  # as `oauth`, for the other kinds
    needs_registration: bool = True  # whether this installation has to be known there, by an app or software house id
    credential_fields: tuple[CredentialField, ...] = ()  # what `log_in` wants, in the order people see
    rights: tuple[ToolRight, ...] = ()  # what `check_access` asks for, in the order people see
    sign_in_hint: str = ""  # what to mind while signing in; English, shown translated
    where_rights_are_given: str = ""  # menu path in the tool where an administrator gives them
    where_to_look: str = ""  # menu path in the tool where a person finds a sales booking
    revenue_prefixes: dict[str, tuple[str, ...]] = field(default_factory=dict)  # country -> account prefixes
    # the tool's own counters as every answer states them; the engine's gate calls it in `after`
    read_rate_headers: Callable[[Mapping[str, str]], tuple[RateState, ...]] | None = None
    # situation ("period-closed", "account-blocked" …) -> catalogue code, where the tool has its own
    problem_codes: dict[str, str] = field(default_factory=dict)
    # our mark of a party -> the number under which it is made, where a creation would change whoever has that number
    party_number: Callable[[str], str] | None = None
    # list -> operation whose calls are counted, where the tool allows only some readings of it
    list_operations: dict[str, str] = field(default_factory=dict)
    # how long a list may be used before it is read again, in seconds; lists not named are read at every run
    list_seconds: dict[str, int] = field(default_factory=dict)
