"""VAT that a supplier charges under another country's number: no rate of ours is meant, and our return deducts none of it.

It is part of what the thing costs, so it is booked with its line under a rate that is not subject to VAT. Getting it
back goes another way, outside the books (Directive 2008/9/EC).
"""

from __future__ import annotations

from .models import PurchaseDocument, VatCategory

# Categories in which the supplier charges no VAT, whichever country's rules say so.
_UNCHARGED = frozenset({"", VatCategory.AE, VatCategory.K, VatCategory.G, VatCategory.O})
# What a VAT number begins with where that is not the country's code.
_PREFIXES = {"EL": "GR", "XI": "GB"}


def vat_country(document: PurchaseDocument) -> str:
    """The country whose VAT the supplier charges: that of its VAT number, else of its address; "" where nothing tells.

    A tax representative's number comes first: under that one the supplier pays.
    """
    seen, party = document.supplier_snapshot, document.supplier
    numbers = (seen.get("representative_vat"), seen.get("vat_number"), party.vat_number if party else "")
    for number in numbers:
        prefix = str(number or "")[:2].upper()
        if len(prefix) == 2 and prefix.isalpha():
            return _PREFIXES.get(prefix, prefix)
    return str(seen.get("country") or (party.country if party else "")).upper()


def is_foreign_vat(document: PurchaseDocument, category: str) -> bool:
    """Whether a line of this category is under another country's VAT, charged or at nought."""
    if not document.is_peppol or document.entity is None or category in _UNCHARGED:
        return False
    return vat_country(document) not in ("", document.entity.country)
