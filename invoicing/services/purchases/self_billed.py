"""Documents in which our own entity is the one that sells: a sale or our own paper, and never an expense.

A customer may write our invoice for us (self-billing, types 389 and 261): what it says is shown to a person, who books
it as an invoice. Nothing of it can be approved.
"""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from config.figures import amount, day

from ...errors import NotPossible
from ...models import CompanyEntity, PurchaseDocument
from ...peppol.reading import Reading
from . import suppliers
from .addressing import Numbers, find_entity, numbers_of
from .storing import fill


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnParties:
    """Which of our entities a document names as seller and as buyer, where it names just one."""

    of_seller: CompanyEntity | None
    of_buyer: CompanyEntity | None


def parties_of(reading: Reading) -> OwnParties:
    """The buyer writes a self-billed document and sends it, so the envelope names the parties the other way round."""
    document = reading.document
    return OwnParties(
        of_seller=find_entity(numbers_of(document.seller, reading.receiver))[0],
        of_buyer=find_entity(numbers_of(document.buyer, reading.sender))[0],
    )


def is_own(seller: Numbers, entity: CompanyEntity) -> bool:
    """Whether `entity` itself sells here. Entities that share a number are told apart by their others."""
    return find_entity(seller)[0] == entity


def note_content(row: PurchaseDocument, reading: Reading) -> bool:
    """Take over what the document says; False, and nothing of it, where it does not fit. Changes the object only."""
    document = reading.document
    kept = PurchaseDocument(date=row.date)
    try:
        fill(kept, document)
    except NotPossible:
        return False
    fill(row, document)
    row.supplier_snapshot = suppliers.snapshot_of(document, numbers_of(document.seller, reading.receiver))
    row.supplier_name = document.seller.called[:200]
    return True


def advice(document: PurchaseDocument, reading: Reading | None) -> str:
    """What a person does with a document that is kept apart as self-billed."""
    if reading is None:
        return _(
            "Your customer wrote this invoice in your name: it is a sale. Book it under Invoices, then refuse it here."
        )
    own = parties_of(reading)
    names = {
        "entity": own.of_seller or own.of_buyer or "",
        "customer": reading.document.buyer.called,
        "supplier": reading.document.seller.called,
        "number": document.number,
        "day": day(document.date),
        "amount": amount(document.total, document.currency),
    }
    if own.of_seller is not None and own.of_seller == own.of_buyer:
        text = _("%(entity)s is both who sells and who buys here. Refuse it and tell whoever sent it.")
    elif own.of_seller is not None and document.is_credit_note:
        text = _(
            "%(customer)s wrote credit note %(number)s of %(day)s for %(amount)s in the name of %(entity)s: it takes back"
            " a sale of yours. Make a credit note with that number as the customer's reference, then refuse it here."
        )
    elif own.of_seller is not None:
        text = _(
            "%(customer)s wrote invoice %(number)s of %(day)s for %(amount)s in the name of %(entity)s: it is a sale of"
            " yours. Make an invoice with that number as the customer's reference, then refuse it here."
        )
    elif own.of_buyer is not None:
        text = _(
            "%(entity)s wrote this itself in the name of %(supplier)s. Where it is not in the books yet, ask your"
            " accountant how to book it; then refuse it here."
        )
    else:
        text = _("It is self-billed and names none of your entities. Refuse it and tell whoever sent it.")
    return text % names
