"""Signing in at Yuki: an access key that a person made there opens a session of a day.

The key belongs to one country's host; the other one says that it is invalid. The session's id is what every call
carries, and is as good as the key for a day. Storing it is the engine's work. Source: vendor notes, common operations.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta

from ..base.errors import AuthorisationLost, OutcomeUnknown
from ..base.http import CallGate, HttpClient
from ..base.signin import App, CredentialField, Tokens
from .client import SessionRefused, post, read
from .values import guid

ACCESS_KEY = "access_key"
FIELDS = (
    CredentialField(
        name=ACCESS_KEY,
        label="API key",
        is_secret=True,
        hint="In Yuki: Settings > Web services. A key made inside one administration opens that one only.",
    ),
)
RENEW_AFTER = timedelta(hours=23)  # it lives a day, "or until the application closes"
# Every service signs in; this one is needed in any case.
_SERVICE, _OPERATION = "Accounting", "Authenticate"


def _now() -> datetime:
    return datetime.now(UTC)


class YukiSignIn:
    """The key side of one country's host."""

    def __init__(
        self, base_url: str, app: App, deadline_seconds: float, gate: CallGate, now: Callable[[], datetime] = _now
    ) -> None:
        self._now = now
        # Bodies of these calls are secrets from end to end, so not a byte of them reaches the exchange log.
        self._http = HttpClient(base_url=base_url, deadline_seconds=deadline_seconds, gate=gate, record_bytes=0)

    def log_in(self, credentials: Mapping[str, str]) -> Tokens:
        """A new session. Raises AuthorisationLost (the key is refused here), RateLimited, Unreachable, OutcomeUnknown.

        A second session harms no first one, so an unanswered call may simply be made again.
        """
        key = guid(credentials.get(ACCESS_KEY, ""))
        if not key:
            raise AuthorisationLost("this is no access key of Yuki", code="AUT-412", operation=_OPERATION)
        started = self._now()
        answer = post(self._http, _SERVICE, _OPERATION, (("accessKey", key),), is_write=False)
        try:
            result = read(answer, _OPERATION, is_write=False)
        except SessionRefused as exc:
            raise AuthorisationLost("the key is refused", code="AUT-412", operation=_OPERATION) from exc
        session = guid(result.text if result is not None else "")
        if not session:
            raise OutcomeUnknown("the answer holds no session", status=answer.status, operation=_OPERATION)
        return Tokens(
            access_token=session,
            obtained_at=started,
            expires_at=started + RENEW_AFTER,
            refresh_from=started + RENEW_AFTER,
        )
