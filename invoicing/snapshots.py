"""The seller's and the buyer's data, and the seller's terms, as they were when a document was booked."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from crm.models import Party

from .models import CompanyEntity, PaymentTerm, VatRateVersion

_SHARED = (
    "name", "vat_number", "enterprise_number", "peppol_id", "street", "postcode", "city", "country", "language",
    "email", "phone", "iban", "bic",
)  # fmt: skip


def seller_snapshot(
    entity: CompanyEntity, rates: Iterable[VatRateVersion] = (), term: PaymentTerm | None = None
) -> dict[str, Any]:
    """Return what a document says about its seller, its VAT rates by their id, and its payment term; ready for JSON."""
    return {
        "entity": entity.pk,
        **{field: getattr(entity, field) for field in _SHARED},
        "currency": entity.currency,
        "rates": {str(version.pk): rate_snapshot(version) for version in rates},
        "term": str(term) if term is not None else "",
        "is_direct_debit": term is not None and term.direct_debit,
    }


def rate_snapshot(version: VatRateVersion) -> dict[str, str]:
    """What a document says of a VAT rate, its percentage in text."""
    rate = version.rate
    return {
        "code": rate.code,
        "category": str(rate.category),
        "percent": f"{version.percentage:.2f}",
        "exemption_code": rate.exemption_code,
        "legal_note": rate.legal_note,
    }


def buyer_snapshot(party: Party) -> dict[str, Any]:
    """Return what a document says about its customer; plain texts, ready for JSON."""
    return {
        "party": party.pk,
        "kind": str(party.kind),
        "first_name": party.first_name,
        "last_name": party.last_name,
        "vat_type": str(party.vat_type),
        "website": party.website,
        **{field: getattr(party, field) for field in _SHARED},
    }
