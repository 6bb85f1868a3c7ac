"""What an answer of Exact Online holds, and which of our errors its status is. Pure.

A business refusal is a 500 with a message; a 500 without one is a failure. Texts come in the user's language, so
they choose the sentence a person reads, never what happens. Source: vendor notes, JSON shapes and errors.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..base.errors import (
    AccessDenied,
    AdministrationGone,
    AuthorisationLost,
    IntegrationError,
    OutcomeUnknown,
    ProtocolSurprise,
    RateLimited,
    Rejected,
    Unreachable,
)
from ..base.http import Answer
from .limits import blocked_until
from .refusals import catalogue_code
from .rights import right_of
from .values import plain, text

Row = dict[str, Any]

# Reasons of a 403, stated in a header.
_USER_REASONS = {"BlockedUser", "InactiveUser"}
_CLOSED_REASONS = {"BlockedCustomer", "LicenseExpired", "DivisionBlocked"}
_NO_ACCESS_REASON = "NoDivisionAccess"
_SCOPE_WORDS = "application scope"


class Unreadable(Exception):
    """A successful status with a body that is none of the known shapes."""


@dataclass(frozen=True, slots=True)
class RowPage:
    rows: tuple[Row, ...]
    next_link: str


def page_of(answer: Answer) -> RowPage:
    """Rows and next-page link of a list answer, in any of its shapes. Raises Unreadable."""
    data = _data(answer)
    if isinstance(data, list):
        return RowPage(_rows(data), "")
    if isinstance(data, dict) and isinstance(data.get("results"), list):
        return RowPage(_rows(data["results"]), text(data.get("__next")))
    if isinstance(data, dict) and "results" not in data:
        return RowPage((data,), "")
    raise Unreadable


def entity_of(answer: Answer) -> Row:
    """The single object of an answer, also when it comes inside a list. Raises Unreadable."""
    rows = page_of(answer).rows
    if len(rows) != 1:
        raise Unreadable
    return rows[0]


def data_of(answer: Answer) -> Any:
    """What stands in the envelope, whatever it is. Raises Unreadable."""
    return _data(answer)


def rows_of(value: Any) -> tuple[Row, ...] | None:
    """Expanded lines inside an entity; None when they came as a link only, or not at all."""
    if isinstance(value, dict):
        value = value.get("results")
    return _rows(value) if isinstance(value, list) else None


def error_for(answer: Answer, *, operation: str, method: str, is_write: bool, now: datetime) -> IntegrationError:
    """The error that an answer with a refusing status stands for; never raised here."""
    status = answer.status
    vendor_code, message = _message(answer)
    where = f"{method} {operation}"
    common: dict[str, Any] = {
        "status": status,
        "vendor_text": message,
        "vendor_code": vendor_code,
        "operation": operation,
    }
    if status == 401:
        return AuthorisationLost("the access token is refused", **common)
    if status == 403:
        return _forbidden(_header(answer.headers, "Reason"), message, method, operation, common)
    if status == 429:
        scope, until, limit = blocked_until(answer.headers, now)
        return RateLimited(
            f"{scope} limit reached", until=until, scope=scope, limit=limit, status=status, operation=operation
        )
    if status in (405, 501):
        return ProtocolSurprise(f"{where} is not possible there", **common)
    if status == 404:
        return Rejected(message or f"{where}: not found", code=catalogue_code(message, operation), **common)
    if status == 408 or status >= 500:
        if status == 500 and message:
            return Rejected(message, code=catalogue_code(message, operation), **common)
        if is_write:
            return OutcomeUnknown(f"{where} answered {status}", **common)
        return Unreachable(f"{where} answered {status}", **common)
    if 400 <= status < 500:
        return Rejected(message or f"{where} answered {status}", code=catalogue_code(message, operation), **common)
    return ProtocolSurprise(f"{where} answered {status}", **common)


def _forbidden(reason: str, message: str, method: str, operation: str, common: dict[str, Any]) -> IntegrationError:
    """A 403 by its reason: the user, the administration, the registration of the app, or a right."""
    if reason in _USER_REASONS:
        return AuthorisationLost(message or reason, code="AUT-405", **{**common, "vendor_code": reason})
    if reason in _CLOSED_REASONS:
        return AdministrationGone(message or reason, code="AUT-415", **{**common, "vendor_code": reason})
    if reason == _NO_ACCESS_REASON:
        return AdministrationGone(message or reason, code="AUT-404", **{**common, "vendor_code": reason})
    right = right_of(operation, method)
    params = {"right": right.right if right else f"{method} {operation}", "resource": operation, "action": method}
    if _SCOPE_WORDS in message.lower():
        # The registration of the app lacks it, not the user; whoever maintains the registration has to add it.
        params["cause"] = "scope"
        return AccessDenied(message, params=params, **{**common, "vendor_code": reason or "scope"})
    code = catalogue_code(message, operation)
    return AccessDenied(
        message or "forbidden",
        code=code if code.startswith("AUT-") else "AUT-403",
        params=params,
        **{**common, "vendor_code": reason or common["vendor_code"]},
    )


def _message(answer: Answer) -> tuple[str, str]:
    """Code and readable text of an error body; two empty texts when it is not the known JSON."""
    try:
        body = answer.json()
        error = body["error"]
        message = error["message"]
        value = message["value"] if isinstance(message, dict) else message
        return text(error.get("code")), plain(text(value))
    except (ValueError, KeyError, TypeError, AttributeError):
        return "", ""


def _data(answer: Answer) -> Any:
    try:
        return answer.json()["d"]
    except (ValueError, KeyError, TypeError) as exc:
        raise Unreadable from exc


def _rows(items: list[Any]) -> tuple[Row, ...]:
    if not all(isinstance(item, dict) for item in items):
        raise Unreadable
    return tuple(items)


def _header(headers: Mapping[str, str], name: str) -> str:
    """The first word of a header: a reason may be followed by a colon and a sentence."""
    for key, value in headers.items():
        if key.lower() == name.lower():
            return value.split(":")[0].strip()
    return ""
