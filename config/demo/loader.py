"""Brings the demo's data into the database, through the services that a person's clicks use.

Run twice, it changes nothing. Every document is compared with the plan while it is made: number, due date and
amounts to the cent.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import User
from django.db import transaction

from crm.models import Party
from invoicing import services
from invoicing.models import CompanyEntity, LedgerAccount, PaymentTerm, SalesDocument, VatRateVersion

from . import expenses, parties
from .plan import ENTITIES, PlannedDocument, documents


class DemoMismatch(Exception):
    """What came out is not what the demo's data say; nothing was kept."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """How many rows were made; all zero when everything stood there already."""

    entities: int
    parties: int
    booked: int
    drafts: int
    expenses: int


@transaction.atomic
def load(by: User) -> Loaded:
    """Create what is missing of the demo, in one transaction; `by` is who made and booked the documents.

    DemoMismatch: the database holds something else than the demo, or a total came out differently.
    """
    if CompanyEntity.objects.exists() and not parties.entities():
        raise DemoMismatch("This database holds companies that are not the demo's. Nothing was changed.")
    parties.load_terms()
    parties.load_rates()
    entities = parties.load_entities()
    people = parties.load_parties()
    made = [_load_document(entity, document, by) for entity in ENTITIES for document in documents(entity)]
    booked = [document for document in made if document is not None and document.is_booked]
    drafts = len([document for document in made if document]) - len(booked)
    return Loaded(entities, people, len(booked), drafts, _load_expenses(by))


def _load_expenses(by: User) -> int:
    found = parties.entities()
    try:
        return sum(expenses.load(found[key], one, by) for key in ENTITIES for one in expenses.expenses(key))
    except expenses.NotAsPlanned as error:
        raise DemoMismatch(str(error)) from error


def find_document(entity: CompanyEntity, planned: PlannedDocument) -> SalesDocument | None:
    """Return our document of the plan, by its number or, for a draft, by its order."""
    found = SalesDocument.objects.filter(entity=entity)
    if planned.number:
        return found.filter(number=planned.number).first()
    return found.filter(customer_reference=planned.order).first()


def _load_document(key: str, planned: PlannedDocument, by: User) -> SalesDocument | None:
    """Make a document and, unless it stays a draft, book it. None: it is there already."""
    entity = parties.entities()[key]
    if find_document(entity, planned) is not None:
        return None
    document = services.create_draft(
        entity=entity,
        party=Party.objects.get(uid=parties.party_uid(planned.party)),
        day=planned.day,
        kind=planned.kind,
        lines=[_line(entity, planned, number) for number in range(len(planned.lines))],
        discounts=[services.DiscountInput(percentage=percentage) for percentage, _ in planned.discounts],
        currency=planned.currency,
        exchange_rate=planned.exchange_rate,
        payment_term=PaymentTerm.objects.get(code=planned.term),
        credited_invoice=_invoice(entity, planned.credits) if planned.credits else None,
        customer_reference=planned.order,
        by=by,
    )
    if planned.number:
        document = services.book(document=document, by=by)
    _compare(planned, document)
    return document


def _line(entity: CompanyEntity, planned: PlannedDocument, number: int) -> services.LineInput:
    line = planned.lines[number]
    version = VatRateVersion.objects.on(planned.day).get(
        rate__country=entity.country, rate__code=line.rate, rate__entity=None
    )
    account = None if line.account is None else LedgerAccount.objects.get(entity=entity, code=line.account)
    return services.LineInput(
        description=line.description,
        quantity=line.quantity,
        unit_price=line.unit_price,
        discount=line.discount,
        vat_rate=version,
        ledger_account=account,
    )


def _invoice(entity: CompanyEntity, number: str) -> SalesDocument:
    return SalesDocument.objects.get(entity=entity, number=number)


def _compare(planned: PlannedDocument, document: SalesDocument) -> None:
    per_rate = {
        row.vat_rate.rate.code: (row.base, row.vat) for row in document.vat_totals.select_related("vat_rate__rate")
    }
    pairs = {
        "number": (planned.number, document.number),
        "due date": (planned.due, document.due_date),
        "net": (planned.net, document.net_total),
        "VAT": (planned.vat, document.vat_total),
        "total": (planned.total, document.total),
        "VAT per rate": (planned.per_rate, per_rate),
        "nets of the lines": (
            [line.net for line in planned.lines],
            [line.net for line in document.lines.order_by("position")],
        ),
    }
    for what, (wanted, found) in pairs.items():
        if wanted != found:
            raise DemoMismatch(f"{planned.name}: {what} came out as {found}, planned {wanted}.")
