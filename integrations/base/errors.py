"""Three families of errors, one sentence each.

`Temporary`: try later. `OutcomeUnknown`: sent, no answer, look before sending again. `NeedsPerson`: stop and
tell. Each carries data, never a ready text; `integrations.messages` makes the words. Source: style guide 5.
"""

from __future__ import annotations

from datetime import datetime


class IntegrationError(Exception):
    """Anything a bookkeeping tool can do to us."""

    code = "ALL-999"

    def __init__(
        self,
        text: str = "",
        *,
        code: str | None = None,
        status: int | None = None,
        vendor_code: str = "",
        vendor_text: str = "",
        operation: str = "",
        request_id: str = "",
        params: dict[str, str] | None = None,
    ) -> None:
        super().__init__(text or vendor_text or self.__class__.__name__)
        if code is not None:
            self.code = code
        self.status = status
        self.vendor_code = vendor_code
        self.vendor_text = vendor_text
        self.operation = operation
        self.request_id = request_id
        self.params = params or {}


class Temporary(IntegrationError):
    """Nothing was booked by this call; the same call may work later."""

    code = "SYS-703"


class Unreachable(Temporary):
    """No connection was made, or a read call got no usable answer."""


class RateLimited(Temporary):
    """The tool, or our own counter of its limits, allows no call before `until`.

    `scope` is "minute", "day" or "errors"; a minute postpones the run, a day or error limit leaves the rest waiting.
    `counted`: it was our counter that said so, so there is nothing to learn from it.
    """

    code = "SYS-701"

    def __init__(
        self,
        text: str = "",
        *,
        until: datetime,
        scope: str,
        limit: int | None = None,
        code: str | None = None,
        status: int | None = None,
        operation: str = "",
        counted: bool = False,
    ) -> None:
        super().__init__(text, code=code, status=status, operation=operation)
        self.counted = counted
        self.until = until
        self.scope = scope
        self.limit = limit


class LeaseLost(Temporary):
    """Another worker serves this administration now; stop without writing."""

    code = "SYS-705"


class OutcomeUnknown(IntegrationError):
    """A write went out and its answer did not come back, or cannot be read."""

    code = "SYS-703"


class NeedsPerson(IntegrationError):
    """Stop and tell."""


class AuthorisationLost(NeedsPerson):
    """The sign-in no longer works; only a person can renew it."""

    code = "AUT-401"


class AccessDenied(NeedsPerson):
    """Signed in, but this user may not do that; `params["right"]` names the right where it is known."""

    code = "AUT-403"


class AdministrationGone(NeedsPerson):
    """The administration is closed, or no longer open to this user."""

    code = "AUT-404"


class MissingLink(NeedsPerson):
    """A setting of the connection is missing; `step` is the wizard step that fills it."""

    code = "APP-101"

    def __init__(
        self, text: str = "", *, step: str, code: str | None = None, params: dict[str, str] | None = None
    ) -> None:
        super().__init__(text, code=code, params=params)
        self.step = step


class Rejected(NeedsPerson):
    """The tool understood the call and said no."""


class BatchRefused(Rejected):
    """The tool provably refused a call with several items as a whole and took none of them."""


class ProtocolSurprise(NeedsPerson):
    """An answer that our facts about the tool do not allow."""

    code = "SYS-704"
