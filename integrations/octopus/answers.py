"""What an answer of Octopus holds, and which of our errors its status is. Pure.

404 with an object in it means "nothing there". A 403 on a booking is usually temporary: somebody has the journal open.
A 500 may be our fault or a failure, so a write that met one is looked for. Source: vendor notes, errors.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from ..base.errors import (
    AccessDenied,
    AuthorisationLost,
    IntegrationError,
    OutcomeUnknown,
    ProtocolSurprise,
    RateLimited,
    Rejected,
    Temporary,
    Unreachable,
)
from ..base.http import Answer
from .limits import BOOKING_SAVE, tomorrow
from .refusals import JOURNAL_LOCKED, NO_RIGHT, PERIOD_CLOSED, catalogue_code
from .rights import RIGHTS
from .values import number, text

Row = dict[str, Any]

_CALLS = r"(?:calls?|requests?|oproepen|aanroepen|aanvragen|appels|requetes|per day|per dag|par jour)"
_LIMIT = r"(?:maximum|maximaal|limit|limiet|quota|too many|te veel|trop)"
_QUOTA = re.compile(rf"{_LIMIT}.*{_CALLS}|{_CALLS}.*{_LIMIT}", re.DOTALL)
_LAST_NUMBER = re.compile(r"Last Document\s*=\s*(\d+)", re.IGNORECASE)


class Unreadable(Exception):
    """A successful status with a body that is none of the known shapes."""


class JournalBusy(Temporary):
    """The journal is closed, or somebody has it open in the desktop program; nothing was booked."""

    code = JOURNAL_LOCKED


@dataclass(frozen=True, slots=True)
class Refusal:
    """The three parts of an error body; all are optional."""

    number: int = 0
    message: str = ""  # in the language of the dossier
    technical: str = ""  # English

    @property
    def words(self) -> str:
        return self.message or self.technical


def refusal_of(answer: Answer) -> Refusal | None:
    """The error body of an answer; None when it is no JSON object."""
    try:
        body = answer.json()
    except ValueError:
        return None
    if not isinstance(body, dict):
        return None
    return Refusal(number(body.get("errorCode")), text(body.get("errorMessage")), text(body.get("technicalInfo")))


def rows_of(answer: Answer) -> tuple[Row, ...]:
    """The objects of a list answer. Raises Unreadable."""
    return rows_in(_json(answer))


def rows_in(found: Any) -> tuple[Row, ...]:
    """The objects of a list inside an answer; an absent one is empty. Raises Unreadable."""
    if found is None:
        return ()
    if not isinstance(found, list) or not all(isinstance(row, dict) for row in found):
        raise Unreadable
    return tuple(found)


def object_of(answer: Answer) -> Row:
    """The object of an answer. Raises Unreadable."""
    found = _json(answer)
    if not isinstance(found, dict):
        raise Unreadable
    return found


def texts_of(answer: Answer) -> tuple[str, ...]:
    """The texts of a list answer. Raises Unreadable."""
    found = _json(answer)
    if not isinstance(found, list) or not all(isinstance(one, str) for one in found):
        raise Unreadable
    return tuple(found)


def last_number(exc: Rejected) -> int | None:
    """The journal's last number that a refusal of a number states, else None."""
    found = _LAST_NUMBER.search(exc.params.get("technical", ""))
    return int(found[1]) if found else None


def is_quota(refusal: Refusal | None) -> bool:
    """Whether a refusal speaks of calls that were too many. UNSURE, marked here alone: the real text is not known."""
    return refusal is not None and any(_QUOTA.search(words.lower()) for words in (refusal.message, refusal.technical))


def error_for(answer: Answer, *, operation: str, method: str, is_write: bool, now: datetime) -> IntegrationError:
    """The error that an answer with a refusing status stands for; never raised here."""
    status = answer.status
    refusal = refusal_of(answer)
    said = refusal or Refusal()
    code = catalogue_code(said.number, said.message, said.technical)
    where = f"{method} {operation}"
    common: dict[str, Any] = {
        "status": status,
        "vendor_text": said.words,
        "vendor_code": str(said.number) if said.number else "",
        "operation": operation,
    }
    if status == 429 or (400 <= status < 500 and is_quota(refusal)):
        words = said.words or "the daily quota of this call is used up"
        return RateLimited(words, until=tomorrow(now), scope="day", status=status, operation=operation)
    if status == 401:
        return AuthorisationLost("the token is refused", **common)
    if status == 403:
        if operation == BOOKING_SAVE and code == PERIOD_CLOSED:
            return Rejected(said.words, code=code, **common)
        if operation == BOOKING_SAVE and code != NO_RIGHT:
            return JournalBusy(said.words or "the journal is closed or in use", **common)
        return AccessDenied(said.words or "forbidden", params={"right": RIGHTS[0].right}, **common)
    if status == 408 or status >= 500:
        if is_write:
            return OutcomeUnknown(f"{where} answered {status}", **common)
        return Unreachable(f"{where} answered {status}", **common)
    if status == 413:
        return Rejected(said.words or "the body is too large", code="SYS-708", **common)
    if status == 404 and refusal is None:
        return ProtocolSurprise(f"{where} is not there", **common)
    if 400 <= status < 500:
        params = {"technical": said.technical}
        return Rejected(said.words or f"{where} answered {status}", code=code, params=params, **common)
    return ProtocolSurprise(f"{where} answered {status}", **common)


def _json(answer: Answer) -> Any:
    try:
        return answer.json()
    except ValueError as exc:
        raise Unreadable from exc
