"""Twinfield's wire: cluster, token, envelopes; every status and fault as one of our errors.

Returns documents and rows as they came and decides nothing about them. A call is never repeated, with one exception: a
refused token is provably no call, so it is asked once more with a fresh one. Source: vendor notes, 2 to 4.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

from ..base.errors import (
    AdministrationGone,
    AuthorisationLost,
    IntegrationError,
    OutcomeUnknown,
    ProtocolSurprise,
    RateLimited,
    Rejected,
    Unreachable,
)
from ..base.http import Answer, HttpClient
from ..base.signin import Opening
from . import soap
from .answers import error_for, fault_in, finder_error
from .limits import MINUTE, blocked_until
from .markup import Node, Unreadable, attribute, name_of
from .recording import QuietGate
from .refusals import catalogue_code, messages_of, words_of
from .soap import TOKEN_CODES, Rows

DOMAIN = "twinfield.com"
_VALIDATION = "auth/authentication/connect/accesstokenvalidation"
_CLUSTER_LIFE = timedelta(hours=1)
_PAGE = 100
_PROCESS = "webservices/processxml.asmx"
_FINDER = "webservices/finder.asmx"
_PERIODS = "webservices/PeriodService.svc"


class TwinfieldClient:
    """One signed-in user, at one office where one is named. Not shared between threads."""

    def __init__(self, opening: Opening) -> None:
        self._opening = opening
        self._tokens = opening.tokens
        # The token stands in the address of these calls, so nothing of their bodies is kept; the log redacts addresses.
        self._login = HttpClient(
            base_url=opening.base_url, deadline_seconds=opening.deadline_seconds, gate=opening.gate, record_bytes=0
        )
        self._cluster: HttpClient | None = None
        self._cluster_token = ""
        self.office = opening.administration_id

    # --- services -----------------------------------------------------------------------------------------

    def offices(self, document: Node) -> Node:
        """Send the one document that needs no company."""
        return self._process(document, "processxml/list", is_write=False, company="")

    def read(self, document: Node, *, office: str = "") -> Node:
        """Send a query and return its document. Raises Rejected, AdministrationGone when it is refused."""
        answer = self.ask(document, office=office)
        if attribute(answer, "result") == "0":
            raise refusal_of(answer, f"processxml/{name_of(document)}")
        return answer

    def ask(self, document: Node, *, office: str = "") -> Node:
        """Send a query and return its document, refused or not."""
        return self._process(document, f"processxml/{name_of(document)}", is_write=False, company=office or self.office)

    def write(self, document: Node) -> Node:
        """Send something to be kept and return the answer's document. Raises OutcomeUnknown for a broken answer."""
        return self._process(document, f"processxml/{name_of(document)}", is_write=True, company=self.office)

    def search(
        self, kind: str, options: Mapping[str, str], *, pattern: str = "*", field: int = 0
    ) -> tuple[tuple[str, ...], ...]:
        """All rows that the finder has of a type, page after page."""
        found: list[tuple[str, ...]] = []
        while True:
            first = len(found) + 1
            page = self._search(kind, options, pattern, field, first)
            found += page.rows
            if not page.rows or len(found) >= page.total:
                return tuple(found)

    def _search(self, kind: str, options: Mapping[str, str], pattern: str, field: int, first: int) -> Rows:
        operation = f"finder/{kind}"

        def envelope(token: str) -> bytes:
            return soap.search_envelope(token, self.office, kind, pattern, field, first, _PAGE, options)

        body = self._call(_FINDER, "Search", operation, envelope, is_write=False, company=self.office)
        try:
            rows = soap.rows_of(body)
        except Unreadable as exc:
            raise Unreachable("the answer cannot be read", operation=operation) from exc
        if rows.errors:
            raise finder_error(*rows.errors[0], operation)
        return rows

    def periods(self, kind: str, year: int | None = None) -> Node:
        """The answer of the period service to GetYears, or to GetPeriods of a year."""

        def envelope(token: str) -> bytes:
            return soap.periods_envelope(token, self.office, kind, year)

        action = "PeriodService/Query"
        return self._call(_PERIODS, action, f"periods/{kind}", envelope, is_write=False, company=self.office)

    # --- one call -----------------------------------------------------------------------------------------

    def _process(self, document: Node, operation: str, *, is_write: bool, company: str) -> Node:
        def envelope(token: str) -> bytes:
            return soap.process_envelope(token, company, document)

        body = self._call(_PROCESS, "ProcessXmlString", operation, envelope, is_write=is_write, company=company)
        try:
            return soap.document_of(body)
        except Unreadable as exc:
            raise self._unreadable(operation, is_write) from exc

    def _call(
        self,
        path: str,
        action: str,
        operation: str,
        envelope: Callable[[str], bytes],
        *,
        is_write: bool,
        company: str,
    ) -> Node:
        """One call; raises for every answer that is not good."""
        token = self._tokens.current()
        answer = self._send(path, action, operation, envelope, token, is_write)
        fault = fault_in(answer)
        if _token_is_refused(answer, fault):
            self._tokens.reject(token)
            fresh = self._tokens.current()
            if fresh == token:
                raise AuthorisationLost("the access token is refused", code="AUT-410", operation=operation)
            answer = self._send(path, action, operation, envelope, fresh, is_write)
            fault = fault_in(answer)
        if answer.status != 200 or fault is not None:
            if fault is not None and fault.code == "108":
                self._forget_cluster()
            raise error_for(
                answer, fault, operation=operation, is_write=is_write, company=company, now=datetime.now(UTC)
            )
        try:
            return soap.body_of(answer.body)
        except Unreadable as exc:
            raise self._unreadable(operation, is_write) from exc

    @staticmethod
    def _unreadable(operation: str, is_write: bool) -> IntegrationError:
        words = "the answer cannot be read"
        return (OutcomeUnknown if is_write else Unreachable)(words, operation=operation, status=200)

    def _send(
        self, path: str, action: str, operation: str, envelope: Callable[[str], bytes], token: str, is_write: bool
    ) -> Answer:
        headers = {"Content-Type": "text/xml; charset=utf-8", "SOAPAction": f'"{soap.TWINFIELD}{action}"'}
        http = self._cluster_for(token)
        return http.send("POST", path, operation=operation, is_write=is_write, headers=headers, data=envelope(token))

    # --- the cluster --------------------------------------------------------------------------------------

    def _cluster_for(self, token: str) -> HttpClient:
        """A line to the cluster of the token's organisation; asked for once per token."""
        if self._cluster is not None and self._cluster_token == token:
            return self._cluster
        mark = hashlib.sha256(token.encode()).hexdigest()[:16]
        kept, _, address = self._opening.session.get().partition(" ")
        if kept != mark or not self._is_allowed(address):
            address = self._discover(token)
            self._opening.session.put(f"{mark} {address}", datetime.now(UTC) + _CLUSTER_LIFE)
        if self._cluster is not None:
            self._cluster.close()
        self._cluster = HttpClient(
            base_url=address,
            deadline_seconds=self._opening.deadline_seconds,
            gate=QuietGate(self._opening.gate),
        )
        self._cluster_token = token
        return self._cluster

    def _forget_cluster(self) -> None:
        self._opening.session.drop()
        self._cluster_token = ""

    def _discover(self, token: str) -> str:
        """The cluster's address, as the validation of the token names it. Raises for one that is not Twinfield's."""
        operation = "accesstokenvalidation"
        answer = self._login.send("GET", _VALIDATION, operation=operation, is_write=False, params={"token": token})
        if answer.status == 429:
            until, limit = blocked_until(answer.headers, datetime.now(UTC))
            raise RateLimited("the sign-in service is busy", until=until, scope=MINUTE, limit=limit, status=429)
        if answer.status >= 500:
            raise Unreachable(f"{operation} answered {answer.status}", status=answer.status, operation=operation)
        try:
            claims = answer.json()
        except ValueError:
            claims = None
        if answer.status in (400, 401):
            # Refused before any call was made: as good as a refused call, so a fresh token is fetched next time.
            self._tokens.reject(token)
            fresh = self._tokens.current()
            if fresh == token:
                raise AuthorisationLost("the access token is refused", code="AUT-410", operation=operation)
            raise Unreachable("the access token was refused; there is a new one", operation=operation)
        if answer.status != 200 or not isinstance(claims, dict):
            raise ProtocolSurprise(f"{operation} answered {answer.status}", status=answer.status, operation=operation)
        address = str(claims.get("twf.clusterUrl") or "").strip().rstrip("/")
        if not address:
            raise AuthorisationLost(
                "the sign-in names no cluster", code="AUT-410", params={"cause": "scope"}, operation=operation
            )
        if not self._is_allowed(address):
            raise ProtocolSurprise("the cluster is at another host", operation=operation)
        return address

    def _is_allowed(self, address: str) -> bool:
        """Whether tokens may go there: Twinfield's own domain, or the host of the base URL setting (a sandbox)."""
        try:
            cluster, base = urlsplit(address), urlsplit(self._opening.base_url)
            same_place = (cluster.scheme, cluster.hostname, cluster.port) == (base.scheme, base.hostname, base.port)
        except ValueError:
            return False
        host = cluster.hostname or ""
        if not host or cluster.username or cluster.password or cluster.query or cluster.fragment:
            return False
        if same_place:
            return True
        own = host == DOMAIN or host.endswith(f".{DOMAIN}")
        return own and cluster.scheme == "https" and cluster.port in (None, 443)


def _token_is_refused(answer: Answer, fault: soap.Fault | None) -> bool:
    return (fault is not None and fault.code in TOKEN_CODES) or (answer.status == 401 and fault is None)


def refusal_of(answer: Node, operation: str) -> IntegrationError:
    """The error of a query whose document was refused."""
    messages = messages_of(answer)
    code, words = catalogue_code(messages), words_of(messages) or "refused"
    if code == "AUT-404":
        return AdministrationGone(words, code=code, vendor_text=words, operation=operation)
    return Rejected(words, code=code, vendor_text=words, operation=operation)
