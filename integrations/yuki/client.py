"""Yuki's wire: one call of one web service; every fault and status as one of our errors.

Returns the result as it came and decides nothing about it. A refused session is provably nothing done, so the call is
made once more with a fresh one; nothing else is ever repeated. Source: vendor notes, transport; faults.
"""

from __future__ import annotations

from datetime import UTC, datetime

from ..base.errors import (
    AccessDenied,
    AdministrationGone,
    AuthorisationLost,
    BatchRefused,
    IntegrationError,
    OutcomeUnknown,
    RateLimited,
    Rejected,
    Unreachable,
)
from ..base.http import Answer, HttpClient
from ..base.signin import Opening
from .limits import DAY, DAY_CALLS, day_ends
from .refusals import FaultKind, fault_kind
from .soap import SERVICE, Element, Fault, Parameters, Unreadable, envelope, fault_of, parse, result_of

_TOO_LARGE = (413,)


class YukiClient:
    """One key at one country's host. Not shared between threads."""

    def __init__(self, opening: Opening) -> None:
        self._http = HttpClient(base_url=opening.base_url, deadline_seconds=opening.deadline_seconds, gate=opening.gate)
        self._tokens = opening.tokens

    def call(
        self,
        service: str,
        operation: str,
        parameters: Parameters = (),
        *,
        session_name: str = "sessionID",
        is_write: bool = False,
    ) -> Element | None:
        """Call an operation with the session in front of its parameters; None: an empty response.

        Raises what stops the connection, `Rejected` for a refused read, `BatchRefused` for a document that was
        refused as a whole, `OutcomeUnknown` for a write that nobody can be sure about.
        """
        session = self._tokens.current()
        try:
            return self._once(service, operation, ((session_name, session), *parameters), is_write)
        except SessionRefused:
            self._tokens.reject(session)
        fresh = self._tokens.current()
        if fresh == session:
            raise AuthorisationLost("the session is refused", code="AUT-412", operation=operation)
        try:
            return self._once(service, operation, ((session_name, fresh), *parameters), is_write)
        except SessionRefused as exc:
            raise AuthorisationLost(
                "a new session is refused as well", code="AUT-412", operation=operation, vendor_text=str(exc)
            ) from exc

    def _once(self, service: str, operation: str, parameters: Parameters, is_write: bool) -> Element | None:
        answer = post(self._http, service, operation, parameters, is_write=is_write)
        return read(answer, operation, is_write=is_write)


class SessionRefused(Exception):
    """The session is unknown over there; nothing was done."""


def post(http: HttpClient, service: str, operation: str, parameters: Parameters, *, is_write: bool) -> Answer:
    """Send one envelope."""
    return http.send(
        "POST",
        f"ws/{service}.asmx",
        operation=operation,
        is_write=is_write,
        headers={"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{SERVICE}{operation}"'},
        data=envelope(operation, parameters),
    )


def read(answer: Answer, operation: str, *, is_write: bool) -> Element | None:
    """The result of an answer; raises for a fault, a status that is none of success, and for what cannot be read."""
    try:
        root = parse(answer.body)
        fault = fault_of(root)
        if fault is None and answer.status == 200:
            return result_of(root, operation)
    except Unreadable as exc:
        fault = None
        if answer.status == 200:
            raise _unknown("the answer cannot be read", answer, operation, is_write) from exc
    raise error_for(answer, fault, operation, is_write=is_write, now=datetime.now(UTC))


def error_for(
    answer: Answer, fault: Fault | None, operation: str, *, is_write: bool, now: datetime
) -> IntegrationError | SessionRefused:
    """The error of a fault or of a status without one."""
    words = fault.words if fault is not None else answer.body[:2000].decode("utf-8", "replace")
    kind = fault_kind(words)
    status = answer.status
    if fault is None and kind is FaultKind.OTHER:
        kind = {401: FaultKind.SESSION, 403: FaultKind.RIGHT, 429: FaultKind.DAY}.get(status, kind)
        if status in _TOO_LARGE:
            kind = FaultKind.WHOLE
    told = fault.text if fault is not None else ""
    match kind:
        case FaultKind.SESSION:
            return SessionRefused(told)
        case FaultKind.KEY:
            return AuthorisationLost(told, code="AUT-412", status=status, vendor_text=told, operation=operation)
        case FaultKind.DAY:
            return RateLimited(
                told or "the calls of today are used up",
                until=day_ends(now),
                scope=DAY,
                limit=DAY_CALLS,
                code="SYS-702",
                status=status,
                operation=operation,
            )
        case FaultKind.INACTIVE:
            return AdministrationGone(told, code="AUT-415", status=status, vendor_text=told, operation=operation)
        case FaultKind.ADMINISTRATION:
            return AdministrationGone(told, code="AUT-413", status=status, vendor_text=told, operation=operation)
        case FaultKind.RIGHT:
            return AccessDenied(
                told or "the key may not use this web service",
                status=status,
                vendor_text=told,
                operation=operation,
                params={"right": "", "resource": operation},
            )
        case FaultKind.WHOLE:
            return BatchRefused(
                told or "too large", code="SYS-706", status=status, vendor_text=words, operation=operation
            )
    if is_write or fault is None:
        return _unknown(told or f"status {status}", answer, operation, is_write)
    return Rejected(told, code="ALL-999", status=status, vendor_code=fault.code, vendor_text=words, operation=operation)


def _unknown(text: str, answer: Answer, operation: str, is_write: bool) -> IntegrationError:
    """A fault or a broken answer says nothing about what was booked; a read just failed."""
    if is_write:
        return OutcomeUnknown(text, status=answer.status, operation=operation)
    return Unreachable(text, status=answer.status, operation=operation)
