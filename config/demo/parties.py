"""Loads entities, rates, terms, ledger accounts, companies and contacts of the demo.

Nothing that exists is changed: what a person edited in the demo stays as it is when the demo starts again.
"""

from __future__ import annotations

import uuid
from datetime import date
from decimal import Decimal
from typing import Any

from django.core.files.base import ContentFile

from crm.models import CompanyContact, Party, PartyKind, VatType
from invoicing.models import CompanyEntity, FiscalYear, LedgerAccount, PaymentTerm, VatRate, VatRateVersion

from . import logo
from .plan import read

# Parties have no natural key that a person cannot change, so each demo party has its own fixed one.
_SPACE = uuid.UUID("6f1a4f0e-54ce-5a0c-9d4b-0d2f3a7be1d5")
_PLAIN = (
    "name",
    "vat_number",
    "enterprise_number",
    "street",
    "postcode",
    "city",
    "country",
    "language",
    "email",
    "phone",
    "iban",
    "peppol_id",
)


def party_uid(key: str) -> uuid.UUID:
    """The mark of a demo party, the same in every installation."""
    return uuid.uuid5(_SPACE, key)


def load_terms() -> int:
    """Create the payment terms that are missing; return how many."""
    made = 0
    for row in read("payment_terms"):
        defaults = {
            "name": row["name"],
            "kind": row["kind"],
            "days": row["days"],
            "direct_debit": row.get("direct_debit", False),
            "is_default": row.get("default", False) and not PaymentTerm.objects.filter(is_default=True).exists(),
        }
        made += PaymentTerm.objects.get_or_create(code=row["code"], defaults=defaults)[1]
    return made


def load_rates() -> int:
    """Create the VAT rates that are missing, with their percentages over time; return how many."""
    made = 0
    for row in read("vat_rates"):
        defaults = {
            "name": row["name"],
            "category": row["category"],
            "exemption_code": row.get("exemption_code", ""),
            "legal_note": row.get("legal_note", ""),
            "is_default": row.get("default", False),
        }
        rate, created = VatRate.objects.get_or_create(
            country=row["country"], code=row["code"], entity=None, defaults=defaults
        )
        made += created
        if not rate.versions.exists():
            for percentage, start, end in row["versions"]:
                VatRateVersion.objects.create(
                    rate=rate,
                    percentage=Decimal(percentage),
                    valid_from=date.fromisoformat(start),
                    valid_to=end and date.fromisoformat(end),
                )
    return made


def load_entities() -> int:
    """Create the own companies that are missing, with fiscal years and ledger accounts; return how many."""
    made = 0
    accounts = read("accounts")
    for row in read("entities"):
        values = {
            key: value for key, value in row.items() if key not in ("key", "fiscal_years", "enterprise_number", "logo")
        }
        values["default_payment_term"] = PaymentTerm.objects.get(code="T-14")
        entity, created = CompanyEntity.objects.get_or_create(
            enterprise_number=row["enterprise_number"], defaults=values
        )
        made += created
        if created and "logo" in row:
            entity.logo.save(f"{row['key'].lower()}.png", ContentFile(logo.draw(row["logo"])))
        for year in row["fiscal_years"]:
            dates = {"start": date.fromisoformat(year["start"]), "end": date.fromisoformat(year["end"])}
            FiscalYear.objects.get_or_create(entity=entity, label=year["label"], defaults={**year, **dates})
        for code, name in accounts[entity.country]:
            LedgerAccount.objects.get_or_create(entity=entity, code=code, defaults={"name": name})
    return made


def entities() -> dict[str, CompanyEntity]:
    """The demo's own companies by their key in the data (E1 to E4), those that exist."""
    keys = {row["enterprise_number"]: row["key"] for row in read("entities")}
    return {
        keys[entity.enterprise_number]: entity for entity in CompanyEntity.objects.filter(enterprise_number__in=keys)
    }


def load_parties() -> int:
    """Create the companies and contacts that are missing, and who works where; return how many parties."""
    terms = {term.code: term for term in PaymentTerm.objects.all()}
    rows = [(PartyKind.COMPANY, row) for row in read("companies")] + [
        (PartyKind.PERSON, row) for row in read("contacts")
    ]
    known = set(Party.objects.filter(uid__in=[party_uid(row["key"]) for _, row in rows]).values_list("uid", flat=True))
    made = 0
    for kind, row in rows:
        if party_uid(row["key"]) not in known:
            _create_party(kind, row, terms)
            made += 1
    return made


def _create_party(kind: PartyKind, row: dict[str, Any], terms: dict[str, PaymentTerm]) -> None:
    roles = row.get("roles", ())
    party = Party(
        uid=party_uid(row["key"]),
        kind=kind,
        first_name=row.get("first_name", ""),
        last_name=row.get("last_name", ""),
        vat_type=row.get("vat_type", VatType.UNKNOWN),
        payment_term=terms.get(row.get("payment_term", "")),
        is_customer="customer" in roles,
        is_supplier="supplier" in roles,
        **{key: row.get(key, "") for key in _PLAIN},
    )
    # Not full_clean: some of these are wrong on purpose, as parties of former systems are.
    party.save()
    for company, role in row.get("companies", ()):
        CompanyContact.objects.create(company=Party.objects.get(uid=party_uid(company)), person=party, role=role)
