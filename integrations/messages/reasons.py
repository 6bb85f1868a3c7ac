"""The words for a posting, an issue, a connection, a run and a note, from what is loaded of them.

No function here asks the database: a relation that is not loaded is left out of the words.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from django.db.models import Model
from django.utils.translation import gettext as _

from config.figures import before_stop

from ..base.records import DocumentKind
from ..models import Connection, ConnectionStatus, Issue, Posting, PostingState, RunState, SyncRun, WaitsFor
from .compose import problem_text, tool_label, with_details
from .texts import FIX_LABELS, Effect, Fix, ProblemText
from .values import shown_moment

_OF_CONNECTION = "connection"  # how the cause key of such an issue begins
_EXCEPTION_NAME = re.compile(r"[A-Z]\w*")


def posting_reason(posting: Posting, *, names: Mapping[str, str] | None = None) -> ProblemText | None:
    """Why a posting stands where it stands; None where its state says everything.

    Loaded relations make the words better: connection (the tool's name), sales_document (customer, amount).
    `names`: what stored keys are called, where that was looked up: the days of a period, the name of a VAT rate.
    """
    if posting.state == PostingState.EXCLUDED:
        return _excluded(posting)
    code, params = posting.reason_code, {**(posting.reason_params or {}), **(names or {})}
    if posting.state == PostingState.UNCLEAR:
        code = code or "SYS-703"
        params["unclear"] = "yes"
        if posting.not_before is not None:
            params["until"] = posting.not_before.isoformat()
    elif not code and posting.paid_here_open_there:
        code = "PAY-721"
    elif not code and posting.state == PostingState.REFUSED:
        code = "ALL-999"
    if not code:
        return None
    document, customer, amount = _document_words(posting)
    if posting.vendor_text:
        params.setdefault("text", posting.vendor_text)
    text = problem_text(
        code,
        params,
        tool=_tool_of(posting),
        document=document,
        customer=customer,
        amount=amount,
    )
    return replace(text, raw=posting.vendor_text or text.raw)


def waiting_for_customer(posting: Posting) -> ProblemText:
    """The words for a waiting posting whose customer has no place in the tool yet."""
    return ProblemText(
        code="",
        sentence=_("%(document)s waits until its customer stands in the books.")
        % {"document": with_details(*_document_words(posting))},
        advice=_("The next sync tries it again."),
        headline=_("The customer is not in the books yet"),
        fix=Fix.PARTY,
        fix_label=str(FIX_LABELS[Fix.PARTY]),
        who="nobody",
    )


def issue_text(
    issue: Issue, *, count: int | None = None, amount: str = "", names: Mapping[str, str] | None = None
) -> ProblemText:
    """The words for an issue, about as many documents as it counted; one about the connection names none.

    `count` is how many it holds up now, where that is known; `amount` what these come to ("121.00 EUR").
    Loaded relations make the words better: connection with its entity and administration.
    """
    params: dict[str, Any] = {**(issue.params or {}), **(names or {})}
    cause, _colon, rest = issue.cause_key.partition(":")
    of_connection = cause == _OF_CONNECTION
    if of_connection:
        params = _connection_params(issue) | params
        if issue.code == "SYS-703":
            params["whole"] = "connection"
        if rest == "crash":
            params["cause"] = "crash"
    if issue.vendor_text:
        params.setdefault("text", issue.vendor_text)
    count = 0 if of_connection else issue.count if count is None else count
    text = problem_text(
        issue.code, params, tool=_tool_of(issue), count=count, counted=count > 0, amount=amount if count else ""
    )
    return replace(text, raw=issue.vendor_text or text.raw)


def connection_reason(connection: Connection) -> ProblemText | None:
    """What is wrong with a connection as a whole; None when nothing is, or when a person stopped it."""
    code = connection.status_code or {
        ConnectionStatus.CONNECTING: "APP-101",
        ConnectionStatus.CONFIGURATION_NEEDED: "APP-101",
        ConnectionStatus.RECONNECT_NEEDED: "AUT-401",
    }.get(ConnectionStatus(connection.status), "")
    if not code:
        return None
    params = _names(connection) | dict(connection.status_params or {})
    return problem_text(code, params, tool=connection.tool)


def run_reason(run: SyncRun) -> ProblemText | None:
    """Why a run stopped, or what it waits for; None for one that goes well."""
    tool = _tool_of(run)
    if run.state == RunState.POSTPONED and run.not_before is not None:
        return _postponed(run, run.not_before, tool)
    if run.state != RunState.STOPPED or not run.error_code:
        return None
    params = _connection_params(run) | dict(run.error_params or {})
    if run.error_code == "SYS-703":
        params["whole"] = "connection"
    if run.error_code == "ALL-999" and _EXCEPTION_NAME.fullmatch(run.error_text) and not run.error_params:
        params["cause"] = "crash"
    elif run.error_text:
        params.setdefault("text", run.error_text)
    text = problem_text(run.error_code, params, tool=tool, effect=Effect.STOPPED)
    return replace(text, raw=run.error_text or text.raw)


def note_text(note: Mapping[str, Any], tool: str) -> ProblemText:
    """The words for something to know that did not stop a document: a row of `Posting.notes`."""
    return problem_text(str(note.get("code", "")), dict(note.get("params") or {}), tool=tool)


def _postponed(run: SyncRun, until: datetime, tool: str) -> ProblemText:
    """A run waits after silence, for a limit, or until what was on its way can be looked for."""
    sentences: dict[str, str] = {
        WaitsFor.LIMIT: _("%(tool)s allows no more calls for the moment."),
        WaitsFor.ANSWER: _("%(tool)s did not answer."),
        WaitsFor.CHECK: _("What was on its way is looked for in %(tool)s first."),
    }
    sentence = sentences.get(run.waits_for, _("The sync waits for %(tool)s.")) % {"tool": tool}
    return ProblemText(
        code="",
        sentence=sentence,
        advice=_("It goes on by itself at %(time)s; nothing is lost.") % {"time": shown_moment(until)},
        headline=sentence.rstrip("."),
        who="nobody",
    )


# --- what is loaded -----------------------------------------------------------------------------------------------


def _excluded(posting: Posting) -> ProblemText:
    params = posting.reason_params or {}
    if already := params.get("already_in"):
        sentence = _("Excluded: already in %(name)s.") % {"name": before_stop(already)}
    elif params.get("nothing_to_book"):
        sentence = _("Excluded by itself: its total is zero, so there is nothing to book.")
    elif params.get("reason") and posting.excluded_by:
        values = {"person": posting.excluded_by, "reason": str(params["reason"]).rstrip(" .")}
        sentence = _("Excluded by %(person)s: %(reason)s.") % values
    elif params.get("reason"):
        sentence = _("Excluded: %(reason)s.") % {"reason": str(params["reason"]).rstrip(" .")}
    else:
        sentence = _("Excluded by hand.")
    return ProblemText(code="", sentence=sentence, headline=sentence.rstrip("."), who="nobody")


def _loaded(instance: Model, name: str) -> Any:
    """A relation that is there without a query, else None."""
    return getattr(instance, name) if name in instance._state.fields_cache else None


def _tool_of(instance: Model) -> str:
    connection: Connection | None = _loaded(instance, "connection")
    return tool_label(connection.tool if connection is not None else "")


def _connection_params(instance: Model) -> dict[str, Any]:
    connection: Connection | None = _loaded(instance, "connection")
    return _names(connection) if connection is not None else {}


def _names(connection: Connection) -> dict[str, Any]:
    entity, administration = _loaded(connection, "entity"), _loaded(connection, "administration")
    return {
        "entity": entity.name if entity is not None else "",
        "administration": administration.name if administration is not None else "",
    }


def _document_words(posting: Posting) -> tuple[str, str, str]:
    """The document as a phrase, its customer or supplier, and its amount with currency."""
    purchase = _loaded(posting, "purchase_document")
    if purchase is not None:
        phrase = _phrase(purchase.is_credit_note, str(purchase))
        return phrase, purchase.supplier_name, f"{purchase.total} {purchase.currency}"
    document = _loaded(posting, "sales_document")
    if document is None:
        return _phrase(DocumentKind(posting.kind).is_credit_note, posting.reference), "", ""
    phrase = _phrase(document.is_credit_note, document.number or posting.reference)
    return phrase, document.buyer_name, f"{document.total} {document.currency}"


def _phrase(is_credit_note: bool, number: str) -> str:
    template = _("Credit note %(number)s") if is_credit_note else _("Invoice %(number)s")
    return template % {"number": number}
