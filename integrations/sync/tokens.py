"""Tokens of a grant: refreshed once, by one worker, stored and committed before any use.

The refresh is claimed by a conditional update on the grant's version; the call is made with no transaction
open; the new pair is stored on the condition that the version is still the claimed one. A refresh whose answer
was lost is not repeated: the old refresh token may be dead, which only a person can repair. Source: design,
section 5 "Tokens"; catalogue AUT-401, AUT-402.
"""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import timezone

from ..base.errors import AuthorisationLost, IntegrationError, OutcomeUnknown, Unreachable
from ..base.signin import RefreshTooEarly, Tokens
from ..models import Grant, GrantStatus
from .leases import _from_now

# A call that starts now must end before the token does; Exact's good window for refreshing is only 30 s wide.
SAFETY = timedelta(seconds=5)
_POLL_SECONDS = 0.25


class GrantTokens:
    """The TokenSource of a grant. Every worker makes its own; the grant's row is the common truth.

    `renew` makes new tokens of a grant: by its refresh token, or by what a person filled in.
    """

    def __init__(self, grant_id: int, renew: Callable[[Grant], Tokens]) -> None:
        self._grant_id = grant_id
        self._renew = renew
        self._grant: Grant | None = None
        self._rejected: set[str] = set()

    def current(self) -> str:
        grant = self._grant or self._read()
        if self._is_good(grant):
            return grant.access_token or ""
        grant = self._read()  # another worker may have refreshed
        if self._is_good(grant):
            return grant.access_token or ""
        return self._refresh(grant)

    def reject(self, token: str) -> None:
        self._rejected.add(token)

    def _read(self) -> Grant:
        self._grant = Grant.objects.get(pk=self._grant_id)
        return self._grant

    def _is_good(self, grant: Grant) -> bool:
        if grant.status == GrantStatus.LOST:
            raise AuthorisationLost(grant.lost_text, code=grant.lost_code or None)
        if not grant.access_token or grant.expires_at is None or grant.access_token in self._rejected:
            return False
        return grant.expires_at - SAFETY > timezone.now()

    def _refresh(self, grant: Grant) -> str:
        """Refresh, or wait for the worker that does. Raises AuthorisationLost, Unreachable."""
        deadline = time.monotonic() + settings.BOEKBRUG_REQUEST_DEADLINE_SECONDS
        while True:
            if not grant.refresh_token and not grant.credentials:
                self._lose(grant, "AUT-401", "there is no refresh token")
            owner = uuid.uuid4().hex
            claimed = (
                Grant.objects.filter(pk=grant.pk, version=grant.version, status=GrantStatus.ACTIVE)
                .filter(Q(refresh_lease_until__isnull=True) | Q(refresh_lease_until__lt=Now()))
                .update(
                    refresh_lease_owner=owner,
                    refresh_lease_until=_from_now(settings.BOEKBRUG_REQUEST_DEADLINE_SECONDS + 10),
                )
            )
            if claimed:
                return self._refresh_claimed(grant, owner)
            if time.monotonic() > deadline:
                raise Unreachable("another worker is refreshing the sign-in")
            time.sleep(_POLL_SECONDS)
            grant = self._read()
            if self._is_good(grant):
                return grant.access_token or ""

    def _refresh_claimed(self, grant: Grant, owner: str) -> str:
        # A lease left behind by a worker that died mid-refresh is simply taken over: whether its token was used up
        # is known to the tool only, and trying it is the one way to learn that.
        try:
            tokens = self._renew(grant)
        except RefreshTooEarly:
            self._unclaim(grant, owner)
            return self._keep_present(grant)
        except AuthorisationLost as exc:
            fresh = self._read()
            if fresh.version != grant.version and self._is_good(fresh):
                return fresh.access_token or ""
            self._lose(grant, exc.code, exc.vendor_text or str(exc))
        except OutcomeUnknown as exc:
            # The lease stays until it runs out: whoever comes next tries once more with the same token.
            raise Unreachable("the sign-in service did not answer", code="SYS-703") from exc
        except IntegrationError:
            # Nothing was swapped: a limit, a lost lease, no line. Whoever comes next may try at once.
            self._unclaim(grant, owner)
            raise
        return self.store(grant, tokens, owner=owner)

    def _keep_present(self, grant: Grant) -> str:
        """The tool says the present token is good: use it, unless it has just been refused."""
        if grant.access_token and grant.access_token not in self._rejected:
            return grant.access_token
        raise Unreachable("the access token was refused and may not be renewed yet", code="AUT-402")

    def store(self, grant: Grant, tokens: Tokens, *, owner: str) -> str:
        """Commit the new pair, alone and durably, and only on top of the version it was made from."""
        with transaction.atomic(durable=True):
            stored = Grant.objects.filter(pk=grant.pk, version=grant.version, refresh_lease_owner=owner).update(
                version=grant.version + 1, **token_columns(tokens)
            )
        if not stored:
            # Someone signed in anew meanwhile; theirs is newer than ours.
            fresh = self._read()
            if self._is_good(fresh):
                return fresh.access_token or ""
            raise Unreachable("the sign-in changed while it was refreshed")
        self._read()
        return tokens.access_token

    def _unclaim(self, grant: Grant, owner: str) -> None:
        Grant.objects.filter(pk=grant.pk, refresh_lease_owner=owner).update(
            refresh_lease_owner="", refresh_lease_until=None
        )

    def _lose(self, grant: Grant, code: str, text: str) -> None:
        Grant.objects.filter(pk=grant.pk, version=grant.version).update(
            status=GrantStatus.LOST,
            lost_code=code,
            lost_text=text[:500],
            refresh_lease_owner="",
            refresh_lease_until=None,
        )
        raise AuthorisationLost(text, code=code)


def token_columns(tokens: Tokens) -> dict[str, str | datetime | None]:
    """The columns of a grant that a new pair fills, with the refresh lease given back."""
    return {
        "status": GrantStatus.ACTIVE,
        "access_token": tokens.access_token,
        "refresh_token": tokens.refresh_token,
        "obtained_at": tokens.obtained_at,
        "expires_at": tokens.expires_at,
        "refresh_from": tokens.refresh_from,
        "refresh_until": tokens.refresh_until,
        "refresh_lease_owner": "",
        "refresh_lease_until": None,
        "lost_code": "",
        "lost_text": "",
    }
