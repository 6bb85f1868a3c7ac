"""Octopus's wire: addresses, the two tokens, "nothing there"; every status as one of our errors.

Returns rows as they came and decides nothing about them. A 401 is provably refused, so it is asked once more with
fresh tokens; nothing else is repeated. Names of headers and parameters are the vendor's own, misspellings included.
Source: vendor notes, base and transport.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, TypeVar

from ..base.errors import (
    AccessDenied,
    AdministrationGone,
    AuthorisationLost,
    IntegrationError,
    OutcomeUnknown,
    ProtocolSurprise,
    Rejected,
    Unreachable,
)
from ..base.http import Answer, HttpClient
from ..base.signin import Opening
from . import limits
from .answers import Row, Unreadable, error_for, object_of, refusal_of, rows_of, texts_of
from .auth import TOKEN_LIFE
from .refusals import EMPTY_TOKEN
from .values import text

T = TypeVar("T")
ALL_BOOKYEARS = -1
ALL_JOURNAL_TYPES = -1


def _now() -> datetime:
    return datetime.now(UTC)


class OctopusClient:
    """One signed-in user in one dossier. Not shared between threads."""

    def __init__(self, opening: Opening, now: Callable[[], datetime] = _now) -> None:
        self._http = HttpClient(base_url=opening.base_url, deadline_seconds=opening.deadline_seconds, gate=opening.gate)
        # The answer is a secret from end to end.
        self._sign_in = HttpClient(
            base_url=opening.base_url, deadline_seconds=opening.deadline_seconds, gate=opening.gate, record_bytes=0
        )
        self._tokens = opening.tokens
        self._session = opening.session
        self._dossier = opening.administration_id
        self.now = now

    # --- the two tokens -----------------------------------------------------------------------------------

    def dossiers(self) -> tuple[Row, ...]:
        """The dossiers that the user may open."""
        answer = self._with_login(
            lambda token: self._http.send(
                "GET", "dossiers", operation=limits.DOSSIERS, is_write=False, headers={"Token": token}
            )
        )
        return self._read(answer, limits.DOSSIERS, rows_of, ())

    def connect(self) -> str:
        """A fresh token of the dossier, kept for the next call. Raises AdministrationGone, AuthorisationLost."""
        if not self._dossier.isdigit():
            raise ProtocolSurprise("no dossier is chosen", operation=limits.DOSSIER_TOKEN)
        started = self.now()
        answer = self._with_login(
            lambda token: self._sign_in.send(
                "POST",
                "dossiers",
                operation=limits.DOSSIER_TOKEN,
                is_write=False,
                headers={"Token": token},
                params={"dossierId": self._dossier, "localeId": "0"},
            )
        )
        if answer.status == 200:
            try:
                found = {name.lower(): value for name, value in object_of(answer).items()}
            except Unreadable:
                found = {}
            if fresh := text(found.get("dossiertoken")):
                self._session.put(fresh, started + TOKEN_LIFE)
                return fresh
            raise Unreachable("the dossier token cannot be read", status=200, operation=limits.DOSSIER_TOKEN)
        error = self._error(answer, "POST", limits.DOSSIER_TOKEN, is_write=False)
        if answer.status in (403, 404) and isinstance(error, AccessDenied | Rejected):
            raise AdministrationGone(
                error.vendor_text or "the dossier is not open to this user",
                code="AUT-404",
                status=answer.status,
                vendor_text=error.vendor_text,
                operation=limits.DOSSIER_TOKEN,
            ) from error
        raise error

    def _with_login(self, send: Callable[[str], Answer]) -> Answer:
        """A call with the login's token, once more with a fresh one when it is refused. Raises AuthorisationLost."""
        token = self._tokens.current()
        answer = send(token)
        if answer.status == 401:
            self._tokens.reject(token)
            answer = send(self._tokens.current())
            if answer.status == 401:
                raise AuthorisationLost("the token is refused", code="AUT-407", status=401)
        return answer

    # --- lists --------------------------------------------------------------------------------------------

    def bookyears(self) -> tuple[Row, ...]:
        return self._rows("bookyears", limits.BOOKYEARS)

    def journals(self, bookyear: int) -> tuple[Row, ...]:
        return self._rows(f"bookyears/{bookyear}/journals", limits.JOURNALS)

    def accounts(self, bookyear: int) -> tuple[Row, ...]:
        return self._rows("accounts", limits.ACCOUNTS, {"bookyearId": str(bookyear)})

    def vat_codes(self) -> tuple[Row, ...]:
        return self._rows("vatcodes", limits.VAT_CODES)

    def currencies(self) -> tuple[str, ...]:
        return self._get("currencies", limits.CURRENCIES, {}, texts_of, ())

    # --- relations ----------------------------------------------------------------------------------------

    def relations(self) -> tuple[Row, ...]:
        """All active relations; twice a day at most."""
        return self._rows("relations", limits.RELATIONS)

    def search_relations(self, **asked: str) -> tuple[Row, ...]:
        """Relations that fit any of `relationId`, `extRelationId`, `name`, `vatNr`; inactive ones too."""
        return self._rows("relations", limits.RELATION_SEARCH, asked)

    def relations_modified(self, since: str) -> Row:
        """`modified` and `deleted` relations since."""
        params = {"modifiedTimeStamp": since}
        return self._get("relations/modified", limits.RELATIONS_MODIFIED, params, object_of, {})

    def save_relation(self, payload: Row) -> Row | None:
        """Create (the row as it was made) or merge into the one found (None)."""
        answer = self._request("PUT", "relations", limits.RELATION_SAVE, {}, payload)
        if answer.status == 204:
            return None
        try:
            return object_of(answer)
        except Unreadable as exc:
            raise OutcomeUnknown("the answer cannot be read", status=answer.status) from exc

    # --- bookings -----------------------------------------------------------------------------------------

    def book(self, payload: Row) -> None:
        """Book; the answer is empty. Raises OutcomeUnknown for any success that is not a plain 201."""
        answer = self._request("POST", "buysellbookings", limits.BOOKING_SAVE, {}, payload)
        if answer.status != 201:
            raise OutcomeUnknown(f"booking answered {answer.status}", status=answer.status)

    def booking(self, bookyear: int, journal: str, number: int) -> Row | None:
        """One booking; ten a day at most. None: there is none."""
        params = {"bookyearId": str(bookyear), "journalKey": journal, "documentSeqNr": str(number)}
        found: Row = self._get("buysellbookings", limits.BOOKING_READ, params, object_of, {})
        return found or None

    def bookings_modified(self, since: str, bookyear: int = ALL_BOOKYEARS, journal: str = "") -> tuple[Row, ...]:
        """Bookings written since, of all bookyears or of one (and one journal). Deleted ones are not here."""
        params = {"bookyearId": str(bookyear), "modifiedTimeStamp": since}
        if journal:
            params["journalKey"] = journal
        return self._rows("buysellbookings/modified", limits.BOOKINGS_MODIFIED, params)

    def ledger_modified(self, since: str) -> Row:
        """Ledger lines written since (`modifiedBookings`) and keys of bookings deleted since (`deletedBookings`)."""
        params = {"journalTypeId": str(ALL_JOURNAL_TYPES), "modifiedTimeStamp": since}
        path = f"bookyears/{ALL_BOOKYEARS}/bookings/modified"
        return self._get(path, limits.LEDGER_MODIFIED, params, object_of, {})

    def balancings_modified(self, since: str) -> Row:
        """`modifiedBalancings` and `deletedBalancings` since."""
        params = {"modifiedTimeStamp": since}
        return self._get("balancings/modified", limits.BALANCINGS_MODIFIED, params, object_of, {})

    # --- calls --------------------------------------------------------------------------------------------

    def _rows(self, path: str, operation: str, params: Mapping[str, str] | None = None) -> tuple[Row, ...]:
        return self._get(path, operation, params or {}, rows_of, ())

    def _get(self, path: str, operation: str, params: Mapping[str, str], read: Callable[[Answer], T], nothing: T) -> T:
        """What a reading answers; `nothing` for a 404 that says so. Raises Unreachable for an unreadable answer."""
        return self._read(self._request("GET", path, operation, params, None), operation, read, nothing)

    def _read(self, answer: Answer, operation: str, read: Callable[[Answer], T], nothing: T) -> T:
        if answer.status == 404 and refusal_of(answer) is not None:
            return nothing
        if answer.status != 200:
            raise self._error(answer, "GET", operation, is_write=False)
        try:
            return read(answer)
        except Unreadable as exc:
            raise Unreachable("the answer cannot be read", status=answer.status, operation=operation) from exc

    def _request(
        self,
        method: str,
        path: str,
        operation: str,
        params: Mapping[str, str],
        payload: Any,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """One call on the dossier; raises for every status that is neither a success nor a reading's 404."""
        is_write = method != "GET"

        def send(token: str) -> Answer:
            return self._http.send(
                method,
                f"dossiers/{self._dossier}/{path}",
                operation=operation,
                is_write=is_write,
                headers={"dossierToken": token, **(headers or {})},
                params=params,
                json_body=payload,
            )

        answer = send(self._session.get() or self.connect())
        if answer.status == 401:
            self._session.drop()
            answer = send(self.connect())
            if answer.status == 401:
                raise self._still_refused(answer, operation, is_write)
        if answer.status in (200, 201, 204) or (answer.status == 404 and not is_write):
            return answer
        raise self._error(answer, method, operation, is_write)

    def _still_refused(self, answer: Answer, operation: str, is_write: bool) -> IntegrationError:
        """A 401 to a token that was made a moment ago: of a write it can only mean the user."""
        said = refusal_of(answer)
        words = said.words if said else ""
        if said and said.number == EMPTY_TOKEN:
            return ProtocolSurprise("the token was not seen", status=401, operation=operation, vendor_text=words)
        if is_write:
            return AccessDenied(words or "this user may not write", status=401, operation=operation, vendor_text=words)
        return AuthorisationLost("a fresh token is refused", code="AUT-407", status=401, operation=operation)

    def _error(self, answer: Answer, method: str, operation: str, is_write: bool) -> IntegrationError:
        return error_for(answer, operation=operation, method=method, is_write=is_write, now=self.now())
