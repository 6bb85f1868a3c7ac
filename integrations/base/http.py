"""HTTP to a bookkeeping tool: one call, hard limits, every transport fault as one of our errors.

Redirects are not followed, only the hosts of the settings are reached, answers are capped in size and time.
What a status means is the vendor client's matter; what a broken line means is decided here: a write whose
answer is missing is `OutcomeUnknown`, anything that provably never left is `Unreachable`.
"""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol
from urllib.parse import quote, urlencode, urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import ConnectTimeoutError, NewConnectionError

from .errors import OutcomeUnknown, ProtocolSurprise, Unreachable

CONNECT_SECONDS = 10.0
MAX_ANSWER_BYTES = 32 * 1024 * 1024
_CHUNK = 64 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """Status, headers and body of one answer; `ms` is the whole call in milliseconds.

    `reason` is the phrase behind the status, where a tool puts its own words there.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)
    ms: float
    reason: str = ""

    def json(self) -> Any:
        """The body as JSON. Numbers with a fraction come as text, so that no cent passes through a float."""
        return json.loads(self.body.decode("utf-8-sig"), parse_float=str)


@dataclass(frozen=True, slots=True, kw_only=True)
class CallRecord:
    """One finished call as the exchange log wants it; texts are raw, the log redacts them."""

    operation: str
    method: str
    url: str
    status: int | None
    ms: float
    is_write: bool
    request_body: str = field(repr=False, default="")
    answer_body: str = field(repr=False, default="")
    error: str = ""


class CallGate(Protocol):
    """Stands before and after every call: limits, lease and the exchange log, kept by the engine."""

    def before(self, operation: str, *, deadline_seconds: float) -> None:
        """Raise `RateLimited` or `LeaseLost` when the call may not start now."""

    def after(self, record: CallRecord, headers: Mapping[str, str]) -> None:
        """Count the call and keep its record."""


class OpenGate:
    """Lets everything through and keeps nothing: sign-in pages and tests."""

    def before(self, operation: str, *, deadline_seconds: float) -> None:
        return None

    def after(self, record: CallRecord, headers: Mapping[str, str]) -> None:
        return None


class HttpClient:
    """A keep-alive session to one origin. Not shared between threads."""

    def __init__(
        self,
        *,
        base_url: str,
        deadline_seconds: float,
        gate: CallGate | None = None,
        max_answer_bytes: int = MAX_ANSWER_BYTES,
        record_bytes: int = 4000,
    ) -> None:
        self.base_url = base_url.rstrip("/")
        self.deadline_seconds = deadline_seconds
        self.gate: CallGate = gate or OpenGate()
        self._origin = _origin(self.base_url)
        self._max_answer_bytes = max_answer_bytes
        self._record_bytes = record_bytes
        self._session = requests.Session()
        self._session.trust_env = False  # no proxy or .netrc from the environment may see the books
        adapter = HTTPAdapter(max_retries=0, pool_connections=1, pool_maxsize=1)
        self._session.mount("https://", adapter)
        self._session.mount("http://", adapter)

    def close(self) -> None:
        self._session.close()

    def send(
        self,
        method: str,
        url: str,
        *,
        operation: str,
        is_write: bool,
        headers: Mapping[str, str] | None = None,
        params: Mapping[str, str] | None = None,
        json_body: Any = None,
        data: bytes | str | None = None,
    ) -> Answer:
        """Make one call and return its answer, whatever its status.

        `url` is a path below the base URL, or a full URL of the same origin (a next-page link).

        Raises: RateLimited, LeaseLost (from the gate, nothing sent); Unreachable (nothing changed);
        OutcomeUnknown (a write that may have been applied); ProtocolSurprise (redirect, oversized answer).
        """
        full = self._full_url(url, params)
        body: bytes | None = None
        send_headers = {"User-Agent": "Boekbrug", **(headers or {})}
        if json_body is not None:
            body = json.dumps(json_body, ensure_ascii=False, separators=(",", ":")).encode()
            send_headers.setdefault("Content-Type", "application/json")
        elif data is not None:
            body = data.encode() if isinstance(data, str) else data
        self.gate.before(operation, deadline_seconds=self.deadline_seconds)
        started = time.monotonic()
        status: int | None = None
        answer_body = b""
        reason = ""
        error = ""
        answer_headers: Mapping[str, str] = {}
        try:
            status, reason, answer_headers, answer_body = self._exchange(method, full, send_headers, body, started)
        except requests.RequestException as exc:
            error = type(exc).__name__
            if is_write and not _never_sent(exc):
                raise OutcomeUnknown(f"{method} without answer: {error}", operation=operation) from exc
            raise Unreachable(f"{method} failed: {error}", operation=operation) from exc
        except _TooLarge as exc:
            error = "answer too large"
            if is_write:
                raise OutcomeUnknown("answer too large", operation=operation, status=exc.status) from exc
            raise ProtocolSurprise("answer too large", operation=operation, status=exc.status) from exc
        finally:
            ms = (time.monotonic() - started) * 1000
            self.gate.after(
                CallRecord(
                    operation=operation,
                    method=method,
                    url=full,
                    status=status,
                    ms=ms,
                    is_write=is_write,
                    request_body=(body or b"")[: self._record_bytes].decode("utf-8", "replace"),
                    answer_body=answer_body[: self._record_bytes].decode("utf-8", "replace"),
                    error=error,
                ),
                answer_headers,
            )
        if 300 <= status < 400:
            raise ProtocolSurprise("redirected", status=status, operation=operation)
        return Answer(status=status, headers=answer_headers, body=answer_body, ms=ms, reason=reason)

    def _full_url(self, url: str, params: Mapping[str, str] | None) -> str:
        full = url if "://" in url else f"{self.base_url}/{url.lstrip('/')}"
        if _origin(full) != self._origin:
            raise ProtocolSurprise("a link leads to another host", params={"host": urlsplit(full).netloc})
        if params:
            # OData option names keep their literal dollar sign; `safe` holds what all tools accept unescaped.
            query = urlencode(params, safe="$,'()/:", quote_via=quote)
            full = f"{full}{'&' if '?' in full else '?'}{query}"
        return full

    def _exchange(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, started: float
    ) -> tuple[int, str, Mapping[str, str], bytes]:
        response = self._session.request(
            method,
            url,
            data=body,
            headers=dict(headers),
            timeout=(min(CONNECT_SECONDS, self.deadline_seconds), self.deadline_seconds),
            allow_redirects=False,
            stream=True,
        )
        with response:
            chunks: list[bytes] = []
            size = 0
            for chunk in response.iter_content(_CHUNK):
                size += len(chunk)
                chunks.append(chunk)
                if size > self._max_answer_bytes:
                    raise _TooLarge(response.status_code)
                if time.monotonic() - started > self.deadline_seconds:
                    raise requests.ReadTimeout("deadline passed while reading the body")
            expected = response.headers.get("Content-Length", "")
            if expected.isdigit() and not response.headers.get("Content-Encoding") and size < int(expected):
                raise requests.exceptions.ChunkedEncodingError("body shorter than announced")
            return response.status_code, response.reason or "", response.headers, b"".join(chunks)


class _TooLarge(Exception):
    def __init__(self, status: int) -> None:
        super().__init__("answer too large")
        self.status = status


def _origin(url: str) -> tuple[str, str]:
    parts = urlsplit(url)
    return parts.scheme, parts.netloc


def _never_sent(exc: requests.RequestException) -> bool:
    """Whether the connection was never made, so that no byte of the request can have arrived."""
    if isinstance(exc, requests.ConnectTimeout):
        return True
    cause: object = exc.args[0] if exc.args else None
    cause = getattr(cause, "reason", cause)
    return isinstance(cause, NewConnectionError | ConnectTimeoutError)
