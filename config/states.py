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
        # Not stored: what a document without a posting row is.
        "out_of_scope": Label("idle", "remove", _("Out of scope")),
        "not_connected": Label("plain", "link_off", _("Not connected")),
    },
    "payment": {
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
