"""What the server asks of a vendor."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from .messages import Request, Response

Action = Callable[[dict[str, Any]], Any]


class Vendor(Protocol):
    """One vendor's protocol and books; every method is called under the sandbox's lock."""

    key: str
    title: str
    book_names: frozenset[str]

    @property
    def actions(self) -> Mapping[str, Action]:
        """Control verbs (`POST /_sandbox/<verb>`), each from a JSON object to JSON."""
        ...

    def handle(self, request: Request) -> Response:
        """Answer a call under the vendor's prefix."""
        ...

    def fault(self, kind: str, request: Request) -> Response:
        """Return the vendor's own answer for expired_token, empty_list, rate_minute, rate_day."""
        ...

    def begin(self, books: Sequence[str] | None) -> None:
        """Take up what the state file holds; when it holds nothing, the named demo books (None: all)."""
        ...

    def reset(self, books: Sequence[str] | None) -> None:
        """Start again with the named demo books (those of other vendors are passed over), None for all."""
        ...

    def settings(self) -> dict[str, Any]:
        """Return the present switches."""
        ...

    def change_settings(self, wanted: Mapping[str, Any]) -> dict[str, Any]:
        """Set switches and return all. Raises BadControl on an unknown one or a wrong kind of value."""
        ...

    def books(self, params: Mapping[str, str]) -> dict[str, Any]:
        """Return the whole books as JSON, money as strings."""
        ...

    def close(self) -> None:
        """Stop background work."""
        ...
