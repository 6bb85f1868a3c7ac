"""Request and answer as every part of the sandbox sees them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qsl, unquote

JSON = "application/json; charset=utf-8"
HTML = "text/html; charset=utf-8"

Headers = list[tuple[str, str]]


class BadControl(Exception):
    """A control call (`/_sandbox/…`) that cannot be done; the text says why. Answered with `status`."""

    def __init__(self, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.text = text
        self.status = status


@dataclass(slots=True)
class Request:
    """One HTTP request; header names in lower case, `path` still percent-encoded and without the query."""

    method: str
    path: str
    query: str
    headers: dict[str, str]
    body: bytes
    base_url: str  # scheme, host and port as the caller wrote them
    _params: dict[str, str] | None = None

    @property
    def params(self) -> dict[str, str]:
        """Query options, decoded once; the last of equal names wins."""
        if self._params is None:
            self._params = dict(parse_qsl(self.query, keep_blank_values=True))
        return self._params

    @property
    def plain_path(self) -> str:
        """The path, percent-decoded."""
        return unquote(self.path)

    def form(self) -> dict[str, str]:
        """Return the fields of a urlencoded body."""
        return dict(parse_qsl(self.body.decode("utf-8", "replace"), keep_blank_values=True))

    def json(self) -> Any:
        """Return the JSON body, `{}` when empty. Raises BadControl on anything else."""
        if not self.body.strip():
            return {}
        try:
            return json.loads(self.body)
        except ValueError as exc:
            raise BadControl(f"The body is not JSON: {exc}") from exc


@dataclass(slots=True)
class Response:
    """One HTTP answer."""

    status: int = 200
    body: bytes = b""
    content_type: str = ""
    headers: Headers = field(default_factory=list)
    reason: str = ""  # in place of the usual phrase of the status


def json_response(data: Any, status: int = 200, headers: Headers | None = None) -> Response:
    """Return `data` as a compact JSON answer; Decimals are written as strings."""
    text = json.dumps(data, ensure_ascii=False, separators=(",", ":"), default=str)
    return Response(status, text.encode(), JSON, headers or [])


def html_response(text: str, status: int = 200) -> Response:
    """Return a page that no browser keeps and no other page may frame."""
    return Response(status, text.encode(), HTML, [("Cache-Control", "no-store"), ("X-Frame-Options", "DENY")])


def redirect(url: str, status: int = 302, headers: Headers | None = None) -> Response:
    """Return a redirect to `url`."""
    return Response(status, b"", "", [("Location", url), *(headers or [])])
