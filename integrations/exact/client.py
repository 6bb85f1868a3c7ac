"""Exact Online's wire: addresses, authorisation, paging, filters; every status as one of our errors.

Returns rows as they came and decides nothing about them. A 4xx is never repeated, with one exception: a 401 is
provably refused, so it is asked once more with a fresh token. Source: vendor notes, requests and envelope.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from ..base.errors import AuthorisationLost, IntegrationError, OutcomeUnknown, ProtocolSurprise, Unreachable
from ..base.http import Answer, HttpClient
from ..base.signin import Opening
from .answers import Row, RowPage, Unreadable, data_of, entity_of, error_for, page_of
from .rights import first_boolean
from .values import guid_literal, quoted

API = "api/v1"
URL_LIMIT = 6000  # characters after encoding
_OR_TERMS = 40
_READ_HEADERS = {"Accept": "application/json"}
# Without it the answer to a POST holds little more than the key.
_WRITE_HEADERS = {**_READ_HEADERS, "Content-Type": "application/json", "Prefer": "return=representation"}


class ExactClient:
    """One signed-in user at one country site. Not shared between threads."""

    def __init__(self, opening: Opening) -> None:
        self._http = HttpClient(base_url=opening.base_url, deadline_seconds=opening.deadline_seconds, gate=opening.gate)
        self._tokens = opening.tokens
        self.division = opening.administration_id

    def me(self) -> Row:
        """The signed-in user; CurrentDivision moves with what the user does in the browser."""
        select = "CurrentDivision,UserID,FullName,Email,LanguageCode"
        return self._one(f"{API}/current/Me", "current/Me", {"$select": select})

    def page(
        self,
        resource: str,
        *,
        select: Sequence[str],
        filter_by: str = "",
        expand: str = "",
        next_link: str = "",
        division: str = "",
    ) -> RowPage:
        """One page of a list; `next_link` goes on where an earlier page ended and replaces everything else."""
        if next_link:
            answer = self._request("GET", next_link, resource, {}, None)
        else:
            params = {"$select": ",".join(select)}
            if expand:
                params["$expand"] = expand
            if filter_by:
                params["$filter"] = filter_by
            answer = self._request("GET", self._url(resource, division), resource, params, None)
        try:
            found = page_of(answer)
        except Unreadable as exc:
            raise Unreachable("the answer cannot be read", status=answer.status, operation=resource) from exc
        return RowPage(found.rows, self._relative(found.next_link))

    def rows(
        self,
        resource: str,
        *,
        select: Sequence[str],
        filter_by: str = "",
        expand: str = "",
        division: str = "",
    ) -> Iterator[Row]:
        """All rows of a list, page after page, one call at a time."""
        for found in self.pages(resource, select=select, filter_by=filter_by, expand=expand, division=division):
            yield from found.rows

    def pages(
        self,
        resource: str,
        *,
        select: Sequence[str],
        filter_by: str = "",
        expand: str = "",
        next_link: str = "",
        division: str = "",
    ) -> Iterator[RowPage]:
        """All pages of a list, from its beginning or from `next_link`."""
        seen: set[str] = set()
        while True:
            found = self.page(
                resource, select=select, filter_by=filter_by, expand=expand, next_link=next_link, division=division
            )
            yield found
            next_link = found.next_link
            if not next_link:
                return
            if next_link in seen:
                raise ProtocolSurprise("a next page leads to itself", operation=resource)
            seen.add(next_link)

    def create(self, resource: str, payload: Row) -> Row:
        """POST a new object and return what the answer says of it. Raises OutcomeUnknown for a broken answer."""
        answer = self._request("POST", self._url(resource), resource, {}, payload)
        try:
            return entity_of(answer)
        except Unreadable as exc:
            raise OutcomeUnknown("the answer cannot be read", status=answer.status, operation=resource) from exc

    def update(self, resource: str, key: str, payload: Row) -> None:
        """PUT the given properties of one object; the others stay as they are."""
        self._request("PUT", f"{self._url(resource)}({guid_literal(key)})", resource, {}, payload)

    def has_right(self, resource: str, action: str) -> bool | None:
        """Whether the user may do `action` (GET, POST, PUT, DELETE) there; None: the answer does not say."""
        operation = "users/UserHasRights"
        params = {"endpoint": quoted(resource), "action": quoted(action)}
        answer = self._request("GET", self._url(operation), operation, params, None)
        try:
            return first_boolean(data_of(answer))
        except Unreadable:
            try:
                return first_boolean(answer.json())
            except ValueError:
                return None

    def _one(self, url: str, operation: str, params: Mapping[str, str]) -> Row:
        answer = self._request("GET", url, operation, params, None)
        try:
            return entity_of(answer)
        except Unreadable as exc:
            raise Unreachable("the answer cannot be read", status=answer.status, operation=operation) from exc

    def _url(self, resource: str, division: str = "") -> str:
        number = division or self.division
        if not number.isdigit():
            raise ProtocolSurprise("no administration is chosen", operation=resource)
        return f"{API}/{number}/{resource}"

    def _request(self, method: str, url: str, operation: str, params: Mapping[str, str], payload: Any) -> Answer:
        """One call; raises for every status that is not a success."""
        is_write = method != "GET"
        if sum(len(quote(value)) for value in params.values()) > URL_LIMIT - 200:
            raise ProtocolSurprise("the address would be longer than Exact reads", operation=operation)
        token = self._tokens.current()
        answer = self._send(method, url, operation, params, payload, token, is_write)
        if answer.status == 401:
            self._tokens.reject(token)
            fresh = self._tokens.current()
            if fresh == token:
                raise AuthorisationLost("the access token is refused", status=401, operation=operation)
            answer = self._send(method, url, operation, params, payload, fresh, is_write)
        if answer.status in (200, 201, 204):
            return answer
        raise self._error(answer, method, operation, is_write)

    def _send(
        self,
        method: str,
        url: str,
        operation: str,
        params: Mapping[str, str],
        payload: Any,
        token: str,
        is_write: bool,
    ) -> Answer:
        headers = {"Authorization": f"Bearer {token}", **(_WRITE_HEADERS if is_write else _READ_HEADERS)}
        return self._http.send(
            method, url, operation=operation, is_write=is_write, headers=headers, params=params, json_body=payload
        )

    @staticmethod
    def _error(answer: Answer, method: str, operation: str, is_write: bool) -> IntegrationError:
        now = datetime.now(UTC)
        return error_for(answer, operation=operation, method=method, is_write=is_write, now=now)

    def _relative(self, link: str) -> str:
        """A next-page link below our base URL, so that a cursor that holds it survives a move of the host."""
        base = self._http.base_url + "/"
        return link[len(base) :] if link.startswith(base) else link


def or_lists(terms: Sequence[str]) -> Iterator[str]:
    """Filters that together ask for all terms, each short enough for an address."""
    for start in range(0, len(terms), _OR_TERMS):
        yield " or ".join(terms[start : start + _OR_TERMS])
