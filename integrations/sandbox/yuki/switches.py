"""The switches of the Yuki side: limits, lifetimes, delays, and every point on which the sources are UNSURE."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..messages import BadControl

# switch: (default, allowed values or None, what it does)
SWITCHES: dict[str, tuple[Any, tuple[Any, ...] | None, str]] = {
    "limits": (True, (False, True), "enforce the calls per domain and day"),
    "daily_limit": (1000, None, "calls per domain and day, Authenticate included"),
    "session_seconds": (86400, None, "life of a session"),
    "stop_after": (6, None, "incorrect invoices after which the rest of a document is not handled"),
    "rest": ("absent", ("absent", "listed"), "what was not handled: left out of the answer, or listed as failed"),
    "result_as_text": (False, (False, True), "the answer to ProcessSalesInvoices as escaped text"),
    "line_amounts": ("used", ("used", "ignored"), "LineAmount and LineVATAmount override the computation, or do not"),
    "rounding": ("line", ("line", "rate"), "VAT that is computed: rounded per line, or per rate"),
    "open_delay_seconds": (0, None, "how long a new booking is missing from the lists of open items"),
    "transactions_delay_seconds": (0, None, "how long a new booking is missing from the transactions"),
    "archive_delay_seconds": (0, None, "how long a new booking is missing from the archive's lists"),
    "credit_open_type": (6, (6, 7), "Type of a credit invoice among the open items"),
    "credit_amounts": ("negative", ("negative", "positive"), "sign of a credit invoice among the open items"),
    "credit_outstanding": (True, (False, True), "a credit invoice to be settled stands among the open items"),
    "empty_check": ("wrapper", ("wrapper", "nothing"), "an empty CheckOutstandingItem: with or without its wrapper"),
    "matching_shown": (True, (False, True), "transactions tell their matching when asked"),
    "vat_on_transactions": ("both", ("both", "base", "none"), "VAT facts on revenue and VAT lines, base only, none"),
    "negative_quantity": (True, (False, True), "a negative ProductQuantity is accepted"),
    "name_match_gets_code": (True, (False, True), "a contact found by name without a code gets the one sent"),
    "new_contact_text": ("created", ("created", "updated", "silent"), "words of UpdateContact for a new contact"),
    "records_most": (500, None, "most records a list gives in one answer"),
    "first_record": (1, (0, 1), "number of the first record of a list; what lies before it counts as the first"),
    "contacts_past_end": ("empty", ("empty", "repeat"), "a page of contacts behind the last: empty, or the last again"),
    "contacts_of_no_role": ("others", ("others", "all"), "contact type None: who has no role, or everybody"),
    "missing_right": ("fault", ("fault", "403"), "how a key without the right for a web service is told"),
    "limit_signal": ("fault", ("fault", "429"), "how a spent day is told"),
    "duplicate_references": ("refuse", ("refuse", "accept"), "a second invoice of the same number"),
}


def defaults() -> dict[str, Any]:
    """Return every switch at its default."""
    return {name: value for name, (value, _, _) in SWITCHES.items()}


def checked(wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return the wanted values. Raises BadControl for an unknown switch or a value of the wrong kind."""
    for name, value in wanted.items():
        if name not in SWITCHES:
            raise BadControl(f"Unknown switch {name!r}; there are: {', '.join(SWITCHES)}.")
        _, allowed, _ = SWITCHES[name]
        if allowed is not None and value not in allowed:
            raise BadControl(f"{name} is one of {', '.join(map(str, allowed))}.")
        if allowed is None and (isinstance(value, bool) or not isinstance(value, int | float)):
            raise BadControl(f"{name} is a number.")
    return dict(wanted)
