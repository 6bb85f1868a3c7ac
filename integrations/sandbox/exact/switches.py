"""The switches of the Exact side: limits, lifetimes, and every point on which the sources are UNSURE."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..messages import BadControl

# switch: (default, allowed values or None, what it does)
SWITCHES: dict[str, tuple[Any, tuple[Any, ...] | None, str]] = {
    "language": ("nl", ("nl", "en"), "language of business refusals"),
    "token_seconds": (600, None, "life of an access token"),
    "earliest_refresh_seconds": (
        570,
        None,
        "age of the access token before a refresh is allowed (at most 95 % of its life)",
    ),
    "refresh_token_days": (30, None, "life of an unused refresh token"),
    "code_seconds": (180, None, "life of an authorisation code"),
    "too_early_status": (400, (400, 401), "status of a refresh before its time"),
    "wrong_client_status": (400, (400, 401), "status for a wrong client id or secret"),
    "bad_code_body": ("empty", ("empty", "json"), "body of the 400 for a used or unknown code"),
    "auto_consent": (False, (False, True), "the authorisation page says yes by itself, as `demo`"),
    "new_consent_kills_old": (False, (False, True), "a new consent drops the user's earlier tokens of the same app"),
    "limits": (True, (False, True), "enforce the calls per minute and day"),
    "minute_limit": (60, None, "calls per app, division and clock minute"),
    "day_limit": (5000, None, "calls per app, division and day"),
    "error_budget": (True, (False, True), "block after too many errors on one endpoint in an hour"),
    "error_budget_limit": (10, None, "errors (400, 401, 403, 404) per app, user, division, endpoint and hour"),
    "error_block_seconds": (3600, None, "first block; twice, three times as long when it happens again"),
    "error_block_scope": (
        "endpoint",
        ("endpoint", "key"),
        "what is blocked: the endpoint, or all calls of app and user",
    ),
    "missing_scopes": ([], None, 'app scopes that were not granted, e.g. ["financial accounting"]: 403'),
    "require_select": (True, (False, True), "demand $select or $top=1 on the resources that ask for it"),
    "accounts_need_filter": (False, (False, True), "crm/Accounts refuses a list without $filter"),
    "bare_arrays": ("top", ("never", "top", "always"), 'answer {"d":[…]}: never, with $top, always'),
    "page_size": (None, None, "rows per page of ordinary resources in place of 60"),
    "bulk_page_size": (None, None, "rows per page of bulk and sync resources in place of 1000"),
    "read_page_size": (60, None, "rows per page of read services; null: no pages"),
    "percentages": ("fraction", ("fraction", "percent"), "VAT percentages as 0.21 or 21"),
    "rights_shape": ("object", ("object", "bare", "list", "text"), "JSON shape of UserHasRights"),
    "readonly_in_post": ("ignore", ("ignore", "refuse"), "read-only properties in a POST or PUT"),
    "foreign_reference": (
        "refuse",
        ("refuse", "null"),
        "a GUID that is not of this division: refused, or silently dropped",
    ),
    "entry_id_from_caller": (True, (False, True), "honour an EntryID given in a POST; false: ignored"),
    "answer_lines": (
        "deferred",
        ("deferred", "expanded"),
        "lines in the answer of an entry POST with return=representation",
    ),
    "type_in_post": (
        "ignore",
        ("ignore", "flip"),
        "Type 21/31 in a POST: ignored, or positive amounts turned negative",
    ),
    "entry_status": (20, (20, 50), "Status of a new entry: open or processed"),
    "return_journals": (False, (False, True), "entries may go to journals of type 21 (sales) and 23 (purchase)"),
    "rate_direction": (
        "multiply",
        ("multiply", "divide"),
        "amount in division currency = amount times Rate, or divided by it",
    ),
    "check_vat_numbers": (True, (False, True), "refuse VAT numbers that cannot be"),
    "unique_reference": (False, (False, True), "refuse a second entry with the same YourRef and account"),
    "payables_is_fully_paid": (True, (False, True), "PaymentTerms fill IsFullyPaid on payables; false: null"),
    "timestamp_moves_on_match": (True, (False, True), "matching a payment gives the term row a new Timestamp"),
}


def defaults() -> dict[str, Any]:
    """Return every switch at its default."""
    return {name: list(value) if isinstance(value, list) else value for name, (value, _, _) in SWITCHES.items()}


def checked(wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return the wanted values. Raises BadControl for an unknown switch or a value of the wrong kind."""
    for name, value in wanted.items():
        if name not in SWITCHES:
            raise BadControl(f"Unknown switch {name!r}; there are: {', '.join(SWITCHES)}.")
        default, allowed, _ = SWITCHES[name]
        if allowed is not None and value not in allowed:
            raise BadControl(f"{name} is one of {', '.join(map(str, allowed))}.")
        if allowed is None and isinstance(default, list) and not isinstance(value, list):
            raise BadControl(f"{name} is a list.")
        if allowed is None and not isinstance(default, list) and not isinstance(value, int | float | None):
            raise BadControl(f"{name} is a number.")
    return dict(wanted)
