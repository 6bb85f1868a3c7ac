"""The one place that turns a state into a label: colour, icon, word.

Every list, page and chip reads this table, so one state looks the same everywhere. The colour is never alone:
plain = normal, idle = nothing to do, busy = being worked on, done = finished, warn = a person must act,
bad = broken.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.functional import Promise
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy


@dataclass(frozen=True, slots=True)
class Label:
    colour: str  # plain | idle | busy | done | warn | bad: the class `is-<colour>` of the stylesheet
    icon: str  # a name of the shipped Material Symbols
    word: str | Promise


STATES: dict[str, dict[str, Label]] = {
    "document": {
        "draft": Label("plain", "edit", pgettext_lazy("document", "Draft")),
        "booked": Label("idle", "lock", pgettext_lazy("document", "Booked")),
    },
    "posting": {
        "waiting": Label("idle", "schedule", pgettext_lazy("posting", "Waiting")),
        "sending": Label("busy", "sync", pgettext_lazy("posting", "Sending")),
        "posted": Label("done", "check", pgettext_lazy("posting", "Posted")),
        "blocked": Label("warn", "front_hand", pgettext_lazy("posting", "Blocked")),
        "unclear": Label("warn", "help", pgettext_lazy("posting", "Unclear")),
        "differs": Label("warn", "difference", pgettext_lazy("posting", "Differs")),
        "refused": Label("bad", "close", pgettext_lazy("posting", "Refused")),
        "gone": Label("bad", "delete", pgettext_lazy("posting", "Gone")),
        "excluded": Label("idle", "block", pgettext_lazy("posting", "Excluded")),
        # Not stored: taken by the tool, which does not show yet what it booked.
        "processing": Label("busy", "hourglass_empty", pgettext_lazy("posting", "Being processed")),
        # Not stored: what a document without a posting row is.
        "out_of_scope": Label("idle", "remove", _("Out of scope")),
        "not_connected": Label("plain", "link_off", _("Not connected")),
    },
    "review": {
        "pending": Label("busy", "rate_review", _("To approve")),
        "approved": Label("done", "check", pgettext_lazy("expense", "Approved")),
        "refused": Label("idle", "close", pgettext_lazy("expense", "Refused")),
        # Not stored: pending, and something is to be done before.
        "incomplete": Label("warn", "edit", _("To complete")),
        "quarantine": Label("warn", "front_hand", _("Quarantine")),
        "iban_changed": Label("warn", "warning", _("IBAN changed")),
        "duplicate": Label("warn", "content_copy", _("Received twice?")),
    },
    "incoming": {
        "waiting": Label("busy", "schedule", _("Waiting to be read")),
        "refused": Label("bad", "close", pgettext_lazy("file", "Refused")),
    },
    "mailing": {
        "sending": Label("busy", "schedule_send", pgettext_lazy("e-mail", "Sending")),
        "confirmed": Label("done", "mark_email_read", _("By e-mail")),
        "failed": Label("bad", "close", pgettext_lazy("e-mail", "Failed")),
    },
    # What a supplier is told of its e-invoice.
    "told": {
        "waiting": Label("idle", "schedule", pgettext_lazy("answer", "Waiting")),
        "sending": Label("busy", "sync", pgettext_lazy("answer", "Sending")),
        "sent": Label("done", "check", pgettext_lazy("answer", "Told")),
        "failed": Label("bad", "close", pgettext_lazy("answer", "Failed")),
        # Not stored: sending for so long that it broke off.
        "unclear": Label("warn", "help", pgettext_lazy("answer", "Unclear")),
    },
    # Whether a booked document can be an e-invoice, and where it is on the network once it was handed over.
    "einvoice": {
        "possible": Label("idle", "check", pgettext_lazy("e-invoice", "Possible")),
        "impossible": Label("plain", "remove", pgettext_lazy("e-invoice", "Not possible")),
        "not_peppol": Label("plain", "remove", pgettext_lazy("e-invoice", "Not through Peppol")),
    },
    "delivery": {
        "sending": Label("busy", "sync", pgettext_lazy("delivery", "Sending")),
        "sending_failed": Label("bad", "close", pgettext_lazy("delivery", "Sending failed")),
        "sent": Label("done", "check", pgettext_lazy("delivery", "Handed over")),
        "application_acknowledged": Label("done", "check", pgettext_lazy("delivery", "Acknowledged")),
        "application_accepted": Label("done", "check", pgettext_lazy("delivery", "Accepted")),
        "application_rejected": Label("bad", "close", pgettext_lazy("delivery", "Rejected")),
        "receiver_acknowledged": Label("done", "check", pgettext_lazy("delivery", "Received")),
        "receiver_accepted": Label("done", "check", pgettext_lazy("delivery", "Accepted by customer")),
        "receiver_rejected": Label("bad", "close", pgettext_lazy("delivery", "Refused by customer")),
        "receiver_is_processing": Label("busy", "hourglass_empty", pgettext_lazy("delivery", "Being processed")),
        "receiver_awaits_feedback": Label("warn", "help", pgettext_lazy("delivery", "Customer asks")),
        "receiver_conditionally_accepted": Label("warn", "help", pgettext_lazy("delivery", "Accepted on conditions")),
        "receiver_paid": Label("done", "check_circle", pgettext_lazy("delivery", "Paid by customer")),
    },
    "payment": {
        "unknown": Label("plain", "help", pgettext_lazy("payment", "Unknown")),
        "open": Label("plain", "radio_button_unchecked", pgettext_lazy("payment", "Open")),
        "overdue": Label("warn", "alarm", _("Overdue")),
        "partly_paid": Label("busy", "timelapse", _("Partly paid")),
        "paid": Label("done", "check_circle", pgettext_lazy("payment", "Paid")),
    },
    "connection": {
        "none": Label("plain", "remove", _("Not connected")),
        "connecting": Label("busy", "sync", _("Connecting")),
        "configuration_needed": Label("warn", "build", _("Configuration needed")),
        "connected": Label("done", "check", _("Connected")),
        "reconnect_needed": Label("bad", "link_off", _("Reconnect needed")),
        "paused": Label("idle", "pause", _("Paused")),
        "deactivated": Label("idle", "power_off", _("Deactivated")),
    },
    "import": {
        "uploaded": Label("plain", "edit", pgettext_lazy("import", "To set up")),
        "counting": Label("busy", "sync", pgettext_lazy("import", "Counting")),
        "ready": Label("warn", "front_hand", pgettext_lazy("import", "To confirm")),
        "importing": Label("busy", "sync", pgettext_lazy("import", "Importing")),
        "done": Label("done", "check", pgettext_lazy("import", "Imported")),
        "failed": Label("bad", "close", pgettext_lazy("import", "Stopped")),
        "undoing": Label("busy", "undo", pgettext_lazy("import", "Undoing")),
        "undone": Label("idle", "undo", pgettext_lazy("import", "Undone")),
        "cancelled": Label("idle", "block", pgettext_lazy("import", "Cancelled")),
    },
    "run": {
        "queued": Label("busy", "hourglass_empty", pgettext_lazy("run", "Starts soon")),
        "running": Label("busy", "sync", pgettext_lazy("run", "Running")),
        "postponed": Label("idle", "schedule", pgettext_lazy("run", "Waits")),
        # Not stored: what a postponed run waits for.
        "postponed_limit": Label("idle", "schedule", _("Waits for limit")),
        "postponed_answer": Label("warn", "schedule", _("No answer, tries again")),
        "postponed_check": Label("idle", "schedule", _("Waits to check")),
        "succeeded": Label("done", "check", pgettext_lazy("run", "Succeeded")),
        "with_issues": Label("warn", "warning", _("With issues")),
        "stopped": Label("bad", "close", pgettext_lazy("run", "Stopped")),
    },
    "issue": {
        "open": Label("warn", "front_hand", pgettext_lazy("issue", "Open")),
        "closed": Label("done", "check", pgettext_lazy("issue", "Closed")),
    },
    "pair": {
        "certain": Label("done", "verified", pgettext_lazy("duplicates", "Certain")),
    },
    "activity": {
        "active": Label("plain", "check", pgettext_lazy("setting", "Active")),
        "inactive": Label("idle", "power_off", pgettext_lazy("setting", "Not active")),
    },
}


def label_for(kind: str, state: str) -> Label:
    """Return the label of a state. KeyError when the table lacks it: a state without a word must not reach a page."""
    return STATES[kind][state]


def state_label(kind: str, state: str, *, words: str | Promise = "", title: str | Promise = "") -> SafeString:
    """Return the label as HTML; `words` replaces the word, `title` gives the reason in one sentence."""
    label = label_for(kind, state)
    return format_html(
        '<span class="bb-label is-{}"{}><span class="material-symbols-outlined" aria-hidden="true">{}</span>{}</span>',
        label.colour,
        format_html(' title="{}"', title) if title else "",
        label.icon,
        words or label.word,
    )
