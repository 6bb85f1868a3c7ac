"""The seller's and the buyer's data as they were when a document was booked."""

from __future__ import annotations

from typing import Any

from crm.models import Party

from .models import CompanyEntity

_SHARED = (
    "name", "vat_number", "enterprise_number", "peppol_id", "street", "postcode", "city", "country", "language",
    "email", "phone", "iban", "bic",
)  # fmt: skip


def seller_snapshot(entity: CompanyEntity) -> dict[str, Any]:
    """Return what a document says about its seller; plain texts, ready for JSON."""
    return {"entity": entity.pk, **{field: getattr(entity, field) for field in _SHARED}, "currency": entity.currency}


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
