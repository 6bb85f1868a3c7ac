"""Switches of the Twinfield side: what is UNSURE about it can be either way.

Each: default, allowed values (None: any of the default's kind), what it does.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..messages import BadControl

SWITCHES: dict[str, tuple[Any, tuple[Any, ...] | None, str]] = {
    "language": ("nl", ("nl", "en"), "of messages"),
    "token_seconds": (3600, None, "life of an access token"),
    "code_seconds": (180, None, "life of a code"),
    "auto_consent": (False, (False, True), "no consent page: demo signs in at once"),
    "id_token": (True, (False, True), "an id_token in the answer to a code"),
    "wrong_nonce": (False, (False, True), "another nonce in the id_token than was asked with"),
    "refresh_changes": (False, (False, True), "a renewal gives another refresh token and kills the old one"),
    "refresh_repeats": (True, (False, True), "a renewal repeats the refresh token; false: it is left out"),
    "cluster_url": ("", None, "cluster address that the validation names; empty: the sandbox's own"),
    "token_fault": ("reason", ("reason", "body", "500"), "where the 354 of a bad token stands; 500: a plain fault"),
    "limits": (True, (False, True), "refuse calls over the credits of a minute"),
    "credits": (25, None, "credits per minute, client and organisation"),
    "rate_headers": (True, (False, True), "X-RateLimit-… on every answer"),
    "retry_after": ("seconds", ("seconds", "date", "none"), "form of Retry-After"),
    "need_company_id": (False, (False, True), "refuse a header without CompanyId: HTTP 400 without a fault"),
    "batch_limit": ("none", ("none", "refuse"), "more than 25 in a document: taken, or refused as a whole"),
    "closed_text": (True, (False, True), "a closed period is named as such; false: as one that does not exist"),
    "duplicates": ("daybook", ("daybook", "relation", "off"), "scope of the check on invoice numbers"),
    "warnings_post": (True, (False, True), "raisewarning=false posts what only has a warning"),
    "negative_values": (False, (False, True), "negative amounts on lines are taken"),
    "pinned_vat": (True, (False, True), "a vatvalue on a detail line holds; false: it is computed anew"),
    "echo_vat_lines": (True, (False, True), "the answer to a posting shows the VAT lines that were made"),
    "echo_order": ("same", ("same", "reversed"), "order of the items in the answer to a batch"),
    "require_performance": (True, (False, True), "codes for supplies inside the EU need a performance type"),
    "upsert_replaces": (False, (False, True), "an update empties what it leaves out; false: it stays"),
    "keep_shortname": (True, (False, True), "the short name that was sent is kept; false: the first 10 signs only"),
    "free_codes": (True, (False, True), "a code that is left out is given by the mask; false: refused"),
    "list_inactive": (False, (False, True), "lists show inactive dimensions"),
    "browse_document_values": (True, (False, True), "browse knows amounts in document currency; false: no such field"),
    "browse_filter_faults": ([], None, "fields on which a filter makes a browse fail with a generic fault"),
    "browse_values": ("coded", ("coded", "empty"), "value of open amounts of settled lines: 0.00, or empty"),
    "matching_moves_modified": (True, (False, True), "matching a payment moves the line's moment of change"),
    "special_periods": (True, (False, True), "periods 0 and 55 are in the list"),
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
        if allowed is None:
            kind = int | float if isinstance(default, int) else type(default)
            if not isinstance(value, kind):
                raise BadControl(f"{name} is of the wrong kind.")
    return dict(wanted)
