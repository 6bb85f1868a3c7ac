"""The switches of the Octopus side: quotas, lifetimes, and every point on which the sources are UNSURE."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..messages import BadControl

# switch: (default, allowed values or None for a number, what it does)
SWITCHES: dict[str, tuple[Any, tuple[Any, ...] | None, str]] = {
    "token_seconds": (600, None, "life of a token and of a dossier token"),
    "limits": (True, (False, True), "enforce the daily quotas"),
    "quota_scale": (1, None, "factor for every daily quota"),
    "quota_scope": ("dossier", ("dossier", "login"), "whose calls are counted"),
    "quota_status": (429, (429, 400, 403), "status when a quota is passed"),
    "time_zone": ("Europe/Brussels", ("Europe/Brussels", "UTC"), "zone of time stamps in a query"),
    "error_text": ("technicalInfo", ("technicalInfo", "errorMessage"), "which key carries the text of a 404"),
    "read_only_status": (403, (401, 403), "status when a user who may only read writes"),
    "house_status": (401, (400, 401), "status for an unknown software house"),
    "changes_show_inactive": (True, (False, True), "list inactive relations among the changed ones"),
    "relation_not_found": ("empty", ("empty", "404"), "answer of a search that finds no relation"),
    "vat_search": ("as_typed", ("as_typed", "normalised"), "how `vatNr` of a search is compared"),
    "merge": ("keep", ("keep", "blank"), "what a PUT does to properties of a relation that it leaves out"),
    "duplicate_vat": ("create", ("create", "refuse"), "a second relation with the same VAT number"),
    "search_field_length": (None, None, "characters that a search field of a relation keeps"),
    "vat_credit_types": (False, (False, True), "list every VAT code again for credit notes (types 3 and 4)"),
    "inactive_vat_codes": (False, (False, True), "list VAT codes that are no longer used"),
    "comment_length": (None, None, "characters that the comment of a booking may have"),
    "long_comment": ("cut", ("cut", "refuse"), "what becomes of a longer one"),
    "expiry_before_date": ("refuse", ("refuse", "accept"), "an expiry date before the document date"),
    "check_totals": (True, (False, True), "refuse a total that is not the sum of its lines"),
    "credit_note_read": ("as_sent", ("as_sent", "negative"), "signs of a credit note's lines when it is read back"),
    "balanced_side": ("credit", ("credit", "debet"), "which of the two amounts of a balancing is filled"),
    "rate_direction": ("multiply", ("multiply", "divide"), "amount in euros = document amount times rate, or divided"),
    "file_bytes": (None, None, "size above which an attachment is refused"),
    "closed_status": (400, (400, 403), "status for a period that is closed"),
}


def defaults() -> dict[str, Any]:
    """Return every switch at its default."""
    return {name: value for name, (value, _, _) in SWITCHES.items()}


def checked(wanted: Mapping[str, Any]) -> dict[str, Any]:
    """Return the wanted values. Raises BadControl for an unknown switch or a value of the wrong kind."""
    for name, value in wanted.items():
        if name not in SWITCHES:
            raise BadControl(f"Unknown switch {name!r}; there are: {', '.join(SWITCHES)}.")
        allowed = SWITCHES[name][1]
        if allowed is not None and value not in allowed:
            raise BadControl(f"{name} is one of {', '.join(map(str, allowed))}.")
        if allowed is None and not isinstance(value, int | float | None):
            raise BadControl(f"{name} is a number.")
    return dict(wanted)
