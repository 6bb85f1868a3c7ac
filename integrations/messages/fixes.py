"""The page on which a cause is put right."""

from __future__ import annotations

from django.urls import NoReverseMatch, reverse

from ..models import Connection
from .texts import Fix

# Page of the connection and place on it. A page of its own may not exist for a section; the connection's then does.
_CONNECTION_PLACES: dict[Fix, tuple[str, str]] = {
    Fix.VAT_CODES: ("integrations_connection_vat", ""),
    Fix.LEDGER_ACCOUNTS: ("integrations_connection_ledger", ""),
    Fix.JOURNALS: ("integrations_connection_change", "settings"),
    Fix.PAYMENT_TERM: ("integrations_connection_change", "id_default_payment_term"),
    Fix.DISCOUNT_ACCOUNT: ("integrations_connection_change", "id_discount_account"),
    Fix.SIGN_IN: ("integrations_connection_change", ""),
    Fix.SETUP: ("integrations_connection_change", ""),
}

# Causes that end once a person says which relation a customer is.
ASKS_FOR_RELATION = ("APP-219", "IMP-306", "PAR-645", "PAR-649", "PAR-650")
# The field of the customer's page that a cause is about.
_PARTY_FIELDS = {
    "APP-120": "vat_type",
    "APP-201": "vat_number",
    "APP-202": "vat_number",
    "APP-203": "country",
    "APP-205": "email",
    "PAR-642": "vat_number",
    "PAR-647": "email",
}


def fix_url(
    fix: Fix,
    *,
    code: str = "",
    connection: Connection | None,
    party_id: int | None = None,
    document_id: int | None = None,
    rate_id: int | None = None,
    posting_id: int | None = None,
) -> str | None:
    """The address of the page for `fix`, or None: nothing to open here, or what it needs is not given.

    `code` is that of the cause: it says which field of the page is to be changed.
    Parties and documents are opened through the page that finds their kind, so no query is needed here.
    """
    if fix in _CONNECTION_PLACES:
        if connection is None or connection.pk is None:
            return None
        name, place = _CONNECTION_PLACES[fix]
        if rate_id is not None and fix in (Fix.VAT_CODES, Fix.LEDGER_ACCOUNTS):
            place = f"rate-{rate_id}"
        return _page(name, connection.pk, place) or _page("integrations_connection_change", connection.pk, place)
    if fix is Fix.PARTY:
        # Where a relation is to be chosen, that form is far below; a page without it opens at its top.
        field = _PARTY_FIELDS.get(code)
        return _page("crm_party_change", party_id, f"id_{field}" if field else "relation")
    if fix is Fix.DOCUMENT:
        return _page("invoicing_salesdocument_change", document_id)
    if fix is Fix.POSTING:
        return _page("integrations_posting_change", posting_id)
    if fix is Fix.FISCAL_YEAR:
        return _reversed("invoicing_fiscalyear_changelist")
    return None


def _page(name: str, pk: int | None, place: str = "") -> str | None:
    url = _reversed(name, pk) if pk is not None else None
    return f"{url}#{place}" if url and place else url


def _reversed(name: str, *args: int) -> str | None:
    try:
        return reverse(f"admin:{name}", args=args)
    except NoReverseMatch:
        return None
