"""The words of a notification, in the language of the moment: what happened, the numbers, and the page of its link.

Source: style guide of the pages, 4.11 and 5 "Bell".
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from config.figures import amount

from ..messages import problem_text
from ..models import Notification, NotificationKind, NotificationTarget, RunState, RunTrigger


@dataclass(frozen=True, slots=True)
class Notice:
    """What a person reads. `words` is what the link says."""

    title: str
    detail: str
    words: str


def notice_of(notification: Notification) -> Notice:
    """Return the words of a notification loaded with connection, entity and run; it asks the database nothing."""
    return _WORDS[NotificationKind(notification.kind)](notification, notification.params)


def path_of(notification: Notification) -> str:
    """The page of its link; empty where that page is gone."""
    if notification.target == NotificationTarget.RUN:
        if notification.run_id is None:
            return reverse("admin:integrations_connection_runs", args=[notification.connection_id])
        return reverse("admin:integrations_syncrun_change", args=[notification.run_id])
    if notification.target == NotificationTarget.ISSUES:
        return reverse("admin:integrations_connection_issues", args=[notification.connection_id])
    if notification.target == NotificationTarget.DOCUMENTS:
        return _documents(notification)
    return reverse("admin:integrations_connection_change", args=[notification.connection_id])


def _documents(notification: Notification) -> str:
    params = notification.params
    only_credit_notes = params.get("credit_notes", 0) == params.get("documents", 0)
    model = "creditnote" if only_credit_notes else "invoice"
    page = reverse(f"admin:invoicing_{model}_changelist")
    ids = ",".join(str(pk) for pk in params.get("ids", []))
    return f"{page}?id__in={ids}" if ids else f"{page}?entity__id__exact={notification.connection.entity_id}"


def _result(notification: Notification, params: Mapping[str, Any]) -> Notice:
    if params.get("imported"):
        return _import_result(notification, params)
    entity = notification.connection.entity
    issues = params.get("issues", 0)
    if params.get("state") == RunState.STOPPED:
        title = _("Sync of %(entity)s stopped") % {"entity": entity}
    elif issues:
        title = ngettext(
            "Sync of %(entity)s finished with %(n)d issue", "Sync of %(entity)s finished with %(n)d issues", issues
        ) % {"entity": entity, "n": issues}
    else:
        title = _("Sync of %(entity)s finished") % {"entity": entity}
    pieces = _counted(params)
    detail = f"{', '.join(pieces)}." if pieces else ""
    if params.get("code"):
        detail = f"{detail} {_reason(notification, params)}".strip()
    words = _("See the issues") if notification.target == NotificationTarget.ISSUES else _("See this run")
    stopped = params.get("state") == RunState.STOPPED
    nothing = _("It ended before everything was done.") if stopped else _("Nothing had to be sent.")
    return Notice(title, detail or nothing, words)


def _import_result(notification: Notification, params: Mapping[str, Any]) -> Notice:
    names = {"entity": notification.connection.entity, "tool": _tool(notification)}
    stopped = params.get("state") == RunState.STOPPED
    title = (
        _("Import from %(tool)s for %(entity)s stopped")
        if stopped
        else _("Import from %(tool)s for %(entity)s finished")
    )
    added, linked = params.get("added", 0), params.get("linked", 0)
    pieces = []
    if added:
        pieces.append(
            ngettext("%(n)d customer or supplier added", "%(n)d customers and suppliers added", added) % {"n": added}
        )
    if persons := params.get("persons", 0):
        pieces.append(ngettext("%(n)d contact person added", "%(n)d contact persons added", persons) % {"n": persons})
    if linked:
        pieces.append(_("%(n)d recognised") % {"n": linked})
    if doubtful := params.get("doubtful", 0):
        pieces.append(_("%(n)d left to you") % {"n": doubtful})
    if params.get("unread"):
        pieces.append(_("not all could be read; see the run"))
    detail = f"{', '.join(pieces)}." if pieces else _("Nobody new.")
    if params.get("code"):
        detail = f"{detail} {_reason(notification, params)}".strip()
    return Notice(title % names, detail, _("See this run"))


def _counted(params: Mapping[str, Any]) -> list[str]:
    sent, customers = params.get("sent", 0), params.get("customers", 0)
    blocked, paid = params.get("blocked", 0), params.get("paid", 0)
    expenses, held = params.get("expenses", 0), params.get("expenses_blocked", 0)
    pieces = []
    if sent:
        pieces.append(ngettext("%(n)d document sent", "%(n)d documents sent", sent) % {"n": sent})
    if expenses:
        pieces.append(ngettext("%(n)d expense sent", "%(n)d expenses sent", expenses) % {"n": expenses})
    if customers and (expenses or held):  # suppliers are among them
        words = ngettext("%(n)d customer or supplier sent", "%(n)d customers and suppliers sent", customers)
        pieces.append(words % {"n": customers})
    elif customers:
        pieces.append(ngettext("%(n)d customer sent", "%(n)d customers sent", customers) % {"n": customers})
    if blocked:
        pieces.append(_("%(n)d blocked") % {"n": blocked})
    if held:
        pieces.append(ngettext("%(n)d expense blocked", "%(n)d expenses blocked", held) % {"n": held})
    if paid:
        pieces.append(_("%(n)d paid") % {"n": paid})
    return pieces


def _payments(notification: Notification, params: Mapping[str, Any]) -> Notice:
    paid, partly, credit_notes = (params.get(name, 0) for name in ("paid", "partly", "credit_notes"))
    pieces = []
    if paid:
        pieces.append(ngettext("%(n)d invoice paid", "%(n)d invoices paid", paid) % {"n": paid})
    if partly and paid:
        pieces.append(_("%(n)d partly paid") % {"n": partly})
    elif partly:
        pieces.append(ngettext("%(n)d invoice partly paid", "%(n)d invoices partly paid", partly) % {"n": partly})
    if credit_notes:
        pieces.append(
            ngettext("%(n)d credit note settled", "%(n)d credit notes settled", credit_notes) % {"n": credit_notes}
        )
    sentences = [
        _("%(received)s received, %(open)s of these still open.")
        % {"received": amount(Decimal(received), currency), "open": amount(Decimal(still_open), currency)}
        for currency, received, still_open in params.get("amounts", [])
    ]
    number = params.get("documents", 0)
    words = ngettext("Show the document", "Show the %(n)d documents", number) % {"n": number}
    return Notice(", ".join(pieces), f"{notification.connection.entity}: {' '.join(sentences)}".strip(": "), words)


def _lost(notification: Notification, params: Mapping[str, Any]) -> Notice:
    title = _("The connection with %(tool)s has been lost") % {"tool": _tool(notification)}
    detail = _("%(entity)s does not sync until someone signs in again.") % {"entity": notification.connection.entity}
    return Notice(title, detail, _("Sign in again"))


def _issues(notification: Notification, params: Mapping[str, Any]) -> Notice:
    count, documents = params.get("count", 0), params.get("documents", 0)
    title = ngettext("%(n)d new issue at %(entity)s", "%(n)d new issues at %(entity)s", count) % {
        "n": count,
        "entity": notification.connection.entity,
    }
    detail = _reason(notification, params)
    if documents:
        held = ngettext("%(n)d document is held up.", "%(n)d documents are held up.", documents) % {"n": documents}
        detail = f"{held} {detail}".strip()
    return Notice(title, detail, _("See the issues"))


def _reason(notification: Notification, params: Mapping[str, Any]) -> str:
    connection = notification.connection
    values = {"entity": connection.entity.name, **(params.get("reason") or {})}
    if notification.kind == NotificationKind.RUN_RESULT and params.get("code") == "SYS-703":
        values["whole"] = "connection"  # the run is what ended by it, not one document
    text = problem_text(params.get("code", ""), values, _tool(notification))
    return f"{text.headline.rstrip('.')}." if text.headline else text.sentence


def _tool(notification: Notification) -> str:
    from ..messages.compose import tool_label

    return tool_label(notification.connection.tool)


def is_nightly(notification: Notification) -> bool:
    """Whether it comes from an automatic run."""
    return notification.run is not None and notification.run.trigger == RunTrigger.NIGHTLY


_WORDS = {
    NotificationKind.RUN_RESULT: _result,
    NotificationKind.PAYMENTS: _payments,
    NotificationKind.CONNECTION_LOST: _lost,
    NotificationKind.NEW_ISSUES: _issues,
}
