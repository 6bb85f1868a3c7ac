"""Which of our errors an answer of Twinfield stands for. Pure.

A fault comes before anything was done with the document, with one exception: code 100, the unexpected. Texts come in
the user's language, so they choose no error. Source: vendor notes, errors.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from ..base.errors import (
    AccessDenied,
    AdministrationGone,
    AuthorisationLost,
    BatchRefused,
    IntegrationError,
    OutcomeUnknown,
    ProtocolSurprise,
    RateLimited,
    Rejected,
    Unreachable,
)
from ..base.http import Answer
from .limits import MINUTE, blocked_until
from .markup import Unreadable
from .soap import Fault, body_of, fault_of, fault_of_reason

_LOST = frozenset({"103", "104", "105", "106", "354"})
_SCOPE = frozenset({"351", "352", "353"})
_NO_COMPANY = frozenset({"109", "359"})
_BUSY = frozenset({"108", "358"})


def fault_in(answer: Answer) -> Fault | None:
    """What a refusing answer says, by its body or its reason phrase; None when it says nothing we know."""
    stated = fault_of_reason(answer.reason) if answer.status in (401, 403) else None
    try:
        found = fault_of(body_of(answer.body))
    except Unreadable:
        found = None
    return found if found is not None and (found.code or stated is None) else stated


def error_for(
    answer: Answer, fault: Fault | None, *, operation: str, is_write: bool, company: str, now: datetime
) -> IntegrationError:
    """The error that a refusing answer stands for; never raised here."""
    status = answer.status
    code, words = (fault.code, fault.words) if fault is not None else ("", "")
    common: dict[str, Any] = {
        "status": status,
        "vendor_code": code,
        "vendor_text": words,
        "operation": operation,
    }
    if status == 429:
        until, limit = blocked_until(answer.headers, now)
        return RateLimited(
            "the credits of this minute are used up",
            until=until,
            scope=MINUTE,
            limit=limit,
            status=status,
            operation=operation,
        )
    if code in _LOST or (status == 401 and not code):
        return AuthorisationLost(words or "the sign-in is not valid any more", code="AUT-410", **common)
    if code in _SCOPE:
        return AuthorisationLost(
            words or "a permission is missing", code="AUT-410", params={"cause": "scope"}, **common
        )
    if code in _NO_COMPANY or (code == "102" and company):
        return AdministrationGone(words or "no access to the administration", code="AUT-404", **common)
    if code == "102" or status == 403:
        return AccessDenied(words or "forbidden", code="AUT-411", **common)
    if code in _BUSY:
        return Unreachable(words or "refused for now", **common)
    if code == "187":
        return _refused(words or "the document was not understood", is_write, "SYS-704", common)
    if status == 400:
        return _refused(words or "the call was refused", is_write, None, common)
    if status == 408 or status >= 500 or fault is not None:
        if is_write:
            return OutcomeUnknown(words or f"{operation} answered {status}", **common)
        return Unreachable(words or f"{operation} answered {status}", **common)
    return ProtocolSurprise(f"{operation} answered {status}", **common)


def _refused(words: str, is_write: bool, code: str | None, common: dict[str, Any]) -> IntegrationError:
    """A call that was refused as such: nothing of it was taken."""
    return (BatchRefused if is_write else Rejected)(words, code=code, **common)


def finder_error(code: str, words: str, operation: str) -> IntegrationError:
    """The error of a finder's own message."""
    common: dict[str, Any] = {"vendor_code": code, "vendor_text": words, "operation": operation}
    if code == "NoAccessToOffice":
        return AdministrationGone(words, code="AUT-404", **common)
    if code == "AccessDenied":
        return AccessDenied(words, code="AUT-411", params={"right": operation}, **common)
    return Rejected(words, code="SYS-704", **common)
