"""Opens a provider for an administration: tool, site, tokens, session and gate put together."""

from __future__ import annotations

import json
from datetime import datetime, timedelta

from django.conf import settings
from django.utils import timezone

from .. import tools
from ..base.errors import AuthorisationLost
from ..base.http import CallGate
from ..base.provider import Provider
from ..base.signin import MemorySession, Opening, SessionStore, SignInKind, Tokens
from ..models import Administration, Grant
from ..registry import get_tool
from .tokens import GrantTokens

# A token is not begun with in its last moments.
_SAFETY = timedelta(seconds=20)


class AdministrationSession:
    """The SessionStore of an administration; its row is the common truth of all workers and pages."""

    def __init__(self, administration_id: int) -> None:
        self._rows = Administration.objects.filter(pk=administration_id)
        self._kept: tuple[str, datetime] | None = None

    def get(self) -> str:
        if self._kept is None:
            row = self._rows.only("session_token", "session_until").get()
            if not row.session_token or row.session_until is None:
                return ""
            self._kept = (row.session_token, row.session_until)
        token, until = self._kept
        if until - _SAFETY <= timezone.now():
            self._kept = None
            return ""
        return token

    def put(self, token: str, expires_at: datetime) -> None:
        self._kept = (token, expires_at)
        self._rows.update(session_token=token, session_until=expires_at)

    def drop(self) -> None:
        self._kept = None
        self._rows.update(session_token=None, session_until=None)


def open_provider(
    grant: Grant | None,
    administration_id: str,
    gate: CallGate,
    *,
    administration: Administration | None = None,
    deadline: float | None = None,
) -> Provider:
    """A provider signed in by `grant` (administration id empty: sign-in level calls only)."""
    if grant is None:
        raise AuthorisationLost("nobody has signed in yet")
    tool = get_tool(grant.tool)
    is_own = administration is not None and administration.external_id == administration_id
    session: SessionStore = AdministrationSession(administration.pk) if is_own and administration else MemorySession()

    def renew(present: Grant) -> Tokens:
        if tool.sign_in is SignInKind.OAUTH:
            return tools.oauth(present.tool, present.site, gate).refresh(present.refresh_token or "")
        return tools.log_in(present.tool, present.site, gate).log_in(json.loads(present.credentials or "{}"))

    return tool.open(
        Opening(
            base_url=tools.base_url(tool, grant.site),
            administration_id=administration_id,
            tokens=GrantTokens(grant.pk, renew),
            gate=gate,
            deadline_seconds=deadline or float(settings.BOEKBRUG_REQUEST_DEADLINE_SECONDS),
            country=administration.country if administration is not None else "",
            session=session,
            app=tools.app(tool),
        )
    )
